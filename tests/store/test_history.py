"""How the last tries of an image ended is kept with it: bounded, and as durable as what it is about."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from peewee import IntegrityError

from flowimg_tui.store.endings import ENDINGS_KEPT
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.migrations import STEPS
from flowimg_tui.store.records import Ending, ImageDetails, Outcome, ProfileRecord
from tests.mirror.helpers import NOON, file_record, new_image
from tests.store.field import ask, ids


@pytest.fixture
def image_id(gallery: Gallery, studio: ProfileRecord) -> int:
    gallery.store_page(studio.id, gallery.begin_sync(studio.id), [new_image("one"), new_image("two")])
    return ids(gallery, studio)["one"]


def details_of(gallery: Gallery, image_id: int) -> ImageDetails:
    details = gallery.details(image_id)
    assert details is not None
    return details


def test_what_nobody_has_tried_has_no_history(gallery: Gallery, image_id: int) -> None:
    assert gallery.details(image_id) == ImageDetails(None, [])
    assert gallery.details(image_id + 999) is None


def test_each_ending_is_kept_with_its_time_and_what_it_tells(
    gallery: Gallery, studio: ProfileRecord, image_id: int
) -> None:
    later = NOON + timedelta(hours=1)
    file = file_record("key-one", "/p/one.png")
    gallery.record_failure(image_id, 'HTTP 404: "gone" [/] \'\n漢', NOON)
    gallery.record_saved(studio.id, image_id, file)
    gallery.forget_file(studio.id, "/p/one.png", "the file is gone", later)
    gallery.record_adopted(image_id, "/p/other.png", later)
    assert details_of(gallery, image_id) == ImageDetails(
        None,
        [
            Ending(NOON, Outcome.FAILED, 'HTTP 404: "gone" [/] \'\n漢'),
            Ending(file.saved_at, Outcome.SAVED, file.source),
            Ending(later, Outcome.LOST, "the file is gone"),
            Ending(later, Outcome.ADOPTED, "/p/other.png"),
        ],
    )
    assert details_of(gallery, ids(gallery, studio)["two"]).endings == []


def test_the_file_that_an_image_points_to_comes_with_it(
    gallery: Gallery, studio: ProfileRecord, image_id: int
) -> None:
    file = file_record("key-one", "/p/one.png")
    gallery.record_saved(studio.id, image_id, file)
    assert details_of(gallery, image_id).file == file


def test_only_the_last_endings_are_kept_and_little_of_a_long_reason(gallery: Gallery, image_id: int) -> None:
    for day in range(ENDINGS_KEPT + 5):
        gallery.record_failure(image_id, f"{day}" + "x" * 100_000, NOON + timedelta(days=day))
    endings = details_of(gallery, image_id).endings
    assert [ending.at for ending in endings] == [NOON + timedelta(days=day) for day in range(5, 15)]
    assert {len(ending.told) for ending in endings} == {500}


def test_what_is_not_written_has_no_ending(
    gallery: Gallery, studio: ProfileRecord, image_id: int, path: Path
) -> None:
    """The ending and what it is about are one transaction."""
    ask(path, "CREATE TRIGGER no AFTER UPDATE ON image BEGIN SELECT raise(ABORT, 'no'); END")
    with pytest.raises(IntegrityError, match="no"):
        gallery.record_saved(studio.id, image_id, file_record("key-one", "/p/one.png"))
    assert ask(path, "SELECT COUNT(*) FROM saved_file") == [(0,)]
    assert gallery.details(image_id) == ImageDetails(None, [])


def test_a_history_goes_with_its_record_and_comes_back_with_it(
    gallery: Gallery, studio: ProfileRecord, image_id: int, tmp_path: Path
) -> None:
    gallery.record_failure(image_id, "gone", NOON)
    before = details_of(gallery, image_id)
    gallery.copy_to(tmp_path / "copy.db")
    gallery.delete_images(studio.id)
    gallery.store_page(studio.id, gallery.begin_sync(studio.id), [new_image("one")])
    assert details_of(gallery, ids(gallery, studio)["one"]).endings == []
    gallery.restore_images(studio.id, tmp_path / "copy.db")
    assert details_of(gallery, ids(gallery, studio)["one"]) == before


def test_a_sync_that_meets_the_image_again_leaves_its_history(
    gallery: Gallery, studio: ProfileRecord, image_id: int
) -> None:
    gallery.record_failure(image_id, "gone", NOON)
    gallery.store_page(studio.id, gallery.begin_sync(studio.id), [new_image("one", prompt="a boat")])
    assert [ending.told for ending in details_of(gallery, image_id).endings] == ["gone"]


def test_a_file_of_the_version_before_tells_the_failure_that_it_knows(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in (statement for step in STEPS[:4] for statement in step):
            connection.execute(statement)
        time = "2026-03-14T12:00:00.000000Z"
        connection.execute("INSERT INTO profile (name, service, created_at) VALUES ('s', 'labs', ?)", (time,))
        connection.executemany(
            "INSERT INTO image (profile_id, name, media_key, last_sync, failure, failed_at, local_path)"
            " VALUES (1, ?, 'k', 1, ?, ?, ?)",
            [
                ("failed", "HTTP 404", time, None),
                ("saved", None, None, "/p/k.png"),
                ("new", None, None, None),
            ],
        )
        connection.execute("PRAGMA user_version = 4")
    gallery = Gallery(path)
    assert [(gallery.details(image_id) or ImageDetails(None, [])).endings for image_id in (1, 2, 3)] == [
        [Ending(NOON, Outcome.FAILED, "HTTP 404")],
        [],
        [],
    ]
    gallery.close()
