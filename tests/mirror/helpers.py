"""A Flow service that plays a script, small real pictures, and one profile's mirror on disk."""

import asyncio
import io
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing, closing
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Final, TypeVar

from PIL import Image

from flowimg_tui.flow.pace import PageDelay, RetryPolicy
from flowimg_tui.flow.service import Account, FlowService, ListedImage, Media, Page, Progress
from flowimg_tui.mirror.download import download
from flowimg_tui.mirror.events import (
    DownloadEvent,
    DownloadFinished,
    RefreshEvent,
    SyncEvent,
    SyncFinished,
)
from flowimg_tui.mirror.files import OutputFolder
from flowimg_tui.mirror.kept_records import KeptRecords
from flowimg_tui.mirror.progress import ProgressBoard
from flowimg_tui.mirror.refresh import refresh
from flowimg_tui.mirror.sign_in import Renewal
from flowimg_tui.mirror.stop import Stop
from flowimg_tui.mirror.sync import sync
from flowimg_tui.secret import Secret
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import FileRecord, ImageRecord, NewImage, ProfileRecord

NOON: Final = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
NO_DELAY: Final = PageDelay(0.0, 0.0)
AT_ONCE: Final = RetryPolicy(tries=3, base=0.0)
ADA: Final = Account("ada@example.com", NOON)
_PATIENCE: Final = 20.0

T = TypeVar("T")
E = TypeVar("E")


class Answer(Enum):
    """Answers that are no value."""

    HANG = "never comes"
    STOP = "never comes, because the user stops the run at this request"


PageAnswer = Page | Exception | Answer
MediaAnswer = bytes | Media | Exception | Answer
FetchAnswer = bytes | Exception | Answer


def listed(name: str, **details: Any) -> ListedImage:
    """An image as a listing tells of it; its media key is ``key-<name>`` unless it is said otherwise."""
    given: dict[str, Any] = {
        "media_key": f"key-{name}",
        "workflow_id": None,
        "aspect_ratio": None,
        "fife_url": None,
        "created_at": None,
    }
    return ListedImage(name=name, **{**given, **details})


def new_image(name: str, **details: Any) -> NewImage:
    given: dict[str, Any] = {
        "media_key": f"key-{name}",
        "workflow_id": f"workflow-{name}",
        "aspect_ratio": "IMAGE_ASPECT_RATIO_SQUARE",
        "fife_url": None,
        "created_at": NOON,
    }
    return NewImage(name=name, **{**given, **details})


def page(
    *images: str | ListedImage, cursor: str | None = None, skipped: Sequence[str] = (), **details: Any
) -> Page:
    """A page of these images; a name alone stands for an image of which nothing else is told."""
    return Page(
        tuple(image if isinstance(image, ListedImage) else listed(image) for image in images),
        tuple(skipped),
        Secret(cursor) if cursor else None,
        **details,
    )


def picture(seed: int, kind: str = "PNG") -> bytes:
    """A small real picture; each seed below 16 million has its own."""
    colour = (seed >> 16 & 255, seed >> 8 & 255, seed & 255)
    buffer = io.BytesIO()
    # Lossless where the format can be, so that two seeds never give the same bytes.
    options: dict[str, Any] = {"lossless": True} if kind == "WEBP" else {}
    image = Image.new("RGB", (8, 8), colour)
    if kind == "JPEG":
        options["comment"] = f"seed {seed}"
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def file_record(media_key: str, path: Path | str, size: int = 4, **details: Any) -> FileRecord:
    given: dict[str, Any] = {
        "sha256": "00",
        "mime": "image/png",
        "source": "api",
        "saved_at": NOON,
        "name": None,
    }
    return FileRecord(media_key=media_key, path=str(path), size=size, **{**given, **details})


async def until(holds: Callable[[], bool]) -> None:
    """Return when ``holds()`` does; fail where it never will."""
    async with asyncio.timeout(_PATIENCE):
        while not holds():  # noqa: ASYNC110 - what is waited for offers no event
            await asyncio.sleep(0)


