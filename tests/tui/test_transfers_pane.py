"""The pane of a running download, and the sum that it leaves."""

import pytest

from flowimg_tui.mirror.events import DownloadFinished
from flowimg_tui.mirror.progress import ProgressBoard
from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.tui.widgets.transfers import TransfersPane
from tests.tui.driving import AppPilot, drive, keys_shown, press_and_wait, shows, text_of, until
from tests.tui.scripted import ScriptedService


def test_a_download_leaves_a_sum_that_balances_until_it_is_dismissed(
    scripted_app: FlowimgApp, scripted: ScriptedService
) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        scripted.missing = {2}
        scripted.pictures_served = 8
        await pilot.press("d")
        await until(pilot, lambda: "Downloading  8 of 42" in text_of(pilot))
        await press_and_wait(pilot, "x", "7 downloaded + 1 failed + 34 cancelled = 42 images")
        await press_and_wait(pilot, "s", "Synced 0 new", "34 cancelled = 42 images")
        await pilot.press("escape")
        await until(pilot, lambda: "= 42 images" not in text_of(pilot))

    drive(scripted_app, script, (80, 24))


def test_in_a_small_window_the_sum_is_whole(scripted_app: FlowimgApp) -> None:
    tally = DownloadFinished(100_000, 98_765, 1_200, 30, 5, bytes=0, seconds=1.0, error=None)

    async def script(pilot: AppPilot) -> None:
        pane = pilot.app.screen.query_one(TransfersPane)
        pilot.app.screen.query_one("#work").add_class("-transferring")
        pane.show_tally(tally)
        await until(
            pilot, lambda: shows(pilot, "98765 downloaded + 1200 adopted + 30 failed", "= 100000 images")
        )

    drive(scripted_app, script, (60, 20))


@pytest.fixture
def _sixteen_workers(environment: dict[str, str]) -> None:
    environment["FLOWIMG_WORKERS"] = "16"


@pytest.mark.usefixtures("_sixteen_workers")
def test_many_transfers_leave_room_for_the_images(
    scripted_app: FlowimgApp, scripted: ScriptedService
) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        scripted.pictures_served = 0
        await pilot.press("d")
        await until(pilot, lambda: "… and 10 more" in text_of(pilot) and "0 of 42 images" in text_of(pilot))
        assert len(keys_shown(pilot)) >= 7
        await press_and_wait(pilot, "x", "42 cancelled = 42 images")

    drive(scripted_app, script, (80, 24))


def test_a_picture_that_is_fetched_is_seen_although_a_slow_disk_still_saves_another(
    scripted_app: FlowimgApp,
) -> None:
    board = ProgressBoard()
    board.start(1, "first")
    board.saves(1)

    async def script(pilot: AppPilot) -> None:
        pane = pilot.app.screen.query_one(TransfersPane)
        pilot.app.screen.query_one("#work").add_class("-transferring")
        pane.begin(workers=1)
        pane.show(board.snapshot())
        await until(pilot, lambda: shows(pilot, "first", "saving"))
        board.start(2, "second")
        pane.show(board.snapshot())
        await until(pilot, lambda: shows(pilot, "second", "asking") and "first" not in text_of(pilot))
        board.drop(2)
        pane.show(board.snapshot())
        await until(pilot, lambda: shows(pilot, "first", "saving"))

    drive(scripted_app, script, (80, 24))


def test_the_keys_that_do_not_fit_are_left_out_whole(scripted_app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        for width, last in ((120, "P Profiles"), (80, "e Edit"), (60, "? Help")):
            await pilot.resize_terminal(width, 24)
            await until(pilot, lambda last=last: text_of(pilot).rstrip().endswith(last))  # type: ignore[misc]

    drive(scripted_app, script)
