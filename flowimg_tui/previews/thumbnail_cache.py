"""Thumbnails on disk, up to a limit; those that nobody looked at for longest go first.

It holds nothing that cannot be drawn anew. So what is damaged is dropped, and what the disk refuses is said
once in the log and done without. Two processes may share a folder: a file is there as a whole or not at all,
and each looks again at what there is before it has written a tenth of the limit.

The access time of a thumbnail tells when it was used, its modification time is that of the saved file.
"""

import contextlib
import io
import logging
import os
import re
import struct
import tempfile
import threading
import time
import zlib
from pathlib import Path
from typing import Final, NamedTuple

from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from flowimg_tui.previews.geometry import Size
from flowimg_tui.previews.picture import Thumbnail

_HEAD: Final = struct.Struct(">8sI")
"""A mark, and the check sum of what follows: the pixels of the saved picture, and a JPEG or PNG."""
_ORIGINAL: Final = struct.Struct(">II")
_MARK: Final = b"flowimg1"
_BLOCK: Final = 4096  # what a disk spends on a file at least
_QUALITY: Final = 90
_SUFFIX: Final = ".thumbnail"
_TEMP_SUFFIX: Final = ".tmp"
_FORGOTTEN_AFTER: Final = 3600.0
_SHA256: Final = re.compile(r"[0-9a-f]{64}")

log = logging.getLogger(__name__)


class Key(NamedTuple):
    """Of which saved file, by its hash and its bytes, and to fit into how many pixels."""

    sha256: str
    size: int
    box: Size


class _Kept(NamedTuple):
    """A thumbnail in the folder; in order those that were used longest ago come first."""

    used: int
    name: str
    size: int


class ThumbnailCache:
    """A folder of thumbnails. Nothing is made there before the first one is kept. Safe in any thread."""

    def __init__(self, folder: Path, limit: int) -> None:
        """Keep at most ``limit`` bytes; 0 keeps none, and drops nothing."""
        self._folder = folder
        self._limit = limit
        self._room = 0
        """How much may be written before the folder is looked at again."""
        self._looking = False
        self._lock = threading.Lock()
        self._told = False

    def get(self, key: Key) -> Thumbnail | None:
        """Return what is kept; it counts as used now."""
        path = self._path(key)
        if path is None:
            return None
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._tell_once(error)
            return None
        try:
            thumbnail = _decoded(data)
        except Exception as error:  # noqa: BLE001 - as of any picture, nobody knows what a decoder raises
            log.debug("The thumbnail %s is damaged: %r", path, error)
            self._drop(path)
            return None
        self._use(path)
        return thumbnail

    def written_at(self, key: Key) -> int | None:
        """Return when the file was written of which the thumbnail was made, in ns, where there is one."""
        path = self._path(key)
        try:
            return path.stat().st_mtime_ns if path is not None else None
        except OSError:
            return None  # another process may have dropped it

    def note_written(self, key: Key, time_ns: int) -> None:
        """Note that the thumbnail is that of a file which was written at this time."""
        path = self._path(key)
        if path is not None:
            self._use(path, time_ns)

    def put(self, key: Key, thumbnail: Thumbnail) -> None:
        """Keep a thumbnail, where there is room for it and the disk takes it."""
        path = self._path(key)
        if path is None:
            return
        data = _encoded(thumbnail)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._has_room(_on_disk(len(data))):
                self._write(path, data)
        except OSError as error:
            self._tell_once(error)

    def _use(self, path: Path, written_at: int | None = None) -> None:
        """Note that a thumbnail is used now, and is one of a file that was written then, or as before."""
        # It may have been dropped by another process since.
        with contextlib.suppress(OSError):
            before = path.stat().st_mtime_ns
            os.utime(path, ns=(time.time_ns(), before if written_at is None else written_at))

    def _path(self, key: Key) -> Path | None:
        if not self._limit or not _SHA256.fullmatch(key.sha256):
            return None
        return self._folder / f"{key.sha256}-{key.size}-{key.box[0]}x{key.box[1]}{_SUFFIX}"

    def _has_room(self, size: int) -> bool:
        if size > self._limit:
            return False
        with self._lock:
            if size <= self._room:
                self._room -= size
                return True
            if self._looking:
                # Tens of thousands of files take a while, and nobody's picture shall wait for them.
                return False
            self._looking = True
        room = 0
        try:
            room = self._make_room(size)
        finally:
            with self._lock:
                self._room, self._looking = max(room - size, 0), False
        return True

    def _make_room(self, size: int) -> int:
        """Drop what was used longest ago, where it is necessary, and return how much may be written."""
        kept = self._look()
        total = sum(thumbnail.size for thumbnail in kept)
        if total + size > self._limit:
            kept.sort()
            for thumbnail in kept:
                if total + size <= self._limit - self._limit // 10:
                    break
                self._drop(self._folder / thumbnail.name)
                total -= thumbnail.size
        # Whatever another process writes meanwhile is seen at the next look.
        return min(self._limit - total, max(self._limit // 10, size))

    def _look(self) -> list[_Kept]:
        """Return every thumbnail. A temp file that a process left as it died is taken away on the way."""
        kept = []
        forgotten = time.time() - _FORGOTTEN_AFTER
        with os.scandir(self._folder) as entries:
            for entry in entries:
                try:
                    found = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if entry.name.endswith(_SUFFIX):
                    kept.append(_Kept(found.st_atime_ns, entry.name, _on_disk(found.st_size)))
                elif entry.name.endswith(_TEMP_SUFFIX) and found.st_mtime < forgotten:
                    self._drop(Path(entry.path))
        return kept

    def _write(self, path: Path, data: bytes) -> None:
        descriptor, temp = tempfile.mkstemp(_TEMP_SUFFIX, dir=self._folder)  # readable by its owner alone
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            # Without waiting for the disk: what a crash leaves of it is seen by its check sum.
            Path(temp).replace(path)
        except OSError:
            self._drop(Path(temp))
            raise

    def _drop(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            self._tell_once(error)

    def _tell_once(self, error: OSError) -> None:
        if not self._told:
            self._told = True
            log.warning("Thumbnails cannot be kept in %s: %s.", self._folder, error.strerror)


def _on_disk(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _encoded(thumbnail: Thumbnail) -> bytes:
    buffer = io.BytesIO()
    if thumbnail.image.mode == "RGB":
        # In a picture of few pixels each colour counts.
        thumbnail.image.save(buffer, "JPEG", quality=_QUALITY, subsampling=0)
    else:
        thumbnail.image.save(buffer, "PNG", compress_level=1)
    body = _ORIGINAL.pack(*thumbnail.original) + buffer.getvalue()
    return _HEAD.pack(_MARK, zlib.crc32(body)) + body


def _decoded(data: bytes) -> Thumbnail:
    mark, checksum = _HEAD.unpack_from(data)
    body = data[_HEAD.size :]
    if (mark, checksum) != (_MARK, zlib.crc32(body)):
        raise ValueError("not what was written")
    picture = body[_ORIGINAL.size :]
    reader = JpegImageFile if picture.startswith(b"\xff\xd8") else PngImageFile
    with reader(io.BytesIO(picture)) as image:
        return Thumbnail(image.copy(), _ORIGINAL.unpack_from(body))
