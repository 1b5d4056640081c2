"""What the mirror tells its faces. All events are frozen; byte counts are not events (see ``progress``)."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from flowimg_tui.flow.errors import FlowError, SignedOut
from flowimg_tui.mirror.files import DiskError
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
    """

    pending: int
    downloaded: int
    adopted: int
    failed: int
    cancelled: int
    bytes: int
    seconds: float
    error: RunError | None

    def __post_init__(self) -> None:
        ended = self.downloaded + self.adopted + self.failed + self.cancelled
        if self.pending != ended or self.cancelled < 0:
            raise AssertionError(f"each pending image ends in one state: {self}")


@dataclass(frozen=True, slots=True)
class RecordsDeleted:
    """A force refresh is done; ``deleted`` image records went, no file did."""

    deleted: int


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
MirrorEvent: TypeAlias = SyncEvent | DownloadEvent | RecordsDeleted
