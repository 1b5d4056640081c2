"""What was measured, held against its limit: for a terminal, for the README, and for a program."""

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Final

_WIDTH: Final = 118
_BAR: Final = r"\|"
"""A bar that parts no cells."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: a value of each round, of which the median has to keep the limit, if any.

    ``beside`` tells in words what the value comes from, or what else belongs to it.
    """

    name: str
    title: str
    unit: str
    values: tuple[float, ...]
    beside: str = ""
    at_most: float | None = None
    at_least: float | None = None
    digits: int = 2

    @property
    def value(self) -> float:
        """The median."""
        return median(self.values)

    @property
    def holds(self) -> bool:
        """Whether the median keeps the limit as it is told: what is rounded to the limit keeps it."""
        value = round(self.value, self.digits)
        return (self.at_most is None or value <= self.at_most) and (
            self.at_least is None or value >= self.at_least
        )

    @property
    def limit(self) -> str:
        """The limit in words; empty where there is none."""
        if self.at_most is not None:
            return f"at most {self.told(self.at_most)}"
        return "" if self.at_least is None else f"at least {self.told(self.at_least)}"

    @property
    def spread(self) -> str:
        """The lowest and the highest value; empty for a single one."""
        if len(self.values) == 1:
            return ""
        return f"{min(self.values):.{self.digits}f}–{max(self.values):.{self.digits}f}"

    def told(self, value: float) -> str:
        return f"{value:.{self.digits}f} {self.unit}"


@dataclass(frozen=True, slots=True)
class Table:
    """The figures of one call, made on ``day`` by ``versions`` on ``machine``."""

    day: date
    machine: str
    versions: Mapping[str, str]
    figures: Sequence[Figure]
    left_out: Sequence[str] = ()
    """For each benchmark that could not run, why."""

    @property
    def exit_code(self) -> int:
        """1 where a limit is not kept, or something could not be measured."""
        return 0 if not self.left_out and all(figure.holds for figure in self.figures) else 1

    def text(self) -> str:
        """Lines for a terminal; what does not keep its limit has a ✗."""
        return "\n".join([*self._text_lines(), "", *self.left_out, self._made()])

    def markdown(self) -> str:
        """A table in which what does not keep its limit is bold, and under it how it was made."""
        lines = textwrap.wrap(self._made(), _WIDTH)
        return "\n".join([*self._markdown_lines(), "", *self.left_out, *lines])

    def json(self) -> str:
        """One object, with the values as they were measured."""
        rows = [
            {
                "name": figure.name,
                "title": figure.title,
                "value": figure.value,
                "values": figure.values,
                "unit": figure.unit,
                "beside": figure.beside,
                "at_most": figure.at_most,
                "at_least": figure.at_least,
                "holds": figure.holds,
            }
            for figure in self.figures
        ]
        told = {"day": self.day.isoformat(), "machine": self.machine, "versions": dict(self.versions)}
        return json.dumps({"schema": 1, **told, "rows": rows, "left_out": list(self.left_out)})

    def _text_lines(self) -> Iterator[str]:
        for figure in self.figures:
            mark = " " if figure.holds else "✗"
            spread = f"({figure.spread})" if figure.spread else ""
            told = f"{figure.told(figure.value):>11} {spread:>15}  {figure.limit}"
            yield f"{mark} {figure.title:72} {told}".rstrip()
            if figure.beside:
                yield f"      {figure.beside}"

    def _markdown_lines(self) -> Iterator[str]:
        yield "| what | measured | spread | beside | limit |"
        yield "| --- | --- | --- | --- | --- |"
        for figure in self.figures:
            told = figure.told(figure.value)
            cells = (
                figure.title,
                told if figure.holds else f"**{told}**",
                figure.spread,
                figure.beside,
                figure.limit,
            )
            yield f"| {' | '.join(cell.replace('|', _BAR) for cell in cells)} |"

    def _made(self) -> str:
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return f"Made on {self.day.isoformat()} on {self.machine}, with {versions}."
