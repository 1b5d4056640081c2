"""The one SQLite file, and how every query gets at it.

What can be many rows is asked for as one row of JSON. SQLite gives the interpreter's lock back and takes it
again at each row: while another thread computes, a window of 128 rows took 27 ms at the median, and in one
row 1.5; and 30 000 rows in another thread kept the screen's loop from its turn for 120 ms.
"""

import contextlib
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from peewee import DatabaseError, IntegrityError, SqliteDatabase

from flowimg_tui.disk import NO_ROOM
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
_VAGUE: Final = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN})
"""What SQLite says of a full disk where it makes its shared memory or a journal, and always of a quota and
of the largest size that a file may have."""
_SHARED_MEMORY: Final = 32 * 1024
"""Bytes that SQLite needs beside a database in WAL mode before it can read it."""
_COMPANIONS: Final = ("-wal", "-journal")
_decode_ids: Final = msgspec.json.Decoder(list[int]).decode

T = TypeVar("T")


class StoreError(Exception):
    """The database cannot be used; the message says why and what to do.

    ``full`` tells a full disk from everything else.
    """

    def __init__(self, reason: str, *, full: bool = False) -> None:
        super().__init__(reason)
        self.full = full


class Interrupted(StoreError):
    """Another thread ended the query, or what it belongs to."""

    def __init__(self) -> None:
        super().__init__("The query was ended.")


class Database(SqliteDatabase):
    """SQLite whose own troubles (locked, full, damaged) are a :class:`StoreError`; ours stay bugs."""

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        with self._told():
            return super().execute_sql(sql, params)  # type: ignore[no-untyped-call]

    def row(self, sql: str, params: Any = None) -> Any:
        """Return the first row; the look for another behind it can fail as the query itself can."""
        with self._told():
            return super().execute_sql(sql, params).fetchone()  # type: ignore[no-untyped-call]

    def begin(self, lock_type: str | None = None) -> None:
        with self._told():
            super().begin(lock_type)

    def commit(self) -> None:
        with self._told():
            super().commit()

    def rollback(self) -> None:
        # Where the disk was full SQLite has rolled back by itself, and refuses to do it again.
        if self.connection().in_transaction:  # type: ignore[no-untyped-call]
            with self._told():
                super().rollback()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except (DatabaseError, sqlite3.DatabaseError) as error:
            if _code(error) == sqlite3.SQLITE_INTERRUPT:
                raise Interrupted from error
            raise unusable(str(self.database), error) from error


def unusable(path: str, error: Exception, needed: int = 0) -> StoreError:
    """Return what an error of SQLite or of the system means for the database at ``path``.

    ``needed`` is how many bytes it was to have, where that is known.
    """
    if _means_full(path, error, needed):
        return StoreError(
            f"The disk is full: {path} cannot be written. Make room, then try again.", full=True
        )
    return StoreError(f"{path} cannot be used: {error}.")


def _means_full(path: str, error: Exception, needed: int) -> bool:
    if isinstance(error, OSError):
        return error.errno in NO_ROOM
    code = _code(error)
    return code == sqlite3.SQLITE_FULL or (code in _VAGUE and not _has_room(Path(path), needed))


def _code(error: object) -> int:
    """Return SQLite's code of an error of peewee, whose errors hold those of SQLite.

    That of a connection holds another of its own.
    """
    while (inner := getattr(error, "orig", None)) is not None:
        error = inner
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF


def _has_room(database: Path, needed: int) -> bool:
    """Ask the disk itself, with a file that has no name and is gone at once.

    It is written where the largest file of the database would grow, as files may have a largest size.
    """
    sizes = (_size(database.with_name(database.name + suffix)) for suffix in ("", *_COMPANIONS))
    try:
        with tempfile.TemporaryFile(dir=database.parent) as file:
            file.seek(max(needed, *sizes))
            file.write(bytes(_SHARED_MEMORY))
    except OSError as error:
        return error.errno not in NO_ROOM
    return True


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


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

    def data_version(self) -> int:
        """Return a number that changes with what another connection changes. Of the calling thread's."""
        return int(self._database.row("PRAGMA data_version")[0])

    def _connection(self) -> sqlite3.Connection:
        """Return the connection of the calling thread."""
        connection: sqlite3.Connection = self._database.connection()  # type: ignore[no-untyped-call]
        return connection

    def _ids(self, sql: str, parameters: Sequence[object]) -> list[int]:
        """Return the ids that a query gives as one JSON array."""
        return _decode_ids(self._one(sql, parameters))

    def _one(self, sql: str, parameters: Sequence[object] | Mapping[str, object]) -> str:
        return str(self._database.row(sql, parameters)[0])

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Let all that the calling thread writes meanwhile stand in the database together, or none of it.

        Within another one it is a part of that, and what it raises has to leave that one too. Raises
        :class:`StoreError`.
        """
        if self._database.in_transaction():
            yield
            return
        # A transaction that reads before it writes must hold the write lock from its start: SQLite
        # refuses to upgrade a read whose snapshot is old, without waiting.
        with self._database.atomic("IMMEDIATE"):
            yield


def batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield all items in their order, as many at a time as one statement can take."""
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))


def json_of(ids: Iterable[int]) -> str:
    """Return ids as ``json_each`` takes them."""
    return msgspec.json.encode(list(ids)).decode()
