"""What the store gives and takes: plain values, so that no ORM row leaves it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class ImageState(StrEnum):
    """Each image is in exactly one of them."""

    DOWNLOADED = "downloaded"
    PENDING = "pending"
    FAILED = "failed"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class ProfileRecord:
    """One account of one person. Times are aware UTC."""

    id: int
    name: str
    service: str
    account: str | None
    output: str | None
    flow_key: str | None = field(repr=False)
    created_at: datetime
    synced_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewImage:
    """An image as a sync met it; ``None`` leaves what the store already knows.

    ``legacy_name`` is the name that the image had in the generation before, if it had one.
    """

    name: str
    media_key: str
    workflow_id: str | None
    aspect_ratio: str | None
    fife_url: str | None = field(repr=False)
    created_at: datetime | None
    title: str | None = None
    prompt: str | None = None
    seed: int | None = None
    width: int | None = None
    height: int | None = None
    project_title: str | None = None
    legacy_name: str | None = None


@dataclass(frozen=True, slots=True)
class PageCounts:
    """How the images of one page relate to what the store held before."""

    new: int
    updated: int
    repeated: int
    """Met before in the same sync, or twice on the page: counted there, not here."""


@dataclass(frozen=True, slots=True)
class PendingImage:
    """What a download needs to know of an image without a file."""

    id: int
    name: str
    media_key: str
    fife_url: str | None = field(repr=False)
    created_at: datetime | None
    legacy_name: str | None


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A picture on disk. ``path`` is absolute, ``size`` in bytes, ``sha256`` hexadecimal.

    ``name`` is that of its image when it was saved.
    """

    media_key: str
    path: str
    size: int
    sha256: str
    mime: str
    source: str
    saved_at: datetime
    name: str | None


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A saved file with the id of its row, by which the ledger is read in parts."""

    id: int
    file: FileRecord


@dataclass(frozen=True, slots=True)
class UnknownFile:
    """The file that an image points to, and that the ledger does not know."""

    path: str
    media_key: str
    name: str


@dataclass(frozen=True, slots=True)
class SyncPlace:
    """Where an interrupted sync would go on: the cursor of its next page, and when it got that (UTC)."""

    cursor: str = field(repr=False)
    at: datetime
    sync: int
    """The number of the sync."""


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """One line of the gallery."""

    id: int
    name: str
    media_key: str
    workflow_id: str | None
    aspect_ratio: str | None
    created_at: datetime | None
    local_path: str | None
    failure: str | None
    size: int | None
    """Bytes on disk, where there is a saved file."""
    title: str | None
    prompt: str | None
    seed: int | None
    width: int | None
    """In pixels, as ``height``."""
    height: int | None
    project_title: str | None
    failed_at: datetime | None
    """Aware UTC, as ``parked_at``."""
    tries: int
    """How many requests the failed runs have made for it."""
    failed_runs: int
    """How many runs in a row could not have it."""
    parked_at: datetime | None
    sha256: str | None
    """Of the saved file, hexadecimal."""
    source: str | None
    """Which source delivered the saved file: ``api`` or ``signed url``."""

    @property
    def state(self) -> ImageState:
        if self.local_path is not None:
            return ImageState.DOWNLOADED
        if self.parked_at is not None:
            return ImageState.PARKED
        return ImageState.PENDING if self.failure is None else ImageState.FAILED


class Outcome(StrEnum):
    """How a run ended for an image that it did not leave as it was."""

    SAVED = "saved"
    ADOPTED = "adopted"
    FAILED = "failed"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Ending:
    """How one run ended for one image, and when (aware UTC).

    ``told`` is the source of what was saved, the path of what was adopted, the reason of a failure,
    and what a verification has found in place of a picture that was here.
    """

    at: datetime
    outcome: Outcome
    told: str


@dataclass(frozen=True, slots=True)
class ImageDetails:
    """What a page about one image tells beside its :class:`ImageRecord`."""

    file: FileRecord | None
    """The ledger row of the file that the image points to."""
    endings: list[Ending]
    """How the last tries ended, the latest last."""


@dataclass(frozen=True, slots=True)
class Counts:
    """``images`` = ``downloaded`` + ``pending`` + ``failed``; some of the failed ones are ``parked``."""

    images: int
    downloaded: int
    pending: int
    failed: int
    parked: int = 0

    @property
    def missing(self) -> int:
        """How many images a download would fetch."""
        return self.pending + self.failed - self.parked
