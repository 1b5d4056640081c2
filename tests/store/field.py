"""What the tests of the store share: a look into the file itself, past the store."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import ProfileRecord


def ask(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(sql).fetchall()


def ids(gallery: Gallery, profile: ProfileRecord) -> dict[str, int]:
    return {image.name: image.id for image in gallery.images(profile.id)}


class Statements(logging.Handler):
    """Peewee tells each statement to its own logger."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.seen: list[tuple[str, list[Any]]] = []

    def emit(self, record: logging.LogRecord) -> None:
        statement: Any = record.msg
        self.seen.append((statement[0], list(statement[1] or ())))


def plans(path: Path, statements: Statements) -> str:
    """How SQLite finds the rows of every query that was seen, a line for each step."""
    with closing(sqlite3.connect(path)) as connection:
        rows = [
            detail
            for sql, parameters in statements.seen
            if sql.startswith("SELECT")
            for *_, detail in connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
        ]
    return "\n".join(rows)
