"""Pictures in kitty's protocol and as Sixel, and what is done on a way that is too slow for any."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image
from textual import events

from benchmarks.screen.picture import Picture
from flowimg_tui.humane import format_bytes
from flowimg_tui.previews import kitty
from flowimg_tui.previews.probing import Answers
from flowimg_tui.previews.protocol import Choice, Protocol, choose
from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.tui.picture_link import QUESTION
from flowimg_tui.tui.widgets.preview_pane import PreviewPane
from flowimg_tui.workspace import Workspace
from tests.previews.samples import RED, encoded, quarters
from tests.tui.conftest import still
from tests.tui.driving import AppPilot, app_of, drive, shows, status_of, text_of, until, written
from tests.tui.scripted import Clock
from tests.tui.terminal import Terminal
from tests.tui.test_contact_sheet import colours_of as sheet_colours_of
from tests.tui.test_contact_sheet import is_waiting
from tests.tui.test_preview_pane import colours_of, painted, save

CELL = (8, 16)
SAVED = b"Downloaded 42 of 42 images"
_CELLS = re.compile(r"\x1b\[38;2;[\d;]*48;2;[\d;]*m▀+\x1b\[0m")


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


def in_pane(pilot: AppPilot) -> str:
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
        await until(pilot, lambda: "\x1bP" in in_pane(pilot))
        pane = pilot.app.screen.query_one(PreviewPane)
        top = pane.content_region.y + (pane.size.height - 2) // 2
        left = pane.content_region.x + (pane.size.width - 8) // 2
        assert f"\x1b[{top + 1};{left + 1}H\x1bP" in in_pane(pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: "esc closes" in text_of(pilot))
        assert "\x1bP" not in "".join(
            segment.text for line in pane.render_lines(pane.size.region) for segment in line
        )
        await pilot.press("escape")
        await until(pilot, lambda: "\x1bP" in in_pane(pilot))

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


async def draw(pilot: AppPilot, how: str) -> None:
    await pilot.press("ctrl+p", *f"pictures: draw {how}")
    await until(pilot, lambda: f"pictures: Draw {how}" in text_of(pilot))
    await pilot.press("enter")


@pytest.mark.usefixtures("two_pictures", "sent")
def test_the_palette_has_pictures_drawn_in_another_way(workspace: Workspace, clock: Clock) -> None:
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


@pytest.mark.usefixtures("sent")
def test_over_ssh_what_the_palette_is_asked_for_is_drawn_in_all_colours(
    workspace: Workspace, database: Path, tmp_path: Path, clock: Clock
) -> None:
    colour = (250, 4, 6)
    save(database, *painted(tmp_path, colour))

    def is_sheet_of(pilot: AppPilot, seen: tuple[int, ...]) -> bool:
        return seen in sheet_colours_of(pilot)[0]

    async def script(pilot: AppPilot) -> None:
        await pilot.press("p")
        await until(pilot, lambda: colours_of(pilot) == {RED})
        await draw(pilot, "with kitty")
        await until(pilot, lambda: "\U0010eeee" in text_of(pilot))
        await pilot.press("t")
        await until(pilot, lambda: is_sheet_of(pilot, colour))
        await draw(pilot, "as the")
        await until(pilot, lambda: is_sheet_of(pilot, RED) and colours_of(pilot) == {RED})
        await draw(pilot, "in half")
        await until(pilot, lambda: is_sheet_of(pilot, colour) and colours_of(pilot) == {colour})

    drive(still(FlowimgApp(workspace, clock=clock, few_colours=True)), script)


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

    drive(app, script, draws=True)


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
        assert "▀" not in seen(pilot)
        pilot.app.post_message(events.CursorPosition(0, 0))
        await pilot.pause()
        clock.now += 10
        await until(pilot, lambda: "▀" in seen(pilot))
        assert "paused" not in status_of(pilot)
        assert sent.count(QUESTION) >= 2

    drive(app, script, draws=True)


def seen(pilot: AppPilot) -> str:
    """Return what the terminal shows of what it was sent."""
    picture = Picture()
    picture.feed(written(pilot))
    return str(picture)


def picture_bytes(sent: str) -> int:
    """Return how many bytes of what was sent are cells of two colours, as only pictures have them."""
    return len("".join(_CELLS.findall(sent)).encode())


@pytest.fixture
def many_pictures(database: Path, tmp_path: Path) -> None:
    """Two pages of pictures in which no cell is like another."""
    files = [tmp_path / f"{at:02}.png" for at in range(60)]
    for file in files:
        file.write_bytes(encoded(Image.merge("RGB", [Image.effect_noise((32, 32), 60) for _ in "RGB"])))
    save(database, *files)


async def answer(pilot: AppPilot) -> None:
    """Answer as the terminal does that has come as far as the question."""
    pilot.app.post_message(events.CursorPosition(0, 0))
    await pilot.pause()


async def every_question_answered(pilot: AppPilot) -> None:
    """Answer until no question comes any more."""
    asked = -1
    while asked != (asked := written(pilot).count(QUESTION)):
        await answer(pilot)


async def through_two_pages(pilot: AppPilot) -> None:
    """Have every picture drawn of the first page and of the last one, which stays."""
    await pilot.press("t")
    await until(pilot, lambda: "00000059" in seen(pilot) and not is_waiting(pilot))
    await pilot.press("G")
    await until(pilot, lambda: "00000000" in seen(pilot) and not is_waiting(pilot))
    await every_question_answered(pilot)


@pytest.mark.usefixtures("many_pictures")
def test_pictures_are_counted_whenever_they_are_drawn_and_asked_about(app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        await through_two_pages(pilot)
        before = len(written(pilot))

        async def draws_pictures(*keys: str) -> None:
            """Tell that the keys have pictures drawn, and that a question comes behind the last of them."""
            at = len(written(pilot))
            await pilot.press(*keys)
            await until(pilot, lambda: picture_bytes(written(pilot)[at:]) > 10_000)
            await every_question_answered(pilot)
            assert QUESTION in written(pilot)[written(pilot).rindex("▀") :]

        await draws_pictures("g")
        await draws_pictures("G")
        await draws_pictures("question_mark")
        await draws_pictures("escape")
        assert picture_bytes(written(pilot)[before:]) > 100_000
        await pilot.press("B")
        total = format_bytes(picture_bytes(written(pilot)))
        await until(pilot, lambda: f"cost {total} so far" in status_of(pilot))

    drive(app, script, draws=True)


@pytest.mark.usefixtures("many_pictures")
def test_a_terminal_that_is_behind_is_sent_no_picture_whatever_draws_it(
    app: FlowimgApp, clock: Clock
) -> None:
    async def script(pilot: AppPilot) -> None:
        await through_two_pages(pilot)
        await pilot.press("g")
        await until(pilot, lambda: "00000059" in seen(pilot))
        clock.now += 2
        before = len(written(pilot))
        # What stands there stays.
        await pilot.press("right")
        await until(pilot, lambda: "2 of 60" in seen(pilot))
        assert "▀" in seen(pilot)
        await pilot.press("G", "space")
        await until(pilot, lambda: "1 selected" in seen(pilot) and "00000000" in seen(pilot))
        await until(pilot, lambda: "Pictures are paused: the terminal is 2.0 s behind." in seen(pilot))
        assert "▀" not in seen(pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: "esc closes" in seen(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "esc closes" not in seen(pilot) and "00000000" in seen(pilot))
        await pilot.press("B")
        await until(pilot, lambda: "; paused: 2.0 s behind." in seen(pilot))
        assert "▀" not in written(pilot)[before:]
        await answer(pilot)
        clock.now += 10
        await until(pilot, lambda: "▀" in seen(pilot))
        assert seen(pilot) == text_of(pilot)

    drive(app, script, draws=True)


@pytest.mark.usefixtures("two_pictures")
def test_what_pictures_cost_is_told_on_request(app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        await pilot.press("B")
        await until(pilot, lambda: status_of(pilot) == "No picture was sent to the terminal yet.")
        await pilot.press("p")
        await until(pilot, lambda: "64×32" in text_of(pilot))
        await pilot.press("B")
        await until(pilot, lambda: status_of(pilot).startswith("1 picture cost "))
        assert app_of(pilot).picture_link.report == status_of(pilot)

    drive(app, script, draws=True)


@pytest.mark.usefixtures("two_pictures")
def test_the_page_of_an_image_tells_what_its_picture_cost(app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: app_of(pilot).picture_link.report.startswith("1 picture cost "))
        await pilot.press("B")
        await until(pilot, lambda: app_of(pilot).picture_link.report in text_of(pilot))

    drive(app, script, draws=True)
