"""Pictures for the tests, each drawn for what one can see of it in a thumbnail."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

from PIL import Image

from flowimg_tui.previews.decoding import decode
from flowimg_tui.previews.geometry import Size
from flowimg_tui.previews.picture import Lack, NoPicture, Thumbnail

RED, GREEN, BLUE, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)
BOX = (80, 40)


def quarters(size: Size = (64, 32)) -> Image.Image:
    """A picture of red and green above blue and yellow: it shows which way up it is."""
    width, height = size
    image = Image.new("RGB", size, RED)
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    image.paste(YELLOW, (width // 2, height // 2, width, height))
    return image


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_of(width: int, height: int, lines: int) -> bytes:
    """A PNG that is made at once, however large it says to be; it holds so many black lines."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    data = zlib.compress(bytes((width + 1) * lines), 1)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def shown(path: Path, box: Size = BOX) -> Thumbnail:
    outcome = decode(path, box)
    assert isinstance(outcome, Thumbnail), outcome
    return outcome


def lack_of(outcome: object) -> Lack:
    assert isinstance(outcome, NoPicture), outcome
    assert outcome.sentence[0].isupper() or outcome.sentence[0].isdigit()
    assert outcome.sentence.endswith(".")
    return outcome.lack


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    """The colours near the four corners, row by row, each as pure as it nearly is."""
    width, height = image.size
    places = [(width // 8, height // 8), (-width // 8 % width, height // 8)]
    places += [(x, -height // 8 % height) for x, _ in places]
    return [tuple(round(value / 85) * 85 for value in image.convert("RGB").getpixel(at)) for at in places]  # type: ignore[union-attr]
