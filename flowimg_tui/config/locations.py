"""Where the configuration, the credentials, the database, the log and the thumbnails belong."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import platformdirs

HOME_VARIABLE: Final = "FLOWIMG_HOME"
_APP: Final = "flowimg"
_STATE: Final = "app.json"
_THUMBNAILS: Final = "thumbnails"


@dataclass(frozen=True, slots=True)
class Locations:
    """The files and folders of one installation. Nothing is created by asking for them."""

    config: Path
    credentials: Path
    database: Path
    log: Path
    locks: Path
    kept: Path
    """Copies of the database from before each force refresh."""
    state: Path
    """What the app itself remembers, as its theme."""
    thumbnails: Path
    """Small copies of saved pictures, which can be drawn anew at any time."""

    @classmethod
    def at(cls, home: Path) -> Self:
        """Return the locations inside one folder."""
        return cls(
            config=home / "config.toml",
            credentials=home / "credentials",
            database=home / "gallery.db",
            log=home / "flowimg.log",
            locks=home / "locks",
            kept=home / "kept",
            state=home / _STATE,
            thumbnails=home / _THUMBNAILS,
        )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Return those below ``FLOWIMG_HOME``, or the platform's own."""
        home = environment.get(HOME_VARIABLE, "")
        if home:
            return cls.at(Path(home).expanduser().absolute())
        data = platformdirs.user_data_path(_APP, appauthor=False)
        return cls(
            config=platformdirs.user_config_path(_APP, appauthor=False) / "config.toml",
            credentials=data / "credentials",
            database=data / "gallery.db",
            log=platformdirs.user_log_path(_APP, appauthor=False) / "flowimg.log",
            locks=data / "locks",
            kept=data / "kept",
            state=data / _STATE,
            thumbnails=platformdirs.user_cache_path(_APP, appauthor=False) / _THUMBNAILS,
        )
