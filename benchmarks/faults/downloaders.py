"""The downloaders: flowimg, and its peers with the flags that make the best of each."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from benchmarks.faults.service import Service
from benchmarks.processes import FLOWIMG, inherited

_NUMBER: Final = re.compile(r"\d+(?:\.\d+)+")


class CannotPrepare(Exception):
    """flowimg could not be brought to the point where the comparison begins."""


@dataclass(frozen=True, slots=True)
class Task:
    """A picture to be had from `address`, as a file in `folder`. All else stays in `home`."""

    service: Service
    address: str
    home: Path

    @property
    def folder(self) -> Path:
        return self.home / "pictures"

    @property
    def file_name(self) -> str:
        """The name in the URL, with the picture's own extension where it has none there."""
        name = urlsplit(self.address).path.rpartition("/")[2]
        return name if "." in name else f"{name}.jpg"


@dataclass(frozen=True, slots=True)
class Downloader:
    """A column of the table. In `arguments`, `{url}`, `{folder}` and `{name}` are those of the task.

    With `needs_extension` a URL must end as a picture's name does.
    """

    name: str
    program: tuple[str, ...]
    flags: tuple[str, ...]
    arguments: tuple[str, ...]
    needs_extension: bool = False
    is_ours: bool = False

    def version(self) -> str | None:
        """Its number; None where it is not installed, or too old for its flags."""
        if shutil.which(self.program[0]) is None:
            return None
        # With all flags: a program that does not know them must not pass for one that fails honestly.
        asked = [*self.program, *self.flags, "--version"]
        told = subprocess.run(asked, capture_output=True, text=True, check=False)
        number = _NUMBER.search(told.stdout)
        return number[0] if told.returncode == 0 and number else None

    def command(self, task: Task) -> list[str]:
        """What does `task`."""
        given = {"url": task.address, "folder": str(task.folder), "name": task.file_name}
        return [*self.program, *self.flags, *(argument.format(**given) for argument in self.arguments)]

    def environment(self, task: Task) -> dict[str, str]:
        """The variables of this process, without settings and proxies of its user."""
        settings = _settings(task) if self.is_ours else {}
        return {**inherited(), "HOME": str(task.home), **settings}

    def prepare(self, task: Task) -> None:
        """Do what its user has done before: of flowimg, add a profile and sync.

        Raises CannotPrepare.
        """
        task.folder.mkdir()
        for arguments in (["profile", "add", "demo", "--cookies", "-"], ["sync"]) if self.is_ours else ():
            ended = subprocess.run(
                [*self.program, *arguments],
                env=self.environment(task),
                input=task.service.cookies,
                capture_output=True,
                text=True,
                check=False,
            )
            if ended.returncode:
                raise CannotPrepare(f"{arguments} ended with {ended.returncode}: {ended.stderr}")


def _settings(task: Task) -> dict[str, str]:
    # The 180 s that it gives an image, with 30 s of silence, would be most of the time of all.
    # No less patient than the others, whose pauses stay at a second.
    limits = {"FLOWIMG_IMAGE_TIMEOUT": "10", "FLOWIMG_RETRY_BASE": "0.25"}
    own = {"FLOWIMG_HOME": str(task.home / "home"), "FLOWIMG_OUTPUT": str(task.folder)}
    return {**task.service.settings, **own, **limits}


# Each peer makes five tries or retries with a second between them, gives up on about 2 s of silence, reads no
# configuration of its user, and follows no redirect where it can be told so.
_CURL: Final = (
    *("--disable", "--fail", "--silent", "--show-error", "--location", "--max-redirs", "0"),
    *("--retry", "5", "--retry-all-errors", "--retry-delay", "1"),
    # It looks at the mean of the last 5 s: with a lower limit, silence would be noticed after 7.
    *("--connect-timeout", "2", "--speed-limit", "3000", "--speed-time", "2"),
)
_TO_FILE: Final = ("--output", "{folder}/{name}", "{url}")

DOWNLOADERS: Final = (
    Downloader("flowimg", FLOWIMG, (), ("download",), is_ours=True),
    # These two exclude each other: what is to be continued cannot be removed.
    Downloader("curl -C -", ("curl",), (*_CURL, "--continue-at", "-"), _TO_FILE),
    Downloader("curl --remove-on-error", ("curl",), (*_CURL, "--remove-on-error"), _TO_FILE),
    Downloader(
        "wget -c",
        ("wget",),
        (
            *("--no-config", "--no-verbose", "--continue", "--tries=5", "--waitretry=1", "--timeout=2"),
            *("--retry-connrefused", "--retry-on-http-error=408,425,429,500,502,503,504"),
            "--max-redirect=0",
        ),
        # With --output-document it would make the file before it has asked for it.
        ("--directory-prefix={folder}", "{url}"),
    ),
    Downloader(
        "aria2c -c",
        ("aria2c",),
        (
            *("--no-conf=true", "--quiet=true", "--continue=true", "--max-connection-per-server=1"),
            *("--max-tries=5", "--retry-wait=1", "--connect-timeout=2", "--timeout=2"),
            # Without these a rerun takes another name, a file has its whole length from the first byte on,
            # and what has come is kept in memory.
            *("--auto-file-renaming=false", "--file-allocation=none", "--disk-cache=0"),
        ),
        ("--dir={folder}", "--out={name}", "{url}"),
    ),
    Downloader(
        "gallery-dl",
        ("gallery-dl",),
        (
            *("--config-ignore", "--quiet", "--retries", "4", "--sleep-retries", "1", "--http-timeout", "2"),
            # Unless told it makes one try at a 429, or pauses for a minute.
            *("--option", "retry-codes=[408,425,429]", "--sleep-429", "5"),
        ),
        ("--directory", "{folder}", "--filename", "{{filename}}.{{extension}}", "{url}"),
        needs_extension=True,
    ),
)
