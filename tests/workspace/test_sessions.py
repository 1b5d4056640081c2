"""Sessions that end, and cookies that change, while a run works: it pauses, goes on, and nothing fails."""

import shlex
import stat
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from flowimg_tui.config.locations import Locations
from flowimg_tui.demo.service import DemoService
from flowimg_tui.flow.errors import FlowError, SignedOut, WrongAccount
from flowimg_tui.mirror.events import (
    DownloadFinished,
    ImageFailed,
    ImageSaved,
    PageSynced,
    SessionEnded,
    SessionRenewed,
    SyncFinished,
)
from flowimg_tui.mirror.progress import ProgressBoard
from flowimg_tui.mirror.stop import Stop
from flowimg_tui.store.records import Counts, ProfileRecord
from flowimg_tui.workspace import CredentialsUnusable, Workspace
from tests.conftest import SERVICES, add_profile, cookies_of, give_cookies
from tests.mirror.helpers import of_kind, only
from tests.workspace.helpers import downloaded, run, synced

IMAGES = 12
DEAD = "__Secure-next-auth.session-token=dead"


def end_session(demo: DemoService) -> None:
    """End all that the browser's cookies and what was made from them open, in both generations."""
    demo.sign_out()
    demo.revoke_bearer()
    demo.sign_out_google()


@pytest.fixture
def images() -> int:
    return IMAGES


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """Pages so small that the listing has several."""
    return {**environment, "FLOWIMG_PAGE_SIZE": "5"}


@pytest.fixture
def demo(demo: DemoService) -> DemoService:
    """Slow enough for something to be told while the rest is still to come."""
    demo.options.latency = 0.03
    return demo


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def profile(workspace: Workspace, demo: DemoService, service: str) -> ProfileRecord:
    """A profile of either generation that is signed in."""
    return add_profile(workspace, "studio", cookies_of(demo, service), account=demo.account)


@pytest.fixture
def google(workspace: Workspace, demo: DemoService) -> ProfileRecord:
    return add_profile(workspace, "studio", demo.google_cookie_header, account=demo.account)


@pytest.fixture
def credentials(environment: dict[str, str]) -> Path:
    """The file of the profile's cookies."""
    return Locations.from_environment(environment).credentials / "studio.json"


def kept(file: Path) -> dict[str, str]:
    """Return the cookies in a file of credentials."""
    stored: dict[str, dict[str, str]] = msgspec.json.decode(file.read_bytes())
    return stored["cookies"]


def in_browser(header: str) -> dict[str, str]:
    """Return the cookies of a Cookie header."""
    return dict(cookie.split("=", 1) for cookie in header.split("; "))


class HalfWay:
    """Watches a run: does one thing half-way, and answers each pause with the next thing of a list."""

    def __init__(self, half_way: Callable[[], object], *answers: Callable[[], object]) -> None:
        self._half_way = half_way
        self._answers = list(answers)
        self._done = False

    def __call__(self, event: object) -> None:
        if isinstance(event, PageSynced | ImageSaved) and not self._done:
            self._done = True
            self._half_way()
        elif isinstance(event, SessionEnded):
            self._answers.pop(0)()


Action = Callable[..., AsyncIterator[Any]]


def sync_of(workspace: Workspace, profile: ProfileRecord, *, wait: bool, stop: Stop) -> AsyncIterator[Any]:
    return workspace.sync(profile, stop, wait_for_cookies=wait)


def download_of(
    workspace: Workspace, profile: ProfileRecord, *, wait: bool, stop: Stop
) -> AsyncIterator[Any]:
    synced(workspace, profile)
    return workspace.download(profile, stop, ProgressBoard(), wait_for_cookies=wait)


both_actions = pytest.mark.parametrize("action", [sync_of, download_of], ids=["sync", "download"])


def worked(
    action: Action,
    workspace: Workspace,
    profile: ProfileRecord,
    half: HalfWay,
    *,
    wait: bool = True,
    stop: Stop | None = None,
) -> list[Any]:
    return run(action(workspace, profile, wait=wait, stop=stop or Stop()), half)


def assert_complete(workspace: Workspace, profile: ProfileRecord, events: list[Any]) -> None:
    """Every image came in, or came to its file, and nothing failed on the way."""
    (finished,) = of_kind(events, SyncFinished) + of_kind(events, DownloadFinished)
    assert finished.error is None
    assert workspace.gallery.counts(profile.id).images == IMAGES
    if isinstance(finished, DownloadFinished):
        assert (finished.downloaded, finished.failed, finished.cancelled) == (IMAGES, 0, 0)
    else:
        assert (finished.complete, finished.new) == (True, IMAGES)


