"""Pictures that came from one generation of Flow to the next: one record each, with its file."""

from pathlib import Path
from typing import Any

import pytest
from peewee import IntegrityError

from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import ImageRecord, NewImage, PageCounts, ProfileRecord
from tests.mirror.helpers import NOON, file_record, new_image
from tests.store.field import Statements, ask, ids, plans

ONE_FILE = file_record("key-one", "/p/one.png", name="one")


def moved(name: str, legacy_name: str | None = None, **details: Any) -> NewImage:
    """An image as the later generation lists it: its name is its media key."""
    return new_image(name, media_key=name, legacy_name=legacy_name, **details)


@pytest.fixture
def labs(gallery: Gallery, studio: ProfileRecord) -> ProfileRecord:
    """A profile that knows ``one``, with its file, and ``two``, which failed, from before the move."""
    gallery.store_page(studio.id, gallery.begin_sync(studio.id), [new_image("one"), new_image("two")])
    known = ids(gallery, studio)
    gallery.record_saved(studio.id, known["one"], ONE_FILE)
    gallery.record_failure(known["two"], "api: gone", NOON)
    return studio


def synced(gallery: Gallery, profile: ProfileRecord, *pages: list[NewImage]) -> list[PageCounts]:
    number = gallery.begin_sync(profile.id)
    return [gallery.store_page(profile.id, number, page) for page in pages]


def records(gallery: Gallery, profile: ProfileRecord) -> dict[int, ImageRecord]:
    return {image.id: image for image in gallery.images(profile.id)}


# Which record


@pytest.mark.parametrize(
    ("name", "legacy_name"), [("new-one", "one"), ("key-one", None), ("key-one", "one"), ("key-one", "other")]
)
def test_a_picture_that_moved_keeps_its_record_and_its_file(
    gallery: Gallery, labs: ProfileRecord, name: str, legacy_name: str | None
) -> None:
    before = records(gallery, labs)
    assert synced(gallery, labs, [moved(name, legacy_name)]) == [PageCounts(0, 1, 0)]
    after = records(gallery, labs)
    assert set(after) == set(before)
    one = after[ids(gallery, labs)[name]]
    assert (one.name, one.media_key, one.local_path, one.size) == (name, name, "/p/one.png", 4)
    # Nobody lists it any more, and it stays.
    assert after[ids(gallery, labs)["two"]] == before[ids(gallery, labs)["two"]]


def test_a_picture_that_moved_keeps_its_failure_and_what_the_new_page_does_not_say(
    path: Path, gallery: Gallery, labs: ProfileRecord
) -> None:
    synced(gallery, labs, [moved("new-two", "two", workflow_id=None, created_at=None)])
    two = records(gallery, labs)[ids(gallery, labs)["new-two"]]
    assert (two.failure, two.workflow_id, two.created_at) == ("api: gone", "workflow-two", NOON)
    assert ask(path, "SELECT legacy_name, tries FROM image WHERE name = 'new-two'") == [("two", 1)]


def test_a_picture_that_moved_is_known_from_then_on(gallery: Gallery, labs: ProfileRecord) -> None:
    page = [moved("new-one", "one"), moved("key-two")]
    assert synced(gallery, labs, page, page) == [PageCounts(0, 2, 0), PageCounts(0, 0, 2)]
    before = records(gallery, labs)
    assert synced(gallery, labs, page) == [PageCounts(0, 2, 0)]
    assert records(gallery, labs) == before


def test_the_legacy_name_counts_for_more_than_the_media_key(gallery: Gallery, labs: ProfileRecord) -> None:
    known = ids(gallery, labs)
    assert synced(gallery, labs, [moved("key-two", "one")]) == [PageCounts(0, 1, 0)]
    assert ids(gallery, labs) == {"key-two": known["one"], "two": known["two"]}


