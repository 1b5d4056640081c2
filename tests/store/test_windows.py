"""The gallery in windows, as a screen scrolls through it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from flowimg_tui.store.gallery import Gallery
from tests.mirror.helpers import NOON, file_record, new_image


@contextmanager
def a_gallery(minutes: list[int | None]) -> Iterator[tuple[Gallery, int]]:
    """A profile with an image of each age; ``None`` is one whose time nobody knows."""
    with tempfile.TemporaryDirectory() as folder:
        gallery = Gallery(Path(folder) / "gallery.db")
        profile = gallery.add_profile("studio", "labs", None, NOON)
        other = gallery.add_profile("other", "labs", None, NOON)
        images = [
            new_image(str(number), created_at=None if age is None else NOON - timedelta(minutes=age))
            for number, age in enumerate(minutes)
        ]
        gallery.store_page(profile.id, 1, images)
        gallery.store_page(other.id, 1, [new_image("foreign")])
        yield gallery, profile.id
        gallery.close()


some_ages = st.lists(st.none() | st.integers(0, 9), max_size=25)


@settings(max_examples=20, deadline=None)
@given(some_ages, st.lists(st.tuples(st.integers(0, 30), st.integers(1, 30)), min_size=1, max_size=8))
def test_each_window_is_a_slice_of_the_whole_order(
    minutes: list[int | None], windows: list[tuple[int, int]]
) -> None:
    with a_gallery(minutes) as (gallery, profile_id):
        whole = list(gallery.images(profile_id))
        assert {image.name for image in whole} == {str(number) for number in range(len(minutes))}
        for offset, limit in windows:
            assert gallery.window(profile_id, offset, limit) == whole[offset : offset + limit]


@settings(max_examples=20, deadline=None)
@given(some_ages)
def test_the_order_is_newest_first_and_undated_images_are_last(minutes: list[int | None]) -> None:
    with a_gallery(minutes) as (gallery, profile_id):
        whole = list(gallery.images(profile_id))
    beginning = datetime.min.replace(tzinfo=UTC)
    keys = [(image.created_at or beginning, image.id) for image in whole]
    assert keys == sorted(keys, reverse=True)
    undated = minutes.count(None)
    assert [image.created_at for image in whole[len(whole) - undated :]] == [None] * undated


def test_a_gallery_larger_than_a_batch_comes_as_a_whole() -> None:
    with a_gallery(list(range(2345))) as (gallery, profile_id):
        assert [image.name for image in gallery.images(profile_id)] == [str(age) for age in range(2345)]


def test_a_window_tells_the_size_of_each_file_of_its_own_profile() -> None:
    with a_gallery([0, 1]) as (gallery, profile_id):
        newest, older = gallery.window(profile_id, 0, 2)
        other = gallery.profile("other").id
        gallery.record_saved(profile_id, newest.id, file_record("key-0", "/p/0.png", 1234))
        (foreign,) = gallery.images(other)
        gallery.record_saved(other, foreign.id, file_record("key-0", "/p/0.png", 9))
        sizes = {image.id: image.size for image in gallery.window(profile_id, 0, 2)}
    assert sizes == {newest.id: 1234, older.id: None}
