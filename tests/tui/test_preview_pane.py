"""``p``: the picture under the cursor, or a sentence that says why there is none; the table never waits."""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from flowimg_tui.previews.protocol import OFF
from flowimg_tui.store.finding import Finding
from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.tui.pictures import Drawn, Pictures, Wanted
from flowimg_tui.tui.screens.confirm import QUIET_SECONDS
from flowimg_tui.tui.widgets.picture_view import PictureView
from flowimg_tui.tui.widgets.preview_pane import PreviewPane
from flowimg_tui.workspace import Workspace
from tests.previews.samples import BLUE, GREEN, RED, encoded, png_of, quarters
from tests.tui.driving import AppPilot, drive, press_and_wait, shows, status_of, table_of, text_of, until
from tests.tui.filling import fill
from tests.tui.scripted import Clock
from tests.tui.test_snapshots import SnapCompare, both_sizes

HOSTILE = "[red]\x1b]52;c;b3duZWQ=\x07 \u202egpj.png"


@pytest.fixture(autouse=True)
def _a_terminal_of_all_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")


def save(database: Path, *files: Path) -> None:
    """Make a gallery whose images have these files, the first one on top."""
    fill(database, range(len(files)))
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executemany(
            "UPDATE image SET local_path = ? WHERE name = ?",
            [(str(file), f"name{len(files) - 1 - at}") for at, file in enumerate(files)],
        )


def painted(folder: Path, *colours: tuple[int, int, int]) -> list[Path]:
    """Return a picture of each colour."""
    files = [folder / f"{at}.png" for at in range(len(colours))]
    for file, colour in zip(files, colours, strict=True):
        file.write_bytes(encoded(Image.new("RGB", (64, 32), colour)))
    return files


def pane_of(pilot: AppPilot) -> PreviewPane:
    return pilot.app.screen_stack[0].query_one(PreviewPane)


def colours_of(pilot: AppPilot) -> set[tuple[int, ...]]:
    """Return the colours of the cells in the pane that are not of its own."""
    pane = pane_of(pilot)
    return colours_in(pane) if pane.display else set()


def colours_in(view: PictureView) -> set[tuple[int, ...]]:
    """Return the colours of its cells that are not those of its ground."""
    strips = [view.render_line(y) for y in range(view.size.height)]
    styles = [segment.style for strip in strips for segment in strip if segment.style is not None]
    colours = {style.bgcolor.get_truecolor() for style in styles if style.bgcolor is not None}
    return {tuple(colour) for colour in colours} - {view.background_colors[1].rgb}


