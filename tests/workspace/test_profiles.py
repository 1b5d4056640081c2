"""Whose galleries are mirrored: adding and removing profiles, and what they are made of."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flowimg_tui.config.locations import Locations
from flowimg_tui.demo.service import DemoService
from flowimg_tui.mirror.events import RecordsDeleted
from flowimg_tui.store.records import ProfileRecord
from flowimg_tui.workspace import CredentialsUnusable, UnknownProfile, Workspace, WorkspaceError
from tests.conftest import add_profile, give_cookies
from tests.workspace.helpers import all_files, downloaded, few, refreshed, synced


def test_an_unknown_profile_is_refused_with_those_there_are(
    workspace: Workspace, studio: ProfileRecord, demo: DemoService
) -> None:
    add_profile(workspace, "home", demo.cookie_header)
    assert workspace.profiles.named("studio") == studio
    with pytest.raises(UnknownProfile, match=r"no profile stdio\. There are: home, studio\."):
        workspace.profiles.named("stdio")


def test_without_any_profile_the_way_to_add_one_is_told(workspace: Workspace) -> None:
    with pytest.raises(UnknownProfile, match="flowimg profile add NAME --cookies FILE"):
        workspace.profiles.named("studio")


def test_a_hostile_profile_name_is_made_harmless_in_the_message(workspace: Workspace) -> None:
    with pytest.raises(UnknownProfile) as refusal:
        workspace.profiles.named("\x1b]52;c;eA==\x07" + "x" * 500)
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 200


def test_a_profile_is_added_once_and_the_second_try_changes_nothing(
    workspace: Workspace, studio: ProfileRecord
) -> None:
    with pytest.raises(WorkspaceError, match="already a profile studio"):
        add_profile(workspace, "studio", "__Secure-next-auth.session-token=another")
    assert workspace.gallery.profiles() == [studio]
    assert synced(workspace, studio).complete


@pytest.mark.parametrize("name", ["", "../x", "a b", "x" * 41])
def test_a_name_that_cannot_be_a_profile_s_is_refused(
    workspace: Workspace, demo: DemoService, name: str
) -> None:
    with pytest.raises(WorkspaceError, match="1 to 40 letters"):
        add_profile(workspace, name, demo.cookie_header)
    assert workspace.gallery.profiles() == []


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        ("", "session-token of labs.google"),
        ("canary", "session-token of labs.google"),
        ("SID=canary; HSID=canary", "__Secure-1PSID or OSID of flow.google.com is missing"),
    ],
)
def test_cookies_without_a_session_are_refused_and_not_quoted(
    workspace: Workspace, header: str, missing: str
) -> None:
    with pytest.raises(WorkspaceError, match=missing) as refusal:
        add_profile(workspace, "studio", header)
    assert "canary" not in str(refusal.value)
    assert workspace.gallery.profiles() == []


def test_a_profile_whose_cookies_cannot_be_kept_is_not_added(
    workspace: Workspace, environment: dict[str, str], demo: DemoService
) -> None:
    Locations.from_environment(environment).credentials.mkdir(mode=0o755)
    with pytest.raises(WorkspaceError, match="chmod 700"):
        add_profile(workspace, "studio", demo.cookie_header)
    assert workspace.gallery.profiles() == []


def test_cookies_that_cannot_be_kept_change_nothing(
    workspace: Workspace, studio: ProfileRecord, environment: dict[str, str], demo: DemoService
) -> None:
    credentials = Locations.from_environment(environment).credentials
    credentials.chmod(0o755)
    given = workspace.profiles.read_cookies("studio", demo.google_cookie_header)
    with pytest.raises(WorkspaceError, match="chmod 700"):
        workspace.profiles.replace_cookies(studio, given, account="eve@example.com")
    credentials.chmod(0o700)
    assert workspace.profiles.named("studio") == studio
    assert synced(workspace, studio).complete


def test_a_profile_s_own_output_folder_is_used(
    environment: dict[str, str], demo: DemoService, tmp_path: Path
) -> None:
    del environment["FLOWIMG_OUTPUT"]
    with Workspace(Locations.from_environment(environment), environment=environment) as workspace:
        own = add_profile(workspace, "studio", demo.cookie_header, str(tmp_path / "own"))
        usual = add_profile(workspace, "usual", demo.cookie_header)
        assert workspace.output_folder(own) == tmp_path / "own"
        assert workspace.output_folder(usual) == Path.home() / "Pictures" / "flowimg" / "usual"


@pytest.mark.parametrize("folder", ["a\tb", "~nobody-of-that-name/x"])
def test_a_profile_with_a_folder_that_cannot_be_is_not_added(
    workspace: Workspace, environment: dict[str, str], demo: DemoService, folder: str
) -> None:
    with pytest.raises(WorkspaceError, match="The folder for the pictures"):
        add_profile(workspace, "studio", demo.cookie_header, folder)
    assert workspace.gallery.profiles() == []
    assert not Locations.from_environment(environment).credentials.exists()


def test_an_account_that_is_to_be_forgotten_is_learned_anew(
    workspace: Workspace, studio: ProfileRecord, demo: DemoService
) -> None:
    synced(workspace, studio)
    given = workspace.profiles.read_cookies("studio", demo.cookie_header)
    assert workspace.profiles.replace_cookies(studio, given).account == demo.account
    assert workspace.profiles.replace_cookies(studio, given, forget_account=True).account is None
    demo.use_account("eve@example.com")
    assert synced(workspace, studio).complete
    assert workspace.profiles.named("studio").account == "eve@example.com"


@few
def test_removing_a_profile_keeps_its_files_and_takes_the_rest(
    workspace: Workspace, studio: ProfileRecord, environment: dict[str, str]
) -> None:
    synced(workspace, studio)
    downloaded(workspace, studio)
    files = all_files(workspace.output_folder(studio))
    assert len(files) == 12
    assert workspace.profiles.remove(studio) == 12
    assert workspace.gallery.profiles() == []
    assert all_files(workspace.output_folder(studio)) == files
    assert list(Locations.from_environment(environment).credentials.iterdir()) == []


# Edited meanwhile, by another process


@pytest.fixture
def other(workspace: Workspace, environment: dict[str, str]) -> Iterator[Workspace]:
    """The same installation, opened once more: it knows as little of the first as another process does."""
    del workspace
    with Workspace(Locations.from_environment(environment), environment=environment) as opened:
        yield opened


@pytest.fixture
def without_folder(environment: dict[str, str]) -> None:
    """No setting says where the pictures go: a profile's own folder holds."""
    del environment["FLOWIMG_OUTPUT"]


