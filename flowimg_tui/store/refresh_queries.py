"""Queries of a force refresh: the records go, and a copy of the database brings them back."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from peewee import SqliteDatabase

from flowimg_tui.store.database import Store, StoreError, unusable
from flowimg_tui.store.migrations import FutureDatabase, migrate
from flowimg_tui.store.models import NO_PLACE, Image, Profile

_COLUMNS: Final = ", ".join(column for column in Image._meta.columns if column != "id")
_SAME_PROFILE: Final = (
    "SELECT 1 FROM main.profile JOIN kept.profile USING (id, name, created_at) WHERE id = ?"
)
_OURS: Final = "WHERE profile_id = :profile"
_MAKE_WAY: Final = (
    # Those that come back.
    f"DELETE FROM main.image {_OURS} AND name IN (SELECT name FROM kept.image {_OURS})",  # noqa: S608
    # The ids of the others. The highest of each table is looked up at the end of it: that of both tables
    # together would be looked for in every row.
    f"""
    UPDATE main.image SET id = id + MAX(
        (SELECT MAX(id) FROM main.image), (SELECT MAX(id) FROM kept.image)
    ) {_OURS} AND id IN (SELECT id FROM kept.image {_OURS})
    """,  # noqa: S608
)
_BRING_BACK: Final = (
    # Those whose id is free come first, as a new id is one above the highest.
    f"""
    INSERT INTO main.image (id, {_COLUMNS}) SELECT id, {_COLUMNS} FROM kept.image
    {_OURS} AND id NOT IN (SELECT id FROM main.image)
    """,  # noqa: S608
    f"""
    INSERT INTO main.image ({_COLUMNS}) SELECT {_COLUMNS} FROM kept.image
    {_OURS} AND name NOT IN (SELECT name FROM main.image {_OURS}) ORDER BY id
    """,  # noqa: S608
)


class RefreshQueries(Store):
    """What a force refresh takes, and what brings it back."""

    def delete_images(self, profile_id: int) -> int:
        """Delete the profile's image records and return how many. Saved files stay in the ledger."""
        with self.transaction():
            # A listing that was interrupted would go on behind the records that are gone.
            Profile.update(**NO_PLACE).where(Profile.id == profile_id).execute(self._database)
            return int(Image.delete().where(Image.profile == profile_id).execute(self._database))

    def copy_to(self, path: Path) -> None:
        """Write a copy of the whole database to ``path``, as of one moment. Raises :class:`StoreError`."""
        size = self._database.pragma("page_count") * self._database.pragma("page_size")
        try:
            path.touch(mode=0o600, exist_ok=False)
            with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as copy:
                self._connection().backup(copy)
                # One file, with nothing beside it.
                copy.execute("PRAGMA journal_mode = DELETE")
        except (OSError, sqlite3.Error) as error:
            raise unusable(str(path), error, size) from error

    def restore_images(
        self, profile_id: int, copy: Path, before_commit: Callable[[], object] = lambda: None
    ) -> int:
        """Bring the profile's records back as they were when ``copy`` was made; return how many.

        Records of images that came since stay as well. Raises :class:`StoreError`, and what ``before_commit``
        raises; then nothing is changed.
        """
        _bring_up_to_date(copy)
        with self._attached(copy), self.transaction():
            if self._database.execute_sql(_SAME_PROFILE, (profile_id,)).fetchone() is None:
                raise StoreError(f"{copy} holds the records of another profile: none was brought back.")
            for statement in (*_MAKE_WAY, *_BRING_BACK):
                self._database.execute_sql(statement, {"profile": profile_id})
            Profile.update(**NO_PLACE).where(Profile.id == profile_id).execute(self._database)
            counted = "SELECT COUNT(*) FROM kept.image WHERE profile_id = ?"
            restored = int(self._database.execute_sql(counted, (profile_id,)).fetchone()[0])
            before_commit()
        return restored

    @contextlib.contextmanager
    def _attached(self, copy: Path) -> Iterator[None]:
        self._database.execute_sql("ATTACH DATABASE ? AS kept", (str(copy),))
        try:
            yield
        finally:
            self._database.execute_sql("DETACH DATABASE kept")


def _bring_up_to_date(copy: Path) -> None:
    """Give a copy that an earlier version made the tables of this one."""
    if not copy.is_file():
        raise StoreError(f"{copy} is gone: the records cannot be brought back.")
    database = SqliteDatabase(str(copy))
    try:
        migrate(database)
    except FutureDatabase as error:
        raise StoreError(str(error)) from error
    except Exception as error:
        raise unusable(str(copy), error) from error
    finally:
        database.close()
