"""One downloader in one situation: run, looked at, and where it left what is wrong run once more."""

import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.faults.downloaders import Downloader, Task
from benchmarks.faults.judging import Found, Picture, found, is_right
from benchmarks.faults.rows import FILE_LIMIT, Course, Row
from benchmarks.faults.service import PATIENCE, Listed, Service
from flowimg_tui.demo.faults.other_pictures import other_picture

_LONGEST_RUN: Final = 90.0
_TO_ITS_DISK: Final = 0.5
"""Seconds that a downloader has to write what has come before it is killed."""
_TO_MID_FILE: Final = 1.5
# POSIX counts blocks of 512 bytes. As on a disk that is full, a write fails, and no signal ends the process.
_ON_A_FULL_DISK: Final = ("sh", "-c", f"trap '' XFSZ; ulimit -f {FILE_LIMIT // 512}; exec \"$@\"", "sh")


@dataclass(frozen=True, slots=True)
class Run:
    """How the processes of one run ended, None where one did not, and what lay there then.

    `pictures` is the linked one, and of flowimg the inline one too.
    """

    codes: tuple[int | None, ...]
    pictures: tuple[Found, ...]
    seconds: float

    @property
    def is_right(self) -> bool:
        return is_right(self.codes, self.pictures)


@dataclass(frozen=True, slots=True)
class Cell:
    """What the table says of one downloader in one situation."""

    runs: tuple[Run, ...]
    too_soon: bool = False
    """Whether it has the picture without the wait that the service asked for."""

    @property
    def is_right(self) -> bool:
        """Whether nothing wrong has ever lain there."""
        return all(run.is_right for run in self.runs)

    @property
    def is_mended(self) -> bool:
        """Whether a second run has made it right."""
        return not self.is_right and self.runs[-1].is_right


def fill(row: Row, downloader: Downloader, service: Service, foreign: Service | None) -> Cell:
    """Put `downloader` into the situation, until something is wrong. `foreign` is another host."""
    for _ in range(row.times):
        cell = _filled(row, downloader, service, foreign)
        if not cell.is_right:
            break
    return cell


def _filled(row: Row, downloader: Downloader, service: Service, foreign: Service | None) -> Cell:
    """One try, on a home of its own."""
    with_extension = row.png or downloader.needs_extension
    with tempfile.TemporaryDirectory(prefix="flowimg-benchmark-") as folder:
        task = Task(service, service.address(service.linked, with_extension=with_extension), Path(folder))
        downloader.prepare(task)
        elsewhere = foreign.address(foreign.inline).replace("127.0.0.1", "localhost") if foreign else ""
        specs = row.specs(
            ours=downloader.is_ours,
            linked=service.linked.media_key,
            inline=service.inline.media_key,
            elsewhere=elsewhere,
        )
        service.arm(*specs)
        first = _run(row.course, downloader, task)
        runs = [first]
        if row.course is Course.KILLED or not first.is_right:
            runs.append(_run(Course.ALONE, downloader, task))
        service.clear()
    return Cell(tuple(runs), too_soon=first.codes == (0,) and first.seconds < row.wait)


def _run(course: Course, downloader: Downloader, task: Task) -> Run:
    begun = time.monotonic()
    codes = _codes(course, downloader, task)
    seconds = time.monotonic() - begun
    files = {path.name: path.read_bytes() for path in task.folder.rglob("*") if path.is_file()}
    linked, inline = task.service.linked, task.service.inline
    wanted = [_as_picture(linked, inline)]
    if downloader.is_ours:
        wanted.append(_as_picture(inline, linked))
    return Run(codes, tuple(found(files, picture) for picture in wanted), seconds)


def _as_picture(image: Listed, other: Listed) -> Picture:
    versions = (image.content, other_picture(image.content))
    return Picture(image.media_key, "jpg", versions, (other.content,))


def _codes(course: Course, downloader: Downloader, task: Task) -> tuple[int | None, ...]:
    command, environment = downloader.command(task), downloader.environment(task)

    def start(before: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*before, *command],
            env=environment,
            cwd=task.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    match course:
        case Course.ALONE:
            processes = [start()]
        case Course.ON_A_FULL_DISK:
            processes = [start(_ON_A_FULL_DISK)]
        case Course.KILLED:
            processes = [start()]
            _until_spoilt(task.service, processes[0])
            time.sleep(_TO_ITS_DISK)
            processes[0].kill()
        case Course.TWICE_AT_ONCE:
            processes = [start()]
            _until_spoilt(task.service, processes[0])
            time.sleep(_TO_MID_FILE)
            processes.append(start())
    return tuple(_end_of(process) for process in processes)


def _until_spoilt(service: Service, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not service.has_spoilt() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)


def _end_of(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(_LONGEST_RUN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None
