"""A sync that was interrupted goes on where it was, finds what came meanwhile, and loses nothing by it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flowimg_tui.flow.errors import (
    FlowError,
    ListingLoops,
    Moved,
    NotFound,
    NotUnderstood,
    Refused,
    SignedOut,
    Unreachable,
)
from flowimg_tui.flow.service import Page
from flowimg_tui.mirror.events import (
    PageDelayed,
    PageSynced,
    SignedIn,
    SyncEvent,
    SyncFinished,
    SyncResumed,
    SyncStarted,
    SyncStartedOver,
)
from flowimg_tui.mirror.refresh import undo_refresh
from flowimg_tui.mirror.stop import Stop
from flowimg_tui.store.database import StoreError
from tests.mirror.helpers import (
    ADA,
    Answer,
    Mirror,
    PageAnswer,
    ScriptedFlow,
    collected,
    new_image,
    of_kind,
    only,
    page,
)

ENDS: tuple[PageAnswer, ...] = (
    Answer.STOP,
    SignedOut("ended"),
    NotUnderstood("odd"),
    Refused("no"),
    Unreachable("HTTP 503"),
)


def first_two() -> list[PageAnswer]:
    return [page("a", "b", cursor="2"), page("c", "d", cursor="3")]


def interrupted(mirror: Mirror, *pages: PageAnswer, by: PageAnswer = Answer.STOP) -> SyncFinished:
    """Sync these pages, by default the first two of three, and no more."""
    finished = mirror.synced(ScriptedFlow(pages=[*(pages or first_two()), *[by] * 3]))
    assert not finished.complete
    return finished


def goes_on(mirror: Mirror, *pages: PageAnswer, **options: Any) -> tuple[list[str | None], list[SyncEvent]]:
    """Sync once more; return the cursors of the pages that were asked for, and what happened."""
    service = ScriptedFlow(pages=pages)
    events = mirror.sync(service, **options)
    return service.cursors, events


def begins_at_the_front(mirror: Mirror) -> None:
    """Sync once more, all three pages; nothing is gone on with."""
    cursors, events = goes_on(mirror, *first_two(), page("e"))
    assert cursors == [None, "2", "3"]
    assert of_kind(events, SyncResumed) == []
    finished = only(events, SyncFinished)
    assert (finished.complete, finished.resumed) == (True, False)
    assert set(mirror.rows()) == set("abcde")


# It goes on


@pytest.mark.parametrize("end", ENDS, ids=repr)
def test_it_goes_on_behind_the_last_page_and_then_looks_at_the_front(mirror: Mirror, end: PageAnswer) -> None:
    before = datetime.now(UTC)
    interrupted(mirror, by=end)
    cursors, events = goes_on(mirror, page("e"), page("a", "b", cursor="2"))
    assert cursors == ["3", None]
    resumed = only(events, SyncResumed)
    assert before <= resumed.at <= datetime.now(UTC)
    assert [event for event in events if not isinstance(event, SignedIn)] == [
        SyncStarted(),
        resumed,
        PageSynced(1, 1, 0, 0, 0),
        PageDelayed(2, 0.0),
        PageSynced(2, 0, 0, 0, 0),
        SyncFinished(2, 1, 0, 0, 0, complete=True, error=None, resumed=True),
    ]
    assert set(mirror.rows()) == set("abcde")
    assert mirror.gallery.profile("studio").synced_at is not None


def test_it_can_be_interrupted_again_and_again(mirror: Mirror) -> None:
    interrupted(mirror, page("a", cursor="2"))
    for cursor, answer in (("2", page("b", cursor="3")), ("3", page("c", cursor="4"))):
        cursors, events = goes_on(mirror, answer, SignedOut("ended"))
        assert cursors == [cursor, str(int(cursor) + 1)]
        assert not only(events, SyncFinished).complete
    cursors, events = goes_on(mirror, page("d"), page("a", cursor="2"))
    assert cursors == ["4", None]
    assert only(events, SyncFinished).complete
    assert set(mirror.rows()) == set("abcd")


def test_a_stop_in_the_pause_behind_a_page_loses_nothing_of_it(mirror: Mirror) -> None:
    def stop_at_pause(event: SyncEvent, stop: Stop) -> None:
        if isinstance(event, PageDelayed):
            stop.ask()

    mirror.sync(ScriptedFlow(pages=first_two()), seen=stop_at_pause)
    cursors, _ = goes_on(mirror, page("c", "d", cursor="3"), page("e"), page("a", "b", cursor="2"))
    assert cursors == ["2", "3", None]
    assert set(mirror.rows()) == set("abcde")


def test_images_that_came_meanwhile_are_found_at_the_front(mirror: Mirror) -> None:
    interrupted(mirror)
    front = [page("x", "y", cursor="n2"), page("z", "a", cursor="n3"), page("b", "c", cursor="n4")]
    cursors, events = goes_on(mirror, page("e"), *front)
    assert cursors == ["3", None, "n2", "n3"]
    assert only(events, SyncFinished) == SyncFinished(4, 4, 0, 0, 0, complete=True, error=None, resumed=True)
    assert set(mirror.rows()) == set("abcdexyz")


@pytest.mark.parametrize("empty", [page(cursor="n2"), page(cursor="n2", videos=3)], ids=["empty", "videos"])
def test_a_page_without_an_image_at_the_front_does_not_end_the_search(mirror: Mirror, empty: Page) -> None:
    """A new project has no image yet, and a page of videos tells nothing of the images behind it."""
    interrupted(mirror)
    cursors, events = goes_on(mirror, page("e"), empty, page("x", cursor="n3"), page("a", cursor="n4"))
    assert cursors == ["3", None, "n2", "n3"]
    assert only(events, SyncFinished).complete
    assert set(mirror.rows()) == set("abcdex")


def test_the_search_at_the_front_ends_with_the_listing(mirror: Mirror) -> None:
    interrupted(mirror)
    cursors, events = goes_on(mirror, page(), page("x", cursor="n2"), page("y"))
    assert cursors == ["3", None, "n2"]
    assert only(events, SyncFinished).complete
    assert set(mirror.rows()) == set("abcdxy")


def test_a_front_that_loops_without_images_ends_with_the_reason(mirror: Mirror) -> None:
    interrupted(mirror)
    _, events = goes_on(mirror, page("e"), *[page(cursor="same")] * 9)
    finished = only(events, SyncFinished)
    assert isinstance(finished.error, ListingLoops)
    assert not finished.complete


def test_what_an_earlier_sync_knew_counts_as_updated_once(mirror: Mirror) -> None:
    mirror.sync(ScriptedFlow(pages=[*first_two(), page("e")]))
    first = interrupted(mirror)
    _, events = goes_on(mirror, page("e"), page("x", "a", cursor="2"), page("b", "c", cursor="3"))
    second = only(events, SyncFinished)
    assert (first.new, first.updated, second.new, second.updated) == (0, 4, 1, 1)


def test_pages_of_projects_may_repeat_images_behind_the_place_too(mirror: Mirror) -> None:
    interrupted(mirror)
    cursors, events = goes_on(
        mirror, page("a", cursor="4", may_repeat=True), page("e", may_repeat=True), page("a", may_repeat=True)
    )
    assert cursors == ["3", "4", None]
    assert only(events, SyncFinished).resumed


def test_a_resumed_listing_of_which_nothing_is_understood_is_no_success(mirror: Mirror) -> None:
    interrupted(mirror, page(cursor="2", skipped=["odd"]))
    _, events = goes_on(
        mirror, page(skipped=["odd"]), page(cursor="2", skipped=["odd"]), page(skipped=["odd"])
    )
    finished = only(events, SyncFinished)
    assert isinstance(finished.error, NotUnderstood)
    assert not finished.complete
    assert mirror.gallery.profile("studio").synced_at is None


def test_a_finished_sync_leaves_no_place(mirror: Mirror) -> None:
    interrupted(mirror)
    goes_on(mirror, page("e"), page("a", "b", cursor="2"))
    assert mirror.gallery.sync_place(mirror.profile.id) is None
    begins_at_the_front(mirror)


@pytest.mark.parametrize("end", ENDS, ids=repr)
def test_an_interruption_at_the_front_makes_the_next_sync_begin_there(
    mirror: Mirror, end: PageAnswer
) -> None:
    interrupted(mirror)
    cursors, events = goes_on(mirror, page("e"), page("x", cursor="n2"), *[end] * 3)
    assert cursors[:3] == ["3", None, "n2"]
    assert not only(events, SyncFinished).complete
    begins_at_the_front_with_new = ScriptedFlow(pages=[page("x", "w", "a"), page("never")])
    finished = mirror.synced(begins_at_the_front_with_new)
    assert begins_at_the_front_with_new.cursors == [None]
    assert (finished.complete, finished.resumed) == (True, False)
    assert "w" in mirror.rows()


# A place that is not used


def has_place(mirror: Mirror, at: datetime) -> None:
    """Leave an interrupted sync of Ada's, which got the cursor of its second page then."""
    mirror.gallery.set_account(mirror.profile.id, ADA.email)
    number = mirror.gallery.begin_sync(mirror.profile.id)
    mirror.gallery.store_page(mirror.profile.id, number, [new_image("a")], ("2", at))


