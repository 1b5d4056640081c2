"""The cookies of a session of labs: which they are, how they are sent, and what takes their place."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowimg_tui.flow.cookies import SESSION_COOKIE, cookie_header, is_session_cookie, rotated
from flowimg_tui.secret import Secret

ANY_PACE = settings(deadline=None, max_examples=60)
# What RFC 6265 allows in the value of a cookie.
VALUES = st.text("!#$%&'()*+-./0123456789:<=>?@ABYZ[]^_`abyz{|}~", min_size=1, max_size=40)


@pytest.mark.parametrize("name", [SESSION_COOKIE, f"{SESSION_COOKIE}.0", f"{SESSION_COOKIE}.9"])
def test_the_names_of_a_session_are_known(name: str) -> None:
    assert is_session_cookie(name)


@pytest.mark.parametrize(
    "name", ["", "SID", f"{SESSION_COOKIE}.a", f"{SESSION_COOKIE}\n", f" {SESSION_COOKIE}"]
)
def test_other_names_are_not_those_of_a_session(name: str) -> None:
    assert not is_session_cookie(name)


OLD = {f"{SESSION_COOKIE}.{part}": Secret(f"old{part}") for part in range(2)}


def test_a_session_that_is_rotated_takes_the_place_of_the_old_one() -> None:
    new = rotated(OLD, [("SID", "x"), (SESSION_COOKIE, "new")])
    assert {name: value.reveal() for name, value in new.items()} == {SESSION_COOKIE: "new"}


@pytest.mark.parametrize(
    "received",
    [
        *([], [("SID", "x")], [(SESSION_COOKIE, "")], [(f"{SESSION_COOKIE}.x", "new")]),
        *([(SESSION_COOKIE, value)] for value in ("a b", "é", '"new"', "new\n", "x" * 9000)),
        [(f"{SESSION_COOKIE}.0", "new"), (f"{SESSION_COOKIE}.1", "né")],
    ],
)
def test_a_session_that_is_not_rotated_stays(received: list[tuple[str, str]]) -> None:
    assert rotated(OLD, received) == OLD


@given(VALUES)
@ANY_PACE
def test_a_value_is_sent_as_it_came(value: str) -> None:
    assert cookie_header(rotated(OLD, [(SESSION_COOKIE, value)])) == f"{SESSION_COOKIE}={value}"


def test_a_session_in_parts_is_sent_in_its_order_and_shown_nowhere() -> None:
    backwards = dict(reversed(OLD.items()))
    assert cookie_header(backwards) == f"{SESSION_COOKIE}.0=old0; {SESSION_COOKIE}.1=old1"
    assert "old" not in f"{backwards} {rotated(backwards, [])!r}"
