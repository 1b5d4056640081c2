"""Rows reach the gallery in groups: nobody waits for a commit, and none is told of before it."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from flowimg_tui.mirror.events import DownloadEvent, DownloadFinished, ImageAdopted, ImageSaved
from flowimg_tui.mirror.stop import Stop
from flowimg_tui.store.database import StoreError
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import FileRecord
from tests.mirror.helpers import (
    NOON,
    Mirror,
    ScriptedFlow,
    collected,
    knows_many,
    names,
    of_kind,
    only,
    turns,
    until,
)

IMAGES = 12


class CountingGallery(Gallery):
    """Knows how many rows each transaction of a download has written; fails from a row on, if it should."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.groups: list[int] = []
        self.rows_until_it_fails: int | None = None
        self.may_write = threading.Event()
        self.may_write.set()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if self._database.in_transaction():
            yield
            return
        self._written = 0
        with super().transaction():
            yield
        self.groups.append(self._written)

    def record_saved(self, profile_id: int, image_id: int, file: FileRecord) -> None:
        assert self.may_write.wait(20)
        if sum(self.groups) + self._written == self.rows_until_it_fails:
            raise StoreError("The disk is full.", full=True)
        super().record_saved(profile_id, image_id, file)
        self._written += 1


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    mirror = Mirror(tmp_path, CountingGallery(tmp_path / "gallery.db"))
    yield mirror
    mirror.close()


@pytest.fixture
def gallery(mirror: Mirror) -> CountingGallery:
    assert isinstance(mirror.gallery, CountingGallery)
    return mirror.gallery


@contextmanager
def written_by_another_program(database: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


def is_on_disk(mirror: Mirror) -> bool:
    """Whether all pictures have their final names, and nothing is on its way any more."""
    named = [path for path in mirror.output.glob("*/*") if not path.name.startswith(".")]
    return len(named) == IMAGES and not mirror.board.snapshot().transfers


def test_pictures_come_in_while_another_program_writes_and_their_rows_stand_together(
    mirror: Mirror, gallery: CountingGallery
) -> None:
    service = ScriptedFlow(pictures=knows_many(mirror, IMAGES))
    gallery.groups.clear()

    async def run() -> list[DownloadEvent]:
        service.gate = asyncio.Event()
        events: list[DownloadEvent] = []
        running = asyncio.create_task(collected(mirror.downloads(service, Stop()), events.append))
        await until(lambda: service.running > 0)
        with written_by_another_program(mirror.database) as other:
            service.gate.set()
            await until(lambda: is_on_disk(mirror))
            assert of_kind(events, ImageSaved) == []
            assert mirror.query("SELECT count(*) FROM saved_file") == [(0,)]
            other.rollback()
            return await running

    events = asyncio.run(run())
    assert len(of_kind(events, ImageSaved)) == only(events, DownloadFinished).downloaded == IMAGES
    assert set(mirror.pictures_by_name()) == set(names(IMAGES))
    # The first that came began to wait at once, all others came meanwhile.
    first, rest = gallery.groups
    assert (first >= 1, first + rest) == (True, IMAGES)


@pytest.mark.parametrize("until_it_fails", [0, 1, IMAGES - 1])
def test_the_rows_before_one_that_cannot_be_written_stand_and_the_run_says_why_it_ends(
    mirror: Mirror, gallery: CountingGallery, until_it_fails: int
) -> None:
    script = knows_many(mirror, IMAGES)
    gallery.groups.clear()
    gallery.rows_until_it_fails = until_it_fails
    events = mirror.download(ScriptedFlow(pictures=script))
    finished = only(events, DownloadFinished)
    assert isinstance(finished.error, StoreError)
    assert finished.error.full
    assert (finished.downloaded, finished.cancelled) == (until_it_fails, IMAGES - until_it_fails)
    told = {event.image_id for event in of_kind(events, ImageSaved)}
    assert told == {row.id for row in mirror.rows().values() if row.local_path is not None}
    assert mirror.board.snapshot().transfers == ()

    gallery.rows_until_it_fails = None
    assert mirror.downloaded(ScriptedFlow(pictures=script)).downloaded == finished.cancelled
    assert len(mirror.files()) == IMAGES, "what is on disk without a row is recognised by its bytes"


@pytest.mark.parametrize("how", ["stop", "cancel", "stop, then cancel"])
def test_whatever_ends_a_run_the_rows_of_all_files_stand_in_the_gallery(mirror: Mirror, how: str) -> None:
    service = ScriptedFlow(pictures=knows_many(mirror, IMAGES))

    async def run() -> list[DownloadEvent]:
        service.gate = asyncio.Event()
        stop = Stop()
        events: list[DownloadEvent] = []
        running = asyncio.create_task(collected(mirror.downloads(service, stop), events.append))
        await until(lambda: service.running > 0)
        with written_by_another_program(mirror.database) as other:
            service.gate.set()
            await until(lambda: is_on_disk(mirror))
            if how != "cancel":
                stop.ask()
                await turns()
            if how != "stop":
                running.cancel()
                await turns()
            assert not running.done()
            other.rollback()
            await asyncio.wait((running,))
        return events

    events = asyncio.run(run())
    assert mirror.query("SELECT count(*) FROM image WHERE local_path IS NOT NULL") == [(IMAGES,)]
    if how == "stop":
        assert len(of_kind(events, ImageSaved)) == only(events, DownloadFinished).downloaded == IMAGES


def test_a_commit_that_fails_while_the_run_is_stopped_is_no_quiet_stop(
    mirror: Mirror, gallery: CountingGallery
) -> None:
    script = knows_many(mirror, IMAGES)
    gallery.groups.clear()
    gallery.rows_until_it_fails = 0
    gallery.may_write.clear()

    async def run() -> DownloadFinished:
        stop = Stop()
        running = asyncio.create_task(collected(mirror.downloads(ScriptedFlow(pictures=script), stop)))
        await until(lambda: is_on_disk(mirror))
        stop.ask()
        await turns()
        gallery.may_write.set()
        return only(await running, DownloadFinished)

    finished = asyncio.run(run())
    assert isinstance(finished.error, StoreError)
    assert (finished.downloaded, finished.cancelled) == (0, IMAGES)


def test_a_stop_is_heard_while_files_of_earlier_runs_are_adopted(mirror: Mirror) -> None:
    many = 3000
    images = knows_many(mirror, many)
    folder = mirror.output / "2026-01-01"
    folder.mkdir(parents=True)
    with mirror.gallery.transaction():
        for name, row in mirror.rows().items():
            path = folder / name
            path.write_bytes(b"?")
            file = FileRecord(row.media_key, str(path), 1, "", "image/png", "api", NOON, name)
            mirror.gallery.record_saved(mirror.profile.id, row.id, file)
    mirror.gallery.delete_images(mirror.profile.id)
    knows_many(mirror, many)

    def stop_at_first(event: DownloadEvent, stop: Stop) -> None:
        if isinstance(event, ImageAdopted):
            stop.ask()

    events = mirror.download(ScriptedFlow(pictures=images), seen=stop_at_first)
    finished = only(events, DownloadFinished)
    assert 0 < finished.adopted == len(of_kind(events, ImageAdopted)) < many
    assert finished.cancelled == many - finished.adopted
    assert mirror.query("SELECT count(*) FROM image WHERE local_path IS NOT NULL") == [(finished.adopted,)]
