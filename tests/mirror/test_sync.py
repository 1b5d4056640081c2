"""Sync: every page comes in, nothing goes, and what ends it early is said."""

import asyncio
import logging
import re
from datetime import UTC, datetime, timedelta

import pytest

from flowimg_tui.flow.errors import (
    FlowError,
    ListingLoops,
    NotUnderstood,
    RateLimited,
    SignedOut,
    Unreachable,
)
from flowimg_tui.flow.pace import PageDelay, RetryPolicy
from flowimg_tui.flow.service import Account, ListedImage
from flowimg_tui.mirror.events import (
    PageDelayed,
    PageRetry,
    PageSynced,
    SignedIn,
    SyncEvent,
    SyncFinished,
    SyncStarted,
)
from flowimg_tui.mirror.stop import Stop
from flowimg_tui.mirror.sync import sync
from flowimg_tui.secret import Secret
from tests.mirror.helpers import (
    AT_ONCE,
    NO_DELAY,
    NOON,
    Answer,
    Mirror,
    ScriptedFlow,
    file_record,
    of_kind,
    only,
    page,
    until,
)

VERY_LONG = PageDelay(1000.0, 1000.0)


def three_pages() -> ScriptedFlow:
    return ScriptedFlow(pages=[page("a", "b", cursor="2"), page("c", "d", cursor="3"), page("e")])


def test_a_sync_brings_every_page_and_tells_of_each(mirror: Mirror) -> None:
    service = three_pages()
    events = mirror.sync(service)
    assert events == [
        SyncStarted(),
        SignedIn("ada@example.com", NOON),
        PageSynced(1, 2, 0, 0, 0),
        PageDelayed(2, 0.0),
        PageSynced(2, 2, 0, 0, 0),
        PageDelayed(3, 0.0),
        PageSynced(3, 1, 0, 0, 0),
        SyncFinished(pages=3, new=5, updated=0, skipped=0, videos=0, complete=True, error=None),
    ]
    assert service.cursors == [None, "2", "3"]
    assert set(mirror.rows()) == set("abcde")


def test_a_second_sync_updates_and_loses_nothing(mirror: Mirror) -> None:
    mirror.sync(three_pages())
    mirror.gallery.record_saved(mirror.profile.id, mirror.row("a").id, file_record("key-a", "/p/a.png"))
    mirror.gallery.record_failure(mirror.row("b").id, "gone", NOON)
    before = mirror.rows()
    finished = mirror.synced(three_pages())
    assert (finished.new, finished.updated, finished.complete) == (0, 5, True)
    assert mirror.rows() == before


def test_an_image_that_left_the_listing_stays_here(mirror: Mirror) -> None:
    mirror.sync(three_pages())
    mirror.sync(ScriptedFlow(pages=[page("a")]))
    assert set(mirror.rows()) == set("abcde")


def test_an_empty_gallery_is_a_complete_sync(mirror: Mirror) -> None:
    finished = mirror.synced(ScriptedFlow(pages=[page()]))
    assert finished == SyncFinished(1, 0, 0, 0, 0, complete=True, error=None)


def test_everything_the_listing_tells_is_kept(mirror: Mirror) -> None:
    created = datetime(2025, 10, 29, 13, 56, 1, 234567, tzinfo=UTC)
    image = ListedImage(
        name="a",
        media_key="k",
        workflow_id="w",
        aspect_ratio="SOMETHING_NEW",
        fife_url=Secret("https://u/1"),
        created_at=created,
        title="Paper boat",
        prompt="a paper boat",
        seed=418233,
        width=1376,
        height=768,
        project_title="Boats",
        legacy_name="CAMa",
    )
    mirror.sync(ScriptedFlow(pages=[page(image)]))
    row = mirror.row("a")
    kept = {name: getattr(row, name) for name in ListedImage.__slots__ if hasattr(row, name)}
    assert kept == {name: getattr(image, name) for name in kept}
    pending = mirror.gallery.pending_image(row.id)
    assert pending is not None
    assert (pending.fife_url, pending.legacy_name) == ("https://u/1", "CAMa")
    assert set(ListedImage.__slots__) == {*kept, "fife_url", "legacy_name"}


def test_items_that_were_not_understood_are_counted_and_logged(
    mirror: Mirror, caplog: pytest.LogCaptureFixture
) -> None:
    service = ScriptedFlow(pages=[page("a", cursor="2", skipped=["item 1: odd"]), page("b", skipped=["x"])])
    events = mirror.sync(service)
    assert [event.skipped for event in of_kind(events, PageSynced)] == [1, 1]
    assert only(events, SyncFinished) == SyncFinished(2, 2, 0, 2, 0, complete=True, error=None)
    assert "item 1: odd" in caplog.text


