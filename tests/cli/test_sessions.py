"""The truth about a session: six states that say what to do, and a run whose session ends half-way."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from flowimg_tui.demo.service import DemoOptions, DemoService
from tests.cli.helpers import Answer, Installation, ScriptedFlow, nobody_there, recorded
from tests.conftest import SERVICES, cookies_of

GIVE_THEM = "flowimg profile edit NAME --cookies FILE"
COPY_ANEW = f"copy its cookies anew, and give them to the profile: key e in the app, or {GIVE_THEM}"


# Six states


@contextmanager
def live(flowimg: Installation, _demo: DemoService) -> Iterator[Installation]:
    yield flowimg


@contextmanager
def needs_refresh(flowimg: Installation, _demo: DemoService) -> Iterator[Installation]:
    with ScriptedFlow() as flow:
        flow.answers["/fx/api/auth/session"] = (200, recorded("session_expired.json"))
        yield flowimg.with_settings(**flow.settings)


@contextmanager
def signed_out(flowimg: Installation, demo: DemoService) -> Iterator[Installation]:
    demo.sign_out()
    demo.sign_out_google()
    yield flowimg


@contextmanager
def wrong_account(flowimg: Installation, demo: DemoService) -> Iterator[Installation]:
    demo.use_account("eve@example.com")
    yield flowimg


@contextmanager
def moved(flowimg: Installation, demo: DemoService) -> Iterator[Installation]:
    demo.move_account()
    yield flowimg


@contextmanager
def unreachable(flowimg: Installation, _demo: DemoService) -> Iterator[Installation]:
    yield flowimg.with_settings(**nobody_there())


State = Callable[[Installation, DemoService], AbstractContextManager[Installation]]

STATES = [
    ("labs", live, 0, "live", r"signed in as ada@example\.com, for 23 h unless it is used\."),
    ("google", live, 0, "live", r"signed in as ada@example\.com\. Flow does not say for how long\."),
    ("labs", needs_refresh, 3, "needs refresh", "Open Flow in the browser, which refreshes it; then copy"),
    ("labs", signed_out, 3, "signed out", re.escape(COPY_ANEW)),
    ("google", signed_out, 3, "signed out", re.escape(COPY_ANEW)),
    ("labs", wrong_account, 3, "wrong account", "that of eve@example.com; .* belongs to ada@example.com"),
    ("google", wrong_account, 3, "wrong account", "that of eve@example.com; .* belongs to ada@example.com"),
    ("labs", moved, 8, "moved", "moved Flow to https://flow.google.com .* signing in again .* does not help"),
    ("labs", unreachable, 1, "cannot tell", r"127\.0\.0\.1 cannot be reached.* Check the network"),
    ("google", unreachable, 1, "cannot tell", r"127\.0\.0\.1 cannot be reached.* Check the network"),
]


@pytest.mark.parametrize(
    ("service", "state", "code", "name", "advice"),
    STATES,
    ids=[f"{service}-{name}" for service, _, _, name, _ in STATES],
)
def test_check_tells_the_state_of_the_session_and_what_to_do(
    flowimg: Installation,
    demo: DemoService,
    service: str,
    state: State,
    code: int,
    name: str,
    advice: str,
) -> None:
    assert flowimg.add("studio", cookies_of(demo, service)).code == 0

    with state(flowimg, demo) as now:
        text, answer = (
            now.quick("profile", "check", "studio"),
            now.quick("profile", "check", "studio", "--json"),
        )

    assert (text.code, text.stdout) == (code, "")
    (line,) = text.stderr.splitlines()
    assert line.startswith(f"{name.capitalize()}: ")
    assert re.search(advice, line)
    assert (answer.code, answer.stderr) == (code, "")
    told = answer.json()
    assert (told["profile"], told["service"], told["state"]) == ("studio", service, name)
    assert told["message"].startswith(f"{name.capitalize()}: ")


def test_check_tells_in_json_whose_session_it_is_and_for_how_long(signed_in: Installation) -> None:
    answer = signed_in.quick("profile", "check", "studio", "--json").json()

    assert answer["account"] == "ada@example.com"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]+Z", answer["expires"])


def test_check_of_a_stranger_s_session_names_the_stranger_and_remembers_nothing(
    signed_in: Installation, demo: DemoService
) -> None:
    demo.use_account("eve@example.com")

    answer = signed_in.quick("profile", "check", "studio", "--json").json()

    assert answer["account"] == "eve@example.com"
    assert signed_in.profile()["account"] == "ada@example.com"


def test_check_of_a_profile_without_cookies_ends_with_3_and_what_to_do(signed_in: Installation) -> None:
    signed_in.credentials().unlink()

    answer = signed_in.quick("profile", "check", "studio")

    assert (answer.code, answer.stdout) == (3, "")
    assert "flowimg profile edit studio --cookies FILE" in answer.stderr


def test_check_keeps_the_cookies_that_flow_rotates(flowimg: Installation, demo: DemoService) -> None:
    assert flowimg.add("studio", demo.google_cookie_header).code == 0
    demo.rotate_psidts()

    assert flowimg.quick("profile", "check", "studio").code == 0

    demo.rotate_psidts()
    assert flowimg.quick("sync").code == 0


# Half-way


@pytest.fixture
def demo() -> Iterator[DemoService]:
    """A service with as many images as a run takes a while for."""
    with DemoService(DemoOptions(images=12)) as service:
        yield service


@pytest.fixture(params=SERVICES)
def half_way(request: pytest.FixtureRequest, flowimg: Installation, demo: DemoService) -> Installation:
    """An installation with the profile ``studio`` on either generation, and time between its pages."""
    assert flowimg.add("studio", cookies_of(demo, request.param)).code == 0
    return flowimg.with_settings(page_size="2", page_delay="1")


def end_session(demo: DemoService) -> None:
    demo.sign_out()
    demo.revoke_bearer()
    demo.sign_out_google()


def assert_ended(answer: Answer) -> None:
    assert answer.code == 3
    assert "Sign in to Flow in the browser" in answer.stderr
    assert "failed" not in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_sync_whose_session_ends_half_way_ends_with_3_and_keeps_its_pages(
    half_way: Installation, demo: DemoService
) -> None:
    with half_way.start("sync", "--jsonl") as running:
        running.wait_for('"event":"page_synced"')
        end_session(demo)
        answer = running.answer()

    assert_ended(answer)
    finish = answer.events()[-1]
    assert (finish["event"], finish["complete"]) == ("sync_finished", False)
    assert finish["error"] is not None
    assert "The sync is incomplete" in answer.stderr.splitlines()[-1]
    counts = half_way.counts()
    assert (counts["images"], counts["failed"]) == (finish["new"], 0)
    assert 0 < finish["new"] < 12


def test_a_download_whose_session_ends_half_way_ends_with_3_and_fails_no_image(
    half_way: Installation, demo: DemoService
) -> None:
    assert half_way.with_settings(page_delay="0").quick("sync").code == 0
    demo.options.rate = 60_000

    with half_way.start("download", "--jsonl", "--workers", "2") as running:
        running.wait_for('"event":"image_saved"')
        end_session(demo)
        demo.options.rate = None
        answer = running.answer()

    assert_ended(answer)
    finish = answer.events()[-1]
    assert (finish["event"], finish["failed"]) == ("download_finished", 0)
    assert 0 < finish["downloaded"] < 12
    assert finish["downloaded"] + finish["cancelled"] == 12
    counts = half_way.counts()
    assert (counts["images"], counts["downloaded"], counts["failed"]) == (12, finish["downloaded"], 0)
    assert len(half_way.files()) == finish["downloaded"]