@pytest.mark.parametrize("age", [timedelta(hours=1, seconds=1), timedelta(days=400), -timedelta(minutes=1)])
def test_a_place_that_is_old_or_of_the_future_is_not_used(mirror: Mirror, age: timedelta) -> None:
    has_place(mirror, datetime.now(UTC) - age)
    begins_at_the_front(mirror)


def test_a_place_of_less_than_an_hour_ago_is_used(mirror: Mirror) -> None:
    at = datetime.now(UTC) - timedelta(minutes=59)
    has_place(mirror, at)
    cursors, events = goes_on(mirror, page("b"), page("a"))
    assert cursors == ["2", None]
    assert only(events, SyncResumed).at == at


@pytest.mark.parametrize("change", ["service", "account", "refresh", "undo"])
def test_a_place_in_another_listing_is_not_used(mirror: Mirror, change: str) -> None:
    interrupted(mirror)
    profile = mirror.profile.id
    match change:
        case "service":
            mirror.gallery.set_service(profile, "google")
        case "account":
            mirror.gallery.set_account(profile, "grace@example.com")
            mirror.gallery.set_account(profile, "ada@example.com")
        case "refresh":
            mirror.refreshed()
        case _:
            mirror.refreshed()
            interrupted(mirror, page("c", cursor="3"))
            copy = mirror.kept.latest
            assert copy is not None
            asyncio.run(collected(undo_refresh(mirror.gallery, profile, copy, Stop())))
    begins_at_the_front(mirror)


