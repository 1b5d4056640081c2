"""What a sync takes of its own for each page, as the gallery grows."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from benchmarks.speed.answers import PAGE_SIZE
from benchmarks.speed.figures import Figure
from benchmarks.speed.installation import Installation, Prepared
from benchmarks.speed.memory import watched
from benchmarks.speed.ready import ready_service
from benchmarks.speed.rounds import Amount

_IMAGES: Final = 10_000
_MORE: Final = 10
"""Times as many images, once."""
_ROUNDS: Final = 3


class _Taken(NamedTuple):
    """Of each page, in milliseconds; and the most memory of all, in bytes."""

    seconds: float
    cpu: float
    peak: int


def figures(scratch: Path, amount: Amount) -> Iterator[Figure]:
    """Measure it. The time is that of the whole command, and what it waits for the service is in it."""
    images = amount.of(_IMAGES)
    rounds = [_synced_in_turn(scratch, images, times=2) for _ in range(min(amount.rounds, _ROUNDS))]
    for place, what in enumerate(("all of them new", "all of them known")):
        yield Figure(
            f"sync-{what.rpartition(' ')[2]}",
            f"sync of {images:,} images, a page of {PAGE_SIZE}, {what}",
            "ms",
            tuple(each[place].seconds for each in rounds),
            f"CPU {median(each[place].cpu for each in rounds):.1f} ms",
            at_most=6,
            digits=1,
        )
    few = [each[0] for each in rounds]
    (many,) = _synced_in_turn(scratch, _MORE * images)
    start = median(_synced_in_turn(scratch, PAGE_SIZE)[0].seconds for _ in rounds)
    yield Figure(
        "sync-more",
        f"a page at {_MORE * images:,} images, of that at {images:,}, without the start",
        "×",
        tuple(_without(start, many, _MORE * images) / _without(start, each, images) for each in few),
        f"{many.seconds:.1f} ms with it",
        at_most=1.15,
    )
    yield Figure(
        "sync-memory",
        f"peak at {_MORE * images:,} images, of that at {images:,}",
        "×",
        tuple(many.peak / each.peak for each in few),
        f"{many.peak / 1e6:.0f} MB",
        at_most=1.1,
    )


def _without(start: float, taken: _Taken, images: int) -> float:
    """Return the milliseconds of a page without those of the start, which a sync of one page is."""
    return taken.seconds - start / _pages(images)


def _pages(images: int) -> int:
    return -(-images // PAGE_SIZE)


def _synced_in_turn(scratch: Path, images: int, times: int = 1) -> list[_Taken]:
    """Return what each sync of one gallery takes: to the first all images are new, to the others known."""
    with (
        ready_service(images=images) as settings,
        Prepared.of(scratch, settings, 0).installation() as installation,
    ):
        return [_synced(installation, images) for _ in range(times)]


def _synced(installation: Installation, images: int) -> _Taken:
    ended, peak = watched(installation, "sync")
    pages = _pages(images)
    return _Taken(1000 * ended.seconds / pages, 1000 * ended.cpu / pages, peak)
