"""A gallery of any size, put into the database in no time."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from benchmarks.filling import without_indexes

OLDEST: Final = datetime(2026, 1, 1, tzinfo=UTC)
_IMAGE: Final = (
    "INSERT INTO image (profile_id, name, media_key, created_at, local_path, last_sync)"
    " SELECT id, ?, ?, ?, ?, syncs FROM profile"
)


def fill(database: Path, numbers: range) -> None:
    """Put images into it whose key begins with their number; the higher the newer."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executemany(_IMAGE, _rows(numbers))


def fill_with_paths(database: Path, numbers: range, folder: Path) -> None:
    """Do the same with very many, before the database is in use, and say of each that it is in ``folder``."""
    with closing(sqlite3.connect(database)) as connection, connection:
        with without_indexes(connection):
            connection.executemany(_IMAGE, _rows(numbers, folder))
        connection.execute("INSERT INTO image_text (image_text) VALUES ('rebuild')")


def _rows(numbers: range, folder: Path | None = None) -> Iterator[tuple[str | None, ...]]:
    for number in numbers:
        moment = f"{OLDEST + timedelta(minutes=number):%Y-%m-%dT%H:%M:%S.%fZ}"
        path = None if folder is None else f"{folder}/name{number}.png"
        yield f"name{number}", f"{number:08}-key", moment, path