def test_videos_are_counted_among_what_is_skipped_and_are_no_trouble(
    mirror: Mirror, caplog: pytest.LogCaptureFixture
) -> None:
    pages = [page("a", cursor="2", videos=3), page(cursor="3", videos=1), page("b", skipped=["x"], videos=2)]
    events = mirror.sync(ScriptedFlow(pages=pages))
    assert [(event.skipped, event.videos) for event in of_kind(events, PageSynced)] == [
        (3, 3),
        (1, 1),
        (3, 2),
    ]
    assert only(events, SyncFinished) == SyncFinished(3, 2, 0, 7, 6, complete=True, error=None)
    assert [record.getMessage() for record in caplog.records] == ["Skipped on page 3: x"]


def test_a_gallery_of_videos_alone_is_a_complete_sync(mirror: Mirror) -> None:
    finished = mirror.synced(ScriptedFlow(pages=[page(videos=15)]))
    assert finished == SyncFinished(1, 0, 0, 15, 15, complete=True, error=None)


@pytest.mark.parametrize("videos", [0, 15])
def test_a_listing_whose_images_are_not_understood_at_all_is_no_empty_gallery(
    mirror: Mirror, videos: int
) -> None:
    pages = [page(cursor="2", skipped=["odd"], videos=videos), page(cursor="3"), page(skipped=["odd", "odd"])]
    finished = mirror.synced(ScriptedFlow(pages=pages))
    assert isinstance(finished.error, NotUnderstood)
    assert "3 items" in str(finished.error)
    assert (finished.complete, finished.skipped, finished.videos) == (False, 3 + videos, videos)
    assert mirror.gallery.profile("studio").synced_at is None


def test_a_listing_that_was_understood_before_and_is_no_more_keeps_what_is_here(mirror: Mirror) -> None:
    mirror.sync(three_pages())
    before = mirror.rows()
    finished = mirror.synced(ScriptedFlow(pages=[page(skipped=["odd"] * 5)]))
    assert isinstance(finished.error, NotUnderstood)
    assert mirror.rows() == before


def test_the_account_and_the_time_of_a_whole_sync_are_remembered(mirror: Mirror) -> None:
    before = datetime.now(UTC)
    mirror.sync(three_pages())
    profile = mirror.gallery.profile("studio")
    assert profile.account == "ada@example.com"
    assert profile.synced_at is not None
    assert before - timedelta(seconds=1) <= profile.synced_at <= datetime.now(UTC)


def test_the_session_of_another_account_does_not_mix_two_galleries(mirror: Mirror) -> None:
    """flow-service, 1.2: a live session is checked to be of the account that the profile belongs to."""
    mirror.sync(ScriptedFlow(pages=[page("adas")]))
    bob = Account("bob@example.com", NOON)
    finished = mirror.synced(ScriptedFlow(accounts=[bob], pages=[page("bobs")]))
    assert set(mirror.rows()) == {"adas"}
    assert not finished.complete
    assert mirror.gallery.profile("studio").account == "ada@example.com"


def test_each_page_is_in_the_database_when_its_event_comes(mirror: Mirror) -> None:
    counted: list[object] = []

    def look(event: SyncEvent, _stop: Stop) -> None:
        if isinstance(event, PageSynced):
            counted.append(mirror.query("SELECT count(*) FROM image")[0][0])

    mirror.sync(three_pages(), seen=look)
    assert counted == [2, 4, 5]


# Pauses


