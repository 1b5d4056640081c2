"""What becomes of words that nobody can take any more."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


class Unwritable(Exception):
    """What a command has to say cannot be written; the message says where and why."""


@contextmanager
def written_to(stream: TextIO) -> Iterator[None]:
    """Let ``stream`` go nowhere from its first failure on.

    Failing once more at Python's end, it would replace the exit code by 120.

    Raises :class:`Unwritable`, and ``BrokenPipeError`` for a reader that has gone. A terminal that has gone
    is neither: its signal ends the command, or was meant not to.
    """
    try:
        yield
    except OSError as error:
        nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        if isinstance(error, BrokenPipeError):
            raise
        if error.errno != errno.EIO:
            name = stream.name.strip("<>")
            raise Unwritable(f"{name} cannot be written: {error.strerror}.") from error
