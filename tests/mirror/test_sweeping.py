"""What dead runs have left goes before the first picture, wherever it is; and no silent disk holds a run."""

import asyncio
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowimg_tui.mirror import files
from flowimg_tui.mirror.events import DownloadFinished
from flowimg_tui.mirror.pictures import identify
from flowimg_tui.mirror.stop import Stop, not_waiting_for_threads
from tests.mirror.helpers import (
    Mirror,
    ScriptedFlow,
    collected,
    file_record,
    knows_many,
    new_image,
    only,
    picture,
    until,
)


def dead_temp(folder: Path, owner: str = "studio.7") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    temp = folder / f".key.{owner}.part"
    temp.write_bytes(b"half")
    return temp


def test_the_temps_in_a_folder_that_the_profile_had_before_are_swept(mirror: Mirror) -> None:
    script = knows_many(mirror, 2)
    mirror.download(ScriptedFlow(pictures=script))
    former, mirror.output = mirror.output, mirror.output.with_name("elsewhere")
    (day,) = former.iterdir()
    dead, on_another_day = dead_temp(day), dead_temp(former / "2026-03-14")
    others = dead_temp(day, "tower.7")
    mirror.knows(new_image("new"))
    mirror.download(ScriptedFlow(pictures={"new": picture(9)}))
    assert not dead.exists()
    assert not on_another_day.exists()
    assert others.exists()
    assert mirror.pictures_by_name().keys() == {"i0", "i1", "new"}


def test_a_profile_of_the_same_name_in_another_home_is_not_swept_in_the_middle_of_a_save(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day, ours, theirs = tmp_path / "2026-03-14", picture(1), picture(2)
    true_link = os.link
    swept = []

    def link(temp: Path, final: Path) -> None:
        """Let the other one come when our picture is about to get its name, and die in mid-file."""
        monkeypatch.setattr(os, "link", true_link)
        swept.append(files.sweep([tmp_path], "studio", lambda: True))
        if not temp.exists():
            temp.write_bytes(theirs[: len(theirs) // 2])
        true_link(temp, final)

    dead = dead_temp(day)
    monkeypatch.setattr(os, "link", link)
    stored = files.save(day, "key", "studio.1", identify(ours), ours)
    assert swept == [1]
    assert not dead.exists()
    assert [path.name for path in day.iterdir()] == [stored.path.name]
    assert stored.path.read_bytes() == ours


def test_former_folders_that_are_gone_are_no_trouble(mirror: Mirror) -> None:
    script = knows_many(mirror, 2)
    mirror.download(ScriptedFlow(pictures=script))
    shutil.rmtree(mirror.output)
    mirror.output = mirror.output.with_name("elsewhere")
    mirror.knows(new_image("new"))
    finished = mirror.downloaded(ScriptedFlow(pictures={"new": picture(9)}))
    assert (finished.downloaded, finished.error) == (1, None)


def test_the_folders_of_the_ledger_are_told_once_each(mirror: Mirror) -> None:
    mirror.knows(*(new_image(f"i{number}") for number in range(5)))
    paths = ("/old/2026-01-01/a.png", "/old/2026-01-01/b.png", "/o d/dd-d/d.png", "/d/d/d", "/é/ñ/c.png")
    for number, path in enumerate(paths):
        mirror.gallery.record_saved(
            mirror.profile.id, mirror.row(f"i{number}").id, file_record(f"k{number}", path)
        )
    other = mirror.gallery.add_profile("other", "labs", None, mirror.profile.created_at)
    folders = [Path(folder) for folder in mirror.gallery.folders_of_files(mirror.profile.id)]
    assert folders == [Path("/d/d"), Path("/o d/dd-d"), Path("/old/2026-01-01"), Path("/é/ñ")]
    assert mirror.gallery.folders_of_files(other.id) == []


class SilentFolder:
    """Lets whoever looks for something below a folder wait, until the test goes on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.waits, self.answers, self.ended = threading.Event(), threading.Event(), threading.Event()
        true, true_sweep = Path.glob, files.sweep

        def glob(path: Path, pattern: str) -> Iterator[Path]:
            found = list(true(path, pattern))
            if path == folder:
                self.waits.set()
                self.answers.wait()
            yield from found

        def sweep(*arguments: Any) -> int:
            try:
                return true_sweep(*arguments)
            finally:
                self.ended.set()

        monkeypatch.setattr(Path, "glob", glob)
        monkeypatch.setattr(files, "sweep", sweep)


@pytest.fixture
def silent(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> Iterator[SilentFolder]:
    folder = SilentFolder(monkeypatch, mirror.output)
    yield folder
    folder.answers.set()


def stopped(mirror: Mirror, waits: threading.Event) -> DownloadFinished:
    """Return how a download of three images ends that is stopped where its disk is silent."""
    script = knows_many(mirror, 3)

    async def run() -> DownloadFinished:
        stop = Stop()
        running = asyncio.create_task(collected(mirror.downloads(ScriptedFlow(pictures=script), stop)))
        await until(waits.is_set)
        stop.ask()
        return only(await running, DownloadFinished)

    return asyncio.run(not_waiting_for_threads(run()))


def test_a_stop_while_the_disk_is_silent_is_at_once_and_nothing_is_removed_afterwards(
    mirror: Mirror, silent: SilentFolder
) -> None:
    temp = dead_temp(mirror.output / "2026-03-14")
    finished = stopped(mirror, silent.waits)
    assert (finished.pending, finished.cancelled, finished.error) == (3, 3, None)
    # By now it could be the temp of another run, which holds the profile.
    assert not silent.ended.is_set()
    silent.answers.set()
    assert silent.ended.wait(20)
    assert temp.exists()


def test_a_stop_while_nobody_tells_how_much_is_free_is_at_once(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, answers = threading.Event(), threading.Event()

    def disk_usage(_: Any) -> None:
        waits.set()
        answers.wait()
        raise OSError("never mind")

    monkeypatch.setattr(shutil, "disk_usage", disk_usage)
    try:
        finished = stopped(mirror, waits)
    finally:
        answers.set()
    assert (finished.pending, finished.cancelled, finished.error) == (3, 3, None)


def test_a_former_folder_whose_disk_is_silent_does_not_hold_the_run(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, silent: SilentFolder
) -> None:
    monkeypatch.setattr("flowimg_tui.mirror.download._SECONDS_FOR_OTHER_FOLDERS", 0.05)
    mirror.knows(new_image("old"))
    silent.answers.set()
    mirror.download(ScriptedFlow(pictures={"old": picture(1)}))
    silent.answers.clear()
    mirror.output = mirror.output.with_name("elsewhere")
    mirror.knows(new_image("new"))

    async def run() -> DownloadFinished:
        events = mirror.downloads(ScriptedFlow(pictures={"new": picture(2)}), Stop())
        return only(await collected(events), DownloadFinished)

    finished = asyncio.run(not_waiting_for_threads(run()))
    assert (finished.downloaded, finished.error) == (1, None)
    assert silent.waits.is_set()
