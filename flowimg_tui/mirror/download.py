"""Download: fetch the file of every image that has none, with several workers on one queue.

A worker fetches the next picture while the last one is saved, and rows are committed beside all of them: the
network waits neither for the disk nor for the database, as long as these are not slower.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Iterator, Set
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from flowimg_tui.flow.errors import FlowError
from flowimg_tui.flow.pace import RetryPolicy
from flowimg_tui.flow.service import FlowService
from flowimg_tui.mirror import files
from flowimg_tui.mirror.errors import DiskError
from flowimg_tui.mirror.events import (
    DownloadEvent,
    DownloadFinished,
    DownloadStarted,
    ImageStarted,
    LowSpace,
    RunError,
)
from flowimg_tui.mirror.fetch import IMAGE_SECONDS, Crew, EndsRun, Errand, Fetched, Unavailable
from flowimg_tui.mirror.files import OutputFolder
from flowimg_tui.mirror.group_commit import GroupCommit
from flowimg_tui.mirror.outcomes import Outcomes
from flowimg_tui.mirror.progress import Phase, ProgressBoard
from flowimg_tui.mirror.sign_in import Renewal, SharedSignIn, remember_account
from flowimg_tui.mirror.stop import Stop, Stopped, unbroken
from flowimg_tui.mirror.throttle import Throttle
from flowimg_tui.mirror.whereabouts import Whereabouts
from flowimg_tui.store.database import StoreError
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import FileRecord, PendingImage, ProfileRecord

log = logging.getLogger(__name__)

_USUAL_SIZE: Final = 1_500_000
"""Bytes of a picture, as long as none of the profile's own is known."""
_CAUTION: Final = 1.1
"""Pictures differ in size, and an estimate that is a little too high costs nothing."""
_SECONDS_FOR_OTHER_FOLDERS: Final = 2.0

E = TypeVar("E", bound=Exception)


async def download(
    service: FlowService,
    gallery: Gallery,
    profile: ProfileRecord,
    output: OutputFolder,
    *,
    workers: int,
    retry: RetryPolicy,
    board: ProgressBoard,
    stop: Stop,
    renewal: Renewal | None = None,
    image_seconds: float = IMAGE_SECONDS,
    failed_only: bool = False,
    only: Set[int] | None = None,
) -> AsyncGenerator[DownloadEvent, None]:
    """Fetch, check and store the picture of each image of ``profile`` that has no file, newest first.

    With ``failed_only`` those alone that an earlier run could not have, with ``only`` those with these ids;
    parked ones are left alone unless they are named so. The caller holds the profile's lock. A session that
    ends on the way is waited for with ``renewal``; without one it ends the run. Failures do not raise: each
    image ends in one event of its own, and the last event, :class:`DownloadFinished`, says what ended the run
    early, if anything did.
    """
    started = time.monotonic()
    missing = gallery.missing_ids(profile.id, failed_only=failed_only, among=only)
    parked = gallery.counts(profile.id).parked
    board.expect(len(missing))
    yield DownloadStarted(len(missing))
    run = _Download(gallery, profile, output, board, stop)
    # What is asked for all images heeds the pool's pauses as well, and the pool those that it is asked for.
    throttle = Throttle(workers)
    account = partial(throttle.request, service.account, _shown_elsewhere)
    listing = partial(throttle.request, partial(service.list_page, None), _shown_elsewhere)
    sign_in = SharedSignIn(
        partial(retry.repeated, account, partial(_note_sign_in_trouble, board, retry.tries)),
        partial(remember_account, gallery, profile.id),
        renewal,
        run.tell,
    )
    whereabouts = Whereabouts(partial(retry.repeated, listing, _note_listing_trouble))
    crew = Crew(service, retry, board, throttle, sign_in, whereabouts, image_seconds)
    try:
        low = await _made_ready(gallery, profile, output, len(missing), stop)
        if low is not None:
            log.warning("About %d bytes are needed in %s, and %d are free", low.needed, low.folder, low.free)
            yield low
        async with aclosing(run.events(crew, missing, workers)) as events:
            async for event in events:
                yield event
    except Stopped:
        log.info("Download stopped before the first image")
    except StoreError as error:
        run.end_early(error)
    finished = run.finished(len(missing), time.monotonic() - started)
    finished = replace(
        finished,
        parked=parked + finished.parked,
        failed_only=failed_only,
        chosen=only is not None,
    )
    log.info(
        "Downloaded %d, adopted %d, failed %d, cancelled %d of %d pending images",
        finished.downloaded,
        finished.adopted,
        finished.failed,
        finished.cancelled,
        finished.pending,
    )
    yield finished


