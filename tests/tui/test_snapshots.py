"""What the screen looks like. New pictures: ``pytest tests/tui/test_snapshots.py --snapshot-update``."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import pytest
from textual import events
from textual.widgets import Input

from flowimg_tui.tui.app import FlowimgApp
from tests.tui.driving import AppPilot, press_and_wait, text_of, until
from tests.tui.scripted import Clock, ScriptedService

SIZES = [pytest.param((120, 40), id="120x40"), pytest.param((80, 24), id="80x24")]

both_sizes = pytest.mark.parametrize("terminal_size", SIZES)


class SnapCompare(Protocol):
    def __call__(
        self,
        app: FlowimgApp,
        *,
        terminal_size: tuple[int, int],
        run_before: Callable[[AppPilot], Awaitable[None]],
    ) -> bool: ...


@both_sizes
def test_first_look(
    snap_compare: SnapCompare, scripted_app: FlowimgApp, terminal_size: tuple[int, int]
) -> None:
    async def script(pilot: AppPilot) -> None:
        await until(pilot, lambda: "Press s to sync" in text_of(pilot))

    assert snap_compare(scripted_app, terminal_size=terminal_size, run_before=script)


@both_sizes
def test_idle(
    snap_compare: SnapCompare,
    scripted_app: FlowimgApp,
    scripted: ScriptedService,
    terminal_size: tuple[int, int],
) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        scripted.missing = {2}
        scripted.pictures_served = 8
        await pilot.press("d")
        await until(pilot, lambda: "Downloading  8 of 42" in text_of(pilot))
        await press_and_wait(pilot, "x", "34 cancelled", "34 pending · 1 failed")
        # The tally holds the seconds that the download took here.
        await pilot.press("escape", "down", "down")
        await press_and_wait(pilot, "s", "Synced 0 new")

    assert snap_compare(scripted_app, terminal_size=terminal_size, run_before=script)


@both_sizes
@pytest.mark.parametrize("page_delay", ["1.4"])
def test_syncing(
    snap_compare: SnapCompare,
    scripted_app: FlowimgApp,
    scripted: ScriptedService,
    terminal_size: tuple[int, int],
) -> None:
    scripted.pages_served = 1

    async def script(pilot: AppPilot) -> None:
        await pilot.press("s")
        await until(pilot, lambda: "page 2 in 1.4 s" in text_of(pilot) and "18 pending" in text_of(pilot))

    assert snap_compare(scripted_app, terminal_size=terminal_size, run_before=script)


@both_sizes
def test_downloading(
    snap_compare: SnapCompare,
    scripted_app: FlowimgApp,
    scripted: ScriptedService,
    clock: Clock,
    terminal_size: tuple[int, int],
) -> None:
    scripted.pictures_served = 3

    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        await pilot.press("d")
        await until(pilot, lambda: "Downloading  3 of 42" in text_of(pilot))
        await press_and_wait(pilot, "x", "39 cancelled", "39 pending")
        scripted.gate.clear()
        await pilot.press("d")
        await until(pilot, lambda: text_of(pilot).count("asking") == 4)
        scripted.gate.set()
        await until(pilot, lambda: text_of(pilot).count("/ 1.9 MB") == 4)
        clock.now += 2
        await until(pilot, lambda: "1.5 MB/s ─" in text_of(pilot))

    assert snap_compare(scripted_app, terminal_size=terminal_size, run_before=script)


@both_sizes
def test_asking_before_a_force_refresh(
    snap_compare: SnapCompare, scripted_app: FlowimgApp, terminal_size: tuple[int, int]
) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        await pilot.press("ctrl+x")
        await until(pilot, lambda: "Delete records" in text_of(pilot))

    assert snap_compare(scripted_app, terminal_size=terminal_size, run_before=script)


@both_sizes
def test_help(snap_compare: SnapCompare, scripted_app: FlowimgApp, terminal_size: tuple[int, int]) -> None:
    async def script(pilot: AppPilot) -> None:
        await pilot.press("question_mark")
        await until(pilot, lambda: "esc closes" in text_of(pilot))

    assert snap_compare(scripted_app, terminal_size=terminal_size, run_before=script)


def test_the_profiles_unfold_in_a_narrow_window(snap_compare: SnapCompare, scripted_app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        await pilot.press("P")
        await until(pilot, lambda: "travel" in text_of(pilot))

    assert snap_compare(scripted_app, terminal_size=(80, 24), run_before=script)


@both_sizes
def test_a_profile_that_is_being_edited(
    snap_compare: SnapCompare,
    scripted_app: FlowimgApp,
    scripted: ScriptedService,
    terminal_size: tuple[int, int],
) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        scripted.email = "bob@example.com"
        await pilot.press("e")
        await until(pilot, lambda: "Edit studio" in text_of(pilot))
        pilot.app.screen.query_one("#form-output", Input).value = "/srv/pictures/studio"
        pilot.app.post_message(events.Paste("Cookie: __Secure-next-auth.session-token=eyJ.a.b; _ga=GA1"))
        await until(pilot, lambda: "Cookie header: kept" in text_of(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "another address now" in text_of(pilot))
        await until(pilot, lambda: "Wrong account" in text_of(pilot))

    assert snap_compare(scripted_app, terminal_size=terminal_size, run_before=script)


@both_sizes
def test_paused(
    snap_compare: SnapCompare,
    scripted_app: FlowimgApp,
    scripted: ScriptedService,
    terminal_size: tuple[int, int],
) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        scripted.session_ends_after = 0
        await pilot.press("d")
        await until(pilot, lambda: text_of(pilot).count("paused until") == 4)

    assert snap_compare(scripted_app, terminal_size=terminal_size, run_before=script)
