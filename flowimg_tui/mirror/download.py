"""Download: fetch the file of every image that has none, with several workers on one queue."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar

from flowimg_tui.flow.errors import FlowError, Moved, SignedOut
from flowimg_tui.flow.http import is_expired
from flowimg_tui.flow.pace import RetryPolicy
from flowimg_tui.flow.service import FlowService, Media
from flowimg_tui.mirror import files
from flowimg_tui.mirror.events import (
    DownloadEvent,
    DownloadFinished,
    DownloadStarted,
    ImageAdopted,
    ImageFailed,
    ImageSaved,
    ImageStarted,
)
from flowimg_tui.mirror.files import DiskError, OutputFolder
from flowimg_tui.mirror.pictures import NotAPicture, PictureFormat, identify
from flowimg_tui.mirror.progress import ProgressBoard, Source
from flowimg_tui.mirror.sign_in import Renewal, SharedSignIn, remember_account
from flowimg_tui.mirror.stop import Stop, Stopped, unbroken
from flowimg_tui.secret import Secret
from flowimg_tui.store.database import StoreError
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import FileRecord, PendingImage, ProfileRecord

log = logging.getLogger(__name__)

T = TypeVar("T")
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
) -> AsyncGenerator[DownloadEvent, None]:
    """Fetch, check and store the picture of each image of ``profile`` that has no file, newest first.

    The caller holds the profile's lock. A session that ends on the way is waited for with ``renewal``;
    without one it ends the run. Failures do not raise: each image ends in one event of its own, and the last
    event, :class:`DownloadFinished`, says what ended the run early, if anything did.
    """
    started = time.monotonic()
    swept = await asyncio.to_thread(files.sweep, output.root, profile.name)
    if swept:
        log.info("Removed %d unfinished files of an earlier run", swept)
    missing = gallery.missing_ids(profile.id)
    board.expect(len(missing))
    yield DownloadStarted(len(missing))
    run = _Download(service, gallery, profile, output, retry, board, stop, renewal)
    async with aclosing(run.events(missing, workers)) as events:
        async for event in events:
            yield event
    finished = run.finished(len(missing), time.monotonic() - started)
    log.info(
        "Downloaded %d, adopted %d, failed %d, cancelled %d of %d pending images",
        finished.downloaded,
        finished.adopted,
        finished.failed,
        finished.cancelled,
        finished.pending,
    )
    yield finished


class _Fetched(NamedTuple):
    """A picture in memory, found whole."""

    data: bytes
    picture_format: PictureFormat
    source: Source


class _Unavailable(Exception):
    """No source has the picture; ``retryable`` where one of them may have it later."""

    def __init__(self, troubles: list[tuple[Source, Exception]]) -> None:
        super().__init__("; ".join(f"{source}: {error}" for source, error in troubles))
        self.retryable = any(getattr(error, "retryable", True) for _, error in troubles)


class _EndsRun(Exception):
    """What keeps every further image from being had; no image has failed by it."""

    def __init__(self, error: FlowError) -> None:
        super().__init__(str(error))
        self.error = error


class _Download:
    def __init__(
        self,
        service: FlowService,
        gallery: Gallery,
        profile: ProfileRecord,
        output: OutputFolder,
        retry: RetryPolicy,
        board: ProgressBoard,
        stop: Stop,
        renewal: Renewal | None,
    ) -> None:
        self._service = service
        self._gallery = gallery
        self._profile = profile
        self._output = output
        self._retry = retry
        self._board = board
        self._stop = stop
        self._events: asyncio.Queue[DownloadEvent | None] = asyncio.Queue()
        self._sign_in = SharedSignIn(
            partial(retry.repeated, service.account, _note_sign_in_trouble),
            partial(remember_account, gallery, profile.id),
            renewal,
            self._events.put_nowait,
        )
        self._downloaded = self._adopted = self._failed = self._bytes = 0
        self._error: FlowError | DiskError | None = None

    async def events(self, missing: list[int], workers: int) -> AsyncGenerator[DownloadEvent, None]:
        """Run the workers to their end, or to the stop, and yield what they tell."""
        crew = asyncio.create_task(self._run_workers(iter(missing), min(workers, len(missing))))
        try:
            while (event := await self._events.get()) is not None:
                yield event
            await crew
        finally:
            crew.cancel()
            await asyncio.gather(crew, return_exceptions=True)

    def finished(self, pending: int, seconds: float) -> DownloadFinished:
        done = self._downloaded + self._adopted + self._failed
        return DownloadFinished(
            pending=pending,
            downloaded=self._downloaded,
            adopted=self._adopted,
            failed=self._failed,
            cancelled=pending - done,
            bytes=self._bytes,
            seconds=seconds,
            error=self._error,
        )

    async def _run_workers(self, queue: Iterator[int], workers: int) -> None:
        try:
            await self._stop.cuts(self._work_together(queue, workers))
        except Stopped:
            log.info("Download stopped")
        finally:
            self._events.put_nowait(None)

    async def _work_together(self, queue: Iterator[int], workers: int) -> None:
        """Run the workers; what ends the run for one of them ends it for all.

        Raises ``StoreError``: without a database nothing more can be told.
        """
        broken: StoreError | None = None
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(self._work(queue))
        except* StoreError as errors:
            broken = _first_leaf(errors)
        except* (_EndsRun, DiskError) as ends:
            end = _first_leaf(ends)
            self._error = end.error if isinstance(end, _EndsRun) else end
            log.warning("Download ended early: %s", self._error)
        if broken is not None:
            raise broken

    async def _work(self, queue: Iterator[int]) -> None:
        for image_id in queue:
            image = self._gallery.pending_image(image_id)
            if image is not None:
                await self._bring(image)

    async def _bring(self, image: PendingImage) -> None:
        if self._adopt(image):
            return
        self._board.start(image.id, image.media_key)
        self._events.put_nowait(ImageStarted(image.id))
        try:
            fetched = await self._fetch(image)
            await unbroken(self._save(image, fetched))
        except _Unavailable as error:
            self._note_failure(image, error)
        finally:
            self._board.drop(image.id)

    def _adopt(self, image: PendingImage) -> bool:
        """Take the picture's file where the ledger knows it and it is still there with its size."""
        for file in self._gallery.files_of(self._profile.id, image.media_key, image.legacy_name):
            if files.is_on_disk(file.path, file.size):
                self._gallery.record_adopted(image.id, file.path)
                self._adopted += 1
                self._board.finish(image.id, fetched=False)
                log.info("Adopted %s", file.path)
                self._events.put_nowait(ImageAdopted(image.id, file.path))
                return True
        return False

    async def _save(self, image: PendingImage, fetched: _Fetched) -> None:
        self._board.saves(image.id)
        now = datetime.now(UTC)
        stored = await asyncio.to_thread(
            files.save,
            self._output.folder(image.created_at, now),
            image.media_key,
            f"{self._profile.name}.{image.id}",
            fetched.picture_format,
            fetched.data,
        )
        path = str(stored.path)
        record = FileRecord(
            media_key=image.media_key,
            path=path,
            size=stored.size,
            sha256=stored.sha256,
            mime=fetched.picture_format.mime,
            source=fetched.source,
            saved_at=now,
            name=image.name,
        )
        self._gallery.record_saved(self._profile.id, image.id, record)
        self._downloaded += 1
        self._bytes += stored.size
        self._board.finish(image.id)
        log.info("Saved %s: %d bytes, %s", path, stored.size, fetched.source)
        self._events.put_nowait(ImageSaved(image.id, path, stored.size, fetched.source))

    def _note_failure(self, image: PendingImage, error: _Unavailable) -> None:
        reason = str(error)
        self._gallery.record_failure(image.id, reason, datetime.now(UTC))
        self._failed += 1
        self._board.finish(image.id, failed=True)
        log.warning("Failed %s: %s", image.media_key, reason)
        self._events.put_nowait(ImageFailed(image.id, image.name, image.media_key, reason, error.retryable))

    async def _fetch(self, image: PendingImage) -> _Fetched:
        """Return the picture from the first source that has it whole: the API, then the signed URLs.

        Raises :class:`_Unavailable`, and what ends the run.
        """

        def progress(done: int, total: int | None) -> None:
            self._board.received(image.id, done, total)

        troubles: list[tuple[Source, Exception]] = []
        media = Media(None, None)
        try:
            ask_media = partial(self._service.media, image.name, progress)
            media = await self._signed_in(image, partial(self._with_retries, image, Source.API, ask_media))
            if media.data is not None:
                return await _whole(media.data, Source.API)
            troubles.append((Source.API, NotAPicture(media.trouble or "no bytes")))
        except Moved as error:
            raise _EndsRun(error) from error
        except (FlowError, NotAPicture) as error:
            troubles.append((Source.API, error))
        for url in _usable_urls(media.url, image.fife_url):
            try:
                ask = partial(self._service.fetch, url, progress)
                data = await self._with_retries(image, Source.SIGNED_URL, ask)
                return await _whole(data, Source.SIGNED_URL)
            except (FlowError, NotAPicture) as error:
                troubles.append((Source.SIGNED_URL, error))
        raise _Unavailable(troubles)

    async def _with_retries(
        self, image: PendingImage, source: Source, ask: Callable[[], Coroutine[Any, Any, T]]
    ) -> T:
        """Return what ``ask`` gives; what passes is asked again."""

        async def one_try() -> T:
            self._board.asks(image.id, source)
            return await ask()

        def before_pause(next_try: int, seconds: float, error: FlowError) -> None:
            log.warning("%s, %s, try %d: %s", image.media_key, source, next_try - 1, error)
            self._board.waits(image.id, next_try, self._retry.tries, seconds, str(error))

        return await self._retry.repeated(one_try, before_pause)

    async def _signed_in(self, image: PendingImage, ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return what ``ask`` gives in a live session; where one ends, the next one is waited for."""
        if self._sign_in.ended is not None:
            self._board.pauses(image.id, str(self._sign_in.ended))
        session = await _or_end(self._sign_in.session())
        while True:
            try:
                return await ask()
            except SignedOut as error:
                self._board.pauses(image.id, str(error))
                session = await _or_end(self._sign_in.next_session(session, error))


async def _or_end(session: Coroutine[Any, Any, int]) -> int:
    try:
        return await session
    except FlowError as error:
        raise _EndsRun(error) from error


def _note_sign_in_trouble(next_try: int, seconds: float, error: FlowError) -> None:
    log.warning("The sign-in, try %d, again in %.1f s: %s", next_try - 1, seconds, error)


async def _whole(data: bytes, source: Source) -> _Fetched:
    """Check the picture's structure in a thread: checksums of a large one take milliseconds."""
    return _Fetched(data, await asyncio.to_thread(identify, data), source)


def _usable_urls(fresh: Secret | None, listed: str | None) -> list[Secret]:
    """Return the signed URLs worth asking, the freshest first."""
    urls = [url for url in (fresh, Secret(listed) if listed else None) if url is not None]
    now = time.time()
    return [url for url in dict.fromkeys(urls) if not is_expired(url, now)]


def _first_leaf(group: BaseExceptionGroup[E]) -> E:
    first = group.exceptions[0]
    return _first_leaf(first) if isinstance(first, BaseExceptionGroup) else first
