"""The demo's pictures: real files of the right kind, shape and weight."""

import io
import uuid

import pytest
from PIL import Image

from flowimg_tui.demo.gallery import DemoGallery, PictureFormat
from flowimg_tui.demo.pictures import PictureSize, dimensions, draw

RATIOS = {
    "SQUARE": 1,
    "LANDSCAPE": 16 / 9,
    "PORTRAIT": 9 / 16,
    "LANDSCAPE_FOUR_THREE": 4 / 3,
    "PORTRAIT_THREE_FOUR": 3 / 4,
}


@pytest.mark.parametrize("picture_format", PictureFormat)
@pytest.mark.parametrize("ratio", RATIOS)
def test_a_picture_is_a_valid_file_of_its_format_and_shape(ratio: str, picture_format: PictureFormat) -> None:
    file = draw("a key", f"IMAGE_ASPECT_RATIO_{ratio}", picture_format, size=PictureSize.SMALL)
    with Image.open(io.BytesIO(file)) as picture:
        picture.load()
    assert picture.format == picture_format.upper()
    assert max(picture.size) == 320
    assert picture.width / picture.height == pytest.approx(RATIOS[ratio], rel=0.01)
    assert picture.size == dimensions(f"IMAGE_ASPECT_RATIO_{ratio}", PictureSize.SMALL)


@pytest.mark.parametrize("aspect_ratio", ["IMAGE_ASPECT_RATIO_UNSPECIFIED", "", "21:9"])
def test_a_picture_of_unknown_shape_is_square(aspect_ratio: str) -> None:
    assert dimensions(aspect_ratio, PictureSize.LARGE) == (1024, 1024)


def test_every_picture_of_the_default_gallery_is_different_and_of_modest_weight() -> None:
    images, _ = DemoGallery().page(None, 42)
    files = [draw(i.media_key, i.aspect_ratio, i.format, size=PictureSize.SMALL) for i in images]
    assert len(set(files)) == 42
    assert all(10_000 <= len(file) <= 60_000 for file in files)


@pytest.mark.parametrize("picture_format", PictureFormat)
def test_the_same_key_gives_the_same_picture(picture_format: PictureFormat) -> None:
    one, same = (draw("a key", "", picture_format, size=PictureSize.SMALL) for _ in range(2))
    assert one == same


@pytest.mark.parametrize("picture_format", PictureFormat)
def test_a_large_picture_weighs_one_to_two_megabytes(picture_format: PictureFormat) -> None:
    file = draw(str(uuid.UUID(int=1)), "IMAGE_ASPECT_RATIO_LANDSCAPE", picture_format, size=PictureSize.LARGE)
    assert 1_000_000 <= len(file) <= 2_000_000
    with Image.open(io.BytesIO(file)) as picture:
        assert picture.size == (1344, 756)
