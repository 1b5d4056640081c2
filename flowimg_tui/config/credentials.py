"""Credentials on disk: one file a profile, readable by its owner only, replaced as a whole."""

import contextlib
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from flowimg_tui.secret import Secret

_PROFILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_FILE_LIMIT: Final = 256 * 1024


class CredentialsError(Exception):
    """Credentials are missing or must not be used as they are; the message says what to do."""


class _File(msgspec.Struct):
    cookies: dict[str, str]


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
                stored = msgspec.json.decode(file.read(_FILE_LIMIT), type=_File)
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

    def write(self, profile: str, cookies: Mapping[str, Secret]) -> None:
        """Replace the cookies of ``profile``, atomically. Raises :class:`CredentialsError`."""
        path = self._path(profile)
        temp = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._refuse_wide(self._folder, "700")
            descriptor = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.encode({"cookies": {key: cookies[key].reveal() for key in cookies}}))
                file.flush()
                os.fsync(file.fileno())
            temp.replace(path)
        except OSError as error:
            raise CredentialsError(f"{path} cannot be written: {error.strerror}.") from error
        finally:
            with contextlib.suppress(OSError):
                temp.unlink(missing_ok=True)

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
