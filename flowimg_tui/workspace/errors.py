"""What an installation cannot do, in the user's words."""


class WorkspaceError(Exception):
    """The installation cannot do what was asked; the message says why and what to do."""


class UnknownProfile(WorkspaceError):
    """There is no profile of that name."""


class CredentialsUnusable(WorkspaceError):
    """The profile's credentials are missing or must not be used as they are."""


class ProfileBusy(WorkspaceError):
    """Another run holds the profile."""
