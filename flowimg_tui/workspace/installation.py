"""The installation as a face opens it, and the actions on a profile."""

import os
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Set
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from flowimg_tui.config.locations import Locations
from flowimg_tui.config.logs import start_log
from flowimg_tui.config.settings import ResolvedSettings
from flowimg_tui.mirror.kept_records import KeptRecords
from flowimg_tui.store.database import StoreError
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import ProfileRecord
from flowimg_tui.workspace.access import ServiceFactory, flow_service
from flowimg_tui.workspace.errors import WorkspaceError
from flowimg_tui.workspace.preferences import Preferences
from flowimg_tui.workspace.profiles import Profiles

if TYPE_CHECKING:
    from flowimg_tui.mirror.events import DownloadEvent, RefreshEvent, SyncEvent, VerifyEvent
    from flowimg_tui.mirror.progress import ProgressBoard
    from flowimg_tui.mirror.stop import Stop
    from flowimg_tui.mirror.sums import AddSum
    from flowimg_tui.workspace.actions import Actions


class Workspace:
    """Opened once by a face. Its queries may come from any thread; a run stays in the loop that began it."""

    def __init__(
        self,
        locations: Locations,
        *,
        environment: Mapping[str, str] = os.environ,
        flags: Mapping[str, object] | None = None,
        service: ServiceFactory = flow_service,
    ) -> None:
        """Open the installation and start its log. Raises :class:`WorkspaceError`."""
        self.locations = locations
        self._preferences = Preferences(locations.config, environment, flags)
        try:
            self.recent_log = start_log(locations.log, self._preferences.resolved().settings.log_level)
            self.gallery = Gallery(locations.database)
        except OSError as error:
            raise WorkspaceError(f"The log {locations.log} cannot be written: {error.strerror}.") from error
        except StoreError as error:
            raise WorkspaceError(str(error)) from error
        self.profiles = Profiles(locations, self.gallery, self._preferences, service)

    def close(self) -> None:
        self.gallery.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What is set

    def resolved_settings(self, profile: ProfileRecord | None = None) -> ResolvedSettings:
        """Return what holds for the profile, or for none, and where each setting comes from.

        Raises :class:`WorkspaceError`.
        """
        return self._preferences.resolved(profile)

    def output_folder(self, profile: ProfileRecord) -> Path:
        """Return where the profile's pictures go. Raises :class:`WorkspaceError`."""
        return self._preferences.output_folder(profile)

    def default_output(self, name: str) -> Path:
        """Return where they go for a profile without a folder of its own. Raises :class:`WorkspaceError`."""
        return self._preferences.default_output(name)

    def workers(self, profile: ProfileRecord) -> int:
        """Return how many pictures a download fetches at a time. Raises :class:`WorkspaceError`."""
        return self._preferences.of(profile).workers

    # Sync, download, verify

    def sync(
        self, profile: ProfileRecord, stop: "Stop", *, wait_for_cookies: bool = False
    ) -> "AsyncGenerator[SyncEvent, None]":
        """Bring the metadata of every page in. Raises :class:`WorkspaceError` before the first event.

        With ``wait_for_cookies`` a session that ends on the way pauses the run until the profile has others.
        """
        return self._actions.sync(profile, stop, wait_for_cookies=wait_for_cookies)

    def download(
        self,
        profile: ProfileRecord,
        stop: "Stop",
        board: "ProgressBoard",
        *,
        wait_for_cookies: bool = False,
        failed_only: bool = False,
        only: Set[int] | None = None,
    ) -> "AsyncGenerator[DownloadEvent, None]":
        """Fetch every missing picture; the rest is as for :meth:`sync`.

        With ``failed_only`` those alone that could not be had before, with ``only`` those of the images with
        these ids; the parked ones among them.
        """
        return self._actions.download(
            profile, stop, board, wait_for_cookies=wait_for_cookies, failed_only=failed_only, only=only
        )

    def verify(
        self, profile: ProfileRecord, stop: "Stop", add_sum: "AddSum" = lambda *_: None
    ) -> "AsyncGenerator[VerifyEvent, None]":
        """Look at every saved file of the profile. Raises :class:`WorkspaceError` before the first event.

        ``add_sum`` gets each whole file.
        """
        return self._actions.verify(profile, stop, add_sum)

    # Force refresh

    def refresh(self, profile: ProfileRecord, stop: "Stop") -> "AsyncIterator[RefreshEvent]":
        """Delete the profile's image records. Raises :class:`WorkspaceError` before the first event."""
        return self._actions.refresh(profile, stop)

    def undo_refresh(self, profile: ProfileRecord, stop: "Stop") -> "AsyncIterator[RefreshEvent]":
        """Bring back what the latest force refresh deleted. Raises as :meth:`refresh` does."""
        return self._actions.undo_refresh(profile, stop)

    def last_refresh(self, profile: ProfileRecord) -> datetime | None:
        """Return when the force refresh was that can be undone, in aware UTC."""
        copy = KeptRecords(self.locations.kept, profile.name).latest
        return None if copy is None else copy.at

    @cached_property
    def _actions(self) -> "Actions":
        # All that works on a gallery takes long to load, and an app shows its gallery without any of it.
        from flowimg_tui.workspace.actions import Actions

        return Actions(self.locations, self.gallery, self.profiles, self._preferences)
