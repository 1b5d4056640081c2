"""The budgets of the screen: how they are told, what the exit code says, that all are measured."""

import json
from datetime import date
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.screen.budgets import BUDGETS, Budget, Table
from benchmarks.screen.measures import longest_stall, percentile, waits
from benchmarks.screen.picture import Picture
from benchmarks.screen.session import Session, Sign
from benchmarks.screen.watched import Notes

pytestmark = pytest.mark.waits

WITHIN = Budget("paint", "first paint", "×", 1.35, 2)
TOLD = Budget("told", "only told", "ms")


def table(paint: float) -> Table:
    values = {"paint": paint, "told": 900.0}
    return Table(date(2026, 11, 26), 100_000, {"flowimg": "0.1"}, values, (WITHIN, TOLD))


def test_a_budget_that_does_not_hold_stands_out_and_makes_the_exit_code_1() -> None:
    holds, broken = table(1.35), table(1.36)

    assert (holds.exit_code, broken.exit_code) == (0, 1)
    assert "✗" not in holds.text()
    assert broken.text().startswith("✗ first paint")
    assert broken.markdown().splitlines()[2:5] == [
        "| first paint | **1.36 ×** | 1.35 × |",
        "| only told | 900 ms |  |",
        "",
    ]
    assert [row["holds"] for row in json.loads(broken.json())["rows"]] == [False, True]


def test_a_key_waits_until_what_it_changes_is_another() -> None:
    keys = [(10.0, "s"), (20.0, "j"), (30.0, "j")]
    written = [
        (15.0, "\x1b[5;1H created ↓   1 of 42"),
        (20.1, "\x1b[5;14H1"),
        (20.25, "\x1b[5;14H2"),
        (30.5, "\x1b[5;14H3"),
    ]
    had = Session([None, Sign.PLACE, Sign.PLACE], notes=Notes(keys, written, [(9.0, 0.4), (21.0, 0.02)]))

    assert waits(had, Sign.PLACE) == pytest.approx([0.25, 0.5])
    assert longest_stall(had) == 0.02


def test_one_key_is_waited_for_twice_where_it_changes_two_things() -> None:
    had = Session(
        pressed=[Sign.PIXELS],
        notes=Notes(
            keys=[(1.0, "down")],
            written=[
                (0.5, "\x1b[1;1HPicture  64×32\x1b[30;130H↓   1 of 42"),
                (1.25, "\x1b[30;130H↓   2 of 42"),
                (1.5, "\x1b[1;1HPicture  32×32"),
            ],
            late=[],
        ),
        size=(160, 40),
    )
    assert waits(had, Sign.PLACE, pressed=Sign.PIXELS) == [0.25]
    assert waits(had, Sign.PIXELS) == [0.5]


def test_a_page_is_there_when_no_tile_waits_for_its_picture() -> None:
    had = Session(
        pressed=[Sign.PAGE],
        notes=Notes(
            keys=[(1.0, "pagedown")],
            written=[
                (0.5, "\x1b[30;100H↓   1 of 42"),
                (1.25, "\x1b[5;9H…\x1b[30;100H↓   25 of 42"),
                (2.0, "\x1b[5;9H▀"),
            ],
            late=[],
        ),
    )
    assert waits(had, Sign.PAGE) == [1.0]


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(number) for number in range(1, 201)]
    assert (percentile(values, 99), percentile(values[:10], 99)) == (198.0, 10.0)


def test_a_picture_is_what_was_written_however_it_came() -> None:
    picture = Picture()
    for part in ("\x1b[2;3Hlake\x1b", "[2;4H\x1b[38;5;1", "16mi\x1b[0m\x1b[?25l"):
        picture.feed(part)
    assert str(picture).splitlines()[1].strip() == "like"


def test_every_budget_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["screen", "--quick", "--json", "--images", "80"])
    rows = json.loads(capsys.readouterr().out)["rows"]

    assert [row["name"] for row in rows] == [budget.name for budget in BUDGETS]
    assert code == (0 if all(row["holds"] for row in rows) else 1)


def test_the_readme_shows_the_budgets_of_today() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    shown = [line.split("|") for line in readme.splitlines() if line.startswith("|")]
    limits = {title.strip(): limit.strip() for _, title, *_, limit, _ in shown}

    for budget in BUDGETS:
        assert limits[budget.title] == ("" if budget.limit is None else budget.told(budget.limit))
