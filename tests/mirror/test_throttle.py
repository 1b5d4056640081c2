"""One pace for all: a pause holds everybody back, repeated 429 means fewer at a time, success more again."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowimg_tui.flow.errors import FlowError, NotFound, NotUnderstood, RateLimited, Unreachable
from flowimg_tui.mirror.throttle import Throttle
from tests.mirror.hurried import hurried, now

SLOW_DOWN = RateLimited("asks for a pause")
Outcome = FlowError | None


class Pool:
    """Requests that take their time under a throttle, and what was seen of them."""

    def __init__(self, workers: int) -> None:
        self.throttle = Throttle(workers, now)
        self.running = 0
        self.most_running = 0
        self.begun: list[float] = []
        """When each request began, in the order of their beginnings."""
        self.waits: list[float | None] = []
        """What those were told that had to wait."""

    @property
    def allowed(self) -> int:
        return self.throttle.allowed

    async def ask(self, seconds: float = 1.0, outcome: Outcome = None) -> None:
        """Make a request that takes ``seconds`` and ends in ``outcome``, which is not raised here."""

        async def request() -> None:
            self.running += 1
            assert self.running <= self.allowed
            self.begun.append(now())
            self.most_running = max(self.most_running, self.running)
            try:
                await asyncio.sleep(seconds)
                if outcome is not None:
                    raise outcome
            finally:
                self.running -= 1

        with pytest.raises(FlowError) if outcome else contextlib.nullcontext():
            await self.throttle.request(request, self.waits.append)

    async def one_by_one(self, *outcomes: Outcome) -> list[int]:
        """Make a request after the other; return how many were allowed after each."""
        allowed = []
        for outcome in outcomes:
            await self.ask(outcome=outcome)
            allowed.append(self.allowed)
        return allowed


def with_pool(workers: int, use: Callable[[Pool], Coroutine[Any, Any, None]]) -> Pool:
    async def main() -> Pool:
        pool = Pool(workers)
        await use(pool)
        return pool

    return hurried(main())


def after_each(workers: int, *outcomes: Outcome) -> list[int]:
    """Return how many requests were allowed at a time after each of these, made one by one."""
    return hurried(Pool(workers).one_by_one(*outcomes))


def test_as_many_requests_run_at_a_time_as_there_are_workers() -> None:
    async def use(pool: Pool) -> None:
        await asyncio.gather(*(pool.ask() for _ in range(10)))

    pool = with_pool(4, use)
    assert pool.most_running == 4
    assert pool.begun == [*[0.0] * 4, *[1.0] * 4, *[2.0] * 2]


def test_an_answer_is_given_to_who_asked_for_it() -> None:
    async def answer() -> str:
        return "a picture"

    assert hurried(Throttle(1, now).request(answer, lambda _: None)) == "a picture"


# Retry-After


def test_a_pause_that_one_request_is_asked_for_holds_all_of_them_back() -> None:
    async def use(pool: Pool) -> None:
        running = [pool.ask(1.0, RateLimited("", 30.0)), pool.ask(2.0)]
        await asyncio.gather(*running, *(pool.ask() for _ in range(3)))

    pool = with_pool(2, use)
    assert pool.begun[:2] == [0.0, 0.0]
    assert pool.begun[2:] == [31.0, 31.0, 32.0]
    assert [seconds for seconds in pool.waits if seconds is not None] == [30.0] * 3


def test_who_comes_during_a_pause_waits_for_what_is_left_of_it() -> None:
    async def use(pool: Pool) -> None:
        await pool.ask(1.0, RateLimited("", 30.0))
        await asyncio.sleep(10.0)
        await pool.ask()

    pool = with_pool(1, use)
    assert pool.begun == [0.0, 31.0]
    assert pool.waits == [20.0]


@pytest.mark.parametrize("error", [RateLimited("", 5.0), Unreachable("HTTP 503", 5.0)])
def test_a_shorter_wish_does_not_shorten_a_pause_and_a_longer_one_prolongs_it(error: FlowError) -> None:
    async def use(pool: Pool) -> None:
        wishes = [pool.ask(1.0, Unreachable("", 30.0)), pool.ask(2.0, error), pool.ask(3.0, SLOW_DOWN)]
        await asyncio.gather(*wishes, pool.ask(20.0, RateLimited("", 40.0)))
        await pool.ask()

    assert with_pool(4, use).begun[-1] == 60.0


# Fewer at a time


def test_the_second_429_in_a_row_halves_how_many_run_and_so_does_each_one_after_it() -> None:
    assert after_each(16, *[SLOW_DOWN] * 7) == [16, 8, 4, 2, 1, 1, 1]


def test_an_odd_number_is_halved_downwards() -> None:
    assert after_each(7, *[SLOW_DOWN] * 4) == [7, 3, 1, 1]


@pytest.mark.parametrize("error", [Unreachable("HTTP 503"), NotFound("404"), NotUnderstood("a web page")])
def test_what_is_no_429_leaves_the_pool_as_it_is(error: FlowError) -> None:
    assert after_each(4, *[error] * 5) == [4] * 5


def test_a_request_that_was_on_its_way_when_the_pool_was_warned_is_not_counted_again() -> None:
    async def use(pool: Pool) -> None:
        await asyncio.gather(*(pool.ask(1.0 + number, SLOW_DOWN) for number in range(8)))
        assert pool.allowed == 8
        await pool.ask(outcome=SLOW_DOWN)
        assert pool.allowed == 4

    with_pool(8, use)


def test_fewer_at_a_time_are_running_once_those_on_their_way_have_ended() -> None:
    async def use(pool: Pool) -> None:
        await pool.one_by_one(SLOW_DOWN)
        await asyncio.gather(pool.ask(1.0, SLOW_DOWN), *(pool.ask(3.0) for _ in range(3)))
        assert pool.allowed == 2
        pool.most_running = 0
        await asyncio.gather(*(pool.ask(outcome=NotFound("404")) for _ in range(6)))
        assert pool.most_running == 2

    with_pool(4, use)


def test_who_waits_for_another_request_to_end_is_told_so() -> None:
    async def use(pool: Pool) -> None:
        await pool.one_by_one(SLOW_DOWN, SLOW_DOWN)
        assert pool.waits == []
        await asyncio.gather(pool.ask(), pool.ask())

    assert with_pool(2, use).waits == [None]


def test_it_is_logged_how_many_run_now(caplog: pytest.LogCaptureFixture) -> None:
    after_each(4, SLOW_DOWN, SLOW_DOWN, None, None)
    assert caplog.messages == ["Requests at a time: 2 of 4", "Requests at a time: 3 of 4"]


# More again


def test_as_many_successes_as_run_at_a_time_let_one_more_run() -> None:
    fewer = [SLOW_DOWN] * 3
    assert after_each(4, *fewer, *[None] * 10)[3:] == [2, 2, 3, 3, 3, 4, 4, 4, 4, 4]


def test_a_429_between_the_successes_begins_their_count_anew_and_halves_again() -> None:
    outcomes = [SLOW_DOWN, SLOW_DOWN, None, None, None, None, SLOW_DOWN, None, None]
    assert after_each(8, *outcomes) == [8, 4, 4, 4, 4, 5, 2, 2, 3]


def test_a_failure_between_the_successes_does_not_count_as_one() -> None:
    assert after_each(2, SLOW_DOWN, SLOW_DOWN, NotFound("404"), Unreachable(""), None) == [2, 1, 1, 1, 2]


def test_when_all_run_again_and_well_the_next_429_is_a_first_one() -> None:
    recovered = [SLOW_DOWN, SLOW_DOWN, None, None, None]
    assert after_each(2, *recovered, SLOW_DOWN, SLOW_DOWN) == [2, 1, 2, 2, 2, 2, 1]


def test_there_are_never_more_than_at_first() -> None:
    assert max(after_each(3, *[None] * 20)) == 3


def test_who_waited_goes_on_as_soon_as_more_may_run() -> None:
    async def use(pool: Pool) -> None:
        await pool.one_by_one(SLOW_DOWN, SLOW_DOWN)
        await asyncio.gather(*(pool.ask() for _ in range(4)))

    # One, then two: its success lets another one run beside the next.
    assert with_pool(2, use).begun[2:] == [2.0, 3.0, 3.0, 4.0]


# Cancelled


@pytest.mark.parametrize("seconds", [0.5, 2.0, 50.0], ids=["asking", "waiting for a turn", "in a pause"])
def test_whoever_is_cancelled_frees_his_own_turn_and_no_other(seconds: float) -> None:
    async def use(pool: Pool) -> None:
        first = asyncio.create_task(pool.ask(1.0, RateLimited("", 10.0) if seconds > 10 else None))
        others = [asyncio.create_task(pool.ask(5.0)) for _ in range(3)]
        await asyncio.sleep(min(seconds, 5.0))
        for task in (first, *others[:2]):
            task.cancel()
        await asyncio.gather(first, *others, return_exceptions=True)
        assert pool.running == 0
        pool.most_running = 0
        await asyncio.gather(*(pool.ask() for _ in range(4)))
        assert pool.most_running == 1

    with_pool(1, use)


def test_a_bug_in_a_request_frees_its_turn() -> None:
    async def broken() -> None:
        raise ZeroDivisionError

    async def use(pool: Pool) -> None:
        with pytest.raises(ZeroDivisionError):
            await pool.throttle.request(broken, pool.waits.append)
        await pool.ask()

    assert with_pool(1, use).begun == [0.0]


# Whatever happens


def seconds(most: int) -> st.SearchStrategy[float]:
    """Sums of these are exact: on a clock that stands still nobody waits for a rest of a rounding."""
    return st.integers(0, 8 * most).map(lambda eighths: eighths / 8)


ERRORS = st.one_of(
    st.none(),
    st.just(NotFound("404")),
    seconds(30).map(lambda wish: RateLimited("", wish)),
    st.just(SLOW_DOWN),
    seconds(30).map(lambda wish: Unreachable("", wish)),
)
REQUESTS = st.tuples(seconds(3), ERRORS)


@given(
    workers=st.integers(1, 8),
    plans=st.lists(st.lists(REQUESTS, max_size=6), max_size=8),
    cancelled=st.lists(st.tuples(st.integers(0, 7), seconds(40)), max_size=4),
)
@settings(deadline=None, max_examples=150)
def test_never_more_than_allowed_begin_and_nobody_waits_for_ever(
    workers: int, plans: list[list[tuple[float, Outcome]]], cancelled: list[tuple[int, float]]
) -> None:
    async def work(pool: Pool, plan: list[tuple[float, Outcome]]) -> None:
        for seconds, outcome in plan:
            await pool.ask(seconds, outcome)
            assert 1 <= pool.allowed <= workers

    async def use(pool: Pool) -> None:
        tasks = [asyncio.create_task(work(pool, plan)) for plan in plans]
        for number, when in cancelled:
            if number < len(tasks):
                asyncio.get_running_loop().call_later(when, tasks[number].cancel)
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(result is None or isinstance(result, asyncio.CancelledError) for result in results)
        # Each of the turns is there to be had.
        allowed, pool.most_running = pool.allowed, 0
        await asyncio.gather(*(pool.ask(100.0) for _ in range(allowed)))
        assert pool.most_running == allowed

    with_pool(workers, use)