@pytest.mark.parametrize("cursor", ["\0", "a\0b", "\u200d", "\N{ESCAPE}[2J", "\n", "x" * 300_000])
def test_any_text_that_a_database_holds_is_a_place(mirror: Mirror, cursor: str) -> None:
    """The cursor of a listing by projects holds their titles, and in those stands what people type."""
    interrupted(mirror, page("a", cursor=cursor))
    cursors, events = goes_on(mirror, page("b"), page("a"))
    assert cursors == [cursor, None]
    assert only(events, SyncFinished).complete


def test_a_cursor_that_no_database_can_hold_is_no_place_and_no_trouble(mirror: Mirror) -> None:
    first = interrupted(mirror, page("a", cursor="\ud800"), page("b", cursor="\udfff2"))
    assert (first.pages, first.error) == (2, None)
    begins_at_the_front(mirror)


# A place that the service does not take


REFUSALS = [Refused("no such cursor"), NotFound("gone"), NotUnderstood("odd"), ListingLoops("again")]


@pytest.mark.parametrize("refusal", REFUSALS, ids=repr)
def test_a_place_that_is_refused_makes_the_sync_start_over_once(mirror: Mirror, refusal: FlowError) -> None:
    interrupted(mirror)
    cursors, events = goes_on(mirror, refusal, *first_two(), page("e"))
    assert cursors == ["3", None, "2", "3"]
    assert [event for event in events if not isinstance(event, SignedIn)] == [
        SyncStarted(),
        only(events, SyncResumed),
        SyncStartedOver(str(refusal)),
        PageSynced(1, 0, 2, 0, 0),
        PageDelayed(2, 0.0),
        PageSynced(2, 0, 2, 0, 0),
        PageDelayed(3, 0.0),
        PageSynced(3, 1, 0, 0, 0),
        SyncFinished(3, 1, 4, 0, 0, complete=True, error=None),
    ]


