"""An image that run after run cannot be had is left alone, visibly, until somebody asks for it again."""

from datetime import timedelta
from pathlib import Path

import pytest

from flowimg_tui.store.download_queries import RUNS_BEFORE_PARKING
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import Counts, ImageState, ProfileRecord
from tests.mirror.helpers import NOON, file_record, new_image
from tests.store.field import ids


@pytest.fixture
def image_id(gallery: Gallery, studio: ProfileRecord) -> int:
    gallery.store_page(studio.id, gallery.begin_sync(studio.id), [new_image("one"), new_image("two")])
    return ids(gallery, studio)["one"]


def fail_often(gallery: Gallery, image_id: int, times: int) -> list[bool]:
    return [
        gallery.record_failure(image_id, "gone", NOON + timedelta(days=day), tries=5) for day in range(times)
    ]


def test_the_tenth_failed_run_parks_an_image(gallery: Gallery, studio: ProfileRecord, image_id: int) -> None:
    assert fail_often(gallery, image_id, RUNS_BEFORE_PARKING) == [False] * 9 + [True]
    image = gallery.image(image_id)
    assert image is not None
    assert (image.state, image.failure, image.failed_runs, image.tries) == (
        ImageState.PARKED,
        "gone",
        10,
        50,
    )
    assert image.parked_at == image.failed_at == NOON + timedelta(days=9)
    counts = gallery.counts(studio.id)
    assert counts == Counts(2, 0, 1, 1, parked=1)
    assert counts.missing == len(gallery.missing_ids(studio.id)) == 1


def test_nine_failed_runs_park_nothing(gallery: Gallery, studio: ProfileRecord, image_id: int) -> None:
    fail_often(gallery, image_id, RUNS_BEFORE_PARKING - 1)
    assert gallery.counts(studio.id).parked == 0
    assert image_id in gallery.missing_ids(studio.id)


def test_an_unparked_image_has_ten_runs_before_it_again(
    gallery: Gallery, studio: ProfileRecord, image_id: int
) -> None:
    fail_often(gallery, image_id, RUNS_BEFORE_PARKING)
    assert gallery.unpark(studio.id) == 1
    assert gallery.unpark(studio.id) == 0
    image = gallery.image(image_id)
    assert image is not None
    assert (image.state, image.failure, image.tries) == (ImageState.FAILED, "gone", 50)
    assert fail_often(gallery, image_id, RUNS_BEFORE_PARKING) == [False] * 9 + [True]


def test_a_file_ends_the_count_of_failed_runs(
    gallery: Gallery, studio: ProfileRecord, image_id: int, path: Path
) -> None:
    fail_often(gallery, image_id, RUNS_BEFORE_PARKING)
    gallery.record_saved(studio.id, image_id, file_record("key-one", path.parent / "one.png"))
    image = gallery.image(image_id)
    assert image is not None
    assert (image.state, image.failed_runs, image.parked_at) == (ImageState.DOWNLOADED, 0, None)
    assert gallery.counts(studio.id).parked == 0


def test_a_sync_that_meets_a_parked_image_leaves_it_parked(
    gallery: Gallery, studio: ProfileRecord, image_id: int
) -> None:
    fail_often(gallery, image_id, RUNS_BEFORE_PARKING)
    gallery.store_page(studio.id, gallery.begin_sync(studio.id), [new_image("one")])
    assert gallery.counts(studio.id).parked == 1


def test_only_the_failed_images_can_be_asked_for(
    gallery: Gallery, studio: ProfileRecord, image_id: int
) -> None:
    fail_often(gallery, image_id, 1)
    assert gallery.missing_ids(studio.id, failed_only=True) == [image_id]


def test_of_images_that_are_named_the_parked_ones_are_tried_too(
    gallery: Gallery, studio: ProfileRecord, image_id: int
) -> None:
    fail_often(gallery, image_id, RUNS_BEFORE_PARKING)
    everything = set(ids(gallery, studio).values())

    assert image_id not in gallery.missing_ids(studio.id)
    assert gallery.missing_ids(studio.id, among={image_id}) == [image_id]
    assert set(gallery.missing_ids(studio.id, among=everything)) == everything
    assert gallery.missing_ids(studio.id, among=everything, failed_only=True) == [image_id]
    assert gallery.missing_ids(studio.id, among=set()) == []


def test_unparking_is_for_one_profile(gallery: Gallery, studio: ProfileRecord, image_id: int) -> None:
    other = gallery.add_profile("other", "labs", None, NOON)
    fail_often(gallery, image_id, RUNS_BEFORE_PARKING)
    assert gallery.unpark(other.id) == 0
    assert gallery.counts(studio.id).parked == 1
