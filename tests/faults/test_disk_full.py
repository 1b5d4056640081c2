"""A full disk ends a run once, with one clear message and exit code 6; the next one with room completes."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from flowimg_tui.demo.home import demo_environment
from flowimg_tui.demo.pictures import PictureSize
from flowimg_tui.demo.service import DemoOptions, DemoService
from tests.cli.conftest import AT_ONCE
from tests.cli.helpers import Answer, Installation
from tests.faults import forked
from tests.faults.small_disk import SmallDisk, small_disk
from tests.faults.soundness import assert_mirrored, assert_sound, unfinished

IMAGES: Final = 8
FULL: Final = "The disk is full"
LOW: Final = "The disk may be too small"
ROOM_FOR_A_FEW: Final = 60_000
ROOM_FOR_A_FEW_RECORDS: Final = 150_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as mounted:
        yield mounted


@pytest.fixture(scope="module")
def service() -> Iterator[DemoService]:
    with DemoService(DemoOptions(images=IMAGES)) as running:
        yield running


def synced(service: DemoService, folder: Path, **variables: str) -> Installation:
    """An installation with records and no file, some of whose places are elsewhere."""
    named = {f"FLOWIMG_{name.upper()}": value for name, value in variables.items()}
    flowimg = Installation({**demo_environment(service, folder), **AT_ONCE, **named}, folder)
    assert flowimg.add("studio", service.cookie_header).code == 0
    assert flowimg.quick("sync").code == 0
    return flowimg


def assert_ended_once(answer: Answer, where: Path) -> dict[str, Any]:
    """The run was ended by the full disk at ``where``: told once, in words that help, and nothing else."""
    assert answer.code == 6, answer.stderr
    assert answer.stderr.count(FULL) == 1
    (line,) = (line for line in answer.stderr.splitlines() if FULL in line)
    assert str(where) in line
    assert "Make room, then try again." in line
    assert "Traceback" not in answer.stderr
    assert "Logging error" not in answer.stderr
    told: dict[str, Any] = answer.json()
    assert told["failed"] == 0
    assert told["failures"] == []
    assert told["pending"] == told["downloaded"] + told["adopted"] + told["cancelled"]
    return told


def assert_completes(flowimg: Installation, service: DemoService) -> None:
    assert_sound(flowimg, service)
    assert unfinished(flowimg) == []
    assert flowimg.counts()["failed"] == 0
    rerun = flowimg.quick("download", "--json")
    assert (rerun.code, rerun.json()["failed"]) == (0, 0)
    assert_mirrored(flowimg, service)


def test_the_disk_of_the_pictures(disk: SmallDisk, service: DemoService, tmp_path: Path) -> None:
    flowimg = synced(service, tmp_path, output=str(disk.path / "pictures"))
    disk.fill(but=ROOM_FOR_A_FEW)
    answer = forked.run(flowimg, "download", "--json")
    told = assert_ended_once(answer, disk.path)
    assert 0 < told["downloaded"] < IMAGES
    assert len(flowimg.files()) == told["downloaded"]
    # It was foreseen.
    assert LOW in answer.stderr
    disk.make_room()
    assert_completes(flowimg, service)


def test_the_largest_size_of_a_file(tmp_path: Path) -> None:
    with DemoService(DemoOptions(images=2, picture_size=PictureSize.LARGE)) as service:
        flowimg = synced(service, tmp_path)
        # The shell's limit is in blocks of 512 bytes. No picture fits, records and log do.
        with flowimg.start("download", "--json", before="ulimit -f 900") as running:
            told = assert_ended_once(running.answer(), flowimg.pictures)
        assert told["cancelled"] == 2
        assert flowimg.files() == []
        assert_completes(flowimg, service)


SMALLEST: Final = 10_000
"""Less than the records need to be read."""
HALF_A_LOG: Final = 51_200
"""Enough to read the records, and to write few more of them."""


@pytest.mark.parametrize("size", [SMALLEST, HALF_A_LOG])
@pytest.mark.parametrize(
    "command",
    [("download", "--json"), ("sync", "--json"), ("refresh", "--profile", "studio", "--yes")],
    ids=str,
)
def test_the_largest_size_of_a_file_that_the_records_reach(
    service: DemoService, tmp_path: Path, command: tuple[str, ...], size: int
) -> None:
    flowimg = synced(service, tmp_path)
    assert (flowimg.home / "gallery.db").stat().st_size > size
    with closing(flowimg.database()) as database, database:
        # Rows that grow, so that each page and each picture needs room.
        database.execute("UPDATE image SET prompt = ?", ("p" * 10_000,))
    answer = forked.run(flowimg, *command, change=("files_have_a_largest_size", size))
    assert (answer.code, answer.stderr.count(FULL)) == (6, 1), answer.stderr
    assert "Traceback" not in answer.stderr
    assert flowimg.counts()["images"] == IMAGES
    assert_completes(flowimg, service)


def test_the_disk_of_the_records_while_they_are_written(
    disk: SmallDisk, service: DemoService, tmp_path: Path
) -> None:
    home = disk.path / "home"
    flowimg = synced(service, tmp_path, home=str(home))
    with closing(flowimg.database()) as database, database:
        # Each row needs much room: the first picture finds it, and not all the others together.
        database.execute("UPDATE image SET prompt = ?", ("p" * 10_000,))
    disk.fill(but=ROOM_FOR_A_FEW_RECORDS)
    told = assert_ended_once(forked.run(flowimg, "download", "--json"), home)
    assert 0 < told["downloaded"] < IMAGES
    disk.make_room()
    assert flowimg.counts()["downloaded"] == told["downloaded"]
    assert_completes(flowimg, service)


@pytest.mark.parametrize(
    "command",
    [
        ("download",),
        ("sync",),
        ("verify",),
        ("retry",),
        ("refresh", "--profile", "studio", "--yes"),
        ("status",),
        ("profile", "add", "tower", "--cookies", "-"),
    ],
    ids=lambda command: command[0],
)
def test_the_disk_of_the_records_before_a_command_begins(
    disk: SmallDisk, service: DemoService, tmp_path: Path, command: tuple[str, ...]
) -> None:
    flowimg = synced(service, tmp_path, home=str(disk.path / "home"))
    disk.fill()
    answer = flowimg.quick(*command, stdin=service.cookie_header)
    assert answer.code == 6
    assert answer.stderr.count(FULL) == 1
    assert answer.stdout == ""
    disk.make_room()
    assert_completes(flowimg, service)


def test_the_disk_of_a_home_that_is_not_there_yet(
    disk: SmallDisk, service: DemoService, tmp_path: Path
) -> None:
    home = disk.path / "home"
    flowimg = Installation({**demo_environment(service, tmp_path), "FLOWIMG_HOME": str(home)}, tmp_path)
    disk.fill()
    answer = flowimg.quick("status")
    assert (answer.code, answer.stderr.count(FULL)) == (6, 1)
    disk.make_room()
    assert flowimg.add("studio", service.cookie_header).code == 0


def test_the_disk_of_the_records_while_a_refresh_keeps_a_copy(
    disk: SmallDisk, service: DemoService, tmp_path: Path
) -> None:
    flowimg = synced(service, tmp_path, home=str(disk.path / "home"))
    # Enough to open the records, not enough for all of them once more.
    disk.fill(but=60_000)
    answer = forked.run(flowimg, "refresh", "--profile", "studio", "--yes")
    assert (answer.code, answer.stderr.count(FULL)) == (6, 1)
    assert flowimg.counts()["images"] == IMAGES
    assert unfinished(flowimg) == []
    disk.make_room()
    assert_completes(flowimg, service)


def test_the_disk_of_the_log_is_no_matter(disk: SmallDisk, service: DemoService, tmp_path: Path) -> None:
    flowimg = synced(service, tmp_path).with_settings(log_level="debug")
    log = flowimg.home / "flowimg.log"
    log.unlink()
    log.symlink_to(disk.path / "flowimg.log")
    disk.fill()
    answer = forked.run(flowimg, "download")
    assert answer.code == 0
    assert "Logging error" not in answer.stderr
    assert "Traceback" not in answer.stderr
    assert len(answer.stderr.splitlines()) == IMAGES + 3
    assert_mirrored(flowimg, service)


def test_what_stdout_is_redirected_to(service: DemoService, tmp_path: Path) -> None:
    flowimg = synced(service, tmp_path)
    with flowimg.start("list", "--json", before="exec >/dev/full") as running:
        answer = running.answer()
    assert answer.code == 6
    assert answer.stderr == "flowimg: stdout cannot be written: No space left on device.\n"


def test_what_stderr_is_redirected_to(service: DemoService, tmp_path: Path) -> None:
    flowimg = synced(service, tmp_path)
    with flowimg.start("download", "--json", before="exec 2>/dev/full") as running:
        answer = running.answer()
    assert answer.code == 0
    assert answer.json()["downloaded"] == IMAGES


# The warning before


class Usage:
    """What ``shutil.disk_usage`` says of a disk on which little is free."""

    def __init__(self, free: int) -> None:
        self.free = free


@pytest.mark.parametrize(("free", "warned"), [(0, True), (100_000, True), (10**9, False)])
def test_a_disk_that_looks_too_small_is_told_before_the_first_picture(
    service: DemoService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, warned: bool
) -> None:
    flowimg = synced(service, tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free))
    answer = flowimg.quick("download", "--jsonl")
    kinds = [event["event"] for event in answer.events()]
    assert answer.code == 0
    assert kinds.count("low_space") == answer.stderr.count(LOW) == warned
    if warned:
        assert kinds.index("low_space") < kinds.index("image_started")
        (told,) = (event for event in answer.events() if event["event"] == "low_space")
        assert (told["folder"], told["free"]) == (str(flowimg.pictures), free)
        assert told["needed"] > sum(len(path.read_bytes()) for path in flowimg.files())
