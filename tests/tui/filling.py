"""A gallery of any size, put into the database in no time."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

OLDEST: Final = datetime(2026, 1, 1, tzinfo=UTC)


def fill(database: Path, numbers: range) -> None:
    """Put images into it whose key begins with their number; the higher the newer."""
    rows = [
        (f"name{number}", f"{number:08}-key", f"{OLDEST + timedelta(minutes=number):%Y-%m-%dT%H:%M:%S.%fZ}")
        for number in numbers
    ]
    statement = (
        "INSERT INTO image (profile_id, name, media_key, created_at, last_sync)"
        " SELECT id, ?, ?, ?, syncs FROM profile"
    )
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executemany(statement, rows)
