"""Whether bytes are a whole picture: format from the bytes, structure read to the picture's own end.

A cut body whose length nobody announced, and an error page with an image's label, are caught here and nowhere
else. What decoders allow is allowed: bytes after the end of a complete picture, odd padding, every metadata.
Where decoders differ, missing picture data decides against the bytes, and odd metadata does not. The one
exception is a PNG's checksum: a wrong one proves that the bytes are not those that were written.

Sources: PNG (W3C, third edition) section 5; JPEG, ITU-T T.81 annex B; its multi-picture format, CIPA DC-007;
WebP, RFC 9649.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from enum import Enum
from typing import Final

# No picture has so many chunks or segments. 64 MiB may hold sixteen million: a quarter of a minute, in a
# thread that nothing can end.
_MOST_PARTS: Final = 1_000_000

_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_PNG_CHUNK: Final = struct.Struct(">I4s")

_JPEG_START: Final = b"\xff\xd8\xff"
# Entropy-coded data holds FF only before 00 (stuffing), D0–D7 (restart), or FF (fill); 01 stands alone too.
_JPEG_MARKER: Final = re.compile(rb"\xff([^\x00\x01\xff\xd0-\xd7])")
_JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_SOI: Final = 0xD8
_JPEG_EOI: Final = 0xD9
_JPEG_SCAN: Final = 0xDA
_JPEG_APP2: Final = 0xE2
# Reserved, hierarchical, or of another standard: libjpeg gives up at them, and so do all that stand on it.
_JPEG_UNKNOWN: Final = frozenset({*range(0x02, 0xC0), 0xC8, 0xDE, 0xDF, *range(0xF0, 0xFE)})
_MPF_ENTRIES: Final = 0xB002

# The chunks that hold picture data, with the bytes that a frame's own header takes.
_WEBP_IMAGES: Final = {b"VP8 ": 10, b"VP8L": 5, b"ANMF": 24}

_WEB_PAGE: Final = re.compile(rb"<(?:!doctype html|html|head|body)\b")
_OTHER_KINDS: Final = (
    (re.compile(rb"GIF8[79]a"), "a GIF"),
    (re.compile(rb"....ftypavi[fs]", re.DOTALL), "an AVIF"),
    (re.compile(rb"....ftyp(?:he[iv]|mif1|msf1)", re.DOTALL), "a HEIC"),
    (re.compile(rb"....ftyp", re.DOTALL), "a video"),
    (re.compile(rb"II[*+]\x00|MM\x00[*+]"), "a TIFF"),
    (re.compile(rb"BM....\x00{4}", re.DOTALL), "a BMP"),
)


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


class WebPageInstead(NotAPicture):
    """Something on the way has answered in the place of Flow."""


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
    if _is_web_page(data):
        raise WebPageInstead("not a picture but a web page")
    raise NotAPicture(_describe(data))


def _is_web_page(data: bytes) -> bool:
    start = _start_of_text(data)
    return start.startswith(b"<") and _WEB_PAGE.search(start) is not None


def _start_of_text(data: bytes) -> bytes:
    return data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()


def _describe(data: bytes) -> str:
    for start_of_kind, name in _OTHER_KINDS:
        if start_of_kind.match(data):
            return f"{name}, which Flow is not known to deliver"
    start = _start_of_text(data)
    if not start:
        return "not a picture but an empty body"
    if start.startswith(b"<"):
        if b"<svg" in start:
            return "an SVG, which Flow is not known to deliver"
        return "not a picture but an XML message"
    if start.startswith((b"{", b"[")):
        return "not a picture but a JSON message"
    return "not a picture but something else"


def _check_png(data: bytes) -> None:
    view, position, imaged = memoryview(data), len(_PNG_SIGNATURE), False
    for _ in range(_MOST_PARTS):
        if position + 12 > len(data):
            raise Damaged("a PNG that is cut off")
        length, kind = _PNG_CHUNK.unpack_from(data, position)
        if position == len(_PNG_SIGNATURE) and kind != b"IHDR":
            raise Damaged("a PNG without its header")
        end = position + 12 + length
        if end > len(data):
            raise Damaged("a PNG that is cut off")
        if zlib.crc32(view[position + 4 : end - 4]) != int.from_bytes(view[end - 4 : end]):
            raise Damaged(f"a PNG with a damaged {kind.decode('latin-1')!r} chunk")
        if kind == b"IDAT" and length:
            imaged = True
        elif kind == b"IEND":
            if not imaged:
                raise Damaged("a PNG without an image")
            return
        position = end
    raise Damaged("a PNG in too many parts")


def _check_jpeg(data: bytes) -> None:
    parts = iter(range(_MOST_PARTS))
    end, index = _read_jpeg(data, 0, parts)
    for start in [] if index is None else _announced_pictures(data, index):
        # An index outlives its pictures in many a program that leaves them out, so they may be missing; what
        # begins must end. Each byte is read once, however often the index names it.
        head = data[start : start + len(_JPEG_START)]
        if start >= end and head and _JPEG_START.startswith(head):
            end, _ = _read_jpeg(data, start, parts)


def _read_jpeg(data: bytes, start: int, parts: Iterator[int]) -> tuple[int, int | None]:
    """Return the end of the JPEG that begins at ``start``, and where its index of more pictures begins."""
    position, framed, imaged, scan, index = start + 2, False, False, len(data), None
    for _ in parts:
        marker = _JPEG_MARKER.search(data, position)
        if marker is None:
            raise Damaged("a JPEG that is cut off")
        imaged = imaged or marker.start() > scan
        kind, position, scan = marker[1][0], marker.end(), len(data)
        if kind == _JPEG_EOI:
            if not (framed and imaged):
                raise Damaged("a JPEG without an image")
            return position, index
        if kind == _JPEG_SOI:
            raise Damaged("a JPEG that is cut off, with another one behind it")
        if kind in _JPEG_UNKNOWN:
            raise Damaged(f"a JPEG that is damaged: FF {kind:02X} at byte {marker.start()}")
        if kind == _JPEG_APP2 and data.startswith(b"MPF\x00", position + 2):
            index = position
        # A length of less than itself is allowed, as decoders allow it in the segments that they skip.
        position += max(int.from_bytes(data[position : position + 2]), 2)
        if kind == _JPEG_SCAN:
            # Behind the header of a scan its data begins; the next search runs over it to the next marker.
            scan = position
        elif kind in _JPEG_FRAMES:
            framed = True
    raise Damaged("a JPEG in too many parts")


def _announced_pictures(data: bytes, index: int) -> list[int]:
    """Return where the pictures begin that the multi-picture segment at ``index`` names, in order."""
    base = index + 6
    tiff = data[base : index + int.from_bytes(data[index : index + 2])]
    order = "<" if tiff.startswith(b"II") else ">"
    try:
        (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, directory)
        fields = [struct.unpack_from(f"{order}HHII", tiff, directory + 2 + 12 * n) for n in range(count)]
    except struct.error:
        # Metadata that cannot be read names nothing, and refuses nothing.
        return []
    entries = b"".join(tiff[at : at + size] for tag, _, size, at in fields if tag == _MPF_ENTRIES)
    whole = entries[: len(entries) - len(entries) % 16]
    return sorted(base + offset for _, _, offset, _ in struct.iter_unpack(f"{order}4I", whole))


def _check_webp(data: bytes) -> None:
    end, position, imaged = 8 + int.from_bytes(data[4:8], "little"), 12, False
    if end > len(data):
        raise Damaged("a WebP that is cut off")
    for _ in range(_MOST_PARTS):
        if position + 8 > end:
            break
        kind, length = struct.unpack_from("<4sI", data, position)
        least = _WEBP_IMAGES.get(kind)
        if position + 8 + length > end:
            if least is not None:
                raise Damaged("a WebP that is cut off")
            # Behind a whole image it is no chunk but padding, to libwebp at least, or metadata.
            break
        if least is not None and length >= least:
            imaged = True
        position += 8 + length + length % 2
    else:
        raise Damaged("a WebP in too many parts")
    if not imaged:
        raise Damaged("a WebP without an image")
