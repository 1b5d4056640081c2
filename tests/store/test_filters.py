"""What a typed filter means, finished or not."""

import time
from datetime import UTC, datetime
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowimg_tui.humane import format_ratio
from flowimg_tui.store.filters import (
    MOST_CHARACTERS,
    MOST_ITEMS,
    RATIOS,
    Condition,
    Days,
    Filter,
    Ratio,
    States,
    Word,
    parse_filter,
)
from flowimg_tui.store.records import ImageState

SQUARE: Final = Ratio("IMAGE_ASPECT_RATIO_SQUARE")
FAILED: Final = States(frozenset({ImageState.FAILED}))


def only(text: str) -> Condition:
    """What a filter of one condition wants."""
    ((condition,),) = parse_filter(text).wanted
    return condition


def span(begin: tuple[int, int, int], end: tuple[int, int, int]) -> Days:
    return Days(datetime(*begin, tzinfo=UTC), datetime(*end, tzinfo=UTC))


@pytest.mark.parametrize(
    "text", ["", " ", "\t\n", "-", '"', '""', '-"', "— & …", "\x00", "state:", "ratio:", "date:"]
)
def test_what_says_nothing_yet_finds_all(text: str) -> None:
    assert parse_filter(text).finds_all


def test_all_words_must_be_met_and_those_with_a_minus_by_none() -> None:
    assert parse_filter('boat -fog "paper sky" boat') == Filter(
        ((Word("boat"),), (Word("paper sky", whole=True),)), (Word("fog"),)
    )


def test_a_phrase_that_is_still_being_typed_may_go_on() -> None:
    assert only('"paper bo') == Word("paper bo")


def test_a_word_that_is_wanted_and_not_wanted_is_both() -> None:
    assert parse_filter("-boat boat") == Filter(((Word("boat"),),), (Word("boat"),))


def test_facets_of_one_kind_widen_and_of_two_kinds_narrow() -> None:
    assert parse_filter("state:failed ratio:1:1 state:parked -ratio:9:16") == Filter(
        ((FAILED, States(frozenset({ImageState.PARKED}))), (SQUARE,)), (Ratio("IMAGE_ASPECT_RATIO_PORTRAIT"),)
    )


# States and ratios


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("saved", {ImageState.DOWNLOADED}),
        ("downloaded", {ImageState.DOWNLOADED}),
        ("pending", {ImageState.PENDING}),
        ("failed", {ImageState.FAILED}),
        ("parked", {ImageState.PARKED}),
        ("missing", {ImageState.PENDING, ImageState.FAILED, ImageState.PARKED}),
        ("FAILED", {ImageState.FAILED}),
        ('"failed"', {ImageState.FAILED}),
        ("pa", {ImageState.PARKED}),
    ],
)
def test_a_state_is_named_or_begun_so_that_it_is_the_only_one(text: str, states: set[ImageState]) -> None:
    assert only(f"state:{text}") == States(frozenset(states))
    assert parse_filter(f"state:{text}").problem is None


@pytest.mark.parametrize("shown", RATIOS)
def test_a_ratio_is_named_as_it_is_shown_or_as_the_wire_says(shown: str) -> None:
    word = RATIOS[shown]
    assert format_ratio(word) == shown
    short = word.removeprefix("IMAGE_ASPECT_RATIO_")
    for text in (shown, word, word.lower(), short, short.lower()):
        assert only(f"ratio:{text}") == Ratio(word)
        assert parse_filter(f"ratio:{text}").problem is None


def test_a_ratio_that_nobody_knows_is_looked_for_and_those_that_are_known_are_told() -> None:
    parsed = parse_filter("ratio:ultrawide")
    assert parsed.wanted == ((Ratio("IMAGE_ASPECT_RATIO_ULTRAWIDE"),),)
    assert parsed.problem == "ratio: one of 16:9, 4:3, 1:1, 3:4, 9:16"


@pytest.mark.parametrize(
    ("text", "names"), [("state:p", "parked"), ("ratio:1", "16:9"), ("date:202", "2026")]
)
def test_a_facet_that_is_not_finished_changes_nothing_and_says_how_to(text: str, names: str) -> None:
    parsed = parse_filter(text)
    assert parsed.finds_all
    assert names in (parsed.problem or "")


@pytest.mark.parametrize("text", ["state:gone", "date:soon", "date:2026-13", "date:2026-02-30", "date:0000"])
def test_a_facet_that_cannot_be_met_finds_nothing_and_says_why(text: str) -> None:
    parsed = parse_filter(text)
    assert parsed.wanted == ((),)
    assert (parsed.problem or "").startswith(text[: text.index(":")])


def test_a_facet_that_cannot_be_met_excludes_nothing() -> None:
    assert parse_filter("-state:gone").finds_all
    assert parse_filter("-state:gone").problem is not None


