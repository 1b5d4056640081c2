"""``python -m benchmarks [NAME…]``: measure how fast the work is, and hold it against the limits."""

import argparse
import os
import platform
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from benchmarks.speed import api, cpu, latency, memory, signed_urls, startup, store, sync
from benchmarks.speed.figures import Figure, Table
from benchmarks.speed.nginx import ProgramMissing, version_of
from benchmarks.speed.rounds import QUICK, Amount
from benchmarks.telling import parser_of, show, tell


class Benchmark(NamedTuple):
    """What it tells, and what measures it in a folder of its own."""

    tells: str
    figures: Callable[[Path, Amount], Iterator[Figure]]


BENCHMARKS: Final[Mapping[str, Benchmark]] = MappingProxyType(
    {
        "startup": Benchmark("what stands before the first word of a command", startup.figures),
        "latency": Benchmark("images that each take their time on the service", latency.figures),
        "sync": Benchmark("what each page of a listing takes", sync.figures),
        "store": Benchmark("what the database takes as a gallery grows", store.figures),
        "memory": Benchmark("the most memory that a download has at a time", memory.figures),
        "signed-urls": Benchmark("pictures from signed URLs over TLS, beside aria2c", signed_urls.figures),
        "api": Benchmark("pictures in base64 from the API, beside curl, jq and base64", api.figures),
        "cpu": Benchmark("what of the processor pictures take, beside aria2c", cpu.figures),
    }
)


def run(arguments: list[str]) -> int:
    """Do what ``arguments`` say; 1 when a limit is not kept, or something could not be measured."""
    given = _parser().parse_args(arguments)
    table = measured(given.names or list(BENCHMARKS), QUICK if given.quick else Amount())
    show(table, given)
    return table.exit_code


def measured(names: Sequence[str], amount: Amount) -> Table:
    """Measure what the names say; what needs a program that is not there is left out."""
    found: list[Figure] = []
    left_out: list[str] = []
    with tempfile.TemporaryDirectory(prefix="flowimg-benchmark-") as scratch:
        for name in names:
            try:
                found += BENCHMARKS[name].figures(Path(scratch), amount)
            except ProgramMissing as error:
                left_out.append(f"{name}: {error}")
            tell(f"{name}: done")
        machine = ", ".join(filter(None, (_processors(), _file_system(scratch))))
    return Table(datetime.now(UTC).date(), machine, _versions(), found, left_out)


def _versions() -> dict[str, str]:
    """Return those of flowimg and its parts, and of the peers that are installed."""
    parts = {"flowimg": "flowimg-tui", "httpx": "httpx", "aiohttp": "aiohttp"}
    peers = {name: version_of(name) for name in ("nginx", "aria2c", "curl", "jq")}
    return {
        **{name: version(package) for name, package in parts.items()},
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        **{name: told for name, told in peers.items() if told is not None},
    }


def _processors() -> str:
    told = Path("/proc/cpuinfo").read_text("utf-8") if Path("/proc/cpuinfo").exists() else ""
    names = [line.partition(":")[2].strip() for line in told.splitlines() if line.startswith("model name")]
    return f"{os.cpu_count()} cores of {names[0] if names else platform.machine()}"


def _file_system(folder: str) -> str:
    """Return where the files are written; nothing where nobody tells."""
    if shutil.which("findmnt") is None:
        return ""
    asked = ("findmnt", "--noheadings", "--output", "FSTYPE", "--target", folder)
    told = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    return f"files on {told}" if told else ""


def _known(name: str) -> str:
    if name not in BENCHMARKS:
        raise argparse.ArgumentTypeError(f"there is no benchmark {name!r}; there are {', '.join(BENCHMARKS)}")
    return name


def _parser() -> argparse.ArgumentParser:
    parser = parser_of(
        "[NAME…]",
        "How fast the work is: beside a peer that runs in turns with it, or a limit.",
        "; ".join(f"{name}: {benchmark.tells}" for name, benchmark in BENCHMARKS.items()),
        json="one object, with the value of each round",
    )
    parser.add_argument("--quick", action="store_true", help="little of everything, to see that it runs")
    parser.add_argument("names", nargs="*", metavar="NAME", type=_known, help="all unless told")
    return parser
