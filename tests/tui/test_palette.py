"""The command palette: every command by its name, those alone that can do something, and the themes."""

from flowimg_tui.tui.app import FlowimgApp
from tests.tui.driving import AppPilot, app_of, drive, press_and_wait, text_of, type_in, until


def found(pilot: AppPilot, name: str, *, besides: str) -> bool:
    """Tell whether the palette shows ``name`` and no more what was there ``besides``."""
    return name in text_of(pilot) and besides not in text_of(pilot)


def test_a_command_is_found_by_its_name_and_run(app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: "gallery: Sync metadata" in text_of(pilot))
        # Without an image there is nothing to verify.
        assert "gallery: Verify saved files" not in text_of(pilot)
        await type_in(pilot, "sync meta")
        await until(pilot, lambda: found(pilot, "gallery: Sync metadata", besides="profile: Add a profile"))
        await press_and_wait(pilot, "enter", "Synced 42 new images")

    drive(app, script)


def test_a_command_of_the_gallery_works_on_it(app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new images")
        await pilot.press("ctrl+p", *"select: all")
        await until(pilot, lambda: found(pilot, "select: Select all that", besides="gallery: Sync"))
        await pilot.press("enter")
        await until(pilot, lambda: "42 selected" in text_of(pilot))

    drive(app, script)


def test_a_theme_is_chosen_by_its_name(app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: "gallery: Sync metadata" in text_of(pilot))
        await type_in(pilot, "flowimg-light")
        await until(
            pilot, lambda: "theme: Use flowimg-light" in text_of(pilot) and "gallery:" not in text_of(pilot)
        )
        await pilot.press("enter")
        await until(pilot, lambda: app_of(pilot).theme == "flowimg-light")

    drive(app, script)
