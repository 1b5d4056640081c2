"""What the mirror tells its faces. All events are frozen; byte counts are not events (see ``progress``)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from flowimg_tui.flow.errors import FlowError, SignedOut
from flowimg_tui.mirror.errors import DiskError
from flowimg_tui.store.database import StoreError

RunError: TypeAlias = FlowError | DiskError | StoreError
"""What ends a run early: the service, the output folder, or the database."""


@dataclass(frozen=True, slots=True)
class SyncStarted:
    """The listing is being asked for."""


@dataclass(frozen=True, slots=True)
class SyncResumed:
    """The sync goes on behind the last page of one that was interrupted ``at`` (aware UTC)."""

    at: datetime


@dataclass(frozen=True, slots=True)
class SyncStartedOver:
    """The service does not know the place of the interrupted sync any more: this one begins at the front."""

    reason: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The session lives. ``expires`` is aware UTC, ``None`` where the service does not say."""

    email: str | None
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The run pauses until the profile has new cookies; nothing has failed. ``error`` says why."""

    error: SignedOut


@dataclass(frozen=True, slots=True)
class SessionRenewed:
    """The profile has a live session again, and the run goes on where it paused."""


@dataclass(frozen=True, slots=True)
class PageSynced:
    """A page is committed. The counts are those of the page, ``pages`` of the run so far.

    ``skipped`` counts its ``videos``, and what was not understood.
    """

    pages: int
    new: int
    updated: int
    skipped: int
    videos: int


@dataclass(frozen=True, slots=True)
class PageDelayed:
    """The run waits ``seconds`` before it asks for page ``next_page``."""

    next_page: int
    seconds: float


@dataclass(frozen=True, slots=True)
class PageRetry:
    """Page ``page`` could not be had; try ``next_try`` of ``tries`` comes in ``seconds``."""

    page: int
    next_try: int
    tries: int
    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class SyncFinished:
    """The last event of a sync. ``complete`` is true only where the whole listing was seen.

    Without it ``error`` says why, or is ``None`` where the run was stopped. Pages before stay committed.
    ``skipped`` counts the ``videos``, and what was not understood. ``resumed`` means that the first pages
    were those of an interrupted sync.
    """

    pages: int
    new: int
    updated: int
    skipped: int
    videos: int
    complete: bool
    error: RunError | None
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class DownloadStarted:
    """``pending`` images have no file; each of them ends in exactly one of the counts of the last event."""

    pending: int


@dataclass(frozen=True, slots=True)
class LowSpace:
    """The disk of ``folder`` may be too small: about ``needed`` bytes will come, and ``free`` are free."""

    folder: str
    needed: int
    free: int


@dataclass(frozen=True, slots=True)
class ImageStarted:
    """A worker took this image."""

    image_id: int


@dataclass(frozen=True, slots=True)
class ImageAdopted:
    """The ledger knew the picture and its file is still there: no request was made."""

    image_id: int
    path: str


@dataclass(frozen=True, slots=True)
class ImageSaved:
    """The picture is durable under its final name and recorded. ``source`` is ``api`` or ``signed url``."""

    image_id: int
    path: str
    size: int
    source: str


@dataclass(frozen=True, slots=True)
class ImageFailed:
    """The picture cannot be had now. ``retryable``: a later run can succeed.

    ``parked``: downloads leave it alone from now on, until somebody asks for it again.
    """

    image_id: int
    name: str
    media_key: str
    reason: str
    retryable: bool
    parked: bool


@dataclass(frozen=True, slots=True)
class DownloadFinished:
    """The last event of a download: ``pending = downloaded + adopted + failed + cancelled``.

    ``error`` is what ended the run early; then, or when it was stopped, the rest counts as cancelled.
    ``parked`` images of the profile are left alone. With ``failed_only`` the pending ones were those alone
    that an earlier run could not have; with ``chosen`` those alone that were chosen.
    """

    pending: int
    downloaded: int
    adopted: int
    failed: int
    cancelled: int
    bytes: int
    seconds: float
    error: RunError | None
    parked: int = 0
    failed_only: bool = False
    chosen: bool = False

    def __post_init__(self) -> None:
        ended = self.downloaded + self.adopted + self.failed + self.cancelled
        if self.pending != ended or self.cancelled < 0:
            raise AssertionError(f"each pending image ends in one state: {self}")


@dataclass(frozen=True, slots=True)
class RecordsDeleted:
    """A force refresh is done; ``deleted`` image records went, no file did."""

    deleted: int


@dataclass(frozen=True, slots=True)
class RecordsRestored:
    """A force refresh is undone: ``restored`` records are as they were ``at`` (aware UTC)."""

    restored: int
    at: datetime


@dataclass(frozen=True, slots=True)
class RecordsUntouched:
    """A force refresh, or its undo, was stopped before it changed a record."""


@dataclass(frozen=True, slots=True)
class VerifyStarted:
    """The ledger knows ``files`` saved files."""

    files: int


@dataclass(frozen=True, slots=True)
class FilesVerified:
    """``checked`` files were looked at so far. Told a few times a second."""

    checked: int


class Problem(StrEnum):
    """What is wrong with a saved file."""

    MISSING = "missing"
    DAMAGED = "damaged"
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FileProblem:
    """A saved file is not what it was. ``name`` is that of its image when it was saved, where that is known.

    Where it is missing, damaged, or unknown to the ledger, its images are pending again; the file itself is
    left as it is.
    """

    problem: Problem
    path: str
    media_key: str
    name: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class VerifyFinished:
    """The last event of a verification. ``bytes`` are those of the whole files.

    ``pending_again`` images have lost their file. Without ``complete`` it was stopped, or ``error`` ended it.
    """

    checked: int
    missing: int
    damaged: int
    unreadable: int
    pending_again: int
    bytes: int
    seconds: float
    complete: bool
    error: StoreError | None

    @property
    def all_well(self) -> bool:
        return not (self.missing or self.damaged or self.unreadable or self.pending_again)


SessionEvent: TypeAlias = SignedIn | SessionEnded | SessionRenewed
SyncEvent: TypeAlias = (
    SyncStarted
    | SyncResumed
    | SyncStartedOver
    | SessionEvent
    | PageSynced
    | PageDelayed
    | PageRetry
    | SyncFinished
)
DownloadEvent: TypeAlias = (
    SessionEvent
    | DownloadStarted
    | LowSpace
    | ImageStarted
    | ImageAdopted
    | ImageSaved
    | ImageFailed
    | DownloadFinished
)
VerifyEvent: TypeAlias = VerifyStarted | FilesVerified | FileProblem | VerifyFinished
RefreshEvent: TypeAlias = RecordsDeleted | RecordsRestored | RecordsUntouched
MirrorEvent: TypeAlias = SyncEvent | DownloadEvent | RefreshEvent | VerifyEvent
LastEvent: TypeAlias = SyncFinished | DownloadFinished | VerifyFinished | RefreshEvent
"""What a run tells last, before it lets go of what it holds."""
