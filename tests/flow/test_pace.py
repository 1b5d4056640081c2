"""How long to wait before asking again."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowimg_tui.flow.errors import (
    FlowError,
    ForeignHost,
    InvalidName,
    ListingLoops,
    Moved,
    NeedsRefresh,
    NotFound,
    NotUnderstood,
    Parked,
    RateLimited,
    Refused,
    SignedOut,
    Unreachable,
    WrongAccount,
)
from flowimg_tui.flow.pace import LONGEST_WAIT, PageDelay, RetryPolicy

ANY_PACE = settings(deadline=None, max_examples=60)
SECONDS = st.floats(min_value=0, max_value=120)
TRANSIENT = st.sampled_from([RateLimited, Unreachable])


@given(st.integers(2, 20), SECONDS, SECONDS, TRANSIENT, st.data())
@ANY_PACE
def test_a_pause_lies_within_its_bounds(
    tries: int, base: float, cap: float, kind: type[RateLimited | Unreachable], data: st.DataObject
) -> None:
    made = data.draw(st.integers(1, tries - 1))
    pause = RetryPolicy(tries, base, cap).pause_after(made, kind("again"))
    assert pause is not None
    assert 0 <= pause <= min(cap, base * 2 ** (made - 1))


def test_the_pauses_are_spread_over_the_whole_range() -> None:
    pauses = [RetryPolicy(base=8.0).pause_after(1, Unreachable("again")) for _ in range(200)]
    assert len(set(pauses)) > 100
    lowest, highest = min(p for p in pauses if p is not None), max(p for p in pauses if p is not None)
    assert lowest < 2
    assert 6 < highest <= 8


@given(st.integers(1, 20), st.integers(0, 20), SECONDS, TRANSIENT)
@ANY_PACE
def test_after_the_last_try_there_is_no_other(
    tries: int, more: int, base: float, kind: type[RateLimited | Unreachable]
) -> None:
    assert RetryPolicy(tries, base).pause_after(tries + more, kind("again")) is None


@given(st.floats(min_value=0, max_value=LONGEST_WAIT), st.integers(1, 4), TRANSIENT)
@ANY_PACE
def test_what_the_service_asks_for_is_the_least_that_is_waited(
    wish: float, made: int, kind: type[RateLimited | Unreachable]
) -> None:
    pause = RetryPolicy(base=1.0).pause_after(made, kind("later", wish))
    assert pause is not None
    assert wish <= pause <= max(wish, 8.0)


@given(st.floats(min_value=LONGEST_WAIT, exclude_min=True, allow_nan=False), TRANSIENT)
@ANY_PACE
def test_nobody_waits_longer_than_a_quarter_of_an_hour(
    wish: float, kind: type[RateLimited | Unreachable]
) -> None:
    before = datetime.now(UTC)
    with pytest.raises(Parked, match=r"later\. It asks to wait .+, until ") as parked:
        RetryPolicy().pause_after(1, kind("later.", min(wish, 24 * 3600.0)))
    assert parked.value.until > before + timedelta(seconds=LONGEST_WAIT)
    assert "what is done stays done" in parked.value.hint


def test_a_policy_without_pauses_repeats_at_once() -> None:
    assert RetryPolicy(base=0.0).pause_after(1, Unreachable("again")) == 0.0
    assert RetryPolicy(base=0.0).pause_after(1, RateLimited("later", 3.0)) == 3.0


@pytest.mark.parametrize(
    "kind",
    [
        FlowError,
        SignedOut,
        NeedsRefresh,
        WrongAccount,
        Refused,
        InvalidName,
        NotFound,
        Moved,
        NotUnderstood,
        ListingLoops,
        ForeignHost,
    ],
)
def test_what_would_fail_again_is_not_repeated(kind: type[FlowError]) -> None:
    assert RetryPolicy().pause_after(1, kind("no")) is None
    assert not kind.retryable


class Asked:
    """Gives one answer after the other, and is told of each pause."""

    def __init__(self, answers: Sequence[int | FlowError]) -> None:
        self.answers = list(answers)
        self.pauses: list[tuple[int, float, FlowError]] = []

    async def answer(self) -> int:
        answer = self.answers.pop(0)
        if isinstance(answer, FlowError):
            raise answer
        return answer

    def before_pause(self, next_try: int, seconds: float, error: FlowError) -> None:
        self.pauses.append((next_try, seconds, error))


BUSY, LATER, GONE = Unreachable("HTTP 503"), RateLimited("slow down", 0.001), NotFound("HTTP 404")


def test_what_passes_is_asked_again_and_each_pause_is_told_before_it_begins() -> None:
    asked = Asked([BUSY, LATER, 42])
    assert asyncio.run(RetryPolicy(tries=3, base=0.0).repeated(asked.answer, asked.before_pause)) == 42
    assert asked.pauses == [(2, 0.0, BUSY), (3, 0.001, LATER)]


@pytest.mark.parametrize(
    ("answers", "pauses"),
    [([BUSY, BUSY, LATER, 42], 2), ([GONE, 42], 0), ([BUSY, GONE, 42], 1)],
    ids=["the last try", "will not pass", "not any more"],
)
def test_what_does_not_pass_is_the_end(answers: list[int | FlowError], pauses: int) -> None:
    asked = Asked(answers)
    with pytest.raises(FlowError) as caught:
        asyncio.run(RetryPolicy(tries=3, base=0.0).repeated(asked.answer, asked.before_pause))
    assert caught.value is answers[-2]
    assert asked.answers == [42]
    assert len(asked.pauses) == pauses


@given(st.floats(0, 10), st.floats(0, 10))
@ANY_PACE
def test_the_delay_between_pages_lies_between_its_bounds(one: float, other: float) -> None:
    shortest, longest = sorted((one, other))
    assert shortest <= PageDelay(shortest, longest).draw() <= longest


def test_there_may_be_no_delay_between_pages() -> None:
    assert PageDelay(0.0, 0.0).draw() == 0.0


def test_the_delay_between_pages_is_one_to_two_seconds_unless_told_otherwise() -> None:
    drawn = [PageDelay().draw() for _ in range(50)]
    assert all(1 <= delay <= 2 for delay in drawn)
    assert len(set(drawn)) > 25
