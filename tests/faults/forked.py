"""Commands that run as children of the fork server: started, killed, signalled, waited for."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tests.cli.helpers import Answer, Installation, eventually
from tests.cli.terminal import PATIENCE

_ROOT: Final = Path(__file__).parents[2]


class Forks:
    """The fork server, as a context manager."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.faults.fork_server"],
            cwd=_ROOT,
            env={**os.environ, "FLOWIMG_HOME": "/nonexistent"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._numbers = count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.communicate()

    def start(self, flowimg: Installation, *arguments: str, change: tuple[Any, ...] = ()) -> "Child":
        """Start ``flowimg`` on an installation; ``change`` names one of ``changes``, and its values."""
        number = next(self._numbers)
        stdout, stderr = (flowimg.folder / f"{name}-{number}" for name in ("stdout", "stderr"))
        answer = self.ask(
            arguments=arguments,
            environment=flowimg.environment,
            stdout=str(stdout),
            stderr=str(stderr),
            change=change,
        )
        return Child(self, answer["pid"], stdout, stderr)

    def run(self, flowimg: Installation, *arguments: str, change: tuple[Any, ...] = ()) -> Answer:
        """Run the command to its end."""
        return self.start(flowimg, *arguments, change=change).answer()

    def ask(self, **request: Any) -> Any:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        return json.loads(self._server.stdout.readline())


@dataclass(frozen=True)
class Child:
    """A running command. It must be waited for with :meth:`answer`."""

    forks: Forks
    pid: int
    stdout: Path
    stderr: Path

    def send(self, number: signal.Signals) -> None:
        # Until it is waited for, no other process gets its number.
        os.kill(self.pid, number)

    def wait_for(self, text: str, *, on: str = "stdout", times: int = 1) -> None:
        """Wait until it has written ``text``."""
        path: Path = getattr(self, on)
        eventually(f"{text!r} on {on}", lambda: _written(path).count(text) >= times)

    def answer(self) -> Answer:
        """Wait for the end; one that does not come is a kill."""
        code = self.forks.ask(pid=self.pid, patience=PATIENCE)["code"]
        return Answer(code, *map(_written, (self.stdout, self.stderr)))


def _written(path: Path) -> str:
    """Return what a child has written, which may have been killed before it could begin to."""
    return path.read_text("utf-8") if path.exists() else ""
