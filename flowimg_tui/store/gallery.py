"""The mirror's database: every query that a face or the mirror asks."""

from collections.abc import Iterator
from typing import Any, Final

from peewee import JOIN, SQL, fn

from flowimg_tui.store.database import BATCH
from flowimg_tui.store.download_queries import NEWEST_FIRST, DownloadQueries
from flowimg_tui.store.ledger_queries import LedgerQueries
from flowimg_tui.store.models import Image, SavedFile
from flowimg_tui.store.profile_queries import ProfileQueries
from flowimg_tui.store.records import Counts, ImageRecord
from flowimg_tui.store.refresh_queries import RefreshQueries
from flowimg_tui.store.sync_queries import SyncQueries

_IMAGE_COLUMNS: Final = (
    Image.id,
    Image.name,
    Image.media_key,
    Image.workflow_id,
    Image.aspect_ratio,
    Image.created_at,
    Image.local_path,
    Image.failure,
    SavedFile.size,
    Image.title,
    Image.prompt,
    Image.seed,
    Image.width,
    Image.height,
    Image.project_title,
    Image.failed_at,
    Image.tries,
    Image.failed_runs,
    Image.parked_at,
    SavedFile.sha256,
    SavedFile.source,
)


class Gallery(ProfileQueries, SyncQueries, DownloadQueries, LedgerQueries, RefreshQueries):
    """The mirror's records. Safe to use from several threads: each has a connection of its own."""

    def counts(self, profile_id: int) -> Counts:
        """Return how many images there are in each state, all at one moment."""
        ours, no_file = Image.profile == profile_id, Image.local_path.is_null()
        with self._database.atomic():
            images = self._count(ours)
            missing = self._count(ours & no_file)
            failed = self._count(ours & no_file & Image.failure.is_null(False))
            parked = self._count(ours & no_file & Image.parked_at.is_null(False))
        return Counts(images, images - missing, missing - failed, failed, parked)

    def _count(self, condition: Any) -> int:
        return int(Image.select(fn.COUNT(SQL("*"))).where(condition).scalar(self._database))

    def window(self, profile_id: int, offset: int, limit: int) -> list[ImageRecord]:
        """Return ``limit`` images from ``offset`` on, newest first."""
        # The ids come from the index alone: the rows that OFFSET skips are never read.
        ids = Image.alias()
        shown = (
            ids.select(ids.id)
            .where(ids.profile == profile_id)
            .order_by(ids.created_at.desc(), ids.id.desc())
            .offset(offset)
            .limit(limit)
        )
        query = self._images().where(Image.id.in_(shown)).order_by(*NEWEST_FIRST)
        return [ImageRecord(*row) for row in query.tuples().execute(self._database)]

    def position(self, profile_id: int, image: ImageRecord) -> int:
        """Return how many of the profile's images stand before ``image`` in the order of :meth:`window`."""
        if image.created_at is None:
            before = Image.created_at.is_null(False) | (Image.created_at.is_null() & (Image.id > image.id))
        else:
            same_age = (Image.created_at == image.created_at) & (Image.id > image.id)
            before = (Image.created_at > image.created_at) | same_age
        return self._count((Image.profile == profile_id) & before)

    def images(self, profile_id: int) -> Iterator[ImageRecord]:
        """Yield all images, newest first, a batch at a time."""
        offset = 0
        while batch := self.window(profile_id, offset, BATCH):
            yield from batch
            offset += len(batch)

    def image(self, image_id: int) -> ImageRecord | None:
        query = self._images().where(Image.id == image_id)
        return next((ImageRecord(*row) for row in query.tuples().execute(self._database)), None)

    def _images(self) -> Any:
        on = (SavedFile.profile == Image.profile) & (SavedFile.path == Image.local_path)
        return Image.select(*_IMAGE_COLUMNS).join(SavedFile, JOIN.LEFT_OUTER, on=on)
