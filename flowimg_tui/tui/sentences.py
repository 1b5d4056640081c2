"""What the status line says of an event."""

from flowimg_tui.flow.errors import FlowError
from flowimg_tui.humane import count_of
from flowimg_tui.mirror.events import (
    DownloadFinished,
    DownloadStarted,
    MirrorEvent,
    PageDelayed,
    PageRetry,
    PageSynced,
    RecordsDeleted,
    SyncFinished,
    SyncStarted,
)
from flowimg_tui.mirror.summary import download_summary, sync_summary
from flowimg_tui.tui.widgets.status_line import Mood

Sentence = tuple[str, Mood]


def sentence_of(profile: str, event: MirrorEvent, images: int) -> Sentence | None:
    """Return what to say of ``event``, or ``None`` where the screen shows it elsewhere.

    ``images`` is how many the running sync has met so far.
    """
    match event:
        case SyncStarted():
            return f"Syncing {profile}: asking Flow for the first page", Mood.PLAIN
        case PageSynced():
            return (
                f"Syncing {profile}: page {event.pages} is in, {count_of(images, 'image')} so far",
                Mood.PLAIN,
            )
        case PageDelayed():
            return (
                f"Syncing {profile}: {count_of(images, 'image')} so far, "
                f"page {event.next_page} in {event.seconds:.1f} s",
                Mood.PLAIN,
            )
        case PageRetry():
            again = f"Try {event.next_try} of {event.tries} in {event.seconds:.0f} s."
            return f"Syncing {profile}: {event.reason} {again}", Mood.WARNING
        case SyncFinished():
            return _ended(sync_summary(event), event.error, good=event.complete)
        case DownloadStarted():
            return f"Downloading {count_of(event.pending, 'image')} of {profile}", Mood.PLAIN
        case DownloadFinished():
            return _ended(download_summary(event), event.error, good=not (event.failed or event.cancelled))
        case RecordsDeleted():
            deleted = count_of(event.deleted, "image record")
            return f"Deleted {deleted} of {profile}, no file. Press s to sync.", Mood.GOOD
        case _:
            return None


def _ended(summary: str, error: Exception | None, *, good: bool) -> Sentence:
    if error is None:
        return summary, Mood.GOOD if good else Mood.WARNING
    hint = f" {error.hint}" if isinstance(error, FlowError) else ""
    return f"{error}{hint} {summary}.", Mood.BAD
