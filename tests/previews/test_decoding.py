"""Every saved picture is shown, or named with the reason why not; and it stays what it was."""

import errno
import hashlib
import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from flowimg_tui.previews.decoding import MOST_PIXELS, decode, found_on_disk
from flowimg_tui.previews.picture import Lack, NoPicture, Thumbnail
from tests.mirror.odd_pictures import PICTURES, foreign_pictures, odd_pictures
from tests.previews.samples import (
    BLUE,
    BOX,
    GREEN,
    RED,
    YELLOW,
    corners,
    encoded,
    lack_of,
    png_of,
    quarters,
    shown,
)

UPRIGHT = [RED, GREEN, BLUE, YELLOW]
SAMPLES = sorted(path for path in PICTURES.iterdir() if path.suffix != ".md")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "picture"


# What other programs wrote


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_every_picture_of_another_program_is_shown_or_named_and_stays_as_it_is(sample: Path) -> None:
    before = (hashlib.sha256(sample.read_bytes()).hexdigest(), sample.stat().st_mtime_ns)
    outcome = decode(sample, BOX)
    assert (hashlib.sha256(sample.read_bytes()).hexdigest(), sample.stat().st_mtime_ns) == before
    if sample.name in foreign_pictures():
        assert isinstance(outcome, Thumbnail)
        with Image.open(sample) as image:
            assert outcome.original == image.size
    else:
        assert lack_of(outcome) is Lack.UNKNOWN_FORMAT


def test_there_are_pictures_of_other_programs() -> None:
    assert len(foreign_pictures()) > 50
    assert len(SAMPLES) > len(foreign_pictures())


@pytest.mark.parametrize("name", odd_pictures())
def test_every_odd_picture_is_shown_or_named(path: Path, name: str) -> None:
    path.write_bytes(odd_pictures()[name])
    outcome = decode(path, BOX)
    assert isinstance(outcome, Thumbnail) or outcome.lack is Lack.DAMAGED


def test_a_read_only_picture_in_a_read_only_folder_is_shown(path: Path) -> None:
    path.write_bytes(encoded(quarters()))
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        assert corners(shown(path).image) == UPRIGHT
        assert list(path.parent.iterdir()) == [path]
    finally:
        path.parent.chmod(0o700)


# The size


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("size", "expected"),
    [((1600, 800), (80, 40)), ((800, 1600), (20, 40)), ((1600, 160), (80, 8)), ((9000, 2), (80, 1))],
)
def test_a_picture_keeps_its_shape_and_fits_the_box(
    path: Path, kind: str, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    path.write_bytes(encoded(quarters(size), kind))
    thumbnail = shown(path)
    assert (thumbnail.image.size, thumbnail.original) == (expected, size)


def test_a_picture_is_never_made_larger_than_it_is(path: Path) -> None:
    path.write_bytes(encoded(quarters((8, 6))))
    assert shown(path).image.size == (8, 6)


def test_a_box_without_room_is_no_damage(path: Path) -> None:
    path.write_bytes(encoded(quarters()))
    assert shown(path, (0, -3)).image.size == (1, 1)


# The colours


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"quality": 95}),
        ("JPEG", {"quality": 95, "progressive": True}),
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"quality": 95}),
    ],
)
def test_the_colours_are_those_of_the_picture(path: Path, kind: str, options: dict[str, object]) -> None:
    path.write_bytes(encoded(quarters((640, 320)), kind, **options))
    assert corners(shown(path).image) == UPRIGHT


@pytest.mark.parametrize("mode", ["P", "RGBA"])
def test_a_palette_is_resolved_before_pixels_are_mixed(path: Path, mode: str) -> None:
    path.write_bytes(encoded(quarters((640, 320)).convert(mode)))
    thumbnail = shown(path)
    assert corners(thumbnail.image) == UPRIGHT
    assert thumbnail.image.mode == ("RGB" if mode == "P" else "RGBA")


