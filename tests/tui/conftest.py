"""An app over the demo service, and one over a service that stands still on request."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.css.types import CSSLocation

from flowimg_tui.config.locations import Locations
from flowimg_tui.demo.service import DemoService
from flowimg_tui.store.records import ProfileRecord
from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.tui.pictures import Drawn, Pictures, Wanted
from flowimg_tui.workspace import Workspace
from tests.conftest import WIRE
from tests.tui.rest import RestingLoop, at_rest
from tests.tui.scripted import Clock, ScriptedService


@pytest.fixture(autouse=True)
def _own_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the developer's colours out of the pictures."""
    for variable in ("NO_COLOR", "TEXTUAL_THEME"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture(autouse=True)
def _no_guess_when_it_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    """After each key Textual watches the processor for 40 ms and more; a loop can say that it rests."""
    monkeypatch.setattr("asyncio.events.new_event_loop", RestingLoop)
    for module in ("app", "pilot"):
        monkeypatch.setattr(f"textual.{module}.wait_for_idle", at_rest)


@pytest.fixture(scope="session", autouse=True)
def _each_style_is_parsed_once() -> Iterator[None]:
    """Keep the rules from one app to the next: each of them has the same."""
    true = Stylesheet._parse_rules
    kept: dict[object, list[RuleSet]] = {}

    def parsed(
        sheet: Stylesheet, css: str, read_from: CSSLocation, *more: Any, **named: Any
    ) -> list[RuleSet]:
        key = (css, read_from, more, *named.items(), frozenset(sheet._variables.items()))
        if key not in kept:
            kept[key] = true(sheet, css, read_from, *more, **named)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parsed)
        yield


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(workspace: Workspace, studio: ProfileRecord, clock: Clock) -> FlowimgApp:
    """The app over the demo service, with one profile."""
    del studio
    return still(FlowimgApp(workspace, clock=clock))


@pytest.fixture
def scripted(demo: DemoService) -> ScriptedService:
    return ScriptedService(WIRE, demo)


@pytest.fixture
def page_delay() -> str:
    """Seconds between two pages of the scripted service; a test that wants to see them overrides this."""
    return "0"


@pytest.fixture
def scripted_workspace(
    environment: dict[str, str], scripted: ScriptedService, demo: DemoService, page_delay: str
) -> Iterator[Workspace]:
    """An installation whose pictures go to folders that do not depend on today, with three profiles."""
    environment = {**environment, "FLOWIMG_FOLDER_DATE": "created", "FLOWIMG_PAGE_DELAY": page_delay}
    locations = Locations.from_environment(environment)
    with Workspace(locations, environment=environment, service=scripted.factory) as opened:
        for name in ("studio", "travel", "workshop"):
            opened.profiles.add(name, opened.profiles.read_cookies(name, demo.cookie_header))
        yield opened


@pytest.fixture
def scripted_app(scripted_workspace: Workspace, clock: Clock) -> FlowimgApp:
    return still(FlowimgApp(scripted_workspace, clock=clock))


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Where the pictures of the demo environment go."""
    return tmp_path / "pictures"


def still(app: FlowimgApp) -> FlowimgApp:
    app.animation_level = "none"
    return app


@pytest.fixture
def database(environment: dict[str, str], studio: ProfileRecord) -> Path:
    """The database with its one profile and no image."""
    del studio
    return Path(environment["FLOWIMG_HOME"]) / "gallery.db"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Path | None]:
    """Of which files a picture was asked for, in their order."""
    paths: list[Path | None] = []
    true = Pictures.draw

    def draw(pictures: Pictures, wanted: Wanted, cancelled: Callable[[], bool]) -> Drawn:
        paths.append(wanted.path)
        return true(pictures, wanted, cancelled)

    monkeypatch.setattr(Pictures, "draw", draw)
    return paths