def test_the_pause_between_pages_lies_within_its_bounds_and_is_logged(
    mirror: Mirror, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    pages = [page(str(number), cursor=str(number)) for number in range(40)]
    events = mirror.sync(ScriptedFlow(pages=[*pages, page("last")]), delay=PageDelay(0.001, 0.003))
    delays = of_kind(events, PageDelayed)
    assert [delay.next_page for delay in delays] == list(range(2, 42))
    assert all(0.001 <= delay.seconds <= 0.003 for delay in delays)
    assert len({delay.seconds for delay in delays}) > 1
    logged = re.findall(r"Waiting (\d+) ms before fetching next page", caplog.text)
    assert [int(text) for text in logged] == [round(delay.seconds * 1000) for delay in delays]


def test_the_page_is_stored_before_the_pause_begins(mirror: Mirror) -> None:
    rows: list[int] = []

    def stop_at_pause(event: SyncEvent, stop: Stop) -> None:
        if isinstance(event, PageDelayed):
            rows.append(len(mirror.rows()))
            stop.ask()

    mirror.sync(three_pages(), delay=VERY_LONG, seen=stop_at_pause)
    assert rows == [2]


def test_the_number_of_pages_is_logged(mirror: Mirror, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    mirror.sync(three_pages())
    assert "Total pages processed: 3" in [record.getMessage() for record in caplog.records]


# Stopping


def test_a_stop_in_the_middle_of_a_pause_ends_the_sync_at_once_and_keeps_the_pages(mirror: Mirror) -> None:
    def stop_soon(event: SyncEvent, stop: Stop) -> None:
        if isinstance(event, PageDelayed):
            # Not before the pause itself runs.
            asyncio.get_running_loop().call_later(0.01, stop.ask)

    finished = mirror.synced(three_pages(), delay=VERY_LONG, seen=stop_soon)
    assert finished == SyncFinished(1, 2, 0, 0, 0, complete=False, error=None)
    assert set(mirror.rows()) == {"a", "b"}
    assert mirror.gallery.profile("studio").synced_at is None


def test_a_stop_while_a_page_hangs_ends_the_sync_at_once_and_keeps_the_pages(mirror: Mirror) -> None:
    service = ScriptedFlow(pages=[page("a", cursor="2"), Answer.STOP])
    finished = mirror.synced(service)
    assert finished == SyncFinished(1, 1, 0, 0, 0, complete=False, error=None)
    assert set(mirror.rows()) == {"a"}


def test_a_stop_while_a_repeat_is_waited_for_ends_the_sync_at_once(mirror: Mirror) -> None:
    def stop_soon(event: SyncEvent, stop: Stop) -> None:
        if isinstance(event, PageRetry):
            asyncio.get_running_loop().call_later(0.01, stop.ask)

    service = ScriptedFlow(pages=[page("a", cursor="2"), RateLimited("slow down", 600.0)])
    finished = mirror.synced(service, seen=stop_soon)
    assert finished == SyncFinished(1, 1, 0, 0, 0, complete=False, error=None)


def test_a_stop_asked_before_the_sync_brings_nothing(mirror: Mirror) -> None:
    finished = mirror.synced(three_pages(), seen=lambda _event, stop: stop.ask())
    assert finished == SyncFinished(0, 0, 0, 0, 0, complete=False, error=None)
    assert mirror.rows() == {}


def test_cancelling_the_task_that_iterates_leaves_no_task_behind(mirror: Mirror) -> None:
    service = ScriptedFlow(pages=[page("a", cursor="2"), Answer.HANG])

    async def run() -> None:
        async def iterate() -> None:
            events = sync(
                service, mirror.gallery, mirror.profile.id, page_delay=NO_DELAY, retry=AT_ONCE, stop=Stop()
            )
            async for _ in events:
                pass

        iterating = asyncio.create_task(iterate())
        await until(lambda: len(service.cursors) == 2)
        iterating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await iterating
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())
    assert set(mirror.rows()) == {"a"}


# Failures


@pytest.mark.parametrize("error", [SignedOut("ended"), NotUnderstood("odd", "$.x"), FlowError("no")])
def test_a_page_that_fails_ends_the_sync_incomplete_and_keeps_the_pages_before(
    mirror: Mirror, error: FlowError, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    service = ScriptedFlow(pages=[page("a", "b", cursor="2"), error])
    events = mirror.sync(service)
    assert events[-1] == SyncFinished(1, 2, 0, 0, 0, complete=False, error=error)
    assert set(mirror.rows()) == {"a", "b"}
    assert mirror.gallery.profile("studio").synced_at is None
    assert of_kind(events, PageRetry) == []
    assert str(error) in caplog.text
    assert "Total pages processed: 1" in caplog.text


def test_a_failed_sync_does_not_touch_the_time_of_the_last_whole_one(mirror: Mirror) -> None:
    mirror.gallery.finish_sync(mirror.profile.id, NOON)
    mirror.sync(ScriptedFlow(pages=[page("a", cursor="2"), SignedOut("ended")]))
    assert mirror.gallery.profile("studio").synced_at == NOON


def test_a_page_that_can_succeed_later_is_asked_again(mirror: Mirror) -> None:
    trouble = Unreachable("HTTP 503")
    service = ScriptedFlow(pages=[page("a", cursor="2"), trouble, trouble, page("b")])
    events = mirror.sync(service)
    assert of_kind(events, PageRetry) == [
        PageRetry(page=2, next_try=2, tries=3, seconds=0.0, reason="HTTP 503"),
        PageRetry(page=2, next_try=3, tries=3, seconds=0.0, reason="HTTP 503"),
    ]
    assert events[-1] == SyncFinished(2, 2, 0, 0, 0, complete=True, error=None)
    assert service.cursors == [None, "2", "2", "2"]


def test_a_session_that_can_be_had_later_is_asked_for_again(mirror: Mirror) -> None:
    service = ScriptedFlow(accounts=[Unreachable("HTTP 502")], pages=[page("a")])
    events = mirror.sync(service)
    assert len(of_kind(events, PageRetry)) == 1
    assert only(events, SyncFinished).complete


def test_after_the_last_try_the_sync_ends_with_the_reason(mirror: Mirror) -> None:
    trouble = Unreachable("HTTP 503")
    service = ScriptedFlow(pages=[page("a", cursor="2"), *[trouble] * 3])
    events = mirror.sync(service)
    assert len(of_kind(events, PageRetry)) == 2
    assert events[-1] == SyncFinished(1, 1, 0, 0, 0, complete=False, error=trouble)


def test_the_service_s_wish_to_wait_is_what_is_waited_at_least(mirror: Mirror) -> None:
    service = ScriptedFlow(pages=[RateLimited("slow down", 0.004), page("a")])
    (retry,) = of_kind(mirror.sync(service, retry=RetryPolicy(tries=2, base=0.0)), PageRetry)
    assert retry.seconds == 0.004


# Listings that loop


def test_the_same_page_token_twice_is_a_loop_that_the_user_sees(mirror: Mirror) -> None:
    service = ScriptedFlow(pages=[page("a", cursor="2"), page("b", cursor="3"), page("c", cursor="2")])
    finished = mirror.synced(service)
    assert isinstance(finished.error, ListingLoops)
    assert not finished.complete
    assert set(mirror.rows()) == set("abc")
    assert mirror.gallery.profile("studio").synced_at is None


def test_a_page_of_images_that_were_all_seen_before_is_a_loop_that_the_user_sees(mirror: Mirror) -> None:
    service = ScriptedFlow(
        pages=[page("a", "b", cursor="2"), page("c", cursor="3"), page("b", "c", cursor="4")]
    )
    finished = mirror.synced(service)
    assert isinstance(finished.error, ListingLoops)
    assert (finished.complete, finished.new, finished.updated) == (False, 3, 0)
    assert set(mirror.rows()) == set("abc")


def test_a_listing_that_gives_its_first_page_for_ever_ends(mirror: Mirror) -> None:
    service = ScriptedFlow(pages=[page("a", "b", cursor=str(number)) for number in range(50)])
    finished = mirror.synced(service)
    assert isinstance(finished.error, ListingLoops)
    assert len(service.cursors) == 2


def test_a_listing_of_nothing_but_next_pages_ends(mirror: Mirror) -> None:
    service = ScriptedFlow(pages=[page("a", cursor="0"), *(page(cursor=str(n)) for n in range(1, 1500))])
    finished = mirror.synced(service)
    assert isinstance(finished.error, ListingLoops)
    assert "1000 pages of the listing in a row hold nothing" in str(finished.error)
    assert set(mirror.rows()) == {"a"}


def test_a_page_may_say_that_its_images_can_stand_on_several(mirror: Mirror) -> None:
    """One picture can be in two projects, and a project is a page."""
    pages = [page("a", "b", cursor="2"), page("b", "a", cursor="3", may_repeat=True), page("c")]
    finished = mirror.synced(ScriptedFlow(pages=pages))
    assert finished == SyncFinished(3, 3, 0, 0, 0, complete=True, error=None)


def test_a_page_token_can_be_as_long_as_the_list_of_all_projects(mirror: Mirror) -> None:
    tokens = ["x" * 80_000 + end for end in ("a", "b", "\ud800")]
    pages = [page(str(number), cursor=token) for number, token in enumerate(tokens)]
    service = ScriptedFlow(pages=[*pages, page("last")])
    assert mirror.synced(service).complete
    assert service.cursors == [None, *tokens]
    loop = mirror.synced(ScriptedFlow(pages=[*pages, page("last", cursor=tokens[0])]))
    assert isinstance(loop.error, ListingLoops)


def test_a_page_that_overlaps_the_one_before_is_no_loop(mirror: Mirror) -> None:
    service = ScriptedFlow(pages=[page("a", "b", cursor="2"), page("b", "c", cursor="3"), page("c", "d")])
    assert mirror.synced(service) == SyncFinished(3, 4, 0, 0, 0, complete=True, error=None)


def test_the_page_tokens_are_never_logged(mirror: Mirror, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "flowimg_tui")
    canary = "canary-100000000001"
    mirror.sync(ScriptedFlow(pages=[page("a", cursor=canary), page("b", cursor=canary)]))
    assert "Total pages processed: 2" in caplog.text
    assert canary not in caplog.text
