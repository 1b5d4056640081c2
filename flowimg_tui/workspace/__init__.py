"""One person's installation: home, settings, store and profiles, and the three actions on a profile."""

from flowimg_tui.workspace.access import Connection, NewCookies, ServiceFactory
from flowimg_tui.workspace.errors import CredentialsUnusable, ProfileBusy, UnknownProfile, WorkspaceError
from flowimg_tui.workspace.installation import Workspace

__all__ = [
    "Connection",
    "CredentialsUnusable",
    "NewCookies",
    "ProfileBusy",
    "ServiceFactory",
    "UnknownProfile",
    "Workspace",
    "WorkspaceError",
]
