"""The app on a real pseudo-terminal: how it ends, and what it leaves behind on the screen and on the disk."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

PATIENCE = 30.0
RESTORED = (b"\x1b[?1049l", b"\x1b[?1003l", b"\x1b[?25h")


BROKEN_APP = """
from flowimg_tui.cli.app import main
from flowimg_tui.tui.screens.main import MainScreen

def break_down(self):
    secret = "canary"
    raise RuntimeError(f"not {secret}"[:3])

MainScreen.action_help = break_down
main()
"""


class Terminal:
    """A pseudo-terminal with ``flowimg demo`` on it."""

    def __init__(self, folder: Path, program: Sequence[str] = (sys.executable, "-m", "flowimg_tui")) -> None:
        self.master, slave = pty.openpty()
        command = [*program, "demo", "--rate", "2000", "--keep", str(folder)]
        size = {"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
        environment = {**os.environ, **size, "FLOWIMG_PAGE_DELAY": "0"}
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)
        self.seen = b""

    def wait_for(self, words: bytes) -> None:
        """Read on until ``words`` were drawn."""
        deadline = time.monotonic() + PATIENCE
        while words not in self.seen:
            if time.monotonic() > deadline:
                pytest.fail(f"{words!r} did not come; the end of what came: {self.seen[-2000:]!r}")
            self._read(0.1)

    def press(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def end(self) -> int:
        """Read to the end and return the exit code."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                pytest.fail("the app did not end")
            self._read(0.1)
        self._read(0)
        return self.process.returncode

    def hang_up(self) -> None:
        """Take the terminal away, as a broken SSH link does."""
        os.close(self.master)
        self.master = -1

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.master >= 0:
            os.close(self.master)

    def _read(self, patience: float) -> None:
        while select.select([self.master], [], [], patience)[0]:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return
            if not data:
                return
            self.seen += data
            patience = 0


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    opened = Terminal(tmp_path / "kept")
    yield opened
    opened.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_in_mid_download_restores_the_terminal_and_leaves_no_temp(
    terminal: Terminal, tmp_path: Path, number: signal.Signals
) -> None:
    terminal.wait_for(b"Press s to sync")
    terminal.press(b"s")
    terminal.wait_for(b"Synced 42 new images")
    terminal.press(b"d")
    terminal.wait_for(b"asking")
    terminal.process.send_signal(number)
    assert terminal.end() == 128 + number
    for sequence in RESTORED:
        assert sequence in terminal.seen
    assert not list((tmp_path / "kept").rglob("*.part"))


def test_q_ends_with_0_and_restores_the_terminal(terminal: Terminal) -> None:
    terminal.wait_for(b"Press s to sync")
    terminal.press(b"q")
    assert terminal.end() == 0
    for sequence in RESTORED:
        assert sequence in terminal.seen


@pytest.mark.parametrize("working", [False, True], ids=["idle", "in mid-download"])
def test_a_terminal_that_goes_away_ends_the_app(terminal: Terminal, tmp_path: Path, working: bool) -> None:
    terminal.wait_for(b"Press s to sync")
    if working:
        terminal.press(b"s")
        terminal.wait_for(b"Synced 42 new images")
        terminal.press(b"d")
        terminal.wait_for(b"asking")
    terminal.hang_up()
    terminal.process.send_signal(signal.SIGHUP)
    assert terminal.process.wait(PATIENCE) == 129
    assert not list((tmp_path / "kept").rglob("*.part"))


def test_an_unexpected_error_restores_the_terminal_and_shows_no_variables(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "kept", [sys.executable, "-c", BROKEN_APP])
    try:
        terminal.wait_for(b"Press s to sync")
        terminal.press(b"?")
        assert terminal.end() == 1
    finally:
        terminal.close()
    assert b"The log tells more" in terminal.seen
    assert b"canary" not in terminal.seen
    assert b"Traceback" not in terminal.seen
    for sequence in RESTORED:
        assert sequence in terminal.seen
    assert "Unexpected error" in (tmp_path / "kept" / "home" / "flowimg.log").read_text("utf-8")
