"""Which bytes are a whole picture: Pillow, which knows nothing of the check, made the samples."""

import base64
import io
import json
import random
import re
import struct
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from flowimg_tui.demo.gallery import DemoGallery
from flowimg_tui.demo.pictures import PictureSize, draw
from flowimg_tui.mirror.pictures import NotAPicture, PictureFormat, identify
from tests.conftest import WIRE
from tests.forks import output_of
from tests.mirror.odd_pictures import chunk, png_of, two_pictures, webp_of


@cache
def noise(mode: str = "RGB", size: tuple[int, int] = (40, 31)) -> Image.Image:
    grey = Image.frombytes("L", size, random.Random(7).randbytes(size[0] * size[1]))  # noqa: S311
    if mode == "I;16":
        return grey.convert("I").point(lambda value: value * 257).convert("I;16")
    return grey if mode == "L" else grey.convert("RGB").convert(mode)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def thumbnail_exif() -> bytes:
    """EXIF with a whole JPEG in it, which has an end of its own."""
    thumbnail = encoded(noise("RGB", (16, 16)), "JPEG")
    exif = struct.pack("<2sHIHIHHIIHHII", b"II", 42, 8, 0, 14, 2, 0x0201, 4, 1, 44, 0x0202, 4, 1)
    return b"Exif\x00\x00" + exif + struct.pack("<I", len(thumbnail)) + thumbnail


@cache
def jpegs() -> dict[str, bytes]:
    rgb = noise()
    return {
        "baseline": encoded(rgb, "JPEG"),
        "progressive": encoded(rgb, "JPEG", progressive=True, quality=95),
        "grey": encoded(noise("L"), "JPEG"),
        "cmyk": encoded(noise("CMYK"), "JPEG"),
        "restart markers": encoded(rgb, "JPEG", restart_marker_blocks=2),
        "exif thumbnail": encoded(rgb, "JPEG", exif=thumbnail_exif()),
        "comment with an end marker": encoded(rgb, "JPEG", comment=b"\xff\xd9 not the end"),
        "one pixel": encoded(noise("RGB", (1, 1)), "JPEG"),
    }


@cache
def pngs() -> dict[str, bytes]:
    modes = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
    frames = [Image.new("RGB", (9, 9), (number * 40, 0, 0)) for number in range(3)]
    animated = encoded(frames[0], "PNG", save_all=True, append_images=frames[1:])
    return {**{mode: encoded(noise(mode), "PNG") for mode in modes}, "animated": animated}


@cache
def webps() -> dict[str, bytes]:
    rgb, frames = noise(), [Image.new("RGB", (9, 9), (number * 40, 0, 0)) for number in range(3)]
    return {
        "lossy": encoded(rgb, "WEBP"),
        "lossless": encoded(rgb, "WEBP", lossless=True),
        "alpha": encoded(noise("RGBA"), "WEBP"),
        "metadata": encoded(rgb, "WEBP", exif=b"Exif\x00\x00odd", xmp=b"<x/>"),
        "animated": encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:]),
        **{
            f"lossless {width} wide": encoded(noise("RGB", (width, 9)), "WEBP", lossless=True)
            for width in range(5, 11)
        },
    }


def every_picture() -> dict[str, tuple[PictureFormat, bytes]]:
    groups = {PictureFormat.JPEG: jpegs(), PictureFormat.PNG: pngs(), PictureFormat.WEBP: webps()}
    return {
        f"{picture_format.extension} {name}": (picture_format, data)
        for picture_format, group in groups.items()
        for name, data in group.items()
    }


whole_pictures = pytest.mark.parametrize("name", every_picture())


def test_the_samples_are_what_they_are_called() -> None:
    assert jpegs()["restart markers"].count(b"\xff\xd1") > 0
    assert jpegs()["exif thumbnail"].count(b"\xff\xd8\xff") == 2
    assert b"\xff\xc2" in jpegs()["progressive"]
    assert webps()["animated"].count(b"ANMF") == 3
    assert b"VP8L" in webps()["lossless"]
    odd = [data for data in webps().values() if data[-1] == 0 and struct.unpack_from("<I", data, 16)[0] % 2]
    assert odd, "no sample ends with a byte of padding"


@whole_pictures
def test_a_whole_picture_is_known_by_its_bytes(name: str) -> None:
    picture_format, data = every_picture()[name]
    assert identify(data) is picture_format


@whole_pictures
@pytest.mark.parametrize("trailing", [b"\x00", b"\n", b"\xff", b"\xff\xd8\xff\xe0", b"trailer" * 99])
def test_bytes_after_the_end_of_a_picture_are_allowed(name: str, trailing: bytes) -> None:
    picture_format, data = every_picture()[name]
    assert identify(data + trailing) is picture_format


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_no_picture_that_is_cut_anywhere_is_taken(data: st.DataObject) -> None:
    _, whole = every_picture()[data.draw(st.sampled_from(sorted(every_picture())), "picture")]
    # The last bytes are where a check is off by one.
    cut = data.draw(st.integers(0, len(whole) - 1) | st.integers(len(whole) - 12, len(whole) - 1), "cut")
    with pytest.raises(NotAPicture):
        identify(whole[:cut])


@whole_pictures
def test_a_picture_without_its_last_byte_is_refused(name: str) -> None:
    """In a WebP that may be a byte of padding: where its length counts it, decoders ask for it as well."""
    _, whole = every_picture()[name]
    with pytest.raises(NotAPicture, match="cut off"):
        identify(whole[:-1])


