"""Running one action in a loop of its own, with the signals that stop it."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final, TypeVar, cast

import typer

from flowimg_tui.mirror.stop import LastResort, Stop, Stopped, not_waiting_for_threads

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SECONDS_TO_END: Final = 1.5
"""From a signal to the end of the process, whatever still holds it. Two seconds are promised."""

T = TypeVar("T")


def run_stoppable(action: Callable[[Stop], Coroutine[Any, Any, T]]) -> tuple[T, int | None]:
    """Run ``action`` to its end; return its result, and the exit code of the signal that stopped it, if any.

    The first signal asks the action to stop, so that it can still tell the truth of what it did; what it has
    not told after :data:`SECONDS_TO_END` is not told. A second one finds the system's own handler: it ends
    the process.
    """
    stop = Stop()
    with asyncio.Runner() as runner, _hearing(stop, runner.get_loop()) as received:
        result = runner.run(not_waiting_for_threads(action(stop)))
    return result, 128 + received[0] if received else None


def run_or_exit(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run ``work`` to its end and return its result; a signal cancels it and ends the command."""

    async def cut(stop: Stop) -> T | None:
        with contextlib.suppress(Stopped):
            return await stop.cuts(work())
        return None

    result, signalled = run_stoppable(cut)
    if signalled:
        raise typer.Exit(signalled)
    return cast("T", result)


@contextlib.contextmanager
def _hearing(stop: Stop, loop: asyncio.AbstractEventLoop) -> Iterator[list[int]]:
    """Ask ``stop`` at the first signal, and let the process end for certain; give which one came."""
    received: list[int] = []
    last_resort = LastResort(SECONDS_TO_END)

    # No handler of the loop: it would not be called while the loop is held in the middle of a write.
    def ask(number: int, _frame: object) -> None:
        received.append(number)
        last_resort.end_with(128 + number)
        for other in heard:
            signal.signal(other, signal.SIG_DFL)
        loop.call_soon_threadsafe(stop.ask)

    # A signal that came ignored stays ignored: so does a run begun with nohup outlive its terminal.
    earlier = {number: signal.getsignal(number) for number in SIGNALS}
    heard = [number for number in SIGNALS if earlier[number] is not signal.SIG_IGN]
    for number in heard:
        signal.signal(number, ask)
    try:
        yield received
    finally:
        last_resort.dismiss()
        if not received:
            for number in heard:
                signal.signal(number, earlier[number])
