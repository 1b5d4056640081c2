"""The database file itself: how it comes to be, and what is refused."""

import os
import re
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from peewee import Field, Model

from flowimg_tui.store.database import StoreError
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.migrations import VERSION
from flowimg_tui.store.models import Image, Profile, SavedFile
from tests.mirror.helpers import NOON, new_image
from tests.store.field import ask


def open_and_close(path: Path) -> None:
    Gallery(path).close()


def future_database(path: Path, journal_mode: str) -> bytes:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"PRAGMA journal_mode = {journal_mode}")
        connection.execute("CREATE TABLE from_tomorrow (wonder TEXT)")
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    return path.read_bytes()


@pytest.mark.parametrize("model", [Profile, Image, SavedFile])
def test_the_models_and_the_migrated_tables_have_the_same_columns(path: Path, model: type[Model]) -> None:
    open_and_close(path)
    meta = model._meta
    fields: list[Field] = meta.sorted_fields
    expected = {(field.column_name, not field.null, field.primary_key) for field in fields}
    found = {
        (name, bool(required or key), bool(key))
        for _, name, _, required, _, key in ask(path, f"PRAGMA table_info({meta.table_name})")
    }
    assert found == expected


def test_a_new_database_has_the_present_version_in_wal_mode(path: Path) -> None:
    open_and_close(path)
    assert ask(path, "PRAGMA user_version") == [(VERSION,)]
    assert ask(path, "PRAGMA journal_mode") == [("wal",)]


def test_an_empty_sqlite_file_of_version_0_becomes_a_gallery(path: Path) -> None:
    path.parent.mkdir()
    ask(path, "PRAGMA user_version = 0")
    gallery = Gallery(path)
    assert gallery.add_profile("studio", "labs", None, NOON).name == "studio"
    gallery.close()


def test_opening_again_changes_neither_tables_nor_records(path: Path) -> None:
    gallery = Gallery(path)
    profile = gallery.add_profile("studio", "labs", None, NOON)
    gallery.store_page(profile.id, 1, [new_image("a")])
    gallery.close()
    schema = ask(path, "SELECT sql FROM sqlite_schema ORDER BY name")
    again = Gallery(path)
    assert ask(path, "SELECT sql FROM sqlite_schema ORDER BY name") == schema
    assert [image.name for image in again.images(profile.id)] == ["a"]
    again.close()


def test_two_openings_at_once_see_each_others_records(path: Path) -> None:
    one, other = Gallery(path), Gallery(path)
    profile = one.add_profile("studio", "labs", None, NOON)
    other.store_page(profile.id, 1, [new_image("a")])
    assert one.counts(profile.id).images == 1
    one.close()
    other.close()


@pytest.mark.parametrize("journal_mode", ["wal", "delete"])
def test_a_database_from_the_future_is_refused_and_not_touched(path: Path, journal_mode: str) -> None:
    path.parent.mkdir()
    before = future_database(path, journal_mode)
    with pytest.raises(StoreError) as refusal:
        Gallery(path)
    assert str(path) in str(refusal.value)
    assert f"version {VERSION + 1}" in str(refusal.value)
    assert "newer flowimg-tui" in str(refusal.value)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("content", [b"This is no database. " * 40, b"\x00" * 4096, b"PK\x03\x04"])
def test_a_file_that_is_not_sqlite_is_refused_by_its_path_and_stays(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StoreError, match=re.escape(str(path))):
        Gallery(path)
    assert path.read_bytes() == content


def test_a_folder_in_the_place_of_the_database_is_refused_by_its_path(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(StoreError, match=re.escape(str(path))):
        Gallery(path)


def test_a_home_that_cannot_be_made_is_refused_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    path = tmp_path / "file" / "gallery.db"
    with pytest.raises(StoreError, match=re.escape(str(path))):
        Gallery(path)


def test_only_the_owner_can_read_the_database_and_its_companions(path: Path) -> None:
    former = os.umask(0)
    try:
        gallery = Gallery(path)
        gallery.add_profile("studio", "labs", None, NOON)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        gallery.close()
    finally:
        os.umask(former)
    assert modes == dict.fromkeys(("gallery.db", "gallery.db-wal", "gallery.db-shm"), 0o600)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_database_that_breaks_while_it_is_open_says_so_with_its_path(path: Path) -> None:
    gallery = Gallery(path)
    profile = gallery.add_profile("studio", "labs", None, NOON)
    ask(path, "DROP TABLE image")
    with pytest.raises(StoreError, match=re.escape(str(path))):
        gallery.counts(profile.id)
    gallery.close()
