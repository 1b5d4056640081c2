"""Stopped half-way, by Ctrl-C, by the system, or by a terminal that went away: the answer is still true."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowimg_tui.demo.home import demo_environment
from flowimg_tui.demo.service import DemoOptions, DemoService
from tests.cli.conftest import AT_ONCE
from tests.cli.helpers import Installation, eventually

SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
SLOW = 500
"""Bytes a second: no picture comes to its end within a test's patience."""

INTERRUPTED_EARLY = """
from flowimg_tui.cli import app, screen

def interrupted():
    raise KeyboardInterrupt

screen.open_app = interrupted
app.main()
"""


@pytest.fixture
def service() -> Iterator[DemoService]:
    with DemoService(DemoOptions(images=2)) as running:
        yield running


@pytest.fixture
def half_way(service: DemoService, tmp_path: Path) -> Installation:
    """An installation that has five records, two of them with a file that a download would adopt."""
    flowimg = Installation({**demo_environment(service, tmp_path), **AT_ONCE}, tmp_path)
    assert flowimg.add("studio", service.cookie_header).code == 0
    assert [flowimg.quick(command).code for command in ("sync", "download")] == [0, 0]
    assert flowimg.quick("refresh", "--profile", "studio", "--yes").code == 0
    service.gallery.add(3)
    assert flowimg.quick("sync", "--json").json()["new"] == 5
    service.options.rate = SLOW
    return flowimg


def pictures_asked_for(service: DemoService) -> int:
    return sum(request.raw_path.startswith("/v1/media/") for request in service.requests)


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_download_that_is_stopped_still_streams_a_finish_whose_numbers_add_up(
    half_way: Installation, number: signal.Signals, code: int
) -> None:
    with half_way.start("download", "--jsonl") as running:
        running.wait_for('"event":"image_started"', times=3)
        running.wait_for('"event":"image_adopted"', times=2)
        running.send(number)
        answer = running.answer()

    assert answer.code == code
    finish = answer.events()[-1]
    assert (finish["event"], finish["error"]) == ("download_finished", None)
    assert (finish["pending"], finish["downloaded"], finish["adopted"]) == (5, 0, 2)
    assert (finish["failed"], finish["cancelled"]) == (0, 3)
    assert answer.stderr.splitlines()[-1].endswith("2 adopted from disk, 3 cancelled")
    assert "Traceback" not in answer.stderr
    assert len(half_way.files()) == 2


def test_after_a_stop_the_json_answer_still_comes_and_a_rerun_completes(
    half_way: Installation, service: DemoService
) -> None:
    before = pictures_asked_for(service)
    with half_way.start("download", "--json") as running:
        eventually("the pictures are asked for", lambda: pictures_asked_for(service) == before + 3)
        # A worker of its own adopts the other two: its word for it comes on stderr.
        running.wait_for(str(half_way.pictures), on="stderr", times=2)
        running.send(signal.SIGTERM)
        answer = running.answer()
    stopped = answer.json()

    service.options.rate = None
    rerun = half_way.quick("download", "--json")

    assert answer.code == 143
    assert (stopped["pending"], stopped["adopted"], stopped["cancelled"]) == (5, 2, 3)
    assert rerun.code == 0
    assert (rerun.json()["pending"], rerun.json()["downloaded"]) == (3, 3)
    files = {path.stem: path.read_bytes() for path in half_way.files()}
    assert len(files) == 5
    assert files == {key: service.picture(key) for key in files}


@pytest.mark.parametrize(("number", "code"), SIGNALS[1:])
def test_a_sync_that_is_stopped_between_two_pages_keeps_its_page_and_a_rerun_completes(
    half_way: Installation, number: signal.Signals, code: int
) -> None:
    assert half_way.quick("refresh", "--profile", "studio", "--yes").code == 0
    slow = half_way.with_settings(page_delay="600", page_size="3")

    with slow.start("sync", "--jsonl") as running:
        running.wait_for('"event":"page_delayed"')
        running.send(number)
        answer = running.answer()

    finish = answer.events()[-1]
    assert answer.code == code
    assert (finish["event"], finish["complete"], finish["error"]) == ("sync_finished", False, None)
    assert (finish["pages"], finish["new"], finish["updated"]) == (1, 3, 0)
    assert "The sync was stopped: 1 page with 3 new" in answer.stderr.splitlines()[-1]
    assert "Traceback" not in answer.stderr
    rerun = half_way.quick("sync", "--json")
    told = rerun.json()
    assert (rerun.code, told["new"], told["updated"], told["complete"], told["resumed"]) == (
        0,
        2,
        0,
        True,
        True,
    )


def test_a_stopped_sync_still_answers_in_json(half_way: Installation) -> None:
    slow = half_way.with_settings(page_delay="600", page_size="3")

    with slow.start("sync", "--json") as running:
        running.wait_for("page 1", on="stderr")
        running.send(signal.SIGINT)
        answer = running.answer()

    assert answer.code == 130
    assert (answer.json()["pages"], answer.json()["updated"], answer.json()["complete"]) == (1, 3, False)


def test_a_signal_stops_all_profiles_and_not_only_the_running_one(
    half_way: Installation, service: DemoService
) -> None:
    assert half_way.add("tower", service.cookie_header).code == 0
    slow = half_way.with_settings(page_delay="600", page_size="3")

    with slow.start("sync", "--all", "--json") as running:
        running.wait_for("page 1", on="stderr")
        running.send(signal.SIGTERM)
        answer = running.answer()

    assert answer.code == 143
    assert [one["profile"] for one in answer.json()["profiles"]] == ["studio"]


def test_a_download_begun_with_nohup_outlives_its_terminal(
    half_way: Installation, service: DemoService
) -> None:
    with half_way.start("download", "--jsonl", before="trap '' HUP") as running:
        running.wait_for('"event":"image_started"', times=3)
        running.send(signal.SIGHUP)
        service.options.rate = None
        answer = running.answer()

    assert (answer.code, answer.events()[-1]["downloaded"]) == (0, 3)


def test_ctrl_c_before_the_app_listens_to_it_ends_with_130_and_says_nothing(flowimg: Installation) -> None:
    answer = flowimg.forked(program=INTERRUPTED_EARLY)

    assert (answer.code, answer.stdout, answer.stderr) == (130, "", "")
