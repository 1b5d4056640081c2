"""The one SQLite file, and how every query gets at it."""

import contextlib
import errno
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from peewee import DatabaseError, IntegrityError, SqliteDatabase

from flowimg_tui.store.migrations import FutureDatabase, migrate

BATCH: Final = 1000
"""How many values one statement takes."""
_PRAGMAS: Final = {
    # A power cut may take the last commits, never the order of them: a picture whose row went is met
    # again by the next download, and recognised by its bytes.
    "synchronous": "normal",
    "foreign_keys": 1,
}
_BUSY_SECONDS: Final = 10
_FULL: Final = "database or disk is full"

T = TypeVar("T")


class StoreError(Exception):
    """The database cannot be used; the message says why and what to do.

    ``full`` tells a full disk from everything else.
    """

    def __init__(self, reason: str, *, full: bool = False) -> None:
        super().__init__(reason)
        self.full = full


class Database(SqliteDatabase):
    """SQLite whose own troubles (locked, full, damaged) are a :class:`StoreError`; ours stay bugs."""

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        with self._told():
            return super().execute_sql(sql, params)  # type: ignore[no-untyped-call]

    def begin(self, lock_type: str | None = None) -> None:
        with self._told():
            super().begin(lock_type)

    def commit(self) -> None:
        with self._told():
            super().commit()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except DatabaseError as error:
            raise unusable(str(self.database), error) from error


def unusable(path: str, error: Exception) -> StoreError:
    """Return what an error of SQLite or of the system means for the database at ``path``."""
    if _FULL in str(error) or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return StoreError(
            f"The disk is full: {path} cannot be written. Make room, then try again.", full=True
        )
    return StoreError(f"{path} cannot be used: {error}.")


class Store:
    """An open database. Safe to use from several threads: each has a connection of its own."""

    def __init__(self, path: Path) -> None:
        """Open or create the database at ``path``. Raises :class:`StoreError`."""
        self._database = Database(str(path), pragmas=_PRAGMAS, timeout=_BUSY_SECONDS)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            migrate(self._database)
            # Not before: it writes, and a database from the future must not be written.
            self._database.pragma("journal_mode", "wal")
        except FutureDatabase as error:
            self.close()
            raise StoreError(str(error)) from error
        except StoreError:
            self.close()
            raise
        except (OSError, DatabaseError) as error:
            self.close()
            raise unusable(str(path), error) from error

    def close(self) -> None:
        """Close the connection of the calling thread."""
        if not self._database.is_closed():
            self._database.close()

    @contextlib.contextmanager
    def in_this_thread(self) -> Iterator[None]:
        """Close the calling thread's connection afterwards; for threads that end before the gallery does."""
        try:
            yield
        finally:
            self.close()

    def _transaction(self) -> Any:
        # A transaction that reads before it writes must hold the write lock from its start: SQLite
        # refuses to upgrade a read whose snapshot is old, without waiting.
        return self._database.atomic("IMMEDIATE")


def batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield all items in their order, as many at a time as one statement can take."""
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))