def assert_ended_without_failures(workspace: Workspace, profile: ProfileRecord, events: list[Any]) -> Any:
    """Return why the run ended; what it had not done is still to do."""
    (finished,) = of_kind(events, SyncFinished) + of_kind(events, DownloadFinished)
    assert of_kind(events, ImageFailed) == []
    counts = workspace.gallery.counts(profile.id)
    assert counts.failed == 0
    if isinstance(finished, DownloadFinished):
        assert 0 < finished.downloaded < IMAGES
        assert finished.downloaded + finished.cancelled == IMAGES
        assert counts == Counts(IMAGES, finished.downloaded, finished.cancelled, 0)
    else:
        assert not finished.complete
        assert 0 < counts.images < IMAGES
    return finished.error


# A session that ends on the way


@both_actions
def test_a_session_that_ends_half_way_ends_a_run_that_nobody_can_help(
    workspace: Workspace, profile: ProfileRecord, demo: DemoService, service: str, action: Action
) -> None:
    half = HalfWay(lambda: end_session(demo))

    events = worked(action, workspace, profile, half, wait=False)

    assert isinstance(assert_ended_without_failures(workspace, profile, events), SignedOut)
    give_cookies(workspace, "studio", cookies_of(demo, service))
    assert synced(workspace, profile).complete
    downloaded(workspace, profile)
    assert workspace.gallery.counts(profile.id) == Counts(IMAGES, IMAGES, 0, 0)


@both_actions
@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "by another process"])
def test_a_run_that_paused_goes_on_when_new_cookies_are_given(
    workspace: Workspace,
    profile: ProfileRecord,
    demo: DemoService,
    service: str,
    environment: dict[str, str],
    action: Action,
    elsewhere: bool,
) -> None:
    def give() -> None:
        if not elsewhere:
            give_cookies(workspace, "studio", cookies_of(demo, service))
            return
        # Another workspace knows as little of this run as another process does.
        with Workspace(Locations.from_environment(environment), environment=environment) as other:
            give_cookies(other, "studio", cookies_of(demo, service))

    events = worked(action, workspace, profile, HalfWay(lambda: end_session(demo), give))

    assert_complete(workspace, profile, events)
    assert isinstance(only(events, SessionEnded).error, SignedOut)
    ended, renewed = events.index(only(events, SessionEnded)), events.index(only(events, SessionRenewed))
    assert ended < renewed


@both_actions
def test_new_cookies_that_are_dead_as_well_are_told_and_the_run_goes_on_waiting(
    workspace: Workspace, studio: ProfileRecord, demo: DemoService, action: Action
) -> None:
    half = HalfWay(
        lambda: end_session(demo),
        lambda: give_cookies(workspace, "studio", DEAD),
        lambda: give_cookies(workspace, "studio", demo.cookie_header),
    )

    events = worked(action, workspace, studio, half)

    assert_complete(workspace, studio, events)
    assert len(of_kind(events, SessionEnded)) == 2
    assert len(of_kind(events, SessionRenewed)) == 1


@both_actions
def test_cookies_of_another_account_end_the_paused_run_and_bring_nothing_of_it(
    workspace: Workspace, profile: ProfileRecord, demo: DemoService, service: str, action: Action
) -> None:
    def end() -> None:
        end_session(demo)
        demo.use_account("eve@example.com")

    events = worked(
        action,
        workspace,
        profile,
        HalfWay(end, lambda: give_cookies(workspace, "studio", cookies_of(demo, service))),
    )

    error = assert_ended_without_failures(workspace, profile, events)
    assert isinstance(error, WrongAccount)
    assert "eve@example.com" in str(error)
    assert workspace.profiles.named("studio").account == "ada@example.com"


@both_actions
def test_cookies_of_the_other_generation_end_the_paused_run_and_a_new_one_finds_everything(
    workspace: Workspace, studio: ProfileRecord, demo: DemoService, action: Action
) -> None:
    half = HalfWay(
        lambda: end_session(demo), lambda: give_cookies(workspace, "studio", demo.google_cookie_header)
    )

    events = worked(action, workspace, studio, half)

    error = assert_ended_without_failures(workspace, studio, events)
    assert isinstance(error, FlowError)
    assert "studio is on flow.google.com now. Sync it" in str(error)
    moved = workspace.profiles.named("studio")
    assert synced(workspace, moved).complete
    downloaded(workspace, moved)
    assert workspace.gallery.counts(moved.id) == Counts(IMAGES, IMAGES, 0, 0)


