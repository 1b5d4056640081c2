"""One run at a time works for a profile: a lock of the operating system, which dies with its process."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from flowimg_tui.safe_text import safe_text
from flowimg_tui.workspace.errors import ProfileBusy, WorkspaceError


@contextlib.contextmanager
def holding(folder: Path, profile: str) -> Iterator[None]:
    """Hold the lock of ``profile`` in ``folder``. Raises :class:`ProfileBusy` that says who holds it."""
    path = folder / f"{profile}.lock"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise WorkspaceError(f"{path} cannot be written: {error.strerror}.") from error
    with opened as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = safe_text(file.read(100)) or "another process"
            raise ProfileBusy(
                f"Another run holds the profile {profile}: {holder}. Wait for it, or stop it."
            ) from None
        except OSError as error:
            # A share of a network may know no locks.
            raise WorkspaceError(f"{path} cannot be locked: {error.strerror}.") from error
        _sign(file.fileno(), path)
        yield


def _sign(descriptor: int, path: Path) -> None:
    """Say in the lock's file who holds it."""
    told = f"process {os.getpid()}, since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    try:
        os.ftruncate(descriptor, 0)
        # Not through the file's buffer, which on a full disk would fail once more when it is closed.
        os.write(descriptor, told.encode())
    except OSError as error:
        raise WorkspaceError(f"{path} cannot be written: {error.strerror}.") from error
