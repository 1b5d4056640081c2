"""Download: every image without a file gets one, or a reason why not, and the sums are right."""

import asyncio
import base64
import errno
import json
import logging
import os
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
import pytest

from flowimg_tui.flow.errors import FlowError, Moved, NotFound, Parked, RateLimited, SignedOut, Unreachable
from flowimg_tui.flow.labs import LabsService
from flowimg_tui.flow.service import Media
from flowimg_tui.mirror.errors import DiskError
from flowimg_tui.mirror.events import (
    DownloadEvent,
    DownloadFinished,
    DownloadStarted,
    ImageAdopted,
    ImageFailed,
    ImageSaved,
    ImageStarted,
    SignedIn,
)
from flowimg_tui.mirror.stop import Stop
from flowimg_tui.secret import Secret
from flowimg_tui.store.database import StoreError
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import FileRecord, ImageState
from tests.mirror.helpers import (
    NOON,
    Answer,
    MediaAnswer,
    Mirror,
    PageAnswer,
    ScriptedFlow,
    collected,
    knows_many,
    names,
    new_image,
    of_kind,
    only,
    page,
    picture,
    until,
)

VALID = "https://flow-content.google/image/x?Expires=9999999999&Signature=s"
EXPIRED = "https://flow-content.google/image/x?Expires=1000000000&Signature=s"


def test_a_download_fetches_what_has_no_file_and_tells_of_each(mirror: Mirror) -> None:
    mirror.knows(new_image("a"))
    image_id = mirror.row("a").id
    events = mirror.download(ScriptedFlow(pictures={"a": picture(1)}))
    path, size = mirror.row("a").local_path, len(picture(1))
    assert path is not None
    finished = only(events, DownloadFinished)
    assert events == [
        DownloadStarted(1),
        ImageStarted(image_id),
        SignedIn("ada@example.com", NOON),
        ImageSaved(image_id, path, size, "api"),
        DownloadFinished(1, 1, 0, 0, 0, size, finished.seconds, None),
    ]
    assert Path(path).read_bytes() == picture(1)


def test_images_that_have_their_file_are_not_asked_for(mirror: Mirror) -> None:
    script = knows_many(mirror, 4)
    mirror.download(ScriptedFlow(pictures=script))
    mirror.knows(new_image("late"))
    service = ScriptedFlow(pictures={"late": picture(99)})
    finished = mirror.downloaded(service)
    assert (finished.pending, finished.downloaded) == (1, 1)
    assert service.asked == ["late"]


def test_nothing_to_do_is_done_at_once(mirror: Mirror) -> None:
    events = mirror.download(ScriptedFlow())
    assert [type(event) for event in events] == [DownloadStarted, DownloadFinished]
    assert only(events, DownloadFinished).pending == 0
    assert not mirror.output.exists()


def test_the_newest_images_come_first(mirror: Mirror) -> None:
    script = knows_many(mirror, 6)
    service = ScriptedFlow(pictures=script)
    mirror.download(service, workers=1)
    assert service.asked == names(6)


@pytest.mark.parametrize(("workers", "images", "most"), [(4, 12, 4), (1, 3, 1), (16, 5, 5)])
def test_there_are_as_many_requests_at_once_as_workers_and_never_more(
    mirror: Mirror, workers: int, images: int, most: int
) -> None:
    service = ScriptedFlow(pictures=knows_many(mirror, images))

    async def run() -> list[DownloadEvent]:
        service.gate = asyncio.Event()
        running = asyncio.create_task(collected(mirror.downloads(service, Stop(), workers)))
        await until(lambda: service.running == most)
        for _ in range(50):
            await asyncio.sleep(0)
        assert service.running == most
        service.gate.set()
        return await running

    finished = only(asyncio.run(run()), DownloadFinished)
    assert finished.downloaded == images
    assert service.most_running == most


