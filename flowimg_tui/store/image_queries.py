"""Queries on images as a face shows them: in windows, by id, and one at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any, Final

import msgspec
from peewee import SQL, fn

from flowimg_tui.store.database import BATCH, Store, json_of
from flowimg_tui.store.models import Image
from flowimg_tui.store.records import FileRecord, ImageDetails, ImageRecord

_OF_THE_FILE: Final = ("size", "sha256", "source")
_PAIRS: Final = ", ".join(
    f"'{field.name}', {'saved_file' if field.name in _OF_THE_FILE else 'image'}.{field.name}"
    for field in fields(ImageRecord)
)
_RECORDS: Final = f"""
    SELECT json_group_array(json_object({_PAIRS}))
    FROM image LEFT JOIN saved_file
    ON saved_file.profile_id = image.profile_id AND saved_file.path = image.local_path
    WHERE image.id IN (SELECT value FROM json_each(?))
"""  # noqa: S608
# The ids come from the index alone: the rows that OFFSET skips are never read.
_WINDOW: Final = """
    SELECT json_group_array(id) FROM (
        SELECT id FROM image WHERE profile_id = ? ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?
    )
"""
_FILE_PAIRS: Final = ", ".join(f"'{field.name}', saved_file.{field.name}" for field in fields(FileRecord))
_DETAILS: Final = f"""
    SELECT json_group_array(json_object(
        'file', json(CASE WHEN saved_file.id IS NOT NULL THEN json_object({_FILE_PAIRS}) END),
        'endings', json(coalesce(endings, '[]'))
    ))
    FROM image LEFT JOIN saved_file
    ON saved_file.profile_id = image.profile_id AND saved_file.path = image.local_path
    WHERE image.id = ?
"""  # noqa: S608
_decode_records: Final = msgspec.json.Decoder(list[ImageRecord]).decode
_decode_details: Final = msgspec.json.Decoder(list[ImageDetails]).decode


class ImageQueries(Store):
    """The images of a profile, newest first."""

    def records(self, ids: Sequence[int]) -> list[ImageRecord]:
        """Return the images with these ids, in their order; one that is gone is left out."""
        answer = self._one(_RECORDS, (json_of(ids),))
        found = {image.id: image for image in _decode_records(answer)}
        return [found[image_id] for image_id in ids if image_id in found]

    def image(self, image_id: int) -> ImageRecord | None:
        return next(iter(self.records([image_id])), None)

    def details(self, image_id: int) -> ImageDetails | None:
        """Return what else is known of an image, or ``None`` where it is gone."""
        return next(iter(_decode_details(self._one(_DETAILS, (image_id,)))), None)

    def window(self, profile_id: int, offset: int, limit: int) -> list[ImageRecord]:
        """Return ``limit`` images from ``offset`` on, newest first."""
        return self.records(self._ids(_WINDOW, (profile_id, limit, offset)))

    def images(self, profile_id: int) -> Iterator[ImageRecord]:
        """Yield all images, newest first, a batch at a time."""
        offset = 0
        while batch := self.window(profile_id, offset, BATCH):
            yield from batch
            offset += len(batch)

    def count(self, profile_id: int) -> int:
        """Return how many images the profile has."""
        return self._count(Image.profile == profile_id)

    def position(self, profile_id: int, image: ImageRecord) -> int:
        """Return how many of the profile's images stand before ``image`` in the order of :meth:`window`."""
        if image.created_at is None:
            before = Image.created_at.is_null(False) | (Image.created_at.is_null() & (Image.id > image.id))
        else:
            same_age = (Image.created_at == image.created_at) & (Image.id > image.id)
            before = (Image.created_at > image.created_at) | same_age
        return self._count((Image.profile == profile_id) & before)

    def _count(self, condition: Any) -> int:
        return int(Image.select(fn.COUNT(SQL("*"))).where(condition).scalar(self._database))
