"""No query of the store reads a whole table: each finds its rows by an index.

The one that does, the look for words that nothing sets apart, has a test of its own.
"""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from flowimg_tui.store.finding import Finding, Order, SortKey
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import ProfileRecord
from tests.mirror.helpers import NOON, file_record, new_image
from tests.store.field import Statements

# What is read from its beginning to its end and is no table: what the statement itself has made.
_OF_THE_STATEMENT: Final = re.compile(
    r"SCAN (?:json_each|one|(?:\d+ )?CONSTANT ROWS?|\(subquery-\d+\)|image_text VIRTUAL TABLE INDEX 0:M\d+)"
)
_WORDS: Final = '"misty boat" state:failed ratio:16:9 date:2026 -fog 1.jpg'


def found(gallery: Gallery, profile_id: int, text: str, order: Order) -> list[int]:
    return gallery.find(profile_id, Finding(text, order)).ids()


QUERIES: Final[dict[str, Callable[[Gallery, int], object]]] = {
    "a page": lambda gallery, ours: gallery.store_page(
        ours, 2, [new_image("1"), new_image("new", legacy_name="old")], ("cursor", NOON)
    ),
    "the place of a sync": lambda gallery, ours: gallery.sync_place(ours),
    "the end of a sync": lambda gallery, ours: gallery.finish_sync(ours, NOON),
    "what is missing": lambda gallery, ours: gallery.missing_ids(ours),
    "what has failed": lambda gallery, ours: gallery.missing_ids(ours, failed_only=True),
    "what is missing of some": lambda gallery, ours: gallery.missing_ids(ours, among={1, 2}),
    "an image to be downloaded": lambda gallery, _: gallery.pending_image(1),
    "the files of a picture": lambda gallery, ours: gallery.files_of(ours, "1", "old"),
    "a saved file": lambda gallery, ours: gallery.record_saved(ours, 1, file_record("1", "/a/1.png")),
    "an adopted file": lambda gallery, _: gallery.record_adopted(1, "/a/1.png"),
    "a failure": lambda gallery, _: gallery.record_failure(1, "gone", NOON),
    "parked images": lambda gallery, ours: gallery.unpark(ours),
    "a part of the ledger": lambda gallery, ours: gallery.saved_files(ours, 0, 50),
    "how long the ledger is": lambda gallery, ours: gallery.count_saved_files(ours),
    "a file that is gone": lambda gallery, ours: gallery.forget_file(ours, "/a/1.png", "gone", NOON),
    "files without a row": lambda gallery, ours: gallery.images_without_ledger(ours),
    "the folders": lambda gallery, ours: gallery.folders_of_files(ours),
    "the mean size": lambda gallery, ours: gallery.mean_file_size(ours),
    "a window": lambda gallery, ours: gallery.window(ours, 2, 3),
    "the position of an image": lambda gallery, ours: [
        gallery.position(ours, image) for image in gallery.images(ours)
    ],
    "the counts": lambda gallery, ours: gallery.counts(ours),
    "what is looked for": lambda gallery, ours: [
        found(gallery, ours, text, Order(key, descending))
        for text in ("", _WORDS)
        for key in SortKey
        for descending in (False, True)
    ],
    "a force refresh": lambda gallery, ours: gallery.delete_images(ours),
}


@pytest.fixture
def filled(gallery: Gallery, studio: ProfileRecord) -> ProfileRecord:
    gallery.store_page(studio.id, 1, [new_image(str(number)) for number in range(20)])
    gallery.record_failure(2, "gone", NOON)
    gallery.record_saved(studio.id, 3, file_record("3", "/a/3.png"))
    return studio


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_a_query_finds_its_rows_by_an_index(
    path: Path,
    gallery: Gallery,
    filled: ProfileRecord,
    statements: Statements,
    query: Callable[[Gallery, int], object],
) -> None:
    statements.seen.clear()
    query(gallery, filled.id)
    steps = [(step, sql) for sql, parameters in statements.seen for step in steps_of(path, sql, parameters)]

    assert steps
    assert [
        (step, sql) for step, sql in steps if step.startswith("SCAN") and not is_of_the_statement(step, sql)
    ] == []


def is_of_the_statement(step: str, sql: str) -> bool:
    alias = step.removeprefix("SCAN ")
    return _OF_THE_STATEMENT.match(step) is not None or f') AS "{alias}"' in sql


def steps_of(path: Path, sql: str, parameters: Any) -> list[str]:
    """How SQLite finds the rows of a statement."""
    if not sql.lstrip().startswith(("SELECT", "UPDATE", "DELETE", "INSERT", "WITH")):
        return []
    with closing(sqlite3.connect(path)) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
        return [detail for *_, detail in plan]
