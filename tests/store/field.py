"""What the tests of the store share: a look into the file itself, past the store."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import ProfileRecord

_UNTRUE_SIZES: Final = """
    SELECT image.id, image.file_size, saved_file.size FROM image LEFT JOIN saved_file
    ON saved_file.profile_id = image.profile_id AND saved_file.path = image.local_path
    WHERE image.file_size IS NOT saved_file.size
"""


def ask(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(sql).fetchall()


def ids(gallery: Gallery, profile: ProfileRecord) -> dict[str, int]:
    return {image.name: image.id for image in gallery.images(profile.id)}


def check_words_and_sizes(path: Path) -> None:
    """Raise where the index of words or the size of a file is not what the tables say."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO image_text (image_text, rank) VALUES ('integrity-check', 1)")
        assert connection.execute(_UNTRUE_SIZES).fetchall() == []


class Statements(logging.Handler):
    """Peewee tells each statement to its own logger."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.seen: list[tuple[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        statement: Any = record.msg
        self.seen.append((statement[0], statement[1] or ()))


def plans(path: Path, statements: Statements) -> str:
    """How SQLite finds the rows of every query that was seen, a line for each step."""
    with closing(sqlite3.connect(path)) as connection:
        rows = [
            detail
            for sql, parameters in statements.seen
            if sql.lstrip().startswith("SELECT")
            for *_, detail in connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
        ]
    return "\n".join(rows)


def most_rows(path: Path, statements: Statements) -> int:
    """How many rows a query that was seen gives at most."""
    with closing(sqlite3.connect(path)) as connection:
        return max(
            len(connection.execute(sql, parameters).fetchall())
            for sql, parameters in statements.seen
            if sql.lstrip().startswith(("SELECT", "WITH"))
        )
