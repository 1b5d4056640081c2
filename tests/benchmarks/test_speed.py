"""How fast the work is: how that is told, and that everything is measured."""

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from benchmarks.__main__ import main
from benchmarks.filling import fill
from benchmarks.speed import answers
from benchmarks.speed.command import BENCHMARKS
from benchmarks.speed.figures import Figure, Table
from benchmarks.speed.rounds import QUICK
from flowimg_tui.flow.labs_wire import decode_media
from flowimg_tui.mirror.pictures import PictureFormat, identify
from flowimg_tui.store.gallery import Gallery
from tests.store.field import check_words_and_sizes

NAMES = {
    "startup": ["startup-version", "startup-status"],
    "latency": ["latency-4", "latency-16", "latency-bare", "latency-1"],
    "sync": ["sync-new", "sync-known", "sync-more", "sync-memory"],
    "store": [
        *("store-window", "store-page-new", "store-page-known", "store-image"),
        *("store-opening", "store-counts", "store-middle", "store-filter"),
    ],
    "signed-urls": [
        f"signed-urls-{size}{without}"
        for size in ("300kb", "2mb")
        for without in (
            "",
            "-without-fsync",
            "-without-hash",
            "-without-structure",
            "-without-api",
            "-without-all",
        )
    ],
    "api": ["api-300kb", "api-300kb-of-urls", "api-2mb", "api-2mb-of-urls"],
    "cpu": [
        *("cpu-url", "cpu-api", "cpu-aria2c"),
        *(f"cpu-{source}-{size}-shares" for size in ("300kb", "2mb") for source in ("api", "url")),
    ],
    "memory": ["memory-4", "memory-16", "memory-more"],
}

_BARS: Final = re.compile(r"(?<!\\)\|")
_IMAGES: Final = re.compile(r"\d+(?:,\d+)*[kM]?(?= images)|(?<=of that at )\d+(?:,\d+)*[kM]?")
"""How many images a title tells of: those are fewer in a quick run."""


class Row(NamedTuple):
    """What a table tells of a figure, whatever was measured."""

    title: str
    unit: str
    limit: str


def shown() -> list[Row]:
    """The rows of all the README's tables of speed, with as many images as they would have in a quick run."""
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    return rows_of(readme.partition("\n## How fast\n")[2].partition("\n## ")[0])


def rows_of(markdown: str) -> list[Row]:
    """The rows of what the command has printed."""
    rows = []
    for line in markdown.splitlines():
        if line.startswith("|") and not line.startswith(("| what |", "| --- |")):
            _, title, measured, _, _, limit, _ = (
                cell.strip().replace(r"\|", "|") for cell in _BARS.split(line)
            )
            unit = measured.strip("*").partition(" ")[2]
            bound = re.sub(r"[\d.]+", lambda number: f"{float(number[0]):g}", limit)
            rows.append(Row(with_images(title, QUICK.of), unit, bound))
    return rows


def row_of(figure: dict[str, Any]) -> Row:
    """The row of a figure of a quick run."""
    limits = (("at most", figure["at_most"]), ("at least", figure["at_least"]))
    told = [f"{bound} {limit:g} {figure['unit']}" for bound, limit in limits if limit is not None]
    return Row(with_images(figure["title"], lambda images: images), figure["unit"], "".join(told))


def with_images(title: str, amount: Callable[[int], int]) -> str:
    """The title with each number of images as ``amount`` has it."""

    def told(found: re.Match[str]) -> str:
        return str(amount(int(found[0].replace(",", "").replace("k", "000").replace("M", "000000"))))

    return _IMAGES.sub(told, title)


def table(*figures: Figure, left_out: tuple[str, ...] = ()) -> Table:
    return Table(date(2026, 11, 26), "2 cores", {"flowimg": "0.1"}, figures, left_out)


