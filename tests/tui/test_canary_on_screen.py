"""Canary secrets in the app: pasted, sent and quoted, none of them is ever on the screen or left behind."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Checkbox
from textual.worker import WorkerFailed

from flowimg_tui.config.locations import Locations
from flowimg_tui.demo.home import demo_environment
from flowimg_tui.demo.service import DemoOptions, DemoService
from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.tui.widgets.paste_field import PasteField
from flowimg_tui.workspace import ServiceFactory, Workspace
from flowimg_tui.workspace.access import flow_service
from tests.canary import Between, Watched
from tests.canary_services import ECHOES, PLACES, quoting, service_with_a_bug
from tests.conftest import SERVICES, cookies_of
from tests.tui.conftest import still
from tests.tui.driving import AppPilot, app_of, drive, press_and_wait, status_of, text_of, type_in, until

IMAGES = 3
QUICK = {"page_delay": "0", "retry_base": "0", "retries": "2", "page_size": "2", "log_level": "debug"}


@pytest.fixture
def demo() -> Iterator[DemoService]:
    with DemoService(DemoOptions(images=IMAGES)) as service:
        yield service


@pytest.fixture
def between(demo: DemoService) -> Iterator[Between]:
    with Between(demo) as opened:
        yield opened


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    generation: str = request.param
    return generation


@pytest.fixture
def cookies(demo: DemoService, service: str) -> str:
    """The Cookie header of a browser that is signed in."""
    return cookies_of(demo, service)


@pytest.fixture
def flowimg(between: Between, tmp_path: Path) -> Watched:
    here = tmp_path / "here"
    here.mkdir()
    return Watched(demo_environment(between.demo, here), here).with_settings(**between.settings, **QUICK)


Opened = Callable[[ServiceFactory], FlowimgApp]


@pytest.fixture
def opened(flowimg: Watched) -> Iterator[Opened]:
    """Open the app on the installation."""
    workspaces: list[Workspace] = []

    def app(service: ServiceFactory = flow_service) -> FlowimgApp:
        locations = Locations.from_environment(flowimg.environment)
        workspaces.append(Workspace(locations, environment=flowimg.environment, service=service))
        return still(FlowimgApp(workspaces[-1]))

    yield app
    for workspace in workspaces:
        workspace.close()


def looked_at(flowimg: Watched, pilot: AppPilot) -> None:
    """Keep what the screen shows now, as text and as the picture that the app can save."""
    flowimg.keep("the screen", text_of(pilot))
    flowimg.keep("its picture", pilot.app.export_screenshot())


async def shows(flowimg: Watched, pilot: AppPilot, *words: str) -> None:
    """Wait for the words, and look at the screen that they stand on."""
    await until(pilot, lambda: all(word in text_of(pilot).replace("\n", " ") for word in words))
    looked_at(flowimg, pilot)


async def pasted(flowimg: Watched, pilot: AppPilot, text: str, told: str) -> None:
    pilot.app.screen.query_one(PasteField).focus()
    await pilot.press("backspace")
    pilot.app.post_message(events.Paste(text))
    await shows(flowimg, pilot, "none of them shown", told)


async def added(flowimg: Watched, pilot: AppPilot, cookies: str) -> None:
    await shows(flowimg, pilot, "New profile")
    await type_in(pilot, "studio\n")
    await pasted(flowimg, pilot, f"Cookie: _ga=GA1; {cookies}", "Cookie header: kept")
    await pilot.press("enter")
    await shows(flowimg, pilot, "studio has a live session")


def test_a_day_in_the_app_shows_no_secret(
    opened: Opened, flowimg: Watched, between: Between, demo: DemoService, cookies: str, service: str
) -> None:
    stranger = cookies_of(DemoService(), service)
    half = cookies[len(cookies) // 2 :]

    async def script(pilot: AppPilot) -> None:
        await shows(flowimg, pilot, "New profile")
        await type_in(pilot, "studio\n")
        await pasted(flowimg, pilot, half.replace("=", "-"), "This looks like")
        await pasted(flowimg, pilot, stranger, "Cookie header: kept")
        await pilot.click("#form-check")
        await shows(flowimg, pilot, "Signed out: ")
        await pasted(flowimg, pilot, cookies, "Cookie header: kept")
        await pilot.press("enter")
        await shows(flowimg, pilot, "studio has a live session")
        await press_and_wait(pilot, "s", f"Synced {IMAGES} new images")
        await press_and_wait(pilot, "d", f"Downloaded {IMAGES} of {IMAGES} images")
        looked_at(flowimg, pilot)

        demo.sign_out()
        demo.sign_out_google()
        demo.use_account("eve@example.com")
        await pilot.press("s")
        await until(pilot, lambda: "Signed out" in status_of(pilot) or "signed out" in status_of(pilot))
        await pilot.press("e")
        await shows(flowimg, pilot, "Edit studio")
        await pasted(flowimg, pilot, cookies_of(demo, service), "Cookie header: kept")
        await pilot.press("enter")
        await shows(flowimg, pilot, "Wrong account: ")
        await until(pilot, lambda: pilot.app.screen.query_one(Checkbox).region.height == 1)
        await pilot.click(Checkbox)
        await pilot.press("ctrl+s")
        await shows(flowimg, pilot, "studio has a live session", "eve@example.com")
        await pilot.press("question_mark")
        await pilot.pause()
        looked_at(flowimg, pilot)

    drive(opened(flow_service), script)
    canaries = between.canaries(cookies, stranger, cookies_of(demo, service))
    assert canaries.found_among(flowimg.places()) == {}


@pytest.mark.parametrize("echo", ["no JSON", "status line"])
def test_a_service_that_quotes_the_request_is_not_quoted_on_the_screen(
    opened: Opened, flowimg: Watched, between: Between, cookies: str, service: str, echo: str
) -> None:
    async def script(pilot: AppPilot) -> None:
        await added(flowimg, pilot, cookies)
        await press_and_wait(pilot, "s", f"Synced {IMAGES} new images")
        for place in PLACES[service]:
            between.scripts = {place: quoting(ECHOES[echo])}
            for key in ("d", "s"):
                await pilot.press(key)
                await until(pilot, lambda: not app_of(pilot).runs)
                looked_at(flowimg, pilot)

    drive(opened(flow_service), script)
    assert between.canaries(cookies).found_among(flowimg.places()) == {}


@pytest.mark.parametrize("moment", ["before", "in the answer"])
def test_a_bug_in_a_run_shows_no_secret(
    opened: Opened, flowimg: Watched, between: Between, cookies: str, service: str, moment: str
) -> None:
    assert flowimg.add("studio", cookies).code == 0

    async def script(pilot: AppPilot) -> None:
        await pilot.press("s")
        await shows(flowimg, pilot, "An unexpected error ended it; the log tells more.")

    drive(opened(partial(service_with_a_bug, PLACES[service][1], moment)), script)
    assert "a bug" in flowimg.log()
    assert between.canaries(cookies).found_among(flowimg.places()) == {}


def test_a_bug_behind_the_form_ends_the_app_and_shows_no_secret(
    opened: Opened,
    flowimg: Watched,
    between: Between,
    cookies: str,
    service: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    async def script(pilot: AppPilot) -> None:
        await shows(flowimg, pilot, "New profile")
        await type_in(pilot, "studio\n")
        await pasted(flowimg, pilot, cookies, "Cookie header: kept")
        await pilot.press("enter")
        await until(pilot, lambda: "Unexpected error on the screen" in flowimg.log())

    with pytest.raises(WorkerFailed, match="a bug"):
        drive(opened(partial(service_with_a_bug, PLACES[service][0], "before")), script)
    flowimg.keep("the terminal", "".join(capfd.readouterr()))
    assert between.canaries(cookies).found_among(flowimg.places()) == {}
