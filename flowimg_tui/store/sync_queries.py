"""Queries of a sync: it inserts and updates, and deletes nothing."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from flowimg_tui.store.database import Store, batches
from flowimg_tui.store.models import NO_PLACE, Image, Profile, UtcField
from flowimg_tui.store.records import NewImage, PageCounts, SyncPlace

_GIVEN: Final = tuple(NewImage.__slots__)
_COLUMNS: Final = ("profile_id", "last_sync", *_GIVEN)
_ALWAYS_SAID: Final = ("last_sync", "media_key")
# As SQL, and once: for each page Peewee would write it anew, in three times of what SQLite takes for it.
_WRITE: Final = f"""
    INSERT INTO image ({", ".join(_COLUMNS)}) VALUES ({", ".join("?" * len(_COLUMNS))})
    ON CONFLICT (profile_id, name) DO UPDATE SET
    {", ".join(f"{name} = excluded.{name}" for name in _ALWAYS_SAID)},
    {
    ", ".join(
        f"{name} = COALESCE(excluded.{name}, image.{name})"
        for name in _GIVEN
        if name not in (*_ALWAYS_SAID, "name")
    )
}
"""  # noqa: S608


class SyncQueries(Store):
    """What a sync brings in, page by page."""

    def begin_sync(self, profile_id: int) -> int:
        """Return the number of a new sync, by which its pages are told from earlier ones.

        It has no place yet, and the one before cannot be gone on with any more.
        """
        with self.transaction():
            ours = Profile.id == profile_id
            Profile.update(syncs=Profile.syncs + 1, **NO_PLACE).where(ours).execute(self._database)
            return int(Profile.select(Profile.syncs).where(ours).scalar(self._database))

    def sync_place(self, profile_id: int) -> SyncPlace | None:
        """Return where an interrupted sync would go on, if one was."""
        query = Profile.select(Profile.place, Profile.place_at, Profile.syncs).where(
            (Profile.id == profile_id) & Profile.place.is_null(False)
        )
        return next((SyncPlace(*row) for row in query.tuples().execute(self._database)), None)

    def forget_sync_place(self, profile_id: int) -> None:
        Profile.update(**NO_PLACE).where(Profile.id == profile_id).execute(self._database)

    def store_page(
        self,
        profile_id: int,
        sync: int,
        images: Sequence[NewImage],
        place: tuple[str, datetime] | None = None,
    ) -> PageCounts:
        """Insert what is new and update what is known, in one transaction.

        ``place`` is the cursor of the page behind this one and the time: where this sync is interrupted,
        the next one can go on there; without one it cannot.

        A known image keeps its ``local_path``, its failure and everything that the page does not mention. One
        that is known from the generation before, by its legacy name or its media key, gets its new name.
        """
        by_name = {image.name: image for image in images}
        with self.transaction():
            known = {
                name: last_sync
                for _, name, last_sync, _ in self._known(profile_id, Image.name, list(by_name))
            }
            known |= self._rename_moved(profile_id, sync, by_name, known)
            for image in by_name.values():
                self._database.execute_sql(_WRITE, _row(profile_id, sync, image))
            cursor, at = place or (None, None)
            ours = Profile.id == profile_id
            Profile.update(place=cursor, place_at=at).where(ours).execute(self._database)
        again = sum(1 for last_sync in known.values() if last_sync == sync)
        return PageCounts(
            new=len(by_name) - len(known),
            updated=len(known) - again,
            repeated=again + len(images) - len(by_name),
        )

    def _known(
        self, profile_id: int, column: Any, values: Sequence[str]
    ) -> Iterator[tuple[int, str, int, str]]:
        """Yield id, name, number of the last sync and ``column`` of each record with one of the values."""
        for batch in batches(values):
            query = Image.select(Image.id, Image.name, Image.last_sync, column).where(
                (Image.profile == profile_id) & column.in_(batch)
            )
            yield from list(query.tuples().execute(self._database))

    def _rename_moved(
        self, profile_id: int, sync: int, page: Mapping[str, NewImage], known: Mapping[str, int]
    ) -> dict[str, int]:
        """Give records of the generation before their new names; return name → number of the last sync.

        A media key tells the same picture only where it is the name as well, as in the later generation:
        before, one picture could be in a gallery under two names. A record that the page names, or that this
        sync has met, is itself.
        """
        strangers = [image for name, image in page.items() if name not in known]
        legacy = {image.legacy_name: image.name for image in strangers if image.legacy_name}
        keys = {image.media_key: image.name for image in strangers if image.media_key == image.name}
        renamed: dict[str, int] = {}
        # Both names of a picture are worth more than its key.
        for column, new_names in ((Image.name, legacy), (Image.media_key, keys)):
            for old_id, name, last_sync, value in self._known(profile_id, column, list(new_names)):
                new_name = new_names[value]
                if last_sync < sync and name not in page and new_name not in renamed:
                    Image.update(name=new_name).where(Image.id == old_id).execute(self._database)
                    renamed[new_name] = last_sync
        return renamed

    def finish_sync(self, profile_id: int, now: datetime) -> None:
        """Note that a sync saw the whole listing."""
        Profile.update(synced_at=now, **NO_PLACE).where(Profile.id == profile_id).execute(self._database)


def _row(profile_id: int, sync: int, image: NewImage) -> tuple[object, ...]:
    values = {name: getattr(image, name) for name in _GIVEN}
    values["created_at"] = UtcField().db_value(image.created_at)
    return (profile_id, sync, *values.values())
