"""What ends a run because of the disk."""

from pathlib import Path

from flowimg_tui.disk import NO_ROOM


class DiskError(Exception):
    """The output folder cannot be written. ``full`` tells a full disk or quota from everything else."""

    def __init__(self, folder: Path, error: OSError) -> None:
        self.full = error.errno in NO_ROOM
        reason = error.strerror or str(error)
        super().__init__(
            f"The disk is full: {reason} in {folder}. Make room, then try again."
            if self.full
            else f"{folder} cannot be written: {reason}. Mend that or choose another folder."
        )