def test_a_limit_that_the_median_does_not_keep_stands_out_and_makes_the_exit_code_1() -> None:
    kept = Figure("speed", "ours of aria2c's", "×", (0.4, 0.5, 0.9), "flowimg 100 MB/s", at_least=0.5)
    missed = Figure("memory", "peak", "MB", (61.0, 61.0, 50.0), at_most=60, digits=0)

    assert (table(kept).exit_code, table(kept, missed).exit_code) == (0, 1)
    assert table(kept, missed).markdown().splitlines()[2:5] == [
        "| ours of aria2c's | 0.50 × | 0.40–0.90 | flowimg 100 MB/s | at least 0.50 × |",
        "| peak | **61 MB** | 50–61 |  | at most 60 MB |",
        "",
    ]
    assert [line[0] for line in table(kept, missed).text().splitlines()[:3]] == [" ", " ", "✗"]
    rows = json.loads(table(kept, missed).json())["rows"]
    assert [(row["value"], row["values"], row["holds"]) for row in rows] == [
        (0.5, [0.4, 0.5, 0.9], True),
        (61.0, [61.0, 61.0, 50.0], False),
    ]


def test_what_could_not_be_measured_is_told_and_is_no_success() -> None:
    without = table(left_out=("api: jq is not installed; on Debian: apt-get install jq",))
    assert "apt-get install jq" in without.text()
    assert without.exit_code == 1


def test_what_was_measured_can_be_read_from_its_table() -> None:
    told = table(
        Figure(
            "kept", "speed of `curl | jq`'s", "×", (6.0,), "the pipeline 1 | 2 MB/s", at_least=5, digits=1
        ),
        Figure("missed", "peak", "MB", (61.0, 62.0), at_most=60, digits=0),
        Figure("told", "CPU of 1,000 pictures", "s", (3.0,)),
    )
    rows = rows_of(told.markdown())
    assert rows == [row_of(figure) for figure in json.loads(told.json())["rows"]]
    assert rows == [
        ("speed of `curl | jq`'s", "×", "at least 5 ×"),
        ("peak", "MB", "at most 60 MB"),
        ("CPU of 1,000 pictures", "s", ""),
    ]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_measures_all_that_it_tells_of_and_the_readme_shows_it(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main([name, "--quick", "--json"])
    answer = json.loads(capsys.readouterr().out)

    if answer["left_out"]:
        pytest.skip(answer["left_out"][0])
    assert [row["name"] for row in answer["rows"]] == NAMES[name]
    assert code == (0 if all(row["holds"] for row in answer["rows"]) else 1)
    ours = [row_of(figure) for figure in answer["rows"]]
    assert [row for row in shown() if row in ours] == ours


def test_the_readme_shows_nothing_else() -> None:
    # Each row that a benchmark gives is held to be there.
    assert len(shown()) == sum(map(len, NAMES.values()))


def test_an_unknown_name_is_told_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["stratup"])
    assert caught.value.code == 2
    assert "there are startup, latency" in capsys.readouterr().err


def test_the_answers_of_the_ready_service_are_those_of_flow() -> None:
    content = answers.picture(50_000)

    assert len(content) == 50_000
    assert identify(content) is PictureFormat.JPEG
    assert decode_media(answers.inline_media(content)).data == content


def test_a_gallery_that_was_filled_past_the_store_is_one_of_the_store(tmp_path: Path) -> None:
    def statements(path: Path) -> set[str]:
        with closing(sqlite3.connect(path)) as connection:
            return {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master")}

    database = tmp_path / "gallery.db"
    with closing(Gallery(database)) as gallery:
        profile = gallery.add_profile("studio", "labs", None, datetime.now(UTC))
        before = statements(database)
        fill(database, 40)
        counts = gallery.counts(profile.id)

    assert (counts.images, counts.downloaded, counts.pending, counts.failed) == (40, 28, 4, 8)
    assert statements(database) == before
    check_words_and_sizes(database)
