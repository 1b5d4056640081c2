"""Pictures of other programs, and odd ones: what a decoder shows whole is taken, half a picture never."""

import io
import struct
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from flowimg_tui.mirror.pictures import NotAPicture, PictureFormat, identify
from tests.mirror.odd_pictures import (
    PICTURES,
    PILLOW_REFUSES,
    SINGLE_FRAME,
    chunks,
    every_picture,
    foreign_pictures,
    format_of,
    png_of,
    segment,
    two_pictures,
    webp_of,
)

all_pictures = pytest.mark.parametrize("name", every_picture())
any_picture = st.sampled_from(sorted(every_picture()))

BASELINE = foreign_pictures()["cjpeg-baseline.jpg"]
SCAN = BASELINE.index(b"\xff\xda")
PROGRESSIVE = foreign_pictures()["cjpeg-progressive.jpg"]
PNG = foreign_pictures()["convert-chunks.png"]
LOSSY = foreign_pictures()["cwebp-lossy-15.webp"]
ANIMATED = foreign_pictures()["img2webp-mixed.webp"]


def refusal(data: bytes) -> str:
    with pytest.raises(NotAPicture) as caught:
        identify(data)
    return str(caught.value)


def test_the_pictures_are_what_their_names_say() -> None:
    held: list[tuple[str, bytes]] = [
        ("cjpeg-progressive.jpg", b"\xff\xc2"),
        ("cjpeg-restart.jpg", b"\xff\xd3"),
        ("cjpeg-arithmetic.jpg", b"\xff\xc9"),
        ("cjpeg-arithmetic-progressive.jpg", b"\xff\xca"),
        ("guetzli.jpg", b"\xff\xc1"),
        ("convert-cmyk.jpg", b"Adobe"),
        ("vips-ultra-hdr.jpg", b"MPF\x00"),
        ("jpegtran-lost-gain-map.jpg", b"MPF\x00"),
        ("ffmpeg-animated.png", b"fdAT"),
        ("exiftool-metadata.png", b"eXIf"),
        ("exiftool-metadata.png", b"iCCP"),
        ("pamtopng-transparent.png", b"tRNS"),
        ("cwebp-alpha.webp", b"ALPH"),
        ("cwebp-metadata.webp", b"EXIF"),
        ("webpmux-icc.webp", b"ICCP"),
        ("c2pa.jpg", b"jumb"),
        ("c2pa.png", b"caBX"),
        ("c2pa.webp", b"C2PA"),
    ]
    assert [name for name, part in held if part not in foreign_pictures()[name]] == []
    ends = {name: foreign_pictures()[name].count(b"\xff\xd9") for name in foreign_pictures()}
    assert ends["exiftool-thumbnail.jpg"] == ends["vips-ultra-hdr.jpg"] == 2
    scans = {name: foreign_pictures()[name].count(b"\xff\xda") for name in foreign_pictures()}
    assert (scans["cjpeg-one-scan-each.jpg"], scans["cjpeg-progressive.jpg"]) == (3, 10)
    depths = {data[24] for name, data in foreign_pictures().items() if name.endswith(".png")}
    assert depths == {1, 2, 4, 8, 16}
    assert ANIMATED.count(b"ANMF") == ANIMATED.count(b"VP8L") + ANIMATED.count(b"VP8 ") == 3


@all_pictures
def test_a_whole_picture_is_taken_whoever_wrote_it(name: str) -> None:
    assert identify(every_picture()[name]) is format_of(name)


@pytest.mark.filterwarnings("ignore:Image appears to be a malformed MPO file")
@pytest.mark.parametrize("name", [name for name in every_picture() if name not in PILLOW_REFUSES])
def test_pillow_opens_every_picture_to_its_last_frame(name: str) -> None:
    image = Image.open(io.BytesIO(every_picture()[name]))
    for frame in [image] if name in SINGLE_FRAME else ImageSequence.Iterator(image):
        frame.load()


@pytest.mark.parametrize("name", PILLOW_REFUSES)
def test_pillow_is_stricter_than_other_decoders_with_these(name: str) -> None:
    with pytest.raises(OSError, match=r"cannot identify|could not create decoder"):
        Image.open(io.BytesIO(every_picture()[name])).load()


@settings(max_examples=300, deadline=None)
@given(name=any_picture, trailing=st.binary(max_size=200))
def test_any_bytes_after_the_end_are_allowed(name: str, trailing: bytes) -> None:
    # One that lost its second picture may not be followed by the beginning of one: that is a second half.
    assume(name not in SINGLE_FRAME or not trailing.startswith(b"\xff"))
    assert identify(every_picture()[name] + trailing) is format_of(name)


@settings(max_examples=1500, deadline=None)
@given(name=any_picture, data=st.data())
def test_a_picture_that_is_cut_anywhere_is_refused(name: str, data: st.DataObject) -> None:
    whole = every_picture()[name]
    end = len(whole)
    if format_of(name) is PictureFormat.WEBP:
        # The byte of padding belongs to the picture where its length counts it: no decoder reads it without.
        end = min(end, 8 + struct.unpack_from("<I", whole, 4)[0])
    cut = data.draw(st.integers(0, end - 1) | st.integers(max(0, end - 12), end - 1), "cut")
    # Cut at this one byte it is a whole picture, from which a program left out the second on purpose.
    assume(b"MPF\x00" not in whole or cut != whole.rindex(b"\xff\xd8\xff"))
    assert "cut off" in refusal(whole[:cut]) or cut < 12


