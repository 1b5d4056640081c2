"""The three keys, in the app, against a service with real sockets, a real database and real files."""

from pathlib import Path

from flowimg_tui.demo.service import DemoService
from flowimg_tui.store.records import Counts, ProfileRecord
from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.workspace import Workspace
from tests.tui.driving import AppPilot, app_of, drive, press_and_wait, status_of, table_of, text_of, until
from tests.tui.scripted import Clock, ScriptedService


def pictures_asked_for(demo: DemoService) -> int:
    return sum(1 for each in demo.requests if each.raw_path.startswith(("/v1/media/", "/image/")))


def names_asked_for(demo: DemoService) -> list[str]:
    """Return the name of each image that the API was asked for, once for each time."""
    paths = [each.raw_path.partition("?")[0] for each in demo.requests]
    return [path.removeprefix("/v1/media/") for path in paths if path.startswith("/v1/media/")]


def files_in(output: Path) -> dict[str, bytes]:
    """Return the pictures on disk by media key."""
    return {path.stem: path.read_bytes() for path in output.rglob("*") if path.is_file()}


async def force_refresh(pilot: AppPilot, clock: Clock) -> None:
    await pilot.press("ctrl+x")
    await until(pilot, lambda: "Delete records" in text_of(pilot))
    clock.now += 1
    await press_and_wait(pilot, "y", "no file. Press s to sync.")


def test_what_a_run_has_done_is_told_once_the_next_one_can_begin(
    scripted_app: FlowimgApp, scripted: ScriptedService
) -> None:
    scripted.may_close.clear()

    async def script(pilot: AppPilot) -> None:
        await pilot.press("s")
        await until(pilot, lambda: "42 pending" in text_of(pilot))
        assert "42 images so far" in status_of(pilot)
        scripted.may_close.set()
        await until(pilot, lambda: "Synced 42 new" in status_of(pilot))
        await pilot.press("d")
        await until(pilot, lambda: "Downloaded 42 of 42 images" in status_of(pilot))

    drive(scripted_app, script)


def test_the_whole_main_job(
    app: FlowimgApp,
    demo: DemoService,
    workspace: Workspace,
    studio: ProfileRecord,
    output: Path,
    clock: Clock,
) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(
            pilot, "s", "Synced 42 new images, updated 0 existing", "Images  42 · 42 pending"
        )
        await press_and_wait(pilot, "d", "Downloaded 42 of 42 images", "Images  42 ─")
        files = files_in(output)
        assert files == {key: demo.picture(key) for key in files}
        assert len(files) == 42

        await press_and_wait(pilot, "s", "Synced 0 new images, updated 42 existing")
        assert workspace.gallery.counts(studio.id) == Counts(42, 42, 0, 0)

        demo.gallery.add(10)
        await press_and_wait(pilot, "s", "Synced 10 new images, updated 42 existing", "10 pending")
        named = set(names_asked_for(demo))
        await press_and_wait(pilot, "d", "Downloaded 10 of 10 images", "Images  52 ─")
        newest, _ = demo.gallery.page(None, 10)
        assert set(names_asked_for(demo)) - named == {image.name for image in newest}
        assert len(files_in(output)) == 52

        asked = pictures_asked_for(demo)
        await force_refresh(pilot, clock)
        assert workspace.gallery.counts(studio.id).images == 0
        await press_and_wait(pilot, "s", "Synced 52 new images, updated 0 existing", "52 pending")
        await press_and_wait(pilot, "d", "52 adopted from disk", "Images  52 ─")
        assert pictures_asked_for(demo) == asked

    drive(app, script)


def test_a_second_s_says_that_a_sync_is_running(scripted_app: FlowimgApp, scripted: ScriptedService) -> None:
    scripted.pages_served = 1

    async def script(pilot: AppPilot) -> None:
        await pilot.press("s")
        await until(pilot, lambda: "18 images so far" in status_of(pilot))
        await pilot.press("s")
        await until(pilot, lambda: status_of(pilot).startswith("A sync of studio is running"))
        assert len(app_of(pilot).runs) == 1
        await press_and_wait(pilot, "x", "The sync was stopped: 1 page with 18 new")

    drive(scripted_app, script)


def test_a_key_that_can_do_nothing_says_why(app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        for key, reason in (
            ("d", "No images yet"),
            ("ctrl+x", "There are no image records to delete"),
            ("x", "Nothing works for studio now"),
        ):
            await pilot.press(key)
            await until(pilot, lambda reason=reason: reason in status_of(pilot))  # type: ignore[misc]
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        await press_and_wait(pilot, "d", "Downloaded 42 of 42", "Images  42 ─")
        await pilot.press("d")
        await until(pilot, lambda: "all 42 images are here" in status_of(pilot))

    drive(app, script)


def test_two_profiles_work_at_once_and_each_has_its_own_gallery(
    app: FlowimgApp, workspace: Workspace, demo: DemoService
) -> None:
    workspace.profiles.add("second", workspace.profiles.read_cookies("second", demo.cookie_header))

    async def script(pilot: AppPilot) -> None:
        await pilot.press("P", "down")
        await until(pilot, lambda: "studio" in text_of(pilot).splitlines()[0])
        await press_and_wait(pilot, "s", "Synced 42 new")
        await pilot.press("up")
        await until(pilot, lambda: "second" in text_of(pilot).splitlines()[0])
        assert table_of(pilot).count == 0
        await press_and_wait(pilot, "s", "Synced 42 new")

    drive(app, script)
    assert [workspace.gallery.counts(each.id).images for each in workspace.gallery.profiles()] == [42, 42]


def test_a_failed_image_is_named_and_the_others_come(
    scripted_app: FlowimgApp, scripted: ScriptedService
) -> None:
    scripted.missing = {2}

    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        await press_and_wait(pilot, "d", "Downloaded 41 of 42 images", "1 failed", "404")
        assert "✗ 93fe3773" in text_of(pilot)

    drive(scripted_app, script)


def test_a_session_that_ended_is_told_with_what_to_do(app: FlowimgApp, demo: DemoService) -> None:
    demo.sign_out()

    async def script(pilot: AppPilot) -> None:
        await pilot.press("s")
        await until(pilot, lambda: "Signed out: press e" in status_of(pilot))

    drive(app, script, size=(160, 40))


def test_without_a_profile_the_app_says_how_to_add_one(workspace: Workspace) -> None:
    async def script(pilot: AppPilot) -> None:
        await until(pilot, lambda: "New profile" in text_of(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "Press n to add one" in status_of(pilot))
        await pilot.press("s", "d", "ctrl+x", "x", "question_mark", "escape", "down", "P")
        await until(pilot, lambda: "There is no profile yet" in status_of(pilot))

    drive(FlowimgApp(workspace), script)
