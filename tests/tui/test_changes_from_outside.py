"""What another process does to the database while the app shows it."""

from pathlib import Path

import pytest

from flowimg_tui.demo.service import DemoService
from flowimg_tui.store.database import StoreError
from flowimg_tui.store.records import ImageRecord
from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.workspace import Workspace
from tests.conftest import add_profile
from tests.tui.driving import AppPilot, drive, keys_shown, press_and_wait, status_of, table_of, text_of, until
from tests.tui.filling import fill


@pytest.fixture
def elsewhere(workspace: Workspace) -> Workspace:
    """The same installation, as another process has it open."""
    return Workspace(workspace.locations)


def test_images_that_another_process_brings_are_there_soon(app: FlowimgApp, database: Path) -> None:
    fill(database, range(3))

    async def script(pilot: AppPilot) -> None:
        await until(pilot, lambda: "Images  3 · 3 pending" in text_of(pilot))
        fill(database, range(3, 5))
        await until(pilot, lambda: "Images  5 · 5 pending" in text_of(pilot) and len(keys_shown(pilot)) == 5)
        assert "5      5 ↓" in text_of(pilot)

    drive(app, script)


def test_what_another_process_does_to_an_image_is_seen_soon(
    app: FlowimgApp, workspace: Workspace, elsewhere: Workspace, database: Path
) -> None:
    fill(database, range(3))
    profile = workspace.gallery.profiles()[0]
    first, second, _ = workspace.gallery.missing_ids(profile.id)

    async def script(pilot: AppPilot) -> None:
        elsewhere.gallery.record_adopted(first, "/pictures/here.webp")
        await until(pilot, lambda: "✓" in text_of(pilot) and "2 pending" in text_of(pilot))
        elsewhere.gallery.record_adopted(second, "/pictures/there.webp")
        await until(pilot, lambda: "there.webp" in text_of(pilot) and "1 pending" in text_of(pilot))

    drive(app, script)


def test_profiles_that_another_process_adds_and_removes_come_and_go(
    app: FlowimgApp, demo: DemoService, elsewhere: Workspace, database: Path
) -> None:
    fill(database, range(3))

    async def script(pilot: AppPilot) -> None:
        add_profile(elsewhere, "animals", demo.cookie_header)
        await until(pilot, lambda: "animals" in text_of(pilot))
        assert "Images  3 · 3 pending" in text_of(pilot)
        elsewhere.profiles.remove(elsewhere.gallery.profile("studio"))
        await until(pilot, lambda: "Images  0" in text_of(pilot) and "studio" not in text_of(pilot))

    drive(app, script)


def test_what_changes_while_a_run_ends_is_seen_as_well(
    app: FlowimgApp, demo: DemoService, elsewhere: Workspace
) -> None:
    async def script(pilot: AppPilot) -> None:
        add_profile(elsewhere, "animals", demo.cookie_header)
        await press_and_wait(pilot, "s", "Synced 42 new")
        await until(pilot, lambda: "animals" in text_of(pilot))

    drive(app, script)


def test_rows_that_cannot_be_read_are_named_and_the_app_goes_on(
    app: FlowimgApp, workspace: Workspace, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, range(1000))
    read = workspace.gallery.records

    def fails(ids: object) -> list[ImageRecord]:
        raise StoreError(f"gallery.db cannot be used: {type(ids).__name__}.")

    async def script(pilot: AppPilot) -> None:
        monkeypatch.setattr(workspace.gallery, "records", fails)
        await pilot.press("G")
        await until(pilot, lambda: "gallery.db cannot be used" in status_of(pilot))
        monkeypatch.setattr(workspace.gallery, "records", read)
        await pilot.press("g")
        await until(pilot, lambda: "00000999" in keys_shown(pilot))
        assert table_of(pilot).count == 1000

    drive(app, script)