def test_each_picture_gets_the_record_of_its_legacy_name_although_another_has_its_key(
    gallery: Gallery, labs: ProfileRecord
) -> None:
    known = ids(gallery, labs)
    assert synced(gallery, labs, [moved("key-two", "one"), moved("key-one", "two")]) == [PageCounts(0, 2, 0)]
    assert ids(gallery, labs) == {"key-two": known["one"], "key-one": known["two"]}


@pytest.mark.parametrize("on_one_page", [True, False])
@pytest.mark.parametrize(
    "rivals",
    [
        [moved("x", "one"), moved("y", "one")],
        [moved("x", "one"), moved("key-one")],
        [moved("key-one"), moved("x", "one")],
    ],
    ids=["one legacy name", "legacy name and key", "key and legacy name"],
)
def test_one_record_is_never_given_to_two_pictures(
    gallery: Gallery, labs: ProfileRecord, rivals: list[NewImage], on_one_page: bool
) -> None:
    before = records(gallery, labs)
    counts = synced(gallery, labs, *([rivals] if on_one_page else [[rival] for rival in rivals]))
    assert (sum(count.new for count in counts), sum(count.updated for count in counts)) == (1, 1)
    after = records(gallery, labs)
    assert len(after) == len(before) + 1
    assert {image.name for image in after.values()} == {"two", *(rival.name for rival in rivals)}
    assert [image.local_path for image in after.values()].count("/p/one.png") == 1


@pytest.mark.parametrize("on_one_page", [True, False])
@pytest.mark.parametrize("stranger", [moved("key-one"), moved("x", "one")], ids=["key", "legacy name"])
def test_a_record_that_this_sync_has_met_is_itself(
    gallery: Gallery, labs: ProfileRecord, stranger: NewImage, on_one_page: bool
) -> None:
    before, listed = ids(gallery, labs), new_image("one")
    counts = synced(gallery, labs, *([[stranger, listed]] if on_one_page else [[listed], [stranger]]))
    assert (sum(count.new for count in counts), sum(count.updated for count in counts)) == (1, 1)
    after = records(gallery, labs)
    assert (after[before["one"]].name, after[before["one"]].local_path) == ("one", "/p/one.png")
    assert {image.name for image in after.values()} == {"one", "two", stranger.name}


def test_two_records_of_labs_with_one_media_key_stay_two(gallery: Gallery, studio: ProfileRecord) -> None:
    one, uno = (new_image(name, media_key="same") for name in ("one", "uno"))
    synced(gallery, studio, [one])
    known = ids(gallery, studio)
    assert synced(gallery, studio, [uno], [one]) == [PageCounts(1, 0, 0), PageCounts(0, 1, 0)]
    assert ids(gallery, studio)["one"] == known["one"]
    # Only the later generation names pictures by their keys; then one of the two is the picture.
    assert synced(gallery, studio, [moved("same")]) == [PageCounts(0, 1, 0)]
    assert len(records(gallery, studio)) == 2


def test_the_pictures_of_another_profile_are_not_taken(gallery: Gallery, labs: ProfileRecord) -> None:
    home = gallery.add_profile("home", "google", None, NOON)
    before = records(gallery, labs)
    pages = [moved("key-one"), moved("new-two", "two")]
    assert synced(gallery, home, pages) == [PageCounts(2, 0, 0)]
    assert records(gallery, labs) == before
    assert gallery.files_of(home.id, "key-one", "one") == []


def test_a_whole_gallery_that_moved_on_one_page_is_recognised(
    gallery: Gallery, studio: ProfileRecord
) -> None:
    many = range(2500)
    synced(gallery, studio, [new_image(f"old-{number}") for number in many])
    before = ids(gallery, studio)
    page = [
        moved(f"new-{number}", f"old-{number}") if number % 2 else moved(f"key-old-{number}")
        for number in reversed(many)
    ]
    assert synced(gallery, studio, page) == [PageCounts(0, len(many), 0)]
    assert ids(gallery, studio) == {
        f"new-{number}" if number % 2 else f"key-old-{number}": before[f"old-{number}"] for number in many
    }


