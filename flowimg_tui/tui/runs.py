"""A run of the mirror in a thread of its own.

A terminal that does not read stalls the screen's loop; a download must go on all the same. So each run has a
thread and in it a loop of its own, and what it tells goes to the screen as messages.
"""

import asyncio
import threading
from enum import StrEnum
from typing import TYPE_CHECKING

from flowimg_tui.mirror.stop import Stop, not_waiting_for_threads
from flowimg_tui.store.records import ProfileRecord

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Set

    from flowimg_tui.mirror.events import MirrorEvent
    from flowimg_tui.mirror.progress import ProgressBoard


class RunKind(StrEnum):
    """What can be done for a profile."""

    SYNC = "sync"
    DOWNLOAD = "download"
    RETRY = "retry"
    VERIFY = "verification"
    REFRESH = "force refresh"
    UNDO = "undo of a force refresh"

    @property
    def downloads(self) -> bool:
        return self in (RunKind.DOWNLOAD, RunKind.RETRY)


class Run:
    """One action on one profile, from its key to its last event."""

    def __init__(
        self,
        kind: RunKind,
        profile: ProfileRecord,
        begin: "Callable[[Stop, ProgressBoard], AsyncIterator[MirrorEvent]]",
        board: "ProgressBoard",
        workers: int,
        only: "Set[int] | None" = None,
    ) -> None:
        """Make a run that has not begun; ``only`` are the images that a download was asked for, or all."""
        self.kind = kind
        self.profile = profile
        self.board = board
        self.workers = workers
        self.only = only
        self._begin = begin
        self._lock = threading.Lock()
        self._stop_asked = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: Stop | None = None

    @property
    def stopping(self) -> bool:
        return self._stop_asked

    def work(self, tell: "Callable[[MirrorEvent], object]") -> None:
        """Run to the last event, in the calling thread. Raises what the action raises."""
        asyncio.run(not_waiting_for_threads(self._work(tell)))

    def ask_to_stop(self) -> None:
        """Ask the run to end at once, from any thread, at any time of its life."""
        with self._lock:
            self._stop_asked = True
            if self._loop is not None and self._stop is not None:
                self._loop.call_soon_threadsafe(self._stop.ask)

    async def _work(self, tell: "Callable[[MirrorEvent], object]") -> None:
        stop = Stop()
        with self._lock:
            self._loop, self._stop = asyncio.get_running_loop(), stop
            if self._stop_asked:
                stop.ask()
        try:
            async for event in self._begin(stop, self.board):
                tell(event)
        finally:
            with self._lock:
                self._loop = None
