"""Asking for a secret at the terminal: nothing of it is shown, and a paste may be as long as it wants."""

import os
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import typer

from flowimg_tui.cli.diagnostics import ask, tell

_PASTE_BEGINS, _PASTE_ENDS = b"\x1b[200~", b"\x1b[201~"
_BRACKETED_ON: Final = "\x1b[?2004h"
_BRACKETED_OFF: Final = "\x1b[?2004l"
_END_OF_INPUT: Final = 4
_LINE_ENDS: Final = b"\r\n"
_ENDING: Final = (signal.SIGTERM, signal.SIGHUP)
_CHUNK: Final = 65536


def read_secret(question: str, limit: int) -> bytes:
    """Return what is typed or pasted after ``question``, at most ``limit`` bytes and one more.

    Enter ends it after a paste, ctrl+d at any time: without bracketed paste a line break may be a part of it.
    """
    data = bytearray()
    with _silent():
        # Not before: a quick answer would be echoed.
        ask(question)
        while len(data) <= limit:
            chunk = os.read(sys.stdin.fileno(), _CHUNK)
            end = chunk.find(_END_OF_INPUT)
            data += chunk if end < 0 else chunk[:end]
            if not chunk or end >= 0 or _is_answered(data):
                break
    tell("")
    # Pasted once more, it is meant in place of what was pasted before.
    return bytes(data.rpartition(_PASTE_BEGINS)[2].replace(_PASTE_ENDS, b""))


def _is_answered(data: bytearray) -> bool:
    """Tell whether a paste is there, whole, and Enter after it."""
    return _PASTE_ENDS in data and data[-1] in _LINE_ENDS and data.rstrip(_LINE_ENDS).endswith(_PASTE_ENDS)


@contextmanager
def _silent() -> Iterator[None]:
    """Turn echo and line editing off: the terminal's own lines end after 4096 bytes, a cookie's do not."""
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    changed = termios.tcgetattr(terminal)
    changed[3] &= ~(termios.ECHO | termios.ICANON)
    handlers = {number: signal.signal(number, _end) for number in _ENDING}
    try:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, changed)
        _write(_BRACKETED_ON)
        yield
    finally:
        # The terminal may be gone, as after a broken SSH link.
        with suppress(OSError, termios.error):
            _write(_BRACKETED_OFF)
            termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _end(number: int, _frame: object) -> None:
    """Let a signal end the command as an exception, so that the terminal is as it was before."""
    raise typer.Exit(128 + number)


def _write(sequence: str) -> None:
    sys.stderr.write(sequence)
    sys.stderr.flush()
