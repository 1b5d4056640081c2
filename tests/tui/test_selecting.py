"""Selecting images, and what is done with those alone."""

import threading
import time
from pathlib import Path

import pytest
from textual import events

from flowimg_tui.mirror.stop import Stop
from flowimg_tui.store.download_queries import RUNS_BEFORE_PARKING
from flowimg_tui.store.found_images import FoundImages
from flowimg_tui.store.records import ImageState
from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.tui.screens.copy import MOST_LINES
from flowimg_tui.workspace import Workspace
from tests.tui.driving import (
    AppPilot,
    app_of,
    drive,
    gallery_of,
    keys_shown,
    press_and_wait,
    shows,
    status_of,
    table_of,
    text_of,
    until,
)
from tests.tui.filling import OLDEST, fill
from tests.tui.scripted import Clock, ScriptedService


async def leads_to(pilot: AppPilot, title: str, *keys: str) -> None:
    await pilot.press(*keys)
    await until(pilot, lambda: title in text_of(pilot))


def marked(pilot: AppPilot) -> list[str]:
    """Return the keys of the rows that have the mark of a selected one."""
    lines = text_of(pilot).splitlines()
    return [line.split()[1] for line in (line[line.find("▌") :] for line in lines if "▌" in line)]


def test_selected_rows_are_marked_and_counted(app: FlowimgApp, database: Path) -> None:
    fill(database, range(1000))

    async def script(pilot: AppPilot) -> None:
        await leads_to(pilot, "1 selected", "space")
        await leads_to(pilot, "2 selected", "down", "space")
        assert marked(pilot) == ["00000999", "00000997"]
        await leads_to(pilot, "1 selected", "g", "space")
        await leads_to(pilot, "999 selected", "asterisk")
        await leads_to(pilot, "1000 selected", "a")
        await until(pilot, lambda: len(marked(pilot)) == len(keys_shown(pilot)))
        await leads_to(pilot, "Images  1000 · 1000 pending", "a")
        assert not marked(pilot)

    drive(app, script, size=(80, 24))


def test_a_range_grows_and_shrinks_with_the_cursor_until_it_is_selected(
    app: FlowimgApp, database: Path
) -> None:
    fill(database, range(1000))

    async def script(pilot: AppPilot) -> None:
        await pilot.press("j", "j", "V", "j", "j", "j")
        await until(pilot, lambda: marked(pilot) == [f"{number:08}" for number in (997, 996, 995, 994)])
        await pilot.press("k", "k", "k", "k")
        await until(pilot, lambda: marked(pilot) == ["00000998", "00000997"])
        assert "selected" not in text_of(pilot)
        await leads_to(pilot, "2 selected", "V")
        await leads_to(pilot, "1000 selected", "g", "V", "G", "space")
        await pilot.press("V", "g", "escape")
        await leads_to(pilot, "Images  1000 · 1000 pending", "escape")

    drive(app, script, size=(80, 24))


def test_a_selection_outlives_a_filter_and_an_order(app: FlowimgApp, database: Path) -> None:
    fill(database, range(1000))

    async def script(pilot: AppPilot) -> None:
        await leads_to(pilot, "10 found of 1000", "slash", *"0000012")
        await leads_to(pilot, "10 found of 1000 · 10 selected", "enter", "a")
        await leads_to(pilot, "Images  1000 · 10 selected", "escape")
        await leads_to(pilot, "key ↑", *"oooo")
        await leads_to(pilot, "990 selected", "asterisk")

    drive(app, script, size=(80, 24))


# What is done with them


def files_in(output: Path) -> list[str]:
    """Return the beginnings of the names of all pictures."""
    return [path.name[:8] for path in output.rglob("*.*")]


def test_d_downloads_what_is_selected_and_then_all_the_rest(app: FlowimgApp, output: Path) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "1 of 42")
        await leads_to(pilot, "3 selected", "j", "space", "space", "j", "space")
        chosen = marked(pilot)
        await press_and_wait(pilot, "d", "Downloaded 3 of 3 images", "39 pending")
        await until(pilot, lambda: "selected" not in text_of(pilot))
        assert sorted(files_in(output)) == sorted(chosen)
        await leads_to(pilot, "1 selected", "g", "j", "space")
        await press_and_wait(pilot, "d", "every selected image has its file")
        await press_and_wait(pilot, "d", "Downloaded 39 of 39 images")

    drive(app, script)
    assert len(files_in(output)) == 42


