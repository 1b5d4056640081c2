"""The actions on a profile: each holds it, and its service, from the first event to the last."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Set

from flowimg_tui.config.locations import Locations
from flowimg_tui.config.settings import Settings
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
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import ProfileRecord
from flowimg_tui.workspace.access import RenewableService
from flowimg_tui.workspace.errors import WorkspaceError
from flowimg_tui.workspace.lock import holding
from flowimg_tui.workspace.preferences import Preferences
from flowimg_tui.workspace.profiles import Profiles


class Actions:
    """Those that :class:`~flowimg_tui.workspace.Workspace` offers, and explains."""

    def __init__(
        self, locations: Locations, gallery: Gallery, profiles: Profiles, preferences: Preferences
    ) -> None:
        self._locks = locations.locks
        self._kept = locations.kept
        self._gallery = gallery
        self._profiles = profiles
        self._preferences = preferences

    # Sync, download, verify

    async def sync(
        self, profile: ProfileRecord, stop: Stop, *, wait_for_cookies: bool
    ) -> AsyncGenerator[SyncEvent, None]:
        try:
            async with self._run(profile, stop) as (now, service):
                settings = self._preferences.of(now)
                events = sync(
                    service,
                    self._gallery,
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
        wait_for_cookies: bool,
        failed_only: bool,
        only: Set[int] | None,
    ) -> AsyncGenerator[DownloadEvent, None]:
        try:
            async with self._run(profile, stop) as (now, service):
                settings = self._preferences.of(now)
                if failed_only:
                    self._gallery.unpark(now.id)
                events = download(
                    service,
                    self._gallery,
                    now,
                    OutputFolder(self._preferences.output_folder(now), settings.folder_date == "created"),
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
            missing = len(self._gallery.missing_ids(profile.id, failed_only=failed_only, among=only))
            yield DownloadFinished(missing, 0, 0, 0, cancelled=missing, bytes=0, seconds=0.0, error=None)

    async def verify(
        self, profile: ProfileRecord, stop: Stop, add_sum: AddSum
    ) -> AsyncGenerator[VerifyEvent, None]:
        with self._holding(profile) as now:
            events = verify(self._gallery, now.id, stop, add_sum)
            async with contextlib.aclosing(events):
                async for event in events:
                    yield event

    # Force refresh

    async def refresh(self, profile: ProfileRecord, stop: Stop) -> AsyncIterator[RefreshEvent]:
        with self._holding(profile) as now:
            async for event in refresh(self._gallery, now.id, self._kept_records(now), stop):
                yield event

    async def undo_refresh(self, profile: ProfileRecord, stop: Stop) -> AsyncIterator[RefreshEvent]:
        with self._holding(profile) as now:
            copy = self._kept_records(now).latest
            if copy is None:
                raise WorkspaceError(f"There is no force refresh of {now.name} to undo.")
            async for event in undo_refresh(self._gallery, now.id, copy, stop):
                yield event

    def _kept_records(self, profile: ProfileRecord) -> KeptRecords:
        return KeptRecords(self._kept, profile.name)

    @contextlib.asynccontextmanager
    async def _run(
        self, profile: ProfileRecord, stop: Stop
    ) -> AsyncIterator[tuple[ProfileRecord, RenewableService]]:
        """Give the profile as it is now, and its service. Raises :class:`Stopped` if the stop comes first."""
        with self._holding(profile) as now:
            service = await stop.cuts(self._profiles.open_service(now))
            try:
                yield now, service
            finally:
                await service.aclose()

    @contextlib.contextmanager
    def _holding(self, profile: ProfileRecord) -> Iterator[ProfileRecord]:
        """Hold the profile for a run, give it as it is now, and sweep what dead runs left in the home."""
        with holding(self._locks, profile.name):
            # Somebody may have edited it since the face has read it, with another process.
            now = self._profiles.named(profile.name)
            self._kept_records(now).sweep()
            self._profiles.sweep_credentials()
            yield now


def _retry(settings: Settings) -> RetryPolicy:
    return RetryPolicy(tries=settings.retries, base=settings.retry_base)
