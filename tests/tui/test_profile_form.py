"""Profiles in the app: the form with its secret field, what Flow says of a session, and their removal."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Checkbox, Input

from flowimg_tui.config.locations import Locations
from flowimg_tui.demo.service import DemoService
from flowimg_tui.flow.errors import FlowError, Moved, NeedsRefresh, SignedOut, Unreachable
from flowimg_tui.store.records import Counts, ProfileRecord
from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.tui.widgets.paste_field import PasteField
from flowimg_tui.workspace import Workspace
from tests.tui.conftest import still
from tests.tui.driving import AppPilot, app_of, drive, press_and_wait, status_of, text_of, type_in, until
from tests.tui.scripted import Clock, ScriptedService

SECRET = "eyJhbGciOiJkaXIifQ..secret-of-this-test-0123456789abcdef.rest"
HEADER = f"_ga=GA1.1; __Secure-next-auth.session-token={SECRET}; theme=dark"
CURL = f"curl 'https://labs.google/fx/api' \\\n  -H 'accept: */*' \\\n  -b '{HEADER}' \\\n  --compressed"
HELP = ("1  Sign in to Flow", "2  Right-click a request", "3  Paste it here")


@pytest.fixture
def empty_app(environment: dict[str, str], scripted: ScriptedService) -> Iterator[FlowimgApp]:
    """An app without a profile, over the scripted service."""
    locations = Locations.from_environment(environment)
    with Workspace(locations, environment=environment, service=scripted.factory) as opened:
        yield still(FlowimgApp(opened))


async def opens(pilot: AppPilot, title: str) -> None:
    await until(pilot, lambda: title in text_of(pilot))


async def paste(pilot: AppPilot, text: str) -> None:
    """Paste as a terminal with bracketed paste does, and wait until the field has told of it."""
    pilot.app.post_message(events.Paste(text))
    await until(pilot, lambda: "none of them shown" in text_of(pilot))


async def filled_in(pilot: AppPilot, name: str, text: str = CURL) -> None:
    await opens(pilot, "New profile")
    await type_in(pilot, f"{name}\n")
    await until(pilot, lambda: isinstance(pilot.app.focused, PasteField))
    await paste(pilot, text)


def folder_of(pilot: AppPilot) -> Input:
    return pilot.app.screen.query_one("#form-output", Input)


@pytest.mark.parametrize("size", [(120, 40), (80, 24)], ids=str)
def test_the_first_start_opens_the_form_with_help(empty_app: FlowimgApp, size: tuple[int, int]) -> None:
    async def script(pilot: AppPilot) -> None:
        await opens(pilot, "New profile")
        assert all(line in text_of(pilot) for line in HELP)
        await pilot.press("escape")
        await until(pilot, lambda: "New profile" not in text_of(pilot))
        assert "Press n to add one" in status_of(pilot)
        await pilot.press("n")
        await opens(pilot, "New profile")

    drive(empty_app, script, size)


def test_a_pasted_command_becomes_a_profile_and_is_never_shown(
    empty_app: FlowimgApp, environment: dict[str, str]
) -> None:
    async def script(pilot: AppPilot) -> None:
        await filled_in(pilot, "studio")
        assert "cURL command (bash): kept __Secure-next-auth.session-token for labs.google" in text_of(pilot)
        assert "secret" not in text_of(pilot)
        await press_and_wait(pilot, "enter", "studio has a live session", "studio · ada@example.com")
        assert "secret" not in text_of(pilot)

    drive(empty_app, script)
    (profile,) = empty_app.workspace.gallery.profiles()
    assert (profile.name, profile.service, profile.account) == ("studio", "labs", "ada@example.com")
    stored = Path(environment["FLOWIMG_HOME"]) / "credentials" / "studio.json"
    assert SECRET in stored.read_text()
    assert stored.stat().st_mode & 0o777 == 0o600


def test_what_a_terminal_without_bracketed_paste_types_is_not_shown_either(empty_app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        await opens(pilot, "New profile")
        await type_in(pilot, "studio\n")
        await until(pilot, lambda: isinstance(pilot.app.focused, PasteField))
        await type_in(pilot, f"Cookie:\n{HEADER}")
        await until(pilot, lambda: "kept __Secure-next-auth.session-token" in text_of(pilot))
        assert "secret" not in text_of(pilot)
        await pilot.press("backspace")
        await until(pilot, lambda: "paste here" in text_of(pilot))

    drive(empty_app, script)


@pytest.mark.parametrize(
    ("name", "refusal"), [("stu/dio", "letters, digits, - and _"), ("..", "letters, digits"), ("", "1 to 40")]
)
def test_a_name_that_cannot_be_one_is_refused_before_anything_is_asked(
    empty_app: FlowimgApp, name: str, refusal: str
) -> None:
    async def script(pilot: AppPilot) -> None:
        await opens(pilot, "New profile")
        await type_in(pilot, f"{name}\n")
        await until(pilot, lambda: refusal in text_of(pilot))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: refusal in text_of(pilot))

    drive(empty_app, script)
    assert empty_app.workspace.gallery.profiles() == []


def test_a_name_that_is_taken_is_refused(scripted_app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        await pilot.press("n")
        await opens(pilot, "New profile")
        await type_in(pilot, "travel\n")
        await until(pilot, lambda: "already a profile travel" in text_of(pilot))

    drive(scripted_app, script)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("just some words", "ordinary text"),
        ("_ga=GA1.1; theme=dark", "none of a session of Flow"),
        ("https://labs.google/fx", "an address"),
    ],
)
def test_input_that_is_no_session_says_what_it_looks_like(
    empty_app: FlowimgApp, text: str, told: str
) -> None:
    async def script(pilot: AppPilot) -> None:
        await filled_in(pilot, "studio", text)
        await until(pilot, lambda: told in text_of(pilot).replace("│", "").replace("\n", " "))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: told in text_of(pilot).replace("│", "").replace("\n", " "))

    drive(empty_app, script)
    assert empty_app.workspace.gallery.profiles() == []


@pytest.mark.parametrize(
    ("trouble", "told", "is_kept"),
    [
        (None, "Live: signed in as ada@example.com", True),
        (NeedsRefresh("ACCESS_TOKEN_REFRESH_NEEDED."), "Needs refresh: ", False),
        (SignedOut("It has ended."), "Signed out: It has ended. Sign in to Flow", False),
        (Moved("Flow's listing is retired."), "Moved: Flow's listing is retired.", False),
        (Unreachable("labs.google cannot be reached."), "Cannot tell: labs.google cannot be reached", True),
    ],
    ids=["live", "needs refresh", "signed out", "moved", "cannot tell"],
)
def test_check_tells_the_state_and_only_dead_cookies_are_refused(
    empty_app: FlowimgApp, scripted: ScriptedService, trouble: FlowError | None, told: str, is_kept: bool
) -> None:
    troubles = [trouble] if trouble else []

    async def script(pilot: AppPilot) -> None:
        await filled_in(pilot, "studio")
        scripted.troubles = [*troubles]
        await pilot.click("#form-check")
        await until(pilot, lambda: told in text_of(pilot))
        assert empty_app.workspace.gallery.profiles() == []
        scripted.troubles = [*troubles]
        await pilot.press("ctrl+s")
        if is_kept:
            await until(pilot, lambda: "New profile" not in text_of(pilot))
        else:
            await until(pilot, lambda: not scripted.troubles and told in text_of(pilot))

    drive(empty_app, script)
    assert [profile.name for profile in empty_app.workspace.gallery.profiles()] == ["studio"] * is_kept


@pytest.mark.parametrize(
    ("troubles", "told"),
    [([], "Live: signed in as ada@example.com"), ([SignedOut("It has ended.")], "Signed out: It has ended.")],
    ids=["live", "signed out"],
)
def test_without_a_paste_check_asks_for_the_session_that_the_profile_has(
    scripted_app: FlowimgApp, scripted: ScriptedService, troubles: list[FlowError], told: str
) -> None:
    scripted.troubles = troubles

    async def script(pilot: AppPilot) -> None:
        await pilot.press("e")
        await opens(pilot, "Edit studio")
        await pilot.click("#form-check")
        await until(pilot, lambda: told in text_of(pilot))

    drive(scripted_app, script)


def test_another_accounts_cookies_are_taken_only_where_the_user_says_so(
    scripted_app: FlowimgApp, scripted: ScriptedService, scripted_workspace: Workspace
) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new")
        scripted.email = "bob@example.com"
        await pilot.press("e")
        await opens(pilot, "Edit studio")
        await paste(pilot, CURL)
        await pilot.press("enter")
        await until(pilot, lambda: "Wrong account" in text_of(pilot))
        assert scripted_workspace.profiles.named("studio").account == "ada@example.com"
        await until(pilot, lambda: pilot.app.screen.query_one(Checkbox).region.height == 1)
        await pilot.click(Checkbox)
        await press_and_wait(pilot, "ctrl+s", "studio · bob@example.com")

    drive(scripted_app, script)
    assert scripted_workspace.profiles.named("studio").account == "bob@example.com"


def test_another_folder_needs_no_cookies(
    scripted_app: FlowimgApp, scripted: ScriptedService, scripted_workspace: Workspace, tmp_path: Path
) -> None:
    scripted.troubles = [SignedOut("nobody asks")]

    async def script(pilot: AppPilot) -> None:
        await pilot.press("e")
        await opens(pilot, "Edit studio")
        folder_of(pilot).value = str(tmp_path / "elsewhere")
        await press_and_wait(pilot, "ctrl+s", "studio is as the form says")

    drive(scripted_app, script)
    studio = scripted_workspace.profiles.named("studio")
    assert studio.output == str(tmp_path / "elsewhere")
    assert len(scripted.troubles) == 1


def test_cookies_that_are_pasted_into_another_field_do_not_show(empty_app: FlowimgApp) -> None:
    async def script(pilot: AppPilot) -> None:
        await opens(pilot, "New profile")
        for field in ("#form-name", "#form-output"):
            pilot.app.screen.query_one(field).focus()
            await pilot.pause()
            pilot.app.post_message(events.Paste(HEADER * 4))
            await pilot.pause()
            assert "secret" not in text_of(pilot)

    drive(empty_app, script)


def test_escape_ends_a_check_that_goes_on(
    scripted_app: FlowimgApp, scripted: ScriptedService, scripted_workspace: Workspace
) -> None:
    scripted.account_hangs = True

    async def script(pilot: AppPilot) -> None:
        await pilot.press("e")
        await opens(pilot, "Edit studio")
        await paste(pilot, CURL)
        await pilot.press("enter")
        await until(pilot, lambda: "Asking Flow" in text_of(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "Edit studio" not in text_of(pilot))

    drive(scripted_app, script)
    assert scripted_workspace.profiles.named("studio").account is None


@pytest.mark.parametrize(
    ("key", "ends_after", "done"),
    [("s", 1, "Synced 42 new images"), ("d", 5, "Downloaded 42 of 42 images")],
    ids=["sync", "download"],
)
def test_a_session_that_ends_on_the_way_pauses_the_run_until_e_gives_another(
    scripted_app: FlowimgApp,
    scripted: ScriptedService,
    scripted_workspace: Workspace,
    key: str,
    ends_after: int,
    done: str,
) -> None:
    async def script(pilot: AppPilot) -> None:
        if key == "d":
            await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        scripted.session_ends_after = ends_after
        await pilot.press(key)
        await until(pilot, lambda: "signed out, paused, nothing failed" in status_of(pilot))
        assert len(app_of(pilot).runs) == 1
        await pilot.press("e")
        await opens(pilot, "Edit studio")
        await until(pilot, lambda: "signed out, paused" in text_of(pilot))
        await paste(pilot, CURL)
        scripted.session_ends_after = None
        await press_and_wait(pilot, "enter", done)

    drive(scripted_app, script)
    studio = scripted_workspace.profiles.named("studio")
    expected = Counts(42, 42, 0, 0) if key == "d" else Counts(42, 0, 42, 0)
    assert scripted_workspace.gallery.counts(studio.id) == expected


def test_a_paused_run_can_be_stopped(scripted_app: FlowimgApp, scripted: ScriptedService) -> None:
    async def script(pilot: AppPilot) -> None:
        scripted.session_ends_after = 1
        await pilot.press("s")
        await until(pilot, lambda: "signed out, paused" in status_of(pilot))
        await press_and_wait(pilot, "x", "The sync was stopped: 1 page with 18 new")

    drive(scripted_app, script)


def test_removing_a_profile_asks_first_and_leaves_the_files(
    scripted_app: FlowimgApp, scripted_workspace: Workspace, clock: Clock, output: Path
) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new", "42 pending")
        await press_and_wait(pilot, "d", "Downloaded 42 of 42 images")
        await pilot.press("delete")
        await until(pilot, lambda: "Remove studio?" in text_of(pilot) and "0 files" in text_of(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "Remove studio?" not in text_of(pilot))
        await pilot.press("delete")
        await until(pilot, lambda: "Remove studio?" in text_of(pilot))
        clock.now += 1
        await press_and_wait(pilot, "y", "Removed studio with 42 image records, no file", "travel")

    drive(scripted_app, script)
    assert [profile.name for profile in scripted_workspace.gallery.profiles()] == ["travel", "workshop"]
    assert sum(1 for path in output.rglob("*") if path.is_file()) == 42


def test_a_profile_at_work_is_not_removed(scripted_app: FlowimgApp, scripted: ScriptedService) -> None:
    scripted.pages_served = 1

    async def script(pilot: AppPilot) -> None:
        await pilot.press("s")
        await until(pilot, lambda: "18 pending" in text_of(pilot))
        await pilot.press("delete")
        await until(pilot, lambda: "Press x to stop it" in status_of(pilot))
        assert "Remove studio?" not in text_of(pilot)

    drive(scripted_app, script)


def test_the_last_profile_can_go_and_another_one_come(
    app: FlowimgApp, studio: ProfileRecord, demo: DemoService, clock: Clock
) -> None:
    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Synced 42 new")
        await pilot.press("delete")
        await until(pilot, lambda: f"Remove {studio.name}?" in text_of(pilot))
        clock.now += 1
        await press_and_wait(pilot, "y", "Removed studio", "Images  0")
        await pilot.press("n")
        await filled_in(pilot, "again", demo.google_cookie_header)
        await press_and_wait(pilot, "enter", "again has a live session", "Flow · google")
        await press_and_wait(pilot, "s", "Synced 42 new images, updated 0 existing, skipped 15 videos")

    drive(app, script)


def test_a_save_that_takes_long_is_not_given_up(
    empty_app: FlowimgApp, scripted: ScriptedService, workspace: Workspace
) -> None:
    scripted.account_waits = True

    async def script(pilot: AppPilot) -> None:
        await filled_in(pilot, "studio")
        await pilot.press("enter")
        await until(pilot, lambda: "Asking Flow" in text_of(pilot))
        # Longer than the field waits for more to be typed.
        await pilot.pause(0.5)
        scripted.answer_account.set()
        await press_and_wait(pilot, "shift", "studio has a live session")

    drive(empty_app, script)
    assert [profile.name for profile in workspace.gallery.profiles()] == ["studio"]


async def form_at_flow(pilot: AppPilot, scripted: ScriptedService, cookies: str) -> None:
    """Have the form ask Flow, which takes its time."""
    scripted.account_waits = True
    await pilot.press("e")
    await until(pilot, lambda: "Edit studio" in text_of(pilot))
    pilot.app.screen.query_one(PasteField).focus()
    pilot.app.post_message(events.Paste(cookies))
    await until(pilot, lambda: "kept" in text_of(pilot).lower())
    await pilot.press("ctrl+s")
    await until(pilot, lambda: "Asking Flow" in text_of(pilot))


def test_a_palette_above_the_form_closes_with_it(
    scripted_app: FlowimgApp, scripted: ScriptedService, demo: DemoService
) -> None:
    async def script(pilot: AppPilot) -> None:
        await form_at_flow(pilot, scripted, demo.cookie_header)
        await pilot.press("ctrl+p")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 3)
        scripted.answer_account.set()
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
        assert "studio has a live session" in status_of(pilot)
        await pilot.press("escape", "j")

    drive(scripted_app, script)


def test_a_profile_that_goes_while_its_form_is_open_is_gone(
    scripted_app: FlowimgApp, scripted_workspace: Workspace
) -> None:
    async def script(pilot: AppPilot) -> None:
        await pilot.press("e")
        await until(pilot, lambda: "Edit studio" in text_of(pilot))
        with Workspace(scripted_workspace.locations) as elsewhere:
            elsewhere.profiles.remove(elsewhere.gallery.profile("studio"))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "studio" not in text_of(pilot).splitlines()[0])
        await pilot.press("escape")
        await until(pilot, lambda: "travel" in text_of(pilot))

    drive(scripted_app, script)


def test_a_second_paste_takes_the_place_of_the_first(
    empty_app: FlowimgApp, environment: dict[str, str]
) -> None:
    async def script(pilot: AppPilot) -> None:
        await filled_in(pilot, "studio", "__Secure-next-auth.session-token=eyJ.an.older-one")
        await until(pilot, lambda: "49 characters" in text_of(pilot))
        await paste(pilot, CURL)
        await until(pilot, lambda: f"{len(CURL)} characters" in text_of(pilot))
        await press_and_wait(pilot, "enter", "studio has a live session")

    drive(empty_app, script)
    stored = (Path(environment["FLOWIMG_HOME"]) / "credentials" / "studio.json").read_text()
    assert SECRET in stored
    assert "older" not in stored


def test_a_folder_that_cannot_be_one_is_told_before_anything_is_kept(
    empty_app: FlowimgApp, workspace: Workspace
) -> None:
    async def script(pilot: AppPilot) -> None:
        await filled_in(pilot, "studio")
        folder_of(pilot).value = "~nobody-of-that-name/pictures"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "no home folder" in text_of(pilot))
        assert workspace.gallery.profiles() == []
        folder_of(pilot).value = ""
        await press_and_wait(pilot, "ctrl+s", "studio has a live session")

    drive(empty_app, script)


def test_the_form_says_why_it_is_needed(scripted_app: FlowimgApp, scripted: ScriptedService) -> None:
    scripted.troubles = [Moved("Flow's listing is retired.")]

    async def script(pilot: AppPilot) -> None:
        await press_and_wait(pilot, "s", "Moved: sign in at flow.google.com")
        await pilot.press("e")
        await opens(pilot, "Edit studio")
        await until(pilot, lambda: text_of(pilot).count("Moved: sign in at flow.google.com") == 2)

    drive(scripted_app, script, (80, 24))
