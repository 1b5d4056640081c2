"""What is different in a child of the fork server: the step at which it dies, or what does not come back."""

import errno
import io
import os
import re
import resource
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from flowimg_tui.mirror import files
from flowimg_tui.store.database import Database
from flowimg_tui.store.gallery import Gallery

HANGING: Final = "hanging"
"""What a child writes to stderr when it has come to what does not come back."""
_HANGS: Final = 30.0
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")

Die = Callable[[], None]


def die_at(step: str, nth: int) -> None:
    """Let this process be killed where it comes to ``step`` for the ``nth`` time."""
    left = nth

    def count_down() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    {**SAVE_STEPS, **REFRESH_STEPS, **UNDO_STEPS, **COOKIE_STEPS}[step](count_down)


def _before(owner: Any, name: str, concerns: Callable[..., bool]) -> Callable[[Die], None]:
    def install(die: Die) -> None:
        true = getattr(owner, name)

        def replaced(*arguments: Any, **options: Any) -> Any:
            if concerns(*arguments):
                die()
            return true(*arguments, **options)

        setattr(owner, name, replaced)

    return install


def _after(owner: Any, name: str, concerns: Callable[..., bool]) -> Callable[[Die], None]:
    def install(die: Die) -> None:
        true = getattr(owner, name)

        def replaced(*arguments: Any, **options: Any) -> Any:
            # Asked before: a COMMIT shows what it made true, and a rename where it came from.
            ours = concerns(*arguments)
            result = true(*arguments, **options)
            if ours:
                die()
            return result

        setattr(owner, name, replaced)

    return install


def _in_the_middle_of_the_bytes(die: Die) -> None:
    true = os.fdopen

    class Torn(io.FileIO):
        def write(self, data: Any, /) -> int:
            written = super().write(data[: len(data) // 2])
            die()
            return written

    def fdopen(descriptor: int, *arguments: Any, **options: Any) -> Any:
        return Torn(descriptor, "wb") if _is_temp(descriptor) else true(descriptor, *arguments, **options)

    os.fdopen = fdopen  # type: ignore[assignment]


def _without_hard_links(then: Callable[[Die], None]) -> Callable[[Die], None]:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    def install(die: Die) -> None:
        os.link = refuse  # type: ignore[assignment]
        then(die)

    return install


def _is_temp(file: Any, *_: object) -> bool:
    return _path(file).name.endswith(".part")


def _is_cookie_temp(file: Any, *_: object) -> bool:
    return _path(file).name.endswith(".tmp")


def _is_day(file: Any, *_: object) -> bool:
    return _DAY.fullmatch(_path(file).name) is not None


def _path(file: Any) -> Path:
    return Path(f"/proc/self/fd/{file}").readlink() if isinstance(file, int) else Path(file)


def _finds(sql: str) -> Callable[[Database], bool]:
    return lambda database: bool(database.execute_sql(sql).fetchone()[0])


_FILE_RECORDED: Final = _finds("SELECT COUNT(*) FROM saved_file")
_NO_RECORDS: Final = _finds("SELECT COUNT(*) = 0 FROM image")
_RECORDS: Final = _finds("SELECT COUNT(*) FROM image")

SAVE_STEPS: Final[dict[str, Callable[[Die], None]]] = {
    "the temp is opened": _after(os, "open", _is_temp),
    "in the middle of the bytes": _in_the_middle_of_the_bytes,
    "before the fsync of the file": _before(os, "fsync", _is_temp),
    "after the fsync of the file": _after(os, "fsync", _is_temp),
    "before the hard link": _before(os, "link", _is_temp),
    "after the hard link": _after(os, "link", _is_temp),
    "before the rename that stands for it": _without_hard_links(
        _before(files, "rename_exclusively", _is_temp)
    ),
    "after the rename that stands for it": _without_hard_links(_after(files, "rename_exclusively", _is_temp)),
    "before the temp is unlinked": _before(os, "unlink", _is_temp),
    "before the fsync of the folder": _before(os, "fsync", _is_day),
    "after the fsync of the folder": _after(os, "fsync", _is_day),
    "before the COMMIT": _before(Database, "commit", _FILE_RECORDED),
    "after the COMMIT": _after(Database, "commit", _FILE_RECORDED),
}
REFRESH_STEPS: Final[dict[str, Callable[[Die], None]]] = {
    "the copy is begun": _after(os, "open", _is_temp),
    "the copy is not durable": _before(os, "fsync", _is_temp),
    "the copy has no name": _before(os, "rename", _is_temp),
    "between copy and delete": _after(os, "rename", _is_temp),
    "before the delete is committed": _before(Database, "commit", _NO_RECORDS),
    "after the delete": _after(Database, "commit", _NO_RECORDS),
}
UNDO_STEPS: Final[dict[str, Callable[[Die], None]]] = {
    "before the undo is committed": _before(Database, "commit", _RECORDS),
    "after the undo": _after(Database, "commit", _RECORDS),
}
COOKIE_STEPS: Final[dict[str, Callable[[Die], None]]] = {
    "the new cookies are begun": _after(os, "open", _is_cookie_temp),
    "the new cookies have no name": _before(os, "replace", _is_cookie_temp),
    "the new cookies are in their place": _after(os, "replace", _is_cookie_temp),
}


def _hang() -> None:
    os.write(2, f"{HANGING}\n".encode())
    time.sleep(_HANGS)


def names_do_not_resolve() -> None:
    """Let every name resolution take half a minute."""

    def hang(*_: object, **__: object) -> Any:
        _hang()
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    socket.getaddrinfo = hang


def pictures_do_not_come_from_the_disk() -> None:
    """Let the reading of every picture take half a minute."""
    true = Path.read_bytes

    def hang(self: Path) -> bytes:
        if _is_day(self.parent):
            _hang()
        return true(self)

    Path.read_bytes = hang  # type: ignore[method-assign]


def records_are_not_copied() -> None:
    """Let the copy of the records take half a minute."""

    def hang(*_: object) -> None:
        _hang()

    Gallery.copy_to = hang  # type: ignore[method-assign, assignment]


def files_have_a_largest_size(size: int) -> None:
    """Let no file be written beyond ``size`` bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


CHANGES: Final[dict[str, Callable[..., None]]] = {
    change.__name__: change
    for change in (
        die_at,
        names_do_not_resolve,
        pictures_do_not_come_from_the_disk,
        records_are_not_copied,
        files_have_a_largest_size,
    )
}
