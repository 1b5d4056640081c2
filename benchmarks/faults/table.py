"""The result for a terminal, for the README, and for a program."""

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from benchmarks.faults.cells import Cell, Run
from benchmarks.faults.downloaders import Downloader
from benchmarks.faults.rows import Row

_WIDTH: Final = 118


@dataclass(frozen=True, slots=True)
class Table:
    """What was found on `day`. `versions` has the columns, `cells` their cells, in the order of `rows`."""

    day: date
    versions: Mapping[Downloader, str]
    rows: Sequence[Row]
    cells: Mapping[Downloader, Sequence[Cell]]

    @property
    def exit_code(self) -> int:
        """1 where a cell of ours is wrong."""
        ours = (cell for downloader, cells in self.cells.items() if downloader.is_ours for cell in cells)
        return 0 if all(cell.is_right for cell in ours) else 1

    def text(self) -> str:
        """Lines for a terminal; a wrong cell has a ✗."""
        width = max(len(downloader.name) for downloader in self.versions)
        lines: list[str] = []
        for place, row in enumerate(self.rows):
            lines.append(row.title)
            for downloader, cells in self.cells.items():
                cell = cells[place]
                seconds = sum(run.seconds for run in cell.runs)
                mark = " " if cell.is_right else "✗"
                lines.append(f"  {downloader.name:{width}}  {mark} {told(cell):84} {seconds:5.1f} s")
        counts = ", ".join(f"{downloader.name} {self._wrong(downloader)}" for downloader in self.versions)
        return "\n".join([*lines, "", self._made(), f"Wrong of {len(self.rows)}: {counts}"])

    def markdown(self) -> str:
        """A table of which the wrong cells are bold, and under it how it was made."""
        return "\n".join([*self._markdown_lines(), "", *textwrap.wrap(self._made(), _WIDTH)])

    def json(self) -> str:
        """One object, with each run."""
        return json.dumps(
            {
                "schema": 1,
                "day": self.day.isoformat(),
                "versions": {downloader.name: version for downloader, version in self.versions.items()},
                "rows": [
                    {
                        "name": row.name,
                        "title": row.title,
                        "cells": {
                            downloader.name: _as_json(cells[place])
                            for downloader, cells in self.cells.items()
                        },
                    }
                    for place, row in enumerate(self.rows)
                ],
                "wrong": {
                    downloader.name: sum(not cell.is_right for cell in cells)
                    for downloader, cells in self.cells.items()
                },
            }
        )

    def _markdown_lines(self) -> Iterator[str]:
        yield _line(["fault", *(downloader.name for downloader in self.versions)])
        yield _line(["---"] * (1 + len(self.versions)))
        for place, row in enumerate(self.rows):
            cells = [cells[place] for cells in self.cells.values()]
            yield _line(
                [row.title, *(told(cell) if cell.is_right else f"**{told(cell)}**" for cell in cells)]
            )
        yield _line(["wrong cells", *(self._wrong(downloader) for downloader in self.versions)])

    def _wrong(self, downloader: Downloader) -> str:
        cells = self.cells[downloader]
        wrong = sum(not cell.is_right for cell in cells)
        mended = sum(cell.is_mended for cell in cells)
        return f"{wrong} ({mended} mended by a second run)" if mended else str(wrong)

    def _made(self) -> str:
        seen: dict[str, str] = {}
        for downloader, version in self.versions.items():
            seen.setdefault(downloader.name.partition(" ")[0], version)
        versions = ", ".join(f"{program} {version}" for program, version in seen.items())
        return f"Made on {self.day.isoformat()} with {versions}."


def told(cell: Cell) -> str:
    """The text of a cell: the exit code, and what lay there then."""
    first, *again = (_run_told(run) for run in cell.runs)
    text = first + "".join(", and again" if each == first else f", again {each}" for each in again)
    return f"{text}, without the wait" if cell.too_soon else text


def _run_told(run: Run) -> str:
    codes = " and ".join(_code_told(code) for code in run.codes)
    linked, *inline = run.pictures
    if inline and inline != [linked]:
        return f"{codes} → {linked} by its URL, {inline[0]} from the API"
    return f"{codes} → {linked}"


def _code_told(code: int | None) -> str:
    match code:
        case None:
            return "no end"
        case -9:
            return "killed"
    return str(code)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _as_json(cell: Cell) -> dict[str, object]:
    runs = [
        {"codes": run.codes, "found": run.pictures, "right": run.is_right, "seconds": round(run.seconds, 1)}
        for run in cell.runs
    ]
    return {"right": cell.is_right, "too_soon": cell.too_soon, "runs": runs}