@both_actions
def test_a_paused_run_can_be_stopped(
    workspace: Workspace, profile: ProfileRecord, demo: DemoService, action: Action
) -> None:
    stop = Stop()

    events = worked(action, workspace, profile, HalfWay(lambda: end_session(demo), stop.ask), stop=stop)

    assert assert_ended_without_failures(workspace, profile, events) is None


def test_a_run_whose_cookies_a_command_gives_asks_it_again(
    environment: dict[str, str], demo: DemoService, tmp_path: Path, credentials: Path
) -> None:
    told = tmp_path / "told"
    told.write_text(demo.cookie_header, "utf-8")
    program = [sys.executable, "-S", "-c", "import sys; print(open(sys.argv[1]).read())", str(told)]
    environment["FLOWIMG_COOKIE_COMMAND"] = shlex.join(program)

    def sign_in_again() -> None:
        told.write_text(demo.cookie_header, "utf-8")
        give_cookies(workspace, "studio", demo.cookie_header)

    with Workspace(Locations.from_environment(environment), environment=environment) as workspace:
        profile = add_profile(workspace, "studio", demo.cookie_header)
        events = worked(sync_of, workspace, profile, HalfWay(lambda: end_session(demo), sign_in_again))
        assert_complete(workspace, profile, events)
    assert len(of_kind(events, SessionRenewed)) == 1
    assert not credentials.exists()


# Cookies that the service rotates


@both_actions
def test_a_run_goes_on_with_rotated_cookies_and_they_are_kept(
    workspace: Workspace, google: ProfileRecord, demo: DemoService, credentials: Path, action: Action
) -> None:
    before = kept(credentials)

    events = worked(action, workspace, google, HalfWay(demo.rotate_psidts), wait=False)

    assert_complete(workspace, google, events)
    after = kept(credentials)
    assert after.items() <= in_browser(demo.google_cookie_header).items()
    assert {name for name in after if after[name] != before[name]} == {
        "__Secure-1PSIDTS",
        "__Secure-3PSIDTS",
    }
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600
    assert synced(workspace, google).complete


@both_actions
def test_a_stamp_that_the_page_does_not_renew_ends_the_session_and_changes_no_cookie(
    workspace: Workspace, google: ProfileRecord, demo: DemoService, credentials: Path, action: Action
) -> None:
    before = credentials.read_bytes()

    events = worked(
        action, workspace, google, HalfWay(lambda: demo.rotate_psidts(page_renews=False)), wait=False
    )

    assert isinstance(assert_ended_without_failures(workspace, google, events), SignedOut)
    assert credentials.read_bytes() == before


def test_cookies_that_the_user_gave_meanwhile_are_not_overwritten_by_a_rotation_of_the_old_ones(
    workspace: Workspace, google: ProfileRecord, demo: DemoService, credentials: Path
) -> None:
    def give_others_and_rotate() -> None:
        # The same session as another browser knows it: it opens as much, but is not what the run has read.
        others = demo.google_cookie_header.replace("SID=", "SID=another-", 1)
        give_cookies(workspace, "studio", others)
        given.update(kept(credentials))
        demo.rotate_psidts()

    given: dict[str, str] = {}
    events = worked(sync_of, workspace, google, HalfWay(give_others_and_rotate), wait=False)

    assert_complete(workspace, google, events)
    assert kept(credentials) == given


def test_what_a_command_gives_is_not_written_when_the_service_rotates_it(
    environment: dict[str, str], demo: DemoService, credentials: Path
) -> None:
    program = [sys.executable, "-S", "-c", "import sys; print(sys.argv[1])", demo.google_cookie_header]
    environment["FLOWIMG_COOKIE_COMMAND"] = shlex.join(program)
    with Workspace(Locations.from_environment(environment), environment=environment) as workspace:
        profile = add_profile(workspace, "studio", demo.google_cookie_header)
        events = worked(sync_of, workspace, profile, HalfWay(demo.rotate_psidts), wait=False)
        assert_complete(workspace, profile, events)
    assert not credentials.exists()


# Cookies of one generation, and a setting that names the other


@pytest.mark.parametrize(("named", "held"), [("google", "labs"), ("labs", "google")])
def test_cookies_of_one_generation_are_not_sent_to_the_other_that_a_setting_names(
    workspace: Workspace, environment: dict[str, str], demo: DemoService, named: str, held: str
) -> None:
    profile = add_profile(workspace, "studio", cookies_of(demo, held))
    set_otherwise = {**environment, "FLOWIMG_SERVICE": named}
    with Workspace(Locations.from_environment(environment), environment=set_otherwise) as other:
        for action in (synced, downloaded):
            with pytest.raises(
                CredentialsUnusable, match=r"labs\.google.*flow\.google\.com|flow.*labs\.google"
            ):
                action(other, profile)
    assert demo.requests == []
