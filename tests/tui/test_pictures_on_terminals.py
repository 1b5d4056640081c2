"""Pictures in kitty's protocol and as Sixel, and what is done on a way that is too slow for any."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from textual import events

from flowimg_tui.previews import kitty
from flowimg_tui.previews.probing import Answers
from flowimg_tui.previews.protocol import Choice, Protocol, choose
from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.tui.picture_link import QUESTION
from flowimg_tui.tui.widgets.preview_pane import PreviewPane
from flowimg_tui.workspace import Workspace
from tests.previews.samples import RED, encoded, quarters
from tests.tui.conftest import still
from tests.tui.driving import AppPilot, app_of, drive, shows, status_of, text_of, until
from tests.tui.scripted import Clock
from tests.tui.terminal import Terminal
from tests.tui.test_preview_pane import painted, save

CELL = (8, 16)
SAVED = b"Downloaded 42 of 42 images"


@pytest.fixture(autouse=True)
def _a_terminal_of_all_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the terminal is sent beside the cells."""
    data: list[str] = []
    monkeypatch.setattr(FlowimgApp, "send", lambda _, more: data.append(more))
    return data


@pytest.fixture
def two_pictures(database: Path, tmp_path: Path) -> None:
    first = tmp_path / "first.png"
    first.write_bytes(encoded(quarters()))
    save(database, first, *painted(tmp_path, RED))


def app_drawing(workspace: Workspace, protocol: Protocol, clock: Clock) -> FlowimgApp:
    return still(FlowimgApp(workspace, clock=clock, pictures=Choice(protocol, "So it is set.", CELL)))


def written(pilot: AppPilot) -> str:
    """Return what the pane writes, with what stands over its cells."""
    pane = pilot.app.screen_stack[0].query_one(PreviewPane)
    return "".join(segment.text for strip in pane.render_lines(pane.size.region) for segment in strip)


# In its own pixels


@pytest.mark.usefixtures("two_pictures")
def test_kitty_is_given_each_picture_once_and_told_to_forget_the_one_before(
    workspace: Workspace, clock: Clock, sent: list[str]
) -> None:
    async def script(pilot: AppPilot) -> None:
        await pilot.press("p")
        await until(pilot, lambda: "64×32" in text_of(pilot) and "\U0010eeee" in text_of(pilot))
        assert "".join(sent).count("a=T,U=1") == 1
        await pilot.press("j")
        await until(pilot, lambda: "".join(sent).count("a=T,U=1") == 2)
        assert "".join(sent).count("a=d,d=I") == 1
        pilot.app.refresh()
        await pilot.press("p")
        await until(pilot, lambda: "".join(sent).count("a=d,d=I") == 2)
        assert "\U0010eeee" not in text_of(pilot)
        assert "".join(sent).count("a=T,U=1") == 2

    drive(app_drawing(workspace, Protocol.KITTY, clock), script)


@pytest.mark.usefixtures("two_pictures", "sent")
def test_a_sixel_is_written_where_its_cells_are_and_not_before_a_dialog(
    workspace: Workspace, clock: Clock
) -> None:
    async def script(pilot: AppPilot) -> None:
        await pilot.press("p")
        await until(pilot, lambda: "\x1bP" in written(pilot))
        pane = pilot.app.screen.query_one(PreviewPane)
        top = pane.content_region.y + (pane.size.height - 2) // 2
        left = pane.content_region.x + (pane.size.width - 8) // 2
        assert f"\x1b[{top + 1};{left + 1}H\x1bP" in written(pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: "esc closes" in text_of(pilot))
        assert "\x1bP" not in "".join(
            segment.text for line in pane.render_lines(pane.size.region) for segment in line
        )
        await pilot.press("escape")
        await until(pilot, lambda: "\x1bP" in written(pilot))

    drive(app_drawing(workspace, Protocol.SIXEL, clock), script)


@contextmanager
def with_pictures(folder: Path, preview: str) -> Iterator[Terminal]:
    variables = {"COLORTERM": "truecolor", "FLOWIMG_PREVIEW": preview}
    with Terminal("demo", "--keep", str(folder), variables=variables) as terminal:
        terminal.sync()
        terminal.wait_for_quiet(0.3)  # the sync has told its end before it is over
        terminal.press(b"d")
        terminal.wait_for(SAVED)
        terminal.press(b"p")
        yield terminal
        terminal.press(b"q")
        assert terminal.end() == 0


def test_a_terminal_with_kittys_protocol_gets_pictures_and_keeps_none(tmp_path: Path) -> None:
    with with_pictures(tmp_path, "kitty") as terminal:
        terminal.wait_for(b"\x1b_Ga=T,U=1,f=100,")
        terminal.wait_for_quiet(0.3)
        assert kitty.placeholders(1, (1, 1))[0][0].text.encode() in terminal.seen
    given, forgotten = (terminal.seen.count(words) for words in (b"a=T,U=1", b"a=d,d=I"))
    assert given == forgotten > 0


