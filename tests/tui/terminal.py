"""The app on a real pseudo-terminal: keys go in, and every byte that comes out is kept."""

import codecs
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pytest

from benchmarks.screen.picture import Picture
from tests.forks import MAIN, Forked, forks

PATIENCE: Final = 30.0
COMMAND: Final = (sys.executable, "-m", "flowimg_tui")
RESTORED: Final = (b"\x1b[?1049l", b"\x1b[?1003l", b"\x1b[?25h")
_WHO: Final = b"\x1b[c"
_NOBODY: Final = b"\x1b[?62c"
"""A terminal is asked what it can, and says: nothing but text."""
_NOT_INHERITED: Final = ("NO_COLOR", "SSH_CONNECTION", "TEXTUAL_", "FLOWIMG_", "COLORTERM")


def demo_in(folder: Path, *flags: str) -> tuple[str, ...]:
    """Return the arguments of a slow demo that keeps its home and pictures in ``folder``."""
    return "demo", "--rate", "2000", "--keep", str(folder), *flags


class Terminal:
    """A pseudo-terminal of 120×40 with ``flowimg`` on it.

    It does not control the session of the app: when it goes, no signal comes. A ``program`` of words is
    started as it is; a text is one that the fork server runs.
    """

    def __init__(
        self,
        *arguments: str,
        program: str | Sequence[str] = MAIN,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(_NOT_INHERITED)}
        own = {"TERM": "xterm-256color", "FLOWIMG_PAGE_DELAY": "0", **(variables or {})}
        environment, streams = {**inherited, **own}, (slave, slave, slave)
        self.process: Forked | subprocess.Popen[bytes]
        if isinstance(program, str):
            self.process = forks(screen=True).start(
                arguments, environment, streams, program=program, own_session=True
            )
        else:
            self.process = subprocess.Popen(
                [*program, *arguments],
                stdin=slave,
                stdout=slave,
                stderr=slave,
                env=environment,
                start_new_session=True,
            )
        os.close(slave)
        self.seen = b""
        self._picture = Picture()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        if self.master >= 0:
            os.close(self.master)

    def wait_for(self, words: bytes) -> None:
        """Read on until ``words`` were drawn, at once or one by one."""
        text = words.decode()
        self._read_until(lambda: words in self.seen or text in str(self._picture), f"{words!r} to come")

    def wait_for_more(self) -> None:
        """Read on until something came."""
        before = len(self.seen)
        self._read_until(lambda: len(self.seen) > before, "anything to come")

    def wait_for_quiet(self, seconds: float) -> None:
        """Read on until nothing has come for ``seconds``."""
        latest = [time.monotonic()]

        def quiet() -> bool:
            if self._read(seconds / 10):
                latest[0] = time.monotonic()
            return time.monotonic() - latest[0] >= seconds

        self._read_until(quiet, "quiet")

    def written_within(self, seconds: float) -> bytes:
        """Return what comes in the next ``seconds``."""
        before = len(self.seen)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._read(left)
        return self.seen[before:]

    def answer(self) -> None:
        """Answer what is asked before the start."""
        os.write(self.master, _NOBODY)

    def press(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def sync(self) -> None:
        """Bring the gallery of the demo in, as soon as the app asks for it."""
        self.wait_for(b"Press s to sync")
        self.press(b"s")
        self.wait_for(b"Synced 42 new images")

    def begin_a_download(self) -> None:
        self.sync()
        self.press(b"d")
        self.wait_for(b"asking")

    def end(self) -> int:
        """Read to the end and return the exit code."""
        self._read_until(lambda: self.process.poll() is not None, "the app to end")
        self._read(0)
        return self.process.wait(PATIENCE)

    def hang_up(self) -> None:
        """Take the terminal away, as a broken SSH link does."""
        os.close(self.master)
        self.master = -1

    def _read_until(self, holds: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > deadline:
                pytest.fail(f"waited in vain for {what}; the end of what came: {self.seen[-2000:]!r}")
            self._read(0.05)

    def _read(self, patience: float) -> bool:
        """Read what is there, or comes within ``patience``, and tell whether anything did."""
        before = len(self.seen)
        while select.select([self.master], [], [], patience)[0]:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                break
            if not data:
                break
            self.seen += data
            self._picture.feed(self._decoder.decode(data))
            if _WHO in data:
                self.answer()
            patience = 0
        return len(self.seen) > before
