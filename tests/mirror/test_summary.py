"""The last word on a run: one sentence whose numbers add up."""

import pytest

from flowimg_tui.flow.errors import FlowError, SignedOut, Unreachable
from flowimg_tui.mirror.events import DownloadFinished, LowSpace, SyncFinished, VerifyFinished
from flowimg_tui.mirror.summary import download_summary, space_warning, sync_summary, verify_summary


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


@pytest.mark.parametrize(
    ("pending", "parked", "failed_only", "told"),
    [
        (0, 0, True, "Nothing to try again: no image has failed"),
        (
            0,
            1,
            False,
            "Nothing to download: 1 image is parked after ten failed runs; retry (key r) tries again",
        ),
        (
            2,
            3,
            False,
            "Downloaded 2 of 2 images (1.4 MB in 1:05). "
            "3 images are parked after ten failed runs; retry (key r) tries again",
        ),
    ],
)
def test_a_download_tells_of_images_that_it_leaves_alone(
    pending: int, parked: int, failed_only: bool, told: str
) -> None:
    finished = DownloadFinished(pending, pending, 0, 0, 0, 1_400_000, 65.0, None, parked, failed_only)
    assert download_summary(finished) == told


@pytest.mark.parametrize("counts", [(3, 1, 1, 0, 0), (3, 4, 0, 0, -1), (0, 0, 0, 1, 0)])
def test_a_tally_that_does_not_balance_is_never_told(counts: tuple[int, int, int, int, int]) -> None:
    with pytest.raises(AssertionError, match="one state"):
        DownloadFinished(*counts, bytes=0, seconds=0.0, error=None)


@pytest.mark.parametrize(
    ("counts", "complete", "told"),
    [
        ((1, 0, 0, 0, 0), True, "Verified 1 file (1.4 MB in 1:05): all are whole"),
        (
            (9, 0, 0, 0, 0),
            False,
            "The verification ended early, after 9 files (1.4 MB in 1:05): all of them are whole",
        ),
        (
            (9, 1, 2, 3, 1),
            True,
            "Verified 9 files (1.4 MB in 1:05): 1 missing, 2 damaged, 3 unreadable; "
            "1 image is pending again: download",
        ),
        (
            (9, 0, 0, 0, 2),
            True,
            "Verified 9 files (1.4 MB in 1:05): some unknown to the ledger; "
            "2 images are pending again: download",
        ),
    ],
)
def test_a_verification_tells_what_it_found(
    counts: tuple[int, int, int, int, int], complete: bool, told: str
) -> None:
    finished = VerifyFinished(*counts, bytes=1_400_000, seconds=65.0, complete=complete, error=None)
    assert verify_summary(finished) == told


def test_a_disk_that_may_be_too_small_is_told_with_both_numbers() -> None:
    assert space_warning(LowSpace("/pictures", 3_100_000_000, 1_200_000_000)) == (
        "The disk may be too small: about 3.1 GB will come, 1.2 GB are free in /pictures"
    )