async def _made_ready(
    gallery: Gallery, profile: ProfileRecord, output: OutputFolder, images: int, stop: Stop
) -> LowSpace | None:
    """Remove what dead runs have left, and return what is to be told of the disk. Raises ``Stopped``."""
    swept = await _swept([output.root], profile.name, stop)
    # Where the profile had its folder when an earlier run died.
    known = (Path(folder).parent for folder in gallery.folders_of_files(profile.id))
    others = [root for root in dict.fromkeys(known) if root != output.root.absolute()]
    try:
        # The disk of a folder that is no longer used may not answer at all.
        async with asyncio.timeout(_SECONDS_FOR_OTHER_FOLDERS):
            swept += await _swept(others, profile.name, stop)
    except TimeoutError:
        log.warning("Earlier folders of %s do not answer; they are not swept", profile.name)
    if swept:
        log.info("Removed %d unfinished files of an earlier run", swept)
    return await stop.cuts(
        asyncio.to_thread(_low_space, gallery.mean_file_size(profile.id), images, output.root)
    )


async def _swept(outputs: list[Path], owner: str, stop: Stop) -> int:
    return await stop.cuts_thread(lambda permit: files.sweep(outputs, owner, lambda: not permit.withdrawn))


def _low_space(mean: float | None, images: int, folder: Path) -> LowSpace | None:
    """Return that the disk may be too small for ``images`` more pictures, where it looks like that."""
    needed = int(images * (mean or _USUAL_SIZE) * _CAUTION)
    free = files.free_space(folder)
    return None if free is None or free >= needed else LowSpace(str(folder), needed, free)


