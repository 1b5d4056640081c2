"""The budgets, and the result for a terminal, for the README, and for a program."""

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

_WIDTH: Final = 118


@dataclass(frozen=True, slots=True)
class Budget:
    """Something that is measured, and the most it may be; without a limit it is only told."""

    name: str
    title: str
    unit: str
    limit: float | None = None
    digits: int = 0

    def holds(self, value: float) -> bool:
        return self.limit is None or value <= self.limit

    def told(self, value: float) -> str:
        return f"{value:.{self.digits}f} {self.unit}"


BUDGETS: Final = (
    Budget("paint", "first paint, of that of a bare Textual app with one DataTable", "×", 1.35, 2),
    Budget("paint-large", "first paint, of that with 100 images", "×", 1.2, 2),
    Budget("key", "a key to the changed screen, median", "ms", 30),
    Budget("key-99", "a key to the changed screen, 99th percentile", "ms", 60),
    Budget("filter", "a keystroke of a filter to what it finds, median", "ms", 60),
    Budget("filter-most", "a keystroke of a filter to what it finds, the longest", "ms"),
    Budget("sort", "a sort key to the sorted rows, median", "ms", 150),
    Budget("sort-most", "a sort key to the sorted rows, the longest", "ms"),
    Budget("stall", "longest stall of the screen's loop", "ms", 50),
    Budget("step-picture", "a step beside the picture to the new row, median", "ms", 40),
    Budget("step-picture-99", "a step beside the picture to the new row, 99th percentile", "ms", 80),
    Budget("picture", "a step to the picture of a JPEG of 2 MB, the longest", "ms", 250),
    Budget("page-cold", "a page of 24 of them in the contact sheet, never seen, median", "ms", 600),
    Budget("page-warm", "a page of 24 of them in the contact sheet, seen before, median", "ms", 100),
    Budget("stall-pictures", "longest stall of the screen's loop while pictures are seen", "ms", 50),
    Budget("key-ssh", "over SSH: a key to the changed screen, median", "ms"),
    Budget("key-99-ssh", "over SSH: a key to the changed screen, 99th percentile", "ms"),
    Budget("memory", "memory above that with 100 images", "MB", 40, 1),
    Budget("bytes", "to the terminal while four downloads run, over SSH", "kB/s", 6, 1),
    Budget("bytes-local", "to the terminal while four downloads run, not over SSH", "kB/s", None, 1),
    Budget("step", "to the terminal for a step of the cursor", "B", 1000),
    Budget("step-scrolls", "to the terminal for a step of the cursor that scrolls", "B"),
    Budget("idle", "to the terminal while nothing runs", "B", 0),
)


@dataclass(frozen=True, slots=True)
class Table:
    """What was measured on `day`: a value for each of `budgets`, by its name."""

    day: date
    images: int
    versions: Mapping[str, str]
    values: Mapping[str, float]
    budgets: Sequence[Budget] = BUDGETS

    @property
    def exit_code(self) -> int:
        """1 where a budget does not hold."""
        return 0 if all(budget.holds(self.values[budget.name]) for budget in self.budgets) else 1

    def text(self) -> str:
        """Lines for a terminal; a budget that does not hold has a ✗."""
        lines = []
        for budget in self.budgets:
            value = self.values[budget.name]
            mark = " " if budget.holds(value) else "✗"
            lines.append(f"{mark} {budget.title:66} {budget.told(value):>12}  {_limit(budget)}".rstrip())
        return "\n".join([*lines, "", self._made()])

    def markdown(self) -> str:
        """A table in which what does not hold is bold, and under it how it was made."""
        return "\n".join([*self._markdown_lines(), "", *textwrap.wrap(self._made(), _WIDTH)])

    def json(self) -> str:
        """One object, with the values as they were measured."""
        rows = [
            {
                "name": budget.name,
                "title": budget.title,
                "value": self.values[budget.name],
                "unit": budget.unit,
                "limit": budget.limit,
                "holds": budget.holds(self.values[budget.name]),
            }
            for budget in self.budgets
        ]
        told = {"day": self.day.isoformat(), "images": self.images, "versions": dict(self.versions)}
        return json.dumps({"schema": 1, **told, "rows": rows})

    def _markdown_lines(self) -> Iterator[str]:
        yield "| what | measured | at most |"
        yield "| --- | --- | --- |"
        for budget in self.budgets:
            value = self.values[budget.name]
            told = budget.told(value) if budget.holds(value) else f"**{budget.told(value)}**"
            limit = "" if budget.limit is None else budget.told(budget.limit)
            yield f"| {budget.title} | {told} | {limit} |"

    def _made(self) -> str:
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return f"Made on {self.day.isoformat()} with {self.images:,} images, {versions}."


def _limit(budget: Budget) -> str:
    return "" if budget.limit is None else f"at most {budget.told(budget.limit)}"
