"""``python -m benchmarks screen``: measure, and hold it against the budgets."""

import argparse
import platform
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.screen.budgets import Table
from benchmarks.screen.looking import look
from benchmarks.screen.measures import longest_stall, percentile, waits
from benchmarks.screen.painting import BARE, flowimg, medians
from benchmarks.screen.scene import Scene
from benchmarks.screen.session import QUICK, SSH, Amount, Session, Sign, session
from benchmarks.telling import parser_of, show, tell

_LARGE: Final = 100_000
_SMALL: Final = 100
_STARTS: Final = 9
_MOST_KNOWN: Final = 400
_RATE: Final = 50_000
"""Bytes a second of a picture: four of them come in about a second."""


def run(arguments: list[str]) -> int:
    """Do what ``arguments`` say; 1 when a budget does not hold."""
    given = _parser().parse_args(arguments)
    values = measured(given.images, quick=given.quick)
    names = {"flowimg": "flowimg-tui", "Textual": "textual"}
    versions = {
        **{name: version(package) for name, package in names.items()},
        "Python": platform.python_version(),
    }
    table = Table(datetime.now(UTC).date(), given.images, versions, values)
    show(table, given)
    return table.exit_code


def measured(images: int, *, quick: bool) -> dict[str, float]:
    """Measure every budget at a gallery of so many images; a hurry has one session for all of them."""
    with ExitStack() as scenes:
        large = scenes.enter_context(_scene(images))
        small = large if quick else scenes.enter_context(_scene(_SMALL))
        tell("The galleries are there")
        with small.installation() as at_small, large.installation() as at_large:
            bare, few, many = medians([BARE, flowimg(at_small), flowimg(at_large)], 1 if quick else _STARTS)
        tell("First paint: done")
        over_ssh = _session(large, SSH, QUICK if quick else Amount())
        local = over_ssh if quick else _session(large, {}, Amount())
        reference = over_ssh if quick else _session(small, SSH, Amount())
        looked = _look(large, QUICK if quick else Amount())
    values = {"paint": few / bare, "paint-large": many / few}
    return values | _values(local, over_ssh, reference) | _values_of_pictures(looked)


def _scene(images: int) -> AbstractContextManager[Scene]:
    return Scene.of(images, min(images // 2, _MOST_KNOWN), _RATE)


def _session(scene: Scene, variables: Mapping[str, str], amount: Amount) -> Session:
    with scene.installation() as installed, tempfile.TemporaryDirectory() as folder:
        had = session({**installed, **variables}, Path(folder), amount)
    tell(f"Session with {scene.images} images{' over SSH' if variables else ''}: done")
    return had


def _look(scene: Scene, amount: Amount) -> Session:
    with scene.installation() as installed, tempfile.TemporaryDirectory() as folder:
        had = look(installed, Path(folder), amount)
    tell("Session with pictures: done")
    return had


def _values_of_pictures(had: Session) -> dict[str, float]:
    steps = [1000 * wait for wait in waits(had, Sign.PLACE, pressed=Sign.PIXELS)]
    pages = [1000 * wait for wait in waits(had, Sign.PAGE)]
    cold, warm = pages[: len(pages) // 2], pages[len(pages) // 2 :]
    return {
        "step-picture": median(steps),
        "step-picture-99": percentile(steps, 99),
        "picture": 1000 * max(waits(had, Sign.PIXELS)),
        "page-cold": median(cold),
        "page-warm": median(warm),
        "stall-pictures": 1000 * longest_stall(had),
    }


def _values(local: Session, over_ssh: Session, reference: Session) -> dict[str, float]:
    keys, keys_over_ssh = ([1000 * wait for wait in waits(had, Sign.PLACE)] for had in (local, over_ssh))
    filters = [1000 * wait for wait in waits(local, Sign.FOUND)]
    sorts = [1000 * wait for wait in waits(local, Sign.ORDER)]
    return {
        "key": median(keys),
        "key-99": percentile(keys, 99),
        "filter": median(filters),
        "filter-most": max(filters),
        "sort": median(sorts),
        "sort-most": max(sorts),
        "stall": 1000 * longest_stall(local),
        "key-ssh": median(keys_over_ssh),
        "key-99-ssh": percentile(keys_over_ssh, 99),
        "memory": (over_ssh.memory - reference.memory) / 1e6,
        "bytes": over_ssh.bytes_a_second / 1000,
        "bytes-local": local.bytes_a_second / 1000,
        "step": max(over_ssh.steps),
        "step-scrolls": over_ssh.scrolling_step,
        "idle": over_ssh.idle,
    }


def _parser() -> argparse.ArgumentParser:
    parser = parser_of(
        "screen",
        "What the screen takes of time, memory and the line, in a terminal of 120×40.",
        "Times are worth something on a machine that does nothing else.",
        json="one object",
    )
    parser.add_argument("--quick", action="store_true", help="little of everything, to see that it runs")
    parser.add_argument("--images", type=int, default=_LARGE, metavar="N", help="100,000 unless told")
    return parser
