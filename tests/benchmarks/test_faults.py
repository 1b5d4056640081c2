"""The comparison itself, on two quick rows."""

import json
import shutil

import pytest

from benchmarks.__main__ import main
from benchmarks.faults.downloaders import Downloader

CURL = "curl -C -"


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl to compare with")
def test_a_web_page_is_saved_by_curl_and_refused_by_flowimg(capsys: pytest.CaptureFixture[str]) -> None:
    rows = ("--row", "html", "--row", "short-once")
    code = main(["faults", "--json", *rows, "--downloader", "flowimg", "--downloader", CURL])
    answer = json.loads(capsys.readouterr().out)

    told = {
        (row["name"], name): [(run["codes"], run["found"]) for run in cell["runs"]]
        for row in answer["rows"]
        for name, cell in row["cells"].items()
    }
    assert told == {
        ("html", "flowimg"): [([4], ["nothing", "nothing"])],
        ("html", CURL): [([0], ["a web page"]), ([0], ["a web page"])],
        ("short-once", "flowimg"): [([0], ["whole", "whole"])],
        ("short-once", CURL): [([0], ["whole"])],
    }
    assert answer["wrong"] == {"flowimg": 0, CURL: 1}
    assert code == 0


def test_a_program_that_is_missing_or_does_not_know_its_flags_is_no_column() -> None:
    missing = Downloader("none", ("no-program-of-this-name",), (), ())
    too_old = Downloader("old", ("python3",), ("--a-flag-of-later",), ())

    assert missing.version() is None
    assert too_old.version() is None
