"""What the notes of a session say of its keys."""

import math
from collections.abc import Iterator, Sequence

from benchmarks.screen.picture import Picture
from benchmarks.screen.session import Session, Sign
from benchmarks.screen.terminal import ScreenUnusable


def waits(had: Session, sign: Sign, pressed: Sign | None = None) -> list[float]:
    """Return the seconds from each key that had to change `sign` to the change, in the app's own clock.

    With `pressed` it is from each key that had to change that sign, and therefore this one as well.
    """
    if len(had.notes.keys) != len(had.pressed):
        raise ScreenUnusable(f"{len(had.pressed)} keys were pressed, and {len(had.notes.keys)} have come")
    changes = list(_changes(had, sign))
    moments = [
        moment
        for (moment, _), changed in zip(had.notes.keys, had.pressed, strict=True)
        if changed is (pressed or sign)
    ]
    return [next(change - moment for change in changes if change > moment) for moment in moments]


def longest_stall(had: Session) -> float:
    """Return how many seconds the loop was late at most, from the first key to the last that was measured."""
    moments = [moment for moment, _ in had.notes.keys]
    last = max(place for place, sign in enumerate(had.pressed) if sign is not None)
    end = [*moments, math.inf][last + 1]
    return max((late for moment, late in had.notes.late if moments[0] < moment < end), default=0.0)


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the smallest of the values that so many percent of them do not exceed."""
    return sorted(values)[-(-len(values) * percent // 100) - 1]


def _changes(had: Session, sign: Sign) -> Iterator[float]:
    """Yield when another value came to stand on the screen."""
    picture, value = Picture(had.size), ""
    for moment, text in had.notes.written:
        picture.feed(text)
        now = picture.value(sign)
        if now not in ("", value):
            yield moment
        value = now
