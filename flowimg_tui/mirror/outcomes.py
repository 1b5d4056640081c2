"""What became of each image of a download: written into the gallery, counted and told, in this order."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from flowimg_tui.mirror.events import (
    DownloadEvent,
    DownloadFinished,
    ImageAdopted,
    ImageFailed,
    ImageSaved,
    RunError,
)
from flowimg_tui.mirror.fetch import Unavailable
from flowimg_tui.mirror.group_commit import GroupCommit, Tell
from flowimg_tui.mirror.progress import ProgressBoard
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import FileRecord, PendingImage

log = logging.getLogger(__name__)


class Outcomes:
    """Those of one run. What is counted and told stands in the gallery."""

    def __init__(
        self,
        gallery: Gallery,
        profile_id: int,
        rows: GroupCommit,
        board: ProgressBoard,
        tell: Callable[[DownloadEvent], None],
    ) -> None:
        self._gallery = gallery
        self._profile_id = profile_id
        self._rows = rows
        self._board = board
        self._tell = tell
        self._downloaded = self._adopted = self._failed = self._parked = self._bytes = 0

    def saved(self, image: PendingImage, file: FileRecord) -> None:
        """The picture is durable, as ``file`` says."""

        def write() -> Tell:
            self._gallery.record_saved(self._profile_id, image.id, file)
            return partial(self._tell_saved, image, file)

        self._rows.add(write)

    def adopted(self, image: PendingImage, path: str) -> None:
        """The ledger knows the picture, and its file is still there."""

        def write() -> Tell:
            self._gallery.record_adopted(image.id, path)
            return partial(self._tell_adopted, image, path)

        self._rows.add(write)

    def failed(self, image: PendingImage, error: Unavailable) -> None:
        """No source has the picture."""
        reason, now = str(error), datetime.now(UTC)

        def write() -> Tell:
            parked = self._gallery.record_failure(image.id, reason, now, error.tries)
            return partial(self._tell_failed, image, reason, error.retryable, parked)

        self._rows.add(write)

    def finished(self, pending: int, seconds: float, error: RunError | None) -> DownloadFinished:
        """Return the last event but for what the run was asked for; ``parked`` are those of this run."""
        done = self._downloaded + self._adopted + self._failed
        return DownloadFinished(
            pending=pending,
            downloaded=self._downloaded,
            adopted=self._adopted,
            failed=self._failed,
            cancelled=pending - done,
            bytes=self._bytes,
            seconds=seconds,
            error=error,
            parked=self._parked,
        )

    def _tell_saved(self, image: PendingImage, file: FileRecord) -> None:
        self._downloaded += 1
        self._bytes += file.size
        self._board.finish(image.id)
        log.info("Saved %s: %d bytes, %s", file.path, file.size, file.source)
        self._tell(ImageSaved(image.id, file.path, file.size, file.source))

    def _tell_adopted(self, image: PendingImage, path: str) -> None:
        self._adopted += 1
        self._board.finish(image.id, fetched=False)
        log.info("Adopted %s", path)
        self._tell(ImageAdopted(image.id, path))

    def _tell_failed(self, image: PendingImage, reason: str, retryable: bool, parked: bool) -> None:
        self._failed += 1
        self._parked += parked
        self._board.finish(image.id, failed=True)
        log.warning("%s %s: %s", "Failed and parked" if parked else "Failed", image.media_key, reason)
        self._tell(ImageFailed(image.id, image.name, image.media_key, reason, retryable, parked))
