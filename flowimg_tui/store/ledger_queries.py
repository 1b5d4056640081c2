"""Queries on the ledger: what was saved, where, and whether an image points to it."""

from datetime import datetime
from typing import Final

import msgspec
from peewee import SQL, fn

from flowimg_tui.store.database import Store
from flowimg_tui.store.endings import WITH_ONE_MORE, ending_values
from flowimg_tui.store.models import Image, SavedFile
from flowimg_tui.store.records import FileRecord, LedgerRow, Outcome, UnknownFile

_PAIRS: Final = ", ".join(f"'{name}', {name}" for name in FileRecord.__slots__)
_ROWS: Final = f"""
    SELECT json_group_array(json_object('id', id, 'file', json_object({_PAIRS}))) FROM (
        SELECT * FROM saved_file WHERE profile_id = ? AND id > ? ORDER BY id LIMIT ?
    )
"""  # noqa: S608
_IMAGES_WITHOUT_LEDGER: Final = """
    SELECT json_group_array(json_object('path', local_path, 'media_key', media_key, 'name', name)) FROM (
        SELECT * FROM image
        WHERE profile_id = ? AND local_path IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM saved_file
            WHERE saved_file.profile_id = image.profile_id AND saved_file.path = image.local_path
        ) ORDER BY id
    )
"""
# Asked for each image of a download: Peewee takes longer to write it than SQLite to answer it.
_FILES_OF: Final = f"SELECT {', '.join(FileRecord.__slots__)} FROM saved_file WHERE {{}} ORDER BY id DESC"  # noqa: S608
_BY_KEY: Final = "profile_id = ? AND media_key = ?"
# The profile stands on both sides of the OR, as two values: only then has each side its index.
_BY_KEY_OR_NAME: Final = f"""
    ({_BY_KEY}) OR (profile_id = ? AND name = ? AND NOT EXISTS (
        SELECT 1 FROM image WHERE image.profile_id = ? AND image.local_path = saved_file.path
    ))
"""  # noqa: S608
_decode_rows: Final = msgspec.json.Decoder(list[LedgerRow]).decode
_decode_unknown: Final = msgspec.json.Decoder(list[UnknownFile]).decode
_decode_paths: Final = msgspec.json.Decoder(list[str]).decode
_RECENT: Final = 500
_FOLDERS: Final = 1000
_FOLDERS_OF_FILES: Final = """
    WITH RECURSIVE one (folder) AS (
        SELECT RTRIM(MIN(path), REPLACE(MIN(path), '/', '')) FROM saved_file WHERE profile_id = :profile
        UNION ALL
        SELECT (
            SELECT RTRIM(MIN(path), REPLACE(MIN(path), '/', '')) FROM saved_file
            WHERE profile_id = :profile AND path > RTRIM(one.folder, '/') || '0'
        ) FROM one WHERE one.folder IS NOT NULL
    )
    SELECT json_group_array(folder) FROM (SELECT folder FROM one WHERE folder IS NOT NULL LIMIT :limit)
"""
"""One look into the index for each folder: behind all of its files comes what follows the slash in ASCII.

A folder is the path without every character at its end that is no slash.
"""


class LedgerQueries(Store):
    """The saved files of a profile. They survive a force refresh."""

    def files_of(self, profile_id: int, media_key: str, legacy_name: str | None = None) -> list[FileRecord]:
        """Return what the ledger knows of a picture, the latest first.

        ``legacy_name`` is the name that its image had in the generation before, if it had one. A file that is
        known by that alone, and that another image points to, is the other one's.
        """
        condition = _BY_KEY
        asked: tuple[object, ...] = (profile_id, media_key)
        if legacy_name is not None:
            condition, asked = _BY_KEY_OR_NAME, (*asked, profile_id, legacy_name, profile_id)
        rows = self._database.execute_sql(_FILES_OF.format(condition), asked)
        return [_file_record(*row) for row in rows]

    def saved_files(self, profile_id: int, after: int, limit: int) -> list[LedgerRow]:
        """Return up to ``limit`` rows of the ledger whose ids are above ``after``, by id."""
        return _decode_rows(self._one(_ROWS, (profile_id, after, limit)))

    def count_saved_files(self, profile_id: int) -> int:
        query = SavedFile.select(fn.COUNT(SQL("*"))).where(SavedFile.profile == profile_id)
        return int(query.scalar(self._database))

    def forget_file(self, profile_id: int, path: str, reason: str, now: datetime) -> int:
        """Take a file out of the ledger; return how many images pointed to it, and are pending again.

        ``reason`` says in their histories what is wrong with the file.
        """
        with self.transaction():
            SavedFile.delete().where((SavedFile.profile == profile_id) & (SavedFile.path == path)).execute(
                self._database
            )
            ending = ending_values(now, Outcome.LOST, reason)
            lost = Image.update(local_path=None, endings=SQL(WITH_ONE_MORE, ending))
            pointing = (Image.profile == profile_id) & (Image.local_path == path)
            return int(lost.where(pointing).execute(self._database))

    def images_without_ledger(self, profile_id: int) -> list[UnknownFile]:
        """Return the images that point to a path of which the ledger knows nothing."""
        return _decode_unknown(self._one(_IMAGES_WITHOUT_LEDGER, (profile_id,)))

    def folders_of_files(self, profile_id: int) -> list[str]:
        """Return the distinct folders of the files in the ledger, at most :data:`_FOLDERS`."""
        return _decode_paths(self._one(_FOLDERS_OF_FILES, {"profile": profile_id, "limit": _FOLDERS}))

    def mean_file_size(self, profile_id: int) -> float | None:
        """Return the mean size, in bytes, of the files saved last; ``None`` where there is none."""
        recent = (
            SavedFile.select(SavedFile.size)
            .where(SavedFile.profile == profile_id)
            .order_by(SavedFile.id.desc())
            .limit(_RECENT)
        )
        mean = SavedFile.select(fn.AVG(recent.c.size)).from_(recent).scalar(self._database)
        return None if mean is None else float(mean)


def _file_record(
    media_key: str, path: str, size: int, sha256: str, mime: str, source: str, saved_at: str, name: str | None
) -> FileRecord:
    return FileRecord(media_key, path, size, sha256, mime, source, datetime.fromisoformat(saved_at), name)
