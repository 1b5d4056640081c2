"""A program of the user's that never ends by itself, and how a test learns that it is gone."""

import os
import select
import sys
from pathlib import Path
from typing import Final

BEGUN: Final = b"begun"
_PATIENCE: Final = 20.0
# Where nobody kills it, it ends long after the test has failed.
_ENDLESS: Final = f"""
import os, signal, sys
os.write(os.open(sys.argv[1], os.O_WRONLY), {BEGUN!r})
signal.alarm(60)
signal.pause()
"""


class Lifeline:
    """A pipe in the file system whose writing end each process of a program holds until it is gone."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self._path = path
        self._end = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    @property
    def endless_program(self) -> list[str]:
        """The command of a program that holds the pipe, writes ``BEGUN`` into it, and never ends."""
        return [sys.executable, "-S", "-c", _ENDLESS, str(self._path)]

    def read(self) -> bytes:
        """Return what was written, or nothing when the last holder has gone."""
        ready, _, _ = select.select([self._end], [], [], _PATIENCE)
        assert ready, "somebody still holds the pipe"
        return os.read(self._end, 100)

    def close(self) -> None:
        os.close(self._end)
