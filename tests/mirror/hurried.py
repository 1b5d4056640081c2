"""A loop whose seconds pass at once: who sleeps is woken in order, and nobody can wait for ever unseen."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Jumping(selectors.DefaultSelector):
    """Goes to the next moment at which somebody wants to be woken."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everybody waits, and nobody would ever go on"
            self.now += timeout
        return ready


class HurriedLoop(asyncio.SelectorEventLoop):
    """For what needs neither threads nor sockets, and waits for seconds whose sums are exact: for eighths.

    A loop wakes who sleeps a moment too early. On a clock that moves at no other time two who wait for the
    rest of a rounding would wake one another for ever.
    """

    def __init__(self) -> None:
        self._moment = _Jumping()
        super().__init__(self._moment)

    def time(self) -> float:
        return self._moment.now


def hurried(main: Coroutine[Any, Any, T]) -> T:
    """Run ``main`` to its end; fail where it would wait for ever."""
    with asyncio.Runner(loop_factory=HurriedLoop) as runner:
        return runner.run(main)


def now() -> float:
    """Return the seconds that have passed on the loop that runs."""
    return asyncio.get_running_loop().time()
