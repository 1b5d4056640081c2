"""Images that each take their time on the service: do the workers share the wait?"""

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.processes import taken
from benchmarks.speed import bare
from benchmarks.speed.figures import Figure
from benchmarks.speed.installation import Prepared
from benchmarks.speed.ready import ready_service
from benchmarks.speed.rounds import Amount, in_turns

_IMAGES: Final = 42
_SECONDS: Final = 0.2
_SIZE: Final = 30_000
_ONE, _FEW, _MANY = 1, 4, 16


def figures(scratch: Path, amount: Amount) -> Iterator[Figure]:
    """Measure it. One worker runs once: eight seconds of waiting do not differ."""
    images = amount.of(_IMAGES)
    with ready_service(size=_SIZE, latency=_SECONDS) as settings:
        prepared = Prepared.of(scratch, settings, images)

        def seconds(workers: int) -> float:
            with prepared.installation(workers=str(workers)) as installation:
                return float(installation.download()[1]["seconds"])

        def bare_seconds() -> float:
            asked = (settings["FLOWIMG_MEDIA_URL"], str(images), str(_MANY))
            return float(taken([sys.executable, "-m", bare.__name__, *asked], {}).output)

        runs = in_turns(
            {
                str(_FEW): lambda: seconds(_FEW),
                str(_MANY): lambda: seconds(_MANY),
                "bare": bare_seconds,
            },
            amount.rounds,
        )
        alone = seconds(_ONE)
    for workers in (_FEW, _MANY):
        ideal = _ideal(images, workers)
        yield Figure(
            f"latency-{workers}",
            f"{images} images of {_SECONDS} s each, {workers} workers, of the ideal",
            "×",
            tuple(each / ideal for each in runs[str(workers)]),
            f"{median(runs[str(workers)]):.2f} s, the ideal {ideal:.1f} s",
            at_most=1.05,
        )
    yield Figure(
        "latency-bare",
        "the same by a client that keeps nothing, of the ideal",
        "×",
        tuple(each / _ideal(images, _MANY) for each in runs["bare"]),
    )
    yield Figure(
        "latency-1",
        f"{images} images by one worker, of {_FEW} workers",
        "×",
        (alone / median(runs[str(_FEW)]),),
        f"{alone:.2f} s",
    )


def _ideal(images: int, workers: int) -> float:
    """Return the seconds of which the service alone is the reason."""
    return math.ceil(images / workers) * _SECONDS
