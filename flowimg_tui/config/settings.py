"""What the user can set, and from where: flag > variable > the profile's table > the file > default."""

import difflib
import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from flowimg_tui.secret import Secret

_PREFIX: Final = "FLOWIMG_"
_PROFILES: Final = "profile"
_LOG_LEVELS: Final = ("debug", "info", "warning", "error")
_LONGEST_DELAY: Final = 3600.0
_BASE_URL: Final = re.compile(
    r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~%/-]*)?"
)


class SettingError(ValueError):
    """A setting cannot be used; the message names where it stands, and what is allowed."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one profile, checked. Times are in seconds; a URL ends without a slash."""

    workers: int = 4
    page_delay: tuple[float, float] = (1.0, 2.0)
    """The shortest and the longest pause between two pages."""
    page_size: int = 18
    output: str = "~/Pictures/flowimg/{profile}"
    """``{profile}`` stands for the profile's name."""
    folder_date: str = "downloaded"
    labs_url: str = "https://labs.google/fx"
    media_url: str = "https://aisandbox-pa.googleapis.com/v1"
    google_url: str = "https://flow.google.com"
    flow_key: Secret | None = None
    retries: int = 5
    retry_base: float = 1.0
    log_level: str = "info"

    def output_folder(self, profile: str) -> Path:
        """Return the absolute path. Raises :class:`SettingError` for a ``~user`` that nobody knows."""
        try:
            return Path(self.output.replace("{profile}", profile)).expanduser().absolute()
        except RuntimeError as error:
            raise SettingError(f"output: {self.output} has no home folder to begin in.") from error


def load_settings(
    path: Path,
    environment: Mapping[str, str],
    *,
    profile: str | None = None,
    flags: Mapping[str, object] | None = None,
    stored: Mapping[str, object] | None = None,
) -> Settings:
    """Return the settings that hold for ``profile``.

    ``flags`` are those of the command line, ``stored`` what is kept with the profile itself; ``None`` values
    count as not given. Raises :class:`SettingError`.
    """
    file = _read(path)
    profiles = file.pop(_PROFILES, {})
    if not isinstance(profiles, dict) or not all(isinstance(table, dict) for table in profiles.values()):
        raise SettingError(f"{path}: profile: must be tables, as in [profile.studio].")
    checked_tables = {name: _checked(table, f"{path}: profile.{name}.") for name, table in profiles.items()}
    values = _checked(file, f"{path}: ")
    values |= _checked(
        {key: value for key, value in (stored or {}).items() if value is not None}, "profile: "
    )
    values |= checked_tables.get(profile or "", {})
    values |= _from_environment(environment)
    values |= _checked({key: value for key, value in (flags or {}).items() if value is not None}, "--")
    return Settings(**values)


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{path} is not TOML: {error}.") from error


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    given = {key: environment.get(_PREFIX + key.upper(), "") for key in _PARSERS}
    return {
        key: _parsed(key, value, f"{_PREFIX}{key.upper()}") for key, value in given.items() if value != ""
    }


def _checked(table: Mapping[str, object], where: str) -> dict[str, Any]:
    for key in table:
        if key not in _PARSERS:
            nearest = difflib.get_close_matches(key, _PARSERS, n=1)
            meant = f"; did you mean {nearest[0]}?" if nearest else f"; known are {', '.join(_PARSERS)}."
            raise SettingError(f"{where}{key}: there is no such setting{meant}")
    return {key: _parsed(key, value, f"{where}{key}") for key, value in table.items()}


def _parsed(key: str, value: object, where: str) -> Any:
    try:
        return _PARSERS[key](value)
    except ValueError as error:
        # A value may be a secret that was put into the wrong place: say what is allowed, not what was found.
        raise SettingError(f"{where}: must be {error}.") from None


def _whole_number(low: int, high: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        text = str(value).strip()
        if isinstance(value, bool) or not (
            text.isascii() and text.isdigit() and len(text) <= 9 and low <= int(text) <= high
        ):
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)

    return parse


def _seconds(value: object) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if not 0.0 <= number <= _LONGEST_DELAY:
        raise ValueError(f"seconds, from 0 to {_LONGEST_DELAY:.0f}")
    return number


def _seconds_range(value: object) -> tuple[float, float]:
    # A number of the file may be written with an exponent, whose sign is no dash between two numbers.
    text = f"{value:f}" if isinstance(value, float) else str(value).strip()
    shortest, dash, longest = text.partition("-")
    try:
        bounds = (_seconds(shortest), _seconds(longest if dash else shortest))
    except ValueError:
        bounds = (1.0, 0.0)
    if bounds[0] > bounds[1]:
        raise ValueError("seconds, or two with a dash between, as in 1-2, or 0 for none")
    return bounds


def _one_of(*allowed: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if value not in allowed:
            raise ValueError(f"one of {', '.join(allowed)}")
        return str(value)

    return parse


def _folder(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError("the path of a folder")
    return value


def _base_url(value: object) -> str:
    try:
        usable = isinstance(value, str) and _BASE_URL.fullmatch(value) and urlsplit(value).port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("an http or https URL without a query, a fragment or a user")
    return str(value).rstrip("/")


def _flow_key(value: object) -> Secret:
    if not isinstance(value, str) or not value.startswith("AIza") or len(value) != 39:
        raise ValueError("the 39 characters, from AIza on, of the web page's key")
    return Secret(value)


_PARSERS: Final[Mapping[str, Callable[[object], object]]] = {
    "workers": _whole_number(1, 16),
    "page_delay": _seconds_range,
    "page_size": _whole_number(1, 100),
    "output": _folder,
    "folder_date": _one_of("downloaded", "created"),
    "labs_url": _base_url,
    "media_url": _base_url,
    "google_url": _base_url,
    "flow_key": _flow_key,
    "retries": _whole_number(1, 20),
    "retry_base": _seconds,
    "log_level": _one_of(*_LOG_LEVELS),
}