@pytest.mark.parametrize(
    ("keys", "number"),
    [
        (("a",), 42),
        (("V", "j", "j", "V"), 3),
        (("V", "j", "j"), 3),
        (("a", "space"), 41),
        (("a", "asterisk", "space"), 1),
    ],
)
def test_d_waits_for_the_keys_before_it_however_long_they_take(
    scripted_app: FlowimgApp,
    scripted: ScriptedService,
    monkeypatch: pytest.MonkeyPatch,
    keys: tuple[str, ...],
    number: int,
) -> None:
    scripted.gate.clear()
    read = FoundImages.ids

    def reads_slowly(images: FoundImages) -> list[int]:
        time.sleep(0.05)
        return read(images)

    monkeypatch.setattr(FoundImages, "ids", reads_slowly)

    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "1 of 42")
        driver = pilot.app._driver
        assert driver is not None
        for key in (*keys, "d"):
            driver.send_message(events.Key(key, None))
        await until(pilot, lambda: f"Downloading  0 of {number}" in text_of(pilot))
        assert f"{number} selected" in text_of(pilot)
        scripted.gate.set()
        await until(pilot, lambda: not app_of(pilot).runs)

    drive(scripted_app, script)


def test_a_selects_what_is_shown_though_rows_come_meanwhile(
    app: FlowimgApp, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, range(100))
    read, reading, may_go_on = FoundImages.ids, threading.Event(), threading.Event()

    def reads_slowly(images: FoundImages) -> list[int]:
        ids = read(images)
        reading.set()
        may_go_on.wait(20)
        return ids

    monkeypatch.setattr(FoundImages, "ids", reads_slowly)

    async def script(pilot: AppPilot) -> None:
        await pilot.press("a")
        await until(pilot, reading.is_set)
        fill(database, range(100, 130))
        gallery_of(pilot).rows_changed()
        await until(pilot, lambda: table_of(pilot).count == 130)
        may_go_on.set()
        await until(pilot, lambda: "130 selected" in text_of(pilot))

    drive(app, script, size=(80, 24))


def test_another_process_that_replaces_the_images_leaves_nothing_selected(
    app: FlowimgApp, workspace: Workspace, database: Path
) -> None:
    fill(database, range(30))

    async def script(pilot: AppPilot) -> None:
        await leads_to(pilot, "3 selected", "space", "space", "space")
        with Workspace(workspace.locations) as elsewhere:
            profile = elsewhere.gallery.profiles()[0]
            async for _ in elsewhere.refresh(profile, Stop()):
                pass
            fill(database, range(100, 130))
        await until(pilot, lambda: "00000129" in text_of(pilot))
        assert "selected" not in text_of(pilot)

    drive(app, script, size=(80, 24))


def test_what_is_selected_while_the_selection_arrives_stays_selected(
    scripted_app: FlowimgApp, scripted: ScriptedService
) -> None:
    scripted.gate.clear()

    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "1 of 42")
        await leads_to(pilot, "1 selected", "space")
        await leads_to(pilot, "Downloading  0 of 1", "d")
        await leads_to(pilot, "2 selected", "G", "space")
        scripted.gate.set()
        await until(pilot, lambda: shows(pilot, "1 selected", "Downloaded 1 of 1 image"))

    drive(scripted_app, script)


def test_a_range_is_what_was_marked_though_newer_images_come(app: FlowimgApp, database: Path) -> None:
    fill(database, range(100))

    async def script(pilot: AppPilot) -> None:
        await pilot.press("V", "j", "j")
        fill(database, range(100, 130))
        gallery_of(pilot).rows_changed()
        await until(pilot, lambda: table_of(pilot).count == 130)
        assert marked(pilot) == ["00000099", "00000098", "00000097"]
        fill(database, range(130, 150))
        await leads_to(pilot, "3 selected", "V")
        await until(pilot, lambda: marked(pilot) == ["00000099", "00000098", "00000097"])

    drive(app, script, size=(80, 24))


def test_who_selects_a_parked_image_wants_it_tried(app: FlowimgApp, workspace: Workspace) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "1 of 42")
        profile = workspace.gallery.profiles()[0]
        parked, *others = workspace.gallery.missing_ids(profile.id)
        for _ in range(RUNS_BEFORE_PARKING):
            workspace.gallery.record_failure(parked, "gone", OLDEST)
        await press_and_wait(pilot, "d", f"Downloaded {len(others)} of {len(others)} images", "1 parked")
        await pilot.press("space")
        await press_and_wait(pilot, "d", "Downloaded 1 of 1 image")
        image = workspace.gallery.image(parked)
        assert image is not None
        assert image.state is ImageState.DOWNLOADED

    drive(app, script)