def test_what_is_saved_is_what_came_and_the_ledger_knows_it(mirror: Mirror) -> None:
    mirror.knows(new_image("a"), new_image("b", fife_url=VALID))
    before = datetime.now(UTC)
    service = ScriptedFlow(
        pictures={"a": picture(1, "WEBP"), "b": NotFound("gone")}, urls={VALID: picture(2, "JPEG")}
    )
    mirror.download(service)
    assert mirror.pictures_by_name() == {"a": picture(1, "WEBP"), "b": picture(2, "JPEG")}
    (a,), (b,) = (mirror.gallery.files_of(mirror.profile.id, f"key-{name}") for name in "ab")
    assert (a.mime, a.source, a.size) == ("image/webp", "api", len(picture(1, "WEBP")))
    assert (b.mime, b.source, b.size) == ("image/jpeg", "signed url", len(picture(2, "JPEG")))
    assert before <= a.saved_at <= datetime.now(UTC)


# Where a picture comes from


def test_the_api_is_asked_first_and_the_signed_url_not_at_all(mirror: Mirror) -> None:
    mirror.knows(new_image("a", fife_url=VALID))
    service = ScriptedFlow(pictures={"a": picture(1)}, urls={VALID: picture(2)})
    saved = only(mirror.download(service), ImageSaved)
    assert saved.source == "api"
    assert service.asked == ["a"]


def test_without_bytes_in_the_answer_its_fresh_url_is_asked(mirror: Mirror) -> None:
    mirror.knows(new_image("a", fife_url=VALID))
    fresh = VALID + "&fresh"
    service = ScriptedFlow(
        pictures={"a": Media(None, Secret(fresh), "the answer holds no bytes")}, urls={fresh: picture(2)}
    )
    saved = only(mirror.download(service), ImageSaved)
    assert saved.source == "signed url"
    assert service.asked == ["a", fresh]


def test_an_api_that_keeps_no_bytes_is_no_trouble_where_it_names_a_url(mirror: Mirror) -> None:
    mirror.knows(new_image("a"))
    service = ScriptedFlow(pictures={"a": Media(None, Secret(VALID))}, urls={VALID: NotFound("404")})
    failed = only(mirror.download(service), ImageFailed)
    assert (failed.reason, failed.retryable) == ("signed url: 404", False)


def test_where_the_fresh_url_fails_the_listed_one_is_asked(mirror: Mirror) -> None:
    mirror.knows(new_image("a", fife_url=VALID))
    fresh = VALID + "&fresh"
    service = ScriptedFlow(
        pictures={"a": Media(None, Secret(fresh))}, urls={fresh: NotFound("HTTP 404"), VALID: picture(2)}
    )
    assert only(mirror.download(service), ImageSaved).source == "signed url"
    assert service.asked == ["a", fresh, VALID]


def test_the_same_url_is_not_asked_twice(mirror: Mirror) -> None:
    mirror.knows(new_image("a", fife_url=VALID))
    service = ScriptedFlow(pictures={"a": Media(None, Secret(VALID))}, urls={VALID: NotFound("HTTP 404")})
    assert only(mirror.download(service), DownloadFinished).failed == 1
    assert service.asked == ["a", VALID]


@pytest.mark.parametrize(
    "answer",
    [
        NotFound("HTTP 404"),
        FlowError("refused"),
        Media(None, None, "the base64 text in the answer is broken"),
        picture(1)[:-5],
        b"<!DOCTYPE html><html></html>",
    ],
    ids=["not found", "refused", "broken base64", "cut", "a web page"],
)
def test_where_the_api_has_no_whole_picture_the_listed_url_has(mirror: Mirror, answer: MediaAnswer) -> None:
    mirror.knows(new_image("a", fife_url=VALID))
    service = ScriptedFlow(pictures={"a": answer}, urls={VALID: picture(2)})
    assert only(mirror.download(service), ImageSaved).source == "signed url"
    assert mirror.pictures_by_name() == {"a": picture(2)}


def test_a_listed_url_that_has_expired_is_not_asked(mirror: Mirror) -> None:
    mirror.knows(new_image("a", fife_url=EXPIRED))
    service = ScriptedFlow(pictures={"a": NotFound("HTTP 404")})
    failed = only(mirror.download(service), ImageFailed)
    assert service.asked == ["a"]
    assert not failed.retryable


