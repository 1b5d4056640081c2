"""One pace for all workers of a run: what the service asks of one of them, all of them heed."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias, TypeVar

from flowimg_tui.flow.errors import FlowError, RateLimited
from flowimg_tui.flow.pace import wish_of

log = logging.getLogger(__name__)

T = TypeVar("T")

Waits: TypeAlias = Callable[[float | None], object]
"""Told before a wait how many seconds it takes; ``None`` where another request must end first."""


class Throttle:
    """Lets as many requests run at a time as there are workers, and fewer where the service asks for it.

    ``Retry-After`` holds every request back. The second HTTP 429 in a row, and each one after it, halves how
    many run at a time, down to one; as many successes as run at a time let one more of them run again.
    """

    def __init__(self, workers: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = self._allowed = workers
        self._clock = clock
        self._running = 0
        self._freed = asyncio.Event()
        self._not_before = 0.0
        self._warnings = 0
        self._is_warned = False
        self._successes = 0

    @property
    def allowed(self) -> int:
        """How many requests may run at a time now."""
        return self._allowed

    async def request(self, ask: Callable[[], Coroutine[Any, Any, T]], waits: Waits) -> T:
        """Return what ``ask`` gives, asked when it is its turn."""
        await self._turn(waits)
        warnings = self._warnings
        self._running += 1
        try:
            answer = await ask()
        except FlowError as error:
            self._heed(error, warnings)
            raise
        finally:
            self._running -= 1
            self._wake()
        self._note_success(warnings)
        return answer

    async def _turn(self, waits: Waits) -> None:
        while True:
            pause = self._not_before - self._clock()
            if pause > 0:
                waits(pause)
                await asyncio.sleep(pause)
            elif self._running >= self._allowed:
                waits(None)
                await self._freed.wait()
            else:
                return

    def _wake(self) -> None:
        self._freed.set()
        self._freed = asyncio.Event()

    def _heed(self, error: FlowError, warnings: int) -> None:
        """Take ``error`` to heart; ``warnings`` is how many there had been when its request began.

        A request that was on its way when the pool was warned says nothing of how it has behaved since.
        """
        self._not_before = max(self._not_before, self._clock() + wish_of(error))
        if isinstance(error, RateLimited) and warnings == self._warnings:
            if self._is_warned:
                self._allow(max(self._allowed // 2, 1))
            self._warnings += 1
            self._is_warned, self._successes = True, 0

    def _note_success(self, warnings: int) -> None:
        if not self._is_warned or warnings != self._warnings:
            return
        self._successes += 1
        if self._successes < self._allowed:
            return
        self._successes = 0
        if self._allowed < self._most:
            self._allow(self._allowed + 1)
        else:
            self._is_warned = False

    def _allow(self, requests: int) -> None:
        if requests != self._allowed:
            log.warning("Requests at a time: %d of %d", requests, self._most)
            self._allowed = requests
            self._wake()
