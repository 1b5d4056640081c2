"""Homes that are as they were prepared; each run takes a copy of one."""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from benchmarks.processes import FLOWIMG, CommandFailed, Ended, taken
from benchmarks.speed import answers
from flowimg_tui.config.locations import Locations
from flowimg_tui.store.records import NewImage
from flowimg_tui.workspace import Workspace

_PROFILE: Final = "benchmark"
_NEWEST: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Installation:
    """A home in a folder that is gone after the run."""

    folder: Path
    variables: Mapping[str, str]

    @property
    def database(self) -> Path:
        return self.folder / "home" / "gallery.db"

    def run(self, *arguments: str, command: Sequence[str] = FLOWIMG) -> tuple[Ended, Any]:
        """Run a command of flowimg's and return what it has taken, and its answer in JSON, if it has one.

        Raises CommandFailed.
        """
        ended = taken([*command, *arguments], self.variables)
        return ended, json.loads(ended.output) if "--json" in arguments else None

    def download(self, *arguments: str, command: Sequence[str] = FLOWIMG) -> tuple[Ended, Any]:
        """Download all that is missing, and return the same. Raises CommandFailed unless all has come."""
        ended, answer = self.run("download", "--json", *arguments, command=command)
        if answer["downloaded"] != answer["pending"]:
            raise CommandFailed(f"{answer['downloaded']} of {answer['pending']} images have come")
        return ended, answer


@dataclass(frozen=True, slots=True)
class Prepared:
    """A home with a profile whose gallery has images without files."""

    _home: Path
    _settings: Mapping[str, str]

    @classmethod
    def of(
        cls, scratch: Path, settings: Mapping[str, str], images: int, listed: str | None = None
    ) -> "Prepared":
        """Prepare one for a service that ``settings`` lead to: variables with their values.

        ``listed`` is the signed URL that the listing has named for each image, if it has.
        """
        prepared = cls(fresh_folder(scratch) / "home", settings)
        environment = prepared._variables(prepared._home)
        with Workspace(Locations.from_environment(environment), environment=environment) as workspace:
            cookies = workspace.profiles.read_cookies(_PROFILE, answers.COOKIES)
            profile = workspace.profiles.add(_PROFILE, cookies)
            if images:
                workspace.gallery.store_page(
                    profile.id, 1, [_image(number, listed) for number in range(images)]
                )
        return prepared

    @contextlib.contextmanager
    def installation(self, **settings: str) -> Iterator[Installation]:
        """Give a copy, whose pictures go away afterwards; ``settings`` are variables without FLOWIMG_."""
        folder = fresh_folder(self._home.parent)
        shutil.copytree(self._home, folder / "home")
        more = {f"FLOWIMG_{name.upper()}": value for name, value in settings.items()}
        yield Installation(folder, {**self._variables(folder / "home"), **more})
        make_empty(folder)

    def _variables(self, home: Path) -> dict[str, str]:
        pictures = str(home.parent / "pictures")
        own = {"FLOWIMG_HOME": str(home), "FLOWIMG_OUTPUT": pictures, "FLOWIMG_PAGE_DELAY": "0"}
        return {**self._settings, **own}


def fresh_folder(scratch: Path) -> Path:
    return Path(tempfile.mkdtemp(dir=scratch))


def make_empty(folder: Path) -> None:
    """Take the bytes of all files below ``folder``, and leave the files.

    For minutes ext4 does not give the place of a file that went to a new one, and looks long for another:
    what is measured next would have to pay for that.
    """
    for path in folder.rglob("*"):
        if path.is_file():
            os.truncate(path, 0)


def _image(number: int, listed: str | None) -> NewImage:
    return NewImage(
        name=answers.name_of(number),
        media_key=answers.key_of(number),
        workflow_id=f"workflow-{number}",
        aspect_ratio="IMAGE_ASPECT_RATIO_LANDSCAPE",
        fife_url=listed,
        created_at=_NEWEST - timedelta(seconds=number),
    )
