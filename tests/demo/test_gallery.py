"""The stand-in gallery: the recorded images first, and pages that hold still while images arrive."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from flowimg_tui.demo.gallery import (
    MAX_IMAGES,
    Delivery,
    DemoGallery,
    DemoImage,
    PictureFormat,
    UnknownCursorError,
)

RECORDED = Path(__file__).parents[1] / "data" / "flow_service" / "labs"


def recorded_result(page: str) -> dict[str, Any]:
    answer = json.loads((RECORDED / f"list_{page}_page.json").read_text("utf-8"))
    result: dict[str, Any] = answer["result"]["data"]["json"]["result"]
    return result


def all_pages(gallery: DemoGallery, size: int) -> list[list[DemoImage]]:
    images, cursor = gallery.page(None, size)
    pages = [images]
    while cursor is not None:
        images, cursor = gallery.page(cursor, size)
        pages.append(images)
    return pages


def test_the_first_42_images_are_the_recorded_ones() -> None:
    recorded = [item for page in ("first", "next", "last") for item in recorded_result(page)["userWorkflows"]]
    images, _ = DemoGallery().page(None, 100)
    assert [image.name for image in images] == [item["name"] for item in recorded]
    assert [image.created for image in images] == [item["createTime"] for item in recorded]


def test_a_cursor_looks_exactly_like_a_recorded_one() -> None:
    _, cursor = DemoGallery().page(None, 36)
    assert cursor == recorded_result("next")["nextPageToken"]


@pytest.mark.parametrize(
    ("images", "pages"), [(0, [0]), (7, [7]), (18, [18]), (42, [18, 18, 6]), (54, [18] * 3)]
)
def test_a_gallery_of_any_size_is_paged_to_its_end(images: int, pages: list[int]) -> None:
    assert [len(page) for page in all_pages(DemoGallery(images), 18)] == pages


def test_a_smaller_gallery_holds_the_newest_images() -> None:
    assert DemoGallery(5).page(None, 5)[0] == DemoGallery().page(None, 5)[0]


def test_a_larger_gallery_goes_on_with_older_images_that_are_all_different() -> None:
    images = [image for page in all_pages(DemoGallery(400), 100) for image in page]
    assert len({image.name for image in images}) == len({image.media_key for image in images}) == 400
    seconds = [image.created[:19] for image in images]
    assert seconds == sorted(seconds, reverse=True)
    assert {len(image.created) for image in images} == {
        len("2025-10-31T09:12:44Z") + n for n in (0, 4, 7, 10)
    }


def test_the_same_gallery_is_made_every_time() -> None:
    one, other = DemoGallery(60), DemoGallery(60)
    one.add(5)
    other.add(2)
    other.add(3)
    assert one.page(None, 100) == other.page(None, 100)


def test_no_image_of_a_hundred_thousand_is_made_before_somebody_asks_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorded = len(DemoGallery())  # those are read once for all galleries
    made: list[DemoImage] = []

    def make(workflow_id: str, media_key: str, aspect_ratio: str, created: str) -> DemoImage:
        made.append(DemoImage(workflow_id, media_key, aspect_ratio, created))
        return made[-1]

    monkeypatch.setattr("flowimg_tui.demo.gallery.DemoImage", make)
    gallery = DemoGallery(100_000)
    assert (len(gallery), made) == (100_000, [])
    assert gallery.page(None, 100)[0][recorded:] == made
    assert len(made) == 100 - recorded
    gallery.add(100)
    assert len(made) == 100 - recorded


def test_images_added_in_front_do_not_move_the_pages_behind() -> None:
    gallery = DemoGallery()
    _, cursor = gallery.page(None, 18)
    expected = gallery.page(cursor, 18)
    gallery.add(3)
    assert gallery.page(cursor, 18) == expected
    newest = gallery.page(None, 4)[0]
    assert newest[3].media_key == "7fb77e3a-a15c-4c66-8742-f0b1b4ce8478"
    assert all(image.created[:19] > newest[3].created[:19] for image in newest[:3])


def test_images_can_be_added_to_an_empty_gallery() -> None:
    gallery = DemoGallery(0)
    gallery.add(2)
    assert [len(page) for page in all_pages(gallery, 1)] == [1, 1]


def test_every_image_is_found_by_its_name_and_by_its_media_key() -> None:
    gallery = DemoGallery(50)
    gallery.add(3)
    for image in gallery.page(None, 100)[0]:
        assert gallery.by_name(image.name) == gallery.by_media_key(image.media_key) == image


@pytest.mark.parametrize("name", ["", "=", "é", "AAAA", "A" * 111, "Q" * 5])
def test_an_unknown_name_is_not_found(name: str) -> None:
    assert DemoGallery().by_name(name) is None


def test_a_name_with_the_right_key_and_another_workflow_is_not_found() -> None:
    gallery = DemoGallery()
    first, second = gallery.page(None, 2)[0]
    crossed = DemoImage(second.workflow_id, first.media_key, first.aspect_ratio, first.created)
    assert gallery.by_name(crossed.name) is None


@pytest.mark.parametrize("cursor", ["", "garbage", "qgGSAQqPATAs", DemoGallery().page(None, 1)[0][0].name])
def test_a_cursor_from_elsewhere_is_refused(cursor: str) -> None:
    with pytest.raises(UnknownCursorError):
        DemoGallery().page(cursor, 18)


@pytest.mark.parametrize("images", [-1, MAX_IMAGES + 1])
def test_an_impossible_number_of_images_is_refused(images: int) -> None:
    with pytest.raises(ValueError, match="gallery"):
        DemoGallery(images)
    with pytest.raises(ValueError, match="gallery"):
        DemoGallery(1).add(images)


def test_every_delivery_and_every_format_occurs_in_the_default_gallery() -> None:
    images, _ = DemoGallery().page(None, 42)
    deliveries, formats = Counter(i.delivery for i in images), Counter(i.format for i in images)
    assert set(deliveries) == set(Delivery)
    assert set(formats) == set(PictureFormat)
    assert deliveries[Delivery.UPLOAD] > 21
    assert formats[PictureFormat.JPEG] > formats[PictureFormat.PNG] > formats[PictureFormat.WEBP]
