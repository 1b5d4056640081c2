"""Queries of a download: what is missing, and what became of it."""

from collections.abc import Set
from datetime import UTC, datetime
from typing import Any, Final

from peewee import SQL

from flowimg_tui.store.database import Store, json_of
from flowimg_tui.store.endings import WITH_ONE_MORE, ending_values
from flowimg_tui.store.models import Image, UtcField
from flowimg_tui.store.records import FileRecord, Outcome, PendingImage

RUNS_BEFORE_PARKING: Final = 10
# What is asked for each image stands here as SQL: Peewee takes longer to write it than SQLite to answer it.
_PENDING: Final = """
    SELECT id, name, media_key, fife_url, created_at, legacy_name FROM image
    WHERE id = ? AND local_path IS NULL
"""
_POINT: Final = f"""
    UPDATE image SET local_path = ?, failure = NULL, failed_at = NULL, failed_runs = 0, parked_at = NULL,
    endings = {WITH_ONE_MORE} WHERE id = ?
"""  # noqa: S608
_FILE: Final = tuple(FileRecord.__slots__)
_SAVE: Final = f"""
    INSERT INTO saved_file (profile_id, {", ".join(_FILE)}) VALUES (?{", ?" * len(_FILE)})
    ON CONFLICT (profile_id, path) DO UPDATE
    SET {", ".join(f"{name} = excluded.{name}" for name in _FILE if name != "path")}
"""  # noqa: S608
_MISSING: Final = """
    SELECT json_group_array(id) FROM (
        SELECT id FROM image WHERE profile_id = ? AND local_path IS NULL {}
        ORDER BY created_at DESC, id DESC
    )
"""


class DownloadQueries(Store):
    """What a download needs to know, and what it leaves."""

    def missing_ids(
        self, profile_id: int, *, failed_only: bool = False, among: Set[int] | None = None
    ) -> list[int]:
        """Return the ids of all images without a file that are not parked, newest first.

        Or of those ``among`` these ids, the parked ones too: who names an image wants it tried.
        """
        chosen = "AND parked_at IS NULL" if among is None else "AND id IN (SELECT value FROM json_each(?))"
        failed = " AND failure IS NOT NULL" if failed_only else ""
        parameters = (profile_id,) if among is None else (profile_id, json_of(among))
        return self._ids(_MISSING.format(chosen + failed), parameters)

    def pending_image(self, image_id: int) -> PendingImage | None:
        """Return the image, or ``None`` where it is gone or has got its file meanwhile."""
        row = self._database.row(_PENDING, (image_id,))
        if row is None:
            return None
        image_id, name, media_key, fife_url, created_at, legacy_name = row
        moment = UtcField().python_value(created_at)
        return PendingImage(image_id, name, media_key, fife_url, moment, legacy_name)

    def record_saved(self, profile_id: int, image_id: int, file: FileRecord) -> None:
        """Write the ledger row of a durable file and the image's path to it, in one transaction."""
        values = {name: getattr(file, name) for name in _FILE}
        values["saved_at"] = UtcField().db_value(file.saved_at)
        with self.transaction():
            self._database.execute_sql(_SAVE, (profile_id, *values.values()))
            self._point(image_id, file.path, ending_values(file.saved_at, Outcome.SAVED, file.source))

    def record_adopted(self, image_id: int, path: str, now: datetime | None = None) -> None:
        """Point an image to a file that the ledger already knows."""
        self._point(image_id, path, ending_values(now or datetime.now(UTC), Outcome.ADOPTED, path))

    def _point(self, image_id: int, path: str, ending: tuple[Any, ...]) -> None:
        self._database.execute_sql(_POINT, (path, *ending, image_id))

    def record_failure(self, image_id: int, reason: str, now: datetime, tries: int = 1) -> bool:
        """Keep why the image could not be had, and after how many requests; return whether it is parked now.

        After :data:`RUNS_BEFORE_PARKING` failed runs downloads leave it alone until it is unparked.
        """
        ours = Image.id == image_id
        with self.transaction():
            Image.update(
                failure=reason,
                failed_at=now,
                tries=Image.tries + tries,
                failed_runs=Image.failed_runs + 1,
                endings=SQL(WITH_ONE_MORE, ending_values(now, Outcome.FAILED, reason)),
            ).where(ours).execute(self._database)
            parked = Image.update(parked_at=now).where(
                ours & Image.parked_at.is_null() & (Image.failed_runs >= RUNS_BEFORE_PARKING)
            )
            return bool(parked.execute(self._database))

    def unpark(self, profile_id: int) -> int:
        """Let downloads try the profile's parked images again, and return how many those are."""
        parked = (Image.profile == profile_id) & Image.local_path.is_null() & Image.parked_at.is_null(False)
        return int(Image.update(parked_at=None, failed_runs=0).where(parked).execute(self._database))
