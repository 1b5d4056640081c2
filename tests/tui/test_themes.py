"""Themes: dark and light can both be read, and the one that somebody chose comes back."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path

import pytest
from textual.color import Color
from textual.theme import Theme

from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.tui.theme import FLOWIMG_DARK, FLOWIMG_LIGHT
from flowimg_tui.workspace import Workspace
from tests.tui.driving import AppPilot, drive, text_of, until
from tests.tui.terminal import Terminal, demo_in

READABLE = 4.5
"""The contrast that WCAG asks of text."""


def remembered(workspace: Workspace) -> str | None:
    try:
        kept: dict[str, str] = json.loads(workspace.locations.state.read_text("utf-8"))
    except FileNotFoundError:
        return None
    return kept["theme"]


def background_of(pilot: AppPilot) -> Color:
    return pilot.app.screen.styles.background


def theme_at_start(workspace: Workspace) -> str:
    """Return the theme that a new start shows, and see to it that the screen is of its colour."""
    seen = []

    async def script(pilot: AppPilot) -> None:
        await until(pilot, lambda: bool(text_of(pilot).strip()))
        assert background_of(pilot) == Color.parse(str(pilot.app.current_theme.background))
        seen.append(pilot.app.theme)

    drive(FlowimgApp(workspace), script)
    return seen[0]


@pytest.fixture
def _a_profile(studio: object) -> None:
    """Have a gallery to look at instead of the form of the first profile."""


pytestmark = pytest.mark.usefixtures("_a_profile")


def test_the_first_start_is_dark_and_remembers_nothing(workspace: Workspace) -> None:
    assert theme_at_start(workspace) == FLOWIMG_DARK.name
    assert remembered(workspace) is None


@pytest.mark.parametrize("name", [FLOWIMG_LIGHT.name, "solarized-light"])
def test_the_theme_that_was_chosen_comes_back(workspace: Workspace, name: str) -> None:
    async def script(pilot: AppPilot) -> None:
        pilot.app.theme = name
        await until(pilot, lambda: remembered(workspace) == name)

    drive(FlowimgApp(workspace), script)
    assert theme_at_start(workspace) == name


def test_the_last_choice_counts_the_first_theme_too(workspace: Workspace) -> None:
    async def script(pilot: AppPilot) -> None:
        for name in (FLOWIMG_LIGHT.name, FLOWIMG_DARK.name):
            pilot.app.theme = name
            await until(pilot, lambda: remembered(workspace) == name)  # noqa: B023 - awaited at once

    drive(FlowimgApp(workspace), script)


@pytest.mark.parametrize("name", [FLOWIMG_LIGHT.name, FLOWIMG_DARK.name, "gruvbox", "nowhere, gruvbox"])
def test_the_environment_s_theme_wins_and_is_not_remembered(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    workspace.locations.state.write_text(json.dumps({"theme": "nord"}))
    monkeypatch.setenv("TEXTUAL_THEME", name)
    assert theme_at_start(workspace) == name.rpartition(" ")[2]
    assert remembered(workspace) == "nord"


def test_a_theme_of_our_own_can_be_named_before_textual_knows_it(tmp_path: Path) -> None:
    variables = {"TEXTUAL_THEME": FLOWIMG_LIGHT.name, "COLORTERM": "truecolor"}
    with Terminal(*demo_in(tmp_path), variables=variables) as terminal:
        terminal.wait_for(b"Press s to sync")
        terminal.wait_for_quiet(0.5)
        last = terminal.seen[terminal.seen.rindex(b"Press s to sync") - 200 :]
    assert b"48;2;255;255;255" in last


@pytest.mark.parametrize("kept", [{"theme": "nowhere"}, {"theme": "a\x1b[2J"}, {"theme": ""}, {"theme": 1}])
def test_a_theme_that_is_not_there_is_passed_over(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, kept: Mapping[str, object]
) -> None:
    workspace.locations.state.write_text(json.dumps(kept))
    monkeypatch.setenv("TEXTUAL_THEME", "nowhere")
    assert theme_at_start(workspace) == FLOWIMG_DARK.name


def test_a_choice_that_cannot_be_kept_is_one_line_of_the_log(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("flowimg_tui").propagate = True
    workspace.locations.state.mkdir()

    async def script(pilot: AppPilot) -> None:
        pilot.app.theme = FLOWIMG_LIGHT.name
        await until(pilot, lambda: "The theme is not remembered" in caplog.text)
        assert pilot.app.theme == FLOWIMG_LIGHT.name

    drive(FlowimgApp(workspace), script)


@pytest.mark.parametrize("theme", [FLOWIMG_DARK, FLOWIMG_LIGHT], ids=lambda theme: theme.name)
def test_every_text_can_be_read_on_every_ground(theme: Theme) -> None:
    texts = [theme.foreground, theme.primary, theme.secondary, theme.accent]
    texts += [theme.success, theme.warning, theme.error, theme.variables["footer-key-foreground"]]
    grounds = (theme.background, theme.surface, theme.panel, theme.variables["footer-background"])
    assert all(contrast(str(text), str(ground)) >= READABLE for text in texts for ground in grounds)
    on_buttons = theme.variables["button-color-foreground"]
    assert all(contrast(on_buttons, str(ground)) >= READABLE for ground in (theme.primary, theme.error))


def test_both_themes_have_the_same_tokens() -> None:
    assert FLOWIMG_DARK.variables.keys() == FLOWIMG_LIGHT.variables.keys()
    assert (FLOWIMG_DARK.dark, FLOWIMG_LIGHT.dark) == (True, False)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG counts it."""
    darker, lighter = sorted(_luminance(colour) for colour in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [part / 255 for part in Color.parse(colour).rgb]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
