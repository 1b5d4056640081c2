"""Whether bytes are a whole picture: format from the bytes, structure read to the picture's own end.

A cut body whose length nobody announced, and an error page with an image's label, are caught here and nowhere
else. Bytes after the end of a complete picture are allowed, as decoders allow them.

Sources: PNG (W3C, third edition) section 5; JPEG, ITU-T T.81 annex B; WebP, RFC 9649.
"""

import re
import struct
import zlib
from enum import Enum
from typing import Final

_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_JPEG_START: Final = b"\xff\xd8\xff"
# Entropy-coded data holds FF only before 00 (stuffing), D0–D7 (restart), or FF (fill).
_JPEG_MARKER: Final = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
_JPEG_EOI: Final = 0xD9
_JPEG_STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_WEBP_IMAGE_CHUNKS: Final = frozenset({b"VP8 ", b"VP8L", b"ANMF"})


class PictureFormat(Enum):
    """A format that Flow delivers, with its extension and media type."""

    JPEG = ("jpg", "image/jpeg")
    PNG = ("png", "image/png")
    WEBP = ("webp", "image/webp")

    def __init__(self, extension: str, mime: str) -> None:
        self.extension = extension
        self.mime = mime


class NotAPicture(ValueError):
    """The bytes are no whole JPEG, PNG or WebP; the message says what they are instead."""


class Damaged(NotAPicture):
    """They begin as a picture does, and are none to its end: the rest may have been lost on the way."""


def identify(data: bytes) -> PictureFormat:
    """Return the format of a whole picture. Raises :class:`NotAPicture`."""
    if data.startswith(_PNG_SIGNATURE):
        _check_png(data)
        return PictureFormat.PNG
    if data.startswith(_JPEG_START):
        _check_jpeg(data)
        return PictureFormat.JPEG
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        _check_webp(data)
        return PictureFormat.WEBP
    if not data:
        raise Damaged("not a picture but an empty body")
    raise NotAPicture(f"not a picture but {_describe(data)}")


def _describe(data: bytes) -> str:
    start = data[:256].lstrip().lower()
    if not start:
        return "an empty body"
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "a web page"
    if start.startswith(b"<?xml"):
        return "an XML message"
    if start.startswith((b"{", b"[")):
        return "a JSON message"
    return "something else"


def _check_png(data: bytes) -> None:
    position = len(_PNG_SIGNATURE)
    while True:
        if position + 12 > len(data):
            raise Damaged("a PNG that is cut off")
        (length,) = struct.unpack_from(">I", data, position)
        kind = data[position + 4 : position + 8]
        end = position + 12 + length
        if end > len(data):
            raise Damaged("a PNG that is cut off")
        (announced,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(memoryview(data)[position + 4 : end - 4]) != announced:
            raise Damaged(f"a PNG with a damaged {kind.decode('latin-1')!r} chunk")
        if kind == b"IEND":
            return
        position = end


def _check_jpeg(data: bytes) -> None:
    position = 2
    while True:
        marker = _JPEG_MARKER.search(data, position)
        if marker is None:
            raise Damaged("a JPEG that is cut off")
        kind, position = marker[1][0], marker.end()
        if kind == _JPEG_EOI:
            return
        if kind in _JPEG_STANDALONE:
            continue
        if position + 2 > len(data):
            raise Damaged("a JPEG that is cut off")
        (length,) = struct.unpack_from(">H", data, position)
        # Behind the header of a scan its data begins; the next search runs over it to the next marker.
        position += max(length, 2)


def _check_webp(data: bytes) -> None:
    (riff_length,) = struct.unpack_from("<I", data, 4)
    end, position, images = 8 + riff_length, 12, 0
    while position + 8 <= end:
        if position + 8 > len(data):
            raise Damaged("a WebP that is cut off")
        kind = data[position : position + 4]
        (length,) = struct.unpack_from("<I", data, position + 4)
        if position + 8 + length > min(len(data), end):
            raise Damaged("a WebP that is cut off")
        images += kind in _WEBP_IMAGE_CHUNKS
        position += 8 + length + length % 2
    if end > len(data):
        raise Damaged("a WebP that is cut off")
    if not images:
        raise Damaged("a WebP without an image")