def test_a_signed_url_that_is_refused_says_nothing_of_the_session(mirror: Mirror) -> None:
    mirror.knows(new_image("a", fife_url=VALID), new_image("b"))
    service = ScriptedFlow(
        pictures={"a": NotFound("HTTP 404"), "b": picture(1)}, urls={VALID: SignedOut("HTTP 401")}
    )
    finished = mirror.downloaded(service)
    assert (finished.downloaded, finished.failed, finished.error) == (1, 1, None)


def _answers(body: bytes | str, status: int = 200) -> Callable[[httpx.Request], httpx.Response]:
    """A Flow whose media endpoint answers with ``body``; its session lives and its signed URL works."""
    expires = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    session = {"user": {"email": "ada@example.com"}, "expires": expires, "access_token": "ya29.x"}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/api/auth/session"):
            return httpx.Response(200, json=session)
        if request.url.host == "flow-content.google":
            return httpx.Response(200, content=picture(2), headers={"content-type": "text/plain"})
        if "/media/" in request.url.path:
            return httpx.Response(status, content=body)
        return httpx.Response(404)

    return answer


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (json.dumps({"error": {"code": 404, "message": "gone", "status": "NOT_FOUND"}}), 404),
        ("", 500),
        (json.dumps({"userUploadedImage": {"image": "%%% no base64 %%%"}}), 200),
        (json.dumps({"userUploadedImage": {"image": base64.b64encode(picture(1)[:-9]).decode()}}), 200),
        ("<!DOCTYPE html><html><body>Flow has moved</body></html>", 200),
        ("", 200),
        ("null", 200),
    ],
    ids=["404", "500", "broken base64", "cut picture", "a web page", "nothing", "null"],
)
def test_whatever_the_media_endpoint_answers_the_listed_url_is_the_way_out(
    mirror: Mirror, body: str, status: int
) -> None:
    mirror.knows(new_image("a", fife_url=VALID))
    service = LabsService({}, transport=httpx.MockTransport(_answers(body, status)))
    assert only(mirror.download(service), ImageSaved).source == "signed url"
    assert mirror.pictures_by_name() == {"a": picture(2)}


# Names on disk


