"""The table of a comparison: which cells stand out, what is counted, and what the exit code says."""

import json
from datetime import date
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.faults.cells import Cell, Run
from benchmarks.faults.downloaders import DOWNLOADERS
from benchmarks.faults.judging import Found
from benchmarks.faults.rows import ROWS
from benchmarks.faults.table import Table

OURS, PEER = DOWNLOADERS[0], DOWNLOADERS[1]
WHOLE = Cell((Run((0,), (Found.WHOLE,), 0.5),))
NOTHING = Cell((Run((4,), (Found.NOTHING,), 0.5),))
HALF = Cell((Run((18,), (Found.HALF,), 0.5), Run((18,), (Found.HALF,), 0.5)))
MENDED = Cell((Run((-9,), (Found.HALF,), 0.5), Run((0,), (Found.WHOLE,), 0.5)))
TOO_SOON = Cell((Run((0,), (Found.WHOLE,), 0.5),), too_soon=True)
HALF_BY_URL = Cell((Run((0,), (Found.HALF, Found.WHOLE), 0.5),))


def table(ours: list[Cell], peer: list[Cell]) -> Table:
    versions = {OURS: "0.1", PEER: "7.88"}
    return Table(date(2026, 11, 25), versions, ROWS[: len(ours)], {OURS: ours, PEER: peer})


def test_markdown_has_the_wrong_cells_in_bold_and_counts_them() -> None:
    lines = table([WHOLE, NOTHING, WHOLE], [HALF, MENDED, TOO_SOON]).markdown().splitlines()

    assert lines[0] == "| fault | flowimg | curl -C - |"
    assert lines[2].endswith("| 0 → whole | **18 → half at the final name, and again** |")
    assert lines[3].endswith("| 4 → nothing | **killed → half at the final name, again 0 → whole** |")
    assert lines[4].endswith("| 0 → whole | 0 → whole, without the wait |")
    assert lines[5] == "| wrong cells | 0 | 2 (1 mended by a second run) |"
    assert lines[-1] == "Made on 2026-11-25 with flowimg 0.1, curl 7.88."


def test_text_marks_the_wrong_cells_and_ends_with_their_counts() -> None:
    *lines, last = table([WHOLE, HALF_BY_URL], [HALF, NOTHING]).text().splitlines()

    marked = [line for line in lines if "✗" in line]
    assert [line.split()[0] for line in marked] == ["curl", "flowimg"]
    assert "0 → half at the final name by its URL, whole from the API" in marked[1]
    assert last == "Wrong of 2: flowimg 1, curl -C - 1"


def test_json_has_every_run() -> None:
    answer = json.loads(table([WHOLE], [MENDED]).json())

    assert answer["rows"][0]["cells"]["curl -C -"] == {
        "right": False,
        "too_soon": False,
        "runs": [
            {"codes": [-9], "found": ["half at the final name"], "right": False, "seconds": 0.5},
            {"codes": [0], "found": ["whole"], "right": True, "seconds": 0.5},
        ],
    }
    assert answer["wrong"] == {"flowimg": 0, "curl -C -": 1}


def test_only_a_wrong_cell_of_ours_makes_the_exit_code_1() -> None:
    assert table([WHOLE, NOTHING], [HALF, HALF]).exit_code == 0
    assert table([WHOLE, HALF_BY_URL], [WHOLE, WHOLE]).exit_code == 1


def test_the_readme_shows_the_table_of_today_with_no_wrong_cell_of_ours() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    lines = [line for line in readme.splitlines() if line.startswith("|") and " → " in line]
    shown = [line.strip("| ").split(" | ") for line in lines]

    assert [row.title for row in ROWS] == [cells[0] for cells in shown]
    assert not [cells for cells in shown if cells[1].startswith("**")]


def test_its_help_lists_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    listed = main(["--help"])
    with pytest.raises(SystemExit) as unknown:
        main(["catch"])

    output = capsys.readouterr()
    assert (listed, unknown.value.code) == (0, 2)
    assert output.out.startswith("python -m benchmarks faults ")
    assert {line.split()[3] for line in output.out.splitlines()[:-1]} >= {"screen", "latency", "api", "cpu"}
    assert "there is no benchmark 'catch'; there are startup" in output.err
