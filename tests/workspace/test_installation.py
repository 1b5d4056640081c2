"""What keeps an installation from opening, and where its secrets are."""

import re

import pytest

from flowimg_tui.config.locations import Locations
from flowimg_tui.demo.service import DemoService
from flowimg_tui.mirror.progress import ProgressBoard
from flowimg_tui.mirror.stop import Stop
from flowimg_tui.workspace import Workspace, WorkspaceError
from tests.conftest import add_profile
from tests.workspace.helpers import all_files, few, run, synced


def test_settings_that_cannot_be_used_are_refused_when_it_opens(environment: dict[str, str]) -> None:
    environment["FLOWIMG_WORKERS"] = "99"
    with pytest.raises(WorkspaceError, match="FLOWIMG_WORKERS: must be a whole number from 1 to 16"):
        Workspace(Locations.from_environment(environment), environment=environment)


def test_a_database_that_cannot_be_used_is_refused_by_its_path(environment: dict[str, str]) -> None:
    locations = Locations.from_environment(environment)
    locations.database.mkdir(parents=True)
    with pytest.raises(WorkspaceError, match=re.escape(str(locations.database))):
        Workspace(locations, environment=environment)


def test_a_log_that_cannot_be_written_is_refused_by_its_path(environment: dict[str, str]) -> None:
    locations = Locations.from_environment(environment)
    locations.log.mkdir(parents=True)
    with pytest.raises(WorkspaceError, match=re.escape(str(locations.log))):
        Workspace(locations, environment=environment)


@pytest.mark.parametrize("url", ["https://h\n/fx", "https://h/\x7f"])
def test_a_url_that_cannot_be_asked_is_refused_before_a_run(
    environment: dict[str, str], demo: DemoService, url: str
) -> None:
    environment["FLOWIMG_LABS_URL"] = url
    with (
        pytest.raises(WorkspaceError),
        Workspace(Locations.from_environment(environment), environment=environment) as workspace,
    ):
        synced(
            workspace,
            add_profile(workspace, "studio", demo.cookie_header),
        )


@few
def test_the_cookies_are_in_the_credentials_and_nowhere_else(
    environment: dict[str, str], demo: DemoService, capfd: pytest.CaptureFixture[str]
) -> None:
    environment |= {"FLOWIMG_LOG_LEVEL": "debug", "FLOWIMG_PAGE_SIZE": "5"}
    locations = Locations.from_environment(environment)
    session = demo.cookie_header.partition("=")[2]
    header = f"SID=canary-sid; {demo.cookie_header}; other=canary-other"
    shown: list[str] = []
    with Workspace(locations, environment=environment) as workspace:
        profile = add_profile(workspace, "studio", header)
        for action in (
            workspace.sync(profile, Stop()),
            workspace.download(profile, Stop(), ProgressBoard()),
            workspace.refresh(profile, Stop()),
        ):
            shown += map(repr, run(action))
        demo.sign_out()
        shown += map(repr, run(workspace.sync(profile, Stop())))
        shown += [repr(workspace), repr(workspace.profiles.named("studio")), repr(vars(workspace))]
    holders = {
        path.name
        for path in locations.config.parent.rglob("*")
        if path.is_file() and session.encode() in path.read_bytes()
    }
    assert holders == {"studio.json"}
    everything = b"".join(all_files(locations.config.parent).values()) + "".join(shown).encode()
    assert b"canary-sid" not in everything
    assert b"canary-other" not in everything
    assert session not in "".join(shown)
    log = locations.log.read_text("utf-8")
    assert "ya29." not in log
    assert "Signature=" not in log.replace("Signature=•••", "")
    cursors = [demo.gallery.page(None, size)[1] for size in (5, 10)]
    assert "Total pages processed: 3" in log
    assert not [cursor for cursor in cursors if cursor is None or cursor in log]
    assert capfd.readouterr() == ("", "")
