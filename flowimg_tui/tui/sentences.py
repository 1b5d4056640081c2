"""What the status line says of an event."""

from typing import TYPE_CHECKING

from flowimg_tui.flow.errors import FlowError, Moved, SignedOut, WrongAccount
from flowimg_tui.flow.session import SessionCheck
from flowimg_tui.humane import count_of, format_moment
from flowimg_tui.mirror.events import (
    DownloadFinished,
    DownloadStarted,
    FilesVerified,
    MirrorEvent,
    PageDelayed,
    PageRetry,
    PageSynced,
    RecordsDeleted,
    RecordsRestored,
    RecordsUntouched,
    SessionEnded,
    SessionRenewed,
    SyncFinished,
    SyncResumed,
    SyncStarted,
    SyncStartedOver,
    VerifyFinished,
    VerifyStarted,
)
from flowimg_tui.mirror.summary import download_summary, sync_summary, verify_summary
from flowimg_tui.tui.widgets.status_line import Mood, Sentence

if TYPE_CHECKING:
    from flowimg_tui.tui.screens.profile import SavedProfile


def sentence_of(profile: str, event: MirrorEvent, met: int) -> Sentence | None:
    """Return what to say of ``event``, or ``None`` where the screen shows it elsewhere.

    ``met`` is how many images the running sync has met so far, or how many files a verification looks at.
    """
    match event:
        case SyncStarted():
            return f"Syncing {profile}: asking Flow for the first page", Mood.PLAIN
        case SyncResumed(at=at):
            return f"Syncing {profile}: going on where it was interrupted on {format_moment(at)}", Mood.PLAIN
        case SyncStartedOver():
            return f"Syncing {profile}: beginning at the first page again. {event.reason}", Mood.WARNING
        case SessionEnded():
            signed_out = f"{profile}: signed out, paused, nothing failed."
            return f"{signed_out} Press e to give new cookies.", Mood.WARNING
        case SessionRenewed():
            return f"{profile} goes on with its new cookies", Mood.GOOD
        case PageSynced():
            return (
                f"Syncing {profile}: page {event.pages} is in, {count_of(met, 'image')} so far",
                Mood.PLAIN,
            )
        case PageDelayed():
            return (
                f"Syncing {profile}: {count_of(met, 'image')} so far, "
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
        case RecordsRestored():
            restored = count_of(event.restored, "image record")
            return f"Brought {restored} of {profile} back, as of {format_moment(event.at)}", Mood.GOOD
        case RecordsUntouched():
            return f"Stopped: no record of {profile} was changed", Mood.WARNING
        case VerifyStarted():
            return f"Verifying {count_of(event.files, 'file')} of {profile}", Mood.PLAIN
        case FilesVerified():
            return f"Verifying {profile}: {event.checked} of {count_of(met, 'file')}", Mood.PLAIN
        case VerifyFinished():
            return _ended(verify_summary(event), event.error, good=event.all_well and event.complete)
        case _:
            return None


def _ended(summary: str, error: Exception | None, *, good: bool) -> Sentence:
    if error is None:
        return summary, Mood.GOOD if good else Mood.WARNING
    return f"{_what_to_do(error)} {summary}.", Mood.BAD


def _what_to_do(error: Exception) -> str:
    """Return the error with what to do next; of a session that first: the line may be short."""
    match error:
        case Moved():
            return f"Moved: sign in at flow.google.com, press e, and paste the cookies of that site. {error}"
        case SignedOut():
            return f"Signed out: press e to give the profile new cookies. {error}"
        case WrongAccount():
            return f"Wrong account: press e to give the profile the cookies of its own. {error}"
        case FlowError():
            return f"{error} {error.hint}".rstrip()
        case _:
            return str(error)


def sentence_of_saved(saved: "SavedProfile") -> Sentence:
    """Return what to say after the form was saved."""
    name = saved.profile.name
    match saved.check:
        case None:
            return f"{name} is as the form says.", Mood.GOOD
        case SessionCheck(error=None):
            return f"{name} has a live session. Press s to sync.", Mood.GOOD
        case SessionCheck(error=error):
            return f"{name} keeps its cookies, unchecked: {error} Press s to sync.", Mood.WARNING
