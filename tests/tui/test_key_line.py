"""The line of keys stands still: it is drawn anew where a key changed, and only there."""

import threading

import pytest
from rich.segment import Segment
from textual.geometry import Region

from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import Counts
from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.tui.widgets.key_line import KeyLine
from tests.tui.driving import (
    PATIENCE,
    AppPilot,
    drive,
    is_counting,
    press_and_wait,
    status_of,
    text_of,
    until,
)
from tests.tui.scripted import ScriptedService


def line_of(pilot: AppPilot) -> list[Segment]:
    """Return the line of the gallery's keys, whatever is open above it."""
    line = pilot.app.screen_stack[0].query_one(KeyLine)
    return list(line.render_line(0))


def is_dimmed(pilot: AppPilot, words: str) -> bool:
    (style,) = [segment.style for segment in line_of(pilot) if segment.text == f"{words} "]
    assert style is not None
    return bool(style.dim)


def test_the_line_stays_as_it_is_when_the_focus_moves(scripted_app: FlowimgApp) -> None:
    drawn = list[object]()

    async def script(pilot: AppPilot) -> None:
        line = pilot.app.screen.query_one(KeyLine)
        assert "s Sync" in text_of(pilot)
        refresh = line.refresh

        def noted(*regions: Region, **how: bool) -> KeyLine:
            drawn.append(regions)
            return refresh(*regions, **how)

        line.refresh = noted  # type: ignore[method-assign]
        await pilot.press("P")
        await until(pilot, lambda: pilot.app.focused is not None and pilot.app.focused.id == "profiles")
        await pilot.press("down", "P")
        await pilot.pause()
        assert drawn == []

    drive(scripted_app, script)


def test_a_click_presses_a_key_that_can_do_something(
    scripted_app: FlowimgApp, scripted: ScriptedService
) -> None:
    scripted.pages_served = 1

    async def script(pilot: AppPilot) -> None:
        at = text_of(pilot).splitlines()[-1].index("x Stop")
        await pilot.click(KeyLine, offset=(at, 0))
        await until(pilot, lambda: "Nothing works for studio now." in status_of(pilot))
        await pilot.click(KeyLine, offset=(2, 0))
        await until(pilot, lambda: is_dimmed(pilot, "Sync"))
        await pilot.click(KeyLine, offset=(at, 0))
        await until(pilot, lambda: "The sync was stopped" in status_of(pilot))
        await pilot.click(KeyLine, offset=(110, 0))

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


def test_a_key_is_dimmed_by_the_last_count_whichever_ends_last(
    scripted_app: FlowimgApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = Gallery.counts
    begun, may_end = threading.Event(), threading.Event()

    def counts(gallery: Gallery, profile_id: int) -> Counts:
        is_first = not begun.is_set()
        begun.set()
        if is_first:
            assert may_end.wait(PATIENCE)
        return true(gallery, profile_id)

    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        await press_and_wait(pilot, "d", "Downloaded 42 of 42 images")
        monkeypatch.setattr(Gallery, "counts", counts)
        await pilot.press("s")
        await until(pilot, lambda: "Synced 0 new" in status_of(pilot) and not scripted_app.runs)
        await until(pilot, lambda: sum(not each.is_finished for each in pilot.app.workers) == 1)
        may_end.set()
        await until(pilot, lambda: not is_counting(pilot))
        await until(pilot, lambda: is_dimmed(pilot, "Download"))

    drive(scripted_app, script)
