"""Another whole picture of exactly the same length."""

import io
import struct
import zlib

from PIL import Image, ImageOps

_LARGEST_COMMENT = 65_537  # bytes of a JPEG segment, with its marker
_SMALLEST_COMMENT = 4
_PNG_HEAD = 33  # bytes of the signature and IHDR


def other_picture(content: bytes) -> bytes:
    """A picture of the same format and length as `content`, upside down and half as wide and high.

    What its file weighs less is filled with what a decoder passes over: comments, or a chunk it does not
    know.
    """
    with Image.open(io.BytesIO(content)) as picture:
        kind, other = picture.format, ImageOps.flip(picture.convert("RGB")).reduce(2)
    file = io.BytesIO()
    other.save(file, kind)
    smaller = file.getvalue()
    missing = len(content) - len(smaller)
    match kind:
        case "JPEG":
            return smaller[:2] + _comments(missing) + smaller[2:]
        case "PNG":
            return smaller[:_PNG_HEAD] + _png_chunk(missing) + smaller[_PNG_HEAD:]
        case _:
            chunk = b"FLIM" + struct.pack("<I", missing - 8) + bytes(missing - 8)
            return b"RIFF" + struct.pack("<I", len(content) - 8) + smaller[8:] + chunk


def _comments(length: int) -> bytes:
    comments = b""
    while length:
        size = min(length, _LARGEST_COMMENT)
        if 0 < length - size < _SMALLEST_COMMENT:
            size -= _SMALLEST_COMMENT
        comments += b"\xff\xfe" + struct.pack(">H", size - 2) + bytes(size - _SMALLEST_COMMENT)
        length -= size
    return comments


def _png_chunk(length: int) -> bytes:
    chunk = b"flIm" + bytes(length - 12)
    return struct.pack(">I", length - 12) + chunk + struct.pack(">I", zlib.crc32(chunk))
