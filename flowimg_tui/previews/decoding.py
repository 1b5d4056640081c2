"""A saved picture as a small copy for the screen, or the reason why there is none. For worker threads.

The file may hold anything: whatever a decoder makes of it ends as a named outcome. It is opened to be read.

Pillow keeps its limit of pixels, and what it does about truncated files, in variables of the whole process,
and warns by Python's warnings. So its general ``Image.open`` is left alone: the three formats that are ever
saved are opened by their own readers, and the limit here is one of this module.
"""

import errno
import hashlib
import io
import logging
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, TypeVar

from PIL import Image, ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from flowimg_tui.previews.geometry import Size
from flowimg_tui.previews.orientation import is_on_its_side, turn_of
from flowimg_tui.previews.picture import Lack, NoPicture, Thumbnail

MOST_PIXELS: Final = 64_000_000
"""A picture of more is not shown: it would take more than 256 MB of memory, and seconds."""
_MOST_COSTLY_PIXELS: Final = 24_000_000
"""Of a WebP, whose decoder takes four times as much memory, and of what one can see through, which is copied
as a whole up to two times before it is small.
"""
_LARGE: Final = 4_000_000
"""Of pictures of more pixels one at a time is decoded, whoever wants them: two WebP would take 160 MB."""
_MOST_BYTES: Final = 1024 * 1024 * 1024  # the highest `picture_limit`: a WebP is read as a whole
_START: Final = 12

_SECONDS_BETWEEN_CHECKS: Final = 0.1

log = logging.getLogger(__name__)
_large_one = threading.Lock()

T = TypeVar("T")

Cancelled = Callable[[], bool]
"""Tells whether a picture is no longer wanted; it is asked from the worker's thread, between two steps."""


def never() -> bool:
    """Tell that the picture stays wanted."""
    return False


def decode(path: Path | None, box: Size, cancelled: Cancelled = never) -> Thumbnail | NoPicture:
    """Return the picture, upright, as large as fits into ``box`` pixels and never larger than it is.

    ``None`` stands for a picture that is not downloaded. Of several frames it is the first. Raises nothing.
    """
    return _of_file(path, cancelled, lambda image: _reduced(image, box, cancelled))


def pixels_of(path: Path | None, cancelled: Cancelled = never) -> Size | NoPicture:
    """Return width and height of the picture as what stands before its pixels tells them. Raises nothing.

    A picture that is to be turned is measured upright, but for a PNG that says so at its end.
    """
    return _of_file(path, cancelled, _upright)


def _of_file(
    path: Path | None, cancelled: Cancelled, read: Callable[[ImageFile.ImageFile], T]
) -> T | NoPicture:
    """Return what ``read`` makes of an opened picture, whatever stands in the file."""
    if path is None:
        return NoPicture(Lack.NOT_DOWNLOADED, "Not downloaded yet.")
    try:
        with _opened(path, cancelled) as file:
            return _read(file, read)
    except _NotShown as lack:
        return NoPicture(*lack.args)
    except (MemoryError, Image.DecompressionBombError):
        return NoPicture(Lack.TOO_LARGE, "The picture is too large to be shown.")
    except Exception as error:  # noqa: BLE001 - nobody knows what a decoder raises about the next odd file
        log.debug("%s cannot be shown: %r", path, error)
        return NoPicture(Lack.DAMAGED, "The picture is damaged, or of a kind that cannot be shown.")


def found_on_disk(path: Path) -> os.stat_result | NoPicture:
    """Return what the disk tells of the saved file, or what is wrong with it before it is opened."""
    try:
        return _checked(path.stat())
    except (OSError, ValueError) as error:
        return _lack_of_file(error)
    except _NotShown as lack:
        return NoPicture(*lack.args)


def sha256_of(path: Path, cancelled: Cancelled = never) -> str | NoPicture:
    """Return the hash of the saved file, in hexadecimal digits. Raises nothing."""
    try:
        with _opened(path, cancelled) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return _lack_of_file(error)
    except _NotShown as lack:
        return NoPicture(*lack.args)


class _NotShown(Exception):
    """The picture will not be shown; the arguments are those of :class:`NoPicture`."""


class _Watched(io.FileIO):
    """A file that ends the work of a decoder as soon as nobody waits for it any more."""

    def __init__(self, descriptor: int, cancelled: Cancelled) -> None:
        super().__init__(descriptor, "rb")
        self._cancelled = cancelled

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        _check(self._cancelled)
        return super().readinto(buffer)


