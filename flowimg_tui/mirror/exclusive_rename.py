"""A rename that overwrites nothing, in one step of the system, which Python does not offer.

Linux has ``renameat2`` with ``RENAME_NOREPLACE``. renameat2(2) in the man-pages names the file systems that
know it: ext4, btrfs, tmpfs, cifs, xfs, and since Linux 4.9 vfat and many others. Where one does not, the
answer is ``EINVAL``; where the kernel does not know the call, ``ENOSYS``. macOS has ``renamex_np`` with
``RENAME_EXCL``; rename(2) there says ``ENOTSUP`` for a volume that does not know it.
"""

import ctypes
import errno
import os
import sys
from pathlib import Path
from typing import Final

_AT_FDCWD: Final = -100
_RENAME_NOREPLACE: Final = 1
_RENAME_EXCL: Final = 4
_NOT_OFFERED: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP})


class NotOffered(Exception):
    """Neither file was touched: this system, or this disk, has no such rename."""


def rename_exclusively(source: Path, target: Path) -> None:
    """Rename ``source`` to ``target``. Raises ``FileExistsError``, ``OSError`` and :class:`NotOffered`."""
    number = _renamed(os.fsencode(source), os.fsencode(target))
    if number in _NOT_OFFERED:
        raise NotOffered(os.strerror(number))
    if number:
        raise OSError(number, os.strerror(number), str(target))


def _renamed(source: bytes, target: bytes) -> int:
    """Return the number of the error, 0 for none."""
    library = ctypes.CDLL(None, use_errno=True)
    try:
        if sys.platform == "darwin":
            failed = library.renamex_np(source, target, _RENAME_EXCL)
        else:
            failed = library.renameat2(_AT_FDCWD, source, _AT_FDCWD, target, _RENAME_NOREPLACE)
    except AttributeError:
        # The C library is older than the call, or another one.
        return errno.ENOSYS
    return ctypes.get_errno() if failed else 0
