"""An installation whose gallery has any number of images, at a demo service that knows the newest of them."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.filling import fill, key_of
from benchmarks.serving import serving, settings_of
from flowimg_tui.config.locations import Locations
from flowimg_tui.workspace import Workspace

_PROFILE: Final = "demo"


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
            fill(scene._home / "gallery.db", images - known)
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


SIGN: Final = key_of(1)[:8]
"""What the screen shows when it shows the rows of a gallery that was not synced yet."""
