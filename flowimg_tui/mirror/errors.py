"""What ends a run because of the disk."""

import errno
from pathlib import Path
from typing import Final

_DISK_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class DiskError(Exception):
    """The output folder cannot be written. ``full`` tells a full disk or quota from everything else."""

    def __init__(self, folder: Path, error: OSError) -> None:
        self.full = error.errno in _DISK_FULL
        reason = error.strerror or str(error)
        super().__init__(
            f"The disk is full: {reason} in {folder}. Make room, then try again."
            if self.full
            else f"{folder} cannot be written: {reason}. Mend that or choose another folder."
        )