@few
@pytest.mark.usefixtures("without_folder")
def test_a_folder_that_another_process_has_set_is_that_of_the_next_run(
    other: Workspace, workspace: Workspace, studio: ProfileRecord, tmp_path: Path
) -> None:
    synced(workspace, studio)
    other.profiles.set_output(other.profiles.named("studio"), str(tmp_path / "elsewhere"))
    assert downloaded(workspace, studio).downloaded == 12
    assert len(all_files(tmp_path / "elsewhere")) == 12


@few
def test_the_generation_of_cookies_that_another_process_gave_is_that_of_the_next_run(
    other: Workspace, workspace: Workspace, studio: ProfileRecord, demo: DemoService
) -> None:
    give_cookies(other, "studio", demo.google_cookie_header)
    assert synced(workspace, studio).new == 12
    assert downloaded(workspace, studio).downloaded == 12
    assert "/fx/api/auth/session" not in {ask.raw_path for ask in demo.requests}


@pytest.mark.parametrize("action", [synced, downloaded, refreshed])
def test_a_profile_that_another_process_removed_is_unknown_to_the_next_run(
    other: Workspace,
    workspace: Workspace,
    studio: ProfileRecord,
    action: Callable[[Workspace, ProfileRecord], object],
) -> None:
    other.profiles.remove(other.profiles.named("studio"))
    with pytest.raises(UnknownProfile, match="no profile studio"):
        action(workspace, studio)


def test_a_run_without_usable_cookies_says_what_to_do(
    workspace: Workspace, studio: ProfileRecord, environment: dict[str, str], demo: DemoService
) -> None:
    cookies = Locations.from_environment(environment).credentials / "studio.json"
    cookies.chmod(0o644)
    with pytest.raises(CredentialsUnusable, match="chmod 600"):
        synced(workspace, studio)
    cookies.unlink()
    with pytest.raises(CredentialsUnusable, match="flowimg profile edit studio"):
        downloaded(workspace, studio)
    assert demo.requests == []
    # The lock was given back.
    assert refreshed(workspace, studio) == [RecordsDeleted(0)]
