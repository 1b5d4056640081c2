"""The ledger of the saved files: read in parts, and told of what is no more."""

from pathlib import Path

import pytest

from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import ProfileRecord
from tests.mirror.helpers import NOON, file_record, names, new_image
from tests.store.field import ask, ids


@pytest.fixture
def saved(gallery: Gallery, studio: ProfileRecord) -> dict[str, int]:
    """Five images with a file each, of 10, 20, … bytes."""
    gallery.store_page(studio.id, gallery.begin_sync(studio.id), [new_image(name) for name in names(5)])
    found = ids(gallery, studio)
    for size, name in enumerate(names(5), start=1):
        file = file_record(f"key-{name}", f"/p/{name}.png", size * 10, name=name)
        gallery.record_saved(studio.id, found[name], file)
    return found


@pytest.mark.usefixtures("saved")
def test_the_ledger_is_read_in_parts_and_whole(gallery: Gallery, studio: ProfileRecord) -> None:
    met, after = list[str](), 0
    while rows := gallery.saved_files(studio.id, after, 2):
        assert len(rows) <= 2
        met += [row.file.path for row in rows]
        after = rows[-1].id
    assert met == [f"/p/{name}.png" for name in names(5)]
    assert gallery.count_saved_files(studio.id) == 5


def test_a_file_that_is_forgotten_makes_its_images_pending(
    gallery: Gallery, studio: ProfileRecord, saved: dict[str, int]
) -> None:
    gallery.record_adopted(saved["i1"], "/p/i0.png")
    assert gallery.forget_file(studio.id, "/p/i0.png", "gone", NOON) == 2
    assert set(gallery.missing_ids(studio.id)) == {saved["i0"], saved["i1"]}
    assert gallery.files_of(studio.id, "key-i0") == []
    assert gallery.count_saved_files(studio.id) == 4


@pytest.mark.usefixtures("saved")
def test_a_file_is_forgotten_for_one_profile(gallery: Gallery, studio: ProfileRecord) -> None:
    other = gallery.add_profile("other", "labs", None, NOON)
    assert gallery.forget_file(other.id, "/p/i0.png", "gone", NOON) == 0
    assert gallery.counts(studio.id).downloaded == 5


@pytest.mark.usefixtures("saved")
def test_a_path_that_the_ledger_does_not_know_is_found(
    gallery: Gallery, studio: ProfileRecord, path: Path
) -> None:
    assert gallery.images_without_ledger(studio.id) == []
    ask(path, "DELETE FROM saved_file WHERE path = '/p/i3.png'")
    assert [image.path for image in gallery.images_without_ledger(studio.id)] == ["/p/i3.png"]


@pytest.mark.usefixtures("saved")
def test_the_mean_size_is_that_of_the_saved_files(gallery: Gallery, studio: ProfileRecord) -> None:
    assert gallery.mean_file_size(studio.id) == 30.0
    assert gallery.mean_file_size(gallery.add_profile("other", "labs", None, NOON).id) is None
