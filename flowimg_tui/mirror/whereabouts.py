"""Whether Flow has moved, asked where one picture's request was sent elsewhere."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from flowimg_tui.flow.errors import FlowError, Moved, Parked, SignedOut

log = logging.getLogger(__name__)


class Whereabouts:
    """Asks the listing, once for all workers that were sent elsewhere at the same time.

    A proxy or a broken address sends a single picture elsewhere; Flow itself moves with all that it has.
    """

    def __init__(self, ask: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """``ask`` asks for the listing, and repeats by itself what passes."""
        self._ask = ask
        self._lock = asyncio.Lock()
        self._found: FlowError | None = None
        self.answers = 0
        """How often it was asked."""

    async def refuse_moved(self, answers_before: int) -> None:
        """Raise ``Moved`` where the listing says so too, and what else keeps every picture from being had.

        ``answers_before`` is what :attr:`answers` was when the request began that was sent elsewhere: an
        answer that came since is taken, an older one is not.
        """
        async with self._lock:
            if self.answers == answers_before:
                self._found = await self._look()
                self.answers += 1
        if self._found is not None:
            raise self._found

    async def _look(self) -> FlowError | None:
        try:
            await self._ask()
        except (Moved, SignedOut, Parked) as error:
            return error
        except FlowError as error:
            log.warning("Whether Flow has moved cannot be told: %s", error)
        return None