def test_beside_one_that_can_be_met_a_wrong_one_adds_nothing() -> None:
    assert parse_filter("state:gone state:failed").wanted == ((FAILED,),)


def test_a_facet_that_there_is_not_is_looked_for_as_text() -> None:
    parsed = parse_filter("colour:red")
    assert parsed.wanted == ((Word("colour:red"),),)
    assert "state:, ratio: and date:" in (parsed.problem or "")


@pytest.mark.parametrize("text", ["https://flow", "16:9", "12:30", ":", ":b"])
def test_a_colon_alone_makes_no_facet(text: str) -> None:
    assert parse_filter(text).problem is None


# Dates


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2026", span((2026, 1, 1), (2027, 1, 1))),
        ("2026-10", span((2026, 10, 1), (2026, 11, 1))),
        ("2026-12", span((2026, 12, 1), (2027, 1, 1))),
        ("2026-10-31", span((2026, 10, 31), (2026, 11, 1))),
        ("2024-02-29", span((2024, 2, 29), (2024, 3, 1))),
        ("2026-12-31", span((2026, 12, 31), (2027, 1, 1))),
    ],
)
def test_a_date_is_a_year_a_month_or_a_day(text: str, days: Days) -> None:
    assert only(f"date:{text}") == days
    assert parse_filter(f"date:{text}").problem is None


@pytest.mark.parametrize(
    ("text", "counts_as"),
    [("2026-", "2026"), ("2026-1", "2026"), ("2026-10-", "2026-10"), ("2026-10-3", "2026-10")],
)
def test_a_date_counts_as_far_as_it_is_typed(text: str, counts_as: str) -> None:
    assert only(f"date:{text}") == only(f"date:{counts_as}")
    assert parse_filter(f"date:{text}").problem is not None


@pytest.mark.parametrize(
    "text", ["2026-2", "2026-02-3", "2026-04-31", "2026-10-311", "2026-00", "٢٠٢٦", "2026/10"]
)
def test_what_no_typing_makes_a_date_finds_nothing(text: str) -> None:
    assert parse_filter(f"date:{text}").wanted == ((),)


@pytest.mark.parametrize(
    ("zone", "begin", "end"),
    [
        ("America/New_York", (2026, 3, 8, 5), (2026, 3, 9, 4)),  # a day of 23 hours
        ("Asia/Kathmandu", (2026, 3, 7, 18, 15), (2026, 3, 8, 18, 15)),
    ],
)
def test_a_day_is_one_of_the_machines_own_zone(
    monkeypatch: pytest.MonkeyPatch, zone: str, begin: tuple[int, int, int], end: tuple[int, int, int]
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    assert only("date:2026-03-08") == Days(datetime(*begin, tzinfo=UTC), datetime(*end, tzinfo=UTC))


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kathmandu"])
@pytest.mark.parametrize("text", ["0001", "0001-01", "0001-01-01", "9999", "9999-12", "9999-12-31"])
def test_the_ends_of_time_are_dates_in_every_zone(
    monkeypatch: pytest.MonkeyPatch, zone: str, text: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    days = only(f"date:{text}")
    assert isinstance(days, Days)
    assert days.begin < days.end
    assert {days.begin.year, days.end.year} <= {1, 2, 9998, 9999}


# What nobody types


@given(st.text(st.characters(exclude_categories=())))
def test_nothing_that_can_be_typed_is_an_error(text: str) -> None:
    for typed in (text, f"state:{text}", f"ratio:{text}", f"date:{text}", f"-{text}", f'"{text}'):
        parse_filter(typed)


def test_more_than_anybody_types_is_cut_and_said() -> None:
    many = parse_filter(" ".join(f"w{number}" for number in range(MOST_ITEMS + 1)))
    long = parse_filter("x" * (MOST_CHARACTERS + 1))
    assert len(many.wanted) == MOST_ITEMS
    assert long.wanted == ((Word("x" * MOST_CHARACTERS),),)
    assert many.problem is not None
    assert many.problem == long.problem


def test_control_characters_and_lone_surrogates_set_words_apart() -> None:
    assert parse_filter("paper\x00boat\ud800sky\x1b").wanted == (
        (Word("paper"),),
        (Word("boat"),),
        (Word("sky"),),
    )


@pytest.mark.parametrize(("text", "depends"), [("date:2026", False), ("ratio:1:1", False), ("boat", True)])
def test_it_is_known_whether_files_matter(text: str, depends: bool) -> None:
    assert parse_filter(text).depends_on_files is depends
    assert parse_filter(f"-{text}").depends_on_files is depends
    assert parse_filter(f"{text} -state:failed").depends_on_files