@pytest.mark.parametrize(("kind", "extension"), [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp")])
def test_the_extension_is_that_of_the_bytes(mirror: Mirror, kind: str, extension: str) -> None:
    mirror.knows(new_image("a", media_key="c048859d.gif"), new_image("b", media_key="c048859d"))
    mirror.download(ScriptedFlow(pictures={"a": picture(1, kind), "b": picture(2, kind)}))
    assert {Path(path).suffix for path in mirror.files()} == {f".{extension}"}
    assert f"c048859d.{extension}" in {Path(path).name for path in mirror.files()}


@pytest.fixture
def far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")  # fourteen hours ahead of UTC
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("far_east")
def test_a_picture_stands_in_the_folder_of_the_day_it_was_made_on_in_local_time(mirror: Mirror) -> None:
    mirror.by_creation = True
    mirror.knows(new_image("a", created_at=datetime(2025, 10, 29, 13, 56, tzinfo=UTC)))
    mirror.download(ScriptedFlow(pictures={"a": picture(1)}))
    assert set(mirror.files()) == {"2025-10-30/key-a.png"}


@pytest.mark.usefixtures("far_east")
@pytest.mark.parametrize("by_creation", [False, True])
def test_a_picture_stands_in_the_folder_of_the_day_it_was_downloaded_on_in_local_time(
    mirror: Mirror, by_creation: bool
) -> None:
    mirror.by_creation = by_creation
    # Nobody knows when it was made.
    mirror.knows(new_image("a", created_at=None if by_creation else NOON))
    days = {f"{datetime.now().astimezone():%Y-%m-%d}"}
    mirror.download(ScriptedFlow(pictures={"a": picture(1)}))
    days.add(f"{datetime.now().astimezone():%Y-%m-%d}")
    (path,) = mirror.files()
    assert path.partition("/")[0] in days


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati"])
def test_an_image_with_an_impossible_date_does_not_end_the_download(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    mirror.by_creation = True
    edge = datetime(1, 1, 1, tzinfo=UTC) if zone.startswith("America") else datetime.max.replace(tzinfo=UTC)
    mirror.knows(new_image("b"), new_image("odd", created_at=edge))
    finished = mirror.downloaded(ScriptedFlow(pictures={"b": picture(1), "odd": picture(2)}))
    assert (finished.downloaded, finished.error) == (2, None)


def test_two_images_with_one_media_key_share_the_picture(mirror: Mirror) -> None:
    mirror.knows(new_image("a", media_key="same"), new_image("b", media_key="same"))
    service = ScriptedFlow(pictures={"a": picture(1), "b": picture(1)})
    finished = mirror.downloaded(service)
    assert finished.downloaded + finished.adopted == 2
    assert set(mirror.pictures_by_name().values()) == {picture(1)}
    assert len(mirror.files()) == 1


def test_two_images_with_one_media_key_and_two_pictures_at_once_get_both(mirror: Mirror) -> None:
    mirror.knows(new_image("a", media_key="same"), new_image("b", media_key="same"))
    service = ScriptedFlow(pictures={"a": picture(1), "b": picture(2)})

    async def run() -> None:
        service.gate = asyncio.Event()
        running = asyncio.create_task(collected(mirror.downloads(service, Stop())))
        await until(lambda: service.running == 2)
        service.gate.set()
        await running

    asyncio.run(run())
    assert mirror.pictures_by_name() == {"a": picture(1), "b": picture(2)}
    assert {Path(path).name for path in mirror.files()} == {"same.png", "same-2.png"}


# Failures


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (picture(1, "PNG")[:-4], "PNG that is cut off"),
        (picture(1, "JPEG")[:-2], "JPEG that is cut off"),
        (picture(1, "WEBP")[:-8], "WebP that is cut off"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "a web page"),
        (b'{"error": {"code": 404}}', "a JSON message"),
        (b"<?xml version='1.0'?><Error/>", "an XML message"),
        (b"", "an empty body"),
        (b"GIF89a" + bytes(40), "a GIF, which Flow is not known to deliver"),
    ],
)
def test_bytes_that_are_no_whole_picture_leave_a_reason_and_no_file(
    mirror: Mirror, body: bytes, reason: str
) -> None:
    mirror.knows(new_image("a"))
    failed = only(mirror.download(ScriptedFlow(pictures={"a": body})), ImageFailed)
    assert reason in failed.reason
    assert (failed.name, failed.media_key) == ("a", "key-a")
    assert mirror.row("a").failure == failed.reason
    assert not mirror.output.exists()
    assert mirror.gallery.files_of(mirror.profile.id, "key-a") == []


def test_a_failed_image_is_tried_again_by_the_next_run(mirror: Mirror) -> None:
    mirror.knows(new_image("a"))
    mirror.download(ScriptedFlow(pictures={"a": NotFound("HTTP 404")}))
    assert mirror.row("a").state is ImageState.FAILED
    finished = mirror.downloaded(ScriptedFlow(pictures={"a": picture(1)}))
    assert (finished.pending, finished.downloaded) == (1, 1)
    assert (mirror.row("a").failure, mirror.row("a").state) == (None, ImageState.DOWNLOADED)


def test_a_failed_image_does_not_stop_the_others(mirror: Mirror) -> None:
    script = knows_many(mirror, 9)
    for number in (0, 4, 8):
        script[f"i{number}"] = NotFound("HTTP 404")
    finished = mirror.downloaded(ScriptedFlow(pictures=script), workers=2)
    assert (finished.downloaded, finished.failed, finished.cancelled) == (6, 3, 0)
    assert mirror.gallery.counts(mirror.profile.id).failed == 3


def test_each_source_tells_its_reason(mirror: Mirror) -> None:
    mirror.knows(new_image("a", fife_url=VALID))
    service = ScriptedFlow(pictures={"a": NotFound("HTTP 404")}, urls={VALID: b"{}"})
    reason = only(mirror.download(service), ImageFailed).reason
    assert reason == "api: HTTP 404; signed url: not a picture but a JSON message"


def test_what_can_succeed_later_is_asked_again_and_the_board_says_so(mirror: Mirror) -> None:
    mirror.knows(new_image("a"))
    trouble = Unreachable("HTTP 503")
    service = ScriptedFlow(pictures={"a": [trouble, trouble, picture(1)]})
    assert mirror.downloaded(service).downloaded == 1
    assert service.asked == ["a"] * 3


def test_after_the_last_try_the_image_has_failed_and_can_be_had_later(mirror: Mirror) -> None:
    mirror.knows(new_image("a"))
    service = ScriptedFlow(pictures={"a": Unreachable("HTTP 503")})
    failed = only(mirror.download(service), ImageFailed)
    assert failed.retryable
    assert "HTTP 503" in failed.reason
    assert service.asked == ["a"] * 3


def test_a_stop_while_a_worker_waits_to_ask_again_is_at_once(mirror: Mirror) -> None:
    script = knows_many(mirror, 6)
    script |= dict.fromkeys(("i0", "i1"), RateLimited("slow down", 600.0))

    async def run() -> DownloadFinished:
        stop = Stop()
        running = asyncio.create_task(collected(mirror.downloads(ScriptedFlow(pictures=script), stop, 2)))
        await until(lambda: len(mirror.board.snapshot().transfers) == 2)
        await until(lambda: all(one.resumes_at for one in mirror.board.snapshot().transfers))
        (one, other) = mirror.board.snapshot().transfers
        assert (one.next_try, one.tries, one.reason) == (2, 3, "slow down")
        assert other.resumes_at is not None
        stop.ask()
        return only(await running, DownloadFinished)

    finished = asyncio.run(run())
    assert (finished.cancelled, finished.error) == (6, None)
    assert mirror.board.snapshot().transfers == ()


# What ends a run


ELSEWHERE: Final = Moved("It sends elsewhere.")


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (SignedOut("The session has expired."), None),
        (ELSEWHERE, Moved("Flow has moved.")),
        (ELSEWHERE, SignedOut("The session has expired.")),
    ],
    ids=repr,
)
def test_what_ends_the_run_marks_no_image_as_failed(
    mirror: Mirror, trouble: FlowError, error: FlowError | None, caplog: pytest.LogCaptureFixture
) -> None:
    script = knows_many(mirror, 8)
    script["i3"] = trouble
    script |= dict.fromkeys(("i4", "i5"), Answer.HANG)
    finished = mirror.downloaded(ScriptedFlow(pictures=script, pages=[error] if error else ()), workers=3)
    error = error or trouble
    assert finished.error is error
    assert finished.failed == 0
    assert finished.pending == finished.downloaded + finished.cancelled == 8
    assert mirror.gallery.counts(mirror.profile.id).failed == 0
    assert mirror.gallery.counts(mirror.profile.id).downloaded == finished.downloaded
    assert str(error) in caplog.text


