"""Questions before what is hard to take back, and an end that leaves nothing half done."""

from pathlib import Path

import pytest

from flowimg_tui.demo.service import DemoService
from flowimg_tui.store.records import ProfileRecord
from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.tui.screens.confirm import QUIET_SECONDS
from flowimg_tui.workspace import Workspace
from tests.tui.driving import AppPilot, app_of, drive, press_and_wait, shows, status_of, text_of, until
from tests.tui.scripted import Clock, ScriptedService


async def sync_and_ask(pilot: AppPilot) -> None:
    await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
    await pilot.press("ctrl+x")
    await until(pilot, lambda: "Delete records" in text_of(pilot))


def test_the_question_says_what_goes_what_stays_and_what_to_do_next(app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        await sync_and_ask(pilot)
        for words in (
            "Force refresh studio?",
            "42 image records of studio will be deleted",
            "0 files on disk are touched; 0 pictures stay",
            "press s to sync",
        ):
            assert words in text_of(pilot)

    drive(app, script)


def test_cancel_has_the_focus_and_a_held_enter_deletes_nothing(
    app: FlowimgApp, workspace: Workspace, studio: ProfileRecord, clock: Clock
) -> None:
    async def script(pilot: AppPilot) -> None:
        await sync_and_ask(pilot)
        assert pilot.app.focused is not None
        assert pilot.app.focused.id == "no"
        clock.now += 10
        await pilot.press("enter", "enter", "enter")
        await until(pilot, lambda: "Delete records" not in text_of(pilot))
        assert workspace.gallery.counts(studio.id).images == 42

    drive(app, script)


def test_neither_the_trigger_nor_a_key_that_repeats_confirms(
    app: FlowimgApp, workspace: Workspace, studio: ProfileRecord, clock: Clock
) -> None:
    async def script(pilot: AppPilot) -> None:
        await sync_and_ask(pilot)
        clock.now += 10
        await pilot.press("ctrl+x", "ctrl+x", "escape")
        await until(pilot, lambda: "Delete records" not in text_of(pilot))
        await pilot.press("ctrl+x")
        await until(pilot, lambda: "Delete records" in text_of(pilot))
        for _ in range(15):
            clock.now += QUIET_SECONDS / 10
            await pilot.press("y")
        assert "Delete records" in text_of(pilot)
        assert workspace.gallery.counts(studio.id).images == 42
        clock.now += QUIET_SECONDS
        await press_and_wait(pilot, "y", "Deleted 42 image records of studio, no file. Press s to sync.")
        assert workspace.gallery.counts(studio.id).images == 0

    drive(app, script)


def test_the_records_that_go_are_those_of_the_profile_that_was_asked_about(
    app: FlowimgApp, workspace: Workspace, demo: DemoService, clock: Clock
) -> None:
    workspace.profiles.add("zweites", workspace.profiles.read_cookies("zweites", demo.cookie_header))

    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        await pilot.press("P", "down")
        await until(pilot, lambda: "zweites" in text_of(pilot).splitlines()[0])
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        await pilot.press("up", "ctrl+x")
        await until(pilot, lambda: "Delete records" in text_of(pilot))
        asked_about = "studio" if "Force refresh studio?" in text_of(pilot) else "zweites"
        clock.now += 1
        await press_and_wait(pilot, "y")
        left = {each.name: workspace.gallery.counts(each.id).images for each in workspace.gallery.profiles()}
        assert left == {"studio": 42, "zweites": 42, asked_about: 0}

    drive(app, script)


def test_a_key_pressed_many_times_asks_once(app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        await pilot.press(*["ctrl+x"] * 6, "s", "q")
        await until(pilot, lambda: "Delete records" not in text_of(pilot) and not app_of(pilot).runs)
        await pilot.press(*["ctrl+x"] * 6)
        await until(pilot, lambda: "Delete records" in text_of(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "Delete records" not in text_of(pilot))
        assert len(pilot.app.screen_stack) == 1

    drive(app, script)


def test_the_buttons_do_what_they_say(
    app: FlowimgApp, workspace: Workspace, studio: ProfileRecord, clock: Clock
) -> None:
    async def script(pilot: AppPilot) -> None:
        await sync_and_ask(pilot)
        clock.now += 1
        await pilot.click("#no")
        await until(pilot, lambda: "Delete records" not in text_of(pilot))
        assert workspace.gallery.counts(studio.id).images == 42
        await pilot.press("ctrl+x")
        await until(pilot, lambda: "Delete records" in text_of(pilot))
        clock.now += 1
        await pilot.press("left", "enter")
        await until(pilot, lambda: workspace.gallery.counts(studio.id).images == 0)

    drive(app, script)


def test_q_ends_an_idle_app_at_once(app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        await pilot.press("q")
        await until(pilot, lambda: not app_of(pilot).is_running or app_of(pilot).return_code is not None)

    drive(app, script)
    assert app.return_code == 0


def test_quitting_in_mid_download_asks_stops_and_leaves_no_temp(
    scripted_app: FlowimgApp,
    scripted: ScriptedService,
    scripted_workspace: Workspace,
    clock: Clock,
    output: Path,
) -> None:
    scripted.pictures_served = 10

    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        await pilot.press("d")
        await until(pilot, lambda: "Downloading  10 of 42" in text_of(pilot))
        await pilot.press("q")
        await until(pilot, lambda: "Still running: download of studio" in text_of(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "Still running" not in text_of(pilot))
        assert len(app_of(pilot).runs) == 1
        await pilot.press("q")
        await until(pilot, lambda: "Still running" in text_of(pilot))
        clock.now += 1
        await pilot.press("y")
        await until(pilot, lambda: app_of(pilot).return_code is not None)

    drive(scripted_app, script)
    assert scripted_app.return_code == 0
    files = [path for path in output.rglob("*") if path.is_file()]
    assert len(files) == 10
    assert not [path for path in files if path.name.endswith(".part")]
    gallery = scripted_workspace.gallery
    assert gallery.counts(gallery.profile("studio").id).downloaded == 10


def test_x_stops_a_download_at_once_and_the_tally_balances(
    scripted_app: FlowimgApp, scripted: ScriptedService
) -> None:
    scripted.pictures_served = 10

    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        await pilot.press("d")
        await until(pilot, lambda: "Downloading  10 of 42" in text_of(pilot))
        await press_and_wait(pilot, "x", "Downloaded 10 of 42 images", "32 cancelled", "32 pending")
        assert "Downloading  " not in text_of(pilot)
        scripted.pictures_served = 42
        await press_and_wait(pilot, "d", "Downloaded 32 of 32 images")

    drive(scripted_app, script)


@pytest.mark.parametrize("key", ["question_mark", "n", "ctrl+x"])
def test_ctrl_q_quits_from_everywhere(app: FlowimgApp, key: str) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new")
        await pilot.press(key)
        await until(pilot, lambda: len(pilot.app.screen_stack) == 2)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: app.return_code == 0 and not app.is_running)

    drive(app, script)


def test_above_a_question_the_palette_has_no_command_for_what_is_below(app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        await sync_and_ask(pilot)
        await pilot.press("ctrl+p", *"sync")
        await until(pilot, lambda: "No matches found" in text_of(pilot))

    drive(app, script)


def test_help_lists_every_key_of_the_footer(app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        await pilot.press("question_mark")
        await until(pilot, lambda: "esc closes" in text_of(pilot))
        for words in (
            "Bring the metadata",
            "Fetch every picture",
            "asks first",
            "Stop what is running",
            "Quit",
        ):
            assert words in text_of(pilot)
        await pilot.press("end")
        await until(pilot, lambda: shows(pilot, "Clear the filter", "In the log", "Quit, from everywhere"))
        await pilot.press("escape")
        await until(pilot, lambda: "esc closes" not in text_of(pilot))
        assert status_of(pilot) == ""

    drive(app, script)
