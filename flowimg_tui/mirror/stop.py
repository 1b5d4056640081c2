"""Stopping a run from outside: at once, whatever it waits for, and with a last event that is true."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Stopped(Exception):
    """The run was asked to stop."""


class Stop:
    """Asked once, seen by everything that a run waits for. Belongs to the loop of the run."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """Ask the run to stop; from another thread through ``loop.call_soon_threadsafe``."""
        self._asked.set()

    @property
    def asked(self) -> bool:
        return self._asked.is_set()

    async def cuts(self, work: Coroutine[Any, Any, T]) -> T:
        """Await ``work``; where the stop is asked first, cancel it and raise :class:`Stopped`."""
        if self.asked:
            work.close()
            raise Stopped
        task = asyncio.ensure_future(work)
        asked = asyncio.ensure_future(self._asked.wait())
        try:
            await asyncio.wait((task, asked), return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise Stopped
        finally:
            for pending in (task, asked):
                pending.cancel()
            await asyncio.gather(task, asked, return_exceptions=True)


async def unbroken(work: Coroutine[Any, Any, T]) -> T:
    """Await ``work`` to its end even where the caller is cancelled; then the cancellation goes on.

    For the short step between a file and its row, which must not be left half done.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise
