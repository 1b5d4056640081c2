"""Installations to kill commands on, begun anew as often as a test needs one; and the moments to do it."""

import random
import shutil
import signal
import time
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Final

from flowimg_tui.demo.home import demo_environment
from flowimg_tui.demo.service import DemoService
from tests.cli.helpers import Answer, Installation
from tests.faults import forked

KILLED: Final = -signal.SIGKILL
_QUICK: Final = {"FLOWIMG_PAGE_DELAY": "0", "FLOWIMG_RETRY_BASE": "0", "FLOWIMG_PAGE_SIZE": "3"}
_MEASUREMENTS: Final = 2


class Begun:
    """The homes of an installation before its sync, after it, and with all pictures, to be copied."""

    def __init__(self, service: DemoService, folder: Path) -> None:
        self.service = service
        self._folder = folder
        self._numbers = count(1)
        # The day is that of the images: a test that begins before midnight ends like any other.
        variables = {**demo_environment(service, folder), **_QUICK, "FLOWIMG_FOLDER_DATE": "created"}
        self._first = Installation(variables, folder)
        assert self._first.add("studio", service.cookie_header).code == 0
        self._keep("unsynced")
        assert self._first.quick("sync").code == 0
        self._keep("synced")

    def unsynced(self) -> Installation:
        """Return a new installation with a profile and no record."""
        return self._copy("unsynced", self._own_pictures())

    def synced(self) -> Installation:
        """Return a new installation with all records and no file."""
        return self._copy("synced", self._own_pictures())

    def mirrored(self) -> Installation:
        """Return a new installation with all records, and with the files of all the others of its kind."""
        if not self._kept("mirrored").exists():
            assert self._first.quick("download").code == 0
            self._keep("mirrored")
        return self._copy("mirrored", {})

    def _copy(self, kept: str, variables: Mapping[str, str]) -> Installation:
        folder = self._folder / f"copy-{next(self._numbers)}"
        shutil.copytree(self._kept(kept), folder / "home")
        home = {"FLOWIMG_HOME": str(folder / "home")}
        return Installation({**self._first.environment, **home, **variables}, folder)

    def _own_pictures(self) -> dict[str, str]:
        return {"FLOWIMG_OUTPUT": str(self._folder / f"pictures-{next(self._numbers)}")}

    def _keep(self, name: str) -> None:
        shutil.copytree(self._first.home, self._kept(name))

    def _kept(self, name: str) -> Path:
        return self._folder / "kept" / name


class Moments:
    """Random moments of a command's life, from a seed that a failed test shows."""

    def __init__(self, begin: Callable[[], Installation], *arguments: str) -> None:
        seed = random.SystemRandom().randrange(2**32)
        # Pytest shows it where the test fails.
        print(f"The moments are those of the seed {seed}")  # noqa: T201
        self._random = random.Random(seed)  # noqa: S311 - no secret
        self._arguments = arguments
        # The least of some: other work on the machine only ever makes a run longer.
        self._span = min(self._seconds_of_a_run(begin()) for _ in range(_MEASUREMENTS))

    def run_and_kill(self, flowimg: Installation) -> Answer:
        """Run the command and kill it at a random moment, unless it has ended before."""
        child = forked.start(flowimg, *self._arguments)
        time.sleep(self._random.uniform(0, self._span))
        child.send(signal.SIGKILL)
        return child.answer()

    def _seconds_of_a_run(self, flowimg: Installation) -> float:
        begun = time.monotonic()
        assert forked.run(flowimg, *self._arguments).code == 0
        return time.monotonic() - begun
