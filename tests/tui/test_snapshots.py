"""What the screen looks like. New pictures: ``pytest tests/tui/test_snapshots.py --snapshot-update``."""

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Protocol

import pytest
from textual import events
from textual.widgets import Input

from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.workspace import Workspace
from tests.tui.driving import AppPilot, press_and_wait, text_of, until
from tests.tui.scripted import Clock, ScriptedService

SIZES = [pytest.param((120, 40), id="120x40"), pytest.param((80, 24), id="80x24")]
SMALLEST = pytest.param((60, 20), id="60x20")

both_sizes = pytest.mark.parametrize("terminal_size", SIZES)
all_sizes = pytest.mark.parametrize("terminal_size", [*SIZES, SMALLEST])
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC).timestamp()


class _AtNoon(logging.LogRecord):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.created = NOON


@pytest.fixture(autouse=True)
def _all_is_logged_at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging, "_logRecordFactory", _AtNoon)


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


async def download_a_part(pilot: AppPilot, scripted: ScriptedService) -> None:
    """Bring the records in, and seven of the pictures; one has failed."""
    await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
    scripted.missing = {2}
    scripted.pictures_served = 8
    await pilot.press("d")
    await until(pilot, lambda: "Downloading  8 of 42" in text_of(pilot))
    await press_and_wait(pilot, "x", "34 cancelled", "34 pending · 1 failed")


async def to_the_main_screen(pilot: AppPilot, scripted: ScriptedService) -> None:
    await download_a_part(pilot, scripted)
    await pilot.press("escape", "down", "down")
    await press_and_wait(pilot, "s", "Synced 0 new")


@all_sizes
def test_idle(
    snap_compare: SnapCompare,
    scripted_app: FlowimgApp,
    scripted: ScriptedService,
    terminal_size: tuple[int, int],
) -> None:
    async def script(pilot: AppPilot) -> None:
        await to_the_main_screen(pilot, scripted)

    assert snap_compare(scripted_app, terminal_size=terminal_size, run_before=script)


def test_idle_and_light(
    snap_compare: SnapCompare, scripted_app: FlowimgApp, scripted: ScriptedService
) -> None:
    scripted_app.theme = "flowimg-light"

    async def script(pilot: AppPilot) -> None:
        await to_the_main_screen(pilot, scripted)

    assert snap_compare(scripted_app, terminal_size=(80, 24), run_before=script)


@both_sizes
def test_first_start(
    snap_compare: SnapCompare,
    scripted_app: FlowimgApp,
    scripted_workspace: Workspace,
    terminal_size: tuple[int, int],
) -> None:
    for profile in scripted_workspace.gallery.profiles():
        scripted_workspace.profiles.remove(profile)

    async def script(pilot: AppPilot) -> None:
        await until(pilot, lambda: "New profile" in text_of(pilot))
        pilot.app.screen.query_one("#form-output", Input).value = "/srv/pictures"
        await until(pilot, lambda: "/srv/pictures" in text_of(pilot))

    assert snap_compare(scripted_app, terminal_size=terminal_size, run_before=script)


@both_sizes
def test_tally(
    snap_compare: SnapCompare,
    scripted_app: FlowimgApp,
    scripted: ScriptedService,
    terminal_size: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("flowimg_tui.mirror.download.time", SimpleNamespace(monotonic=Clock()))

    async def script(pilot: AppPilot) -> None:
        await download_a_part(pilot, scripted)

    assert snap_compare(scripted_app, terminal_size=terminal_size, run_before=script)


@both_sizes
def test_filtered(
    snap_compare: SnapCompare,
    scripted_app: FlowimgApp,
    scripted: ScriptedService,
    terminal_size: tuple[int, int],
) -> None:
    async def script(pilot: AppPilot) -> None:
        await to_the_main_screen(pilot, scripted)
        await pilot.press("slash", *"state:missing ratio:16:9")
        await until(pilot, lambda: "14 found of 42" in text_of(pilot))

    assert snap_compare(scripted_app, terminal_size=terminal_size, run_before=script)


@both_sizes
def test_failed(
    snap_compare: SnapCompare,
    scripted_app: FlowimgApp,
    scripted: ScriptedService,
    terminal_size: tuple[int, int],
) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        scripted.missing = {2, 5, 11}
        await press_and_wait(pilot, "d", "3 failed = 42 images", "Images  42 · 3 failed")
        await pilot.press("escape", *"ooo")
        await press_and_wait(pilot, "s", "Synced 0 new", "state ↑   1 of 42")

    assert snap_compare(scripted_app, terminal_size=terminal_size, run_before=script)


@both_sizes
def test_selected(
    snap_compare: SnapCompare,
    scripted_app: FlowimgApp,
    scripted: ScriptedService,
    terminal_size: tuple[int, int],
) -> None:
    async def script(pilot: AppPilot) -> None:
        await to_the_main_screen(pilot, scripted)
        await pilot.press("space", "down", "space", "V", "down", "down")
        await until(pilot, lambda: "2 selected" in text_of(pilot) and text_of(pilot).count("▌") == 5)

    assert snap_compare(scripted_app, terminal_size=terminal_size, run_before=script)


@both_sizes
def test_log(
    snap_compare: SnapCompare,
    scripted_app: FlowimgApp,
    terminal_size: tuple[int, int],
) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        await pilot.press("l")
        await until(pilot, lambda: "Total pages processed" in text_of(pilot))

    assert snap_compare(scripted_app, terminal_size=terminal_size, run_before=script)


@both_sizes
def test_palette(snap_compare: SnapCompare, scripted_app: FlowimgApp, terminal_size: tuple[int, int]) -> None:
    async def script(pilot: AppPilot) -> None:
        await pilot.press("ctrl+p", *"gallery")
        await until(pilot, lambda: "gallery: Sync metadata" in text_of(pilot))

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


@all_sizes
def test_asking_before_a_force_refresh(
    snap_compare: SnapCompare, scripted_app: FlowimgApp, terminal_size: tuple[int, int]
) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        await pilot.press("ctrl+x")
        await until(pilot, lambda: "Delete records" in text_of(pilot))

    assert snap_compare(scripted_app, terminal_size=terminal_size, run_before=script)


def test_asking_in_the_light(snap_compare: SnapCompare, scripted_app: FlowimgApp) -> None:
    scripted_app.theme = "flowimg-light"

    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        await pilot.press("ctrl+x")
        await until(pilot, lambda: "Delete records" in text_of(pilot))

    assert snap_compare(scripted_app, terminal_size=(80, 24), run_before=script)


def test_a_window_that_is_too_small(snap_compare: SnapCompare, scripted_app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        await until(pilot, lambda: "59×20" in text_of(pilot))

    assert snap_compare(scripted_app, terminal_size=(59, 20), run_before=script)


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
