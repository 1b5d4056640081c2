"""The table at any length: it shows what is asked for, keeps its place, and draws only what changed."""

from pathlib import Path

from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.workspace import Workspace
from tests.tui.driving import AppPilot, app_of, drive, gallery_of, press_and_wait, table_of, text_of, until
from tests.tui.filling import OLDEST, fill


def test_the_cursor_goes_where_the_keys_say_and_stays_in_sight(app: FlowimgApp, database: Path) -> None:
    fill(database, range(5000))

    async def script(pilot: AppPilot) -> None:
        async def leads_to(row: int, *keys: str) -> None:
            await pilot.press(*keys)
            await until(pilot, lambda: table_of(pilot).cursor == row)
            await until(pilot, lambda: f"{4999 - row:08}" in text_of(pilot))
            assert f"{row + 1} of 5000" in text_of(pilot)

        await leads_to(1, "down", "j", "down", "k", "up")
        await leads_to(4999, "G")
        await leads_to(0, "g")
        await leads_to(4998, "end", "up")
        await leads_to(0, "home")
        await leads_to(0, "up", "k")
        await leads_to(4999, "end", "down", "j")
        await leads_to(0, "g", "pagedown", "pageup")
        await leads_to(0, "ctrl+d", "ctrl+u")

    drive(app, script, size=(80, 24))


def test_every_row_can_be_reached_by_pages(app: FlowimgApp, database: Path) -> None:
    fill(database, range(300))
    seen: set[str] = set()

    async def script(pilot: AppPilot) -> None:
        while True:
            seen.update(line.split()[2] for line in text_of(pilot).splitlines() if "│ · " in line)
            before = table_of(pilot).cursor
            await pilot.press("pagedown")
            await pilot.pause()
            if table_of(pilot).cursor == before:
                return

    drive(app, script, size=(80, 24))
    assert seen == {f"{number:08}" for number in range(300)}


def test_the_cursor_stays_on_its_image_when_newer_ones_come(app: FlowimgApp, database: Path) -> None:
    fill(database, range(200))

    async def script(pilot: AppPilot) -> None:
        table = table_of(pilot)
        await pilot.press("pagedown", "pagedown", "pagedown", "down")
        before = table.image_at(table.cursor)
        height = table.cursor - table.scroll_offset.y
        fill(database, range(200, 230))
        gallery_of(pilot).rows_changed()
        await until(pilot, lambda: table.count == 230)
        assert table.image_at(table.cursor) == before
        assert table.cursor - table.scroll_offset.y == height

    drive(app, script, size=(80, 24))


def test_a_click_sets_the_cursor(app: FlowimgApp, database: Path) -> None:
    fill(database, range(20))

    async def script(pilot: AppPilot) -> None:
        await pilot.click("#images", offset=(10, 7))
        await until(pilot, lambda: table_of(pilot).cursor == 5)

    drive(app, script)


def test_a_large_gallery_is_read_a_window_at_a_time(
    app: FlowimgApp, workspace: Workspace, database: Path
) -> None:
    fill(database, range(5000))
    read: list[int] = []
    window = workspace.gallery.window

    def counted(profile_id: int, offset: int, limit: int) -> object:
        read.append(limit)
        return window(profile_id, offset, limit)

    workspace.gallery.window = counted  # type: ignore[method-assign, assignment]

    async def script(pilot: AppPilot) -> None:
        await pilot.press("G")
        await until(pilot, lambda: "5000 of 5000" in text_of(pilot) and "00000000" in text_of(pilot))
        await pilot.press("g")
        await until(pilot, lambda: "1 of 5000" in text_of(pilot))

    drive(app, script)
    assert sum(read) <= 1024


def test_a_change_of_one_image_draws_its_line_only(
    app: FlowimgApp, workspace: Workspace, database: Path
) -> None:
    fill(database, range(100))

    async def script(pilot: AppPilot) -> None:
        table = table_of(pilot)
        image = table.image_at(3)
        assert image is not None
        workspace.gallery.record_failure(image.id, "gone", OLDEST)
        changed = workspace.gallery.image(image.id)
        assert changed is not None
        drawn: list[int] = []
        render_line = table.render_line

        def counted(y: int) -> object:
            drawn.append(y)
            return render_line(y)

        table.render_line = counted  # type: ignore[method-assign, assignment]
        table.show_image(changed)
        await until(pilot, lambda: "gone" in text_of(pilot))
        assert set(drawn) == {4}

    drive(app, script)


def test_a_window_that_is_resized_shows_whole_rows_at_every_size(app: FlowimgApp, database: Path) -> None:
    fill(database, range(100))

    async def script(pilot: AppPilot) -> None:
        for width, height in ((120, 40), (80, 24), (60, 20), (200, 50), (80, 24)):
            await pilot.resize_terminal(width, height)
            await until(pilot, lambda width=width: len(text_of(pilot).splitlines()[0]) == width)  # type: ignore[misc]
            await until(pilot, lambda: "00000099" in text_of(pilot))
        assert app_of(pilot).is_running

    drive(app, script)


def test_the_empty_gallery_says_what_to_do(app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        assert "No images yet. Press s to sync." in text_of(pilot)
        await pilot.press("down", "up", "end", "pagedown", "home")
        await press_and_wait(pilot, "s", "Synced 42 new", "1 of 42")

    drive(app, script)
