"""Stopping a run from outside: at once, whatever it waits for, and with a last event that is true."""

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class Stopped(Exception):
    """The run was asked to stop."""


class Permit:
    """What work in a thread asks before it changes something: nothing can cut the thread itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used = self._withdrawn = False

    @property
    def withdrawn(self) -> bool:
        return self._withdrawn

    def use(self) -> None:
        """Begin the one step that counts. Raises :class:`Stopped` where nobody waits for it any more."""
        with self._lock:
            if self._withdrawn:
                raise Stopped
            self._used = True

    def withdraw(self) -> bool:
        """Return whether that came in time: the step has not begun, and never will."""
        with self._lock:
            self._withdrawn = not self._used
            return self._withdrawn


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

    async def cuts_thread(self, work: Callable[[Permit], T]) -> T:
        """Await ``work``, done in a thread; where the stop is asked first, leave it, and raise as above.

        A thread that was left goes on, at a silent disk for ever, and must change nothing any more: its
        permit is withdrawn. Where it has used that already, its last step is waited for, and the stop has
        come too late for it. The same holds where the caller is cancelled.
        """
        permit = Permit()
        task = asyncio.ensure_future(asyncio.to_thread(work, permit))
        try:
            return await self.cuts(shielded(task))
        except (Stopped, asyncio.CancelledError) as end:
            if permit.withdraw():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                raise
            result = await unbroken(task)
            if isinstance(end, asyncio.CancelledError):
                raise
            return result


async def shielded(task: asyncio.Future[T]) -> T:
    """Await ``task``, which goes on where the caller is cancelled."""
    return await asyncio.shield(task)


async def unbroken(work: Awaitable[T]) -> T:
    """Await ``work`` to its end however often the caller is cancelled; then its error, else the cancellation.

    For the short step between a file and its row, which must not be left half done.
    """
    task = asyncio.ensure_future(work)
    cancelled = None
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError as error:
            cancelled = error
    result = task.result()
    if cancelled is not None:
        raise cancelled
    return result


async def not_waiting_for_threads(work: Coroutine[Any, Any, T]) -> T:
    """Await ``work``, as the last of its loop, and let the loop end with it.

    A loop waits for its threads, and one of them may ask a name server that does not answer.
    """
    try:
        return await work
    finally:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(max_workers=1))


class LastResort:
    """Ends the process for certain, some seconds after a signal, where it has not ended by itself before.

    A reader that does not read holds a loop in the middle of a write; and Python waits at its end for its
    threads, one of which may wait for a name server or a disk.
    """

    def __init__(self, seconds: float, first: Callable[[], object] = lambda: None) -> None:
        """``first`` is called at the signal, in a thread: there it may wait for a lock."""
        self._seconds = seconds
        self._first = first
        # A handler may have interrupted whoever holds a lock. Nothing that it does here takes one.
        self._exit_codes: SimpleQueue[int | None] = SimpleQueue()
        threading.Thread(target=self._wait, name="last-resort", daemon=True).start()

    def end_with(self, exit_code: int) -> None:
        """Begin to count the seconds. A signal handler may call this."""
        self._exit_codes.put(exit_code)

    def dismiss(self) -> None:
        """Never end the process, unless there was a signal already."""
        self._exit_codes.put(None)

    def _wait(self) -> None:
        exit_code = self._exit_codes.get()
        if exit_code is not None:
            self._first()
            time.sleep(self._seconds)
            os._exit(exit_code)
