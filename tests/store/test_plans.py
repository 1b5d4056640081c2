"""No query of the store reads a whole table: each finds its rows by an index.

The two that do, the look for words that nothing sets apart and the list of all profiles, have tests of their
own.
"""

import functools
import inspect
import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from flowimg_tui.store.finding import Finding, Order, SortKey
from flowimg_tui.store.found_images import FoundImages
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import ProfileRecord
from tests.mirror.helpers import NOON, file_record, new_image
from tests.store.field import Statements

# What is read from its beginning to its end and is no table: what the statement itself has made.
_OF_THE_STATEMENT: Final = re.compile(
    r"SCAN (?:json_each|one|(?:\d+ )?CONSTANT ROWS?|\(subquery-\d+\)|image_text VIRTUAL TABLE INDEX 0:M\d+)"
)
_WORDS: Final = '"misty boat" state:failed ratio:16:9 date:2026 -fog 1.jpg'


Query = Callable[[Gallery, int], object]


def found(gallery: Gallery, profile_id: int, text: str, order: Order) -> list[int]:
    return gallery.find(profile_id, Finding(text, order)).ids()


def looked_at(images: FoundImages) -> None:
    for image in images.window(2, 3):
        assert images.position(image.id) is not None


def taken_and_brought_back(gallery: Gallery, profile_id: int) -> None:
    """Have records that came since the copy was made, and one whose id another has meanwhile."""
    images = gallery.count(profile_id)
    with tempfile.TemporaryDirectory() as folder:
        gallery.copy_to(Path(folder) / "kept.db")
        gallery.delete_images(profile_id)
        gallery.store_page(profile_id, 1, [new_image("since"), new_image("1")])
        assert gallery.restore_images(profile_id, Path(folder) / "kept.db") == images > 0
        assert gallery.count(profile_id) == images + 1


QUERIES: Final[dict[str, Query]] = {
    "a new profile": lambda gallery, _: gallery.add_profile("other", "labs", None, NOON),
    "a profile": lambda gallery, _: gallery.profile("studio"),
    "whose gallery it is": lambda gallery, ours: gallery.set_account(ours, "ada@example.com"),
    "its generation": lambda gallery, ours: gallery.set_service(ours, "google"),
    "its folder": lambda gallery, ours: gallery.set_output(ours, "/pictures"),
    "its key": lambda gallery, ours: gallery.set_flow_key(ours, "key"),
    "a new sync": lambda gallery, ours: gallery.begin_sync(ours),
    "a sync that is not gone on with": lambda gallery, ours: gallery.forget_sync_place(ours),
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
    "images by their ids": lambda gallery, _: gallery.records([1, 3, 5]),
    "an image": lambda gallery, _: gallery.image(3),
    "all that is known of an image": lambda gallery, _: gallery.details(3),
    "the position of an image": lambda gallery, ours: [
        gallery.position(ours, image) for image in gallery.images(ours)
    ],
    "how many images there are": lambda gallery, ours: gallery.count(ours),
    "the counts": lambda gallery, ours: gallery.counts(ours),
    "what was looked for last": lambda gallery, ours: gallery.finding(ours),
    "what is looked for from now on": lambda gallery, ours: gallery.set_finding(ours, Finding("boat")),
    "what is looked for": lambda gallery, ours: [
        found(gallery, ours, text, Order(key, descending))
        for text in ("", _WORDS)
        for key in SortKey
        for descending in (False, True)
    ],
    "a look at the whole gallery": lambda gallery, ours: looked_at(gallery.find(ours, Finding())),
    "a force refresh that is taken back": taken_and_brought_back,
    "a force refresh": lambda gallery, ours: gallery.delete_images(ours),
    "a profile that goes": lambda gallery, ours: gallery.remove_profile(ours),
}
EXEMPT: Final = {
    "Gallery.profiles": "has a test of its own, as it reads them all",
    "Gallery.data_version": "asks for a number of the connection, and for no row",
    "FoundImages.close": "asks for nothing",
}


@pytest.fixture
def filled(gallery: Gallery, studio: ProfileRecord) -> ProfileRecord:
    gallery.store_page(studio.id, 1, [new_image(str(number)) for number in range(20)])
    gallery.record_failure(2, "gone", NOON)
    gallery.record_saved(studio.id, 3, file_record("3", "/a/3.png"))
    return studio


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_a_query_finds_its_rows_by_an_index(
    path: Path, gallery: Gallery, filled: ProfileRecord, statements: Statements, query: Query
) -> None:
    statements.seen.clear()
    query(gallery, filled.id)
    steps = [(step, sql) for sql, parameters in statements.seen for step in steps_of(path, sql, parameters)]

    assert steps
    assert [
        (step, sql) for step, sql in steps if step.startswith("SCAN") and not is_of_the_statement(step, sql)
    ] == []


def test_the_list_of_profiles_is_read_whole_in_the_order_of_an_index(
    path: Path, gallery: Gallery, filled: ProfileRecord, statements: Statements
) -> None:
    statements.seen.clear()
    assert gallery.profiles() == [filled]
    ((sql, parameters),) = statements.seen
    assert steps_of(path, sql, parameters) == ["SCAN t1 USING INDEX sqlite_autoindex_profile_1"]


def test_no_query_of_the_store_is_left_out(
    gallery: Gallery, filled: ProfileRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = set[str]()
    every = dict(methods())
    for name, method in every.items():
        owner = Gallery if name.startswith("Gallery.") else FoundImages
        monkeypatch.setattr(owner, name.partition(".")[2], noted(name, method, called))
    for query in QUERIES.values():
        query(gallery, filled.id)

    assert set(every) - called == set(EXEMPT)


def methods() -> Iterator[tuple[str, Callable[..., Any]]]:
    """All that can be asked of the store."""
    for owner in (Gallery, FoundImages):
        for name, method in inspect.getmembers(owner, inspect.isfunction):
            if not name.startswith("_"):
                yield f"{owner.__name__}.{name}", method


def noted(name: str, method: Callable[..., Any], called: set[str]) -> Callable[..., Any]:
    """Return the method; whoever calls it leaves its name."""

    @functools.wraps(method)
    def call(*arguments: Any, **options: Any) -> Any:
        called.add(name)
        return method(*arguments, **options)

    return call


def is_of_the_statement(step: str, sql: str) -> bool:
    alias = step.removeprefix("SCAN ")
    return _OF_THE_STATEMENT.match(step) is not None or f') AS "{alias}"' in sql


def steps_of(path: Path, sql: str, parameters: Any) -> list[str]:
    """How SQLite finds the rows of a statement."""
    if not sql.lstrip().startswith(("SELECT", "UPDATE", "DELETE", "INSERT", "WITH")):
        return []
    with closing(sqlite3.connect(path)) as connection:
        # The copy that a force refresh keeps has the same tables.
        connection.execute("ATTACH DATABASE ? AS kept", (str(path),))
        plan = connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
        return [detail for *_, detail in plan]
