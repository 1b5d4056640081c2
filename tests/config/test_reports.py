"""The report of an error that should not happen: enough to mend it, and nothing that must not be shown."""

import os
import stat
from pathlib import Path

import pytest

from flowimg_tui import __version__
from flowimg_tui.config.reports import report_error
from flowimg_tui.secret import MASK

SECRET = "caNaRy0123456789caNaRy0123456789"
COOKIE = f"__Secure-next-auth.session-token={SECRET}"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder / "flowimg.log"


def broken(message: str) -> Exception:
    """Return an error as it is caught, with a traceback whose frames know a secret."""

    def deep_inside() -> None:
        known_here = SECRET[:8]
        raise RuntimeError(message + known_here[:0])

    try:
        deep_inside()
    except RuntimeError as error:
        return error
    pytest.fail("nothing was raised")


def reports(folder: Path) -> list[Path]:
    return sorted(folder.glob("flowimg-report-*.txt"))


def test_it_says_where_it_happened_and_on_what(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-kitty")
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22")
    told = report_error(broken("a bug"), log)

    (report,) = reports(log.parent)
    assert told == (
        "An error that should not happen: RuntimeError: a bug.",
        f"A report without credentials is in {report}",
    )
    text = report.read_text("utf-8")
    for fact in (__version__, "Linux", "3.1", "8.2", "xterm-kitty", "SSH:", "size:", "UTC"):
        assert fact in text
    assert "192.0.2" not in text
    assert "in deep_inside" in text
    assert "RuntimeError: a bug" in text


def test_neither_the_variables_nor_the_text_of_the_error_give_a_secret_away(log: Path) -> None:
    told = report_error(broken(f"Cookie: {COOKIE}; and {COOKIE}"), log)

    text = reports(log.parent)[0].read_text("utf-8")
    assert "RuntimeError: Cookie: " in text
    assert MASK in text
    assert MASK in told[0]
    assert "caNaRy" not in text + "".join(told)


def test_causes_and_notes_are_told_and_masked(log: Path) -> None:
    error = RuntimeError("the second")
    error.__cause__ = broken(f"the first, with {COOKIE}")
    error.add_note(f"noted: {COOKIE}")
    report_error(error, log)

    text = reports(log.parent)[0].read_text("utf-8")
    assert "the first, with " in text
    assert "noted: " in text
    assert "direct cause" in text
    assert "caNaRy" not in text


def test_it_ends_with_the_last_lines_of_the_log(log: Path) -> None:
    log.write_text("".join(f"line {number}\n" for number in range(200)), "utf-8")
    report_error(broken("a bug"), log)

    lines = reports(log.parent)[0].read_text("utf-8").splitlines()
    assert lines[-50:] == [f"line {number}" for number in range(150, 200)]
    assert "line 149" not in lines


def test_a_log_that_is_long_missing_or_of_an_older_version_is_no_obstacle(log: Path) -> None:
    report_error(broken("a bug"), log)
    assert "cannot be read: No such file" in reports(log.parent)[-1].read_text("utf-8")

    log.write_bytes(b"x" * 5_000_000 + f"\n\x1b]0;title\x07 \xff {COOKIE}\n".encode("latin-1"))
    report_error(broken("a bug"), log)
    text = reports(log.parent)[-1].read_text("utf-8")
    assert len(text) < 100_000
    assert "title" in text
    assert "\x1b" not in text
    assert "caNaRy" not in text


def test_nothing_in_the_error_can_steer_a_terminal_or_make_the_report_endless(log: Path) -> None:
    told = report_error(broken("\x1b]52;c;x\x07\x9b2J" + "long " * 100_000 + "\n" * 20_000), log)

    text = reports(log.parent)[0].read_text("utf-8")
    assert all(line.isprintable() for line in text.splitlines())
    assert "\x1b" not in told[0]
    assert len(told[0]) < 1000
    assert len(text) < 100_000


def test_only_the_owner_can_read_it_and_it_is_there_as_a_whole(log: Path) -> None:
    report_error(broken("a bug"), log)
    (report,) = log.parent.iterdir()
    assert stat.S_IMODE(report.stat().st_mode) == 0o600


def test_the_last_five_are_kept_and_files_of_others_stay(log: Path) -> None:
    mine = log.parent / "flowimg-report-mine.txt"
    mine.write_text("for the issue")
    told = [report_error(broken(f"bug {number}"), log) for number in range(7)]

    kept = [path for path in reports(log.parent) if path != mine]
    assert [where.rpartition(" ")[2] for _, where in told[-5:]] == [str(path) for path in kept]
    assert mine.exists()


def test_a_report_is_kept_whatever_the_clock_said_before(log: Path) -> None:
    for year in range(2090, 2096):
        (log.parent / f"flowimg-report-{year}-01-01T00-00-00.000000Z.txt").touch()
    told = report_error(broken("a bug"), log)
    assert Path(told[1].rpartition(" ")[2]).exists()
    assert len(reports(log.parent)) == 5


def test_it_can_go_to_another_folder_which_is_made(log: Path, tmp_path: Path) -> None:
    log.write_text("the last line\n")
    told = report_error(broken("a bug"), log, tmp_path / "own" / "logs")
    (report,) = reports(tmp_path / "own" / "logs")
    assert told[1].endswith(str(report))
    assert "the last line" in report.read_text("utf-8")
    assert reports(log.parent) == []


def test_where_none_can_be_written_the_error_is_told_all_the_same(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    told = report_error(broken("a bug"), log)
    assert "RuntimeError: a bug" in told[0]
    assert "No report could be written: No space left on device" in told[1]
    assert list(log.parent.iterdir()) == []
    assert report_error(broken("a bug"), None)[1] == "There is no folder for a report."
