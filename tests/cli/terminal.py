"""A command at a terminal: what a person types there, and all that they are shown."""

import fcntl
import os
import pty
import signal
import struct
import termios
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Final, Self

from tests.forks import forks

PATIENCE: Final = 20.0
"""Seconds until a test gives up on something that must happen."""

ENTER: Final = "\r"
CTRL_C: Final = "\x03"
CTRL_D: Final = "\x04"


class Terminal:
    """A terminal with ``flowimg`` on it whose stdin and stderr it is; stdout goes to a pipe.

    As a context manager it kills a command that has not ended by itself.
    """

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], columns: int) -> None:
        self._master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self._changed = threading.Condition()
        self._shown = bytearray()
        self._reader = threading.Thread(target=self._read)
        self.first_settings = self.settings
        """How it treated what is typed before the command was there."""
        self._stdout, stdout = os.pipe()
        try:
            streams = self._slave, stdout, self._slave
            self._process = forks().start(arguments, environment, streams, controlled=True)
        finally:
            os.close(stdout)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait(PATIENCE)
        if self._slave >= 0:
            os.close(self._stdout)
            self._hang_up()
        os.close(self._master)

    @property
    def shown(self) -> str:
        """Everything that went to the terminal until now."""
        with self._changed:
            return self._shown.decode()

    @property
    def settings(self) -> list[object]:
        """How the terminal treats what is typed, as ``termios`` tells it."""
        return list(termios.tcgetattr(self._master))

    def echoes(self) -> bool:
        """Tell whether it shows what is typed."""
        flags = termios.tcgetattr(self._master)[3]
        return bool(flags & termios.ECHO)

    def wait_for(self, text: str) -> None:
        """Wait until ``text`` was shown."""
        with self._changed:
            shown = self._changed.wait_for(lambda: text.encode() in self._shown, PATIENCE)
            assert shown, f"no {text!r} in {self._shown!r}"

    def type(self, text: str) -> None:
        """Type ``text``, or paste it: a terminal sends both in the same way."""
        data = text.encode()
        while data:
            data = data[os.write(self._master, data) :]

    def send(self, number: signal.Signals) -> None:
        """Send the command a signal."""
        self._process.send_signal(number)

    def ended(self) -> tuple[int, str]:
        """Wait for the end of the command, and return its exit code and its stdout."""
        # It writes less than a pipe holds.
        code = self._process.wait(PATIENCE)
        with os.fdopen(self._stdout, encoding="utf-8", newline="") as stream:
            stdout = stream.read()
        self._hang_up()
        return code, stdout

    def _hang_up(self) -> None:
        # The last holder of the other end ends the reading of this one.
        os.close(self._slave)
        self._slave = -1
        self._reader.join()

    def _read(self) -> None:
        # The other side's end of a terminal is an error on Linux, and an empty read elsewhere.
        try:
            while data := os.read(self._master, 65536):
                with self._changed:
                    self._shown += data
                    self._changed.notify_all()
        except OSError:
            pass
