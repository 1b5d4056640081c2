"""What the terminal says it can show: asked once, before the screen starts, and never where one would see it.

All questions go out together. The last of them is one that every terminal answers, so that nobody waits for
the answers that will not come. What else came meanwhile, as a key that was pressed, is handed on, and so is
whether an answer is late: whoever reads next has to expect it.

Sources: kitty's graphics protocol, "Querying support"; xterm's control sequences: DA1, and 16 of XTWINOPS.
"""

import fcntl
import os
import re
import select
import struct
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from flowimg_tui.previews.geometry import Size

PATIENCE: Final = 0.3
"""Seconds that a terminal has for its answers. It is one on this machine: nobody asks over SSH."""
QUERY: Final = b"\x1b_Gi=31,s=1,v=1,a=q,U=1,t=d,f=24;AAAA\x1b\\\x1b[16t\x1b[c"
"""An old kitty that knows no placeholders takes U for an error, and does not answer that."""

_KITTY: Final = re.compile(rb"\x1b_G[^\x1b]*;OK\x1b\\")
_CELL: Final = re.compile(rb"\x1b\[6;([0-9]{1,4});([0-9]{1,4})t")
_ATTRIBUTES: Final = re.compile(rb"\x1b\[\?([0-9;]*)c")
_ANSWER: Final = re.compile(rb"\x1b_G[^\x1b]*\x1b\\|" + _CELL.pattern + b"|" + _ATTRIBUTES.pattern)
_SIXEL: Final = b"4"
_WINDOW: Final = struct.Struct("HHHH")


@dataclass(frozen=True, slots=True)
class Unread:
    """What whoever reads from the terminal next has to know."""

    data: bytes = b""
    """What came beside whole answers."""
    is_owed: bool = False
    """Whether the terminal has not given all answers yet."""


NOTHING: Final = Unread()


@dataclass(frozen=True, slots=True)
class Answers:
    """What a terminal can; a silent one can nothing."""

    kitty: bool = False
    sixel: bool = False
    cell: Size | None = None
    """The pixels of a cell, where they are known."""
    unread: Unread = field(default=NOTHING, compare=False)


def answers_in(data: bytes) -> Answers:
    """Return what the terminal has said, among whatever else came from it."""
    attributes = _ATTRIBUTES.search(data)
    cell = _CELL.search(data)
    height, width = (int(number) for number in cell.groups()) if cell else (0, 0)
    return Answers(
        kitty=_KITTY.search(data) is not None,
        sixel=attributes is not None and _SIXEL in attributes[1].split(b";"),
        cell=(width, height) if width and height else None,
        unread=Unread(_ANSWER.sub(b"", data), is_owed=attributes is None),
    )


def ask(source: int, sink: int, patience: float = PATIENCE) -> Answers:
    """Ask the terminal that ``source`` reads from and ``sink`` writes to. Raises nothing."""
    if not (os.isatty(source) and os.isatty(sink)):
        return Answers()
    try:
        with _unseen(source):
            os.write(sink, QUERY)
            answers = answers_in(_read(source, patience))
    except (OSError, termios.error):
        return Answers()
    return replace(answers, cell=cell_of(sink) or answers.cell)


def cell_of(terminal: int) -> Size | None:
    """Return the pixels of a cell as the terminal's driver knows them; nothing is sent for it."""
    try:
        answer = fcntl.ioctl(terminal, termios.TIOCGWINSZ, bytes(_WINDOW.size))
    except OSError:
        return None
    rows, columns, width, height = _WINDOW.unpack(answer)
    if not (rows and columns and width >= columns and height >= rows):
        return None
    return width // columns, height // rows


@contextmanager
def _unseen(terminal: int) -> Iterator[None]:
    """Let the answers come at once, and not be shown as if somebody had typed them."""
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal, termios.TCSANOW)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, before)


def _read(terminal: int, patience: float) -> bytes:
    data = b""
    end = time.monotonic() + patience
    while not _ATTRIBUTES.search(data):
        readable, _, _ = select.select([terminal], [], [], max(end - time.monotonic(), 0))
        more = os.read(terminal, 1024) if readable else b""
        if not more:
            break
        data += more
    return data
