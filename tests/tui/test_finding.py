"""Looking for images: what is typed narrows the table, each column orders it, and both come back."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual._compositor import Compositor

from flowimg_tui.store.finding import Finding, Order, SortKey
from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.workspace import Workspace
from tests.tui.conftest import still
from tests.tui.driving import (
    AppPilot,
    drive,
    gallery_of,
    keys_shown,
    press_and_wait,
    status_of,
    table_of,
    text_of,
    type_in,
    until,
)
from tests.tui.filling import OLDEST, fill

TITLES = ("created", "size", "file", "state", "key", "ratio")
"""From left to right, beginning with what an app begins with."""


async def looks_for(pilot: AppPilot, text: str, *words: str) -> None:
    """Type a filter and wait for all ``words``."""
    await pilot.press("slash", *text)
    await until(pilot, lambda: all(word in text_of(pilot) for word in words))


def test_each_key_narrows_what_is_shown_and_esc_brings_it_back(app: FlowimgApp, database: Path) -> None:
    fill(database, range(3000))

    async def script(pilot: AppPilot) -> None:
        await looks_for(pilot, "0000", "3000 found of 3000")
        await pilot.press("0")
        await until(pilot, lambda: "1000 found of 3000" in text_of(pilot))
        await pilot.press("7", "1")
        await until(pilot, lambda: "10 found of 3000" in text_of(pilot))
        assert keys_shown(pilot) == [f"0000071{number}" for number in range(9, -1, -1)]
        await pilot.press("escape")
        await until(pilot, lambda: "Images  3000 " in text_of(pilot) and "1 of 3000" in text_of(pilot))

    drive(app, script, size=(80, 24))


def test_a_filter_finds_what_came_since_the_one_before(app: FlowimgApp, database: Path) -> None:
    fill(database, range(3000))

    async def script(pilot: AppPilot) -> None:
        await looks_for(pilot, "0000", "3000 found of 3000")
        fill(database, range(3000, 3010))
        gallery_of(pilot).rows_changed()
        await pilot.press("3")  # before what changed is read, or while it is
        await until(pilot, lambda: "10 found of 30" in text_of(pilot))
        await pilot.press("0", "0", "7")
        await until(pilot, lambda: keys_shown(pilot) == ["00003007"])

    drive(app, script, size=(80, 24))


def test_what_is_typed_in_one_breath_with_the_slash_is_the_filter(app: FlowimgApp, database: Path) -> None:
    fill(database, range(3000))

    async def script(pilot: AppPilot) -> None:
        await type_in(pilot, "/0000071")
        await until(pilot, lambda: "10 found of 3000" in text_of(pilot))
        await type_in(pilot, "/a")
        await until(pilot, lambda: "/ 0000071/a" in text_of(pilot))
        assert "selected" not in text_of(pilot)

    drive(app, script, size=(80, 24))


def test_the_keys_of_the_table_are_back_with_enter(app: FlowimgApp, database: Path) -> None:
    fill(database, range(3000))

    async def script(pilot: AppPilot) -> None:
        await looks_for(pilot, "0000071", "10 found of 3000", "enter To the images", "esc Clear the filter")
        await pilot.press("enter", "j", "j")
        await until(pilot, lambda: "3 of 10" in text_of(pilot) and "s Sync" in text_of(pilot))
        await pilot.press("slash", "9")
        await until(pilot, lambda: "1 found of 3000" in text_of(pilot))

    drive(app, script, size=(80, 24))


def test_the_cursor_stays_on_its_image_while_that_is_found(app: FlowimgApp, database: Path) -> None:
    fill(database, range(3000))

    async def script(pilot: AppPilot) -> None:
        await pilot.press("G", "up", "up", "up")
        await looks_for(pilot, "000000", "97 of 100")
        await pilot.press("escape")
        await until(pilot, lambda: "2997 of 3000" in text_of(pilot))
        await looks_for(pilot, "00001", "1 of 1000")

    drive(app, script, size=(80, 24))


def test_a_filter_that_is_begun_is_there_again_with_its_terminal(app: FlowimgApp, database: Path) -> None:
    fill(database, range(30))

    async def script(pilot: AppPilot) -> None:
        await pilot.press("slash")
        await until(pilot, lambda: "To the images" in text_of(pilot))
        pilot.app.post_message(events.AppBlur())
        await until(pilot, lambda: pilot.app.focused is None)
        pilot.app.post_message(events.AppFocus())
        await until(pilot, lambda: pilot.app.focused is not None)
        await pilot.press("7")
        await until(pilot, lambda: "/ 7" in text_of(pilot))

    drive(app, script, size=(80, 24))


def test_what_cannot_be_found_is_said(app: FlowimgApp, database: Path) -> None:
    fill(database, range(30))

    async def script(pilot: AppPilot) -> None:
        await looks_for(pilot, "state:no", "0 found of 30", "Nothing is found. Press esc")
        assert status_of(pilot).startswith("State: one of saved, pending, failed")
        await pilot.press("backspace", "backspace", *"pend")
        await until(pilot, lambda: "30 found of 30" in text_of(pilot) and "State:" not in status_of(pilot))

    drive(app, script, size=(80, 24))


def test_filter_and_order_come_back_with_the_profile(
    app: FlowimgApp, workspace: Workspace, database: Path
) -> None:
    fill(database, range(300))

    async def first(pilot: AppPilot) -> None:
        await looks_for(pilot, "0000001", "10 found of 300")
        await pilot.press("enter", *"oooo", "O")
        await until(pilot, lambda: "key ↓   1 of 10" in text_of(pilot))
        profile_id = workspace.gallery.profiles()[0].id
        await until(pilot, lambda: workspace.gallery.finding(profile_id).order.key == "key")

    async def second(pilot: AppPilot) -> None:
        await until(
            pilot, lambda: "10 found of 300" in text_of(pilot) and "key ↓   1 of 10" in text_of(pilot)
        )
        assert keys_shown(pilot) == [f"0000001{number}" for number in range(9, -1, -1)]
        await pilot.press("escape")
        await until(pilot, lambda: "key ↓   1 of 300" in text_of(pilot))

    drive(app, first, size=(80, 24))
    drive(still(FlowimgApp(workspace)), second, size=(80, 24))


def test_of_two_keys_the_later_one_is_remembered_however_long_the_first_takes(
    app: FlowimgApp, workspace: Workspace, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, range(30))
    writes, may_go_on = workspace.gallery.set_finding, threading.Event()

    def writes_slowly(profile_id: int, finding: Finding) -> None:
        if finding.order.descending:
            may_go_on.wait()
        writes(profile_id, finding)

    monkeypatch.setattr(workspace.gallery, "set_finding", writes_slowly)

    async def script(pilot: AppPilot) -> None:
        profile_id = workspace.gallery.profiles()[0].id
        for key, order in (("o", "size ↓"), ("O", "size ↑")):
            await pilot.press(key)
            await until(pilot, lambda order=order: order in text_of(pilot))  # type: ignore[misc]
        may_go_on.set()
        await until(pilot, lambda: workspace.gallery.finding(profile_id).order == Order(SortKey.SIZE, False))

    drive(app, script, size=(80, 24))
    (profile,) = workspace.gallery.profiles()
    assert workspace.gallery.finding(profile.id).order == Order(SortKey.SIZE, False)


def test_a_key_of_a_filter_does_not_lay_the_screen_out_anew(
    app: FlowimgApp, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, range(3000))
    layouts, reflow = list[object](), Compositor.reflow

    def noted(*given: Any) -> Any:
        layouts.append(given)
        return reflow(*given)

    monkeypatch.setattr(Compositor, "reflow", noted)

    async def script(pilot: AppPilot) -> None:
        await looks_for(pilot, "0000", "3000 found of 3000")
        layouts.clear()
        await pilot.press("0")
        await until(pilot, lambda: "1000 found of 3000" in text_of(pilot))
        await pilot.press("backspace")
        await until(pilot, lambda: "3000 found of 3000" in text_of(pilot))
        assert layouts == []

    drive(app, script, size=(80, 24))


def test_a_filter_that_is_longer_than_its_line_shows_where_it_is_typed(
    app: FlowimgApp, database: Path
) -> None:
    fill(database, range(30))

    async def script(pilot: AppPilot) -> None:
        await looks_for(pilot, f"{'lake' * 14}the end", "the end")
        assert "lake" * 14 not in text_of(pilot)
        await pilot.press("home")
        await until(pilot, lambda: "/ lakelake" in text_of(pilot) and "the end" not in text_of(pilot))
        await pilot.press("end", *["backspace"] * 40)
        await until(pilot, lambda: f"/ {'lake' * 5}lak " in text_of(pilot))

    drive(app, script, size=(60, 20))


def test_the_scroll_bar_is_there_while_the_rows_do_not_fit(app: FlowimgApp, database: Path) -> None:
    fill(database, range(300))

    async def script(pilot: AppPilot) -> None:
        await until(pilot, lambda: table_of(pilot).vertical_scrollbar.display)
        await looks_for(pilot, "0000001", "10 found of 300")
        await until(pilot, lambda: not table_of(pilot).show_vertical_scrollbar)
        await pilot.press("backspace")
        await until(pilot, lambda: "100 found of 300" in text_of(pilot))
        await pilot.press("enter", "G")
        await until(pilot, lambda: "100 of 100" in text_of(pilot))
        bar = table_of(pilot).vertical_scrollbar
        assert (bar.display, bar.window_virtual_size, bar.position) == (True, 101, table_of(pilot).scroll_y)

    drive(app, script, size=(80, 24))


def test_each_key_of_a_long_word_is_one_look_and_the_last_one_counts(app: FlowimgApp, database: Path) -> None:
    fill(database, range(5000))

    async def script(pilot: AppPilot) -> None:
        await looks_for(pilot, "00001234", "1 found of 5000")
        assert keys_shown(pilot) == ["00001234"]

    drive(app, script, size=(80, 24))


# Order


def test_o_goes_from_column_to_column_and_capital_o_turns(app: FlowimgApp, database: Path) -> None:
    fill(database, range(30))

    async def script(pilot: AppPilot) -> None:
        await until(pilot, lambda: "created ↓   1 of 30" in text_of(pilot))
        for title in (*TITLES[1:], TITLES[0]):
            await pilot.press("o")
            await until(pilot, lambda title=title: f"{title} " in subtitle(pilot))  # type: ignore[misc]
            before = subtitle(pilot)
            await pilot.press("O")
            await until(pilot, lambda before=before: subtitle(pilot) != before)  # type: ignore[misc]
        await until(pilot, lambda: keys_shown(pilot)[0] == "00000000")

    drive(app, script, size=(80, 24))


def subtitle(pilot: AppPilot) -> str:
    return str(table_of(pilot).border_subtitle)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_click_on_a_title_orders_by_its_column_and_another_one_turns(
    app: FlowimgApp, database: Path, width: int
) -> None:
    fill(database, range(30))

    async def script(pilot: AppPilot) -> None:
        header = next(line for line in text_of(pilot).splitlines() if " created ↓ " in line)
        table_begins = table_of(pilot).region.x
        for title in ("key", "file", "key"):
            at = header.index(f" {title} ") + 1 - table_begins
            await pilot.click("#images", offset=(at, 1))
            await until(pilot, lambda title=title: f"{title} ↑" in subtitle(pilot))  # type: ignore[misc]
        await pilot.click("#images", offset=(header.index(" key ") + 1 - table_begins, 1))
        await until(pilot, lambda: "key ↓" in subtitle(pilot) and keys_shown(pilot)[0] == "00000029")

    drive(app, script, size=(width, 24))


def test_what_has_failed_comes_first_in_the_order_of_states(
    app: FlowimgApp, workspace: Workspace, database: Path
) -> None:
    fill(database, range(30))
    profile = workspace.gallery.profiles()[0]
    workspace.gallery.record_failure(workspace.gallery.missing_ids(profile.id)[20], "gone", OLDEST)

    async def script(pilot: AppPilot) -> None:
        await pilot.press("o", "o", "o")
        await until(pilot, lambda: "state ↑" in subtitle(pilot))
        assert keys_shown(pilot)[0] == "00000009"

    drive(app, script, size=(80, 24))


def test_images_that_arrive_leave_a_filter_for_what_is_missing(app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "1 of 42")
        await looks_for(pilot, "state:missing", "42 found of 42")
        await pilot.press("enter")
        await press_and_wait(pilot, "d", "Downloaded 42 of 42")
        await until(pilot, lambda: "0 found of 42" in text_of(pilot))

    drive(app, script)


def test_a_database_that_breaks_while_it_is_searched_is_told(app: FlowimgApp, database: Path) -> None:
    fill(database, range(30))

    async def script(pilot: AppPilot) -> None:
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("DROP INDEX image_by_age")
        await looks_for(pilot, "0", "gallery.db cannot be used")
        assert gallery_of(pilot).is_attached

    drive(app, script)