@pytest.mark.parametrize("answer", sorted(WIRE.glob("media_*.json")), ids=lambda path: path.stem)
def test_every_recorded_picture_is_taken(answer: Any) -> None:
    body = json.loads(answer.read_text("utf-8"))
    upload, generated = body.get("userUploadedImage", {}), body.get("image", {})
    text = upload.get("image") or generated.get("encodedImage")
    if text is None:
        # Errors, a video, and answers that name a URL only: no bytes are in them.
        assert answer.stem.startswith(("media_error", "media_video")) or "fifeUrl" in json.dumps(body)
        return
    data = base64.b64decode(text)
    assert identify(data).extension.replace("jpg", "jpeg") == Image.open(io.BytesIO(data)).format.lower()  # type: ignore[union-attr]


def test_pictures_of_every_format_of_the_demo_are_taken() -> None:
    gallery, met = DemoGallery(), set()
    images, _ = gallery.page(None, 12)
    for image in images:
        data = draw(image.media_key, image.aspect_ratio, image.format, size=PictureSize.SMALL)
        met.add(identify(data))
    assert met == set(PictureFormat)


@pytest.mark.parametrize("position", [20, 40, 60, -20, -14])
def test_a_png_with_a_damaged_byte_is_refused(position: int) -> None:
    damaged = bytearray(pngs()["RGB"])
    damaged[position] ^= 0x55
    with pytest.raises(NotAPicture, match="PNG"):
        identify(bytes(damaged))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "an empty body"),
        (b" \r\n\t ", "an empty body"),
        (b"<!DOCTYPE html><p>", "a web page"),
        (b"\n  <HTML>", "a web page"),
        (b"<?xml version='1.0'?>", "an XML message"),
        (b'{"error":{}}', "a JSON message"),
        (b"[[1]]", "a JSON message"),
        (b"\xef\xbb\xbf<html lang='en'>", "a web page"),
        (b"<?xml version='1.0'?>\n<!DOCTYPE html>\n<html>", "a web page"),
        (b"<!-- an error --><body><svg></svg>", "a web page"),
        (b"<Error><Code>NoSuchKey</Code></Error>", "an XML message"),
        (b"GIF8", "something else"),
        (b"BMW is no bitmap", "something else"),
        (b"\x00" * 100, "something else"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "something else"),
    ],
)
def test_what_is_no_picture_is_called_by_its_name(data: bytes, said: str) -> None:
    with pytest.raises(NotAPicture, match=f"not a picture but {said}"):
        identify(data)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\x00\x00" * 5,
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n" + b"\xff" * 64,
        b"RIFF\x04\x00\x00\x00WEBP",
        b"RIFF\x00\x00\x00\x00WEBPVP8 ",
        b"RIFF\xff\xff\xff\xffWEBPVP8 \xff\xff\xff\xff",
    ],
)
def test_a_head_without_a_body_is_refused(data: bytes) -> None:
    with pytest.raises(NotAPicture):
        identify(data)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x40\x00\x00\x00WEBP"]),
    st.binary(max_size=80),
)
def test_any_bytes_are_a_picture_or_refused_and_never_an_error_of_another_kind(
    head: bytes, body: bytes
) -> None:
    try:
        answer = identify(head + body).mime
    except NotAPicture as refusal:
        answer = str(refusal)
    assert re.fullmatch(
        r"image/\w+|not a picture but .+|a (JPEG|PNG|WebP) (that|with|without) .+|.+ not known to deliver",
        answer,
    )


HOSTILE: dict[str, tuple[Callable[[int], bytes], str]] = {
    "fill bytes": (lambda size: b"\xff\xd8" + b"\xff" * size, "a JPEG that is cut off"),
    "fill bytes and no marker": (lambda size: b"\xff\xd8" + b"\xff" * size + b"\0", "a JPEG that is cut off"),
    "stuffed bytes": (lambda size: b"\xff\xd8\xff" + b"\xff\x00" * (size // 2), "a JPEG that is cut off"),
    "empty segments": (
        lambda size: b"\xff\xd8" + b"\xff\xe0\x00\x00" * (size // 4),
        "a JPEG in too many parts",
    ),
    "empty scans": (lambda size: b"\xff\xd8" + b"\xff\xda\x00\x02" * (size // 4), "a JPEG in too many parts"),
    "empty segments in a second picture": (
        lambda size: two_pictures(jpegs()["baseline"], b"\xff\xd8" + b"\xff\xe0\x00\x00" * (size // 4)),
        "a JPEG in too many parts",
    ),
    "a second picture that is named often": (
        lambda size: two_pictures(
            jpegs()["baseline"], jpegs()["grey"][:-2] + b"\xff" * size + b"\xd9", times=4000
        ),
        "image/jpeg",
    ),
    "empty chunks of a PNG": (
        lambda size: png_of([(b"IHDR", bytes(13))]) + chunk(b"IDAT", b"") * (size // 12),
        "a PNG in too many parts",
    ),
    "empty chunks of a WebP": (
        lambda size: webp_of(b"VP8 \x00\x00\x00\x00" * (size // 8)),
        "a WebP in too many parts",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_do_not_hang_the_check(name: str, tmp_path: Path) -> None:
    """A process of its own: a check that takes hours in a thread could not be ended."""
    made, said = HOSTILE[name]
    body = tmp_path / "body"
    body.write_bytes(made(1 << 24))
    code = (
        "import pathlib, sys\n"
        "from flowimg_tui.mirror.pictures import NotAPicture, identify\n"
        "try:\n    print(identify(pathlib.Path(sys.argv[1]).read_bytes()).mime)\n"
        "except NotAPicture as refusal:\n    print(refusal)"
    )
    try:
        told = output_of(code, str(body), timeout=60)
    except subprocess.TimeoutExpired:
        pytest.fail("16 MiB take the check for ever")
    assert told == f"{said}\n"