def test_a_picture_in_printing_colours_is_shown_in_those_of_the_screen(path: Path) -> None:
    path.write_bytes(encoded(quarters((640, 320)).convert("CMYK"), "JPEG", quality=95))
    assert corners(shown(path).image) == UPRIGHT


def test_a_grey_picture_of_16_bits_keeps_its_shades(path: Path) -> None:
    shades = [0x0000, 0x4000, 0x8000, 0xFFFF]
    image = Image.frombytes("I;16", (4, 1), b"".join(shade.to_bytes(2, "little") for shade in shades))
    path.write_bytes(encoded(image))
    assert shown(path).image.convert("L").tobytes() == bytes([0x00, 0x40, 0x80, 0xFF])


def test_lines_of_black_and_white_become_grey(path: Path) -> None:
    image = Image.new("1", (400, 400))
    image.paste(1, (0, 0, 400, 400), Image.frombytes("1", (400, 400), b"\x55" * 50 * 400))
    path.write_bytes(encoded(image))
    middle = shown(path).image.getpixel((20, 20))
    assert isinstance(middle, tuple)
    assert all(100 < value < 155 for value in middle)


@pytest.mark.parametrize(
    ("mode", "colour", "seen"),
    [
        ("RGBA", (255, 0, 0, 0), BLUE),
        ("RGBA", (255, 0, 0, 255), RED),
        ("LA", (255, 0), BLUE),
        ("RGBA", (255, 255, 0, 128), (128, 128, 127)),
    ],
)
def test_one_sees_the_background_through_a_picture(
    path: Path, mode: str, colour: tuple[int, ...], seen: tuple[int, int, int]
) -> None:
    path.write_bytes(encoded(Image.new(mode, (4, 4), colour)))
    assert shown(path).on(BLUE).getpixel((2, 2)) == seen


def test_the_transparent_colour_of_a_palette_is_no_colour(path: Path) -> None:
    image = quarters().convert("P")
    path.write_bytes(encoded(image, transparency=image.getpixel((2, 2))))
    assert corners(shown(path).on(BLUE)) == [BLUE, GREEN, BLUE, YELLOW]


# What a picture says of itself


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, [RED, GREEN, BLUE, YELLOW]),
        (2, [GREEN, RED, YELLOW, BLUE]),
        (3, [YELLOW, BLUE, GREEN, RED]),
        (4, [BLUE, YELLOW, RED, GREEN]),
        (5, [RED, BLUE, GREEN, YELLOW]),
        (6, [BLUE, RED, YELLOW, GREEN]),
        (7, [YELLOW, GREEN, BLUE, RED]),
        (8, [GREEN, YELLOW, RED, BLUE]),
        (9, [RED, GREEN, BLUE, YELLOW]),
    ],
)
def test_a_picture_is_turned_as_it_says(
    path: Path, kind: str, orientation: int, expected: list[tuple[int, int, int]]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path.write_bytes(encoded(quarters((640, 320)), kind, exif=exif, quality=95))
    thumbnail = shown(path)
    assert corners(thumbnail.image) == expected
    on_its_side = orientation in {5, 6, 7, 8}
    assert thumbnail.original == ((320, 640) if on_its_side else (640, 320))
    assert thumbnail.image.size == ((20, 40) if on_its_side else (80, 40))


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    "exif",
    [b"", b"nonsense", b"II*\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff\x01\x12", bytes(40)],
)
def test_metadata_that_makes_no_sense_turns_nothing_and_hides_nothing(
    path: Path, kind: str, exif: bytes
) -> None:
    path.write_bytes(encoded(quarters(), kind, exif=b"Exif\0\0" + exif, quality=95))
    assert corners(shown(path).image) == UPRIGHT


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "MPO"])
def test_of_several_frames_the_first_one_is_shown(path: Path, kind: str) -> None:
    others = [Image.new("RGB", (64, 32), colour) for colour in (BLUE, YELLOW)]
    path.write_bytes(encoded(quarters(), kind, save_all=True, append_images=others, quality=95))
    assert corners(shown(path).image) == UPRIGHT


# What cannot be shown