class _Download:
    def __init__(
        self,
        gallery: Gallery,
        profile: ProfileRecord,
        output: OutputFolder,
        board: ProgressBoard,
        stop: Stop,
    ) -> None:
        self._gallery = gallery
        self._profile = profile
        self._output = output
        self._board = board
        self._stop = stop
        self._rows = GroupCommit(gallery)
        self._events: asyncio.Queue[DownloadEvent | None] = asyncio.Queue()
        self._outcomes = Outcomes(gallery, profile.id, self._rows, board, self.tell)
        self._error: RunError | None = None

    def tell(self, event: DownloadEvent) -> None:
        """Let the run tell ``event`` when its turn comes."""
        self._events.put_nowait(event)

    def end_early(self, error: RunError) -> None:
        """Let ``error`` be what ended the run."""
        self._error = error
        log.warning("Download ended early: %s", error)

    async def events(
        self, crew: Crew, missing: list[int], workers: int
    ) -> AsyncGenerator[DownloadEvent, None]:
        """Run the workers to their end, or to the stop, and yield what they tell."""
        work = asyncio.create_task(self._run_workers(crew, iter(missing), min(workers, len(missing))))
        try:
            while (event := await self._events.get()) is not None:
                yield event
            await work
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    def finished(self, pending: int, seconds: float) -> DownloadFinished:
        return self._outcomes.finished(pending, seconds, self._error)

    async def _run_workers(self, crew: Crew, queue: Iterator[int], workers: int) -> None:
        try:
            await self._stop.cuts(self._work_together(crew, queue, workers))
        except Stopped:
            log.info("Download stopped")
        finally:
            self._board.drop_all()
            self._events.put_nowait(None)

    async def _work_together(self, crew: Crew, queue: Iterator[int], workers: int) -> None:
        """Run the workers; what ends the run for one of them ends it for all."""
        try:
            async with self._rows.commits(), asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(self._work(crew, queue, group))
        except* (EndsRun, DiskError, StoreError) as ends:
            end = _first_leaf(ends)
            self.end_early(end.error if isinstance(end, EndsRun) else end)

    async def _work(self, crew: Crew, queue: Iterator[int], group: asyncio.TaskGroup) -> None:
        """Bring one picture after the other; while one is saved, the next one is fetched already."""
        last: asyncio.Task[None] | None = None
        for image_id in queue:
            await self._rows.room()
            image = self._gallery.pending_image(image_id)
            if image is None or self._adopt(image):
                continue
            saving = await self._bring(crew, image, group)
            if saving is not None:
                if last is not None:
                    await asyncio.wait((last,))
                last = saving

    def _adopt(self, image: PendingImage) -> bool:
        """Take the picture's file where the ledger knows it and it is still there with its size."""
        for file in self._gallery.files_of(self._profile.id, image.media_key, image.legacy_name):
            if files.is_on_disk(file.path, file.size):
                self._outcomes.adopted(image, file.path)
                return True
        return False

    async def _bring(
        self, crew: Crew, image: PendingImage, group: asyncio.TaskGroup
    ) -> asyncio.Task[None] | None:
        """Fetch the picture, and return the task that saves it; ``None`` where it cannot be had.

        Its caller never has the bytes, which would be held until the next picture has come.
        """
        fetched = await self._fetch(crew, image)
        return None if fetched is None else group.create_task(self._save(image, fetched))

    async def _fetch(self, crew: Crew, image: PendingImage) -> Fetched | None:
        self._board.start(image.id, image.media_key)
        self.tell(ImageStarted(image.id))
        fetched = None
        try:
            fetched = await Errand(crew, image).run()
            self._board.saves(image.id)
        except Unavailable as error:
            self._outcomes.failed(image, error)
        finally:
            if fetched is None:
                self._board.drop(image.id)
        return fetched

    async def _save(self, image: PendingImage, fetched: Fetched) -> None:
        try:
            await unbroken(self._make_durable(image, fetched))
        finally:
            self._board.drop(image.id)

    async def _make_durable(self, image: PendingImage, fetched: Fetched) -> None:
        now = datetime.now(UTC)
        stored = await asyncio.to_thread(
            files.save,
            self._output.folder(image.created_at, now),
            image.media_key,
            f"{self._profile.name}.{image.id}",
            fetched.picture_format,
            fetched.data,
        )
        file = FileRecord(
            media_key=image.media_key,
            path=str(stored.path),
            size=stored.size,
            sha256=stored.sha256,
            mime=fetched.picture_format.mime,
            source=fetched.source,
            saved_at=now,
            name=image.name,
        )
        self._outcomes.saved(image, file)


def _shown_elsewhere(_: float | None) -> None:
    """The rows of the images that wait for it say so already."""


def _note_sign_in_trouble(
    board: ProgressBoard, tries: int, next_try: int, seconds: float, error: FlowError
) -> None:
    """Tell of a pause before the sign-in, for which every image waits that is not being saved."""
    log.warning("The sign-in, try %d, again in %.1f s: %s", next_try - 1, seconds, error)
    for transfer in board.snapshot().transfers:
        if transfer.phase is not Phase.SAVING:
            board.waits(transfer.image_id, next_try, tries, seconds, str(error))


def _note_listing_trouble(next_try: int, seconds: float, error: FlowError) -> None:
    log.warning("Whether Flow has moved, try %d, again in %.1f s: %s", next_try - 1, seconds, error)


def _first_leaf(group: BaseExceptionGroup[E]) -> E:
    first = group.exceptions[0]
    return _first_leaf(first) if isinstance(first, BaseExceptionGroup) else first
