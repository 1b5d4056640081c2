"""A disk of one mebibyte, or one that cannot be written, mounted for a test where that is allowed."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

MIB: Final = 1024 * 1024
_BLOCK: Final = 4096


class SmallDisk:
    """A mounted tmpfs of 1 MiB. Every test needs one of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "filler"

    def fill(self, *, but: int = 0) -> None:
        """Leave ``but`` bytes free."""
        self.make_room()
        with self._filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(_BLOCK))
            except OSError:
                file.truncate(file.tell() - but)

    def make_room(self) -> None:
        self._filler.unlink(missing_ok=True)

    def write_protect(self) -> None:
        _mount("-o", "remount,ro", str(self.path))

    def allow_writing(self) -> None:
        _mount("-o", "remount,rw", str(self.path))


@contextmanager
def small_disk(path: Path) -> Iterator[SmallDisk]:
    """Give a disk at ``path``; skip the test where nobody lets it mount one."""
    path.mkdir()
    refusal = _mount("-t", "tmpfs", "-o", f"size={MIB}", "tmpfs", str(path))
    if refusal:
        pytest.skip(f"no disk can be mounted here: {refusal}")
    try:
        yield SmallDisk(path)
    finally:
        # Lazily: a test that fails may leave a file open.
        subprocess.run(["umount", "-l", path], check=True)


def _mount(*arguments: str) -> str:
    """Mount, and return why that was refused, or nothing."""
    try:
        done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    return done.stderr.strip() if done.returncode else ""
