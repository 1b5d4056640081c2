"""Running one action in a loop of its own, with the signals that stop it."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar, cast

import typer

from flowimg_tui.mirror.stop import Stop, Stopped

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

T = TypeVar("T")


def run_stoppable(action: Callable[[Stop], Coroutine[Any, Any, T]]) -> tuple[T, int | None]:
    """Run ``action`` to its end; return its result, and the exit code of the signal that stopped it, if any.

    The first signal asks the action to stop, so that it can still tell the truth of what it did. A second one
    finds the default handler: it ends the process.
    """
    return asyncio.run(_run(action))


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


async def _run(action: Callable[[Stop], Coroutine[Any, Any, T]]) -> tuple[T, int | None]:
    stop = Stop()
    received: list[int] = []
    loop = asyncio.get_running_loop()

    def ask(number: int) -> None:
        received.append(number)
        stop.ask()
        for other in heard:
            loop.remove_signal_handler(other)

    # A signal that came ignored stays ignored: so does a run begun with nohup outlive its terminal.
    heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    for number in heard:
        loop.add_signal_handler(number, ask, number)
    try:
        result = await action(stop)
    finally:
        for number in heard:
            loop.remove_signal_handler(number)
    return result, 128 + received[0] if received else None
