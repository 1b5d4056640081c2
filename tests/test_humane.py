"""Numbers and words as people read them."""

import re
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowimg_tui.humane import (
    count_of,
    format_bytes,
    format_duration,
    format_moment,
    format_ratio,
    format_time_left,
)

ANY_PACE = settings(deadline=None)
FACTORS = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
A_LOT = 999 * 10**12


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (999, "999 B"),
        (999.4, "999 B"),
        (999.5, "1.0 kB"),
        (1000, "1.0 kB"),
        (1949, "1.9 kB"),
        (9949, "9.9 kB"),
        (9950, "10 kB"),
        (320_000, "320 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (1_400_000, "1.4 MB"),
        (2_000_000_000, "2.0 GB"),
        (3_500_000_000_000, "3.5 TB"),
    ],
)
def test_a_size_is_written_with_few_digits(size: float, text: str) -> None:
    assert format_bytes(size) == text


@given(st.integers(0, A_LOT) | st.floats(0, A_LOT))
@ANY_PACE
def test_a_size_never_has_more_than_three_digits_and_is_never_far_off(size: float) -> None:
    found = re.fullmatch(r"(\d{1,3}|\d\.\d) (B|kB|MB|GB|TB)", format_bytes(size))
    assert found is not None
    factor = FACTORS[found[2]]
    digit = 0.1 if "." in found[1] else 1.0
    assert abs(float(found[1]) * factor - size) <= digit * factor * 0.51


@given(st.integers(0, A_LOT), st.integers(0, A_LOT))
@ANY_PACE
def test_a_larger_size_never_reads_smaller(one: int, other: int) -> None:
    smaller, larger = (
        float(number) * FACTORS[unit]
        for number, unit in (format_bytes(size).split() for size in sorted((one, other)))
    )
    assert smaller <= larger * (1 + 1e-9)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00"),
        (0.4, "0:00"),
        (22, "0:22"),
        (59.4, "0:59"),
        (59.6, "1:00"),
        (725, "12:05"),
        (3599.6, "1:00:00"),
        (3725, "1:02:05"),
        (360_000, "100:00:00"),
        (-5, "0:00"),
    ],
)
def test_a_duration_reads_like_a_clock(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.floats(0, 10**8))
@ANY_PACE
def test_a_duration_is_never_more_than_half_a_second_off(seconds: float) -> None:
    *hours, minutes, rest = format_duration(seconds).split(":")
    assert len(rest) == 2
    assert int(rest) < 60
    assert int(minutes) < 60
    assert len(minutes) == 2 or not hours
    total = int(hours[0] if hours else 0) * 3600 + int(minutes) * 60 + int(rest)
    assert abs(total - seconds) <= 0.5


MINUTE, HOUR, DAY = 60, 60 * 60, 24 * 60 * 60


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-DAY, "0 min"),
        (-0.1, "0 min"),
        (0, "0 min"),
        (MINUTE - 0.1, "0 min"),
        (MINUTE, "1 min"),
        (48 * MINUTE - 0.1, "47 min"),
        (2 * HOUR - 0.1, "119 min"),
        (2 * HOUR, "2 h"),
        (48 * HOUR - 0.1, "47 h"),
        (2 * DAY, "2 days"),
        (30 * DAY - 0.1, "29 days"),
    ],
)
def test_the_time_left_is_told_in_one_unit(seconds: float, text: str) -> None:
    assert format_time_left(seconds) == text


@given(st.floats(0, 10**9))
@ANY_PACE
def test_no_more_time_is_promised_than_there_is_and_not_much_less(seconds: float) -> None:
    number, unit = format_time_left(seconds).split()
    factor = {"min": MINUTE, "h": HOUR, "days": DAY}[unit]
    assert int(number) * factor <= seconds < (int(number) + 1) * factor


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("IMAGE_ASPECT_RATIO_SQUARE", "1:1"),
        ("IMAGE_ASPECT_RATIO_LANDSCAPE", "16:9"),
        ("IMAGE_ASPECT_RATIO_PORTRAIT", "9:16"),
        ("IMAGE_ASPECT_RATIO_LANDSCAPE_FOUR_THREE", "4:3"),
        ("IMAGE_ASPECT_RATIO_PORTRAIT_THREE_FOUR", "3:4"),
        ("IMAGE_ASPECT_RATIO_UNSPECIFIED", ""),
        ("IMAGE_ASPECT_RATIO_", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_known_ratio_reads_like_one(word: str | None, text: str) -> None:
    assert format_ratio(word) == text


@pytest.mark.parametrize(
    ("word", "text"), [("IMAGE_ASPECT_RATIO_ULTRA_WIDE", "ultra_wide"), ("21:9", "21:9"), ("Odd", "odd")]
)
def test_a_ratio_that_nobody_knows_is_shown_without_its_prefix(word: str, text: str) -> None:
    assert format_ratio(word) == text


def test_a_moment_is_shown_in_the_machines_own_zone_to_the_minute() -> None:
    east = timezone(timedelta(hours=9))
    assert format_moment(datetime(2025, 10, 29, 22, 56, 59, tzinfo=east)) == "2025-10-29 13:56"
    assert format_moment(datetime(2025, 10, 29, 13, 56, tzinfo=UTC)) == "2025-10-29 13:56"


@pytest.mark.parametrize(
    ("zone", "edge", "text"),
    [
        ("America/New_York", datetime(1, 1, 1, tzinfo=UTC), "-01-01 00:00"),
        ("Pacific/Kiritimati", datetime.max.replace(tzinfo=UTC), "9999-12-31 23:59"),
    ],
)
def test_a_moment_that_has_no_other_time_zone_is_shown_as_it_is(
    monkeypatch: pytest.MonkeyPatch, zone: str, edge: datetime, text: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    # How many digits the first year has is the platform's business.
    assert format_moment(edge).endswith(text)


def test_a_moment_that_is_not_known_is_empty() -> None:
    assert format_moment(None) == ""


@pytest.mark.parametrize(
    ("number", "words", "text"),
    [
        (0, ("image",), "0 images"),
        (1, ("image",), "1 image"),
        (2, ("image",), "2 images"),
        (1, ("gallery", "galleries"), "1 gallery"),
        (3, ("gallery", "galleries"), "3 galleries"),
    ],
)
def test_a_count_agrees_with_its_noun(number: int, words: tuple[str, ...], text: str) -> None:
    assert count_of(number, *words) == text
