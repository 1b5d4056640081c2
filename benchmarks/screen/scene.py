"""An installation whose gallery has any number of images, at a demo service that knows the newest of them."""

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from benchmarks.serving import serving, settings_of
from flowimg_tui.config.locations import Locations
from flowimg_tui.workspace import Workspace

_PROFILE: Final = "demo"
# Older than all of the demo's: a download begins with those that the service knows.
_NEWEST: Final = datetime(2025, 6, 1, tzinfo=UTC)
_FIRST_WORDS: Final = ("boat", "boar", "bold", "bay", "lake", "harbour", "meadow", "forest")
_SECOND_WORDS: Final = ("misty", "mist", "mission", "mild", "moon", "golden", "quiet", "stormy", "paper")
_RATIOS: Final = ("LANDSCAPE", "SQUARE", "PORTRAIT", "LANDSCAPE_FOUR_THREE", "PORTRAIT_THREE_FOUR")
_IMAGE: Final = """
    INSERT INTO image (
        profile_id, name, media_key, aspect_ratio, local_path, created_at, last_sync, failure, failed_at,
        failed_runs, parked_at, title, prompt, project_title
    ) SELECT id, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ? FROM profile
"""
_FILE: Final = """
    INSERT INTO saved_file (profile_id, media_key, path, size, sha256, mime, source, saved_at)
    SELECT id, ?, ?, ?, ?, 'image/jpeg', 'api', ? FROM profile
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """A home that is as it was prepared; each run takes a copy of it."""

    images: int
    known: int
    """How many of them the service knows; a sync brings them in."""
    _settings: dict[str, str]
    _home: Path

    @classmethod
    @contextlib.contextmanager
    def of(cls, images: int, known: int, rate: int) -> Iterator["Scene"]:
        """Prepare one; a picture comes with `rate` bytes a second."""
        with (
            serving("--images", str(known), "--rate", str(rate)) as told,
            tempfile.TemporaryDirectory(prefix="flowimg-benchmark-") as folder,
        ):
            scene = cls(images, known, settings_of(told), Path(folder))
            environment = scene._variables(scene._home)
            with Workspace(Locations.from_environment(environment), environment=environment) as workspace:
                cookies = workspace.profiles.read_cookies(_PROFILE, told["cookies"])
                workspace.profiles.add(_PROFILE, cookies)
            _fill(scene._home / "gallery.db", images - known)
            yield scene

    @contextlib.contextmanager
    def installation(self) -> Iterator[dict[str, str]]:
        """Give the variables of a copy that goes away afterwards."""
        with tempfile.TemporaryDirectory(prefix="flowimg-benchmark-") as folder:
            home = Path(folder, "home")
            shutil.copytree(self._home, home)
            yield self._variables(home)

    def _variables(self, home: Path) -> dict[str, str]:
        pictures = str(home.parent / "pictures")
        return {
            **self._settings,
            "FLOWIMG_HOME": str(home),
            "FLOWIMG_OUTPUT": pictures,
            "FLOWIMG_PAGE_DELAY": "0",
            "FLOWIMG_WORKERS": "4",
        }


def _fill(database: Path, count: int) -> None:
    """Put images into it whose texts, states, sizes and times differ."""
    with closing(sqlite3.connect(database)) as connection, connection:
        # The files first: an image takes its size from there.
        connection.executemany(_FILE, (_file(number) for number in range(count) if _is_saved(number)))
        connection.executemany(_IMAGE, map(_image, range(count)))


def _is_saved(number: int) -> bool:
    return number % 10 < 7


def _key(number: int) -> str:
    # A multiplier without a common divisor with the modulus: the order of the keys is not that of the times.
    return f"{number * 2_654_435_761 % 2**32:08x}-{number:08x}"


def _path(number: int) -> str:
    return f"/pictures/{_NEWEST - timedelta(days=number // 300):%Y-%m-%d}/{_key(number)}.jpg"


SIGN: Final = _key(1)[:8]
"""What the screen shows when it shows the rows of a gallery that was not synced yet."""


def _file(number: int) -> tuple[object, ...]:
    return _key(number), _path(number), 200_000 + number * 7919 % 1_800_000, f"{number:064x}", _moment(number)


def _image(number: int) -> tuple[object, ...]:
    """Of ten, seven are saved, one is pending, one has failed and one is parked."""
    moment = _moment(number)
    has_failed, is_parked = number % 10 >= 8, number % 10 == 9
    first, second = _FIRST_WORDS[number % 8], _SECOND_WORDS[number // 8 % 9]
    return (
        f"name-{number}",
        _key(number),
        f"IMAGE_ASPECT_RATIO_{_RATIOS[number % 5]}",
        _path(number) if _is_saved(number) else None,
        moment,
        "404 not found" if has_failed else None,
        moment if has_failed else None,
        10 if is_parked else int(has_failed),
        moment if is_parked else None,
        f"{first} {number}",
        f"a {second} {first}, view {number} of a long series, film grain",
        f"Project {number % 50}",
    )


def _moment(number: int) -> str:
    return f"{_NEWEST - timedelta(minutes=5 * number):%Y-%m-%dT%H:%M:%S.%fZ}"