def test_a_listing_that_refuses_everything_is_asked_twice_and_no_more(mirror: Mirror) -> None:
    interrupted(mirror)
    again = Refused("no, never")
    cursors, events = goes_on(mirror, Refused("no"), again, page("never"))
    assert cursors == ["3", None]
    assert len(of_kind(events, SyncStartedOver)) == 1
    assert only(events, SyncFinished) == SyncFinished(0, 0, 0, 0, 0, complete=False, error=again)
    begins_at_the_front(mirror)


def test_a_place_that_is_answered_with_the_first_page_makes_the_sync_start_over(mirror: Mirror) -> None:
    """What labs does for a cursor that it takes for none."""
    interrupted(mirror)
    cursors, events = goes_on(mirror, page("a", "b", cursor="2", videos=4), *first_two(), page("e"))
    assert cursors == ["3", None, "2", "3"]
    assert [event.pages for event in of_kind(events, PageSynced)] == [1, 2, 3]
    assert only(events, SyncFinished) == SyncFinished(3, 1, 4, 0, 0, complete=True, error=None)


def test_starting_over_meets_pages_again_without_taking_that_for_a_loop(mirror: Mirror) -> None:
    """Behind the place came an empty page, and the one behind that was refused."""
    interrupted(mirror)
    again = [page("a", cursor="2"), page("b", cursor="3"), page(cursor="4"), page("e")]
    cursors, events = goes_on(mirror, page(cursor="4", skipped=["odd"]), Refused("no such cursor"), *again)
    assert cursors == ["3", "4", None, "2", "3", "4"]
    finished = only(events, SyncFinished)
    assert (finished.complete, finished.error, finished.pages, finished.skipped) == (True, None, 4, 0)


def test_a_refusal_after_the_place_was_taken_ends_the_sync_and_keeps_the_new_place(mirror: Mirror) -> None:
    interrupted(mirror)
    refusal = Refused("no")
    cursors, events = goes_on(mirror, page("e", cursor="4"), refusal)
    assert cursors == ["3", "4"]
    assert of_kind(events, SyncStartedOver) == []
    assert only(events, SyncFinished).error is refusal
    cursors, _ = goes_on(mirror, page("f"), page("a"))
    assert cursors == ["4", None]


@pytest.mark.parametrize("error", [SignedOut("ended"), Moved("gone"), Unreachable("HTTP 503")], ids=repr)
def test_what_says_nothing_of_the_place_ends_the_sync_and_keeps_it(mirror: Mirror, error: FlowError) -> None:
    interrupted(mirror)
    cursors, events = goes_on(mirror, *[error] * 3)
    assert set(cursors) == {"3"}
    assert of_kind(events, SyncStartedOver) == []
    finished = only(events, SyncFinished)
    assert (finished.complete, finished.error) == (False, error)
    cursors, _ = goes_on(mirror, page("e"), page("a", "b", cursor="2"))
    assert cursors == ["3", None]


def test_a_listing_that_looped_is_not_gone_on_with(mirror: Mirror) -> None:
    """The page behind the first was never seen: the first came in its place, with the cursor of the third."""
    finished = interrupted(mirror, page("a", "b", cursor="2"), page("a", "b", cursor="3"))
    assert isinstance(finished.error, ListingLoops)
    begins_at_the_front(mirror)


def test_a_cursor_that_was_there_before_is_not_gone_on_with(mirror: Mirror) -> None:
    finished = interrupted(mirror, page("a", cursor="2"), page("b", cursor="3"), page("c", cursor="2"))
    assert isinstance(finished.error, ListingLoops)
    begins_at_the_front(mirror)


# The database


def test_a_database_that_fails_on_the_way_ends_the_sync_with_its_last_event(mirror: Mirror) -> None:
    interrupted(mirror)
    mirror.gallery.close()
    mirror.database.unlink()
    mirror.database.mkdir()
    events = mirror.sync(ScriptedFlow(pages=[page("e")]))
    finished = only(events, SyncFinished)
    assert events[-1] is finished
    assert isinstance(finished.error, StoreError)
    assert not finished.complete
