"""``l``: what happened, in its order, without a secret, with the last line in sight."""

import logging

import pytest
from textual import events

from flowimg_tui.demo.service import DemoService
from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.tui.widgets.log_pane import LogPane
from flowimg_tui.workspace import Workspace
from tests.tui.driving import AppPilot, drive, press_and_wait, table_of, text_of, until

HOSTILE = "[/] [@click=app.quit]x[/] \x1b]52;c;b3duZWQ=\x1b\\ \u202egpj.exe"


def test_l_unfolds_the_log_follows_it_and_folds_it(app: FlowimgApp, demo: DemoService) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new images")
        assert "Page 1: 18 new" not in text_of(pilot)
        await pilot.press("l")
        await until(pilot, lambda: "Page 3: 6 new" in text_of(pilot))
        assert pilot.app.screen.query_one(LogPane).has_focus
        await press_and_wait(pilot, "d", "Downloaded 42, adopted 0, failed 0, cancelled 0 of 42")
        for secret in (demo.cookie_header.partition("=")[2], "Signature="):
            assert secret not in text_of(pilot)
        await pilot.press("l")
        await until(pilot, lambda: "Downloaded 42, adopted" not in text_of(pilot))
        assert table_of(pilot).has_focus

    drive(app, script)


def test_a_hostile_line_is_shown_harmless(app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        await pilot.press("l")
        logging.getLogger("flowimg_tui.test").warning("met %s", HOSTILE)
        await until(pilot, lambda: "met [/] [@click=app.quit]x[/]" in text_of(pilot))
        assert "\x1b" not in text_of(pilot)
        assert "\u202e" not in text_of(pilot)

    drive(app, script)


def test_a_folded_log_asks_for_nothing(app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        await pilot.press("l", "l")
        logging.getLogger("flowimg_tui.test").warning("while it is folded")
        pane = pilot.app.screen.query_one(LogPane)
        lines = len(pane.lines)
        await press_and_wait(pilot, "s", "Synced 42 new images")
        assert len(pane.lines) == lines
        await pilot.press("l")
        await until(pilot, lambda: len(pane.lines) > lines)

    drive(app, script, (80, 24))


def test_that_the_disk_may_be_too_small_is_a_toast_and_one_line_of_the_log(
    app: FlowimgApp, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowimg_tui.mirror.files.free_space", lambda _: 1_234)

    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new images")
        await press_and_wait(pilot, "d", "The disk may be too small", "Downloaded 42 of 42 images")

    drive(app, script)
    warnings = [line for line in workspace.locations.log.read_text("utf-8").splitlines() if "WARN" in line]
    assert len([line for line in warnings if " free" in line]) == 1


def test_its_lines_take_the_colours_of_another_theme(app: FlowimgApp) -> None:
    def colours(pilot: AppPilot) -> set[str]:
        lines = pilot.app.screen.query_one(LogPane).lines
        return {str(segment.style.color) for line in lines for segment in line if segment.style}

    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new images")
        await pilot.press("l")
        await until(pilot, lambda: "Page 3: 6 new" in text_of(pilot))
        before = colours(pilot)
        pilot.app.theme = "flowimg-light"
        await until(pilot, lambda: bool(colours(pilot)) and colours(pilot).isdisjoint(before))
        assert text_of(pilot).count("Page 3: 6 new") == 1

    drive(app, script)


def test_what_a_toast_says_stands_in_the_log_as_well(app: FlowimgApp, workspace: Workspace) -> None:
    async def script(pilot: AppPilot) -> None:
        await pilot.press("ctrl+c")
        await until(pilot, lambda: "Press ctrl+q to quit." in text_of(pilot))
        await pilot.press("slash")
        pilot.app.post_message(events.Paste("x" * 100_000))
        await until(pilot, lambda: "characters fit here" in text_of(pilot))
        assert "xxx" not in text_of(pilot)

    drive(app, script)
    log = workspace.locations.log.read_text("utf-8")
    assert "Press ctrl+q to quit." in log
    assert "characters fit here" in log