async def turns() -> None:
    """Let everybody else have some turns of the loop."""
    for _ in range(20):
        await asyncio.sleep(0)


async def collected(events: AsyncIterator[E], seen: Callable[[E], object] = lambda _: None) -> list[E]:
    """Run to the end; ``seen`` gets each event as a face would."""
    result = []
    async with asyncio.timeout(_PATIENCE):
        async for event in events:
            result.append(event)
            seen(event)
    return result


def of_kind(events: Iterable[object], kind: type[T]) -> list[T]:
    return [event for event in events if isinstance(event, kind)]


def only(events: Iterable[object], kind: type[T]) -> T:
    (event,) = of_kind(events, kind)
    return event


class ScriptedFlow:
    """Plays what it was given: pages in their order, a picture by name, a signed URL by its text.

    A list of answers is given one after the other, the last of them again and again.
    """

    def __init__(
        self,
        *,
        pages: Sequence[PageAnswer] = (),
        pictures: Mapping[str, MediaAnswer | list[MediaAnswer]] | None = None,
        urls: Mapping[str, FetchAnswer | list[FetchAnswer]] | None = None,
        accounts: Sequence[Account | Exception] = (),
    ) -> None:
        self._pages = list(pages)
        self._pictures = {name: _as_list(answer) for name, answer in (pictures or {}).items()}
        self._urls = {url: _as_list(answer) for url, answer in (urls or {}).items()}
        self._accounts = list(accounts)
        self.sign_ins = 0
        """How often it was asked whose session this is."""
        self.stop: Stop | None = None
        self.cursors: list[str | None] = []
        self.asked: list[str] = []
        """Names and signed URLs, in the order of the requests."""
        self.running = 0
        self.most_running = 0
        self.gate: asyncio.Event | None = None
        """Each request for a picture waits for it, where there is one."""
        self.closed = False

    async def account(self) -> Account:
        self.sign_ins += 1
        answer = self._accounts.pop(0) if self._accounts else ADA
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def list_page(self, cursor: Secret | None) -> Page:
        self.cursors.append(cursor.reveal() if cursor else None)
        answer = self._pages.pop(0)
        if isinstance(answer, Page):
            return answer
        raise await self._no_value(answer)

    async def media(self, name: str, progress: Progress) -> Media:
        answer = await self._answer(name, self._pictures[name])
        if isinstance(answer, bytes):
            progress(len(answer), len(answer))
            return Media(answer, None)
        if isinstance(answer, Media):
            return answer
        raise await self._no_value(answer)

    async def fetch(self, url: Secret, progress: Progress) -> bytes:
        answer = await self._answer(url.reveal(), self._urls[url.reveal()])
        if isinstance(answer, bytes):
            progress(len(answer), None)
            return answer
        raise await self._no_value(answer)

    async def aclose(self) -> None:
        self.closed = True

    async def _answer(self, what: str, answers: list[T]) -> T:
        self.asked.append(what)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await asyncio.sleep(0)
            if self.gate is not None:
                await self.gate.wait()
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            if isinstance(answer, Answer):
                await self._no_value(answer)
            return answer
        finally:
            self.running -= 1

    async def _no_value(self, answer: object) -> Exception:
        if isinstance(answer, Exception):
            return answer
        if answer is Answer.STOP:
            assert self.stop is not None, "the run of this script needs a stop"
            self.stop.ask()
        await asyncio.Event().wait()
        raise AssertionError("unreachable: nobody sets this event")


def _as_list(answer: T | list[T]) -> list[T]:
    return list(answer) if isinstance(answer, list) else [answer]


