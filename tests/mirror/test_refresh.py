"""Force refresh: the records go, the files and their ledger stay, and nothing is fetched twice."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from flowimg_tui.flow.errors import NotFound
from flowimg_tui.mirror.events import (
    DownloadFinished,
    RecordsDeleted,
    RecordsRestored,
    RecordsUntouched,
    RefreshEvent,
)
from flowimg_tui.mirror.kept_records import COPIES_KEPT, KeptRecords
from flowimg_tui.mirror.refresh import refresh, undo_refresh
from flowimg_tui.mirror.stop import Stop, not_waiting_for_threads
from flowimg_tui.store.database import StoreError
from flowimg_tui.store.gallery import Gallery
from tests.cli.helpers import eventually
from tests.mirror.helpers import (
    NOON,
    Mirror,
    ScriptedFlow,
    collected,
    knows_many,
    new_image,
    only,
    page,
    picture,
    until,
)


def test_the_records_go_and_the_files_and_the_ledger_stay(
    mirror: Mirror, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    mirror.knows(new_image("a"), new_image("b"), new_image("c"))
    script = {name: picture(number) for number, name in enumerate("abc")}
    mirror.download(ScriptedFlow(pictures=script))
    files = mirror.files()
    ledger = mirror.query("SELECT * FROM saved_file")
    assert mirror.refreshed() == [RecordsDeleted(3)]
    assert mirror.rows() == {}
    assert mirror.files() == files
    assert mirror.query("SELECT * FROM saved_file") == ledger
    assert len(ledger) == 3
    assert "Deleted 3 image records (files preserved on disk)" in caplog.text


def test_an_empty_profile_has_nothing_to_delete(mirror: Mirror) -> None:
    assert mirror.refreshed() == [RecordsDeleted(0)]


def test_the_records_of_another_profile_stay(mirror: Mirror) -> None:
    other = mirror.gallery.add_profile("other", "labs", None, NOON)
    mirror.gallery.store_page(other.id, 1, [new_image("a")])
    mirror.knows(new_image("a"))
    mirror.refreshed()
    assert mirror.gallery.counts(other.id).images == 1


def test_after_a_refresh_a_sync_brings_all_back_and_a_download_adopts_them(mirror: Mirror) -> None:
    mirror.sync(ScriptedFlow(pages=[page("a", "b")]))
    mirror.download(ScriptedFlow(pictures={"a": picture(1), "b": picture(2)}))
    pictures = mirror.pictures_by_name()
    mirror.refreshed()
    assert mirror.synced(ScriptedFlow(pages=[page("a", "b")])).new == 2
    service = ScriptedFlow()
    finished = only(mirror.download(service), DownloadFinished)
    assert (finished.pending, finished.adopted, finished.downloaded) == (2, 2, 0)
    assert service.asked == []
    assert mirror.pictures_by_name() == pictures


def test_after_a_refresh_a_file_that_vanished_is_downloaded_again(mirror: Mirror) -> None:
    mirror.sync(ScriptedFlow(pages=[page("a", "b")]))
    script = {"a": picture(1), "b": picture(2)}
    mirror.download(ScriptedFlow(pictures=dict(script)))
    Path(str(mirror.row("a").local_path)).unlink()
    mirror.refreshed()
    mirror.sync(ScriptedFlow(pages=[page("a", "b")]))
    service = ScriptedFlow(pictures=dict(script))
    finished = only(mirror.download(service), DownloadFinished)
    assert (finished.adopted, finished.downloaded) == (1, 1)
    assert service.asked == ["a"]
    assert mirror.pictures_by_name() == script


# The copies, and the undo


def undone(mirror: Mirror, stop: Stop | None = None) -> list[RefreshEvent]:
    copy = mirror.kept.latest
    assert copy is not None
    return asyncio.run(collected(undo_refresh(mirror.gallery, mirror.profile.id, copy, stop or Stop())))


def records(mirror: Mirror) -> list[tuple[Any, ...]]:
    return mirror.query("SELECT * FROM image ORDER BY id")


def test_a_refresh_can_be_undone_exactly(mirror: Mirror, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    script = knows_many(mirror, 4)
    script["i1"] = NotFound("HTTP 404.")
    mirror.download(ScriptedFlow(pictures=script))
    before, files = records(mirror), mirror.files()
    mirror.refreshed()
    assert only(undone(mirror), RecordsRestored).restored == 4
    assert records(mirror) == before
    assert mirror.files() == files
    assert "Brought 4 image records" in caplog.text


def test_what_was_downloaded_since_a_refresh_is_recognised_after_its_undo(mirror: Mirror) -> None:
    script = knows_many(mirror, 2)
    mirror.refreshed()
    mirror.sync(ScriptedFlow(pages=[page("i0", "i1", "new")]))
    mirror.download(ScriptedFlow(pictures={**script, "new": picture(9)}))
    undone(mirror)
    service = ScriptedFlow()
    finished = only(mirror.download(service), DownloadFinished)
    assert (finished.pending, finished.adopted) == (2, 2)
    assert service.asked == []
    assert sorted(mirror.pictures_by_name()) == ["i0", "i1", "new"]


def test_the_copies_of_the_last_five_refreshes_are_kept(mirror: Mirror) -> None:
    for number in range(7):
        mirror.knows(new_image(f"a{number}"))
        mirror.refreshed()
    folder = mirror.database.parent / "kept"
    assert len(list(folder.iterdir())) == COPIES_KEPT == 5


def test_each_undo_goes_back_a_step_further(mirror: Mirror) -> None:
    mirror.knows(*(new_image(f"a{number}") for number in range(40)))
    mirror.refreshed()
    mirror.knows(*(new_image(f"a{number}") for number in range(18)))
    mirror.refreshed()
    assert only(undone(mirror), RecordsRestored).restored == 18
    assert only(undone(mirror), RecordsRestored).restored == 40
    assert len(mirror.rows()) == 40
    assert mirror.kept.latest is None


def test_a_refresh_of_nothing_pushes_no_copy_out(mirror: Mirror) -> None:
    mirror.knows(new_image("a"))
    mirror.refreshed()
    latest = mirror.kept.latest
    for _ in range(6):
        mirror.refreshed()
    assert mirror.kept.latest == latest
    undone(mirror)
    assert list(mirror.rows()) == ["a"]


def test_without_a_copy_nothing_is_deleted(mirror: Mirror) -> None:
    mirror.knows(new_image("a"))
    (mirror.database.parent / "kept").write_text("a file in the way")
    with pytest.raises(StoreError, match="kept"):
        mirror.refreshed()
    assert list(mirror.rows()) == ["a"]


def test_a_copy_that_a_dead_run_left_unfinished_is_swept_and_never_taken(mirror: Mirror) -> None:
    folder = mirror.database.parent / "kept"
    folder.mkdir()
    dead = folder / ".studio-20260314T120000000000Z.db.part"
    others = folder / ".studio-b-20260314T120000000000Z.db.part"
    for path in (dead, others):
        path.write_bytes(b"half")
    assert mirror.kept.latest is None
    mirror.knows(new_image("a"))
    mirror.refreshed()
    assert not dead.exists()
    assert others.exists()


def test_the_copies_of_another_profile_are_not_ours(mirror: Mirror) -> None:
    mirror.knows(new_image("a"))
    mirror.refreshed()
    folder = mirror.database.parent / "kept"
    assert KeptRecords(folder, "stud").latest is None
    assert KeptRecords(folder, "studio-2026").latest is None
    assert KeptRecords(folder, "studio").latest == mirror.kept.latest


def test_nobody_else_can_read_the_copies(mirror: Mirror) -> None:
    mirror.knows(new_image("a"))
    mirror.refreshed()
    copy = mirror.kept.latest
    assert copy is not None
    assert (copy.path.stat().st_mode & 0o777, copy.path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


# Stopped at a silent disk


class SilentDisk:
    """Lets one function of the store wait, before what it does, until the test goes on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, method: str, *, after: bool = False) -> None:
        self.waits, self.answers, self.ended = threading.Event(), threading.Event(), threading.Event()
        true = getattr(Gallery, method)

        def silent(*arguments: Any) -> Any:
            try:
                result = true(*arguments) if after else None
                self.waits.set()
                self.answers.wait()
                return result if after else true(*arguments)
            finally:
                self.ended.set()

        monkeypatch.setattr(Gallery, method, silent)

    def stopped_at(self, events: Callable[[Stop], AsyncIterator[RefreshEvent]]) -> list[RefreshEvent]:
        """Run to the end, stopped where the disk is silent; then let the disk answer."""

        async def run() -> list[RefreshEvent]:
            stop = Stop()
            running = asyncio.create_task(collected(events(stop)))
            await until(self.waits.is_set)
            stop.ask()
            return await running

        told = asyncio.run(not_waiting_for_threads(run()))
        assert not self.ended.is_set()
        self.answers.set()
        assert self.ended.wait(20)
        return told


