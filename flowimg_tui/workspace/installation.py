"""The installation as a face opens it, and the actions on a profile."""

import contextlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Set
from datetime import datetime
from pathlib import Path
from typing import Self

from flowimg_tui.config.locations import Locations
from flowimg_tui.config.logs import start_log
from flowimg_tui.config.settings import ResolvedSettings, Settings
from flowimg_tui.flow.pace import PageDelay, RetryPolicy
from flowimg_tui.mirror.download import download
from flowimg_tui.mirror.events import (
    DownloadEvent,
    DownloadFinished,
    RefreshEvent,
    SyncEvent,
    SyncFinished,
    VerifyEvent,
)
from flowimg_tui.mirror.files import OutputFolder
from flowimg_tui.mirror.kept_records import KeptRecords
from flowimg_tui.mirror.progress import ProgressBoard
from flowimg_tui.mirror.refresh import refresh, undo_refresh
from flowimg_tui.mirror.stop import Stop, Stopped
from flowimg_tui.mirror.sums import AddSum
from flowimg_tui.mirror.sync import sync
from flowimg_tui.mirror.verify import verify
from flowimg_tui.store.database import StoreError
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import ProfileRecord
from flowimg_tui.workspace.access import RenewableService, ServiceFactory, flow_service
from flowimg_tui.workspace.errors import WorkspaceError
from flowimg_tui.workspace.lock import holding
from flowimg_tui.workspace.preferences import Preferences
from flowimg_tui.workspace.profiles import Profiles


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
        self._locks = locations.locks
        self._kept = locations.kept
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

    async def sync(
        self, profile: ProfileRecord, stop: Stop, *, wait_for_cookies: bool = False
    ) -> AsyncGenerator[SyncEvent, None]:
        """Bring the metadata of every page in. Raises :class:`WorkspaceError` before the first event.

        With ``wait_for_cookies`` a session that ends on the way pauses the run until the profile has others.
        """
        try:
            async with self._run(profile, stop) as (now, service):
                settings = self._preferences.of(now)
                events = sync(
                    service,
                    self.gallery,
                    now.id,
                    page_delay=PageDelay(*settings.page_delay),
                    retry=_retry(settings),
                    stop=stop,
                    renewal=service.renewed if wait_for_cookies else None,
                )
                async with contextlib.aclosing(events):
                    async for event in events:
                        yield event
        except Stopped:
            yield SyncFinished(0, 0, 0, 0, 0, complete=False, error=None)

    async def download(
        self,
        profile: ProfileRecord,
        stop: Stop,
        board: ProgressBoard,
        *,
        wait_for_cookies: bool = False,
        failed_only: bool = False,
        only: Set[int] | None = None,
    ) -> AsyncGenerator[DownloadEvent, None]:
        """Fetch every missing picture; the rest is as for :meth:`sync`.

        With ``failed_only`` those alone that could not be had before, with ``only`` those of the images with
        these ids; the parked ones among them.
        """
        try:
            async with self._run(profile, stop) as (now, service):
                settings = self._preferences.of(now)
                if failed_only:
                    self.gallery.unpark(now.id)
                events = download(
                    service,
                    self.gallery,
                    now,
                    OutputFolder(self.output_folder(now), settings.folder_date == "created"),
                    workers=settings.workers,
                    retry=_retry(settings),
                    board=board,
                    stop=stop,
                    renewal=service.renewed if wait_for_cookies else None,
                    image_seconds=settings.image_timeout,
                    failed_only=failed_only,
                    only=only,
                )
                async with contextlib.aclosing(events):
                    async for event in events:
                        yield event
        except Stopped:
            missing = len(self.gallery.missing_ids(profile.id, failed_only=failed_only, among=only))
            yield DownloadFinished(missing, 0, 0, 0, cancelled=missing, bytes=0, seconds=0.0, error=None)

    async def verify(
        self, profile: ProfileRecord, stop: Stop, add_sum: AddSum = lambda *_: None
    ) -> AsyncGenerator[VerifyEvent, None]:
        """Look at every saved file of the profile. Raises :class:`WorkspaceError` before the first event.

        ``add_sum`` gets each whole file.
        """
        with self._holding(profile) as now:
            events = verify(self.gallery, now.id, stop, add_sum)
            async with contextlib.aclosing(events):
                async for event in events:
                    yield event

    # Force refresh

    async def refresh(self, profile: ProfileRecord, stop: Stop) -> AsyncIterator[RefreshEvent]:
        """Delete the profile's image records. Raises :class:`WorkspaceError` before the first event."""
        with self._holding(profile) as now:
            async for event in refresh(self.gallery, now.id, self._kept_records(now), stop):
                yield event

    async def undo_refresh(self, profile: ProfileRecord, stop: Stop) -> AsyncIterator[RefreshEvent]:
        """Bring back what the latest force refresh deleted. Raises as :meth:`refresh` does."""
        with self._holding(profile) as now:
            copy = self._kept_records(now).latest
            if copy is None:
                raise WorkspaceError(f"There is no force refresh of {now.name} to undo.")
            async for event in undo_refresh(self.gallery, now.id, copy, stop):
                yield event

    def last_refresh(self, profile: ProfileRecord) -> datetime | None:
        """Return when the force refresh was that can be undone, in aware UTC."""
        copy = self._kept_records(profile).latest
        return None if copy is None else copy.at

    def _kept_records(self, profile: ProfileRecord) -> KeptRecords:
        return KeptRecords(self._kept, profile.name)

    @contextlib.asynccontextmanager
    async def _run(
        self, profile: ProfileRecord, stop: Stop
    ) -> AsyncIterator[tuple[ProfileRecord, RenewableService]]:
        """Give the profile as it is now, and its service. Raises :class:`Stopped` if the stop comes first."""
        with self._holding(profile) as now:
            service = await stop.cuts(self.profiles.open_service(now))
            try:
                yield now, service
            finally:
                await service.aclose()

    @contextlib.contextmanager
    def _holding(self, profile: ProfileRecord) -> Iterator[ProfileRecord]:
        """Hold the profile for a run, give it as it is now, and sweep what dead runs left in the home."""
        with holding(self._locks, profile.name):
            # Somebody may have edited it since the face has read it, with another process.
            now = self.profiles.named(profile.name)
            self._kept_records(now).sweep()
            self.profiles.sweep_credentials()
            yield now


def _retry(settings: Settings) -> RetryPolicy:
    return RetryPolicy(tries=settings.retries, base=settings.retry_base)
