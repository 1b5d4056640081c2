"""``python -m benchmarks`` lists what there is to measure, ``python -m benchmarks NAME`` measures it."""

import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from benchmarks.faults import command as faults
from benchmarks.screen import command as screen


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


def main(arguments: list[str]) -> int:
    """Run the benchmark that the first argument names."""
    match arguments:
        case [name, *rest] if name in BENCHMARKS:
            return BENCHMARKS[name].run(rest)
        case [] | ["-h" | "--help"]:
            for name, benchmark in BENCHMARKS.items():
                print(f"python -m benchmarks {name}    {benchmark.tells}")
            return 0
    print(f"There is no benchmark {arguments[0]!r}; there are {', '.join(BENCHMARKS)}.", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
