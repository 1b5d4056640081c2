"""How fast the work is: how that is told, and that everything is measured."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.filling import fill
from benchmarks.speed import answers
from benchmarks.speed.command import BENCHMARKS
from benchmarks.speed.figures import Figure, Table
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


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_measures_all_that_it_tells_of(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = main([name, "--quick", "--json"])
    answer = json.loads(capsys.readouterr().out)

    if answer["left_out"]:
        pytest.skip(answer["left_out"][0])
    assert [row["name"] for row in answer["rows"]] == NAMES[name]
    assert code == (0 if all(row["holds"] for row in answer["rows"]) else 1)


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
