"""``python -m benchmarks`` measures how fast the work is, ``python -m benchmarks NAME…`` what is named."""

import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from benchmarks.faults import command as faults
from benchmarks.screen import command as screen
from benchmarks.speed import command as speed


class Benchmark(NamedTuple):
    """What it tells, and what runs it with its own arguments and returns the exit code."""

    tells: str
    run: Callable[[list[str]], int]


BENCHMARKS: Final[Mapping[str, Benchmark]] = MappingProxyType(
    {
        "faults": Benchmark("the same download faults over flowimg and well-known downloaders", faults.run),
        "screen": Benchmark("what the screen takes of time, memory and the line", screen.run),
    }
)
"""Those with a table of their own."""


def main(arguments: list[str]) -> int:
    """Run the benchmark that the first argument names, or those of speed."""
    match arguments:
        case [name, *rest] if name in BENCHMARKS:
            return BENCHMARKS[name].run(rest)
        case ["-h" | "--help"]:
            told = {name: benchmark.tells for name, benchmark in BENCHMARKS.items()}
            for name, tells in (told | {each: of.tells for each, of in speed.BENCHMARKS.items()}).items():
                print(f"python -m benchmarks {name:12} {tells}")
            print("Without a name: all but faults and screen. More is told by each with --help.")
            return 0
    return speed.run(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
