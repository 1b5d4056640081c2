"""The first things that somebody types: the bare name, --version, --help, and things that do not exist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from flowimg_tui import __version__
from tests.cli.helpers import Installation
from tests.forks import MAIN


def test_version_tells_the_version(flowimg: Installation) -> None:
    answer = flowimg.quick("--version")

    assert (answer.code, answer.stdout, answer.stderr) == (0, f"flowimg {__version__}\n", "")


def test_help_names_every_command(flowimg: Installation) -> None:
    answer = flowimg.quick("--help")

    assert (answer.code, answer.stderr) == (0, "")
    for command in ("demo", "sync", "download", "refresh", "status", "list", "profile"):
        assert re.search(rf"(?m)^  {command} ", answer.stdout)


@pytest.mark.parametrize(
    "command",
    ["demo", "sync", "download", "refresh", "status", "list", "profile", *(
        f"profile {name}" for name in ("add", "edit", "check", "list", "show", "remove")
    )],
)  # fmt: skip
def test_every_command_explains_itself_and_knows_json(flowimg: Installation, command: str) -> None:
    answer = flowimg.quick(*command.split(), "-h")

    assert answer.code == 0
    assert command == "profile" or "--json" in answer.stdout


def test_version_and_help_leave_no_trace(flowimg: Installation) -> None:
    flowimg.quick("--version")
    flowimg.quick("--help")

    assert not flowimg.home.exists()


def test_without_a_terminal_the_app_and_its_demo_end_with_2_and_a_hint(flowimg: Installation) -> None:
    for answer in (flowimg.run(), flowimg.quick("demo")):
        assert (answer.code, answer.stdout) == (2, "")
        assert "needs a terminal" in answer.stderr
        assert "flowimg sync" in answer.stderr
    assert not flowimg.home.exists()


def test_at_a_dumb_terminal_the_app_ends_with_2_and_a_hint(flowimg: Installation) -> None:
    answer, shown = flowimg.at_terminal(term="dumb")

    assert (answer.code, answer.stdout) == (2, "")
    assert "needs a terminal" in shown
    assert "\x1b" not in shown


def test_the_mouse_is_no_matter_of_a_command_without_a_screen(flowimg: Installation) -> None:
    answer = flowimg.quick("--no-mouse", "status")

    assert (answer.code, answer.stdout) == (2, "")
    assert "--no-mouse is for the app" in answer.stderr
    assert "--no-mouse" in flowimg.quick("--help").stdout
    assert "--no-mouse" in flowimg.quick("demo", "--help").stdout


@pytest.mark.parametrize(
    "arguments",
    ["nonsense", "sync --nonsense", "profile nonsense", "refresh", "profile add", "profile show"],
)
def test_what_does_not_exist_or_lacks_a_word_ends_with_2(flowimg: Installation, arguments: str) -> None:
    answer = flowimg.quick(*arguments.split())

    assert (answer.code, answer.stdout) == (2, "")
    assert "Usage: " in answer.stderr
    assert not flowimg.home.exists()


def test_a_shell_completes_the_commands(flowimg: Installation) -> None:
    # A shell knows the command by its name alone, and gives it no argument.
    command = flowimg.folder / "flowimg"
    command.write_text(MAIN, "utf-8")
    asking = {"_FLOWIMG_COMPLETE": "complete_bash", "COMP_WORDS": "flowimg sta", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, str(command)],
        env={**flowimg.environment, **asking},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["status"], "")