def test_a_long_pause_that_is_asked_for_where_flow_is_looked_for_ends_the_run(mirror: Mirror) -> None:
    script = dict.fromkeys(knows_many(mirror, 2), ELSEWHERE)
    finished = mirror.downloaded(ScriptedFlow(pictures=script, pages=[RateLimited("slow down", 7200.0)]))
    assert isinstance(finished.error, Parked)
    assert (finished.failed, finished.cancelled) == (0, 2)


@pytest.mark.parametrize("listing", [page("i0"), Unreachable("HTTP 503")], ids=["is there", "no answer"])
def test_one_image_that_is_sent_elsewhere_has_its_own_trouble_where_flow_has_not_moved(
    mirror: Mirror, listing: PageAnswer
) -> None:
    script = knows_many(mirror, 3)
    mirror.knows(new_image("linked", fife_url="https://u/linked"), new_image("bare"))
    script |= dict.fromkeys(("linked", "bare"), ELSEWHERE)
    service = ScriptedFlow(pictures=script, urls={"https://u/linked": picture(7)}, pages=[listing] * 6)
    events = mirror.download(service)
    assert mirror.pictures_by_name().keys() == {"i0", "i1", "i2", "linked"}
    failed = only(events, ImageFailed)
    assert (failed.name, failed.reason) == ("bare", "api: It sends elsewhere.")
    assert mirror.row("bare").failure == failed.reason
    assert only(events, DownloadFinished).error is None


