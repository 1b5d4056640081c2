"""A terminal that can go away at any moment, as that of an SSH link does, with a command on it."""

import codecs
import fcntl
import os
import pty
import select
import struct
import termios
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from benchmarks.screen.picture import Picture
from tests.cli.terminal import PATIENCE
from tests.forks import MAIN, forks


class SshLink:
    """Its far end is ``flowimg``. As a context manager it kills one that has not ended by itself."""

    def __init__(self, environment: Mapping[str, str], *arguments: str, program: str = MAIN) -> None:
        self._near, far = pty.openpty()
        fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self._far: int | None = far
        self._process = forks(screen=True).start(
            arguments,
            {**environment, "TERM": "xterm-256color"},
            (far, far, far),
            program=program,
            controlled=True,
        )
        self._shown = b""
        self._picture = Picture()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait(PATIENCE)
        self.break_off()

    def wait_for(self, text: str) -> None:
        """Read what is shown, until ``text`` was, at once or one by one."""
        deadline = time.monotonic() + PATIENCE
        while text.encode() not in self._shown and text not in str(self._picture):
            assert time.monotonic() < deadline, f"no {text!r} in\n{self._picture}"
            if select.select([self._near], [], [], 0.1)[0]:
                data = os.read(self._near, 65536)
                self._shown += data
                self._picture.feed(self._decoder.decode(data))
                self._let_go_of_the_far_end()

    def type(self, keys: str) -> None:
        os.write(self._near, keys.encode())

    def break_off(self) -> None:
        """Let the terminal be gone; the system tells the command so."""
        self._let_go_of_the_far_end()
        if self._near >= 0:
            os.close(self._near)
            self._near = -1

    def ended(self) -> int:
        """Wait for the end of the command, and return its exit code."""
        return self._process.wait(PATIENCE)

    def _let_go_of_the_far_end(self) -> None:
        # Not before the command has it: a terminal without a far end is gone already.
        if self._far is not None:
            os.close(self._far)
            self._far = None
