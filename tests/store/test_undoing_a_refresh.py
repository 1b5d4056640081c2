"""The records that a force refresh takes come back exactly, whatever happened meanwhile."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from flowimg_tui.store.database import StoreError
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.migrations import STEPS, VERSION
from flowimg_tui.store.records import ProfileRecord
from tests.mirror.helpers import NOON, file_record, names, new_image
from tests.store.field import ask, ids

RECORDS = "SELECT * FROM image WHERE profile_id = 1 ORDER BY id"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copy.db"


@pytest.fixture
def before(gallery: Gallery, studio: ProfileRecord, path: Path) -> list[tuple[Any, ...]]:
    """Three images: one with its file, one that failed, one that is pending."""
    gallery.store_page(studio.id, gallery.begin_sync(studio.id), [new_image(name) for name in names(3)])
    found = ids(gallery, studio)
    gallery.record_saved(studio.id, found["i0"], file_record("key-i0", "/p/i0.png"))
    gallery.record_failure(found["i1"], "gone", NOON, tries=5)
    return ask(path, RECORDS)


def test_the_records_come_back_exactly(
    gallery: Gallery, studio: ProfileRecord, path: Path, copy: Path, before: list[tuple[Any, ...]]
) -> None:
    gallery.copy_to(copy)
    gallery.delete_images(studio.id)
    assert ask(path, RECORDS) == []
    assert gallery.restore_images(studio.id, copy) == 3
    assert ask(path, RECORDS) == before
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]
    assert ask(path, "PRAGMA foreign_key_check") == []


def test_they_come_back_exactly_after_a_sync_that_met_them_again(
    gallery: Gallery, studio: ProfileRecord, path: Path, copy: Path, before: list[tuple[Any, ...]]
) -> None:
    gallery.copy_to(copy)
    gallery.delete_images(studio.id)
    again = [new_image(name, aspect_ratio="OTHER") for name in reversed(names(3))]
    gallery.store_page(studio.id, gallery.begin_sync(studio.id), again)
    gallery.restore_images(studio.id, copy)
    assert ask(path, RECORDS) == before


@pytest.mark.usefixtures("before")
def test_an_image_that_came_since_stays_beside_them(
    gallery: Gallery, studio: ProfileRecord, copy: Path
) -> None:
    gallery.copy_to(copy)
    gallery.delete_images(studio.id)
    # It takes the id that one of those had which come back.
    gallery.store_page(studio.id, gallery.begin_sync(studio.id), [new_image("new")])
    gallery.restore_images(studio.id, copy)
    assert sorted(ids(gallery, studio)) == ["i0", "i1", "i2", "new"]


@pytest.mark.usefixtures("before")
def test_the_images_of_another_profile_are_not_touched(
    gallery: Gallery, studio: ProfileRecord, path: Path, copy: Path
) -> None:
    other = gallery.add_profile("other", "labs", None, NOON)
    gallery.copy_to(copy)
    gallery.delete_images(studio.id)
    gallery.store_page(other.id, gallery.begin_sync(other.id), [new_image(name) for name in names(5)])
    theirs = ask(path, "SELECT * FROM image WHERE profile_id = 2")
    assert gallery.restore_images(studio.id, copy) == 3
    assert ask(path, "SELECT * FROM image WHERE profile_id = 2") == theirs
    assert sorted(ids(gallery, studio)) == names(3)


@pytest.mark.usefixtures("before")
def test_the_copy_is_one_file_that_only_its_owner_can_read(gallery: Gallery, copy: Path) -> None:
    gallery.copy_to(copy)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in copy.parent.iterdir() if entry.name.startswith("copy")] == ["copy.db"]
    assert ask(copy, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.usefixtures("studio")
def test_a_copy_never_takes_the_place_of_another_file(gallery: Gallery, copy: Path) -> None:
    copy.write_text("something else")
    with pytest.raises(StoreError, match=r"copy\.db"):
        gallery.copy_to(copy)
    assert copy.read_text() == "something else"


@pytest.mark.usefixtures("before")
def test_a_copy_that_an_earlier_version_made_is_understood(
    gallery: Gallery, studio: ProfileRecord, copy: Path
) -> None:
    with closing(sqlite3.connect(copy)) as connection, connection:
        for statement in (statement for step in STEPS[:2] for statement in step):
            connection.execute(statement)
        created = "2026-03-14T12:00:00.000000Z"
        profile = (studio.id, studio.name, studio.service, created)
        connection.execute("INSERT INTO profile (id, name, service, created_at) VALUES (?, ?, ?, ?)", profile)
        image = (
            "INSERT INTO image (profile_id, name, media_key, last_sync, tries) VALUES (1, 'old', 'k', 1, 3)"
        )
        connection.execute(image)
        connection.execute("PRAGMA user_version = 2")
    gallery.delete_images(studio.id)
    assert gallery.restore_images(studio.id, copy) == 1
    (old,) = gallery.images(studio.id)
    assert (old.name, old.tries, old.failed_runs) == ("old", 3, 3)


def test_the_copy_of_another_profile_of_that_name_brings_nothing(
    gallery: Gallery, studio: ProfileRecord, copy: Path, path: Path
) -> None:
    gallery.copy_to(copy)
    gallery.remove_profile(studio.id)
    again = gallery.add_profile("studio", "labs", None, NOON.replace(year=2027))
    gallery.store_page(again.id, gallery.begin_sync(again.id), [new_image("one")])
    rows = ask(path, RECORDS)
    with pytest.raises(StoreError, match="another profile"):
        gallery.restore_images(again.id, copy)
    assert ask(path, RECORDS) == rows


@pytest.mark.parametrize("damage", ["gone", "no database", "from the future"])
def test_a_copy_that_cannot_be_used_changes_nothing_and_says_why(
    gallery: Gallery,
    studio: ProfileRecord,
    copy: Path,
    path: Path,
    before: list[tuple[Any, ...]],
    damage: str,
) -> None:
    gallery.copy_to(copy)
    match damage:
        case "gone":
            copy.unlink()
        case "no database":
            copy.write_bytes(b"not a database" * 100)
        case _:
            ask(copy, f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(StoreError, match=r"copy\.db"):
        gallery.restore_images(studio.id, copy)
    assert ask(path, RECORDS) == before
