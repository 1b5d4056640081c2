"""What is tried, and in which order, until a picture is there: the sources, the links, the time."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from flowimg_tui.flow.errors import (
    Expired,
    FlowError,
    NotFound,
    NotUnderstood,
    Parked,
    RateLimited,
    Truncated,
    Unreachable,
)
from flowimg_tui.flow.pace import RetryPolicy
from flowimg_tui.flow.service import Account, Media
from flowimg_tui.mirror.events import ImageFailed, ImageSaved, LowSpace
from flowimg_tui.mirror.progress import Phase, Source, Transfer
from flowimg_tui.mirror.stop import Stop
from flowimg_tui.secret import Secret
from tests.mirror.helpers import (
    AT_ONCE,
    Answer,
    FetchAnswer,
    MediaAnswer,
    Mirror,
    ScriptedFlow,
    collected,
    knows_many,
    new_image,
    of_kind,
    only,
    picture,
    until,
)

WHOLE = picture(1)
CUT = WHOLE[: len(WHOLE) // 2]
OLD, FRESH = "https://u/old", "https://u/fresh"


def link(url: str) -> Media:
    """An answer of the API that names a link and has no bytes."""
    return Media(None, Secret(url))


@pytest.mark.parametrize("trouble", [Expired("HTTP 400."), Expired("HTTP 403.")], ids=["400", "403"])
def test_a_link_whose_time_is_over_is_asked_for_anew_once(mirror: Mirror, trouble: FlowError) -> None:
    mirror.knows(new_image("a"))
    service = ScriptedFlow(pictures={"a": [link(OLD), link(FRESH)]}, urls={OLD: trouble, FRESH: WHOLE})
    assert only(mirror.download(service), ImageSaved).source == Source.SIGNED_URL
    assert service.asked == ["a", OLD, "a", FRESH]


def test_a_second_link_whose_time_is_over_is_not_asked_for_again(mirror: Mirror) -> None:
    mirror.knows(new_image("a"))
    service = ScriptedFlow(
        pictures={"a": [link(OLD), link(FRESH)]}, urls=dict.fromkeys((OLD, FRESH), Expired("HTTP 403."))
    )
    assert "HTTP 403" in only(mirror.download(service), ImageFailed).reason
    assert service.asked == ["a", OLD, "a", FRESH]


def test_the_same_link_again_is_not_asked_twice(mirror: Mirror) -> None:
    mirror.knows(new_image("a"))
    service = ScriptedFlow(pictures={"a": link(OLD)}, urls={OLD: Expired("HTTP 403.")})
    assert only(mirror.download(service), ImageFailed)
    assert service.asked == ["a", OLD, "a"]


def test_a_link_that_says_itself_that_its_time_is_over_is_not_asked(mirror: Mirror) -> None:
    mirror.knows(new_image("a"))
    over = f"https://u/a?Expires={int(time.time()) - 5}&Signature=invented"
    service = ScriptedFlow(pictures={"a": [link(over), link(FRESH)]}, urls={FRESH: WHOLE})
    assert mirror.downloaded(service).downloaded == 1
    assert service.asked == ["a", "a", FRESH]


def test_the_api_that_had_trouble_is_asked_again_for_a_fresh_link(mirror: Mirror) -> None:
    mirror.knows(new_image("a", fife_url=OLD))
    trouble = Unreachable("HTTP 500.")
    service = ScriptedFlow(
        pictures={"a": [trouble, trouble, trouble, WHOLE]}, urls={OLD: Expired("HTTP 403.")}
    )
    assert only(mirror.download(service), ImageSaved).source == Source.API
    assert service.asked == ["a"] * 3 + [OLD, "a"]


@pytest.mark.parametrize("final", [NotFound("HTTP 404."), NotUnderstood("no picture")])
def test_an_api_that_has_refused_for_good_is_not_asked_for_a_fresh_link(
    mirror: Mirror, final: FlowError
) -> None:
    mirror.knows(new_image("a", fife_url=OLD))
    service = ScriptedFlow(pictures={"a": final}, urls={OLD: Expired("HTTP 403.")})
    failed = only(mirror.download(service), ImageFailed)
    assert service.asked == ["a", OLD]
    assert str(final) in failed.reason
    assert "HTTP 403" in failed.reason


def test_a_picture_that_was_cut_on_the_way_of_its_link_is_asked_for_again(mirror: Mirror) -> None:
    mirror.knows(new_image("a"))
    service = ScriptedFlow(pictures={"a": link(OLD)}, urls={OLD: [CUT, b"", WHOLE]})
    assert mirror.downloaded(service).downloaded == 1
    assert service.asked == ["a", OLD, OLD, OLD]
    assert mirror.pictures_by_name() == {"a": WHOLE}


def test_half_a_picture_in_a_whole_answer_is_not_asked_for_again_but_elsewhere(mirror: Mirror) -> None:
    mirror.knows(new_image("a"))
    service = ScriptedFlow(pictures={"a": Media(CUT, Secret(OLD))}, urls={OLD: WHOLE})
    assert only(mirror.download(service), ImageSaved).source == Source.SIGNED_URL
    assert service.asked == ["a", OLD]


def test_a_web_page_at_a_link_is_asked_for_again_as_that_of_a_gateway_passes(mirror: Mirror) -> None:
    mirror.knows(new_image("a"), new_image("b"))
    page = b"<!doctype html><p>Bad gateway"
    service = ScriptedFlow(
        pictures={"a": link(OLD), "b": link(FRESH)}, urls={OLD: [page, picture(1)], FRESH: page}
    )
    failed = only(mirror.download(service, workers=1), ImageFailed)
    assert (failed.name, "a web page" in failed.reason) == ("b", True)
    assert service.asked.count(OLD) == 2
    assert service.asked.count(FRESH) == AT_ONCE.tries
    assert mirror.pictures_by_name() == {"a": picture(1)}


def test_an_answer_that_is_cut_off_is_asked_for_again(mirror: Mirror) -> None:
    mirror.knows(new_image("a"))
    service = ScriptedFlow(pictures={"a": [Truncated("The media answer is cut off."), WHOLE]})
    assert mirror.downloaded(service).downloaded == 1


def test_a_failed_image_counts_its_requests_and_tells_each_reason_once(mirror: Mirror) -> None:
    mirror.knows(new_image("a", fife_url=OLD))
    trouble = Unreachable("HTTP 503.")
    service = ScriptedFlow(pictures={"a": trouble}, urls={OLD: trouble})
    assert only(mirror.download(service), ImageFailed).reason == "api: HTTP 503.; signed url: HTTP 503."
    row = mirror.row("a")
    assert (row.tries, row.failed_runs) == (len(service.asked), 1) == (6, 1)
    assert row.failed_at is not None
    assert datetime.now(UTC) - row.failed_at < timedelta(minutes=1)


# The time of an image


def hangs(*answers: MediaAnswer) -> list[MediaAnswer]:
    return [*answers, Answer.HANG]


def run_for(mirror: Mirror, service: ScriptedFlow, image_seconds: float) -> list[object]:
    async def run() -> list[object]:
        events = mirror.downloads(service, Stop(), image_seconds=image_seconds)
        return list[object](await collected(events))

    return asyncio.run(run())


def test_an_api_that_never_ends_leaves_time_for_the_link(mirror: Mirror) -> None:
    mirror.knows(new_image("a", fife_url=OLD))
    service = ScriptedFlow(pictures={"a": Answer.HANG}, urls={OLD: WHOLE})
    saved = only(run_for(mirror, service, 0.3), ImageSaved)
    assert saved.source == Source.SIGNED_URL
    assert service.asked == ["a", OLD]


def test_an_image_that_takes_too_long_fails_and_can_be_had_later(mirror: Mirror) -> None:
    mirror.knows(new_image("a", fife_url=OLD), new_image("b"))
    service = ScriptedFlow(pictures={"a": Answer.HANG, "b": WHOLE}, urls={OLD: Answer.HANG})
    events = run_for(mirror, service, 0.3)
    failed = only(events, ImageFailed)
    assert failed.retryable
    assert "not done within" in failed.reason
    assert only(events, ImageSaved).path
    assert service.running == 0


def test_the_pauses_are_no_part_of_the_time_of_an_image(mirror: Mirror) -> None:
    mirror.knows(new_image("a"))
    service = ScriptedFlow(pictures={"a": [RateLimited("slow down.", 0.3), WHOLE]})
    assert only(run_for(mirror, service, 0.2), ImageSaved)


# What the workers of a run have in common


def test_a_pause_that_one_worker_is_asked_for_holds_them_all(mirror: Mirror) -> None:
    script = knows_many(mirror, 6)
    script["i0"] = RateLimited("slow down.", 600.0)

    async def run() -> tuple[list[Transfer], int]:
        stop, service = Stop(), ScriptedFlow(pictures=script)
        service.gate = asyncio.Event()
        running = asyncio.create_task(collected(mirror.downloads(service, stop, 3)))
        await until(lambda: service.running == 3)
        service.gate.set()
        await until(lambda: len(waiting()) == 3)
        shown, asked = waiting(), len(service.asked)
        stop.ask()
        await running
        assert len(service.asked) == asked
        return shown, asked

    def waiting() -> list[Transfer]:
        return [one for one in mirror.board.snapshot().transfers if one.phase is Phase.WAITING]

    shown, asked = asyncio.run(run())
    assert asked == 3
    assert {one.reason for one in shown} == {"slow down.", "Flow asks for a pause"}
    assert all(one.resumes_at is not None for one in shown)
    assert {(one.next_try, one.tries) for one in shown} == {(2, 3), (1, 3)}


def test_a_pause_before_the_sign_in_is_shown_in_each_row(mirror: Mirror) -> None:
    script = knows_many(mirror, 4)

    class Asked(ScriptedFlow):
        async def account(self) -> Account:
            await until(lambda: len(mirror.board.snapshot().transfers) == 2)
            return await super().account()

    async def run() -> list[Transfer]:
        stop = Stop()
        service = Asked(pictures=script, accounts=[RateLimited("slow down.", 600.0)])
        running = asyncio.create_task(collected(mirror.downloads(service, stop, 2)))
        await until(lambda: any(one.resumes_at for one in mirror.board.snapshot().transfers))
        shown = list(mirror.board.snapshot().transfers)
        stop.ask()
        await running
        return shown

    shown = asyncio.run(run())
    assert {(one.phase, one.next_try, one.tries, one.reason) for one in shown} == {
        (Phase.WAITING, 2, 3, "slow down.")
    }


def test_a_pause_of_more_than_a_quarter_of_an_hour_ends_the_run_with_the_time(mirror: Mirror) -> None:
    script = knows_many(mirror, 5)
    script["i1"] = RateLimited("Too many.", 3600.0)
    finished = mirror.downloaded(ScriptedFlow(pictures=script), workers=1)
    assert isinstance(finished.error, Parked)
    assert "It asks to wait" in str(finished.error)
    assert (finished.downloaded, finished.failed, finished.cancelled) == (1, 0, 4)
    assert mirror.gallery.counts(mirror.profile.id).failed == 0


def test_a_pool_that_is_asked_for_fewer_requests_makes_fewer(mirror: Mirror) -> None:
    script = knows_many(mirror, 24)
    slow_down = RateLimited("Too many.")
    for name in ("i4", "i5", "i6", "i7", "i8", "i9"):
        script[name] = [slow_down, slow_down, picture(int(name[1:]))]
    counted: list[int] = []

    class Counting(ScriptedFlow):
        underway = 0

        async def _answer(self, what: str, answers: list[MediaAnswer]) -> MediaAnswer:  # type: ignore[override]
            self.underway += 1
            counted.append(self.underway)
            try:
                # Longer than a file takes to be saved: what may run together does.
                await asyncio.sleep(0.03)
                return await super()._answer(what, answers)
            finally:
                self.underway -= 1

    finished = mirror.downloaded(Counting(pictures=script), workers=4, retry=RetryPolicy(5, 0.0))
    assert finished.downloaded == 24
    assert max(counted) == 4
    # After the warning nobody is alone for ever: the pool has grown again by the end.
    assert 1 in counted[5:]
    assert max(counted[-8:]) > 1


@pytest.mark.parametrize(
    ("answers", "held"),
    [
        ([WHOLE], "api"),
        ([link(OLD)], "signed url"),
        ([NotFound("HTTP 404.")], "signed url"),
    ],
)
def test_the_ledger_knows_which_source_has_delivered(
    mirror: Mirror, answers: list[MediaAnswer], held: str
) -> None:
    mirror.knows(new_image("a", fife_url=OLD))
    urls: dict[str, FetchAnswer | list[FetchAnswer]] = {OLD: WHOLE}
    mirror.download(ScriptedFlow(pictures={"a": answers}, urls=urls))
    assert mirror.query("SELECT source FROM saved_file") == [(held,)]


# Which images a run takes


def fail_often(mirror: Mirror, name: str, times: int) -> None:
    for _ in range(times):
        mirror.gallery.record_failure(mirror.row(name).id, "gone", datetime.now(UTC))


def test_a_parked_image_is_left_alone_and_told_of(mirror: Mirror) -> None:
    script = knows_many(mirror, 3)
    fail_often(mirror, "i1", 10)
    service = ScriptedFlow(pictures=script)
    finished = mirror.downloaded(service)
    assert (finished.pending, finished.downloaded, finished.parked) == (2, 2, 1)
    assert sorted(service.asked) == ["i0", "i2"]


def test_the_tenth_failed_run_tells_that_it_parks(mirror: Mirror) -> None:
    mirror.knows(new_image("a"))
    fail_often(mirror, "a", 8)
    parked: list[bool] = []
    for _ in range(3):
        events = mirror.download(ScriptedFlow(pictures={"a": NotFound("HTTP 404.")}))
        parked += [event.parked for event in of_kind(events, ImageFailed)]
    assert parked == [False, True]


def test_a_run_of_the_failed_images_takes_no_other(mirror: Mirror) -> None:
    script = knows_many(mirror, 4)
    fail_often(mirror, "i2", 1)
    service = ScriptedFlow(pictures=script)

    async def run() -> list[object]:
        return list[object](await collected(mirror.downloads(service, Stop(), failed_only=True)))

    assert only(asyncio.run(run()), ImageSaved).image_id == mirror.row("i2").id
    assert service.asked == ["i2"]


def test_a_disk_that_looks_too_small_is_told_before_the_first_request(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowimg_tui.mirror.files.free_space", lambda _: 20_000_000)
    monkeypatch.setattr(mirror.gallery, "mean_file_size", lambda _: 1_000_000.0)
    for images, told in ((18, False), (19, True)):
        mirror.knows(*(new_image(f"new{number}") for number in range(images)))
        gone = {f"new{number}": NotFound("HTTP 404.") for number in range(images)}
        events = mirror.download(ScriptedFlow(pictures=gone))
        assert isinstance(events[1], LowSpace) is told
        assert len(of_kind(events, LowSpace)) == told
        if told:
            assert events[1] == LowSpace(str(mirror.output), 20_900_000, 20_000_000)