def test_whether_flow_has_moved_is_asked_once_for_all_that_were_sent_elsewhere_together(
    mirror: Mirror,
) -> None:
    script = dict.fromkeys(knows_many(mirror, 8), ELSEWHERE)
    service = ScriptedFlow(pictures=script, pages=[page("i0")] * 8)
    service.gate = asyncio.Event()

    async def run() -> DownloadFinished:
        assert service.gate is not None
        running = asyncio.create_task(collected(mirror.downloads(service, Stop(), 4)))
        await until(lambda: service.running == 4)
        service.gate.set()
        return only(await running, DownloadFinished)

    finished = asyncio.run(run())
    assert (finished.failed, finished.error) == (8, None)
    # Four ask together, then those that come after them.
    assert 2 <= len(service.cursors) <= 5


def test_an_answer_of_before_says_nothing_of_what_was_sent_elsewhere_later(mirror: Mirror) -> None:
    script = dict.fromkeys(knows_many(mirror, 3), ELSEWHERE)
    moved = Moved("Flow has moved.")
    service = ScriptedFlow(pictures=script, pages=[page("i0"), moved])
    finished = mirror.downloaded(service, workers=1)
    assert finished.error is moved
    assert (finished.failed, finished.cancelled) == (1, 2)


def test_an_output_folder_that_cannot_be_made_ends_the_run(mirror: Mirror) -> None:
    mirror.output.write_text("a file in the way")
    finished = mirror.downloaded(ScriptedFlow(pictures=knows_many(mirror, 5)))
    assert isinstance(finished.error, DiskError)
    assert not finished.error.full
    assert str(mirror.output) in str(finished.error)
    assert (finished.failed, finished.cancelled) == (0, 5)
    assert mirror.gallery.counts(mirror.profile.id).failed == 0


