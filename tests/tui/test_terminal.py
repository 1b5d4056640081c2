"""The app on a real pseudo-terminal: how it ends, and what it leaves behind on the screen and on the disk."""

import re
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.helpers import eventually
from tests.forks import MAIN
from tests.tui.terminal import COMMAND, PATIENCE, RESTORED, Terminal, demo_in

pytestmark = pytest.mark.waits

SECRET = "caNaRy0123456789"
BREAKING = f"""
from flowimg_tui.cli.app import main
from flowimg_tui.tui.screens.main import MainScreen

def break_down(self):
    known_here = "{SECRET}"
    raise RuntimeError("Cookie: __Secure-next-auth.session-token=" + known_here)

"""
BY_A_KEY = BREAKING + "MainScreen.action_help = break_down; main()"
IN_A_WORKER = (
    BREAKING
    + """
async def break_down_later(self):
    break_down(self)

MainScreen.action_help = lambda self: self.run_worker(break_down_later(self)); main()
"""
)
IN_THE_KEYS = """
from textual._xterm_parser import XTermParser
from flowimg_tui.cli.app import main

understood = XTermParser.feed

def broken(self, data):
    if "?" in data:
        raise RuntimeError("not understood")
    return understood(self, data)

XTermParser.feed = broken; main()
"""
IGNORING_HANGUPS = f"import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); {MAIN}"
# Where the terminal has gone: 129 if the keys are read no more, else 1.
READING_ON = """
import os, threading
from flowimg_tui.cli.app import main
from flowimg_tui.tui.ending import EndFromOutside

def end(*_):
    (reader,) = [each for each in threading.enumerate() if each.name == "textual-input"] or [None]
    if reader is not None:
        reader.join(20)
    os._exit(1 if reader is not None and reader.is_alive() else 129)

EndFromOutside._come = end; main()
"""


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The folder of the demo's home and pictures."""
    return tmp_path / "kept"


@pytest.fixture
def terminal(kept: Path) -> Iterator[Terminal]:
    with Terminal(*demo_in(kept)) as opened:
        yield opened


def is_restored(terminal: Terminal) -> bool:
    return all(sequence in terminal.seen for sequence in RESTORED)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_in_mid_download_restores_the_terminal_and_leaves_no_temp(
    terminal: Terminal, kept: Path, number: signal.Signals
) -> None:
    terminal.begin_a_download()
    terminal.process.send_signal(number)
    assert terminal.end() == 128 + number
    assert is_restored(terminal)
    assert not list(kept.rglob("*.part"))


@pytest.mark.parametrize("program", [MAIN, COMMAND], ids=["forked", "started"])
def test_q_ends_with_0_and_restores_the_terminal(kept: Path, program: str | tuple[str, ...]) -> None:
    with Terminal(*demo_in(kept), program=program) as terminal:
        terminal.wait_for(b"Press s to sync")
        terminal.press(b"q")
        assert terminal.end() == 0
    assert is_restored(terminal)


# A terminal that dies


def has_ended_after(terminal: Terminal, number: signal.Signals) -> bool:
    terminal.process.send_signal(number)
    return terminal.process.poll() is not None


@pytest.mark.parametrize("hears", ["the signal", "nothing", "nothing as it ignores it"])
@pytest.mark.parametrize("working", [False, True], ids=["idle", "in mid-download"])
def test_a_terminal_that_goes_away_ends_the_app(kept: Path, working: bool, hears: str) -> None:
    program = IGNORING_HANGUPS if hears == "nothing as it ignores it" else MAIN
    with Terminal(*demo_in(kept), program=program) as terminal:
        if working:
            terminal.begin_a_download()
        else:
            terminal.wait_for(b"Press s to sync")
        terminal.hang_up()
        if hears == "the signal":
            # To the very end: the last one must not end it with another code.
            eventually("the end", lambda: has_ended_after(terminal, signal.SIGHUP))
        assert terminal.process.wait(PATIENCE) == 129
    assert not list(kept.rglob("*.part"))
    assert not list(kept.rglob("flowimg-report-*"))
    assert "Ended by SIGHUP" in (kept / "home" / "flowimg.log").read_text("utf-8")


def test_from_a_terminal_that_has_gone_no_keys_are_read(kept: Path) -> None:
    with Terminal(*demo_in(kept), program=READING_ON) as terminal:
        terminal.wait_for(b"Press s to sync")
        terminal.hang_up()
        assert terminal.process.wait(PATIENCE) == 129


# An error that should not happen


@pytest.mark.parametrize("program", [BY_A_KEY, IN_A_WORKER], ids=["by a key", "in a worker"])
def test_an_unexpected_error_restores_the_terminal_and_names_the_report(kept: Path, program: str) -> None:
    with Terminal(*demo_in(kept), program=program) as terminal:
        terminal.wait_for(b"Press s to sync")
        terminal.press(b"?")
        assert terminal.end() == 1
    assert is_restored(terminal)
    last = terminal.seen[terminal.seen.rindex(RESTORED[0]) :].decode()
    assert "flowimg: An error that should not happen: RuntimeError: Cookie: " in last
    (report,) = (kept / "home").glob("flowimg-report-*.txt")
    assert f"flowimg: A report without credentials is in {report}\r\n" in last
    assert "Traceback" not in last
    text = report.read_text("utf-8")
    assert "in break_down" in text
    assert "flowimg_tui.workspace.profiles: Added profile demo" in text
    assert "120×40" in text
    assert "Unexpected error on the screen" in (kept / "home" / "flowimg.log").read_text("utf-8")
    for place in (terminal.seen.decode(), text, (kept / "home" / "flowimg.log").read_text("utf-8")):
        assert SECRET not in place
    assert stat.S_IMODE(report.stat().st_mode) == 0o600


def test_an_error_in_the_thread_of_the_keys_ends_the_app_with_1_and_a_report(kept: Path) -> None:
    with Terminal(*demo_in(kept), program=IN_THE_KEYS) as terminal:
        terminal.wait_for(b"Press s to sync")
        terminal.press(b"?")
        assert terminal.end() == 1
    assert is_restored(terminal)
    assert b"Traceback" not in terminal.seen
    (report,) = (kept / "home").glob("flowimg-report-*.txt")
    assert "RuntimeError: not understood" in report.read_text("utf-8")


def test_the_report_of_a_demo_outlives_its_folder(tmp_path: Path) -> None:
    own = {"HOME": str(tmp_path), "FLOWIMG_HOME": str(tmp_path / "own"), "TMPDIR": str(tmp_path)}
    with Terminal("demo", program=BY_A_KEY, variables=own) as terminal:
        terminal.wait_for(b"Press s to sync")
        terminal.press(b"?")
        assert terminal.end() == 1
    named = re.search(r"is in (\S+)\r\n", terminal.seen.decode())
    assert named is not None
    report = Path(named[1])
    assert report.parent == tmp_path / "own"
    assert "Added profile demo" in report.read_text("utf-8")
    assert not list(tmp_path.glob("flowimg-demo-*"))
