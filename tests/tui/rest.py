"""An event loop that tells when it has nothing left to do, so that no test has to guess it from the clock."""

import asyncio
import selectors
from typing import Final

PATIENCE: Final = 20.0

_SOON: Final = 0.02
"""Seconds; a frame is drawn at most 1/60 s after something has asked for it."""

_TIMERS: Final = 6
"""More in a row that are due soon are no reason to wait: an app that ends draws no frame, and ticks on."""


class RestingLoop(asyncio.SelectorEventLoop):
    """An event loop that can be waited for."""

    def __init__(self) -> None:
        self._watch = _Watch()
        super().__init__(self._watch)

    async def at_rest(self) -> None:
        """Wait until nothing is ready to run, and nothing will be soon."""
        async with asyncio.timeout(PATIENCE):
            await self._watch.next_rest(self.create_future())


class _Watch(selectors.DefaultSelector):
    """Before it sleeps the loop comes here, and says for how long it can."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[asyncio.Future[None]] = []
        self._timers = 0

    def next_rest(self, rests: asyncio.Future[None]) -> asyncio.Future[None]:
        self._waiting.append(rests)
        self._timers = 0
        return rests

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if not self._waiting or timeout == 0:
            return super().select(timeout)
        found = super().select(0)
        if found:
            return found
        if timeout is not None and timeout <= _SOON and self._timers < _TIMERS:
            self._timers += 1
            return super().select(timeout)
        for rests in self._waiting:
            if not rests.done():
                rests.set_result(None)
        self._waiting.clear()
        return []


async def at_rest(*_: float) -> None:
    """Wait until the running loop is at rest; stands where Textual watches the load of the processor."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, RestingLoop)
    await loop.at_rest()