@pytest.mark.parametrize("name", ["vips-ultra-hdr.jpg", "jpg with a second picture"])
def test_the_second_picture_of_a_file_may_be_missing_but_not_be_half(name: str) -> None:
    whole = every_picture()[name]
    second = whole.rindex(b"\xff\xd8\xff")
    assert identify(whole[:second]) is PictureFormat.JPEG
    for cut in (second + 1, second + 2, second + 3, second + 400, len(whole) - 1):
        assert refusal(whole[:cut]) == "a JPEG that is cut off"


def test_an_index_that_names_other_bytes_than_a_picture_says_nothing_about_them() -> None:
    for trailer in (b"\x00" * 40, b"\xff\xd9", b"text", b"\xff\xe0" * 9):
        assert identify(two_pictures(BASELINE, trailer)) is PictureFormat.JPEG


LACKING = {
    "JPEG of a start and an end": (b"\xff\xd8\xff\xd9", "a JPEG without an image"),
    "JPEG of a comment": (
        b"\xff\xd8" + segment(0xFE, b"nothing else") + b"\xff\xd9",
        "a JPEG without an image",
    ),
    "JPEG without a scan": (BASELINE[:SCAN] + b"\xff\xd9", "a JPEG without an image"),
    "JPEG with an empty scan": (BASELINE[: SCAN + 14] + b"\xff\xd9", "a JPEG without an image"),
    "JPEG with a scan of no length": (BASELINE[:SCAN] + b"\xff\xda\0\0\xff\xd9", "a JPEG without an image"),
    "JPEG without a frame": (BASELINE.replace(b"\xff\xc0", b"\xff\xe9"), "a JPEG without an image"),
    "JPEG without its end": (BASELINE[:-2], "a JPEG that is cut off"),
    "half a JPEG and the next try": (
        BASELINE[:1100] + BASELINE,
        "a JPEG that is cut off, with another one behind it",
    ),
    "headers of a JPEG and the next try": (
        BASELINE[:SCAN] + PROGRESSIVE,
        "a JPEG that is cut off, with another one behind it",
    ),
    "PNG of a signature": (png_of([]), "a PNG that is cut off"),
    "PNG without a header": (png_of(list(chunks(PNG))[1:]), "a PNG without its header"),
    "PNG with its header later": (png_of([(b"tEXt", b"a\x00b"), *chunks(PNG)]), "a PNG without its header"),
    "PNG without data": (
        png_of(part for part in chunks(PNG) if part[0] != b"IDAT"),
        "a PNG without an image",
    ),
    "PNG with empty data": (
        png_of((kind, b"" if kind == b"IDAT" else body) for kind, body in chunks(PNG)),
        "a PNG without an image",
    ),
    "PNG without its end": (png_of(list(chunks(PNG))[:-1]), "a PNG that is cut off"),
    "PNG with another kind of chunk": (PNG.replace(b"IDAT", b"IDAt"), "a PNG with a damaged 'IDAt' chunk"),
    "PNG with a changed text": (PNG.replace(b"text", b"next"), "a PNG with a damaged 'tEXt' chunk"),
    "WebP of nothing": (webp_of(b""), "a WebP without an image"),
    "WebP of an empty image": (webp_of(b"VP8 \x00\x00\x00\x00"), "a WebP without an image"),
    "WebP of metadata": (
        webp_of(foreign_pictures()["webpmux-icc.webp"][12:518]),
        "a WebP without an image",
    ),
    "WebP whose image is longer than the file": (webp_of(LOSSY[12:-1]), "a WebP that is cut off"),
    "WebP that announces a byte more": (webp_of(LOSSY[12:], len(LOSSY) - 7), "a WebP that is cut off"),
    "WebP that announces the most": (webp_of(LOSSY[12:], 0xFFFFFFFF), "a WebP that is cut off"),
    "WebP whose last frame is longer than the file": (webp_of(ANIMATED[12:-2]), "a WebP that is cut off"),
}


@pytest.mark.parametrize("name", LACKING)
def test_what_lacks_picture_data_is_refused_and_says_why(name: str) -> None:
    data, said = LACKING[name]
    assert refusal(data) == said


@pytest.mark.parametrize("marker", [0x02, 0xBF, 0xC8, 0xDE, 0xDF, 0xF0, 0xFD])
def test_a_jpeg_with_a_marker_at_which_decoders_give_up_is_refused(marker: int) -> None:
    damaged = BASELINE[:1100] + segment(marker, b"what is this?") + BASELINE[1100:]
    assert refusal(damaged) == f"a JPEG that is damaged: FF {marker:02X} at byte 1100"


@settings(max_examples=500, deadline=None)
@given(name=any_picture, data=st.data())
def test_damaged_pictures_raise_nothing_else(name: str, data: st.DataObject) -> None:
    whole = every_picture()[name]
    start = data.draw(st.integers(0, len(whole)), "start")
    stop = data.draw(st.integers(start, min(len(whole), start + 40)), "stop")
    damaged = whole[:start] + data.draw(st.binary(max_size=40), "bytes") + whole[stop:]
    try:
        answer = identify(damaged).mime
    except NotAPicture as trouble:
        answer = str(trouble)
    assert answer.isprintable()


@pytest.mark.parametrize("path", sorted(PICTURES.glob("other.*")), ids=lambda path: path.suffix[1:])
def test_a_picture_of_another_kind_is_called_by_its_name(path: Path) -> None:
    names = {
        ".avif": "an AVIF",
        ".bmp": "a BMP",
        ".gif": "a GIF",
        ".heic": "a HEIC",
        ".mp4": "a video",
        ".svg": "an SVG",
        ".tif": "a TIFF",
    }
    assert refusal(path.read_bytes()) == f"{names[path.suffix]}, which Flow is not known to deliver"
