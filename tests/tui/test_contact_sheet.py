"""``t``: the gallery as a contact sheet, with the filter, order, selection and keys of the table."""

import hashlib
import json
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image
from rich.cells import cell_len
from textual import events

from flowimg_tui.previews.probing import Answers
from flowimg_tui.previews.protocol import choose
from flowimg_tui.store.database import StoreError
from flowimg_tui.store.found_images import FoundImages
from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.tui.pictures import Drawn, Pictures, Wanted
from flowimg_tui.tui.widgets.contact_sheet import ContactSheet
from flowimg_tui.workspace import Workspace
from tests.previews.samples import BLUE, GREEN, RED, encoded, png_of, quarters
from tests.tui.driving import (
    AppPilot,
    app_of,
    drive,
    gallery_of,
    press_and_wait,
    shows,
    status_of,
    table_of,
    text_of,
    until,
)
from tests.tui.filling import fill, fill_with_paths
from tests.tui.scripted import ScriptedService
from tests.tui.test_preview_pane import HOSTILE, painted, save
from tests.tui.test_snapshots import SnapCompare, both_sizes, download_a_part

_SIZES = pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20)])


@pytest.fixture(autouse=True)
def _a_terminal_of_all_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Of which files a picture was asked for, in their order."""
    names: list[str] = []
    true = Pictures.draw

    def draw(pictures: Pictures, wanted: Wanted, cancelled: Callable[[], bool]) -> Drawn:
        assert wanted.path is not None
        names.append(wanted.path.name)
        return true(pictures, wanted, cancelled)

    monkeypatch.setattr(Pictures, "draw", draw)
    return names


def sheet_of(pilot: AppPilot) -> ContactSheet:
    return pilot.app.screen_stack[0].query_one(ContactSheet)


def tiles_of(pilot: AppPilot) -> list[str]:
    """Return the text of each tile on the screen, line by line, without the frame."""
    sheet = sheet_of(pilot)
    lines = [sheet.render_line(y) for y in range(sheet.size.height)]
    width = max(sheet._grid.width, 1)
    tiles = []
    for top in range(0, len(lines) - sheet._grid.height + 1, sheet._grid.height):
        for left in range(0, width * sheet._grid.columns, width):
            part = [strip.crop(left, left + width).text for strip in lines[top : top + sheet._grid.height]]
            if "".join(part).strip():
                tiles.append("\n".join(part))
    return tiles


def colours_of(pilot: AppPilot) -> list[set[tuple[int, ...]]]:
    """Return the colours of each picture on the screen, tile by tile."""
    sheet = sheet_of(pilot)
    width, height = sheet._grid.width, sheet._grid.height
    found = []
    for at in range(len(tiles_of(pilot))):
        line, column = divmod(at, sheet._grid.columns)
        strips = [
            sheet.render_line(line * height + y).crop(column * width, (column + 1) * width)
            for y in range(height - 1)
        ]
        colours = {
            tuple(segment.style.bgcolor.get_truecolor())
            for strip in strips
            for segment in strip
            if segment.style is not None and segment.style.bgcolor is not None
        }
        found.append(colours - {sheet.background_colors[1].rgb})
    return found


async def to_the_sheet(pilot: AppPilot) -> None:
    await pilot.press("t")
    await until(pilot, lambda: sheet_of(pilot).display and bool(tiles_of(pilot)))
    await until(pilot, lambda: not is_waiting(pilot))


def is_waiting(pilot: AppPilot) -> bool:
    """Tell whether a tile on the screen has neither its picture nor words yet."""
    return any(line.strip(" ┃") == "…" for tile in tiles_of(pilot) for line in tile.splitlines())


@_SIZES
def test_the_gallery_is_seen_as_pictures_and_as_a_table_again(
    app: FlowimgApp, database: Path, tmp_path: Path, size: tuple[int, int]
) -> None:
    save(database, *painted(tmp_path, RED, GREEN, BLUE))

    async def script(pilot: AppPilot) -> None:
        await to_the_sheet(pilot)
        assert colours_of(pilot) == [{RED}, {GREEN}, {BLUE}]
        assert shows(pilot, "✓ 00000002", "✓ 00000001", "✓ 00000000", "1 of 3")
        assert not table_of(pilot).display
        await pilot.press("t")
        await until(pilot, lambda: table_of(pilot).display and not sheet_of(pilot).display)
        assert "created ↓" in text_of(pilot)
        assert pilot.app.focused is table_of(pilot)

    drive(app, script, size)


def current_of(pilot: AppPilot) -> str:
    """Return the key of the image under the cursor, as the bars about its tile show it."""
    (tile,) = [tile for tile in tiles_of(pilot) if "┃" in tile]
    assert all(line.startswith("┃") and line.rstrip().endswith("┃") for line in tile.splitlines())
    return next(word for word in tile.split() if len(word) == 8 and word.isdigit())


def marked_in(pilot: AppPilot) -> list[str]:
    """Return the keys of the tiles with the mark of a selection."""
    captions = [tile.splitlines()[-1] for tile in tiles_of(pilot)]
    return [caption.strip(" ┃▌·✓").split()[0] for caption in captions if "▌" in caption]


@_SIZES
def test_the_cursor_goes_where_the_keys_say_and_stays_in_sight(
    app: FlowimgApp, database: Path, size: tuple[int, int]
) -> None:
    fill(database, range(1000))

    async def script(pilot: AppPilot) -> None:
        await to_the_sheet(pilot)
        columns = sheet_of(pilot)._grid.columns
        lines = len(tiles_of(pilot)) // columns

        async def leads_to(row: int, *keys: str) -> None:
            await pilot.press(*keys)
            await until(pilot, lambda: f"{row + 1} of 1000" in text_of(pilot))
            assert current_of(pilot) == f"{999 - row:08}"

        await leads_to(1, "right", "l", "left", "right", "h")
        await leads_to(columns + 1, "down", "j", "up")
        await leads_to(1, "k", "up", "k")
        await leads_to(0, "left", "left")
        await leads_to(columns, *["l"] * columns)
        await leads_to(columns * (lines + 1), "pagedown")
        await leads_to(0, "pageup", "pageup")
        await leads_to(columns * max(lines // 2, 1), "ctrl+d")
        await leads_to(0, "ctrl+u")
        await leads_to(999, "G", "down", "right")
        await leads_to(998, "left")
        await leads_to(0, "home")
        await leads_to(999, "end")
        await leads_to(0, "g")

    drive(app, script, size)


def test_every_image_can_be_reached_by_pages(app: FlowimgApp, database: Path) -> None:
    fill(database, range(101))
    seen: set[str] = set()

    async def script(pilot: AppPilot) -> None:
        await to_the_sheet(pilot)
        while True:
            seen.update(tile.strip(" ┃·").split()[-1] for tile in tiles_of(pilot))
            before = sheet_of(pilot).cursor
            await pilot.press("pagedown")
            await pilot.pause()
            if sheet_of(pilot).cursor == before:
                return

    drive(app, script, size=(80, 24))
    assert seen == {f"{number:08}" for number in range(101)}


def test_down_from_the_line_before_a_short_last_one_leads_to_the_last_image(
    app: FlowimgApp, database: Path
) -> None:
    fill(database, range(5))

    async def script(pilot: AppPilot) -> None:
        await to_the_sheet(pilot)
        assert sheet_of(pilot)._grid.columns == 4
        await pilot.press("right", "right", "down")
        await until(pilot, lambda: current_of(pilot) == "00000000")

    drive(app, script, size=(80, 24))


def test_image_order_filter_selection_and_range_go_over_and_back(app: FlowimgApp, database: Path) -> None:
    fill(database, range(100))

    async def script(pilot: AppPilot) -> None:
        await pilot.press("down", "space", "O", "slash", *"0000000", "enter")
        await until(pilot, lambda: "10 found of 100" in text_of(pilot))
        await pilot.press("g", "down", "down", "V", "down")
        await until(pilot, lambda: "4 of 10" in text_of(pilot))
        await to_the_sheet(pilot)
        assert current_of(pilot) == "00000003"
        assert shows(pilot, "10 found of 100", "1 selected", "created ↑   4 of 10")
        assert marked_in(pilot) == ["00000002", "00000003"]
        await pilot.press("right", "V")
        await until(pilot, lambda: "4 selected" in text_of(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "5 of 100" in text_of(pilot))
        assert marked_in(pilot) == ["00000002", "00000003", "00000004"]
        await pilot.press("G", "left", "t")
        await until(pilot, lambda: table_of(pilot).display)
        assert shows(pilot, "4 selected", "created ↑   99 of 100", "▌· 00000098")

    drive(app, script)


def test_the_keys_of_the_gallery_do_the_same_in_the_sheet(app: FlowimgApp, database: Path) -> None:
    fill(database, range(12))

    async def script(pilot: AppPilot) -> None:
        await to_the_sheet(pilot)
        await pilot.press("space", "space")
        await until(pilot, lambda: marked_in(pilot) == ["00000011", "00000010"])
        assert current_of(pilot) == "00000009"
        await pilot.press("asterisk")
        await until(pilot, lambda: "10 selected" in text_of(pilot))
        await pilot.press("a")
        await until(pilot, lambda: "12 selected" in text_of(pilot) and len(marked_in(pilot)) == 12)
        await pilot.press("escape")
        await until(pilot, lambda: marked_in(pilot) == [])
        for order in ("size", "file", "state", "key", "ratio", "created"):
            await pilot.press("o")
            await until(pilot, lambda order=order: f"─ {order} " in text_of(pilot))  # type: ignore[misc]
        await pilot.press("slash", *"00000007", "enter")
        await until(pilot, lambda: "1 found of 12" in text_of(pilot))
        assert current_of(pilot) == "00000007"
        await pilot.press("y")
        await until(pilot, lambda: "name7" in text_of(pilot))

    drive(app, script)


def test_mouse_and_wheel_work(app: FlowimgApp, database: Path) -> None:
    fill(database, range(100))

    async def script(pilot: AppPilot) -> None:
        await to_the_sheet(pilot)
        grid = sheet_of(pilot)._grid
        await pilot.click("#sheet", offset=(grid.width + 3, grid.height + 3))
        await until(pilot, lambda: current_of(pilot) == f"{99 - grid.columns - 1:08}")
        await pilot._post_mouse_events([events.MouseScrollDown], "#sheet", offset=(3, 3), button=0)
        await until(pilot, lambda: "00000099" not in text_of(pilot))
        assert tiles_of(pilot)[0].split()[-1] == f"{99 - grid.columns:08}"
        await pilot._post_mouse_events([events.MouseScrollUp], "#sheet", offset=(3, 3), button=0)
        await until(pilot, lambda: "00000099" in text_of(pilot))

    drive(app, script)


def animated(folder: Path) -> Path:
    path = folder / "animated.webp"
    frames = [Image.new("RGB", (40, 40), colour) for colour in (RED, GREEN)]
    path.write_bytes(encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True))
    return path


def every_kind(folder: Path) -> dict[Path, str | None]:
    """Return a file of each kind, with the words that stand for its picture, or none where there is one."""
    kinds: dict[str, tuple[bytes, str | None]] = {
        "empty.png": (b"", "empty"),
        "page.jpg": (b"<html>", "unknown format"),
        "cut.png": (encoded(quarters())[:60], "damaged"),
        "huge.png": (png_of(20_000, 20_000, lines=1), "too large"),
        "cmyk.jpg": (encoded(Image.new("CMYK", (40, 40), (0, 255, 255, 0)), "JPEG"), None),
        "deep.png": (encoded(Image.new("I;16", (40, 40), 40_000)), None),
        "clear.png": (encoded(Image.new("RGBA", (40, 40), (255, 0, 0, 128))), None),
        HOSTILE.replace("/", "_"): (encoded(quarters()), None),
        "usual.png": (encoded(quarters()), None),
    }
    files: dict[Path, str | None] = {
        folder / "gone.png": "missing",
        animated(folder): None,
        folder: "unreadable",
    }
    for name, (content, words) in kinds.items():
        (folder / name).write_bytes(content)
        files[folder / name] = words
    return files


def test_each_kind_of_file_is_shown_or_named_and_none_is_changed(
    app: FlowimgApp, database: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    files = every_kind(folder)
    fill(database, range(100, 101))
    save(database, *files)

    def sums() -> dict[str, str]:
        return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}

    before = sums()

    async def script(pilot: AppPilot) -> None:
        await to_the_sheet(pilot)
        shown = list(zip([None, *files], tiles_of(pilot), colours_of(pilot), strict=True))
        assert "not here" in shown[0][1]
        for file, tile, colours in shown[1:]:
            assert file is not None
            words = files[file]
            assert words is None or words in tile, file
            assert bool(colours) is (words is None), file
        assert not {"\x1b", "\x07", "\u202e"} & set(text_of(pilot))
        for _ in files:
            await pilot.press("right")
        await pilot.pause()

    drive(app, script)
    assert sums() == before
    assert len(before) == len(files) - 2


def test_what_the_service_says_of_an_image_stays_text(app: FlowimgApp, database: Path) -> None:
    fill(database, range(3))
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE image SET media_key = ? WHERE name = 'name2'", (HOSTILE,))
        connection.execute("UPDATE image SET media_key = '写真写真写真写真写真' WHERE name = 'name1'")
        connection.execute("UPDATE image SET media_key = '' WHERE name = 'name0'")

    async def script(pilot: AppPilot) -> None:
        await to_the_sheet(pilot)
        assert not {"\x1b", "\x07", "\u202e"} & set(text_of(pilot))
        assert shows(pilot, "[red]", "写真写")
        width = sheet_of(pilot)._grid.width
        assert {cell_len(line) for tile in tiles_of(pilot) for line in tile.splitlines()} == {width}

    drive(app, script)


def test_the_picture_of_an_image_comes_with_its_download(
    scripted_app: FlowimgApp, scripted: ScriptedService
) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        await to_the_sheet(pilot)
        assert all("not here" in tile for tile in tiles_of(pilot))
        scripted.pictures_served = 3
        scripted.missing = {1}
        await pilot.press("d")
        await until(pilot, lambda: "Downloading  3 of 42" in text_of(pilot))
        await until(
            pilot, lambda: [bool(colours) for colours in colours_of(pilot)[:3]] == [True, False, True]
        )
        await until(pilot, lambda: text_of(pilot).count("%") >= 4)
        assert "failed" in tiles_of(pilot)[1]
        assert "↓" in tiles_of(pilot)[3]
        await pilot.press("right", "right", "space", "G")
        await until(pilot, lambda: "42 of 42" in text_of(pilot) and current_of_is_in_sight(pilot))
        assert app_of(pilot).runs
        await pilot.press("t", "t", "g")
        await until(pilot, lambda: bool(colours_of(pilot)[0]))
        await press_and_wait(pilot, "x", "cancelled")

    drive(scripted_app, script)


def current_of_is_in_sight(pilot: AppPilot) -> bool:
    return any("┃" in tile for tile in tiles_of(pilot))


def test_the_cursor_stays_on_its_image_when_newer_ones_come(app: FlowimgApp, database: Path) -> None:
    fill(database, range(200))

    async def script(pilot: AppPilot) -> None:
        await to_the_sheet(pilot)
        await pilot.press("pagedown", "pagedown", "down", "right")
        before = current_of(pilot)
        fill(database, range(200, 230))
        gallery_of(pilot).rows_changed()
        await until(pilot, lambda: "of 230" in text_of(pilot))
        assert current_of(pilot) == before

    drive(app, script, size=(80, 24))


def test_of_a_large_gallery_only_what_is_in_sight_is_read_and_decoded(
    app: FlowimgApp, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    (red,) = painted(tmp_path, RED)
    fill_with_paths(database, range(100_000), tmp_path)
    for number in (*range(99_950, 100_000), *range(50)):
        shutil.copyfile(red, tmp_path / f"name{number}.png")
    read: list[int] = []
    window = FoundImages.window

    def counted(found: FoundImages, offset: int, limit: int) -> object:
        read.append(limit)
        return window(found, offset, limit)

    monkeypatch.setattr(FoundImages, "window", counted)

    async def script(pilot: AppPilot) -> None:
        await to_the_sheet(pilot)
        in_sight = len(tiles_of(pilot))
        assert sorted(set(asked)) == sorted({f"name{99_999 - row}.png" for row in range(in_sight)})
        assert len(asked) == in_sight
        assert asked[0] == "name99999.png"
        await pilot.press("G")
        await until(pilot, lambda: "100000 of 100000" in text_of(pilot))
        await until(pilot, lambda: all(colours == {RED} for colours in colours_of(pilot)))
        assert len(asked) <= 2 * in_sight + sheet_of(pilot)._grid.columns

    drive(app, script)
    assert sum(read) <= 1024


def test_what_is_scrolled_away_or_left_is_given_up(
    app: FlowimgApp, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = painted(tmp_path, *[RED] * 50, GREEN)
    save(database, *files)
    begun: list[Path | None] = []
    given_up: list[Path | None] = []
    true = Pictures.draw

    def draw(pictures: Pictures, wanted: Wanted, cancelled: Callable[[], bool]) -> Drawn:
        begun.append(wanted.path)
        if wanted.path != files[50]:
            while not cancelled():
                threading.Event().wait(0.001)
            given_up.append(wanted.path)
        return true(pictures, wanted, cancelled)

    monkeypatch.setattr(Pictures, "draw", draw)

    async def script(pilot: AppPilot) -> None:
        await pilot.press("t")
        await until(pilot, lambda: set(begun) == set(files[:2]))
        assert is_waiting(pilot)
        await pilot.press("G")
        await until(pilot, lambda: set(given_up) == set(files[:2]) and files[50] in begun)
        await until(pilot, lambda: {GREEN} in colours_of(pilot))
        assert not set(begun[2:]) & set(files[2:40])
        await pilot.press("t")
        await until(pilot, lambda: table_of(pilot).display and len(given_up) == len(begun) - 1)
        left = len(begun)
        await pilot.press("g", "down", "pagedown")
        await until(pilot, lambda: table_of(pilot).cursor > 1)
        assert len(begun) == left

    drive(app, script, size=(80, 24))


def test_a_file_that_comes_back_is_seen_when_its_tile_is(
    app: FlowimgApp, database: Path, tmp_path: Path
) -> None:
    files = painted(tmp_path, *[RED] * 40)
    save(database, *files)
    away = files[0].rename(tmp_path / "away")

    async def script(pilot: AppPilot) -> None:
        await to_the_sheet(pilot)
        assert "missing" in tiles_of(pilot)[0]
        away.rename(files[0])
        await pilot.press("G")
        await until(pilot, lambda: "40 of 40" in text_of(pilot) and not is_waiting(pilot))
        await pilot.press("g")
        await until(pilot, lambda: colours_of(pilot)[0] == {RED})

    drive(app, script, size=(80, 24))


def test_the_tiles_of_a_few_pages_are_kept_and_no_more(
    app: FlowimgApp, database: Path, tmp_path: Path, asked: list[str]
) -> None:
    save(database, *painted(tmp_path, *[RED] * 80))

    async def script(pilot: AppPilot) -> None:
        await to_the_sheet(pilot)
        for _ in range(8):
            await pilot.press("pagedown")
            await until(pilot, lambda: all(colours == {RED} for colours in colours_of(pilot)))
        seen = len(asked)
        await pilot.press("pageup")
        await until(pilot, lambda: all(colours == {RED} for colours in colours_of(pilot)))
        assert len(asked) == seen
        assert len(sheet_of(pilot)._tiles._drawn) <= 32
        await pilot.press("g")
        await until(pilot, lambda: len(asked) > seen)

    drive(app, script, size=(80, 24))


def test_a_larger_window_needs_no_other_thumbnails_on_disk(
    app: FlowimgApp, workspace: Workspace, database: Path, tmp_path: Path
) -> None:
    save(database, *painted(tmp_path, RED))
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.create_function(
            "sha256", 1, lambda path: hashlib.sha256(Path(path).read_bytes()).hexdigest()
        )
        connection.execute(
            "INSERT INTO saved_file (profile_id, media_key, path, size, sha256, mime, source, saved_at)"
            " SELECT profile_id, media_key, local_path, 1, sha256(local_path), 'image/png', 'api',"
            " created_at FROM image"
        )

    def kept() -> int:
        return len(list(workspace.locations.thumbnails.glob("*.thumbnail")))

    async def script(pilot: AppPilot) -> None:
        await to_the_sheet(pilot)
        await until(pilot, lambda: kept() == 1)
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: any(colours_of(pilot)))
        assert kept() == 1

    drive(app, script)


def test_a_window_that_is_resized_keeps_the_cursor_in_sight(app: FlowimgApp, database: Path) -> None:
    fill(database, range(300))

    async def script(pilot: AppPilot) -> None:
        await to_the_sheet(pilot)
        await pilot.press("pagedown", "pagedown", "right")
        here = current_of(pilot)
        for width, height in ((80, 24), (60, 20), (200, 50), (59, 10), (120, 40)):
            await pilot.resize_terminal(width, height)
            await until(pilot, lambda width=width: len(text_of(pilot).splitlines()[0]) == width)  # type: ignore[misc]
            if width > 59:
                await until(pilot, lambda: any("┃" in tile and here in tile for tile in tiles_of(pilot)))
        await pilot.press("l", "t", "l")
        await until(pilot, lambda: "Log" in text_of(pilot))

    drive(app, script)


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_the_table_comes_back_with_its_cursor_in_sight_in_another_window(
    app: FlowimgApp, database: Path, size: tuple[int, int]
) -> None:
    fill(database, range(300))

    async def script(pilot: AppPilot) -> None:
        await to_the_sheet(pilot)
        await pilot.press(*["pagedown"] * 3, "right")
        await until(pilot, lambda: bool(tiles_of(pilot)))
        here = current_of(pilot)
        await pilot.resize_terminal(*size)
        await until(pilot, lambda: len(text_of(pilot).splitlines()[0]) == size[0])
        await pilot.press("t")
        await until(pilot, lambda: table_of(pilot).display and f"· {here}" in text_of(pilot))

    drive(app, script)


def test_which_view_is_shown_is_remembered(workspace: Workspace, database: Path, tmp_path: Path) -> None:
    save(database, *painted(tmp_path, RED))

    def kept() -> object:
        return json.loads(workspace.locations.state.read_text("utf-8"))["sheet"]

    async def show_it(pilot: AppPilot) -> None:
        await to_the_sheet(pilot)
        assert kept() is True

    async def find_it(pilot: AppPilot) -> None:
        await until(pilot, lambda: colours_of(pilot) == [{RED}])
        assert pilot.app.focused is sheet_of(pilot)
        await pilot.press("t")
        await until(pilot, lambda: table_of(pilot).display)
        assert kept() is False

    for script in (show_it, find_it):
        drive(FlowimgApp(workspace), script)


def test_preview_off_is_a_sentence_and_the_table_stays(
    workspace: Workspace, database: Path, asked: list[str]
) -> None:
    fill(database, range(2))
    workspace.locations.state.write_text('{"sheet": true}', "utf-8")

    async def script(pilot: AppPilot) -> None:
        assert table_of(pilot).display
        await pilot.press("t")
        await until(pilot, lambda: status_of(pilot) == "Pictures are switched off: preview = off.")
        assert table_of(pilot).display

    drive(FlowimgApp(workspace, pictures=choose("off", {}, has_images=False, answers=Answers())), script)
    assert asked == []


def test_where_pictures_are_switched_off_the_table_comes_back(
    app: FlowimgApp, database: Path, tmp_path: Path
) -> None:
    save(database, *painted(tmp_path, RED))

    async def script(pilot: AppPilot) -> None:
        await to_the_sheet(pilot)
        app_of(pilot).draw_pictures(choose("off", {}, has_images=False, answers=Answers()))
        await until(pilot, lambda: table_of(pilot).display and not sheet_of(pilot).display)
        assert pilot.app.focused is table_of(pilot)

    drive(app, script)


def test_without_colour_there_are_words(
    workspace: Workspace, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(database, *painted(tmp_path, RED))
    monkeypatch.setenv("NO_COLOR", "1")

    async def script(pilot: AppPilot) -> None:
        await to_the_sheet(pilot)
        assert "no colour" in tiles_of(pilot)[0]

    drive(FlowimgApp(workspace), script)


@pytest.mark.parametrize(("few_colours", "seen"), [(False, (250, 4, 6)), (True, RED)])
def test_over_ssh_a_tile_has_no_colour_but_those_that_cost_little(
    workspace: Workspace, database: Path, tmp_path: Path, few_colours: bool, seen: tuple[int, ...]
) -> None:
    save(database, *painted(tmp_path, (250, 4, 6)))

    async def script(pilot: AppPilot) -> None:
        await to_the_sheet(pilot)
        assert colours_of(pilot) == [{seen}]

    drive(FlowimgApp(workspace, few_colours=few_colours), script)


def test_another_theme_gives_the_pictures_another_ground(
    app: FlowimgApp, database: Path, tmp_path: Path
) -> None:
    file = tmp_path / "clear.png"
    file.write_bytes(encoded(Image.new("RGBA", (64, 32), (0, 0, 0, 0))))
    save(database, file)

    async def script(pilot: AppPilot) -> None:
        await to_the_sheet(pilot)
        pilot.app.theme = "flowimg-light"
        await until(pilot, lambda: sheet_of(pilot).background_colors[1].rgb == (255, 255, 255))
        await until(pilot, lambda: colours_of(pilot) == [set()] and not is_waiting(pilot))

    drive(app, script)


def test_a_picture_that_no_decoder_has_foreseen_is_named_and_the_others_are_shown(
    app: FlowimgApp, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(database, *painted(tmp_path, RED, GREEN))
    true = Pictures.draw

    def draw(pictures: Pictures, wanted: Wanted, cancelled: Callable[[], bool]) -> Drawn:
        if wanted.path == tmp_path / "0.png":
            raise ZeroDivisionError
        return true(pictures, wanted, cancelled)

    monkeypatch.setattr(Pictures, "draw", draw)

    async def script(pilot: AppPilot) -> None:
        await to_the_sheet(pilot)
        assert "see the log" in tiles_of(pilot)[0]
        assert colours_of(pilot) == [set(), {GREEN}]

    drive(app, script)


def test_a_database_that_cannot_be_read_is_said(
    app: FlowimgApp, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, range(300))

    def window(found: FoundImages, offset: int, limit: int) -> object:
        del found, offset, limit
        raise StoreError("The disk is gone.")

    async def script(pilot: AppPilot) -> None:
        await to_the_sheet(pilot)
        monkeypatch.setattr(FoundImages, "window", window)
        await pilot.press("G")
        await until(pilot, lambda: status_of(pilot) == "The disk is gone.")

    drive(app, script)


def test_an_empty_gallery_says_what_to_do(app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        await pilot.press("t")
        await until(
            pilot, lambda: sheet_of(pilot).display and shows(pilot, "No images yet. Press s to sync.")
        )
        await pilot.press("down", "right", "end", "pagedown", "home", "left", "space")
        await press_and_wait(pilot, "s", "Synced 42 new", "1 of 42")

    drive(app, script)


def test_another_profile_has_its_own_sheet_and_the_preview_follows_its_cursor(
    scripted_app: FlowimgApp,
) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        await to_the_sheet(pilot)
        await pilot.press("p")
        await until(pilot, lambda: shows(pilot, "Not downloaded yet."))
        await press_and_wait(pilot, "d", "Downloaded 42 of 42")
        await until(pilot, lambda: bool(colours_of(pilot)[0]) and shows(pilot, "p closes", "Picture  "))
        await pilot.press("P", "down", "enter")
        await until(pilot, lambda: shows(pilot, "No images yet. Press s to sync.", "No image."))
        assert pilot.app.focused is sheet_of(pilot)

    drive(scripted_app, script)


def test_the_palette_knows_it(app: FlowimgApp, database: Path, tmp_path: Path) -> None:
    save(database, *painted(tmp_path, RED))

    async def script(pilot: AppPilot) -> None:
        await pilot.press("ctrl+p", *"contact")
        await until(pilot, lambda: "view: Show the contact sheet or the table" in text_of(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: colours_of(pilot) == [{RED}])

    drive(app, script)


@both_sizes
def test_contact_sheet(
    snap_compare: SnapCompare,
    scripted_app: FlowimgApp,
    scripted: ScriptedService,
    terminal_size: tuple[int, int],
) -> None:
    async def script(pilot: AppPilot) -> None:
        await download_a_part(pilot, scripted)
        await pilot.press("escape")
        await press_and_wait(pilot, "s", "Synced 0 new")
        await to_the_sheet(pilot)
        await pilot.press("space", "right", "space")
        await until(pilot, lambda: "2 selected" in text_of(pilot))

    assert snap_compare(scripted_app, terminal_size=terminal_size, run_before=script)


@both_sizes
def test_contact_sheet_while_a_download_runs(
    snap_compare: SnapCompare,
    scripted_app: FlowimgApp,
    scripted: ScriptedService,
    terminal_size: tuple[int, int],
) -> None:
    scripted.pictures_served = 3

    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        await pilot.press("d")
        await until(pilot, lambda: "Downloading  3 of 42" in text_of(pilot))
        await press_and_wait(pilot, "x", "39 cancelled", "39 pending")
        await to_the_sheet(pilot)
        scripted.gate.clear()
        await pilot.press("d")
        await until(pilot, lambda: text_of(pilot).count("asking") >= 8)

    assert snap_compare(scripted_app, terminal_size=terminal_size, run_before=script)
