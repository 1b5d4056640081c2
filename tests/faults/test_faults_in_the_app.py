"""What the app shows of a service that fails: the try, the reason, the end of a pause; and a small disk."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from flowimg_tui.config.locations import Locations
from flowimg_tui.demo.home import demo_environment
from flowimg_tui.demo.service import DemoOptions, DemoService
from flowimg_tui.store.records import Counts, ProfileRecord
from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.workspace import Workspace
from tests.conftest import add_profile
from tests.tui.driving import AppPilot, app_of, drive, press_and_wait, status_of, text_of, until
from tests.workspace.helpers import synced

IMAGES: Final = 3
WIDE: Final = (200, 40)


@pytest.fixture
def demo() -> Iterator[DemoService]:
    with DemoService(DemoOptions(images=IMAGES)) as service:
        yield service


@pytest.fixture
def workspace(demo: DemoService, tmp_path: Path) -> Iterator[Workspace]:
    quick = {"FLOWIMG_PAGE_DELAY": "0", "FLOWIMG_RETRY_BASE": "0", "FLOWIMG_WORKERS": "2"}
    environment = {**demo_environment(demo, tmp_path), **quick}
    with Workspace(Locations.from_environment(environment), environment=environment) as opened:
        yield opened


@pytest.fixture
def studio(workspace: Workspace, demo: DemoService) -> ProfileRecord:
    """A profile whose records have no files."""
    profile = add_profile(workspace, "studio", demo.cookie_header)
    assert synced(workspace, profile).complete
    return profile


@pytest.fixture
def app(workspace: Workspace, studio: ProfileRecord) -> FlowimgApp:
    del studio
    opened = FlowimgApp(workspace)
    opened.animation_level = "none"
    return opened


def pictures(folder: Path) -> list[Path]:
    return [path for path in (folder / "pictures").rglob("*") if path.is_file()]


def test_a_row_says_which_try_is_next_and_why(
    app: FlowimgApp, demo: DemoService, workspace: Workspace, studio: ProfileRecord
) -> None:
    # The service's wish holds the row still, for whoever looks.
    demo.add_fault("status:code=503,each=1,retry_after=1,on=pictures")

    async def script(pilot: AppPilot) -> None:
        await pilot.press("d")
        await until(pilot, lambda: "try 2 of 5" in text_of(pilot) and "HTTP 503" in text_of(pilot))
        await until(pilot, lambda: not app_of(pilot).runs)
        await until(pilot, lambda: f"Downloaded {IMAGES} of {IMAGES} images" in status_of(pilot))

    drive(app, script, size=WIDE)
    assert workspace.gallery.counts(studio.id) == Counts(IMAGES, IMAGES, 0, 0)


def test_an_image_that_is_cut_off_for_ever_fails_with_its_reason_and_the_others_come(
    app: FlowimgApp, demo: DemoService, workspace: Workspace, studio: ProfileRecord, tmp_path: Path
) -> None:
    (spoilt, *others), _ = demo.gallery.page(None, IMAGES)
    demo.add_fault(f"cut_close:on=pictures,key={spoilt.media_key}")

    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "d", f"Downloaded {len(others)} of {IMAGES} images", "1 failed")
        await until(pilot, lambda: f"✗ {spoilt.media_key[:8]}" in text_of(pilot))
        assert "cut off" in text_of(pilot)

    drive(app, script, size=WIDE)
    assert workspace.gallery.counts(studio.id) == Counts(IMAGES, len(others), 0, 1)
    assert {path.stem: path.read_bytes() for path in pictures(tmp_path)} == {
        image.media_key: demo.picture(image.media_key) for image in others
    }


@pytest.mark.parametrize(("key", "place"), [("d", "media"), ("s", "list")])
def test_a_long_pause_that_flow_asks_for_is_told_with_its_end_and_nothing_has_failed(
    app: FlowimgApp, demo: DemoService, workspace: Workspace, studio: ProfileRecord, key: str, place: str
) -> None:
    demo.add_fault(f"status:code=429,retry_after=7200,on={place}")

    async def script(pilot: AppPilot) -> None:
        await pilot.press(key)
        await until(pilot, lambda: "It asks to wait 2 h, until 20" in status_of(pilot))
        await until(pilot, lambda: not app_of(pilot).runs)

    drive(app, script, size=WIDE)
    assert workspace.gallery.counts(studio.id) == Counts(IMAGES, 0, IMAGES, 0)


def test_a_disk_that_may_be_too_small_is_told_before_and_the_download_goes_on(
    app: FlowimgApp, workspace: Workspace, studio: ProfileRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = shutil.disk_usage

    def little(path: Any) -> Any:
        return true(path)._replace(free=1_000_000)

    monkeypatch.setattr("flowimg_tui.mirror.files.shutil.disk_usage", little)

    async def script(pilot: AppPilot) -> None:
        await pilot.press("d")
        await until(pilot, lambda: "The disk may be too small" in text_of(pilot))
        await until(pilot, lambda: f"Downloaded {IMAGES} of {IMAGES} images" in status_of(pilot))

    drive(app, script, size=WIDE)
    assert workspace.gallery.counts(studio.id) == Counts(IMAGES, IMAGES, 0, 0)
