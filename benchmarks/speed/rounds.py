"""Measuring in turns: what the machine does besides meets all that are compared."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Final, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Amount:
    """How much of everything."""

    rounds: int = 5
    divisor: int = 1

    def of(self, images: int) -> int:
        """Return so many images, or fewer where there is no time for them."""
        return max(images // self.divisor, min(images, 8))


QUICK: Final = Amount(rounds=1, divisor=1000)


def in_turns(runs: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """Return what each of ``runs`` gives in each round; in a round, each runs once."""
    given: dict[str, list[T]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            if rounds > 1:
                # What the one before has left to the disk is not the work of the next.
                os.sync()
            given[name].append(run())
    return given


def ratios(values: list[float], peers: list[float]) -> tuple[float, ...]:
    """Return the ratio of each round."""
    return tuple(value / peer for value, peer in zip(values, peers, strict=True))


def side_by_side(unit: str, digits: int, **values: list[float]) -> str:
    """Return the medians in words, as in ``flowimg 150 MB/s, aria2c 242 MB/s``."""
    return ", ".join(
        f"{name.replace('_', ' ')} {median(each):.{digits}f} {unit}" for name, each in values.items()
    )
