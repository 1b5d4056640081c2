"""A database of an earlier version: everything in it stays, and the new columns are there."""

import re
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from flowimg_tui.store.database import StoreError
from flowimg_tui.store.finding import Finding
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.migrations import STEPS, VERSION
from flowimg_tui.store.records import Counts, PageCounts
from tests.mirror.helpers import NOON, new_image
from tests.store.field import ask, check_words_and_sizes

TIME: Final = "2026-03-14T12:00:00.000000Z"
ROWS: Final[dict[str, list[tuple[Any, ...]]]] = {
    "profile": [
        (1, "studio", "labs", "ada@example.com", "/pictures", "a-key", TIME, TIME, 7),
        (2, "home", "labs", None, None, None, TIME, None, 0),
    ],
    "image": [
        (1, 1, "one", "w", "key-one", "SQUARE", "https://u/1", "/p/one.png", TIME, 7, None, None, 0),
        (2, 1, "two", None, "key-two", None, None, None, None, 6, "HTTP 404", TIME, 2),
        (3, 2, "uno", None, "key-one", None, None, "/h/one.png", TIME, 1, None, None, 0),
    ],
    "saved_file": [
        (1, 1, "key-one", "/p/one.png", 4, "00", "image/png", "api", TIME),
        (2, 2, "key-one", "/h/one.png", 4, "00", "image/png", "signed url", TIME),
        (3, 1, "key-refreshed", "/p/refreshed.png", 4, "00", "image/png", "api", TIME),
    ],
}
"""A gallery of version 1. The record of its last file is gone, as after a force refresh."""


@pytest.fixture
def version_1(path: Path) -> Path:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in STEPS[0]:
            connection.execute(statement)
        for table, rows in ROWS.items():
            connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)  # noqa: S608
        connection.execute("PRAGMA user_version = 1")
    return path


def columns(path: Path, table: str) -> list[str]:
    return [name for _, name, *_ in ask(path, f"PRAGMA table_info({table})")]


def schema(path: Path) -> list[tuple[Any, ...]]:
    return ask(path, "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name")


def everything(path: Path) -> list[object]:
    tables = [ask(path, f"SELECT * FROM {table}") for table in ROWS]  # noqa: S608
    return [ask(path, "PRAGMA user_version"), schema(path), *tables]


def test_every_value_of_every_row_is_kept(version_1: Path) -> None:
    old = {table: ", ".join(columns(version_1, table)) for table in ROWS}
    Gallery(version_1).close()
    for table, names in old.items():
        assert ask(version_1, f"SELECT {names} FROM {table} ORDER BY id") == ROWS[table]  # noqa: S608
    assert ask(version_1, "PRAGMA user_version") == [(VERSION,)]


def test_a_migrated_file_has_the_shape_of_a_new_one(version_1: Path, tmp_path: Path) -> None:
    for path in (version_1, tmp_path / "new.db"):
        Gallery(path).close()
    assert schema(version_1) == schema(tmp_path / "new.db")


def test_what_nobody_has_told_yet_is_empty(version_1: Path) -> None:
    gallery = Gallery(version_1)
    for image in gallery.images(1):
        told = (image.title, image.prompt, image.seed, image.width, image.height, image.project_title)
        assert told == (None,) * 6
    assert gallery.counts(1) == Counts(2, 1, 0, 1)
    gallery.close()


def test_saved_files_get_the_names_of_their_images_in_their_own_profile(version_1: Path) -> None:
    Gallery(version_1).close()
    assert ask(version_1, "SELECT path, name FROM saved_file ORDER BY id") == [
        ("/p/one.png", "one"),
        ("/h/one.png", "uno"),
        ("/p/refreshed.png", None),
    ]


def test_a_picture_that_moved_is_recognised_in_a_migrated_file(version_1: Path) -> None:
    gallery = Gallery(version_1)
    moved = [
        new_image("new-one", media_key="new-one", legacy_name="one"),
        new_image("key-two", media_key="key-two"),
    ]
    assert gallery.store_page(1, gallery.begin_sync(1), moved) == PageCounts(0, 2, 0)
    assert {image.id: (image.name, image.local_path) for image in gallery.images(1)} == {
        1: ("new-one", "/p/one.png"),
        2: ("key-two", None),
    }
    gallery.delete_images(1)
    assert [file.path for file in gallery.files_of(1, "new-one", "one")] == ["/p/one.png"]
    gallery.close()


def test_what_a_migrated_file_holds_is_found_at_once(version_1: Path) -> None:
    ask(version_1, "UPDATE image SET local_path = '/p/paper boat.png' WHERE id = 1")
    ask(version_1, "UPDATE saved_file SET path = '/p/paper boat.png' WHERE id = 1")
    gallery = Gallery(version_1)
    for text, found in (
        ("boat", ["one"]),
        ("key-t", ["two"]),
        ("state:failed", ["two"]),
        ("date:2026-03", ["one"]),
    ):
        images = gallery.find(1, Finding(text))
        images.refresh()
        assert [image.name for image in images.window(0, 9)] == found
    assert gallery.finding(1) == Finding()
    gallery.close()
    assert ask(version_1, "SELECT id, file_size FROM image ORDER BY id") == [(1, 4), (2, None), (3, 4)]
    check_words_and_sizes(version_1)


def test_a_step_that_fails_leaves_the_file_as_it_was(version_1: Path) -> None:
    ask(version_1, "CREATE INDEX saved_file_by_name ON saved_file (path)")
    before = everything(version_1)
    with pytest.raises(StoreError, match=re.escape(str(version_1))):
        Gallery(version_1)
    assert everything(version_1) == before
    ask(version_1, "DROP INDEX saved_file_by_name")
    gallery = Gallery(version_1)
    assert gallery.profile("studio").created_at == NOON
    gallery.close()


def test_two_programs_that_open_the_file_at_once_migrate_it_once(version_1: Path) -> None:
    together, opened = threading.Barrier(2), list[int]()

    def open_it() -> None:
        together.wait()
        gallery = Gallery(version_1)
        opened.append(gallery.counts(1).images)
        gallery.close()

    threads = [threading.Thread(target=open_it) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert opened == [2, 2]
