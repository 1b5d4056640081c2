"""Pictures that other programs wrote, and odd ones that no program here writes, assembled from those.

``tests/data/pictures/README.md`` tells which program wrote which file.
"""

import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

from flowimg_tui.mirror.pictures import PictureFormat

PICTURES: Final = Path(__file__).parents[1] / "data" / "pictures"

PILLOW_REFUSES: Final = {
    "jpg with the marker TEM": "djpeg, ImageMagick and libvips read it",
    "webp whose length leaves out the padding": "dwebp, ImageMagick and ffmpeg read it",
    "webp without padding that its length leaves out": "dwebp and ImageMagick read it",
    "webp with bytes that are no chunk": "dwebp and ImageMagick read it",
    "webp with metadata that is longer than the file": "dwebp and ImageMagick read it",
}
"""Odd pictures that Pillow, and libvips mostly, will not open, with the decoders that show them whole."""

SINGLE_FRAME: Final = frozenset({"jpegtran-lost-gain-map.jpg", "jpg that lost its second picture"})
"""Pictures whose index names a second one that is not there."""


@cache
def foreign_pictures() -> dict[str, bytes]:
    """Every picture of the folder, by its file's name."""
    files = (path for kind in PictureFormat for path in PICTURES.glob(f"*.{kind.extension}"))
    return {path.name: path.read_bytes() for path in sorted(files)}


@cache
def odd_pictures() -> dict[str, bytes]:
    """Pictures that are whole to a decoder, by what is odd about them; the name begins with the extension."""
    return {**_jpegs(), **_pngs(), **_webps()}


def every_picture() -> dict[str, bytes]:
    return {**foreign_pictures(), **odd_pictures()}


def format_of(name: str) -> PictureFormat:
    """The format that a name of :func:`every_picture` tells."""
    extension = Path(name).suffix[1:] or name.split()[0]
    return next(kind for kind in PictureFormat if kind.extension == extension)


def segment(marker: int, body: bytes) -> bytes:
    """One segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kind and the body of every chunk of a PNG."""
    position = 8
    while position < len(png):
        (length,) = struct.unpack_from(">I", png, position)
        yield png[position + 4 : position + 8], png[position + 8 : position + 8 + length]
        position += 12 + length


def png_of(parts: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, body) for kind, body in parts)


def webp_of(body: bytes, length: int = 0) -> bytes:
    """A WebP of chunks, with the length that it announces where that is not the true one."""
    return b"RIFF" + struct.pack("<I", length or len(body) + 4) + b"WEBP" + body


def two_pictures(first: bytes, second: bytes, times: int = 1) -> bytes:
    """A JPEG with another one behind it, and an index (CIPA DC-007) that names the second so many times."""

    def with_index(length: int) -> bytes:
        # The index counts from its own byte order mark, which is the eleventh byte of the file.
        entries = struct.pack("<4I", 0x20030000, length, 0, 0)
        entries += struct.pack("<4I", 0x20002, len(second), length - 10, 0) * times
        fields = struct.pack("<HHIIHHII", 0xB001, 4, 1, 1 + times, 0xB002, 7, len(entries), 38)
        index = b"MPF\x00II*\x00" + struct.pack("<IH", 8, 2) + fields + bytes(4) + entries
        return first[:2] + segment(0xE2, index) + first[2:]

    return with_index(len(with_index(10))) + second


