"""What the user can set, and from where: flag > variable > the profile's table > the file > default."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from flowimg_tui.config import parsers
from flowimg_tui.secret import Secret

_PREFIX: Final = "FLOWIMG_"
_PROFILES: Final = "profile"
_PARSERS: Final[Mapping[str, Callable[[object], object]]] = {
    "workers": parsers.whole_number(1, 16),
    "page_delay": parsers.seconds_range,
    "page_size": parsers.whole_number(1, 100),
    "output": parsers.folder,
    "folder_date": parsers.one_of("downloaded", "created"),
    "service": parsers.one_of("labs", "google"),
    "cookie_command": parsers.command,
    "labs_url": parsers.base_url,
    "media_url": parsers.base_url,
    "google_url": parsers.base_url,
    "flow_key": parsers.flow_key,
    "retries": parsers.whole_number(1, 20),
    "retry_base": parsers.seconds,
    "image_timeout": parsers.whole_number(1, 3600),
    "picture_limit": parsers.whole_number(1, 1024),
    "fps": parsers.whole_number(1, 60),
    "animations": parsers.one_of("none", "basic", "full"),
    "progress_rate": parsers.whole_number(1, 30),
    "mouse": parsers.switch,
    "preview": parsers.one_of("auto", "kitty", "sixel", "halfcell", "off"),
    "thumbnail_cache": parsers.whole_number(0, 100_000),
    "log_level": parsers.one_of("debug", "info", "warning", "error"),
}

_Found = dict[str, tuple[Any, str]]
"""Of each setting that a place names: its checked value, and the place."""


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
    service: str | None = None
    """Which generation of Flow the profile is on, ``labs`` or ``google``; ``None``: its cookies tell."""
    cookie_command: tuple[str, ...] | None = None
    """A program and its arguments; what it writes to its standard output are the profile's cookies."""
    labs_url: str = "https://labs.google/fx"
    media_url: str = "https://aisandbox-pa.googleapis.com/v1"
    google_url: str = "https://flow.google.com"
    flow_key: Secret | None = None
    retries: int = 5
    retry_base: float = 1.0
    image_timeout: int = 180
    """Seconds of all requests for one image together, without the pauses between them."""
    picture_limit: int = 64
    """In MiB: what is larger is refused as no picture of Flow's."""
    fps: int | None = None
    """Frames a second that the screen may draw; ``None``: 60, and 20 over SSH."""
    animations: str | None = None
    """``none``, ``basic`` or ``full``; ``None``: ``full``, and ``none`` over SSH."""
    progress_rate: int | None = None
    """How often a second the progress is drawn; ``None``: 8, and 4 over SSH."""
    mouse: bool = True
    """Whether the app asks the terminal for the mouse."""
    preview: str = "auto"
    """How pictures are drawn: ``auto``, ``kitty``, ``sixel``, ``halfcell`` (half blocks) or ``off``."""
    thumbnail_cache: int = 200
    """In MB: how much of the disk small copies of pictures may take; 0 keeps none."""
    log_level: str = "info"

    def output_folder(self, profile: str) -> Path:
        """Return the absolute path. Raises :class:`SettingError` for a ``~user`` that nobody knows."""
        try:
            return Path(self.output.replace("{profile}", profile)).expanduser().absolute()
        except RuntimeError as error:
            raise SettingError(f"output: {self.output} has no home folder to begin in.") from error


@dataclass(frozen=True, slots=True)
class ResolvedSettings:
    """The settings that hold, and of each the place that decided, by the name that a user finds it under."""

    settings: Settings
    origins: Mapping[str, str]


def resolve_settings(
    path: Path,
    environment: Mapping[str, str],
    *,
    profile: str | None = None,
    flags: Mapping[str, object] | None = None,
    stored: Mapping[str, object] | None = None,
) -> ResolvedSettings:
    """Return the settings that hold for ``profile``, and where each of them comes from.

    ``flags`` are those of the command line, ``stored`` what is kept with the profile itself; ``None`` values
    count as not given. Raises :class:`SettingError`, for the table of another profile too.
    """
    file = _read(path)
    tables = file.pop(_PROFILES, {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise SettingError(f"{path}: {_PROFILES}: must be tables, as in [{_PROFILES}.studio].")
    found = _of_table(file, str(path), known=(*_PARSERS, _PROFILES))
    of_profiles = {name: _of_table(tables[name], f"{path} [{_PROFILES}.{name}]") for name in tables}
    found |= _of_table(_given(stored), "the profile")
    if profile is not None:
        found |= of_profiles.get(profile, {})
    found |= _of_names(_given({key: environment.get(_variable(key)) or None for key in _PARSERS}), _variable)
    found |= _of_names(_given(flags), _flag)
    return ResolvedSettings(
        Settings(**{key: value for key, (value, _) in found.items()}),
        {key: found[key][1] if key in found else "default" for key in _PARSERS},
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        written = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingError(f"{path} cannot be read: {error.strerror}.") from error
    # Many have no such file.
    import tomllib

    try:
        return tomllib.loads(written.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{path} is not TOML: {error}.") from error


def _given(values: Mapping[str, object] | None) -> dict[str, object]:
    return {key: value for key, value in (values or {}).items() if value is not None}


def _variable(key: str) -> str:
    return _PREFIX + key.upper()


def _flag(key: str) -> str:
    return "--" + key.replace("_", "-")


def _of_table(table: Mapping[str, object], place: str, known: Iterable[str] = tuple(_PARSERS)) -> _Found:
    for key in table:
        if key not in _PARSERS:
            nearest = difflib.get_close_matches(key, list(known), n=1)
            meant = f"; did you mean {nearest[0]}?" if nearest else "."
            raise SettingError(
                f"{place}: {key}: there is no such setting{meant} Known are {', '.join(_PARSERS)}."
            )
    return {key: (_parsed(key, value, f"{place}: {key}"), place) for key, value in table.items()}


def _of_names(values: Mapping[str, object], name: Callable[[str], str]) -> _Found:
    return {key: (_parsed(key, value, name(key)), name(key)) for key, value in values.items()}


def _parsed(key: str, value: object, where: str) -> Any:
    try:
        return _PARSERS[key](value)
    except ValueError as error:
        # A value may be a secret that was put into the wrong place: say what is allowed, not what was found.
        raise SettingError(f"{where}: must be {error}.") from None