def test_a_force_refresh_leaves_nothing_selected(app: FlowimgApp, clock: Clock) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "1 of 42")
        await leads_to(pilot, "42 selected", "a")
        await leads_to(pilot, "Force refresh studio?", "ctrl+x")
        clock.now += 1
        await press_and_wait(pilot, "y", "Deleted 42 image records")
        await press_and_wait(pilot, "s", "Synced 42 new", "1 of 42")
        assert "selected" not in text_of(pilot)

    drive(app, script)


# Copying


@pytest.fixture
def two_images(workspace: Workspace, database: Path) -> Path:
    """A gallery of two, of which the newer one has a file."""
    fill(database, range(2))
    path = Path("/pictures/2026-01-01/00000001-key.webp")
    newer, _ = workspace.gallery.missing_ids(workspace.gallery.profiles()[0].id)
    workspace.gallery.record_adopted(newer, str(path))
    return path


def test_y_copies_the_path_or_the_name_and_shows_what_it_copied(app: FlowimgApp, two_images: Path) -> None:
    async def script(pilot: AppPilot) -> None:
        await leads_to(pilot, "Copied 1 line", "y")
        assert str(two_images) in text_of(pilot)
        assert app.clipboard == str(two_images)
        await pilot.press("escape", "down")
        await leads_to(pilot, "name0", "y")
        assert app.clipboard == "name0"
        await leads_to(pilot, "2 selected", "escape", "a")
        await leads_to(pilot, "Copied 2 lines", "y")
        assert app.clipboard.splitlines() == [str(two_images), "name0"]
        await leads_to(pilot, "created ↑", "escape", "O")
        await leads_to(pilot, "Copied 2 lines", "y")
        assert app.clipboard.splitlines() == ["name0", str(two_images)]

    drive(app, script, size=(80, 24))


@pytest.mark.parametrize(
    ("path", "copied"),
    [
        ("/pictures/\U0001f469\u200d\U0001f4bb/a.png", "/pictures/\U0001f469\u200d\U0001f4bb/a.png"),
        ("/pictures/a\x1b]0;x\x07.png", "/pictures/a\ufffd]0;x\ufffd.png"),
        ("/pictures/a\n.png", "/pictures/a .png"),
    ],
)
def test_a_path_is_copied_as_it_is_unless_a_shell_would_act_on_it(
    app: FlowimgApp, workspace: Workspace, database: Path, path: str, copied: str
) -> None:
    fill(database, range(1))
    (image,) = workspace.gallery.missing_ids(workspace.gallery.profiles()[0].id)
    workspace.gallery.record_adopted(image, path)

    async def script(pilot: AppPilot) -> None:
        await leads_to(pilot, "Copied 1 line", "y")
        assert app.clipboard == copied

    drive(app, script, size=(80, 24))


def test_more_than_a_clipboard_takes_is_refused(app: FlowimgApp, database: Path) -> None:
    fill(database, range(MOST_LINES + 1))

    async def script(pilot: AppPilot) -> None:
        await leads_to(pilot, f"{MOST_LINES + 1} selected", "a")
        await pilot.press("y")
        await until(pilot, lambda: "too many for a clipboard" in status_of(pilot))
        assert app.clipboard == ""

    drive(app, script, size=(80, 24))


@pytest.mark.parametrize("key", ["y", "space", "a", "V", "asterisk", "o", "O"])
def test_a_key_of_the_images_says_that_there_are_none(app: FlowimgApp, key: str) -> None:
    async def script(pilot: AppPilot) -> None:
        assert "No images yet" not in status_of(pilot)
        await pilot.press(key)
        await until(pilot, lambda: "No images yet. Press s to sync." in status_of(pilot))
        assert table_of(pilot).count == 0

    drive(app, script)


@pytest.mark.parametrize("key", ["space", "a", "V", "asterisk"])
def test_where_nothing_is_found_there_is_nothing_to_select(app: FlowimgApp, database: Path, key: str) -> None:
    fill(database, range(3))

    async def script(pilot: AppPilot) -> None:
        await leads_to(pilot, "0 found of 3", "slash", *"nowhere", "enter")
        await pilot.press(key)
        await until(pilot, lambda: "Nothing is found. Press esc" in status_of(pilot))

    drive(app, script)


@pytest.mark.parametrize("pane", ["P", "l"])
def test_elsewhere_a_key_of_the_images_says_how_to_get_there(
    app: FlowimgApp, database: Path, pane: str
) -> None:
    fill(database, range(3))

    async def script(pilot: AppPilot) -> None:
        await pilot.press(pane, "a")
        await until(pilot, lambda: "press tab to go to them" in status_of(pilot))
        while pilot.app.focused is not table_of(pilot):
            await pilot.press("tab")
        await leads_to(pilot, "3 selected", "a")

    drive(app, script)
