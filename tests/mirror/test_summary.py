"""The last word on a run: one sentence whose numbers add up."""

import pytest

from flowimg_tui.flow.errors import FlowError, SignedOut, Unreachable
from flowimg_tui.mirror.events import DownloadFinished, SyncFinished
from flowimg_tui.mirror.summary import download_summary, sync_summary


@pytest.mark.parametrize(
    ("skipped", "videos", "told"),
    [
        (0, 0, ""),
        (1, 1, ", skipped 1 video"),
        (15, 15, ", skipped 15 videos"),
        (1, 0, ", skipped 1 item that was not understood (the log names each)"),
        (17, 15, ", skipped 15 videos and 2 items that were not understood (the log names each)"),
    ],
)
def test_a_whole_sync_tells_what_came_and_what_was_left_out(skipped: int, videos: int, told: str) -> None:
    finished = SyncFinished(4, 10, 42, skipped, videos, complete=True, error=None)
    assert sync_summary(finished) == f"Synced 10 new images, updated 42 existing{told}"


@pytest.mark.parametrize(
    ("error", "why", "next_step"),
    [
        (None, "The sync was stopped", ". Sync again for the rest"),
        (Unreachable("no network"), "The sync is incomplete", ". Sync again for the rest"),
        (SignedOut("ended"), "The sync is incomplete", ""),
    ],
    ids=["stopped", "no network", "signed out"],
)
def test_a_sync_that_ended_early_tells_what_is_stored(
    error: FlowError | None, why: str, next_step: str
) -> None:
    finished = SyncFinished(1, 10, 8, 3, 3, complete=False, error=error)
    stored = f"1 page with 10 new and 8 known images are stored{next_step}"
    assert sync_summary(finished) == f"{why}: {stored}"


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ((0, 0, 0, 0, 0), "Nothing to download: every image has its file"),
        ((42, 42, 0, 0, 0), "Downloaded 42 of 42 images (1.4 MB in 1:05)"),
        ((42, 0, 42, 0, 0), "Downloaded 0 of 42 images, 42 adopted from disk"),
        ((1, 0, 0, 1, 0), "Downloaded 0 of 1 image, 1 failed"),
        (
            (10, 4, 3, 2, 1),
            "Downloaded 4 of 10 images (1.4 MB in 1:05), 3 adopted from disk, 2 failed, 1 cancelled",
        ),
    ],
)
def test_a_download_tells_what_became_of_each_image(
    counts: tuple[int, int, int, int, int], told: str
) -> None:
    assert download_summary(DownloadFinished(*counts, bytes=1_400_000, seconds=65.0, error=None)) == told
