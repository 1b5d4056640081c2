"""How long it takes from the start of a process to the first rows on its screen."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from benchmarks.screen import bare, scene
from benchmarks.screen.terminal import Terminal


@dataclass(frozen=True, slots=True)
class Start:
    """A program, and what it shows when it shows its rows."""

    module: Sequence[str]
    sign: str
    variables: Mapping[str, str]

    def seconds(self) -> float:
        begun = time.perf_counter()
        with Terminal(self.module, self.variables) as terminal:
            terminal.wait_for(self.sign)
            return time.perf_counter() - begun


BARE: Final = Start((bare.__name__,), bare.SIGN, {})


def flowimg(variables: Mapping[str, str]) -> Start:
    return Start(("flowimg_tui",), scene.SIGN, variables)


def medians(starts: Sequence[Start], times: int) -> list[float]:
    """Start each of them so many times, in turns: what the machine does besides meets all of them.

    The first time, which reads and compiles its files, is as good as never the median.
    """
    rounds = [[start.seconds() for start in starts] for _ in range(times)]
    return [median(seconds) for seconds in zip(*rounds, strict=True)]
