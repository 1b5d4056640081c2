"""A file that only its owner can read, and that is there as a whole or not at all."""

import contextlib
import os
from pathlib import Path
from typing import Final

TEMP_SUFFIX: Final = ".tmp"
"""Of what a writer that died in the middle has left beside its file."""


def write_private(path: Path, data: bytes) -> None:
    """Make ``path`` hold ``data``, in place of what it held. Raises ``OSError``."""
    temp = path.with_suffix(f".{os.getpid()}{TEMP_SUFFIX}")
    try:
        descriptor = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temp.replace(path)
    finally:
        with contextlib.suppress(OSError):
            temp.unlink(missing_ok=True)
