"""Windows of every size: what is shown fits, and a window that is too small says so."""

import pytest

from flowimg_tui.tui.app import FlowimgApp
from tests.tui.driving import AppPilot, app_of, drive, keys_shown, press_and_wait, shows, text_of, until
from tests.tui.scripted import ScriptedService


@pytest.mark.parametrize("size", [(59, 20), (60, 19), (30, 8), (12, 3), (1, 1)])
def test_a_window_that_is_too_small_says_so_alone(app: FlowimgApp, size: tuple[int, int]) -> None:
    async def script(pilot: AppPilot) -> None:
        await pilot.resize_terminal(*size)
        await until(pilot, lambda: len(text_of(pilot).splitlines()[0]) == size[0])
        await until(pilot, lambda: "Images" not in text_of(pilot))
        if size[0] > 50:
            assert f"flowimg needs a window of 60×20; this one has {size[0]}×{size[1]}" in text_of(pilot)
        await pilot.resize_terminal(60, 20)
        await until(pilot, lambda: shows(pilot, "Images", "Press s to sync"))

    drive(app, script)


def test_the_focus_and_what_was_typed_outlive_a_window_that_was_too_small(app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "1 of 42")
        await pilot.press("slash", "a")
        await until(pilot, lambda: "1 found of 42" in text_of(pilot))
        await pilot.resize_terminal(40, 10)
        await until(pilot, lambda: "flowimg needs" in text_of(pilot))
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "1 found of 42" in text_of(pilot))
        await pilot.press("backspace", "8")
        await until(pilot, lambda: {key[0] for key in keys_shown(pilot)} == {"8"})

    drive(app, script, size=(80, 24))


def test_a_form_that_is_filled_in_outlives_it_as_well(app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        await pilot.press("n", *"travel")
        await until(pilot, lambda: shows(pilot, "New profile", "travel"))
        await pilot.resize_terminal(40, 10)
        await until(pilot, lambda: "flowimg needs" in text_of(pilot) and "travel" not in text_of(pilot))
        await pilot.resize_terminal(80, 24)
        await pilot.press(*"ler")
        await until(pilot, lambda: shows(pilot, "New profile", "traveller"))

    drive(app, script, size=(80, 24))


def test_no_key_does_anything_to_what_cannot_be_seen(app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        await pilot.press("ctrl+x")
        await until(pilot, lambda: shows(pilot, "Force refresh studio?"))
        await pilot.resize_terminal(40, 10)
        await until(pilot, lambda: "flowimg needs" in text_of(pilot))
        await pilot.press("y", "enter", "escape", "d")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: shows(pilot, "Force refresh studio?"))
        await press_and_wait(pilot, "escape", "42 pending")
        await pilot.resize_terminal(40, 10)
        await until(pilot, lambda: "flowimg needs" in text_of(pilot))
        await pilot.press("d", "ctrl+q")
        await until(pilot, lambda: not app_of(pilot).is_running)

    drive(app, script, size=(80, 24))
    assert app.return_code == 0


def test_a_storm_of_sizes_ends_with_the_last_one(scripted_app: FlowimgApp, scripted: ScriptedService) -> None:
    scripted.pictures_served = 3

    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        await pilot.press("d")
        await until(pilot, lambda: "Downloading  3 of 42" in text_of(pilot))
        for step in range(12):
            await pilot.resize_terminal(20 + step * 7 % 140, 5 + step * 5 % 50)
        await pilot.resize_terminal(60, 20)
        await until(pilot, lambda: shows(pilot, "Images  42", "Downloading  3 of 42", "1.2 MB", "63 %"))
        assert {len(line) for line in text_of(pilot).splitlines()} == {60}
        assert app_of(pilot).is_running

    drive(scripted_app, script)
