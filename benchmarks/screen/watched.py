"""A driver that Textual takes by its variable ``TEXTUAL_DRIVER``: it notes when things happen in the app.

So the program itself is measured, from its own command on, and nothing of it is made for that. All times are
of the app's own clock, which is Textual's as well.
"""

import asyncio
import json
import os
import time
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from textual import events
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

LOG_VARIABLE: Final = "SCREEN_BENCHMARK_LOG"
DRIVER: Final = f"{__name__}:WatchedDriver"
_TICK: Final = 0.005


class Notes(NamedTuple):
    """What a run has left: each key when it was read, each text when the terminal had it, each late tick."""

    keys: list[tuple[float, str]]
    written: list[tuple[float, str]]
    late: list[tuple[float, float]]

    @classmethod
    def read(cls, path: Path) -> "Notes":
        return cls(*json.loads(path.read_text("utf-8")))


class WatchedDriver(LinuxDriver):
    """The usual driver, with a watch on it."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._notes = Notes([], [], [])
        self._file: Any = _Noted(self._file, self._notes)

    def process_message(self, message: Message) -> None:
        if isinstance(message, events.Key):
            self._notes.keys.append((message.time, message.key))
        super().process_message(message)

    def start_application_mode(self) -> None:
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self._watch(asyncio.get_running_loop(), time.monotonic())

    def _watch(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        """Note how late this call is, and come again."""
        now = time.monotonic()
        if now - due > _TICK:
            self._notes.late.append((now, now - due))
        loop.call_later(_TICK, self._watch, loop, now + _TICK)

    def close(self) -> None:
        super().close()
        Path(os.environ[LOG_VARIABLE]).write_text(json.dumps(self._notes), "utf-8")


class _Noted:
    """The file of the terminal; what was written has arrived when it is flushed."""

    def __init__(self, file: IO[str], notes: Notes) -> None:
        self._file, self._notes = file, notes
        self._waiting: list[str] = []

    def fileno(self) -> int:
        return self._file.fileno()

    def write(self, text: str) -> int:
        self._waiting.append(text)
        return self._file.write(text)

    def flush(self) -> None:
        self._file.flush()
        self._notes.written.append((time.monotonic(), "".join(self._waiting)))
        self._waiting.clear()
