"""``flowimg`` as a child of the fork server: a process of its own, without the start of an interpreter."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

MAIN: Final = "from flowimg_tui.cli.app import main; main()"
"""The program that each child runs unless a test has another one."""

_ROOT: Final = Path(__file__).parents[1]
_OF_THE_SCREEN: Final = ("flowimg_tui.tui.app", "flowimg_tui.tui.sentences", "flowimg_tui.demo.home")
"""The app, and the demo that it is mostly started with."""
_NOT_INHERITED: Final = ("NO_COLOR", "COLORTERM", "SSH_CONNECTION", "TEXTUAL_", "FLOWIMG_")


class Forked:
    """A running child, with as much of ``subprocess.Popen`` as a test needs. It must be waited for."""

    def __init__(self, forks: "Forks", pid: int, end: int) -> None:
        self._forks = forks
        self._end = end
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, or ``None`` while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float) -> int:
        if self.returncode is None:
            # Only the child holds the other end.
            if not select.select([self._end], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("flowimg", timeout)
            os.close(self._end)
            self.returncode = int(self._forks.ask(pid=self.pid)["code"])
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        # Until it is waited for, no other process gets its number.
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Forks:
    """The fork server, with ``modules`` in memory besides those of every command."""

    def __init__(self, *modules: str) -> None:
        self._line, far = socket.socketpair()
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(_NOT_INHERITED)}
        self._server = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.fork_server", str(far.fileno()), *modules],
            cwd=_ROOT,
            env={**inherited, "FLOWIMG_HOME": "/nonexistent"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[far.fileno()],
        )
        far.close()
        self._answers = self._line.makefile("rb")

    def close(self) -> None:
        self._answers.close()
        self._line.close()
        self._server.wait()

    def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        streams: tuple[int, int, int],
        *,
        program: str = MAIN,
        cwd: Path | None = None,
        own_session: bool = False,
        controlled: bool = False,
    ) -> Forked:
        """Start ``program`` as ``flowimg`` with these arguments, and with these descriptors as its streams.

        Where it is ``controlled``, it has a session of its own, controlled by the terminal on stdin.
        """
        end, until_the_end = os.pipe()
        try:
            answer = self.ask(
                (*streams, until_the_end),
                program=program,
                arguments=list(arguments),
                environment=dict(environment),
                cwd=str(cwd or _ROOT),
                own_session=own_session or controlled,
                controlled=controlled,
            )
        finally:
            os.close(until_the_end)
        return Forked(self, answer["pid"], end)

    def ask(self, descriptors: Sequence[int] = (), **request: Any) -> Any:
        socket.send_fds(self._line, [b"\n"], descriptors)
        self._line.sendall(json.dumps(request).encode() + b"\n")
        return json.loads(self._answers.readline())


_running: Final[dict[bool, Forks]] = {}


def forks(*, screen: bool = False) -> Forks:
    """Return a fork server of this process, started with its first use.

    One that has the ``screen`` in memory is for the app: a command would have to take that down as well.
    """
    if screen not in _running:
        _running[screen] = Forks(*_OF_THE_SCREEN) if screen else Forks()
    return _running[screen]


def end_forks() -> None:
    """End the fork servers of this process."""
    while _running:
        _running.popitem()[1].close()


def output_of(program: str, *arguments: str, timeout: float) -> str:
    """Run a program that ends with 0 within ``timeout`` seconds, and return what it has written."""
    with Path(os.devnull).open("rb") as nothing, tempfile.TemporaryFile() as written:
        streams = nothing.fileno(), written.fileno(), 2
        process = forks().start(arguments, os.environ, streams, program=program)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout)
            raise
        assert code == 0
        written.seek(0)
        return written.read().decode()
