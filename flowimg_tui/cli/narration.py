"""What a running action says on stderr: on a terminal one line that replaces itself, elsewhere lines."""

import math
from collections.abc import Sequence

from flowimg_tui.cli.diagnostics import ProgressLine, tell_error
from flowimg_tui.humane import count_of, format_bytes, format_duration, format_moment
from flowimg_tui.mirror.events import (
    DownloadFinished,
    DownloadStarted,
    FileProblem,
    FilesVerified,
    ImageAdopted,
    ImageFailed,
    ImageSaved,
    LowSpace,
    MirrorEvent,
    PageDelayed,
    PageRetry,
    PageSynced,
    RunError,
    SessionEnded,
    SessionRenewed,
    SignedIn,
    SyncFinished,
    SyncResumed,
    SyncStartedOver,
    VerifyFinished,
    VerifyStarted,
)
from flowimg_tui.mirror.progress import BoardSnapshot, Phase, ProgressBoard, Transfer
from flowimg_tui.mirror.summary import download_summary, space_warning, sync_summary, verify_summary


class Narrator:
    """Tells the events of one profile's run."""

    def __init__(self, profile: str, line: ProgressLine, board: ProgressBoard) -> None:
        self._profile = profile
        self._line = line
        self._board = board
        self._images = self._files = 0

    def tell(self, event: MirrorEvent) -> None:
        """Say what the event means, if it is worth a word."""
        match event:
            case SignedIn(email=email):
                self._passing(f"{self._profile}: signed in as {email or 'an account without e-mail'}")
            case SessionEnded(error=error):
                tell_error(error)
                self._line.tell(f"{self._profile}: paused until the profile has new cookies")
            case SessionRenewed():
                self._line.tell(f"{self._profile}: goes on with the new cookies")
            case SyncResumed(at=at):
                self._line.tell(
                    f"{self._profile}: goes on where a sync was interrupted on {format_moment(at)}"
                )
            case SyncStartedOver(reason=reason):
                self._line.tell(f"{self._profile}: begins at the first page again: {reason}")
            case PageSynced():
                self._images += event.new + event.updated
                skipped = f", {event.skipped} skipped" if event.skipped else ""
                self._passing(
                    f"{self._profile}: page {event.pages}, {count_of(self._images, 'image')} so far{skipped}"
                )
            case PageDelayed() if self._line.live:
                self._line.show(
                    f"{self._profile}: {count_of(self._images, 'image')} so far, "
                    f"page {event.next_page} in {event.seconds:.1f} s"
                )
            case PageRetry():
                self._passing(
                    f"{self._profile}: page {event.page}, {event.reason} "
                    f"Try {event.next_try} of {event.tries} in {event.seconds:.0f} s"
                )
            case SyncFinished():
                self._ended(sync_summary(event), event.error)
            case DownloadStarted():
                self._passing(f"{self._profile}: {count_of(event.pending, 'image')} to download")
            case LowSpace():
                self._line.tell(f"{self._profile}: {space_warning(event)}")
            case ImageSaved() | ImageAdopted() if not self._line.live:
                self._line.tell(event.path)
            case ImageFailed():
                failed = "failed and parked" if event.parked else "failed"
                self._line.tell(f"{self._profile}: {failed} {event.media_key}: {event.reason}")
            case DownloadFinished():
                self._ended(download_summary(event), event.error)
            case VerifyStarted():
                self._files = event.files
                self._passing(f"{self._profile}: {count_of(event.files, 'file')} to verify")
            case FilesVerified() if self._line.live:
                self._line.show(
                    f"{self._profile}: verified {event.checked} of {count_of(self._files, 'file')}"
                )
            case FileProblem():
                self._line.tell(f"{self._profile}: {event.problem} {event.path}: {event.reason}")
            case VerifyFinished():
                self._ended(verify_summary(event), event.error)
            case _:
                pass

    def refresh(self) -> None:
        """Bring the line of a running download up to date."""
        snapshot = self._board.snapshot()
        if snapshot.pending:
            self._line.show(f"{self._profile}: {download_line(snapshot)}")

    def _passing(self, text: str) -> None:
        if self._line.live:
            self._line.show(text)
        else:
            self._line.tell(text)

    def _ended(self, summary: str, error: RunError | None) -> None:
        self._line.clear()
        if error is not None:
            tell_error(error)
        self._line.tell(summary)


def download_line(snapshot: BoardSnapshot) -> str:
    """Return how far a download is, in one line; where every transfer waits, for how long and why."""
    parts = [f"downloading {snapshot.finished} of {snapshot.pending}"]
    if snapshot.failed:
        parts.append(f"{snapshot.failed} failed")
    waiting = [transfer for transfer in snapshot.transfers if transfer.phase is Phase.WAITING]
    if waiting and len(waiting) == len(snapshot.transfers):
        return " · ".join([*parts, _first_to_go_on(waiting, snapshot.now)])
    if snapshot.speed:
        parts.append(f"{format_bytes(snapshot.speed)}/s")
    if snapshot.seconds_left is not None:
        parts.append(f"{format_duration(snapshot.seconds_left)} left")
    return " · ".join(parts)


def _first_to_go_on(waiting: Sequence[Transfer], now: float) -> str:
    first = min(waiting, key=lambda transfer: transfer.resumes_at or math.inf)
    seconds = f" in {max(first.resumes_at - now, 0):.0f} s" if first.resumes_at is not None else ""
    return f"try {first.next_try} of {first.tries}{seconds}: {first.reason}"
