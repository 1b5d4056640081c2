"""Verify: is every saved file still what it was when it was saved?"""

import asyncio
import hashlib
import logging
import stat
import time
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from flowimg_tui.mirror.events import (
    FileProblem,
    FilesVerified,
    Problem,
    VerifyEvent,
    VerifyFinished,
    VerifyStarted,
)
from flowimg_tui.mirror.pictures import NotAPicture, identify
from flowimg_tui.mirror.stop import Stop, Stopped
from flowimg_tui.mirror.sums import AddSum
from flowimg_tui.store.database import StoreError
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import FileRecord

log = logging.getLogger(__name__)

_BATCH: Final = 200
_TELL_EVERY: Final = 0.25
_FORGOTTEN: Final = frozenset({Problem.MISSING, Problem.DAMAGED})
_NOBODY_KNOWS: Final = "the ledger does not know it: nobody can say whether it is the picture"


@dataclass(frozen=True, slots=True)
class _Finding:
    problem: Problem
    reason: str


async def verify(
    gallery: Gallery, profile_id: int, stop: Stop, add_sum: AddSum = lambda *_: None
) -> AsyncGenerator[VerifyEvent, None]:
    """Compare every file of the profile's ledger with its size, its SHA-256 and a picture's structure.

    The images of a file that is missing, damaged, or unknown to the ledger are pending again; the file itself
    is left as it is. One that cannot be looked at is named, and nothing else. ``add_sum`` gets each whole
    file. The caller holds the profile's lock. Raises ``StoreError`` before the first event; later the last
    one, :class:`VerifyFinished`, tells of it.
    """
    run = _Verify(gallery, profile_id, stop)
    yield VerifyStarted(gallery.count_saved_files(profile_id))
    error: StoreError | None = None
    complete = False
    told = started = time.monotonic()
    try:
        for file in run.files():
            problem = await run.problem_of(file)
            if problem is None:
                add_sum(file.path, file.sha256)
            else:
                yield problem
            if time.monotonic() - told >= _TELL_EVERY:
                told = time.monotonic()
                yield FilesVerified(run.checked)
        for problem in run.unknown():
            yield problem
        complete = True
    except Stopped:
        log.info("Verification stopped")
    except StoreError as broken:
        error = broken
    finished = run.finished(time.monotonic() - started, complete=complete, error=error)
    log.info(
        "Verified %d files: %d missing, %d damaged, %d unreadable; %d images are pending again",
        finished.checked,
        finished.missing,
        finished.damaged,
        finished.unreadable,
        finished.pending_again,
    )
    yield finished


class _Verify:
    def __init__(self, gallery: Gallery, profile_id: int, stop: Stop) -> None:
        self._gallery = gallery
        self._profile_id = profile_id
        self._stop = stop
        self._found = dict.fromkeys(Problem, 0)
        self._bytes = self._pending_again = 0
        self.checked = 0

    def files(self) -> Iterator[FileRecord]:
        """Yield what the ledger holds, a batch at a time."""
        after = 0
        while rows := self._gallery.saved_files(self._profile_id, after, _BATCH):
            for row in rows:
                yield row.file
            after = rows[-1].id

    async def problem_of(self, file: FileRecord) -> FileProblem | None:
        """Return what is wrong with a file, if anything. Raises :class:`Stopped`, at a silent disk too."""
        finding = await self._stop.cuts(asyncio.to_thread(_look_at, file))
        self.checked += 1
        if finding is None:
            self._bytes += file.size
            return None
        self._found[finding.problem] += 1
        if finding.problem in _FORGOTTEN:
            self._forget(file.path, finding.reason)
        log.warning("%s: %s, %s", finding.problem.capitalize(), file.path, finding.reason)
        return FileProblem(finding.problem, file.path, file.media_key, file.name, finding.reason)

    def unknown(self) -> Iterator[FileProblem]:
        """Make images pending whose file the ledger does not know, and yield each one."""
        for image in self._gallery.images_without_ledger(self._profile_id):
            self._forget(image.path, _NOBODY_KNOWS)
            log.warning("Not in the ledger: %s", image.path)
            yield FileProblem(Problem.UNKNOWN, image.path, image.media_key, image.name, _NOBODY_KNOWS)

    def _forget(self, path: str, reason: str) -> None:
        now = datetime.now(UTC)
        self._pending_again += self._gallery.forget_file(self._profile_id, path, reason, now)

    def finished(self, seconds: float, *, complete: bool, error: StoreError | None) -> VerifyFinished:
        return VerifyFinished(
            checked=self.checked,
            missing=self._found[Problem.MISSING],
            damaged=self._found[Problem.DAMAGED],
            unreadable=self._found[Problem.UNREADABLE],
            pending_again=self._pending_again,
            bytes=self._bytes,
            seconds=seconds,
            complete=complete,
            error=error,
        )


def _look_at(file: FileRecord) -> _Finding | None:
    """Return what is wrong with a file, or ``None`` where it is exactly what was saved."""
    path = Path(file.path)
    try:
        # Not Path.is_file: since Python 3.14 a file that may not be looked at is none to it.
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            return _Finding(Problem.DAMAGED, "something that is no file stands in its place")
        if found.st_size != file.size:
            return _Finding(Problem.DAMAGED, f"{found.st_size} bytes instead of {file.size}")
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return _absent(path.parent.parent)
    except OSError as error:
        return _Finding(Problem.UNREADABLE, error.strerror or str(error))
    if hashlib.sha256(data).hexdigest() != file.sha256:
        return _Finding(Problem.DAMAGED, "other bytes than those that were saved")
    try:
        identify(data)
    except NotAPicture as error:
        return _Finding(Problem.DAMAGED, str(error))
    return None


def _absent(output: Path) -> _Finding:
    """Tell a file that is gone from a disk that is not there, of which all files seem to be gone."""
    try:
        # An empty folder is what a disk that is not mounted leaves in its place.
        is_there = output.is_dir() and any(output.iterdir())
    except OSError as error:
        return _Finding(Problem.UNREADABLE, error.strerror or str(error))
    if not is_there:
        return _Finding(
            Problem.UNREADABLE,
            f"the folder {output} is not there, or empty; is its disk? "
            "If all is really gone, put any file into it and verify again",
        )
    return _Finding(Problem.MISSING, "the file is gone")
