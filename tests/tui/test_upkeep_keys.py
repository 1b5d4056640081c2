"""``v``, ``r`` and ``u`` in the app: is all well, once more, and take it back."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from flowimg_tui.demo.service import DemoOptions, DemoService
from flowimg_tui.store.records import Counts, ProfileRecord
from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.tui.screens.report import ReportScreen
from flowimg_tui.workspace import Workspace
from tests.tui.driving import AppPilot, drive, press_and_wait, status_of, text_of, until
from tests.tui.scripted import Clock

IMAGES = 6


@pytest.fixture
def demo() -> Iterator[DemoService]:
    with DemoService(DemoOptions(images=IMAGES)) as service:
        yield service


async def downloaded(pilot: AppPilot) -> None:
    await press_and_wait(pilot, "s", f"Synced {IMAGES} new images", f"{IMAGES} pending")
    await press_and_wait(pilot, "d", f"Downloaded {IMAGES} of {IMAGES} images", f"Images  {IMAGES} ─")


def harmed(output: Path) -> tuple[Path, Path]:
    """Delete one file, and put something else into another; return them."""
    gone, damaged, *_ = sorted(path for path in output.rglob("*") if path.is_file())
    gone.unlink()
    damaged.write_bytes(b"[/red]")
    return gone, damaged


def test_v_names_what_is_not_as_it_was_saved_and_d_brings_it_again(
    app: FlowimgApp, workspace: Workspace, studio: ProfileRecord, output: Path
) -> None:
    async def script(pilot: AppPilot) -> None:
        await downloaded(pilot)
        await press_and_wait(pilot, "v", f"Verified {IMAGES} files", "all are whole")
        gone, damaged = harmed(output)
        await pilot.press("v")
        await until(pilot, lambda: isinstance(pilot.app.screen, ReportScreen))
        await until(pilot, lambda: "2 files not as saved" in text_of(pilot))
        for path, problem in ((gone, "missing"), (damaged, "damaged")):
            assert f"{problem}    {path.parent.name}/{path.name}" in text_of(pilot)
        assert "6 bytes instead of" in text_of(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: "2 pending" in text_of(pilot))
        assert "1 missing, 1 damaged; 2 images are pending again" in status_of(pilot)
        assert workspace.gallery.counts(studio.id) == Counts(IMAGES, IMAGES - 2, 2, 0)
        await press_and_wait(pilot, "d", "Downloaded 2 of 2 images")

    drive(app, script)


def test_u_asks_and_brings_the_records_back(
    app: FlowimgApp, workspace: Workspace, studio: ProfileRecord, clock: Clock
) -> None:
    async def script(pilot: AppPilot) -> None:
        await downloaded(pilot)
        await pilot.press("u")
        await until(pilot, lambda: status_of(pilot) == "There is no force refresh to undo.")
        before = list(workspace.gallery.images(studio.id))
        await pilot.press("ctrl+x")
        await until(pilot, lambda: "u brings them back" in text_of(pilot))
        clock.now += 1
        await press_and_wait(pilot, "y", "Press s to sync.")
        await pilot.press("u")
        await until(pilot, lambda: "Undo the force refresh of studio?" in text_of(pilot))
        clock.now += 1
        back = f"Brought {IMAGES} image records of studio back"
        await press_and_wait(pilot, "y", back, f"Images  {IMAGES} ─")
        assert list(workspace.gallery.images(studio.id)) == before

    drive(app, script)


def test_r_tries_a_parked_image_again(
    app: FlowimgApp, workspace: Workspace, studio: ProfileRecord, tmp_path: Path
) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", f"Synced {IMAGES} new images", f"{IMAGES} pending")
        await pilot.press("r")
        await until(pilot, lambda: "No image has failed" in status_of(pilot))
        with closing(sqlite3.connect(tmp_path / "home" / "gallery.db")) as database, database:
            database.execute(
                "UPDATE image SET failure = '[red]HTTP 404', failed_runs = 10,"
                " parked_at = '2026-03-14T12:00:00.000000Z' WHERE id = 1"
            )
        others = f"Downloaded {IMAGES - 1} of {IMAGES - 1} images"
        await press_and_wait(pilot, "d", others, "1 image is parked", "1 failed (1 parked)")
        await until(pilot, lambda: "⊘" in text_of(pilot))
        assert "parked after 10 failed runs: [red]" in text_of(pilot)
        await pilot.press("d")
        await until(pilot, lambda: "Press r to try again" in status_of(pilot))
        await press_and_wait(pilot, "r", "Downloaded 1 of 1 image", f"Images  {IMAGES} ─")
        assert workspace.gallery.counts(studio.id) == Counts(IMAGES, IMAGES, 0, 0)

    drive(app, script)
