"""What the app asks of a terminal: less over SSH, nothing while idle, no mouse and no colour if need be."""

import gc
import runpy
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.color_triplet import ColorTriplet
from textual import constants

from flowimg_tui.config.settings import Settings
from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.tui.terminal import Ending, TerminalUse, run_app
from flowimg_tui.workspace import Workspace, WorkspaceError
from tests.tui.conftest import still
from tests.tui.driving import AppPilot, drive, press_and_wait, text_of, until
from tests.tui.scripted import Clock, ScriptedService
from tests.tui.terminal import Terminal, demo_in

pytestmark = pytest.mark.waits

SSH = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}
MOUSE_ON = b"\x1b[?1003h"
USUAL = {"fps": 60, "animations": "full", "smooth_scroll": True}
OVER_SSH = {"fps": 20, "animations": "none", "smooth_scroll": False}
# How often and how Textual draws, told when the app has ended.
TELLING = """
import atexit, sys
from flowimg_tui.cli.app import main

def tell():
    read = sys.modules["textual.constants"]
    print("drawn with", read.MAX_FPS, read.TEXTUAL_ANIMATIONS, read.SMOOTH_SCROLL)

atexit.register(tell); main()
"""


def as_textual_reads(variables: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return what Textual makes of these variables where it reads them anew."""
    for variable in ("TEXTUAL_FPS", "TEXTUAL_ANIMATIONS", "TEXTUAL_SMOOTH_SCROLL"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    read = runpy.run_path(constants.__file__)
    return {
        "fps": read["MAX_FPS"],
        "animations": read["TEXTUAL_ANIMATIONS"],
        "smooth_scroll": read["SMOOTH_SCROLL"],
    }


@pytest.mark.parametrize(
    ("environment", "settings", "changes"),
    [
        ({}, {}, USUAL),
        ({"SSH_CONNECTION": ""}, {}, USUAL),
        (SSH, {}, OVER_SSH),
        (SSH, {"fps": 50}, {**OVER_SSH, "fps": 50}),
        (SSH, {"animations": "basic"}, {**OVER_SSH, "animations": "basic"}),
        ({**SSH, "TEXTUAL_FPS": "40"}, {}, {**OVER_SSH, "fps": 40}),
        ({**SSH, "TEXTUAL_FPS": ""}, {}, OVER_SSH),
        ({**SSH, "TEXTUAL_FPS": "40"}, {"fps": 30}, {**OVER_SSH, "fps": 30}),
        ({**SSH, "TEXTUAL_ANIMATIONS": "full"}, {}, {**OVER_SSH, "animations": "full"}),
        ({**SSH, "TEXTUAL_SMOOTH_SCROLL": "1"}, {}, {**OVER_SSH, "smooth_scroll": True}),
        ({}, {"fps": 5, "animations": "none"}, {**USUAL, "fps": 5, "animations": "none"}),
    ],
)
def test_over_ssh_the_screen_is_drawn_less_often_and_without_movement_unless_somebody_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    settings: dict[str, Any],
    changes: dict[str, Any],
) -> None:
    use = TerminalUse.of(Settings(**settings), environment)
    assert as_textual_reads({**environment, **use.textual}, monkeypatch) == changes


@pytest.mark.parametrize(
    ("variables", "setting", "rate"), [({}, None, 8), (SSH, None, 4), ({}, 2, 2), (SSH, 12, 12)]
)
def test_progress_is_drawn_eight_times_a_second_and_four_over_ssh_or_as_it_is_set(
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    setting: int | None,
    rate: int,
) -> None:
    rates = []

    def run(app: FlowimgApp, mouse: bool) -> Ending:
        assert mouse
        rates.append(app.progress_rate)
        return Ending(0)

    monkeypatch.setattr(FlowimgApp, "run_to_ending", run)
    if setting is not None:
        workspace.locations.config.write_text(f"progress_rate = {setting}")
    assert run_app(workspace, environment=dict(variables)) == Ending(0)
    assert rates == [rate]


def test_a_wrong_setting_is_told_before_the_screen_opens(workspace: Workspace) -> None:
    workspace.locations.config.write_text("fps = 500")
    with pytest.raises(WorkspaceError, match="fps: must be a whole number from 1 to 60"):
        run_app(workspace, environment={})


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, b"drawn with 60 full True"),
        (SSH, b"drawn with 20 none False"),
        ({**SSH, "FLOWIMG_FPS": "30", "FLOWIMG_ANIMATIONS": "full"}, b"drawn with 30 full False"),
    ],
)
def test_textual_is_imported_with_these_defaults(
    tmp_path: Path, variables: dict[str, str], told: bytes
) -> None:
    with Terminal(
        *demo_in(tmp_path), program=(sys.executable, "-c", TELLING), variables=variables
    ) as terminal:
        terminal.wait_for(b"Press s to sync")
        terminal.press(b"q")
        assert terminal.end() == 0
    assert told in terminal.seen


def test_the_way_to_the_terminal_is_settled_without_the_screen_s_library(tmp_path: Path) -> None:
    code = "import sys, flowimg_tui.tui.terminal; print('textual' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout == b"False\n"


@pytest.mark.parametrize(
    ("environment", "preview", "few"),
    [(SSH, "auto", True), (SSH, "halfcell", False), ({}, "auto", False), ({}, "halfcell", False)],
)
def test_over_ssh_pictures_have_few_colours_unless_they_are_set_to_have_all(
    environment: Mapping[str, str], preview: str, few: bool
) -> None:
    assert TerminalUse.of(Settings(preview=preview), environment).few_colours is few


# Nothing to tell


@pytest.mark.parametrize("where", ["in the gallery", "in the form", "at a picture", "on a page"])
def test_an_idle_app_sends_nothing(tmp_path: Path, where: str) -> None:
    with Terminal(*demo_in(tmp_path)) as terminal:
        terminal.sync()
        if where == "in the form":
            terminal.press(b"n")
            terminal.wait_for(b"New profile")
        if where in ("at a picture", "on a page"):
            terminal.press(b"p" if where == "at a picture" else b"\r")
            terminal.wait_for(b"Not downloaded yet.")
        terminal.wait_for_quiet(0.5)
        assert terminal.written_within(1.5) == b""
        # It was alive all the time.
        terminal.press(b"\x1b" if where == "in the form" else b"j")
        terminal.wait_for_more()


def test_a_step_on_the_page_of_an_image_sends_what_is_another_alone(tmp_path: Path) -> None:
    """Not the whole page, which is 30 kB and its picture."""
    with Terminal(*demo_in(tmp_path)) as terminal:
        terminal.sync()
        terminal.press(b"\r")
        terminal.wait_for(b"Not downloaded yet.")
        terminal.wait_for_quiet(0.5)
        terminal.press(b"j")
        terminal.wait_for_quiet(0.5)
        before = len(terminal.seen)
        terminal.press(b"j")
        terminal.wait_for_more()
        terminal.wait_for_quiet(0.5)
        assert len(terminal.seen) - before < 3000


# The mouse


@pytest.mark.parametrize(
    ("flags", "variables", "mouse"),
    [
        ((), {}, True),
        ((), {"FLOWIMG_MOUSE": "off"}, False),
        (("--no-mouse",), {"FLOWIMG_MOUSE": "on"}, False),
    ],
)
def test_the_mouse_is_left_to_the_terminal_where_that_is_wanted(
    tmp_path: Path, flags: tuple[str, ...], variables: dict[str, str], mouse: bool
) -> None:
    with Terminal(*demo_in(tmp_path, *flags), variables=variables) as terminal:
        terminal.wait_for(b"Press s to sync")
        terminal.press(b"q")
        assert terminal.end() == 0
    assert (MOUSE_ON in terminal.seen) is mouse


def test_the_app_itself_knows_no_mouse_as_well(tmp_path: Path) -> None:
    home = {"FLOWIMG_HOME": str(tmp_path / "home")}
    with Terminal("--no-mouse", variables=home) as terminal:
        terminal.wait_for(b"New profile")
        terminal.press(b"\x1b")
        terminal.wait_for_quiet(0.5)
        terminal.press(b"q")
        assert terminal.end() == 0
    assert MOUSE_ON not in terminal.seen


# No colour


def test_without_colour_the_app_is_grey_and_every_state_can_be_read(
    scripted_workspace: Workspace,
    scripted: ScriptedService,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = still(FlowimgApp(scripted_workspace, clock=clock))

    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        scripted.missing = {2}
        scripted.pictures_served = 8
        await pilot.press("d")
        await until(pilot, lambda: "Downloading  8 of 42" in text_of(pilot))
        assert all(colour.red == colour.green == colour.blue for colour in colours_of(pilot))
        keys = {image.media_key[:8] for page in scripted.pages for image in page.images}
        states = {
            line.split(key)[0][-2] for line in text_of(pilot).splitlines() for key in keys if key in line
        }
        assert {"✓", "✗", "·", "↓"} <= states

    drive(app, script)


def colours_of(pilot: AppPilot) -> set[ColorTriplet]:
    """Return every colour on the screen."""
    styles = [segment.style for strip in pilot.app.screen._compositor.render_strips() for segment in strip]
    colours = [colour for style in styles if style for colour in (style.color, style.bgcolor)]
    return {colour.triplet for colour in colours if colour is not None and colour.triplet is not None}


def test_what_the_app_and_each_kind_of_run_bring_is_searched_for_garbage_no_more(
    app: FlowimgApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen = list[str]()
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append("frozen"))

    async def script(pilot: AppPilot) -> None:
        await until(pilot, lambda: len(frozen) == 1)
        for pressed in range(2):
            await press_and_wait(pilot, "s", f"Synced {0 if pressed else 42} new")
            assert len(frozen) == 2
        await press_and_wait(pilot, "d", "Downloaded 42 of 42 images")
        assert len(frozen) == 3

    def run(app: FlowimgApp, mouse: bool) -> None:
        assert mouse
        drive(app, script)

    monkeypatch.setattr(FlowimgApp, "run", run)
    app.run_to_ending()
