"""Downloads with every mixture of luck and trouble, stopped anywhere: the sums are right, no file is half."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from flowimg_tui.flow.errors import Expired, Moved, NotFound, Parked, RateLimited, SignedOut, Unreachable
from flowimg_tui.flow.service import Media
from flowimg_tui.mirror.events import (
    DownloadEvent,
    DownloadFinished,
    ImageAdopted,
    ImageFailed,
    ImageSaved,
    ImageStarted,
    SessionEnded,
    SessionRenewed,
)
from flowimg_tui.mirror.stop import Stop
from flowimg_tui.secret import Secret
from flowimg_tui.store.download_queries import RUNS_BEFORE_PARKING
from flowimg_tui.store.records import Counts
from tests.mirror.helpers import (
    NOON,
    Answer,
    MediaAnswer,
    Mirror,
    ScriptedFlow,
    new_image,
    of_kind,
    only,
    page,
    picture,
)

GOOD = ("api", "url", "second try", "on disk", "new cookies", "fresh link", "slow down")
BAD = ("not found", "cut", "web page", "never", "no bytes", "parks", "elsewhere")
ENDS = ("stop", "signed out", "new cookies", "long pause")
"""What can end the run; with new cookies only where nobody gives any."""


def answer_for(outcome: str, number: int) -> MediaAnswer | list[MediaAnswer]:
    whole = picture(number)
    answers: dict[str, MediaAnswer | list[MediaAnswer]] = {
        "api": whole,
        "on disk": whole,
        "url": Media(None, Secret(f"https://u/{number}")),
        "second try": [Unreachable("HTTP 503"), whole],
        "not found": NotFound("HTTP 404"),
        "cut": whole[: len(whole) // 2],
        "web page": b"<html></html>",
        "never": Unreachable("HTTP 503"),
        "no bytes": Media(None, None, "the answer holds no bytes"),
        "stop": Answer.STOP,
        "signed out": SignedOut("ended"),
        "new cookies": [SignedOut("ended"), whole],
        "fresh link": [Media(None, Secret("https://u/over")), whole],
        "slow down": [RateLimited("HTTP 429", 0.001), RateLimited("HTTP 429"), whole],
        "elsewhere": Moved("elsewhere"),
        "parks": NotFound("HTTP 404"),
        "long pause": RateLimited("HTTP 429", 7200.0),
    }
    return answers[outcome]


@settings(max_examples=40, deadline=None)
@given(
    outcomes=st.lists(st.sampled_from((*GOOD, *GOOD, *BAD, *ENDS)), max_size=9),
    workers=st.integers(1, 4),
    stop_after=st.none() | st.integers(0, 20),
    renewals=st.none() | st.integers(0, 3),
    has_moved=st.booleans(),
)
def test_each_pending_image_ends_in_one_count_and_each_file_is_whole(
    outcomes: list[str], workers: int, stop_after: int | None, renewals: int | None, has_moved: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        mirror = Mirror(Path(folder))
        images = [new_image(f"i{number}") for number in range(len(outcomes))]
        on_disk = [number for number, outcome in enumerate(outcomes) if outcome == "on disk"]
        mirror.knows(*(images[number] for number in on_disk))
        mirror.download(ScriptedFlow(pictures={f"i{number}": picture(number) for number in on_disk}))
        mirror.gallery.delete_images(mirror.profile.id)
        mirror.knows(*images)
        parking = [number for number, outcome in enumerate(outcomes) if outcome == "parks"]
        for number in parking:
            for _ in range(RUNS_BEFORE_PARKING - 1):
                mirror.gallery.record_failure(mirror.row(f"i{number}").id, "HTTP 404", NOON)
        service = ScriptedFlow(
            # Asked where a picture is sent elsewhere.
            pages=[Moved("moved") if has_moved else page()] * len(outcomes),
            pictures={f"i{number}": answer_for(outcome, number) for number, outcome in enumerate(outcomes)},
            urls={
                "https://u/over": Expired("HTTP 403"),
                **{f"https://u/{number}": picture(number) for number in range(len(outcomes))},
            },
        )
        met = asked = 0

        async def renewal() -> None:
            nonlocal asked
            asked += 1
            if asked > (renewals or 0):
                raise SignedOut("nobody has new cookies")

        def stop_there(_event: DownloadEvent, stop: Stop) -> None:
            nonlocal met
            met += 1
            if met == stop_after:
                stop.ask()

        events = mirror.download(
            service, workers=workers, renewal=None if renewals is None else renewal, seen=stop_there
        )
        finished = only(events, DownloadFinished)
        saved, failed = of_kind(events, ImageSaved), of_kind(events, ImageFailed)
        adopted = of_kind(events, ImageAdopted)
        assert finished.pending == len(outcomes)
        assert (finished.downloaded, finished.adopted, finished.failed) == (
            len(saved),
            len(adopted),
            len(failed),
        )
        assert finished.pending == (
            finished.downloaded + finished.adopted + finished.failed + finished.cancelled
        )
        assert finished.bytes == sum(event.size for event in saved)
        ended = [saved_one.image_id for saved_one in saved]
        ended += [adopted_one.image_id for adopted_one in adopted]
        ended += [failed_one.image_id for failed_one in failed]
        assert len(set(ended)) == len(ended)
        started = {event.image_id for event in of_kind(events, ImageStarted)}
        assert set(ended) - {event.image_id for event in adopted} <= started

        done = len(saved) + len(adopted)
        parked = {event.image_id for event in failed if event.parked}
        assert parked == {event.image_id for event in failed if outcomes[int(event.name[1:])] == "parks"}
        assert finished.parked == len(parked)
        # Those that the run did not come to have failed before it.
        failed_before = {mirror.row(f"i{number}").id for number in parking} - parked
        counts = Counts(
            len(outcomes),
            done,
            len(outcomes) - done - len(failed) - len(failed_before),
            len(failed) + len(failed_before),
            len(parked),
        )
        assert mirror.gallery.counts(mirror.profile.id) == counts
        pictures = mirror.pictures_by_name()
        assert pictures == {name: picture(int(name[1:])) for name in pictures}
        assert {outcomes[int(name[1:])] for name in pictures} <= set(GOOD)
        assert {outcomes[int(event.name[1:])] for event in failed} <= set(BAD)
        assert set(mirror.files().values()) == set(pictures.values()) | {picture(n) for n in on_disk}
        assert not [path for path in mirror.files() if path.endswith(".part")]
        assert mirror.board.snapshot().transfers == ()
        assert len(of_kind(events, SessionEnded)) == asked
        assert asked - len(of_kind(events, SessionRenewed)) in (0, 1)
        if has_moved:
            assert "elsewhere" not in {outcomes[int(event.name[1:])] for event in failed}
        ends_run = {*ENDS, "elsewhere"} if has_moved else set(ENDS)
        if stop_after is None and not set(outcomes) & ends_run:
            assert (finished.cancelled, finished.error) == (0, None)
        if finished.error is not None:
            assert isinstance(finished.error, SignedOut | Moved | Parked)
        mirror.close()
