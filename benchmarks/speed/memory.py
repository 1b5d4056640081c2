"""The most memory that a download without a screen has at a time."""

import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.processes import Ended
from benchmarks.speed import peak
from benchmarks.speed.figures import Figure
from benchmarks.speed.installation import Installation, Prepared
from benchmarks.speed.ready import ready_service
from benchmarks.speed.rounds import Amount, in_turns

_SIZE: Final = 2_000_000
_IMAGES: Final = 300
"""So many that the most unlucky moment is among them."""
_MORE: Final = 4
"""Times as many images."""
_LIMITS: Final = {4: 60, 16: 120}
_ROUNDS: Final = 3


def figures(scratch: Path, amount: Amount) -> Iterator[Figure]:
    """Measure it. Idle is a download that has nothing to do."""
    images = amount.of(_IMAGES)
    with ready_service(size=_SIZE) as settings:
        homes = {count: Prepared.of(scratch, settings, count) for count in (0, images, _MORE * images)}

        def megabytes(count: int, workers: int) -> float:
            with homes[count].installation(workers=str(workers)) as installation:
                return watched(installation, "download")[1] / 1e6

        runs = in_turns(
            {
                "idle": lambda: megabytes(0, 4),
                "4": lambda: megabytes(images, 4),
                "16": lambda: megabytes(images, 16),
                "more": lambda: megabytes(_MORE * images, 4),
            },
            min(amount.rounds, _ROUNDS),
        )
    idle = median(runs["idle"])
    for workers, limit in _LIMITS.items():
        yield Figure(
            f"memory-{workers}",
            f"peak of a download of 2 MB images over an idle one, {workers} workers",
            "MB",
            tuple(each - idle for each in runs[str(workers)]),
            f"idle {idle:.0f} MB",
            at_most=limit,
            digits=0,
        )
    yield Figure(
        "memory-more",
        f"peak at {_MORE} times as many images, of that",
        "×",
        tuple(more / few for more, few in zip(runs["more"], runs["4"], strict=True)),
        at_most=1.1,
    )


def watched(installation: Installation, *arguments: str) -> tuple[Ended, int]:
    """Return what the command has taken, and the most bytes of memory it has had. Raises CommandFailed."""
    file = installation.folder / "peak"
    ended, _ = installation.run(*arguments, command=(sys.executable, "-m", peak.__name__, str(file)))
    return ended, int(file.read_text("ascii"))
