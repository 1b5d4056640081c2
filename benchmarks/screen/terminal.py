"""A pseudo-terminal with a program on it: keys go in, and every byte that comes out is counted."""

import codecs
import fcntl
import os
import pty
import re
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

from benchmarks.screen.picture import USUAL, Picture

_PATIENCE: Final = 60.0
# An installed package has its bytecode, and so have the sources after the first start.
_NO_BYTECODE: Final = "PYTHONDONTWRITEBYTECODE"
_WHO: Final = b"\x1b[c"
_NOBODY: Final = b"\x1b[?62c"
"""A terminal is asked what it can, and says: nothing but text."""
_NOT_INHERITED: Final = ("NO_COLOR", "SSH_CONNECTION", "TEXTUAL_", "FLOWIMG_", "COLORTERM", _NO_BYTECODE)
_SOURCES: Final = Path(__file__).parents[2]


class ScreenUnusable(Exception):
    """The program does not show what it should."""


class Terminal:
    """The program runs from `with` to the end of it."""

    def __init__(
        self, module: Sequence[str], variables: Mapping[str, str], size: tuple[int, int] = USUAL
    ) -> None:
        """Start a module with its arguments. Of the environment it gets nothing that changes a screen."""
        self._master, slave = pty.openpty()
        columns, lines = size
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(_NOT_INHERITED)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", *module],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**inherited, "TERM": "xterm-256color", "PYTHONPATH": str(_SOURCES), **variables},
            start_new_session=True,
        )
        os.close(slave)
        self.picture = Picture(size)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def wait_for(self, sign: str) -> None:
        """Read on until the screen has something that `sign` matches. Raises ScreenUnusable."""
        self._read_until(lambda: re.search(sign, str(self.picture)) is not None, f"{sign!r} to come")

    def wait_for_other(self, value: str, sign: str) -> None:
        """Read on until the sign's group is another than `value`. Raises ScreenUnusable."""
        self._read_until(
            lambda: self.picture.value(sign) not in ("", value), f"{sign!r} to be another than {value!r}"
        )

    def written_within(self, seconds: float) -> int:
        """Return how many bytes come in the next `seconds`."""
        before = self._bytes
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._read(left)
        return self._bytes - before

    def wait_for_quiet(self, seconds: float) -> None:
        """Read on until nothing has come for `seconds`. Raises ScreenUnusable."""
        self._read_until(lambda: self.written_within(seconds) == 0, "quiet")

    def wait_for_end(self) -> None:
        """Read to the end of the program. Raises ScreenUnusable."""
        self._read_until(lambda: self.process.poll() is not None, "the program to end")

    def memory(self) -> int:
        """Return the most bytes of memory that the program has had until now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024

    def _read_until(self, holds: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not holds():
            if time.monotonic() > deadline:
                raise ScreenUnusable(f"waited in vain for {what}; this is there:\n{self.picture}")
            self._read(0.05)

    def _read(self, patience: float) -> None:
        """Read what is there, or comes within `patience`."""
        while select.select([self._master], [], [], patience)[0]:
            try:
                data = os.read(self._master, 65536)
            except OSError:
                return
            if not data:
                return
            self._bytes += len(data)
            self.picture.feed(self._decoder.decode(data))
            if _WHO in data:
                os.write(self._master, _NOBODY)
            patience = 0
