"""Pictures on disk: under a final name there is only ever a whole picture, and none is overwritten.

The order of a save: temp file in the target folder, made exclusively → bytes → fsync → a hard link under the
final name, which fails where that name is taken → fsync of the folder. The database learns of it afterwards.
Where the disk knows no hard links, a rename that overwrites nothing stands for it.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Final

from flowimg_tui.mirror.errors import DiskError
from flowimg_tui.mirror.exclusive_rename import NotOffered, rename_exclusively
from flowimg_tui.mirror.pictures import PictureFormat

_PLAIN_STEM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_DEVICE: Final = re.compile(r"(?i:con|prn|aux|nul|(?:com|lpt)[0-9])")
"""What Windows takes for a device, with any extension behind it."""
_NO_HARD_LINKS: Final = frozenset(
    {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK},
)
_TEMP_SUFFIX: Final = ".part"
_durable_folders: Final[set[Path]] = set()
"""Whose names this process has made durable; each worker does that for itself before its first row."""


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture under its final name. ``path`` is absolute, ``size`` in bytes, ``sha256`` hexadecimal."""

    path: Path
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class OutputFolder:
    """Where a profile's pictures go: one folder a day below ``root``, in the machine's own time zone."""

    root: Path
    by_creation: bool = False
    """By the day the image was made on, where that is known, instead of the day of its download."""

    def folder(self, created_at: datetime | None, now: datetime) -> Path:
        day = created_at if self.by_creation and created_at is not None else now
        # The first and the last year there are have no other time zones.
        with contextlib.suppress(OverflowError, ValueError):
            day = day.astimezone()
        return self.root / day.date().isoformat()


def save(
    folder: Path, media_key: str, owner: str, picture_format: PictureFormat, data: bytes
) -> StoredPicture:
    """Store ``data`` durably as ``<folder>/<media_key>.<extension>`` and return where it stands.

    ``owner``, ``<profile>.<image id>``, sets the temp file apart from those of other runs. A picture that
    is already there with the same bytes is taken as it is; beside a different one the name gets a number.
    Raises :class:`DiskError`.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    stem = safe_stem(media_key)
    try:
        _make_folder(folder)
        with _temp_file(folder / f".{stem}.{owner}.{os.getpid()}{_TEMP_SUFFIX}", data) as temp:
            final = _publish(temp, folder, stem, picture_format.extension, len(data), sha256)
        _fsync_folder(folder)
    except OSError as error:
        raise DiskError(folder, error) from error
    return StoredPicture(final.absolute(), len(data), sha256)


def safe_stem(media_key: str) -> str:
    """Return a file name for ``media_key`` that stays in its folder on every platform.

    A key of the known form is its own name; any other is reduced, with a digest that keeps it apart.
    """
    if _PLAIN_STEM.fullmatch(media_key) and not _DEVICE.fullmatch(media_key):
        return media_key
    digest = hashlib.sha256(media_key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    reduced = re.sub(r"[^A-Za-z0-9_-]+", "_", media_key)[:60].strip("_-")
    return f"{reduced or 'image'}-{digest}"


def is_on_disk(path: str, size: int) -> bool:
    """Tell whether a regular file of exactly this size stands at ``path``."""
    try:
        return Path(path).is_file() and Path(path).stat().st_size == size
    except OSError:
        return False


def free_space(folder: Path) -> int | None:
    """Return the bytes that are free for this user where ``folder`` is or will be; ``None``: nobody tells."""
    try:
        # A folder that may not be entered does not even say whether it has another one in it.
        there = next((path for path in (folder, *folder.parents) if path.is_dir()), None)
        return None if there is None else shutil.disk_usage(there).free
    except OSError:
        return None


def sweep(outputs: Iterable[Path], owner: str, is_wanted: Callable[[], bool]) -> int:
    """Remove the temp files that dead runs of the profile ``owner`` left below ``outputs``; return how many.

    Only a run that holds the profile's lock may call this, and only as long as it holds it: before each file
    ``is_wanted`` is asked. No profile's name holds a dot, so that the files of another profile in the same
    folder are not met. A profile of that name in another home can have the same folder: what a living process
    writes there stays.
    """
    swept = 0
    for output in outputs:
        # Where the folder may not be entered nothing can be swept; the first save tells why.
        with contextlib.suppress(OSError):
            for temp in output.glob(f"*/.*.{owner}.*{_TEMP_SUFFIX}"):
                if not is_wanted():
                    return swept
                with contextlib.suppress(OSError), temp.open("rb+") as file:
                    if _marked(file.fileno()):
                        temp.unlink()
                        swept += 1
    return swept


def _make_folder(folder: Path) -> None:
    """Make the folder, and its name durable, whoever made it: another worker just now, or a run that died."""
    if folder in _durable_folders and folder.is_dir():
        return
    _durable_folders.discard(folder)
    missing = [parent for parent in folder.parents if not parent.is_dir()]
    folder.mkdir(parents=True, exist_ok=True)
    _fsync_folder(folder.parent)
    for made in missing:
        # Whoever may make a folder somewhere may not always read what else is there.
        with contextlib.suppress(PermissionError):
            _fsync_folder(made.parent)
    _durable_folders.add(folder)


@contextlib.contextmanager
def _temp_file(temp: Path, data: bytes) -> Iterator[Path]:
    descriptor = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            _marked(descriptor)
            view = memoryview(data)
            while view:
                view = view[file.write(view) or 0 :]
            os.fsync(file.fileno())
            yield temp
    finally:
        temp.unlink(missing_ok=True)


def _marked(descriptor: int) -> bool:
    """Mark a file as that of a living process, which dies with it; return false where another one has."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A disk that knows no locks: nobody can mark anything there.
        return True
    return True


def _publish(temp: Path, folder: Path, stem: str, extension: str, size: int, sha256: str) -> Path:
    for number in count(1):
        final = folder / (f"{stem}.{extension}" if number == 1 else f"{stem}-{number}.{extension}")
        if _link(temp, final) or _holds(final, size, sha256):
            return final
    raise AssertionError("unreachable: the numbers do not end")


def _link(temp: Path, final: Path) -> bool:
    """Give the temp file its final name; return false where that name is taken."""
    try:
        os.link(temp, final)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        return _rename(temp, final)
    return True


def _rename(temp: Path, final: Path) -> bool:
    try:
        rename_exclusively(temp, final)
    except FileExistsError:
        return False
    except NotOffered:
        # Between the look and the rename another program can take the name: nothing better is left.
        if os.path.lexists(final):
            return False
        temp.rename(final)
    return True


def _holds(path: Path, size: int, sha256: str) -> bool:
    if not is_on_disk(str(path), size):
        return False
    try:
        with path.open("rb") as file:
            is_same = hashlib.file_digest(file, "sha256").hexdigest() == sha256
            if is_same:
                # Somebody else has written it, and nobody knows whether the disk has it.
                os.fsync(file.fileno())
            return is_same
    except PermissionError:
        # Somebody else's, whatever it is.
        return False


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
