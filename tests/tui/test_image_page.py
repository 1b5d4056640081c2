"""``enter``: one image as large as the window allows, with all that is known of it; ``esc`` leads back."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from rich.cells import cell_len

from flowimg_tui.previews.protocol import HALF_BLOCKS, OFF
from flowimg_tui.store.finding import Finding
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import NewImage, Outcome, ProfileRecord
from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.tui.screens.image import ImageScreen
from flowimg_tui.tui.widgets.details_pane import DetailsPane
from flowimg_tui.tui.widgets.picture_view import PictureView
from flowimg_tui.tui.widgets.status_line import StatusLine
from flowimg_tui.workspace import Workspace
from tests.mirror.helpers import NOON, file_record, new_image
from tests.previews.samples import BLUE, GREEN, RED, encoded, png_of, quarters
from tests.store.field import ask, ids
from tests.tui.driving import (
    AppPilot,
    app_of,
    drive,
    press_and_wait,
    shows,
    status_of,
    table_of,
    text_of,
    until,
)
from tests.tui.filling import fill
from tests.tui.scripted import ScriptedService
from tests.tui.test_hostile_strings import CONTROLS, HOSTILE
from tests.tui.test_preview_pane import colours_in, hold, painted, save
from tests.tui.test_snapshots import SnapCompare, all_sizes, both_sizes

LABEL = 9
"""Cells before a value."""
SUM = "0123456789abcdef" * 4


@pytest.fixture(autouse=True)
def _a_terminal_of_all_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")


def page_of(pilot: AppPilot) -> ImageScreen | None:
    """Return the page, where it is open."""
    return next((screen for screen in pilot.app.screen_stack if isinstance(screen, ImageScreen)), None)


def colours_of(pilot: AppPilot) -> set[tuple[int, ...]]:
    """Return the colours of the cells in the picture of the page that are not of its own ground."""
    page = page_of(pilot)
    return set() if page is None else colours_in(page.query_one(PictureView))


def is_as_large_as_it_can(pilot: AppPilot) -> bool:
    """Tell whether the picture of the page reaches two edges of its view, where there is room for one."""
    page = page_of(pilot)
    if page is None:
        return False
    view = page.query_one(PictureView)
    ground = view.background_colors[1].rgb
    widths = [
        sum(
            len(cell.text)
            for cell in view.render_line(y)
            if cell.style and cell.style.bgcolor and tuple(cell.style.bgcolor.get_truecolor()) != ground
        )
        for y in range(view.size.height)
    ]
    return not view.display or all(widths) or max(widths) == view.size.width


def said_on_page(pilot: AppPilot) -> str:
    page = page_of(pilot)
    return "" if page is None else str(page.query_one(StatusLine).content)


def tells(pilot: AppPilot, *words: str) -> bool:
    """Tell whether all ``words`` stand among what is known of the image, wherever their lines are broken."""
    page = page_of(pilot)
    if page is None:
        return False
    region = page.query_one(DetailsPane).content_region
    lines = text_of(pilot).splitlines()[region.y : region.bottom]
    values = [line[region.x : region.right][LABEL:].rstrip() for line in lines]
    return all(word in " ".join(values) or word in "".join(values) for word in words)


def key_of(number: int) -> str:
    return f"{number:08}-key"


# What it tells


def test_all_that_is_known_of_a_saved_picture_is_told(
    app: FlowimgApp, workspace: Workspace, studio: ProfileRecord, tmp_path: Path
) -> None:
    gallery, (path,) = workspace.gallery, painted(tmp_path, RED)
    image = new_image(
        "name-one",
        media_key="key-one",
        title="A red thing",
        prompt="red as far as the eye can see",
        project_title="Colours",
        seed=424_242,
        width=1024,
        height=768,
    )
    gallery.store_page(studio.id, gallery.begin_sync(studio.id), [image])
    image_id = ids(gallery, studio)["name-one"]
    gallery.record_failure(image_id, "HTTP 503: busy", NOON - timedelta(days=1), tries=5)
    file = file_record("key-one", path, size=1_234_567, sha256=SUM, source="signed url")
    gallery.record_saved(studio.id, image_id, file)

    async def script(pilot: AppPilot) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: colours_of(pilot) == {RED})
        assert shows(pilot, "Image  1 of 1", "Picture  64×32")
        assert tells(pilot, "✓ downloaded", "red as far as the eye can see", "A red thing", "Colours")
        assert tells(pilot, "64×32  1024×768 as listed", "1.2 MB  1,234,567 bytes", "PNG", "signed url")
        assert tells(pilot, "1:1", "424242", "2026-03-14 12:00", "key-one", "name-one", SUM, str(path))
        assert tells(pilot, "workflow-name-one", "2026-03-14 12:00  ✓ saved from signed url")
        assert tells(pilot, "2026-03-13 12:00  ✗ HTTP 503: busy")

    drive(app, script)


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        (0, ("· pending",)),
        (1, ("✗ failed in 1 run: gone for good", "2026-03-14 12:00  ✗ gone for good")),
        (12, ("⊘ parked after 12 failed runs: gone for good", "2026-03-25 12:00  ✗", "2026-03-16 12:00  ✗")),
    ],
    ids=["pending", "failed", "parked"],
)
def test_what_is_not_here_tells_its_state_its_reason_and_its_tries(
    app: FlowimgApp, workspace: Workspace, database: Path, runs: int, words: tuple[str, ...]
) -> None:
    fill(database, range(1))
    for day in range(runs):
        workspace.gallery.record_failure(1, "gone for good", NOON + timedelta(days=day))

    async def script(pilot: AppPilot) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: shows(pilot, "Not downloaded yet.") and tells(pilot, *words))
        # Ten of them are kept.
        assert "2026-03-15 12:00" not in text_of(pilot)
        # What is not known has no line.
        assert not any(word in text_of(pilot) for word in ("prompt", "SHA-256", "seed", "None"))

    drive(app, script)


def test_a_long_prompt_wraps_and_is_scrolled(
    app: FlowimgApp, workspace: Workspace, studio: ProfileRecord
) -> None:
    prompt = " ".join(f"word{number}" for number in range(700))
    gallery = workspace.gallery
    gallery.store_page(studio.id, gallery.begin_sync(studio.id), [new_image("one", prompt=prompt)])

    async def script(pilot: AppPilot) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: shows(pilot, "state", "word0 ", "word5 "))
        for _ in range(400):
            if shows(pilot, "word699", "key-one"):
                break
            await pilot.press("pagedown")
        await until(pilot, lambda: shows(pilot, "word699", "key-one"))
        await pilot.press(*["pageup"] * 400)
        await until(pilot, lambda: shows(pilot, "state", "word0 "))

    drive(app, script, (80, 24))


def test_every_field_is_shown_harmless(
    app: FlowimgApp, workspace: Workspace, studio: ProfileRecord, tmp_path: Path
) -> None:
    gallery, now = workspace.gallery, NOON
    images = [
        NewImage(f"{text}{number}", text, text, text, text, now, title=text, prompt=text, project_title=text)
        for text in HOSTILE.values()
        for number in (1, 2)
    ]
    gallery.store_page(studio.id, gallery.begin_sync(studio.id), images)
    for image_id in ids(gallery, studio).values():
        image = gallery.image(image_id)
        assert image is not None
        text = image.media_key
        gallery.record_failure(image_id, text, now)
        if image.name.endswith("1"):
            path = str(tmp_path / text.replace("/", "_"))
            file = file_record(text, path, sha256=text, mime=text, source=text)
            gallery.record_saved(studio.id, image_id, file)

    async def script(pilot: AppPilot) -> None:
        await pilot.press("enter")
        for row in range(len(images)):
            here = f"Image  {row + 1} of {len(images)}"
            await until(pilot, lambda here=here: here in text_of(pilot))  # type: ignore[misc]
            for _ in range(3):
                assert not CONTROLS & set(text_of(pilot))
                assert {cell_len(line) for line in text_of(pilot).splitlines()} == {120}
                await pilot.click("#details", offset=(12, 2))
                await pilot.press("pagedown")
            await pilot.press("down")
        assert page_of(pilot) is not None
        assert len(pilot.app.screen_stack) == 2

    drive(app, script)
    assert app.return_code is None


# Through the list


def test_the_keys_go_through_the_list_and_back_to_the_row_of_the_image_seen_last(
    app: FlowimgApp, database: Path
) -> None:
    fill(database, range(200))

    async def script(pilot: AppPilot) -> None:
        async def leads_to(key: str, number: int) -> None:
            await pilot.press(key)
            place = f"Image  {200 - number} of 200"
            await until(pilot, lambda: shows(pilot, key_of(number), place))

        await pilot.press("down", "down")
        await leads_to("enter", 197)
        for key, number in (("down", 196), ("right", 195), ("j", 194), ("up", 195), ("left", 196)):
            await leads_to(key, number)
        await leads_to("k", 197)
        await leads_to("G", 0)
        await leads_to("down", 0)
        await leads_to("g", 199)
        await leads_to("up", 199)
        await leads_to("end", 0)
        await leads_to("up", 1)
        await pilot.press("escape")
        await until(pilot, lambda: page_of(pilot) is None)
        assert table_of(pilot).cursor == 198
        assert "00000001" in text_of(pilot)
        assert app_of(pilot).focused is table_of(pilot)

    drive(app, script)


@pytest.mark.parametrize("key", ["escape", "enter", "q"])
def test_the_page_is_closed_and_the_app_goes_on(app: FlowimgApp, database: Path, key: str) -> None:
    fill(database, range(3))

    async def script(pilot: AppPilot) -> None:
        for _ in range(2):
            await pilot.press("enter")
            await until(pilot, lambda: page_of(pilot) is not None)
            await pilot.press(key)
            await until(pilot, lambda: page_of(pilot) is None and "1 of 3" in text_of(pilot))
        assert app_of(pilot).is_running

    drive(app, script)


def test_it_follows_the_order_and_the_filter_of_the_table(app: FlowimgApp, database: Path) -> None:
    fill(database, range(30))

    async def script(pilot: AppPilot) -> None:
        await pilot.press("O", "slash", *"0000001", "enter")
        await until(pilot, lambda: "10 found of 30" in text_of(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: shows(pilot, key_of(10), "Image  1 of 10"))
        await pilot.press("down")
        await until(pilot, lambda: shows(pilot, key_of(11), "Image  2 of 10"))
        await pilot.press("G")
        await until(pilot, lambda: shows(pilot, key_of(19), "Image  10 of 10"))

    drive(app, script)


def test_where_there_is_no_image_it_says_why_nothing_opens(app: FlowimgApp, database: Path) -> None:
    async def script(pilot: AppPilot) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: status_of(pilot) == "No images yet. Press s to sync.")
        fill(database, range(3))
        await press_and_wait(pilot, "s", "Synced 42 new")
        await pilot.press("slash", *"nothing", "enter")
        await until(pilot, lambda: "0 found of" in text_of(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: status_of(pilot) == "Nothing is found. Press esc to clear the filter.")
        assert page_of(pilot) is None

    drive(app, script)


def test_the_palette_and_the_help_know_it(app: FlowimgApp, database: Path) -> None:
    fill(database, range(3))

    async def script(pilot: AppPilot) -> None:
        await pilot.press("ctrl+p", *"show the image")
        await until(pilot, lambda: "view: Show the image" in text_of(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: shows(pilot, "Image  1 of 3", key_of(2)))
        await pilot.press("question_mark")
        await until(pilot, lambda: shows(pilot, "On the page of an image", "Fetch this picture"))
        await pilot.press("escape", "ctrl+p")
        await until(pilot, lambda: "gallery: Copy the path or name" in text_of(pilot))
        assert "view: Filter the images" not in text_of(pilot)
        await pilot.press("escape", "escape", "question_mark")
        await until(pilot, lambda: shows(pilot, "esc closes", "Open the page of this image"))

    drive(app, script)


# The picture


@pytest.mark.parametrize("size", [(120, 40), (100, 24), (80, 24)])
def test_the_picture_of_each_image_is_shown(
    app: FlowimgApp, database: Path, tmp_path: Path, size: tuple[int, int]
) -> None:
    save(database, *painted(tmp_path, RED, GREEN, BLUE))

    async def script(pilot: AppPilot) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: colours_of(pilot) == {RED})
        assert shows(pilot, "Picture  64×32", "64×32")
        for colour in (GREEN, BLUE):
            await pilot.press("down")
            await until(pilot, lambda colour=colour: colours_of(pilot) == {colour})  # type: ignore[misc]
        await pilot.press("g")
        await until(pilot, lambda: colours_of(pilot) == {RED})

    drive(app, script, size)


def odd_files() -> dict[str, tuple[bytes | None, str]]:
    """What may stand where a picture should, each with what the page then says."""
    frames = [Image.new("RGB", (64, 32), colour) for colour in (RED, BLUE)]
    animated = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=100)
    return {
        "missing": (None, "The file is no longer there."),
        "empty": (b"", "The file is empty: 0 bytes."),
        "a web page": (b"<html>", "The file is no JPEG, PNG or WebP."),
        "damaged": (encoded(quarters())[:60], "The picture is damaged"),
        "enormous": (png_of(20_000, 20_000, lines=1), "20000×20000 pixels"),
        "animated": (animated, "Picture  64×32"),
        "CMYK": (encoded(Image.new("CMYK", (48, 24), (0, 255, 255, 0)), "JPEG"), "Picture  48×24"),
        "16 bits": (encoded(Image.new("I;16", (48, 24), 30_000)), "Picture  48×24"),
    }


def sums_of(folder: Path) -> dict[Path, tuple[str, int]]:
    """Return the SHA-256 of every file, and when it was changed."""
    return {
        file: (hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_mtime_ns)
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_whatever_stands_in_a_file_is_shown_or_named_and_stays_as_it_is(
    app: FlowimgApp, database: Path, tmp_path: Path
) -> None:
    """The whole page, in each of its sizes, and the pane below the table go over every file."""
    folder = tmp_path / "saved"
    folder.mkdir()
    odd = odd_files()
    files = [folder / f"{at} [red]\x1b]52;c;b3duZWQ=\x07 \u202egpj.png" for at in range(len(odd))]
    for file, (content, _) in zip(files, odd.values(), strict=True):
        if content is not None:
            file.write_bytes(content)
    save(database, *files, *painted(folder, GREEN))
    before = sums_of(folder)
    assert len(before) == len(odd)

    async def script(pilot: AppPilot) -> None:
        await pilot.press("enter")
        for width, height in ((120, 40), (80, 24), (60, 20)):
            await pilot.resize_terminal(width, height)
            await pilot.press("g")
            for name, (_, words) in odd.items():
                seen = words.removeprefix("Picture  ") if height < 24 else words
                if height >= 24 or words.startswith("Picture"):
                    await until(pilot, lambda seen=seen: seen in text_of(pilot))  # type: ignore[misc]
                assert not {"\x1b", "\x07", "\u202e"} & set(text_of(pilot)), name
                await pilot.press("down")
            await until(pilot, lambda: f"of {len(odd) + 1}" in text_of(pilot))
            if height >= 24:
                await until(pilot, lambda: colours_of(pilot) == {GREEN})
        await pilot.resize_terminal(120, 40)
        await pilot.press("y", "escape", "escape", "p", *["up"] * len(odd))
        await until(pilot, lambda: "The file is no longer there." in text_of(pilot))

    drive(app, script)
    assert sums_of(folder) == before


def test_a_download_and_every_look_at_it_leave_the_files_as_they_were_saved(
    app: FlowimgApp, workspace: Workspace, studio: ProfileRecord, output: Path
) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new")
        await press_and_wait(pilot, "d", "Downloaded 42 of 42 images")
        before = sums_of(output)
        assert len(before) == 42
        await pilot.press("p", "enter")
        for _ in range(8):
            await until(pilot, lambda: bool(colours_of(pilot)))
            await pilot.press("down")
        await pilot.press("escape")
        assert sums_of(output) == before
        await press_and_wait(pilot, "v", "42 files")
        assert sums_of(output) == before

    drive(app, script)
    recorded = {Path(image.local_path or ""): image.sha256 for image in workspace.gallery.images(studio.id)}
    assert {path: sum_ for path, (sum_, _) in sums_of(output).items()} == recorded


def test_a_slow_picture_holds_nothing_up_and_is_given_up_when_it_is_left(
    app: FlowimgApp, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, _ = files = painted(tmp_path, RED, GREEN)
    save(database, *files)
    given_up = hold(monkeypatch, slow)

    async def script(pilot: AppPilot) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: shows(pilot, "Reading the picture.", key_of(1), "✓ downloaded"))
        await pilot.press("down")
        await until(pilot, lambda: colours_of(pilot) == {GREEN} and key_of(0) in text_of(pilot))
        assert given_up.is_set()
        given_up.clear()
        await pilot.press("up")
        await until(pilot, lambda: shows(pilot, "Reading the picture.", key_of(1)))
        await pilot.press("escape")
        await until(pilot, lambda: page_of(pilot) is None)
        await until(pilot, given_up.is_set)

    drive(app, script)


def test_the_pane_below_the_page_decodes_nothing_and_is_right_again_afterwards(
    app: FlowimgApp, database: Path, tmp_path: Path, asked: list[Path | None]
) -> None:
    save(database, *painted(tmp_path, RED, GREEN, BLUE))

    async def script(pilot: AppPilot) -> None:
        pane = pilot.app.screen.query_one(PictureView)
        await pilot.press("p")
        await until(pilot, lambda: pane.pixels == (64, 32))
        await pilot.press("enter")
        await until(pilot, lambda: colours_of(pilot) == {RED})
        await pilot.press("down")
        await until(pilot, lambda: colours_of(pilot) == {GREEN})
        await pilot.press("down")
        await until(pilot, lambda: colours_of(pilot) == {BLUE})
        await pilot.press("escape")
        await until(pilot, lambda: len(asked) == 5)

    drive(app, script)
    assert [path and path.name for path in asked] == ["0.png", "0.png", "1.png", "2.png", "2.png"]


def test_a_window_without_room_has_the_size_and_no_picture(
    app: FlowimgApp, database: Path, tmp_path: Path
) -> None:
    save(database, *painted(tmp_path, RED))

    async def script(pilot: AppPilot) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: shows(pilot, "Image  1 of 1", "64×32", "✓ downloaded", "esc Back"))
        assert "Picture" not in text_of(pilot)
        await pilot.resize_terminal(60, 24)
        await until(pilot, lambda: colours_of(pilot) == {RED} and "Picture  64×32" in text_of(pilot))
        await pilot.resize_terminal(59, 24)
        await until(pilot, lambda: "flowimg needs a window" in text_of(pilot))
        assert "64×32" not in text_of(pilot)
        await pilot.resize_terminal(60, 20)
        await until(pilot, lambda: shows(pilot, "Image  1 of 1", "64×32"))

    drive(app, script, (60, 20))


def test_with_preview_off_it_says_so_and_tells_the_rest(
    workspace: Workspace, database: Path, tmp_path: Path, asked: list[Path | None]
) -> None:
    save(database, *painted(tmp_path, RED))

    async def script(pilot: AppPilot) -> None:
        await pilot.press("enter")
        words = ("Pictures are switched off: preview = off.", "✓ downloaded", key_of(0))
        await until(pilot, lambda: shows(pilot, *words))
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: shows(pilot, *words))
        assert colours_of(pilot) == set()

    drive(FlowimgApp(workspace, pictures=OFF), script)
    assert asked == []


def test_the_way_to_draw_is_changed_while_it_is_open(app: FlowimgApp, database: Path, tmp_path: Path) -> None:
    save(database, *painted(tmp_path, RED, GREEN))

    async def script(pilot: AppPilot) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: colours_of(pilot) == {RED})
        app.draw_pictures(OFF)
        await until(pilot, lambda: shows(pilot, "Pictures are switched off"))
        await pilot.press("down")
        await until(pilot, lambda: shows(pilot, "Image  2 of 2", "Pictures are switched off"))
        assert colours_of(pilot) == set()
        app.draw_pictures(HALF_BLOCKS)
        await until(pilot, lambda: colours_of(pilot) == {GREEN})

    drive(app, script)


# What is done


def test_d_downloads_this_image_alone_and_all_of_it_is_seen(
    scripted_app: FlowimgApp, scripted_workspace: Workspace, scripted: ScriptedService
) -> None:
    scripted.pictures_served = 1

    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        await pilot.press("down", "enter")
        await until(pilot, lambda: shows(pilot, "Image  2 of 42", "· pending"))
        await pilot.press("d")
        await until(pilot, lambda: shows(pilot, "↓ 16 %  300 kB / 1.9 MB, api"))
        await pilot.press("d")
        await until(pilot, lambda: said_on_page(pilot).endswith("is running. Press x to stop it."))
        await pilot.press("x")
        await until(pilot, lambda: not app_of(pilot).runs and shows(pilot, "· pending"))
        scripted.pictures_served = 42
        await pilot.press("d")
        await until(pilot, lambda: shows(pilot, "✓ downloaded", "✓ saved from api", "Picture  "))
        await until(pilot, lambda: said_on_page(pilot).startswith("Downloaded 1 of 1 image"))
        await pilot.press("d")
        await until(pilot, lambda: said_on_page(pilot) == "This picture is here already.")
        await pilot.press("x")
        await until(pilot, lambda: said_on_page(pilot) == "Nothing works for studio now.")

    drive(scripted_app, script)
    studio, *_ = scripted_workspace.gallery.profiles()
    assert scripted_workspace.gallery.counts(studio.id).downloaded == 1


def test_d_brings_a_parked_one_and_what_fails_is_told(
    scripted_app: FlowimgApp, scripted_workspace: Workspace, scripted: ScriptedService
) -> None:
    gallery = scripted_workspace.gallery
    (studio, *_) = gallery.profiles()
    scripted.missing = {0}

    def first() -> int:
        (image,) = gallery.find(studio.id, Finding()).window(0, 1)
        return image.id

    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        for _ in range(10):
            gallery.record_failure(first(), "busy", NOON)
        await pilot.press("enter")
        await until(pilot, lambda: tells(pilot, "⊘ parked after 10 failed runs: busy"))
        await pilot.press("d")
        await until(pilot, lambda: tells(pilot, "⊘ parked after 11 failed runs: api: Not found"))
        await until(pilot, lambda: not app_of(pilot).runs)
        scripted.missing = set()
        await press_and_wait(pilot, "d", "✓ downloaded", "✓ saved from api", "✗ busy")
        await pilot.press("escape")
        await until(pilot, lambda: "Images  42 · 41 pending" in text_of(pilot))

    drive(scripted_app, script)
    details = gallery.details(first())
    assert details is not None
    outcomes = [ending.outcome for ending in details.endings]
    assert outcomes == [Outcome.FAILED] * 9 + [Outcome.SAVED]


def test_what_a_verification_found_in_place_of_a_picture_stands_in_its_history(
    scripted_app: FlowimgApp, scripted_workspace: Workspace
) -> None:
    gallery = scripted_workspace.gallery
    (studio, *_) = gallery.profiles()

    def lose_the_first() -> None:
        (first,) = gallery.find(studio.id, Finding()).window(0, 1)
        assert first.local_path is not None
        Path(first.local_path).unlink()

    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        await press_and_wait(pilot, "d", "Downloaded 42 of 42 images")
        lose_the_first()
        await press_and_wait(pilot, "v", "the file is gone")
        await pilot.press("escape", "escape", "enter")
        await until(pilot, lambda: tells(pilot, "✗ lost: the file is gone", "✓ saved from api"))

    drive(scripted_app, script)


def test_an_image_that_leaves_the_list_stays_on_its_page_until_a_key_leads_on(
    scripted_app: FlowimgApp, scripted_workspace: Workspace
) -> None:
    (studio, *_) = scripted_workspace.gallery.profiles()

    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        first = scripted_workspace.gallery.find(studio.id, Finding()).window(0, 3)
        before, this, behind = (image.media_key[:20] for image in first)
        await pilot.press("slash", *"state:pending", "enter")
        await until(pilot, lambda: "42 found of 42" in text_of(pilot))
        await pilot.press("down", "enter")
        await until(pilot, lambda: shows(pilot, this, "Image  2 of 42"))
        await press_and_wait(pilot, "d", "✓ downloaded", "no longer in the list", this)
        await pilot.press("down")
        await until(pilot, lambda: shows(pilot, behind, "Image  2 of 41"))
        await pilot.press("up")
        await until(pilot, lambda: shows(pilot, before, "Image  1 of 41"))

    drive(scripted_app, script)


def test_a_record_that_goes_is_called_gone_and_its_id_shows_no_other_image(
    app: FlowimgApp, workspace: Workspace, studio: ProfileRecord, database: Path
) -> None:
    fill(database, range(3))

    async def script(pilot: AppPilot) -> None:
        await pilot.press("G", "enter")
        await until(pilot, lambda: shows(pilot, key_of(0), "Image  3 of 3"))
        elsewhere = Gallery(database)
        elsewhere.delete_images(studio.id)
        elsewhere.store_page(studio.id, elsewhere.begin_sync(studio.id), [new_image("another")] * 3)
        elsewhere.close()
        await until(pilot, lambda: "The record of this image is gone." in text_of(pilot))
        assert key_of(0) not in text_of(pilot)
        await pilot.press("d")
        await until(pilot, lambda: said_on_page(pilot) == "The record of this image is gone.")
        assert not app_of(pilot).runs
        await pilot.press("g")
        await until(pilot, lambda: shows(pilot, "Image  1 of 1", "key-another"))

    drive(app, script)
    assert workspace.gallery.counts(studio.id).images == 1


def test_what_another_process_does_with_the_image_is_shown(
    app: FlowimgApp, studio: ProfileRecord, database: Path, tmp_path: Path
) -> None:
    fill(database, range(3))
    (red,) = painted(tmp_path, RED)

    async def script(pilot: AppPilot) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: shows(pilot, key_of(2), "· pending"))
        elsewhere = Gallery(database)
        elsewhere.record_saved(studio.id, 3, file_record(key_of(2), red))
        elsewhere.close()
        await until(pilot, lambda: colours_of(pilot) == {RED} and shows(pilot, "✓ downloaded"))

    drive(app, script)


def test_y_copies_the_path_of_this_image(app: FlowimgApp, database: Path, tmp_path: Path) -> None:
    first, _ = files = painted(tmp_path, RED, GREEN)
    save(database, *files)

    async def script(pilot: AppPilot) -> None:
        await pilot.press("j", "space", "k", "enter", "y")
        await until(pilot, lambda: "Copied 1 line" in text_of(pilot))
        assert app.clipboard == str(first)
        await pilot.press("escape")
        await until(pilot, lambda: shows(pilot, "Image  1 of 2"))

    drive(app, script)


def test_ctrl_q_quits_and_asks_while_something_runs(
    scripted_app: FlowimgApp, scripted: ScriptedService
) -> None:
    scripted.pictures_served = 0

    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        await pilot.press("enter", "d")
        await until(pilot, lambda: "↓ 0 %" in text_of(pilot) or "↓ 16 %" in text_of(pilot))
        await pilot.press("ctrl+q")
        await until(pilot, lambda: "Stop and quit?" in text_of(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: page_of(pilot) is pilot.app.screen)
        await pilot.press("x")
        await until(pilot, lambda: not app_of(pilot).runs)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not app_of(pilot).is_running)

    drive(scripted_app, script)


# What it looks like


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Workspace], None]:
    """Let all that was saved and tried have been at one time, in a folder that has always the same path."""
    monkeypatch.chdir(tmp_path)

    def let_it_be(workspace: Workspace) -> None:
        database, here = workspace.locations.database, f"{tmp_path}/"
        time = "2026-11-26T12:00:00.000000Z"
        ask(database, f"UPDATE saved_file SET saved_at = '{time}', path = replace(path, '{here}', '')")  # noqa: S608
        ask(
            database,
            f"UPDATE image SET local_path = replace(local_path, '{here}', ''),"  # noqa: S608
            f" endings = json_replace(endings, '$[0].at', '{time}')",
        )

    return let_it_be


@all_sizes
def test_page(
    snap_compare: SnapCompare,
    scripted_app: FlowimgApp,
    scripted_workspace: Workspace,
    noon: Callable[[Workspace], None],
    terminal_size: tuple[int, int],
) -> None:
    (studio, *_) = scripted_workspace.gallery.profiles()
    prompt = "a lighthouse of paper boats at the edge of a quiet town, seen from the sea before the rain"

    def put_another_picture_in_its_place() -> None:
        (image,) = scripted_workspace.gallery.find(studio.id, Finding()).window(2, 1)
        assert image.local_path is not None
        Path(image.local_path).write_bytes(encoded(quarters((640, 360))))
        ask(
            scripted_workspace.locations.database,
            f"UPDATE image SET prompt = '{prompt}', seed = 70117 WHERE id = {image.id}",  # noqa: S608
        )

    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        await press_and_wait(pilot, "d", "Downloaded 42 of 42 images")
        await pilot.press("escape", "down", "down")
        put_another_picture_in_its_place()
        noon(scripted_workspace)
        await press_and_wait(pilot, "s", "Synced 0 new", "3 of 42")
        await pilot.press("enter")
        await until(pilot, lambda: shows(pilot, "Image  3 of 42") and tells(pilot, "640×360"))
        await until(pilot, lambda: is_as_large_as_it_can(pilot))

    assert snap_compare(scripted_app, terminal_size=terminal_size, run_before=script)


@both_sizes
def test_page_of_a_failed_one(
    snap_compare: SnapCompare,
    scripted_app: FlowimgApp,
    scripted_workspace: Workspace,
    scripted: ScriptedService,
    noon: Callable[[Workspace], None],
    terminal_size: tuple[int, int],
) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        scripted.missing = {2}
        await press_and_wait(pilot, "d", "1 failed = 42 images")
        noon(scripted_workspace)
        await pilot.press("escape", "down", "down")
        await press_and_wait(pilot, "s", "Synced 0 new")
        await pilot.press("enter")
        await until(pilot, lambda: shows(pilot, "Not downloaded yet.", "Image  3 of 42"))

    assert snap_compare(scripted_app, terminal_size=terminal_size, run_before=script)