def test_an_error_in_the_middle_of_a_page_gives_no_record_a_new_name(
    path: Path, gallery: Gallery, labs: ProfileRecord
) -> None:
    before = ask(path, "SELECT * FROM image")
    ask(
        path,
        "CREATE TRIGGER stumble BEFORE INSERT ON image WHEN new.name = 'stranger' "
        "BEGIN SELECT RAISE(ABORT, 'stumbled'); END",
    )
    with pytest.raises(IntegrityError, match="stumbled"):
        synced(gallery, labs, [moved("new-one", "one"), moved("key-two"), moved("stranger")])
    assert ask(path, "SELECT * FROM image") == before


# Which file


@pytest.mark.parametrize("refreshed", [False, True])
@pytest.mark.parametrize(
    ("media_key", "legacy_name", "found"),
    [
        ("key-one", None, True),
        ("new-one", "one", True),
        ("key-one", "one", True),
        ("key-one", "other", True),
        ("new-one", None, False),
        ("new-one", "other", False),
        ("one", None, False),
    ],
)
def test_the_ledger_knows_a_picture_by_its_key_and_by_the_name_it_had(
    gallery: Gallery,
    labs: ProfileRecord,
    media_key: str,
    legacy_name: str | None,
    found: bool,
    refreshed: bool,
) -> None:
    if refreshed:
        gallery.delete_images(labs.id)
    # By its old name alone a file is known only where no other record points to it.
    is_free = refreshed or media_key == "key-one"
    assert gallery.files_of(labs.id, media_key, legacy_name) == ([ONE_FILE] if found and is_free else [])


def test_of_all_files_of_a_picture_the_latest_comes_first(gallery: Gallery, labs: ProfileRecord) -> None:
    image_id = ids(gallery, labs)["one"]
    by_key = file_record("new-one", "/p/new-one.png")
    by_name = file_record("another-key", "/p/by-name.png", name="one")
    for file in (by_key, by_name):
        gallery.record_saved(labs.id, image_id, file)
    gallery.delete_images(labs.id)
    assert gallery.files_of(labs.id, "new-one", "one") == [by_name, by_key, ONE_FILE]


# How the queries find their rows


@pytest.fixture
def large(gallery: Gallery, labs: ProfileRecord) -> ProfileRecord:
    images = [new_image(str(number)) for number in range(500)]
    synced(gallery, labs, images)
    for image_id, image in zip(gallery.missing_ids(labs.id), images, strict=False):
        gallery.record_saved(
            labs.id, image_id, file_record(image.media_key, f"/p/{image.name}", name=image.name)
        )
    return labs


def test_the_records_of_before_are_found_by_their_indexes(
    path: Path, gallery: Gallery, large: ProfileRecord, statements: Statements
) -> None:
    number = gallery.begin_sync(large.id)
    statements.seen.clear()
    page = [
        moved(f"new-{number}", f"{number}") if number % 2 else moved(f"key-{number}") for number in range(18)
    ]
    assert gallery.store_page(large.id, number, page) == PageCounts(0, 18, 0)
    plan = plans(path, statements)
    assert "(profile_id=? AND name=?)" in plan
    assert "image_by_key (profile_id=? AND media_key=?)" in plan
    assert "SCAN" not in plan


@pytest.mark.parametrize("legacy_name", [None, "7"])
def test_the_files_of_a_picture_are_found_by_their_indexes(
    path: Path, gallery: Gallery, large: ProfileRecord, statements: Statements, legacy_name: str | None
) -> None:
    statements.seen.clear()
    assert len(gallery.files_of(large.id, "key-7", legacy_name)) == 1
    plan = plans(path, statements)
    assert "saved_file_by_key (profile_id=? AND media_key=?)" in plan
    assert ("saved_file_by_name (profile_id=? AND name=?)" in plan) == (legacy_name is not None)
    assert "SCAN" not in plan
