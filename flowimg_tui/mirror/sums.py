"""``SHA256SUMS``: what ``sha256sum -c`` reads, written whole or not at all."""

import contextlib
import errno
import fcntl
import glob
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

from flowimg_tui.mirror.errors import DiskError

AddSum: TypeAlias = Callable[[str, str], object]
"""Called with the absolute path of a whole file, and its SHA-256."""

_TEMP_SUFFIX: Final = ".part"


@contextlib.contextmanager
def writing_sums(path: Path) -> Iterator[AddSum]:
    """Give what adds a file to the list; ``path`` gets its new content at the end, where nothing was raised.

    Raises :class:`DiskError` where it cannot be written.
    """
    if path.is_dir():
        raise DiskError(path, IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)))
    with _told(path):
        _sweep(path)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_TEMP_SUFFIX)
        # The mark of a living writer, which dies with its process.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    temp = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:

            def add(saved: str, sha256: str) -> None:
                with _told(path):
                    file.write(_line(saved, sha256))

            yield add
            with _told(path):
                file.flush()
                os.fsync(file.fileno())
        with _told(path):
            # As a file that any program writes: readable as the user's mask has it.
            mask = os.umask(0)
            os.umask(mask)
            temp.chmod(0o666 & ~mask)
            temp.replace(path)
    finally:
        temp.unlink(missing_ok=True)


def _sweep(path: Path) -> None:
    """Remove the unfinished lists for ``path`` that dead processes have left."""
    for temp in path.parent.glob(f".{glob.escape(path.name)}.*{_TEMP_SUFFIX}"):
        with contextlib.suppress(OSError), temp.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            temp.unlink()


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DiskError(path.parent, error) from error


def _line(path: str, sha256: str) -> str:
    """Return the line of one file; a name with a line break or a backslash is written as coreutils does."""
    escaped = path.replace("\\", r"\\").replace("\n", r"\n").replace("\r", r"\r")
    return f"{sha256}  {path}\n" if escaped == path else f"\\{sha256}  {escaped}\n"
