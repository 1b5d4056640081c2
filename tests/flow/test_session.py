"""What a user is told of a session: six states, and in each of them what to do."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from flowimg_tui.flow.errors import (
    FlowError,
    ForeignHost,
    Moved,
    NeedsRefresh,
    NotFound,
    NotUnderstood,
    RateLimited,
    Refused,
    SignedOut,
    Unreachable,
    WrongAccount,
)
from flowimg_tui.flow.service import Account
from flowimg_tui.flow.session import SessionCheck, SessionState, check_session, refuse_other_account
from tests.mirror.helpers import ScriptedFlow

NOW: Final = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ADA: Final = "ada@example.com"
STATES: Final[dict[SessionState, tuple[Account | FlowError, str]]] = {
    SessionState.LIVE: (Account(ADA, NOW + timedelta(minutes=47)), "47 min"),
    SessionState.NEEDS_REFRESH: (NeedsRefresh("It has expired."), "Open Flow in the browser"),
    SessionState.SIGNED_OUT: (SignedOut("It has ended."), "Sign in to Flow in the browser"),
    SessionState.WRONG_ACCOUNT: (Account("bob@example.com", NOW), "the cookies of its own account"),
    SessionState.MOVED: (Moved("Retired."), "copy the cookies of that site"),
    SessionState.UNKNOWN: (Unreachable("No answer."), "Check the network"),
}
"""What the service answers in each state, and what the user is told to do."""


def checked(answer: Account | FlowError, expected: str | None = ADA) -> SessionCheck:
    return asyncio.run(check_session(ScriptedFlow(accounts=[answer]), expected))


def test_there_is_an_answer_for_every_state() -> None:
    assert set(STATES) == set(SessionState)


@pytest.mark.parametrize("state", SessionState)
def test_each_state_says_which_it_is_and_what_to_do(state: SessionState) -> None:
    answer, advice = STATES[state]
    check = checked(answer)
    assert check.state is state
    told = check.told(NOW)
    assert told.casefold().startswith(f"{state}: ")
    assert advice in told
    assert (check.error is None) == (state is SessionState.LIVE)


def test_no_two_states_read_alike() -> None:
    texts = [checked(answer).told(NOW) for answer, _ in STATES.values()]
    advices = [advice for _, advice in STATES.values()]
    assert [sum(advice in text for text in texts) for advice in advices] == [1] * len(STATES)


@pytest.mark.parametrize(
    "error",
    [
        Unreachable("No answer."),
        RateLimited("Too many.", 7.0),
        Refused("HTTP 403."),
        NotUnderstood("No token", "$"),
    ],
)
def test_what_says_nothing_of_the_session_leaves_its_state_open_and_gives_advice(error: FlowError) -> None:
    check = checked(error)
    assert (check.state, check.error, check.account) == (SessionState.UNKNOWN, error, None)
    assert check.told(NOW).startswith(f"Cannot tell: {error} ")


@pytest.mark.parametrize("state", SessionState)
def test_cookies_are_worth_keeping_unless_something_speaks_against_them(state: SessionState) -> None:
    kept = {SessionState.LIVE, SessionState.UNKNOWN}
    assert checked(STATES[state][0]).is_usable == (state in kept)


@pytest.mark.parametrize("error", [Unreachable("No answer."), RateLimited("Too many.", 7.0)], ids=repr)
def test_cookies_are_kept_where_a_later_answer_can_still_tell(error: FlowError) -> None:
    assert checked(error).is_usable


@pytest.mark.parametrize(
    "error",
    [
        Refused("HTTP 431."),
        NotUnderstood("No token", "$"),
        NotFound("HTTP 404."),
        ForeignHost("Another host."),
        FlowError("Something else."),
    ],
    ids=repr,
)
def test_cookies_that_flow_does_not_take_are_not_kept(error: FlowError) -> None:
    assert not checked(error).is_usable


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (timedelta(seconds=59), "for 0 min unless"),
        (timedelta(minutes=47, seconds=59), "for 47 min unless"),
        (timedelta(hours=5), "for 5 h unless"),
        (timedelta(days=29, hours=23), "for 29 days unless"),
        (None, "Flow does not say for how long"),
    ],
    ids=str,
)
def test_a_live_session_says_whose_it_is_and_how_long_it_lasts(left: timedelta | None, told: str) -> None:
    text = checked(Account(ADA, NOW + left if left else None)).told(NOW)
    assert text.startswith(f"Live: signed in as {ADA}")
    assert told in text


def test_a_live_session_may_be_of_an_account_without_an_address() -> None:
    assert "an account without an address" in checked(Account(None, None)).told(NOW)


def test_the_wrong_account_is_named_beside_the_right_one() -> None:
    check = checked(Account("bob@example.com", NOW))
    assert check.account == Account("bob@example.com", NOW)
    assert "bob@example.com" in check.told(NOW)
    assert ADA in check.told(NOW)
    assert "--account-changed" in check.told(NOW)


@pytest.mark.parametrize(
    ("email", "expected"),
    [(ADA, ADA), ("Ada@Example.COM", ADA), (ADA, ADA.upper()), (None, ADA), (ADA, None), (None, None)],
)
def test_the_same_address_in_other_letters_and_one_that_nobody_knows_pass(
    email: str | None, expected: str | None
) -> None:
    refuse_other_account(Account(email, None), expected)
    assert checked(Account(email, None), expected).state is SessionState.LIVE


@pytest.mark.parametrize("email", ["bob@example.com", "ada@example.org", "", f"{ADA} "])
def test_another_address_is_refused(email: str) -> None:
    with pytest.raises(WrongAccount):
        refuse_other_account(Account(email, None), ADA)
