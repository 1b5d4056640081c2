"""Cookies as people paste them: what is kept, and what is said where nothing can be."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowimg_tui.flow.cookies import (
    SESSION_COOKIE,
    UnusableCookies,
    cookie_header,
    is_session_cookie,
    rotated,
    session_cookies,
)
from flowimg_tui.secret import Secret

ANY_PACE = settings(deadline=None, max_examples=60)
# What RFC 6265 allows in the value of a cookie.
VALUES = st.text("!#$%&'()*+-./0123456789:<=>?@ABYZ[]^_`abyz{|}~", min_size=1, max_size=40)


def values(header: str) -> dict[str, str]:
    return {name: value.reveal() for name, value in session_cookies(header).items()}


@pytest.mark.parametrize(
    "header",
    [
        f"{SESSION_COOKIE}=eyJ.a-b_c",
        f"Cookie: {SESSION_COOKIE}=eyJ.a-b_c",
        f"cookie:{SESSION_COOKIE}=eyJ.a-b_c",
        f"  COOKIE :  {SESSION_COOKIE}=eyJ.a-b_c",
        f"\n\t {SESSION_COOKIE}=eyJ.a-b_c \r\n",
        f"{SESSION_COOKIE}=eyJ.a-b_c;",
        f";;{SESSION_COOKIE}=eyJ.a-b_c; ;",
        f"a=1; {SESSION_COOKIE}=eyJ.a-b_c; b=2",
        f"a=1;{SESSION_COOKIE}=eyJ.a-b_c;b=2",
        f"a=1;\n {SESSION_COOKIE}=eyJ.a-b_c\n;b=2",
        f"junk; {SESSION_COOKIE}=eyJ.a-b_c; =x; more junk",
        f"{SESSION_COOKIE}=; {SESSION_COOKIE}=eyJ.a-b_c",
    ],
)
def test_the_session_is_found_in_a_pasted_header(header: str) -> None:
    assert values(header) == {SESSION_COOKIE: "eyJ.a-b_c"}


def test_cookies_of_others_are_dropped() -> None:
    header = (
        f"SID=foreign; __Secure-1PSID=foreign; {SESSION_COOKIE}=mine; __Host-next-auth.csrf-token=foreign; "
        f"x{SESSION_COOKIE}=foreign; {SESSION_COOKIE}x=foreign; next-auth.session-token=foreign; "
        f"{SESSION_COOKIE}.x=foreign; {SESSION_COOKIE}.=foreign; {SESSION_COOKIE.upper()}=foreign"
    )
    assert values(header) == {SESSION_COOKIE: "mine"}


def test_a_session_in_parts_is_kept_in_parts() -> None:
    header = f"{SESSION_COOKIE}.1=second; a=b; {SESSION_COOKIE}.0=first"
    assert values(header) == {f"{SESSION_COOKIE}.0": "first", f"{SESSION_COOKIE}.1": "second"}
    assert cookie_header(session_cookies(header)) == f"{SESSION_COOKIE}.0=first; {SESSION_COOKIE}.1=second"


@given(VALUES)
@ANY_PACE
def test_a_value_is_kept_as_it_is(value: str) -> None:
    header = f"{SESSION_COOKIE}={value}"
    assert values(header) == {SESSION_COOKIE: value}
    assert cookie_header(session_cookies(header)) == header


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "The input is empty"),
        ("  \n", "The input is empty"),
        ("Cookie:", "The input is empty"),
        ("canary", "does not look like a Cookie header"),
        ("canary; canary", "does not look like a Cookie header"),
        (";;", "does not look like a Cookie header"),
        ('[{"name": "canary"}]', "does not look like a Cookie header"),
        ("SID=canary", "A Cookie header with 1 cookies, but without a usable"),
        ("SID=canary; HSID=canary; canary", "A Cookie header with 2 cookies, but without a usable"),
        (f"{SESSION_COOKIE}=", "without a usable"),
        (f"{SESSION_COOKIE}=canary canary", "without a usable"),
        (f"{SESSION_COOKIE}=canary\ncanary", "without a usable"),
        (f"{SESSION_COOKIE}=canary\r\nX-Injected: canary", "without a usable"),
        (f"{SESSION_COOKIE}=canary\x00", "without a usable"),
        (f"{SESSION_COOKIE}=canaryä", "without a usable"),
        (f'{SESSION_COOKIE}="canary"', "without a usable"),
        (f"'{SESSION_COOKIE}=canary'", "without a usable"),
        (f"{SESSION_COOKIE}=canary\\canary", "without a usable"),
        (f"{SESSION_COOKIE}=" + "canary" * 2000, "without a usable"),
    ],
)
def test_a_paste_that_cannot_be_used_is_told_so_without_its_values(text: str, said: str) -> None:
    with pytest.raises(UnusableCookies) as caught:
        session_cookies(text)
    assert said in str(caught.value)
    assert SESSION_COOKIE in str(caught.value)
    assert "canary" not in f"{caught.value} {caught.value!r}"


@given(st.text(max_size=60), st.text(max_size=60))
@ANY_PACE
def test_any_paste_is_cookies_or_unusable(before: str, after: str) -> None:
    for text in (before, f"{before};{SESSION_COOKIE}={after}"):
        try:
            kept = session_cookies(text)
        except UnusableCookies:
            continue
        header = cookie_header(kept)
        assert header.isascii()
        assert header.isprintable()
        assert all(is_session_cookie(name) for name in kept)


def test_neither_names_nor_messages_of_kept_cookies_show_their_values() -> None:
    kept = session_cookies(f"{SESSION_COOKIE}=canary")
    assert "canary" not in f"{kept} {kept!r}"


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
    "received", [[], [("SID", "x")], [(SESSION_COOKIE, "")], [(f"{SESSION_COOKIE}.x", "new")]]
)
def test_a_session_that_is_not_rotated_stays(received: list[tuple[str, str]]) -> None:
    assert rotated(OLD, received) == OLD
