"""The last word on a run: one sentence for every face, whose numbers add up."""

from flowimg_tui.humane import count_of, format_bytes, format_duration
from flowimg_tui.mirror.events import DownloadFinished, LowSpace, SyncFinished, VerifyFinished


def sync_summary(event: SyncFinished) -> str:
    """Return what a sync brought, and whether it saw everything."""
    if event.complete:
        return f"Synced {event.new} new images, updated {event.updated} existing{_skipped(event)}"
    why = "The sync was stopped" if event.error is None else "The sync is incomplete"
    stored = (
        f"{count_of(event.pages, 'page')} with {event.new} new and {event.updated} known images are stored"
    )
    again = ". Sync again for the rest" if getattr(event.error, "retryable", True) else ""
    return f"{why}: {stored}{again}"


def _skipped(event: SyncFinished) -> str:
    unknown = event.skipped - event.videos
    parts = [count_of(event.videos, "video")] if event.videos else []
    if unknown:
        were = "item that was" if unknown == 1 else "items that were"
        parts.append(f"{unknown} {were} not understood (the log names each)")
    return f", skipped {' and '.join(parts)}" if parts else ""


def download_summary(event: DownloadFinished) -> str:
    """Return what became of the pending images."""
    if not event.pending:
        return _nothing_to_do(event)
    size = f" ({format_bytes(event.bytes)} in {format_duration(event.seconds)})" if event.downloaded else ""
    others = (
        (event.adopted, "adopted from disk"),
        (event.failed, "failed"),
        (event.cancelled, "cancelled"),
    )
    tally = "".join(f", {number} {word}" for number, word in others if number)
    parked = f". {_parked(event)}" if event.parked else ""
    return f"Downloaded {event.downloaded} of {count_of(event.pending, 'image')}{size}{tally}{parked}"


def _nothing_to_do(event: DownloadFinished) -> str:
    if event.chosen:
        return "Nothing to download: every selected image has its file"
    if event.parked:
        return f"Nothing to download: {_parked(event)}"
    if event.failed_only:
        return "Nothing to try again: no image has failed"
    return "Nothing to download: every image has its file"


def _parked(event: DownloadFinished) -> str:
    are = "image is" if event.parked == 1 else "images are"
    return f"{event.parked} {are} parked after ten failed runs; retry (key r) tries again"


def verify_summary(event: VerifyFinished) -> str:
    """Return whether every saved file is what it was."""
    size = (
        f"{count_of(event.checked, 'file')} ({format_bytes(event.bytes)} in {format_duration(event.seconds)})"
    )
    found = ((event.missing, "missing"), (event.damaged, "damaged"), (event.unreadable, "unreadable"))
    wrong = ", ".join(f"{number} {word}" for number, word in found if number)
    verified = f"Verified {size}" if event.complete else f"The verification ended early, after {size}"
    if not wrong and not event.pending_again:
        return f"{verified}: all {'are' if event.complete else 'of them are'} whole"
    again = count_of(event.pending_again, "image")
    are = "is" if event.pending_again == 1 else "are"
    todo = f"; {again} {are} pending again: download" if event.pending_again else ""
    return f"{verified}: {wrong or 'some unknown to the ledger'}{todo}"


def space_warning(event: LowSpace) -> str:
    """Return that the disk may be too small, before it is."""
    return (
        f"The disk may be too small: about {format_bytes(event.needed)} will come, "
        f"{format_bytes(event.free)} are free in {event.folder}"
    )
