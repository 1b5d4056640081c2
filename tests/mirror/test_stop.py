"""Stopping: at once, whatever is waited for, except for the step that must not be left half done."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from flowimg_tui.mirror.stop import Permit, Stop, Stopped, unbroken
from tests.mirror.helpers import until


def test_work_that_ends_gives_its_result() -> None:
    async def run() -> int:
        return await Stop().cuts(asyncio.sleep(0, 42))

    assert asyncio.run(run()) == 42


def test_an_error_of_the_work_is_the_error_of_the_wait() -> None:
    async def work() -> None:
        raise OSError("no")

    async def run() -> None:
        await Stop().cuts(work())

    with pytest.raises(OSError, match="no"):
        asyncio.run(run())


def test_a_stop_cancels_the_work_and_waits_until_it_has_cleaned_up() -> None:
    happened: list[str] = []

    async def work() -> None:
        try:
            happened.append("begun")
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            happened.append("cleaned up")

    async def run() -> None:
        stop = Stop()
        waiting = asyncio.create_task(stop.cuts(work()))
        await until(lambda: bool(happened))
        stop.ask()
        with pytest.raises(Stopped):
            await waiting
        happened.append("stopped")
        assert stop.asked
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())
    assert happened == ["begun", "cleaned up", "stopped"]


def test_a_stop_that_was_asked_before_cuts_everything_after_it() -> None:
    async def run() -> None:
        stop = Stop()
        stop.ask()
        for _ in range(2):
            with pytest.raises(Stopped):
                await stop.cuts(asyncio.Event().wait())

    asyncio.run(run())


def test_a_stop_from_another_thread_reaches_the_run() -> None:
    async def run() -> None:
        stop = Stop()
        loop = asyncio.get_running_loop()
        waiting = asyncio.create_task(stop.cuts(asyncio.Event().wait()))
        await asyncio.to_thread(loop.call_soon_threadsafe, stop.ask)
        with pytest.raises(Stopped):
            await waiting

    asyncio.run(run())


def test_cancelling_the_wait_cancels_the_work() -> None:
    cancelled: list[bool] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async def run() -> None:
        waiting = asyncio.create_task(Stop().cuts(work()))
        await until(lambda: len(asyncio.all_tasks()) == 4)
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())
    assert cancelled == [True]


class InAThread:
    """Work that waits at a silent disk, before its step that counts or in the middle of it."""

    def __init__(self, *, uses_first: bool) -> None:
        self.uses_first = uses_first
        self.waits, self.answers, self.ended = threading.Event(), threading.Event(), threading.Event()
        self.changed = False

    def __call__(self, permit: Permit) -> int:
        try:
            if self.uses_first:
                permit.use()
            self.waits.set()
            self.answers.wait()
            if not self.uses_first:
                permit.use()
            self.changed = True
            return 42
        finally:
            self.ended.set()


async def left(work: InAThread, leave: Callable[[Stop, asyncio.Task[int]], object]) -> asyncio.Task[int]:
    """Begin ``work``, and leave it when it waits."""
    stop = Stop()
    waiting = asyncio.create_task(stop.cuts_thread(work))
    await until(work.waits.is_set)
    leave(stop, waiting)
    await asyncio.sleep(0)
    return waiting


LEAVE = pytest.mark.parametrize(
    ("leave", "end"),
    [(lambda stop, _: stop.ask(), Stopped), (lambda _, task: task.cancel(), asyncio.CancelledError)],
    ids=["stopped", "cancelled"],
)
Leave = Callable[[Stop, "asyncio.Task[int]"], object]


@LEAVE
def test_a_thread_that_is_left_changes_nothing_any_more(leave: Leave, end: type[BaseException]) -> None:
    work = InAThread(uses_first=False)

    async def run() -> None:
        with pytest.raises(end):
            await (await left(work, leave))
        assert not work.ended.is_set()
        work.answers.set()

    asyncio.run(run())
    assert work.ended.wait(20)
    assert not work.changed


def test_a_stop_in_the_middle_of_the_step_that_counts_has_come_too_late() -> None:
    work = InAThread(uses_first=True)

    async def run() -> None:
        waiting = await left(work, lambda stop, _: stop.ask())
        work.answers.set()
        assert await waiting == 42

    asyncio.run(run())
    assert work.changed


def test_a_thread_in_the_middle_of_the_step_that_counts_ends_although_its_caller_was_cancelled() -> None:
    work = InAThread(uses_first=True)

    async def run() -> None:
        waiting = await left(work, lambda _, task: task.cancel())
        work.answers.set()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert work.changed

    asyncio.run(run())


def test_an_error_in_a_thread_is_the_error_of_the_wait() -> None:
    def work(_: Permit) -> int:
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        asyncio.run(Stop().cuts_thread(work))


def test_unbroken_work_ends_although_its_caller_was_cancelled() -> None:
    happened: list[str] = []

    async def run() -> None:
        may_end = asyncio.Event()

        async def work() -> None:
            happened.append("begun")
            await may_end.wait()
            happened.append("done")

        caller = asyncio.create_task(unbroken(work()))
        await until(lambda: bool(happened))
        caller.cancel()
        await asyncio.sleep(0)
        assert not caller.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await caller
        happened.append("cancelled")

    asyncio.run(run())
    assert happened == ["begun", "done", "cancelled"]


def test_unbroken_work_gives_its_result_and_its_error() -> None:
    async def fail() -> None:
        raise OSError("no")

    async def run() -> None:
        assert await unbroken(asyncio.sleep(0, 7)) == 7
        with pytest.raises(OSError, match="no"):
            await unbroken(fail())

    asyncio.run(run())
