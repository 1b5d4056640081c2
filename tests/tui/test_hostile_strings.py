"""Whatever the service says is shown harmless: never markup, never an escape, never a broken layout."""

from datetime import UTC, datetime

import pytest
from rich.cells import cell_len
from textual import events

from flowimg_tui.config.locations import Locations
from flowimg_tui.demo.service import DemoService
from flowimg_tui.store.records import NewImage, ProfileRecord
from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.tui.widgets.status_line import StatusLine
from flowimg_tui.workspace import Workspace
from tests.conftest import add_profile
from tests.tui.driving import AppPilot, drive, status_of, table_of, text_of, until
from tests.tui.scripted import ScriptedService

HOSTILE = {
    "closing tag": "[/]",
    "markup": "[bold red]x[/bold red] [link=file:///etc/passwd]y",
    "click action": "[@click=app.quit]press me[/]",
    "clipboard": "\x1b]52;c;ZXZpbA==\x1b\\",
    "title": "\x1b]0;owned\x07",
    "C1": "\x9b31mred\x9d0;x\x9c",
    "bidi": "\u202egpj.exe\u2066x\u2069",
    "breaks": "a\r\nb\tc\u2028d",
    "long": "x" * 10_000,
    "joined emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 20,
    "wide": "漢字" * 200,
    "combining": "e\u0301" * 300,
}
CONTROLS = {*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), "\u202e", "\u2066", "\u2069", "\u200d"} - {
    "\n"
}
WIDTH = 120


def assert_harmless(pilot: AppPilot, kind: str = "all") -> None:
    assert not CONTROLS & set(text_of(pilot)), kind
    assert {cell_len(line) for line in text_of(pilot).splitlines()} == {WIDTH}, kind


def test_every_field_of_an_image_is_shown_harmless(
    app: FlowimgApp, workspace: Workspace, studio: ProfileRecord
) -> None:
    gallery, now = workspace.gallery, datetime.now(UTC)
    images = [
        NewImage(f"{text}{number}", text, text, text, text, now, title=text, prompt=text, project_title=text)
        for text in HOSTILE.values()
        for number in (1, 2)
    ]
    gallery.store_page(studio.id, gallery.begin_sync(studio.id), images)
    for image_id in gallery.missing_ids(studio.id)[::2]:
        image = gallery.image(image_id)
        assert image is not None
        gallery.record_failure(image_id, image.media_key, now)

    async def script(pilot: AppPilot) -> None:
        await until(pilot, lambda: f"1 of {len(images)}" in text_of(pilot))
        assert_harmless(pilot)
        for row in range(len(images)):
            await pilot.click("#images", offset=(10, row + 2))
        assert table_of(pilot).cursor == len(images) - 1
        assert_harmless(pilot)

    drive(app, script, size=(WIDTH, 40))
    assert app.return_code is None


def test_a_hostile_name_is_copied_and_shown_harmless(
    app: FlowimgApp, workspace: Workspace, studio: ProfileRecord
) -> None:
    gallery = workspace.gallery
    images = [NewImage(text, kind, None, None, None, None) for kind, text in HOSTILE.items()]
    gallery.store_page(studio.id, gallery.begin_sync(studio.id), images)

    async def script(pilot: AppPilot) -> None:
        await pilot.press("a")
        await until(pilot, lambda: f"{len(images)} selected" in text_of(pilot))
        await pilot.press("y")
        await until(pilot, lambda: f"Copied {len(images)} lines" in text_of(pilot))
        assert_harmless(pilot)
        # A shell that it is pasted into sees a line for each, and nothing to act upon.
        assert len(app.clipboard.split("\n")) == len(images)
        assert not CONTROLS & set(app.clipboard)
        await pilot.click("#dialog", offset=(10, 10))
        await pilot.pause()
        assert app.return_code is None

    drive(app, script, size=(WIDTH, 40))


@pytest.mark.parametrize("keys", ["/", "n", "e"])
def test_what_is_pasted_into_a_line_is_shown_harmless(app: FlowimgApp, keys: str) -> None:
    async def script(pilot: AppPilot) -> None:
        await pilot.press(*keys)
        if keys == "e":
            pilot.app.screen.query_one("#form-output").focus()
        for kind, text in HOSTILE.items():
            pilot.app.post_message(events.Paste(text))
            await pilot.pause()
            assert_harmless(pilot, kind)
        assert app.return_code is None

    drive(app, script, size=(WIDTH, 40))


def test_an_account_and_a_status_are_shown_harmless(
    app: FlowimgApp, workspace: Workspace, demo: DemoService
) -> None:
    """A profile for each text; they follow one another in the order of their names."""
    for number, text in enumerate(HOSTILE.values()):
        added = add_profile(workspace, f"t{number:02}", demo.cookie_header)
        workspace.gallery.set_account(added.id, text)

    async def script(pilot: AppPilot) -> None:
        await pilot.press("P")
        for number, (kind, text) in enumerate(HOSTILE.items()):
            await pilot.press("down")
            name = f"t{number:02} · "
            await until(pilot, lambda name=name: name in text_of(pilot).splitlines()[0])  # type: ignore[misc]
            pilot.app.screen.query_one(StatusLine).say(text)
            await until(pilot, lambda: status_of(pilot) != "")
            assert_harmless(pilot, kind)
            await pilot.click("#header", offset=(25, 0))
            await pilot.click("#status", offset=(5, 0))
            await pilot.pause()
            assert app.return_code is None, kind

    drive(app, script, size=(WIDTH, 40))


def test_a_hostile_key_is_shown_harmless_while_it_is_downloaded(
    environment: dict[str, str], scripted: ScriptedService, studio: ProfileRecord
) -> None:
    environment = {**environment, "FLOWIMG_WORKERS": str(len(HOSTILE))}
    known = [image for page in scripted.pages for image in page.images]
    images = [
        NewImage(image.name, text, None, None, None, None)
        for image, text in zip(known, HOSTILE.values(), strict=False)
    ]
    scripted.pictures_served = 0
    locations = Locations.from_environment(environment)
    with Workspace(locations, environment=environment, service=scripted.factory) as workspace:
        gallery = workspace.gallery
        gallery.store_page(studio.id, gallery.begin_sync(studio.id), images)

        async def script(pilot: AppPilot) -> None:
            await pilot.press("d")
            await until(pilot, lambda: text_of(pilot).count("/ 1.9 MB") == len(HOSTILE))
            assert_harmless(pilot)
            await pilot.press("x")
            await until(pilot, lambda: f"{len(HOSTILE)} cancelled" in text_of(pilot))

        drive(FlowimgApp(workspace), script, size=(WIDTH, 60))