def test_a_disk_that_is_full_ends_the_run_and_leaves_no_part(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_fsync = os.fsync

    def full(descriptor: int) -> None:
        """There is room for the first picture alone."""
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        if name.startswith(".key-") and not name.startswith(".key-i0."):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        true_fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    finished = mirror.downloaded(ScriptedFlow(pictures=knows_many(mirror, 8)), workers=1)
    assert isinstance(finished.error, DiskError)
    assert finished.error.full
    assert "disk is full" in str(finished.error).lower()
    assert 0 < finished.downloaded < 8
    assert (finished.failed, finished.downloaded + finished.cancelled) == (0, 8)
    assert mirror.gallery.counts(mirror.profile.id).failed == 0
    assert not [path for path in mirror.files() if path.endswith(".part")]
    assert len(mirror.pictures_by_name()) == finished.downloaded


def test_a_write_that_the_system_cuts_short_ends_the_run_and_leaves_no_part(mirror: Mirror) -> None:
    """The limit of a file's size stands for the full disk: the kernel takes a part of the bytes."""
    large = picture(1) + bytes(6_000_000)
    mirror.knows(new_image("a"), new_image("b"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000_000, limits[1]))
    try:
        finished = mirror.downloaded(ScriptedFlow(pictures={"a": large, "b": large}))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert isinstance(finished.error, DiskError)
    assert finished.error.full
    assert (finished.failed, finished.cancelled) == (0, 2)
    assert mirror.files() == {}


def test_a_database_that_breaks_in_the_middle_is_told_as_such(mirror: Mirror) -> None:
    script = knows_many(mirror, 4)

    def break_it(event: DownloadEvent, _stop: Stop) -> None:
        if isinstance(event, DownloadStarted):
            mirror.query("DROP TABLE saved_file")

    finished = mirror.downloaded(ScriptedFlow(pictures=script), workers=2, seen=break_it)
    assert isinstance(finished.error, StoreError)
    assert "gallery.db" in str(finished.error)
    assert (finished.failed, finished.cancelled) == (0, 4)


# The order of a save, and the row


class WatchingGallery(Gallery):
    """Looks at the disk whenever a row is about to point to a file."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.looked: list[tuple[str, bytes, bool]] = []
        self.durable: set[str] = set()

    def record_saved(self, profile_id: int, image_id: int, file: FileRecord) -> None:
        durable = str(Path(file.path).parent) in self.durable
        self.looked.append((file.path, Path(file.path).read_bytes(), durable))
        super().record_saved(profile_id, image_id, file)


def test_a_row_points_to_a_file_only_after_the_file_is_whole_and_its_folder_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = WatchingGallery(tmp_path / "gallery.db")
    mirror = Mirror(tmp_path, gallery)
    script = knows_many(mirror, 3)
    true_fsync = os.fsync

    def fsync(descriptor: int) -> None:
        true_fsync(descriptor)
        gallery.durable.add(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    monkeypatch.setattr(os, "fsync", fsync)
    mirror.download(ScriptedFlow(pictures=script))
    mirror.close()
    assert Counter(data for _, data, _ in gallery.looked) == Counter(picture(number) for number in range(3))
    assert all(durable for *_, durable in gallery.looked)


# Files of earlier runs


def test_a_picture_that_the_ledger_knows_is_adopted_without_a_request(mirror: Mirror) -> None:
    mirror.download(ScriptedFlow(pictures=knows_many(mirror, 3)))
    before = mirror.files()
    mirror.gallery.delete_images(mirror.profile.id)
    knows_many(mirror, 3)
    service = ScriptedFlow()
    events = mirror.download(service)
    assert service.asked == []
    assert len(of_kind(events, ImageAdopted)) == 3
    assert of_kind(events, ImageStarted) == []
    assert {event.path for event in of_kind(events, ImageAdopted)} == {
        row.local_path for row in mirror.rows().values()
    }
    assert mirror.files() == before
    snapshot = mirror.board.snapshot()
    assert (snapshot.pending, snapshot.finished, snapshot.failed) == (3, 3, 0)


@pytest.mark.parametrize("change", ["vanished", "longer", "a folder"])
def test_a_file_that_is_no_more_what_it_was_is_downloaded_again(mirror: Mirror, change: str) -> None:
    script = knows_many(mirror, 2)
    mirror.download(ScriptedFlow(pictures=script))
    changed = Path(str(mirror.row("i1").local_path))
    mirror.gallery.delete_images(mirror.profile.id)
    knows_many(mirror, 2)
    longer = changed.read_bytes() + b"!"
    changed.unlink()
    if change == "longer":
        changed.write_bytes(longer)
    elif change == "a folder":
        changed.mkdir()
    service = ScriptedFlow(pictures=script)
    finished = mirror.downloaded(service)
    assert (finished.adopted, finished.downloaded) == (1, 1)
    assert service.asked == ["i1"]
    assert mirror.pictures_by_name() == {"i0": picture(0), "i1": picture(1)}
    if change == "longer":
        assert changed.read_bytes() == longer


def test_temp_files_of_dead_runs_are_swept_and_those_of_others_are_not(
    mirror: Mirror, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    day = mirror.output / "2026-01-01"
    day.mkdir(parents=True)
    dead = [day / ".key-a.studio.1.part", day / ".key-b.studio.99.part"]
    others = [
        day / ".key-a.home.1.part",
        day / ".key-a.studio2.1.part",
        day / ".key-a.my-studio.1.part",
        day / "holiday.part",
        day / ".notes",
    ]
    for path in (*dead, *others):
        path.write_bytes(b"cut")
    mirror.download(ScriptedFlow())
    assert sorted(day.iterdir()) == sorted(others)
    assert "Removed 2 unfinished files" in caplog.text


def test_the_temp_files_of_a_profile_with_a_longer_name_are_not_swept(mirror: Mirror) -> None:
    """Two profiles may share an output folder, and the other one may be at work in it right now."""
    theirs = mirror.output / "2026-01-01" / ".key-a.studio-2.17.part"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"half")
    mirror.download(ScriptedFlow())
    assert theirs.exists()


def test_the_download_is_summed_up_in_the_log(mirror: Mirror, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    script = knows_many(mirror, 3)
    script["i1"] = NotFound("HTTP 404")
    mirror.download(ScriptedFlow(pictures=script))
    assert "Downloaded 2, adopted 0, failed 1, cancelled 0 of 3 pending images" in caplog.text
