"""Whose session a run works with, and how it waits for another one when that ends."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import pytest

from flowimg_tui.flow.errors import FlowError, Moved, NeedsRefresh, SignedOut, Unreachable, WrongAccount
from flowimg_tui.flow.service import Account, Media
from flowimg_tui.mirror.events import (
    DownloadFinished,
    ImageFailed,
    ImageSaved,
    MirrorEvent,
    PageDelayed,
    PageRetry,
    PageSynced,
    SessionEnded,
    SessionEvent,
    SessionRenewed,
    SignedIn,
    SyncFinished,
    SyncStarted,
)
from flowimg_tui.mirror.progress import Phase
from flowimg_tui.mirror.stop import Stop
from flowimg_tui.secret import Secret
from tests.mirror.helpers import (
    ADA,
    NOON,
    Mirror,
    ScriptedFlow,
    knows_many,
    of_kind,
    only,
    page,
    picture,
    until,
)

BOB: Final = Account("bob@example.com", NOON)
ENDED: Final = SignedOut("The session has ended.")
STALE: Final = NeedsRefresh("These cookies are stale.")
BUSY: Final = Unreachable("HTTP 503")
IN, RENEWED = SignedIn("ada@example.com", NOON), SessionRenewed()

Accounts: TypeAlias = Sequence[Account | Exception]


class User:
    """Who gives new cookies whenever a run asks for them, unless ``instead`` something else happens."""

    def __init__(self, instead: FlowError | str | None = None) -> None:
        self.times_asked = 0
        self._instead = instead
        self._stop = Stop()

    def sees(self, _event: MirrorEvent, stop: Stop) -> None:
        self._stop = stop

    async def renewal(self) -> None:
        self.times_asked += 1
        if isinstance(self._instead, FlowError):
            raise self._instead
        if self._instead == "stops the run":
            self._stop.ask()
            await asyncio.Event().wait()


@dataclass(frozen=True)
class Outcome:
    """What a run told, and the service that it spoke to."""

    service: ScriptedFlow
    events: Sequence[MirrorEvent]

    @property
    def finished(self) -> SyncFinished | DownloadFinished:
        last = self.events[-1]
        assert isinstance(last, SyncFinished | DownloadFinished)
        return last

    @property
    def session_events(self) -> list[MirrorEvent]:
        return [event for event in self.events if isinstance(event, SessionEvent)]


def with_the_help_of(user: User | None) -> dict[str, Any]:
    return {"renewal": user.renewal, "seen": user.sees} if user else {}


def interrupted_sync(mirror: Mirror, accounts: Accounts = (), user: User | None = None) -> Outcome:
    """A sync of three pages; its session ends after the first."""
    service = ScriptedFlow(
        pages=[page("a", cursor="2"), ENDED, page("b", cursor="3"), page("c")], accounts=accounts
    )
    return Outcome(service, mirror.sync(service, **with_the_help_of(user)))


def interrupted_download(mirror: Mirror, accounts: Accounts = (), user: User | None = None) -> Outcome:
    """A download of three images by one worker; its session ends after the first."""
    script = knows_many(mirror, 3)
    script["i1"] = [ENDED, picture(1)]
    service = ScriptedFlow(pictures=script, accounts=accounts)
    return Outcome(service, mirror.download(service, workers=1, **with_the_help_of(user)))


def assert_nothing_failed(mirror: Mirror, outcome: Outcome, done: int) -> None:
    """``done`` of three parts are there, and the others are as they were: in the tally and on disk."""
    finished, counts = outcome.finished, mirror.gallery.counts(mirror.profile.id)
    assert of_kind(outcome.events, ImageFailed) == []
    assert counts.failed == 0
    if isinstance(finished, SyncFinished):
        assert (finished.pages, finished.new, counts.images) == (done, done, done)
        assert finished.complete == (done == 3)
    else:
        assert len(of_kind(outcome.events, ImageSaved)) == len(mirror.pictures_by_name()) == done
        assert (finished.pending, finished.downloaded, finished.failed) == (3, done, 0)
        assert (finished.adopted, finished.cancelled) == (0, 3 - done)
        assert mirror.board.snapshot().transfers == ()


interrupted_runs = pytest.mark.parametrize(
    "interrupted", [interrupted_sync, interrupted_download], ids=["sync", "download"]
)
Interrupted: TypeAlias = Callable[..., Outcome]


@interrupted_runs
def test_a_run_whose_session_ends_goes_on_with_new_cookies(mirror: Mirror, interrupted: Interrupted) -> None:
    user = User()
    outcome = interrupted(mirror, user=user)
    assert outcome.session_events == [IN, SessionEnded(ENDED), IN, RENEWED]
    assert (user.times_asked, outcome.service.sign_ins) == (1, 2)
    assert outcome.finished.error is None
    assert_nothing_failed(mirror, outcome, done=3)


@interrupted_runs
def test_without_anybody_to_ask_a_run_whose_session_ends_is_over(
    mirror: Mirror, interrupted: Interrupted
) -> None:
    outcome = interrupted(mirror)
    assert outcome.session_events == [IN]
    assert outcome.finished.error is ENDED
    assert_nothing_failed(mirror, outcome, done=1)


@interrupted_runs
@pytest.mark.parametrize("times", [1, 2, 5])
def test_cookies_that_are_dead_as_well_are_asked_for_again(
    mirror: Mirror, interrupted: Interrupted, times: int
) -> None:
    user = User()
    outcome = interrupted(mirror, [ADA, *[STALE] * times], user)
    pauses = [SessionEnded(ENDED), *[SessionEnded(STALE)] * times]
    assert outcome.session_events == [IN, *pauses, IN, RENEWED]
    assert user.times_asked == times + 1
    assert_nothing_failed(mirror, outcome, done=3)


@interrupted_runs
def test_the_cookies_of_another_account_end_the_run(mirror: Mirror, interrupted: Interrupted) -> None:
    outcome = interrupted(mirror, [ADA, BOB], User())
    assert isinstance(outcome.finished.error, WrongAccount)
    assert outcome.session_events == [IN, SessionEnded(ENDED)]
    assert mirror.gallery.account(mirror.profile.id) == "ada@example.com"
    assert_nothing_failed(mirror, outcome, done=1)


@interrupted_runs
@pytest.mark.parametrize("trouble", [Moved("Retired."), FlowError("It is on the other service now."), STALE])
def test_what_keeps_the_new_cookies_from_being_used_ends_the_run(
    mirror: Mirror, interrupted: Interrupted, trouble: FlowError
) -> None:
    outcome = interrupted(mirror, user=User(instead=trouble))
    assert outcome.finished.error is trouble
    assert_nothing_failed(mirror, outcome, done=1)


@interrupted_runs
def test_an_account_that_moved_meanwhile_ends_the_run(mirror: Mirror, interrupted: Interrupted) -> None:
    moved = Moved("Retired.")
    outcome = interrupted(mirror, [ADA, moved], User())
    assert outcome.finished.error is moved
    assert_nothing_failed(mirror, outcome, done=1)


@interrupted_runs
@pytest.mark.parametrize(("troubles", "done"), [(2, 3), (3, 1)])
def test_a_sign_in_that_gets_no_answer_is_repeated_until_the_tries_are_used_up(
    mirror: Mirror, interrupted: Interrupted, troubles: int, done: int
) -> None:
    user = User()
    outcome = interrupted(mirror, [ADA, *[BUSY] * troubles], user)
    assert user.times_asked == 1
    assert outcome.finished.error is (None if done == 3 else BUSY)
    assert_nothing_failed(mirror, outcome, done)


@interrupted_runs
def test_a_run_that_is_stopped_while_it_is_paused_ends_at_once(
    mirror: Mirror, interrupted: Interrupted
) -> None:
    user = User(instead="stops the run")
    outcome = interrupted(mirror, user=user)
    assert user.times_asked == 1
    assert outcome.session_events == [IN, SessionEnded(ENDED)]
    assert outcome.finished.error is None
    assert_nothing_failed(mirror, outcome, done=1)


# The beginning


@interrupted_runs
@pytest.mark.parametrize(
    "accounts",
    [[ENDED], [STALE], [Moved("Retired.")], [BUSY] * 3],
    ids=["ended", "stale", "moved", "unreachable"],
)
def test_a_session_that_cannot_be_had_ends_the_run_before_any_other_request(
    mirror: Mirror, interrupted: Interrupted, accounts: list[Exception]
) -> None:
    user = User()
    outcome = interrupted(mirror, accounts, user)
    assert outcome.finished.error is accounts[-1]
    assert (outcome.service.asked, outcome.service.cursors) == ([], [])
    assert (outcome.session_events, user.times_asked) == ([], 0)
    assert_nothing_failed(mirror, outcome, done=0)


@interrupted_runs
def test_the_session_of_another_account_makes_no_other_request(
    mirror: Mirror, interrupted: Interrupted
) -> None:
    mirror.gallery.set_account(mirror.profile.id, "ada@example.com")
    outcome = interrupted(mirror, [BOB], User())
    assert isinstance(outcome.finished.error, WrongAccount)
    assert (outcome.service.asked, outcome.service.cursors) == ([], [])
    assert mirror.gallery.account(mirror.profile.id) == "ada@example.com"
    assert_nothing_failed(mirror, outcome, done=0)


@interrupted_runs
@pytest.mark.parametrize("known", [None, "ada@example.com", "ADA@Example.com"])
def test_a_run_remembers_whose_session_it_works_with(
    mirror: Mirror, interrupted: Interrupted, known: str | None
) -> None:
    if known:
        mirror.gallery.set_account(mirror.profile.id, known)
    interrupted(mirror)
    assert mirror.gallery.account(mirror.profile.id) == "ada@example.com"


@interrupted_runs
def test_a_session_of_nobody_erases_no_account_and_is_none_of_another(
    mirror: Mirror, interrupted: Interrupted
) -> None:
    mirror.gallery.set_account(mirror.profile.id, "ada@example.com")
    outcome = interrupted(mirror, [Account(None, None)] * 2, User())
    assert outcome.session_events.count(SignedIn(None, None)) == 2
    assert mirror.gallery.account(mirror.profile.id) == "ada@example.com"
    assert_nothing_failed(mirror, outcome, done=3)


# A sync


def test_a_paused_sync_asks_for_the_same_page_again(mirror: Mirror) -> None:
    outcome = interrupted_sync(mirror, user=User())
    assert outcome.service.cursors == [None, "2", "2", "3"]
    assert outcome.events == [
        SyncStarted(),
        IN,
        PageSynced(1, 1, 0, 0, 0),
        PageDelayed(2, 0.0),
        SessionEnded(ENDED),
        IN,
        RENEWED,
        PageSynced(2, 1, 0, 0, 0),
        PageDelayed(3, 0.0),
        PageSynced(3, 1, 0, 0, 0),
        SyncFinished(3, 3, 0, 0, 0, complete=True, error=None),
    ]
    assert mirror.gallery.profile("studio").synced_at is not None


def test_after_a_pause_a_page_has_all_its_tries_again(mirror: Mirror) -> None:
    service = ScriptedFlow(pages=[BUSY, BUSY, ENDED, BUSY, BUSY, page("a")])
    events = mirror.sync(service, renewal=User().renewal)
    assert [event.next_try for event in of_kind(events, PageRetry)] == [2, 3, 2, 3]
    assert only(events, SyncFinished).complete


# A download


@pytest.mark.parametrize("workers", [1, 4, 8])
def test_all_workers_sign_in_once_before_the_first_request(mirror: Mirror, workers: int) -> None:
    service = ScriptedFlow(pictures=knows_many(mirror, 12))
    events = mirror.download(service, workers=workers)
    assert service.sign_ins == 1
    assert only(events, SignedIn) == IN
    assert events.index(IN) < min(events.index(saved) for saved in of_kind(events, ImageSaved))


def test_a_download_that_needs_no_request_does_not_sign_in(mirror: Mirror) -> None:
    mirror.download(ScriptedFlow(pictures=knows_many(mirror, 3)))
    mirror.refreshed()
    knows_many(mirror, 3)
    service = ScriptedFlow(accounts=[ENDED])
    finished = mirror.downloaded(service)
    assert (finished.adopted, finished.error) == (3, None)
    assert service.sign_ins == 0


@pytest.mark.parametrize("trouble", [None, Moved("Retired.")])
@pytest.mark.parametrize(("workers", "refused"), [(1, 1), (4, 4), (4, 1), (8, 8), (8, 3)])
def test_however_many_workers_there_are_the_end_of_the_session_is_told_once(
    mirror: Mirror, workers: int, refused: int, trouble: FlowError | None
) -> None:
    """Some workers are refused; the others are done with what they had, and wait with their next image."""
    script = knows_many(mirror, 24)
    refusals = list(script)[:refused]
    for name in refusals:
        script[name] = [ENDED, picture(int(name[1:]))]
    service, user = ScriptedFlow(pictures=script), User(instead=trouble)

    async def renewal() -> None:
        await until(
            lambda: [one.reason for one in mirror.board.snapshot().transfers] == [str(ENDED)] * workers
        )
        assert {one.phase for one in mirror.board.snapshot().transfers} == {Phase.PAUSED}
        await user.renewal()

    outcome = Outcome(service, mirror.download(service, workers=workers, renewal=renewal))
    finished = only(outcome.events, DownloadFinished)
    assert outcome.session_events == [IN, SessionEnded(ENDED), *([] if trouble else [IN, RENEWED])]
    assert (user.times_asked, service.sign_ins) == (1, 1 if trouble else 2)
    assert (finished.error, finished.failed) == (trouble, 0)
    assert finished.downloaded + finished.cancelled == finished.pending == 24
    saved = mirror.pictures_by_name()
    assert saved == {name: picture(int(name[1:])) for name in saved}
    assert len(saved) == finished.downloaded
    assert set(saved) & set(refusals) == (set() if trouble else set(refusals))
    assert (finished.cancelled > 0) == (trouble is not None)


def test_each_session_that_ends_is_told_once(mirror: Mirror) -> None:
    script = knows_many(mirror, 6)
    script["i1"] = [ENDED, picture(1)]
    script["i4"] = [STALE, ENDED, picture(4)]
    service, user = ScriptedFlow(pictures=script), User()
    outcome = Outcome(service, mirror.download(service, workers=1, renewal=user.renewal))
    again = [[SessionEnded(error), IN, RENEWED] for error in (ENDED, STALE, ENDED)]
    assert outcome.session_events == [IN, *(event for events in again for event in events)]
    assert only(outcome.events, DownloadFinished).downloaded == 6


def test_a_signed_url_that_is_refused_pauses_nothing(mirror: Mirror) -> None:
    script = knows_many(mirror, 2)
    script["i0"] = Media(None, Secret("https://u/0"))
    service, user = ScriptedFlow(pictures=script, urls={"https://u/0": SignedOut("HTTP 401")}), User()
    finished = mirror.downloaded(service, renewal=user.renewal)
    assert (finished.downloaded, finished.failed, finished.error) == (1, 1, None)
    assert user.times_asked == 0