def test_a_terminal_with_sixel_gets_pictures_where_the_pane_is(tmp_path: Path) -> None:
    with with_pictures(tmp_path, "sixel") as terminal:
        terminal.wait_for(b"\x1bP")
        before = terminal.seen.count(b"\x1bP")
        terminal.press(b"j")
        terminal.wait_for(b"2 of 42")
        terminal.wait_for_quiet(0.3)
        assert terminal.seen.count(b"\x1bP") > before


@pytest.mark.usefixtures("two_pictures")
def test_without_the_extra_the_screen_says_how_to_get_it(workspace: Workspace) -> None:
    how = choose("sixel", {}, has_images=False, answers=Answers())

    async def script(pilot: AppPilot) -> None:
        await pilot.press("p")
        await until(pilot, lambda: "pip install 'flowimg-tui[images]'" in status_of(pilot))
        await until(pilot, lambda: "64×32" in text_of(pilot))

    drive(FlowimgApp(workspace, pictures=how), script)


# The palette


@pytest.mark.usefixtures("two_pictures", "sent")
def test_the_palette_has_pictures_drawn_in_another_way(workspace: Workspace, clock: Clock) -> None:
    async def draw(pilot: AppPilot, how: str) -> None:
        await pilot.press("ctrl+p", *f"pictures: draw {how}")
        await until(pilot, lambda: f"pictures: Draw {how}" in text_of(pilot))
        await pilot.press("enter")

    async def script(pilot: AppPilot) -> None:
        await pilot.press("p")
        await until(pilot, lambda: "▀" in text_of(pilot) or " " * 8 in text_of(pilot))
        await draw(pilot, "with kitty")
        await until(pilot, lambda: "\U0010eeee" in text_of(pilot))
        await draw(pilot, "in half")
        await until(pilot, lambda: "64×32" in text_of(pilot) and "\U0010eeee" not in text_of(pilot))
        await draw(pilot, "none")
        await until(pilot, lambda: status_of(pilot) == "Pictures are switched off: preview = off.")
        assert not pilot.app.screen.query_one(PreviewPane).display
        await draw(pilot, "as the")
        await pilot.press("p")
        await until(pilot, lambda: "64×32" in text_of(pilot))

    drive(app_drawing(workspace, Protocol.HALF_BLOCKS, clock), script)


# On a slow way


@pytest.mark.usefixtures("two_pictures")
def test_a_terminal_that_is_behind_gets_no_more_pictures_and_still_its_table(
    app: FlowimgApp, clock: Clock, sent: list[str]
) -> None:
    def answer(pilot: AppPilot) -> None:
        pilot.app.post_message(events.CursorPosition(0, 0))

    async def script(pilot: AppPilot) -> None:
        await pilot.press("p")
        await until(pilot, lambda: "64×32" in text_of(pilot) and sent.count(QUESTION) == 1)
        answer(pilot)  # of the way alone
        await pilot.press("j")
        await until(pilot, lambda: sent.count(QUESTION) == 2)
        clock.now += 2
        await pilot.press("k")
        await until(pilot, lambda: shows(pilot, "Pictures are paused", "2.0 s behind", "1 of 2"))
        answer(pilot)
        await pilot.press("j")
        await until(pilot, lambda: shows(pilot, "2 of 2", "Pictures are paused"))
        clock.now += 10
        await until(pilot, lambda: "Pictures are paused" not in text_of(pilot))

    drive(app, script)


@pytest.mark.usefixtures("two_pictures")
def test_the_contact_sheet_says_that_its_pictures_are_paused(
    app: FlowimgApp, clock: Clock, sent: list[str]
) -> None:
    async def script(pilot: AppPilot) -> None:
        app_of(pilot).picture_link.open()
        pilot.app.post_message(events.CursorPosition(0, 0))
        await pilot.pause()
        app_of(pilot).picture_link.sent(10_000)
        clock.now += 2
        await pilot.press("t")
        await until(pilot, lambda: status_of(pilot).startswith("Pictures are paused"))
        pilot.app.post_message(events.CursorPosition(0, 0))
        await pilot.pause()
        clock.now += 10
        await until(pilot, lambda: "▀" in text_of(pilot))
        assert sent.count(QUESTION) >= 2

    drive(app, script)


@pytest.mark.usefixtures("two_pictures", "sent")
def test_what_pictures_cost_is_told_on_request(app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        await pilot.press("B")
        await until(pilot, lambda: status_of(pilot) == "No picture was sent to the terminal yet.")
        await pilot.press("p")
        await until(pilot, lambda: "64×32" in text_of(pilot))
        await pilot.press("B")
        await until(pilot, lambda: status_of(pilot).startswith("1 picture cost "))
        assert app_of(pilot).picture_link.report == status_of(pilot)

    drive(app, script)
