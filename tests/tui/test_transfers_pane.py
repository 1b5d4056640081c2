"""The pane of a running download, and the sum that it leaves."""

from flowimg_tui.tui.app import FlowimgApp
from tests.tui.driving import AppPilot, drive, press_and_wait, text_of, until
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


def test_the_keys_that_do_not_fit_are_left_out_whole(scripted_app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        for width, last in ((120, "P Profiles"), (80, "e Edit"), (60, "? Help")):
            await pilot.resize_terminal(width, 24)
            await until(pilot, lambda last=last: text_of(pilot).rstrip().endswith(last))  # type: ignore[misc]

    drive(scripted_app, script)
