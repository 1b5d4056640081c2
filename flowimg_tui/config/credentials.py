"""Credentials on disk: one file a profile, readable by its owner only, replaced as a whole."""

import contextlib
import fcntl
import os
import re
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from flowimg_tui.config.private_file import TEMP_SUFFIX, write_private
from flowimg_tui.secret import Secret

_PROFILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_FILE_LIMIT: Final = 256 * 1024
_LOCK_LOOKS: Final = 50
_LOCK_PAUSE: Final = 0.02


class CredentialsError(Exception):
    """Credentials are missing or must not be used as they are; the message says what to do."""


class _File(msgspec.Struct):
    cookies: dict[str, str]


_DECODER: Final = msgspec.json.Decoder(_File)


def check_profile_name(name: str) -> str:
    """Return ``name`` where it can name a profile and its files. Raises ``ValueError``."""
    if not _PROFILE_NAME.fullmatch(name):
        raise ValueError(
            "A profile's name has 1 to 40 letters, digits, - and _, and begins with a letter or digit."
        )
    return name


class CredentialStore:
    """The folder of credentials."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, profile: str) -> dict[str, Secret]:
        """Return the cookies of ``profile``. Raises :class:`CredentialsError`."""
        path = self._path(profile)
        try:
            self._refuse_wide(self._folder, "700")
            self._refuse_wide(path, "600")
            with path.open("rb") as file:
                stored = _DECODER.decode(file.read(_FILE_LIMIT))
        except FileNotFoundError:
            raise CredentialsError(
                f"There are no cookies for {profile}. Add them: flowimg profile edit {profile} --cookies FILE"
            ) from None
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise CredentialsError(
                f"{path} is damaged. Remove it and add the profile's cookies again."
            ) from None
        except OSError as error:
            raise CredentialsError(f"{path} cannot be read: {error.strerror}.") from error
        return {name: Secret(value) for name, value in stored.cookies.items()}

    def version(self, profile: str) -> tuple[int, int] | None:
        """Return what differs after each write, or ``None`` where there is no file."""
        try:
            status = self._path(profile).stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino

    def replace(
        self, profile: str, old: Mapping[str, Secret], new: Mapping[str, Secret]
    ) -> tuple[int, int] | None:
        """Write ``new`` where ``old`` still stands, and return its version; ``None`` where it does not.

        Raises :class:`CredentialsError`.
        """
        with self._locked():
            if self.read(profile) != old:
                return None
            self._write(profile, new)
            return self.version(profile)

    def write(self, profile: str, cookies: Mapping[str, Secret]) -> None:
        """Replace the cookies of ``profile``, atomically. Raises :class:`CredentialsError`."""
        check_profile_name(profile)
        with self._locked():
            self._write(profile, cookies)

    def sweep(self) -> None:
        """Remove what dead writers have left; where another one writes now, that is for the next time."""
        if self._temps():
            with contextlib.suppress(CredentialsError), self._locked():
                pass

    def _temps(self) -> list[Path]:
        return list(self._folder.glob(f"*{TEMP_SUFFIX}"))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other writers out, those of other processes too."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise CredentialsError(f"{self._folder} cannot be used: {error.strerror}.") from error
        try:
            self._lock(folder)
            # Whoever could still be writing one of them would hold the lock.
            for temp in self._temps():
                with contextlib.suppress(OSError):
                    temp.unlink()
            yield
        finally:
            os.close(folder)

    def _lock(self, folder: int) -> None:
        # A write takes milliseconds; a process that is stopped in the middle of one must not stop this one.
        for _ in range(_LOCK_LOOKS):
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_LOCK_PAUSE)
            else:
                return
        raise CredentialsError(f"Another process writes into {self._folder} and does not end. Try again.")

    def _write(self, profile: str, cookies: Mapping[str, Secret]) -> None:
        path = self._path(profile)
        kept = {"cookies": {key: cookies[key].reveal() for key in cookies}}
        try:
            self._refuse_wide(self._folder, "700")
            write_private(path, msgspec.json.encode(kept))
        except OSError as error:
            raise CredentialsError(f"{path} cannot be written: {error.strerror}.") from error

    def remove(self, profile: str) -> None:
        """Remove the cookies of ``profile``, if there are any. Raises :class:`CredentialsError`."""
        path = self._path(profile)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise CredentialsError(f"{path} cannot be removed: {error.strerror}.") from error

    def _path(self, profile: str) -> Path:
        return self._folder / f"{check_profile_name(profile)}.json"

    def _refuse_wide(self, path: Path, mode: str) -> None:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise CredentialsError(f"Other users can reach {path}. Mend it: chmod {mode} '{path}'")
