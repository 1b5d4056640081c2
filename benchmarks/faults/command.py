"""``python -m benchmarks faults``: fill the table, and write it."""

import argparse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime

from benchmarks.faults.cells import Cell, fill
from benchmarks.faults.downloaders import DOWNLOADERS, Downloader
from benchmarks.faults.rows import ROWS, Course, Row
from benchmarks.faults.service import Service
from benchmarks.faults.table import Table
from benchmarks.telling import parser_of, show, tell


def run(arguments: list[str]) -> int:
    """Do what ``arguments`` say; 1 when flowimg has a wrong cell."""
    given = _parser().parse_args(arguments)
    rows = [row for row in ROWS if not given.row or row.name in given.row]
    wanted = [each for each in DOWNLOADERS if not given.downloader or each.name in given.downloader]
    table = measured(rows, wanted, jobs=given.jobs)
    show(table, given)
    return table.exit_code


def measured(rows: Sequence[Row], wanted: Sequence[Downloader], *, jobs: int) -> Table:
    """Put each of ``wanted`` that is installed into each situation, ``jobs`` situations at a time."""
    versions = {each: version for each in wanted if (version := each.version()) is not None}
    for missing in (each for each in wanted if each not in versions):
        tell(f"{missing.name}: not installed, or too old for its flags")

    def filled(row: Row) -> list[Cell]:
        cells = _cells_of(row, list(versions))
        tell(f"{row.title}: done")
        return cells

    with ThreadPoolExecutor(jobs) as pool:
        # What takes longest begins first.
        begun = {row: pool.submit(filled, row) for row in sorted(rows, key=lambda row: -row.times)}
        lines = [begun[row].result() for row in rows]
    cells = {each: [line[place] for line in lines] for place, each in enumerate(versions)}
    return Table(datetime.now(UTC).date(), versions, rows, cells)


def _cells_of(row: Row, downloaders: Sequence[Downloader]) -> list[Cell]:
    """One downloader after the other, at a service that has met nobody else."""
    with ExitStack() as services:
        large = row.course is Course.ON_A_FULL_DISK
        service = services.enter_context(Service.running(large=large, latency=row.latency))
        foreign = services.enter_context(Service.running()) if "{elsewhere}" in row.fault else None
        return [fill(row, downloader, service, foreign) for downloader in downloaders]


def _parser() -> argparse.ArgumentParser:
    parser = parser_of(
        "faults",
        "The same download faults over flowimg and every peer on PATH; wrong cells are marked.",
        "Silence is short here: a peer takes 2 s of it, and flowimg 10 s for an image in all.",
        json="one object, with each run",
    )
    names = {"row": [row.name for row in ROWS], "downloader": [each.name for each in DOWNLOADERS]}
    for name, choices in names.items():
        parser.add_argument(
            f"--{name}", action="append", choices=choices, help="only this, or several of them"
        )
    parser.add_argument(
        "--jobs",
        type=int,
        choices=range(1, 17),
        default=6,
        metavar="N",
        help="situations at a time, 6 unless told",
    )
    return parser
