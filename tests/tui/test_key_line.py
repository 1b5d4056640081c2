"""The line of keys stands still: it is drawn anew where a key changed, and only there."""

from textual.widget import Widget
from textual.widgets import Footer

from flowimg_tui.tui.app import FlowimgApp
from tests.tui.driving import AppPilot, drive, press_and_wait, text_of, until
from tests.tui.scripted import ScriptedService


def keys_of(pilot: AppPilot) -> list[Widget]:
    """Return the keys as they stand in the line, whatever is open above it."""
    return list(pilot.app.screen_stack[0].query_one(Footer).children)


def is_dimmed(pilot: AppPilot, words: str) -> bool:
    (key,) = [key for key in keys_of(pilot) if words in str(key.render())]
    return key.has_class("-disabled")


def test_the_line_stays_as_it_is_when_the_focus_moves(scripted_app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        before = keys_of(pilot)
        assert before
        await pilot.press("P")
        await until(pilot, lambda: pilot.app.focused is not None and pilot.app.focused.id == "profiles")
        await pilot.press("down", "P")
        await pilot.pause()
        after = keys_of(pilot)
        assert [id(key) for key in after] == [id(key) for key in before]

    drive(scripted_app, script)


def test_a_key_is_dimmed_and_lit_with_what_it_can_do(
    scripted_app: FlowimgApp, scripted: ScriptedService
) -> None:
    scripted.pages_served = 1

    async def script(pilot: AppPilot) -> None:
        assert is_dimmed(pilot, "Stop")
        assert not is_dimmed(pilot, "Sync")
        await pilot.press("s")
        await until(pilot, lambda: is_dimmed(pilot, "Sync") and not is_dimmed(pilot, "Stop"))
        await press_and_wait(pilot, "x", "The sync was stopped")
        await until(pilot, lambda: is_dimmed(pilot, "Stop") and not is_dimmed(pilot, "Sync"))
        await pilot.press("delete")
        await until(pilot, lambda: "Remove studio?" in text_of(pilot) and is_dimmed(pilot, "Sync"))
        await pilot.press("escape")
        await until(pilot, lambda: not is_dimmed(pilot, "Sync"))

    drive(scripted_app, script)