def hold(monkeypatch: pytest.MonkeyPatch, slow: Path) -> threading.Event:
    """Let the picture of one file take until it is given up; that sets the event."""
    given_up = threading.Event()
    true = Pictures.draw

    def draw(pictures: Pictures, wanted: Wanted, cancelled: Callable[[], bool]) -> Drawn:
        if wanted.path == slow:
            while not cancelled():
                threading.Event().wait(0.001)
            given_up.set()
        return true(pictures, wanted, cancelled)

    monkeypatch.setattr(Pictures, "draw", draw)
    return given_up


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
def test_the_picture_under_the_cursor_is_shown_and_that_of_the_next_image(
    app: FlowimgApp, database: Path, tmp_path: Path, size: tuple[int, int]
) -> None:
    save(database, *painted(tmp_path, RED, GREEN, BLUE))

    async def script(pilot: AppPilot) -> None:
        await pilot.press("p")
        await until(pilot, lambda: colours_of(pilot) == {RED})
        assert shows(pilot, "Picture  64×32", "p closes")
        await pilot.press("down")
        await until(pilot, lambda: colours_of(pilot) == {GREEN})
        await pilot.press("G")
        await until(pilot, lambda: colours_of(pilot) == {BLUE})
        await pilot.press("p")
        await until(pilot, lambda: "Picture" not in text_of(pilot))
        assert colours_of(pilot) == set()

    drive(app, script, size)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "The file is no longer there."),
        (b"", "The file is empty: 0 bytes."),
        (b"<html>", "The file is no JPEG, PNG or WebP."),
        (encoded(quarters())[:60], "The picture is damaged"),
        (png_of(20_000, 20_000, lines=1), "20000×20000 pixels"),
    ],
    ids=["missing", "empty", "a web page", "damaged", "enormous"],
)
def test_a_picture_that_cannot_be_shown_is_named_and_the_next_one_shown(
    app: FlowimgApp, database: Path, tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    bad = tmp_path / HOSTILE
    if content is not None:
        bad.write_bytes(content)
    save(database, bad, *painted(tmp_path, RED))

    async def script(pilot: AppPilot) -> None:
        await pilot.press("p")
        await until(pilot, lambda: sentence in text_of(pilot))
        assert not {"\x1b", "\x07", "\u202e"} & set(text_of(pilot))
        await pilot.press("down")
        await until(pilot, lambda: colours_of(pilot) == {RED} and sentence not in text_of(pilot))
        await pilot.press("up")
        await until(pilot, lambda: colours_of(pilot) == set() and sentence in text_of(pilot))

    drive(app, script)


def test_a_file_with_a_hostile_name_is_shown_as_any_other(
    app: FlowimgApp, database: Path, tmp_path: Path
) -> None:
    (file,) = painted(tmp_path, RED)
    save(database, file.rename(tmp_path / HOSTILE))

    async def script(pilot: AppPilot) -> None:
        await pilot.press("p")
        await until(pilot, lambda: colours_of(pilot) == {RED})

    drive(app, script)


def test_a_download_brings_the_picture_and_no_file_is_changed_by_looking(
    app: FlowimgApp, output: Path, workspace: Workspace
) -> None:
    def sums() -> dict[Path, str]:
        return {
            file: hashlib.sha256(file.read_bytes()).hexdigest()
            for file in output.rglob("*.*")
            if file.is_file()
        }

    def drawn() -> int:
        return len(list(workspace.locations.thumbnails.glob("*.thumbnail")))

    async def script(pilot: AppPilot) -> None:
        await pilot.press("p")
        await until(pilot, lambda: shows(pilot, "No image."))
        await press_and_wait(pilot, "s", "Synced 42 new", "Not downloaded yet.")
        await press_and_wait(pilot, "d", "Downloaded 42 of 42 images", "Picture  ")
        await until(pilot, lambda: bool(colours_of(pilot)))
        before = sums()
        assert len(before) == 42
        for row in range(1, 8):
            await pilot.press("down")
            await until(pilot, lambda: drawn() > row)  # noqa: B023 - awaited at once
        assert sums() == before

    drive(app, script)


def test_it_follows_the_filter_and_goes_with_the_records(
    app: FlowimgApp, clock: Clock, database: Path, tmp_path: Path
) -> None:
    save(database, *painted(tmp_path, RED, GREEN))

    async def script(pilot: AppPilot) -> None:
        await pilot.press("p")
        await until(pilot, lambda: colours_of(pilot) == {RED})
        await pilot.press("slash", *"00000000")
        await until(pilot, lambda: colours_of(pilot) == {GREEN})
        await pilot.press(*"nothing")
        await until(pilot, lambda: shows(pilot, "No image.") and not colours_of(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: colours_of(pilot) == {RED})
        await pilot.press("ctrl+x")
        await until(pilot, lambda: "Delete records" in text_of(pilot))
        clock.now += QUIET_SECONDS
        await press_and_wait(pilot, "y", "Deleted 2 image records", "No image.")

    drive(app, script)


def test_a_folded_pane_decodes_nothing(
    app: FlowimgApp, database: Path, tmp_path: Path, asked: list[Path | None]
) -> None:
    save(database, *painted(tmp_path, RED, GREEN))

    async def script(pilot: AppPilot) -> None:
        await pilot.press("p")
        await until(pilot, lambda: colours_of(pilot) == {RED})
        await pilot.press("p", "down", "up", "down")
        await until(pilot, lambda: "2 of 2" in text_of(pilot))
        await pilot.press("p")
        await until(pilot, lambda: colours_of(pilot) == {GREEN})

    drive(app, script)
    assert [path and path.name for path in asked] == ["0.png", "1.png"]


def test_while_the_cursor_moves_nothing_is_decoded_and_then_only_the_last(
    app: FlowimgApp,
    database: Path,
    tmp_path: Path,
    asked: list[Path | None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save(database, *painted(tmp_path, RED, *[GREEN] * 20, BLUE))
    rest = "flowimg_tui.tui.widgets.picture_view._REST"

    async def script(pilot: AppPilot) -> None:
        await pilot.press("p")
        await until(pilot, lambda: colours_of(pilot) == {RED})
        monkeypatch.setattr(rest, 3600)
        await pilot.press(*["down"] * 20)
        await until(pilot, lambda: table_of(pilot).cursor == 20)
        assert len(asked) == 1
        monkeypatch.setattr(rest, 0.01)
        await pilot.press("down")
        await until(pilot, lambda: colours_of(pilot) == {BLUE})

    drive(app, script)
    assert [path and path.name for path in asked] == ["0.png", "21.png"]


def test_a_slow_picture_is_given_up_as_soon_as_the_cursor_goes_on(
    app: FlowimgApp, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, _ = files = painted(tmp_path, RED, GREEN)
    save(database, *files)
    given_up = hold(monkeypatch, slow)

    async def script(pilot: AppPilot) -> None:
        await pilot.press("p")
        await until(pilot, lambda: shows(pilot, "Reading the picture."))
        await pilot.press("down")
        await until(pilot, lambda: colours_of(pilot) == {GREEN})
        assert given_up.is_set()
        given_up.clear()
        await pilot.press("up")
        await until(pilot, lambda: shows(pilot, "Reading the picture."))

    drive(app, script)
    assert given_up.wait(20), "the app has ended, and the thread goes on"


def test_a_picture_that_waits_for_one_that_was_given_up_makes_room_for_a_word(
    app: FlowimgApp, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, stubborn, _ = files = painted(tmp_path, RED, GREEN, BLUE)
    save(database, *files)
    begun, go_on = threading.Event(), threading.Event()
    true = Pictures.draw

    def draw(pictures: Pictures, wanted: Wanted, cancelled: Callable[[], bool]) -> Drawn:
        if wanted.path == stubborn:
            begun.set()
            assert go_on.wait(20)
        return true(pictures, wanted, cancelled)

    monkeypatch.setattr(Pictures, "draw", draw)

    async def script(pilot: AppPilot) -> None:
        await pilot.press("p")
        await until(pilot, lambda: colours_of(pilot) == {RED})
        try:
            await pilot.press("down")
            await until(pilot, begun.is_set)
            await pilot.press("down")
            await until(pilot, lambda: shows(pilot, "Reading the picture."))
        finally:
            go_on.set()
        await until(pilot, lambda: colours_of(pilot) == {BLUE})

    drive(app, script)


def test_the_row_of_the_picture_stays_in_sight(app: FlowimgApp, database: Path, tmp_path: Path) -> None:
    save(database, *painted(tmp_path, *[RED] * 14, GREEN, RED))

    async def script(pilot: AppPilot) -> None:
        await pilot.press(*["down"] * 14)
        await until(pilot, lambda: "15 of 16" in text_of(pilot) and "00000015" in text_of(pilot))
        await pilot.press("p")
        await until(pilot, lambda: colours_of(pilot) == {GREEN})
        assert "00000015" not in text_of(pilot)
        assert "00000001" in text_of(pilot)

    drive(app, script, (80, 24))


def test_a_window_that_is_too_low_has_none_and_says_so(
    app: FlowimgApp, database: Path, tmp_path: Path, asked: list[Path | None]
) -> None:
    save(database, *painted(tmp_path, RED, GREEN))

    async def script(pilot: AppPilot) -> None:
        await pilot.press("p")
        await until(pilot, lambda: status_of(pilot) == "A picture needs a window of at least 24 lines.")
        await pilot.resize_terminal(60, 24)
        await pilot.press("p")
        await until(pilot, lambda: colours_of(pilot) == {RED})
        await pilot.resize_terminal(60, 20)
        await until(pilot, lambda: "p closes" not in text_of(pilot))
        seen = len(asked)
        await pilot.press("down")
        await until(pilot, lambda: "2 of 2" in text_of(pilot))
        assert len(asked) == seen
        await pilot.resize_terminal(120, 24)
        await until(pilot, lambda: colours_of(pilot) == {GREEN})

    drive(app, script, (60, 20))


def test_whether_it_is_open_is_remembered(workspace: Workspace, database: Path, tmp_path: Path) -> None:
    save(database, *painted(tmp_path, RED))

    def kept() -> object:
        return json.loads(workspace.locations.state.read_text("utf-8"))["preview"]

    async def open_it(pilot: AppPilot) -> None:
        assert not pane_of(pilot).display
        await pilot.press("p")
        await until(pilot, lambda: colours_of(pilot) == {RED})
        assert kept() is True

    async def close_it(pilot: AppPilot) -> None:
        await until(pilot, lambda: colours_of(pilot) == {RED})
        await pilot.press("p")
        await until(pilot, lambda: colours_of(pilot) == set())
        assert kept() is False

    async def find_it_closed(pilot: AppPilot) -> None:
        await until(pilot, lambda: "1 of 1" in text_of(pilot))
        assert not pane_of(pilot).display

    for script in (open_it, close_it, find_it_closed):
        drive(FlowimgApp(workspace), script)


def test_another_theme_gives_the_picture_another_ground(
    app: FlowimgApp, database: Path, tmp_path: Path
) -> None:
    file = tmp_path / "clear.png"
    file.write_bytes(encoded(Image.new("RGBA", (64, 32), (0, 0, 0, 0))))
    save(database, file)

    async def script(pilot: AppPilot) -> None:
        await pilot.press("p")
        await until(pilot, lambda: "64×32" in text_of(pilot))
        pilot.app.theme = "flowimg-light"
        await until(pilot, lambda: pane_of(pilot).background_colors[1].rgb == (255, 255, 255))
        await until(pilot, lambda: colours_of(pilot) == set())

    drive(app, script)


def test_preview_off_is_a_sentence(workspace: Workspace, database: Path, asked: list[Path | None]) -> None:
    fill(database, range(2))

    async def script(pilot: AppPilot) -> None:
        await pilot.press("p")
        await until(pilot, lambda: status_of(pilot) == "Pictures are switched off: preview = off.")
        assert not pane_of(pilot).display

    drive(FlowimgApp(workspace, pictures=OFF), script)
    assert asked == []
    assert not workspace.locations.state.exists()


def test_without_colour_there_is_a_sentence(
    workspace: Workspace, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(database, *painted(tmp_path, RED))
    monkeypatch.setenv("NO_COLOR", "1")

    async def script(pilot: AppPilot) -> None:
        await pilot.press("p")
        await until(pilot, lambda: shows(pilot, "No picture without colour."))

    drive(FlowimgApp(workspace), script)


@pytest.mark.parametrize(("few_colours", "seen"), [(False, (250, 4, 6)), (True, RED)])
def test_over_ssh_a_picture_has_no_colour_but_those_that_cost_little(
    workspace: Workspace, database: Path, tmp_path: Path, few_colours: bool, seen: tuple[int, ...]
) -> None:
    save(database, *painted(tmp_path, (250, 4, 6)))

    async def script(pilot: AppPilot) -> None:
        await pilot.press("p")
        await until(pilot, lambda: colours_of(pilot) == {seen})

    drive(FlowimgApp(workspace, few_colours=few_colours), script)


def test_the_palette_knows_it(app: FlowimgApp, database: Path, tmp_path: Path) -> None:
    save(database, *painted(tmp_path, RED))

    async def script(pilot: AppPilot) -> None:
        await pilot.press("ctrl+p", *"picture")
        await until(pilot, lambda: "view: Show or hide the picture" in text_of(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: colours_of(pilot) == {RED})

    drive(app, script)


@both_sizes
def test_picture(
    snap_compare: SnapCompare,
    scripted_app: FlowimgApp,
    scripted_workspace: Workspace,
    terminal_size: tuple[int, int],
) -> None:
    (studio, *_) = scripted_workspace.gallery.profiles()

    def put_another_picture_in_its_place() -> None:
        (image,) = scripted_workspace.gallery.find(studio.id, Finding()).window(2, 1)
        assert image.local_path is not None
        Path(image.local_path).write_bytes(encoded(quarters()))

    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        await press_and_wait(pilot, "d", "Downloaded 42 of 42 images")
        await pilot.press("escape", "down", "down")
        put_another_picture_in_its_place()
        await press_and_wait(pilot, "s", "Synced 0 new", "3 of 42")
        await pilot.press("p")
        await until(pilot, lambda: "64×32" in text_of(pilot) and bool(colours_of(pilot)))

    assert snap_compare(scripted_app, terminal_size=terminal_size, run_before=script)