@pytest.mark.parametrize("after", [False, True], ids=["before the copy", "behind the copy"])
def test_a_refresh_that_is_stopped_deletes_nothing_and_keeps_no_copy(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    mirror.knows(new_image("a"))
    before = records(mirror)
    disk = SilentDisk(monkeypatch, "copy_to", after=after)
    told = disk.stopped_at(lambda stop: refresh(mirror.gallery, mirror.profile.id, mirror.kept, stop))
    assert told == [RecordsUntouched()]
    assert records(mirror) == before
    # The thread has gone on when the disk answered, and has cleaned up behind itself.
    kept = mirror.database.parent / "kept"
    eventually("nothing is kept", lambda: list(kept.iterdir()) == [])
    assert mirror.kept.latest is None


def test_an_undo_that_is_stopped_brings_nothing_back_whenever_the_disk_answers(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror.knows(new_image("a"))
    mirror.refreshed()
    copy = mirror.kept.latest
    assert copy is not None
    disk = SilentDisk(monkeypatch, "restore_images")
    told = disk.stopped_at(lambda stop: undo_refresh(mirror.gallery, mirror.profile.id, copy, stop))
    assert told == [RecordsUntouched()]
    assert records(mirror) == []
    monkeypatch.undo()
    assert only(undone(mirror), RecordsRestored).restored == 1
