"""Text from outside must not steer a terminal."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowimg_tui.safe_text import safe_text

ANY_PACE = settings(deadline=None)
# st.text() leaves lone surrogates out; a name from a file system or from JSON can hold them.
ANY_TEXT = st.text(st.characters())
HOSTILE = st.text(
    st.sampled_from("\x1b\x9b\x07\x00\x7f\n\r\t\u202e\u2066\u200b\ufeff\ud800\U000e0041\ue000a…\ufffd")
)
LIMITS = st.integers(min_value=1, max_value=60)


@given(ANY_TEXT | HOSTILE)
@ANY_PACE
def test_no_character_that_steers_a_terminal_is_left(text: str) -> None:
    safe = safe_text(text)
    categories = {unicodedata.category(character) for character in safe}
    assert not categories & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert safe.encode("utf-8").decode("utf-8") == safe


@given(ANY_TEXT | HOSTILE, LIMITS)
@ANY_PACE
def test_the_text_is_never_longer_than_its_limit(text: str, limit: int) -> None:
    assert len(safe_text(text, limit)) <= limit


def test_a_limit_of_nothing_leaves_nothing() -> None:
    assert safe_text("abc", 0) == ""


@given(ANY_TEXT | HOSTILE, LIMITS)
@ANY_PACE
def test_what_is_safe_stays_as_it_is(text: str, limit: int) -> None:
    once = safe_text(text, limit)
    assert safe_text(once, limit) == once
    assert safe_text(once) == once


@given(st.text([chr(code) for code in range(0x20, 0x7F)], max_size=500))
@ANY_PACE
def test_plain_text_is_not_changed(text: str) -> None:
    assert safe_text(text) == text


@pytest.mark.parametrize(
    "text", ["grüße", "日本語", "a\u00a0b", "🙂", "e\u0301", "[bold]not markup[/]", "•…·✓×"]
)
def test_the_letters_of_people_are_not_changed(text: str) -> None:
    assert safe_text(text) == text


@pytest.mark.parametrize("space", ["\t", "\n", "\v", "\f", "\r", "\x85", "\u2028", "\u2029"])
def test_a_line_break_becomes_one_space(space: str) -> None:
    assert safe_text(f"a{space}b") == "a b"


@pytest.mark.parametrize(
    "character",
    ["\x00", "\x1b", "\x7f", "\x9b", "\u202e", "\u2067", "\u200b", "\ufeff", "\ud800", "\ue000", "\uffff"],
)
def test_what_could_steer_a_terminal_becomes_a_replacement_character(character: str) -> None:
    assert safe_text(f"a{character}b") == "a\ufffdb"


def test_a_longer_text_ends_in_an_ellipsis() -> None:
    assert safe_text("abcdef", 6) == "abcdef"
    assert safe_text("abcdefg", 6) == "abcde…"
    assert safe_text("abcdefg", 1) == "…"


def test_there_is_a_limit_unless_told_otherwise() -> None:
    assert len(safe_text("x" * 10_000)) == 500


@given(ANY_TEXT, LIMITS)
@ANY_PACE
def test_only_a_text_that_was_cut_gets_an_ellipsis(text: str, limit: int) -> None:
    safe = safe_text(text, limit)
    if len(text) <= limit:
        assert len(safe) == len(text)
    else:
        assert len(safe) == limit
        assert safe.endswith("…")
