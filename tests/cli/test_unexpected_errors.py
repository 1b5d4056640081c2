"""An error that nobody has foreseen: exit code 1, a sentence, and a report that can be shown to others."""

import re
import stat
from pathlib import Path

import pytest

from tests.cli.helpers import Installation

SECRET = "caNaRy0123456789caNaRy"
BROKEN = f"""
from flowimg_tui.cli.app import main
from flowimg_tui.store.gallery import Gallery

def break_down(self):
    known_here = "{SECRET}"
    raise RuntimeError("Cookie: __Secure-next-auth.session-token=" + known_here)

Gallery.profiles = break_down
main()
"""


def broken(flowimg: Installation, *arguments: str, **variables: str) -> tuple[int, str]:
    """Run a command that meets a bug, and return its exit code and its stderr; its stdout must be empty."""
    answer = Installation({**flowimg.environment, **variables}, flowimg.folder).forked(
        *arguments, program=BROKEN
    )
    assert answer.stdout == ""
    return answer.code, answer.stderr


def reports(folder: Path) -> list[Path]:
    return sorted(folder.rglob("flowimg-report-*.txt"))


@pytest.mark.parametrize("command", ["status", "status --json", "sync"])
def test_it_ends_with_1_and_names_a_report_without_secrets(signed_in: Installation, command: str) -> None:
    code, told = broken(signed_in, *command.split())

    (report,) = reports(signed_in.home)
    assert code == 1
    first, second = told.splitlines()
    assert first.startswith("flowimg: An error that should not happen: RuntimeError: Cookie: ")
    assert second == f"flowimg: A report without credentials is in {report}"
    text, log = report.read_text("utf-8"), signed_in.log()
    assert "in break_down" in text
    assert "Added profile studio" in text
    assert "RuntimeError" in log
    assert SECRET not in told + text + log
    assert stat.S_IMODE(report.stat().st_mode) == 0o600


def test_before_there_is_any_home_the_report_makes_one(flowimg: Installation) -> None:
    code, told = broken(flowimg, "status")

    assert code == 1
    assert str(reports(flowimg.home)[0]) in told


def test_the_last_five_reports_are_kept(signed_in: Installation) -> None:
    named = [re.findall(r"is in (\S+)", broken(signed_in, "status")[1])[0] for _ in range(6)]
    assert [str(path) for path in reports(signed_in.home)] == named[1:]


def test_where_there_can_be_no_home_the_error_is_told_all_the_same(flowimg: Installation) -> None:
    code, told = broken(flowimg, "status", FLOWIMG_HOME="~nobody-of-that-name/flowimg")

    assert code == 1
    assert "An error that should not happen: RuntimeError" in told
    assert "There is no folder for a report" in told
    assert "Traceback" not in told
