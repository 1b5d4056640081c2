"""What stands before the first word of a command: ``--version`` beside Python itself, and ``status``."""

import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.processes import FLOWIMG, taken
from benchmarks.speed.figures import Figure
from benchmarks.speed.installation import Prepared
from benchmarks.speed.rounds import Amount, in_turns

_STARTS: Final = 3
"""In each round."""
_IMAGES: Final = 1000


def figures(scratch: Path, amount: Amount) -> Iterator[Figure]:
    """Measure it."""
    with Prepared.of(scratch, {}, amount.of(_IMAGES)).installation() as installation:
        runs = in_turns(
            {
                "python": lambda: taken([sys.executable, "-c", "import sys"], {}),
                "version": lambda: taken([*FLOWIMG, "--version"], {}),
                "status": lambda: installation.run("status")[0],
            },
            # The first start compiles what was not compiled yet.
            1 + _STARTS * amount.rounds,
        )
    python, version = ([1000 * each.seconds for each in runs[name][1:]] for name in ("python", "version"))
    beyond = tuple(ours - 1.5 * bare for ours, bare in zip(version, python, strict=True))
    yield Figure(
        "startup-version",
        "`flowimg --version`, beyond 1.5 × `python -c 'import sys'`",
        "ms",
        beyond,
        f"{median(version):.0f} ms, Python {median(python):.0f} ms",
        at_most=60,
        digits=0,
    )
    cpu = tuple(1000 * each.cpu for each in runs["status"][1:])
    yield Figure("startup-status", "`flowimg status`, CPU", "ms", cpu, at_most=250, digits=0)