@contextmanager
def _opened(path: Path, cancelled: Cancelled) -> "Iterator[io.BufferedReader[_Watched]]":
    _check(cancelled)
    try:
        # What is a named pipe by now must not keep its reader waiting.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        lack = _lack_of_file(error)
        raise _NotShown(lack.lack, lack.sentence) from error
    try:
        _checked(os.fstat(descriptor))
    except _NotShown:
        os.close(descriptor)
        raise
    with io.BufferedReader(_Watched(descriptor, cancelled)) as file:
        yield file


def _lack_of_file(error: OSError | ValueError) -> NoPicture:
    # A path with a NUL in it is a ValueError.
    if not isinstance(error, OSError) or error.errno in {errno.ENOENT, errno.ENOTDIR}:
        return NoPicture(Lack.MISSING, "The file is no longer there.")
    return NoPicture(Lack.UNREADABLE, f"The file cannot be read: {error.strerror}.")


def _checked(found: os.stat_result) -> os.stat_result:
    if not stat.S_ISREG(found.st_mode):
        raise _NotShown(Lack.UNREADABLE, "What stands in its place is no file.")
    if not found.st_size:
        raise _NotShown(Lack.EMPTY, "The file is empty: 0 bytes.")
    if found.st_size > _MOST_BYTES:
        raise _NotShown(Lack.TOO_LARGE, "The file is too large to be shown.")
    return found


def _read(file: "io.BufferedReader[_Watched]", read: Callable[[ImageFile.ImageFile], T]) -> T:
    try:
        reader = _reader(file.peek(_START)[:_START])
        with reader(file) as image:
            return read(image)
    except OSError as error:
        # Pillow's own have no number, those of the disk do.
        if error.errno is None:
            raise
        raise _NotShown(Lack.UNREADABLE, f"The file cannot be read: {error.strerror}.") from error


def _reader(start: bytes) -> Callable[[IO[bytes]], ImageFile.ImageFile]:
    if start.startswith(b"\xff\xd8\xff"):
        # Not the reader of several pictures in one file: the first one is what is seen.
        return JpegImageFile
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return PngImageFile
    if start[:4] == b"RIFF" and start[8:] == b"WEBP":
        return WebPImageFile
    raise _NotShown(Lack.UNKNOWN_FORMAT, "The file is no JPEG, PNG or WebP.")


def _upright(image: ImageFile.ImageFile) -> Size:
    width, height = image.size
    return (height, width) if is_on_its_side(turn_of(image.info.get("exif"))) else (width, height)


def _reduced(image: ImageFile.ImageFile, box: Size, cancelled: Cancelled) -> Thumbnail:
    width, height = image.size
    is_costly = image.format == "WEBP" or image.has_transparency_data
    most = _MOST_COSTLY_PIXELS if is_costly else MOST_PIXELS
    if width * height > most:
        raise _NotShown(
            Lack.TOO_LARGE, f"{width}×{height} pixels: more than {most // 1_000_000} million are not shown."
        )
    if width * height <= _LARGE:
        return _made_small(image, box, cancelled)
    while not _large_one.acquire(timeout=_SECONDS_BETWEEN_CHECKS):
        _check(cancelled)
    try:
        return _made_small(image, box, cancelled)
    finally:
        _large_one.release()


def _made_small(image: ImageFile.ImageFile, box: Size, cancelled: Cancelled) -> Thumbnail:
    width, height = image.size
    _check(cancelled)
    if not isinstance(image, JpegImageFile):
        # A PNG may tell behind its picture how to turn it. A JPEG is better read at a fraction of its size.
        image.load()
        _check(cancelled)
    turn = turn_of(image.info.get("exif"))
    on_its_side = is_on_its_side(turn)
    small = _to_sample(image)
    _check(cancelled)
    wide, high = max(box[0], 1), max(box[1], 1)
    small.thumbnail((high, wide) if on_its_side else (wide, high))
    _check(cancelled)
    # The copy lets go of the file, and of the metadata.
    small = small.convert("RGBA" if small.mode in {"RGBA", "LA"} else "RGB")
    plain = small.transpose(turn) if turn is not None else small.copy()
    plain.info.clear()
    return Thumbnail(plain, (height, width) if on_its_side else (width, height))


def _to_sample(image: ImageFile.ImageFile) -> Image.Image:
    """Return the picture in a form whose pixels can be mixed: those of a palette cannot."""
    if image.mode.startswith("I"):
        # 16 bits: without this all but the darkest shades would become white.
        return image.point(lambda value: value / 256).convert("L")
    if image.mode in {"RGBA", "LA"}:
        return image
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in {"P", "1"}:
        return image.convert("RGB")
    return image


def _check(cancelled: Cancelled) -> None:
    if cancelled():
        raise _NotShown(Lack.CANCELLED, "No longer wanted.")