def test_a_picture_that_is_not_downloaded_is_called_so() -> None:
    assert lack_of(decode(None, BOX)) is Lack.NOT_DOWNLOADED


@pytest.mark.parametrize(
    "name",
    ["nothing here", "a file/below", "a\0b", "\udcff\ud800"],
    ids=["no file", "below", "nul", "surrogate"],
)
def test_a_picture_that_has_gone_is_called_missing(tmp_path: Path, name: str) -> None:
    (tmp_path / "a file").write_bytes(b"x")
    assert lack_of(decode(tmp_path / name, BOX)) is Lack.MISSING
    assert lack_of(found_on_disk(tmp_path / name)) is Lack.MISSING


def test_an_empty_file_is_called_empty(path: Path) -> None:
    path.touch()
    assert lack_of(decode(path, BOX)) is Lack.EMPTY
    assert lack_of(found_on_disk(path)) is Lack.EMPTY


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_what_is_no_file_is_called_so_and_keeps_nobody_waiting(
    path: Path, make: Callable[[Path], None]
) -> None:
    make(path)
    assert lack_of(decode(path, BOX)) is Lack.UNREADABLE
    assert lack_of(found_on_disk(path)) is Lack.UNREADABLE


def test_a_file_that_may_not_be_read_is_named_with_the_reason(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("flowimg_tui.previews.decoding.os.open", refuse)
    outcome = decode(path, BOX)
    assert outcome == NoPicture(Lack.UNREADABLE, "The file cannot be read: Permission denied.")


def test_a_disk_that_fails_while_it_is_read_is_named_with_the_reason(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(encoded(quarters()))

    def fail(*_: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("flowimg_tui.previews.decoding._Watched.readinto", fail)
    assert decode(path, BOX) == NoPicture(Lack.UNREADABLE, "The file cannot be read: Input/output error.")


@pytest.mark.parametrize(
    "data", [b"\xff", b"<html>", b"GIF89a", b"%!PS-Adobe", b"RIFF\0\0\0\0WAVE", b"\x89PNG"]
)
def test_what_is_never_saved_is_called_an_unknown_format(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    assert lack_of(decode(path, BOX)) is Lack.UNKNOWN_FORMAT


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("part", [0.01, 0.1, 0.5, 0.9])
def test_a_picture_that_is_cut_off_is_called_damaged(path: Path, kind: str, part: float) -> None:
    data = encoded(Image.effect_noise((300, 200), 80), kind)
    path.write_bytes(data[: max(int(len(data) * part), 12)])
    assert lack_of(decode(path, BOX)) is Lack.DAMAGED


@pytest.mark.parametrize(("width", "height"), [(20_000, 20_000), (1_000_000, 1_000_000)])
def test_a_picture_of_very_many_pixels_is_refused_before_it_is_decoded(
    path: Path, monkeypatch: pytest.MonkeyPatch, width: int, height: int
) -> None:
    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", lambda _: pytest.fail("it was decoded"))
    path.write_bytes(png_of(width, height, 1))
    outcome = decode(path, BOX)
    assert lack_of(outcome) is Lack.TOO_LARGE
    assert isinstance(outcome, NoPicture)
    assert outcome.sentence == f"{width}×{height} pixels: more than 64 million are not shown."


@pytest.mark.parametrize(("mode", "clear"), [("RGBA", {}), ("RGB", {"transparency": (9, 9, 9)})])
def test_of_what_one_can_see_through_fewer_pixels_are_shown_as_it_takes_more_memory(
    path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, clear: dict[str, object]
) -> None:
    path.write_bytes(encoded(Image.new(mode, (5_000, 5_000)), "PNG", compress_level=1, **clear))
    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", lambda _: pytest.fail("it was decoded"))
    outcome = decode(path, BOX)
    assert isinstance(outcome, NoPicture)
    assert outcome.sentence == "5000×5000 pixels: more than 24 million are not shown."


def test_a_whole_png_of_400_million_pixels_is_refused(path: Path) -> None:
    path.write_bytes(png_of(20_000, 20_000, 20_000))
    assert lack_of(decode(path, BOX)) is Lack.TOO_LARGE


def test_a_webp_that_says_to_be_very_large_is_not_shown(path: Path) -> None:
    data = bytearray(encoded(quarters(), "WEBP", lossless=True))
    data[21:25] = (0x2F << 24 | 0x3FFF << 14 | 0x3FFF).to_bytes(4, "little")
    path.write_bytes(data)
    assert lack_of(decode(path, BOX)) in {Lack.TOO_LARGE, Lack.DAMAGED}


def test_a_picture_that_memory_does_not_suffice_for_is_too_large(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise MemoryError

    path.write_bytes(encoded(quarters()))
    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", fail)
    assert lack_of(decode(path, BOX)) is Lack.TOO_LARGE


def test_a_huge_file_is_not_read(path: Path) -> None:
    with path.open("wb") as file:
        file.write(encoded(quarters(), "WEBP"))
        file.truncate(2 * 1024**3)
    assert lack_of(decode(path, BOX)) is Lack.TOO_LARGE
    assert lack_of(found_on_disk(path)) is Lack.TOO_LARGE


def test_the_limit_is_no_matter_of_the_whole_process(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow's own limit is a global variable: what others set it to does not hold here, and it stays."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    path.write_bytes(encoded(quarters()))
    assert corners(shown(path).image) == UPRIGHT
    assert Image.MAX_IMAGE_PIXELS == 10
    assert MOST_PIXELS == 64_000_000


@settings(max_examples=150, deadline=None)
@given(sample=st.sampled_from(sorted(foreign_pictures())), data=st.data())
def test_whatever_is_broken_in_a_picture_it_is_shown_or_named(
    tmp_path_factory: pytest.TempPathFactory, sample: str, data: st.DataObject
) -> None:
    broken = bytearray(foreign_pictures()[sample])
    for _ in range(data.draw(st.integers(1, 8))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "broken picture"
    path.write_bytes(broken)
    outcome = decode(path, BOX)
    assert isinstance(outcome, Thumbnail) or lack_of(outcome) is not Lack.UNREADABLE


# Nobody waits for it any more


class Patience:
    """Waits through so many questions whether the picture is still wanted."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.asked = 0

    def has_ended(self) -> bool:
        self.asked += 1
        return self.asked > self.most


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_that_nobody_waits_for_is_given_up_at_any_step(path: Path, kind: str) -> None:
    path.write_bytes(encoded(Image.effect_noise((900, 900), 80), kind))
    for most in itertools.count():
        patience = Patience(most)
        outcome = decode(path, BOX, patience.has_ended)
        if isinstance(outcome, Thumbnail):
            break
        assert lack_of(outcome) is Lack.CANCELLED
        assert patience.asked == most + 1  # the first answer was enough
    assert most >= 5


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_long_decoding_need_not_be_waited_for(path: Path, kind: str) -> None:
    path.write_bytes(encoded(Image.effect_noise((2000, 2000), 80), kind, quality=95))
    patience = Patience(1_000_000)
    assert isinstance(decode(path, BOX, patience.has_ended), Thumbnail)
    assert patience.asked > 20


def test_nothing_stays_open(path: Path, tmp_path: Path) -> None:
    path.write_bytes(encoded(quarters()))
    (tmp_path / "broken").write_bytes(encoded(quarters())[:60])
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        decode(path, BOX)
        decode(tmp_path / "broken", BOX)
        decode(path, BOX, lambda: True)
        decode(tmp_path, BOX)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_webp_whose_decoder_would_take_too_much_memory_is_named(tmp_path: Path) -> None:
    path = tmp_path / "large.webp"
    Image.new("RGB", (4900, 4900)).save(path, "WEBP", quality=1, method=0)
    outcome = decode(path, BOX)
    assert isinstance(outcome, NoPicture)
    assert (outcome.lack, "4900×4900" in outcome.sentence) == (Lack.TOO_LARGE, True)