class Mirror:
    """One profile with a database and an output folder of its own."""

    def __init__(self, folder: Path, gallery: Gallery | None = None) -> None:
        self.output = folder / "pictures"
        self.database = folder / "gallery.db"
        self.gallery = gallery or Gallery(self.database)
        self.profile: ProfileRecord = self.gallery.add_profile("studio", "labs", None, NOON)
        self.kept = KeptRecords(folder / "kept", self.profile.name)
        self.by_creation = False
        self.board = ProgressBoard()

    def close(self) -> None:
        self.gallery.close()

    def knows(self, *images: NewImage) -> None:
        """Bring the images in, as a sync does."""
        self.gallery.store_page(self.profile.id, self.gallery.begin_sync(self.profile.id), images)

    def rows(self) -> dict[str, ImageRecord]:
        return {image.name: image for image in self.gallery.images(self.profile.id)}

    def row(self, name: str) -> ImageRecord:
        return self.rows()[name]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the file itself, past the store."""
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(sql).fetchall()

    def files(self) -> dict[str, bytes]:
        """Every file below the output folder, hidden ones too, by its path in there."""
        return {
            str(path.relative_to(self.output)): path.read_bytes()
            for path in self.output.rglob("*")
            if path.is_file()
        }

    def pictures_by_name(self) -> dict[str, bytes]:
        """The bytes of each image's file, through its row."""
        return {
            name: Path(row.local_path).read_bytes()
            for name, row in self.rows().items()
            if row.local_path is not None
        }

    def sync(
        self,
        service: FlowService,
        *,
        delay: PageDelay = NO_DELAY,
        retry: RetryPolicy = AT_ONCE,
        renewal: Renewal | None = None,
        seen: Callable[[SyncEvent, Stop], object] = lambda *_: None,
    ) -> list[SyncEvent]:
        async def run() -> list[SyncEvent]:
            stop = _stop_for(service)
            events = sync(
                service,
                self.gallery,
                self.profile.id,
                page_delay=delay,
                retry=retry,
                stop=stop,
                renewal=renewal,
            )
            async with aclosing(service):
                return await collected(events, lambda event: seen(event, stop))

        return asyncio.run(run())

    def synced(self, service: FlowService, **options: Any) -> SyncFinished:
        return only(self.sync(service, **options), SyncFinished)

    def downloads(
        self,
        service: FlowService,
        stop: Stop,
        workers: int = 4,
        retry: RetryPolicy = AT_ONCE,
        renewal: Renewal | None = None,
        **options: Any,
    ) -> AsyncIterator[DownloadEvent]:
        self.board = ProgressBoard()
        return download(
            service,
            self.gallery,
            self.profile,
            OutputFolder(self.output, self.by_creation),
            workers=workers,
            retry=retry,
            board=self.board,
            stop=stop,
            renewal=renewal,
            **options,
        )

    def download(
        self,
        service: FlowService,
        *,
        workers: int = 4,
        retry: RetryPolicy = AT_ONCE,
        renewal: Renewal | None = None,
        seen: Callable[[DownloadEvent, Stop], object] = lambda *_: None,
    ) -> list[DownloadEvent]:
        async def run() -> list[DownloadEvent]:
            stop = _stop_for(service)
            events = self.downloads(service, stop, workers, retry, renewal)
            async with aclosing(service):
                return await collected(events, lambda event: seen(event, stop))

        return asyncio.run(run())

    def downloaded(self, service: FlowService, **options: Any) -> DownloadFinished:
        return only(self.download(service, **options), DownloadFinished)

    def refreshed(self, stop: Stop | None = None) -> list[RefreshEvent]:
        return asyncio.run(collected(refresh(self.gallery, self.profile.id, self.kept, stop or Stop())))


def _stop_for(service: FlowService) -> Stop:
    stop = Stop()
    if isinstance(service, ScriptedFlow):
        service.stop = stop
    return stop


def ages(count: int) -> list[datetime]:
    """Times of ``count`` images, newest first."""
    return [NOON - timedelta(minutes=number) for number in range(count)]


def names(count: int) -> list[str]:
    return [f"i{number}" for number in range(count)]


def knows_many(mirror: Mirror, count: int) -> dict[str, MediaAnswer | list[MediaAnswer]]:
    """Bring images of falling age in, and return a script that has a picture for each."""
    pairs = zip(names(count), ages(count), strict=True)
    mirror.knows(*(new_image(name, created_at=when) for name, when in pairs))
    return {name: picture(number) for number, name in enumerate(names(count))}
