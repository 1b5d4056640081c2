"""A session at the app, as a person has it: sync, download, walk about, filter, sort, rest."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from benchmarks.screen.picture import USUAL
from benchmarks.screen.scene import SIGN
from benchmarks.screen.terminal import Terminal
from benchmarks.screen.watched import DRIVER, LOG_VARIABLE, Notes

SSH: Final = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}
_DOWN: Final = b"\x1b[B"
_BACKSPACE: Final = b"\x7f"
_WALK: Final = (_DOWN, b"j", b"j", b"\x1b[6~", b"k", b"\x04", _DOWN, b" ", b"\x15", b"G", b"k", b"g")
"""Down, a page down, half a page down, a selection, half a page up, the last and the first image."""
_WORDS: Final = ("boat", "misty")
"""With each of their letters something else is found."""


class Sign(StrEnum):
    """What on the screen tells that a key has done its work: what stands there is another than before."""

    PLACE = r"(?:↑|↓)   (\d+) of \d"
    FOUND = r"(\d+) found of \d"
    ORDER = r"([a-z]+ (?:↑|↓))   \d+ of \d"
    PIXELS = r"Picture  (\d+×\d+)"
    PAGE = r"(?s)\A[^…]*(?:↑|↓)   (\d+) of \d[^…]*\Z"
    """The place, once no tile of a contact sheet waits for its picture."""


@dataclass(frozen=True, slots=True)
class Amount:
    """How much of everything; times in seconds."""

    walks: int = 15
    filters: int = 4
    sorts: int = 2
    watched: float = 10.0
    idle: float = 60.0
    steps: int = 12
    calm: float = 1.5
    """For how long nothing comes when nothing more will."""
    pause: float = 0.06
    """Before a key, on the average."""
    pictures: int = 40
    pages: int = 8
    effect: float = 0.4
    """In what time a key that is not measured has had its effect."""


QUICK: Final = Amount(
    walks=1,
    filters=1,
    sorts=1,
    pictures=2,
    pages=1,
    watched=0.3,
    idle=0.3,
    steps=1,
    calm=0.3,
    pause=0.01,
    effect=0.2,
)


@dataclass(slots=True)
class Session:
    """What was done, and what came of it."""

    pressed: list[Sign | None] = field(default_factory=list)
    """For each key what it had to change, if that was waited for."""
    bytes_a_second: float = 0.0
    idle: int = 0
    steps: list[int] = field(default_factory=list)
    scrolling_step: int = 0
    memory: int = 0
    """The most bytes that it has had."""
    size: tuple[int, int] = USUAL
    """The columns and lines of the terminal."""
    notes: Notes = field(default_factory=lambda: Notes([], [], []))


def session(variables: Mapping[str, str], folder: Path, amount: Amount) -> Session:
    """Have one with an app of its own, in an installation that was not synced yet."""
    log = folder / "notes.json"
    watched = {"TEXTUAL_DRIVER": DRIVER, LOG_VARIABLE: str(log)}
    with Terminal(("flowimg_tui",), {**variables, **watched}) as terminal:
        had = Person(terminal, amount).work()
    had.notes = Notes.read(log)
    return had


class Person:
    """Has a session at an app; what it does in it is in :meth:`work`."""

    def __init__(self, terminal: Terminal, amount: Amount) -> None:
        self.terminal, self.amount = terminal, amount
        self.had = Session()
        # Pauses that are never the same: the keys meet the app at any point of its frames.
        self._chance = random.Random(1)  # noqa: S311 - pauses, not secrets

    def work(self) -> Session:
        had, terminal = self.had, self.terminal
        terminal.wait_for(SIGN)
        terminal.wait_for_quiet(self.amount.calm)
        self.press(b"s", r"Synced \d+ new")
        self.press(b"d", "Downloading")
        terminal.written_within(self.amount.calm)
        seconds = self.amount.watched
        had.bytes_a_second = terminal.written_within(seconds) / seconds
        for _ in range(self.amount.walks):
            for key in _WALK:
                self.change(key, Sign.PLACE)
        self.press(b"\x1b")
        for _ in range(self.amount.filters):
            self._filter()
        for _ in range(self.amount.sorts):
            for key in (*[b"o"] * 6, b"O", b"O"):
                self.change(key, Sign.ORDER)
        self.press(b"x")
        self._rest()
        had.memory = terminal.memory()
        self.press(b"q")
        terminal.wait_for_end()
        return had

    def _filter(self) -> None:
        for word in _WORDS:
            self.press(b"/")
            for letter in word:
                self.change(letter.encode(), Sign.FOUND)
            for _ in word[1:]:
                self.change(_BACKSPACE, Sign.FOUND)
            self.press(b"\x1b")

    def _rest(self) -> None:
        """Let nothing run, then walk one step at a time."""
        had, terminal = self.had, self.terminal
        terminal.wait_for_quiet(self.amount.calm)
        had.idle = terminal.written_within(self.amount.idle)
        had.steps = [self._bytes_of(_DOWN) for _ in range(self.amount.steps)]
        self._bytes_of(b"\x1b[6~")
        self._bytes_of(b"\x1b[6~")
        had.scrolling_step = self._bytes_of(_DOWN)

    def _bytes_of(self, key: bytes) -> int:
        self.had.pressed.append(None)
        self.terminal.press(key)
        return self.terminal.written_within(self.amount.effect)

    def press(self, key: bytes, sign: str = "") -> None:
        """Press a key that is not measured, and wait for `sign`, or for what comes at once."""
        self._pause()
        self.had.pressed.append(None)
        self.terminal.press(key)
        if sign:
            self.terminal.wait_for(sign)
        else:
            self.terminal.written_within(self.amount.effect)

    def change(self, key: bytes, sign: Sign) -> None:
        """Press a key, and wait until what it changes has changed."""
        self._pause()
        before = self.terminal.picture.value(sign)
        self.had.pressed.append(sign)
        self.terminal.press(key)
        self.terminal.wait_for_other(before, sign)

    def _pause(self) -> None:
        self.terminal.written_within(self.amount.pause * self._chance.uniform(0.5, 1.5))
