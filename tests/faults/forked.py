"""Commands that run as children of the fork server: started, killed, signalled, waited for."""

import os
import signal
import subprocess
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

from tests.cli.helpers import Answer, Installation, eventually
from tests.cli.terminal import PATIENCE
from tests.forks import MAIN, Forked, forks

_NUMBERS: Final = count(1)


def start(flowimg: Installation, *arguments: str, change: tuple[Any, ...] = ()) -> "Child":
    """Start ``flowimg`` on an installation; ``change`` names one of ``changes``, and its values."""
    number = next(_NUMBERS)
    stdout, stderr = (flowimg.folder / f"{name}-{number}" for name in ("stdout", "stderr"))
    with Path(os.devnull).open("rb") as nothing, stdout.open("ab") as out, stderr.open("ab") as err:
        streams = nothing.fileno(), out.fileno(), err.fileno()
        process = forks().start(arguments, flowimg.environment, streams, program=changed(*change))
    return Child(process, stdout, stderr)


def run(flowimg: Installation, *arguments: str, change: tuple[Any, ...] = ()) -> Answer:
    """Run the command to its end."""
    return start(flowimg, *arguments, change=change).answer()


def changed(name: str = "", *values: Any) -> str:
    """Return a program that is ``flowimg`` with one of ``changes``."""
    if not name:
        return MAIN
    return f"from tests.faults.changes import CHANGES; CHANGES[{name!r}](*{values!r}); {MAIN}"


@dataclass(frozen=True)
class Child:
    """A running command. It must be waited for with :meth:`answer`."""

    process: Forked
    stdout: Path
    stderr: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait_for(self, text: str, *, on: str = "stdout", times: int = 1) -> None:
        """Wait until it has written ``text``."""
        path: Path = getattr(self, on)
        eventually(f"{text!r} on {on}", lambda: path.read_text("utf-8").count(text) >= times)

    def answer(self) -> Answer:
        """Wait for the end; one that does not come is a kill."""
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait(PATIENCE)
        return Answer(code, self.stdout.read_text("utf-8"), self.stderr.read_text("utf-8"))