def _jpegs() -> dict[str, bytes]:
    baseline, icc = foreign_pictures()["cjpeg-baseline.jpg"], foreign_pictures()["cjpeg-icc.jpg"]
    start, rest, scan = baseline[:20], baseline[20:], baseline.index(b"\xff\xda")
    head = re.sub(rb"\xff(?=[\xc0-\xfe])", b"\xff\xff\xff", baseline[2:scan])
    profile = icc[38:518]
    manifest = foreign_pictures()["c2pa.jpg"][24:3107]
    box, content = manifest[8:16], manifest[16:]
    guid = b"0123456789ABCDEF" * 2
    more_xmp = b"http://ns.adobe.com/xmp/extension/\x00" + guid
    xmp = (
        b'http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF'
        b' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description'
        b' xmlns:n="http://ns.adobe.com/xmp/note/" n:HasExtendedXMP="' + guid + b'"/></rdf:RDF></x:xmpmeta>'
    )
    return {
        "jpg with fill bytes": baseline[:2] + head + baseline[scan:-2] + b"\xff\xff\xff" + baseline[-2:],
        "jpg with an end in a comment": start + segment(0xFE, b"\xff\xd9 \xff\xd8\xff") + rest,
        "jpg with an empty segment": start + segment(0xE5, b"") + rest,
        "jpg with a segment of no length": start + b"\xff\xe5\x00\x00" + rest,
        "jpg with bytes between segments": start + b"abc\xff\x00" + rest,
        "jpg with the marker TEM": start + b"\xff\x01" + rest,
        "jpg with a restart before the scan": start + b"\xff\xd0" + rest,
        "jpg with its profile in two segments": start
        + segment(0xE2, b"ICC_PROFILE\x00\x01\x02" + profile[:200])
        + segment(0xE2, b"ICC_PROFILE\x00\x02\x02" + profile[200:])
        + rest,
        "jpg with extended XMP": start
        + segment(0xE1, xmp)
        + segment(0xE1, more_xmp + struct.pack(">II", 11, 0) + b"<x>\xff\xd9")
        + segment(0xE1, more_xmp + struct.pack(">II", 11, 5) + b"\xff\xd8</x>")
        + rest,
        "jpg with its manifest in two segments": start
        + segment(0xEB, b"JP\x02\x11\x00\x00\x00\x01" + box + content[:1000])
        + segment(0xEB, b"JP\x02\x11\x00\x00\x00\x02" + box + content[1000:])
        + rest,
        "jpg with a second picture": two_pictures(baseline, foreign_pictures()["cjpeg-progressive.jpg"]),
        "jpg that lost its second picture": two_pictures(baseline, b""),
        "jpg with an index that cannot be read": start + segment(0xE2, b"MPF\x00MM\x00*\xff\xff") + rest,
    }


def _pngs() -> dict[str, bytes]:
    header, *ancillary, data, end = chunks(foreign_pictures()["exiftool-metadata.png"])
    kind, body = data
    single = [(kind, body[n : n + 1]) for n in range(len(body))]
    some = [(kind, part) for part in (b"", body[:99], b"", body[99:], b"")]
    private = (b"prVt", b"\x00IEND\xaeB\x60\x82")
    return {
        "png with a chunk for every byte": png_of([header, *ancillary, *single, end]),
        "png with empty chunks of data": png_of([header, *ancillary, *some, end]),
        "png with a private chunk": png_of([header, private, *ancillary, data, end]),
        "png with bytes in its end": png_of([header, *ancillary, data, (b"IEND", b"more")]),
    }


def _webps() -> dict[str, bytes]:
    odd = foreign_pictures()["cwebp-lossless-16.webp"]
    note = foreign_pictures()["webpmux-xmp-odd.webp"]
    plain = foreign_pictures()["cwebp-lossy-15.webp"]
    length = len(odd) - 8
    return {
        "webp whose padding is not zero": odd[:-1] + b"x",
        "webp whose length leaves out the padding": webp_of(odd[12:], length - 1),
        "webp without padding that its length leaves out": webp_of(odd[12:-1], length - 1),
        "webp with an odd chunk that nobody knows": webp_of(
            note[12:30] + b"ABCD\x03\x00\x00\x00abc\x00" + note[30:]
        ),
        "webp with bytes that are no chunk": webp_of(plain[12:] + b"\xff" * 13),
        "webp with metadata that is longer than the file": webp_of(
            note[12:-58] + b"XMP \xff\x00\x00\x00" + note[-50:]
        ),
    }
