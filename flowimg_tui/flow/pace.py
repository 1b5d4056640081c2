"""Politeness: how long to wait before a request is repeated, and between two pages."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from flowimg_tui.flow.errors import FlowError, Parked, Transient
from flowimg_tui.humane import format_moment, format_time_left

# Longer than that nobody waits for a single answer: the run says so and ends.
LONGEST_WAIT: Final = 15 * 60.0
_RANDOM: Final = random.SystemRandom()

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Full jitter: the n-th pause lies anywhere between 0 and ``base`` · 2ⁿ⁻¹ seconds, at most ``cap``."""

    tries: int = 5
    base: float = 1.0
    cap: float = 60.0

    def pause_after(self, tries_made: int, error: FlowError) -> float | None:
        """Return the seconds to wait before the next try, or ``None`` where there is to be none.

        What the service asks for (``Retry-After``) is the least that is waited; where that is more than
        :data:`LONGEST_WAIT`, raises :class:`Parked`.
        """
        wish = wish_of(error)
        if wish > LONGEST_WAIT:
            until = datetime.now(UTC) + timedelta(seconds=wish)
            asked = f"{error} It asks to wait {format_time_left(wish)}, until {format_moment(until)}."
            raise Parked(asked, until) from error
        if not error.retryable or tries_made >= self.tries:
            return None
        jitter = _RANDOM.uniform(0.0, min(self.cap, self.base * 2.0 ** (tries_made - 1)))
        return float(max(wish, jitter))

    async def repeated(
        self,
        ask: Callable[[], Coroutine[Any, Any, T]],
        before_pause: Callable[[int, float, FlowError], object],
    ) -> T:
        """Return what ``ask`` gives, asked again after each error that passes.

        ``before_pause`` gets the number of the next try, the seconds until then, and the error.
        """
        tries = 1
        while True:
            try:
                return await ask()
            except FlowError as error:
                pause = self.pause_after(tries, error)
                if pause is None:
                    raise
                tries += 1
                before_pause(tries, pause, error)
            await asyncio.sleep(pause)


def wish_of(error: FlowError) -> float:
    """Return the seconds that the service itself asks to wait, 0 where it asks for nothing."""
    return error.retry_after or 0.0 if isinstance(error, Transient) else 0.0


@dataclass(frozen=True, slots=True)
class PageDelay:
    """Seconds between two pages of a listing, uniform between two bounds."""

    shortest: float = 1.0
    longest: float = 2.0

    def draw(self) -> float:
        return _RANDOM.uniform(self.shortest, self.longest)
