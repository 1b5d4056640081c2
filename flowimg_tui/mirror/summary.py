"""The last word on a run: one sentence for every face, whose numbers add up."""

from flowimg_tui.humane import count_of, format_bytes, format_duration
from flowimg_tui.mirror.events import DownloadFinished, SyncFinished


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
        return "Nothing to download: every image has its file"
    size = f" ({format_bytes(event.bytes)} in {format_duration(event.seconds)})" if event.downloaded else ""
    others = (
        (event.adopted, "adopted from disk"),
        (event.failed, "failed"),
        (event.cancelled, "cancelled"),
    )
    tally = "".join(f", {number} {word}" for number, word in others if number)
    return f"Downloaded {event.downloaded} of {count_of(event.pending, 'image')}{size}{tally}"
