"""The log: one harmless line an event, nothing secret in it, nothing on the terminal."""

import json
import logging
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowimg_tui.config.logs import start_log

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [A-Z]+ [\w.]+: .*")
log = logging.getLogger("flowimg_tui.test")


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A log file; the loggers are afterwards as they were before."""
    loggers = [logging.getLogger(name) for name in ("flowimg_tui", "httpx", "httpcore", "asyncio")]
    before = [(logger.level, logger.propagate, logger.handlers[:]) for logger in loggers]
    yield tmp_path / "home" / "flowimg.log"
    for handler in logging.getLogger("flowimg_tui").handlers:
        handler.close()
    for logger, (level, propagate, handlers) in zip(loggers, before, strict=True):
        logger.setLevel(level)
        logger.propagate = propagate
        logger.handlers[:] = handlers


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").split("\n")[:-1]


@pytest.mark.parametrize(
    "message",
    ["a\nb", "a\r\nb", "a\x0bb\x0cc", "a\x85b\u2028c\u2029d", "\x1b]0;title\x07", "\x9b2J", "a\u202egpj.exe"],
)
def test_a_record_is_one_line_without_control_characters(path: Path, message: str) -> None:
    start_log(path, "info")
    log.info("before %s after", message)
    (line,) = lines(path)
    assert LINE.fullmatch(line)
    assert line.isprintable()
    assert "before" in line
    assert "after" in line
    assert path.read_text("utf-8").splitlines() == [line]


def test_a_traceback_is_part_of_the_line(path: Path) -> None:
    start_log(path, "info")
    try:
        json.loads("{\n oops")
    except ValueError:
        log.exception("It failed with\ntwo lines")
    (line,) = lines(path)
    assert "It failed with two lines" in line
    assert "Traceback" in line
    assert "JSONDecodeError: " in line
    assert line.isprintable()


def test_a_lone_surrogate_does_not_break_the_log(path: Path) -> None:
    start_log(path, "info")
    log.info("name \udcff end")
    (line,) = lines(path)
    assert line.endswith(" end")


def test_a_very_long_message_loses_its_middle_and_keeps_its_end(path: Path) -> None:
    start_log(path, "info")
    log.info("the begin %s the end", "x" * 100_000)
    (line,) = lines(path)
    assert len(line) < 10_000
    assert "the begin x" in line
    assert line.endswith("x the end")


SECRET = "caNaRy0123456789caNaRy0123456789caN"


@pytest.mark.parametrize(
    "message",
    [
        f"Cookie: a=b; __Secure-next-auth.session-token={SECRET}",
        f"set-cookie: __Secure-next-auth.session-token.0={SECRET}; Path=/",
        f"{{'cookie': '__Secure-next-auth.session-token={SECRET}'}}",
        f"authorization: Bearer {SECRET}",
        f"'Authorization': 'Bearer {SECRET}'",
        f'{{"access_token":"ya29.{SECRET}"}}',
        f"https://h/v1/media/n?key={SECRET}&x=1",
        f"the key AIza{SECRET} was refused",
        f"https://storage.googleapis.com/i?GoogleAccessId=a&Expires=1&Signature={SECRET}%2B",
        f"/batchexecute?rpcids=x&at={SECRET}&x",
    ],
)
def test_secrets_are_masked(path: Path, message: str) -> None:
    start_log(path, "debug")
    log.error("before %s", message)
    log.error("arguments", exc_info=ValueError(message))
    text = path.read_text("utf-8")
    assert "before" in text
    assert "caNaRy" not in text


def test_the_messages_of_the_http_library_keep_their_urls_to_themselves(path: Path) -> None:
    start_log(path, "debug")
    logging.getLogger("httpx").info('HTTP Request: GET https://h/image/k?Expires=1 "HTTP/1.1 200 OK"')
    logging.getLogger("httpx").warning("something odd")
    (line,) = lines(path)
    assert "something odd" in line


@pytest.mark.parametrize(("level", "kept"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level_decides_what_is_kept(path: Path, level: str, kept: int) -> None:
    start_log(path, level)
    for severity in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        log.log(severity, "said")
    assert len(lines(path)) == kept


def test_only_the_owner_can_read_the_log(path: Path) -> None:
    start_log(path, "info")
    log.info("said")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_log_that_others_could_read_is_closed_to_them(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("of an older version\n")
    path.chmod(0o644)
    start_log(path, "info")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == "of an older version\n"


def test_a_long_log_is_rotated_and_only_the_owner_can_read_any_part_of_it(path: Path) -> None:
    start_log(path, "info")
    for _ in range(300):
        log.info("x" * 7900)
    parts = sorted(path.parent.iterdir())
    assert [part.name for part in parts] == ["flowimg.log", "flowimg.log.1"]
    assert {part.name: stat.S_IMODE(part.stat().st_mode) for part in parts} == {
        "flowimg.log": 0o600,
        "flowimg.log.1": 0o600,
    }


def test_starting_again_writes_each_record_once_to_the_new_place(path: Path, tmp_path: Path) -> None:
    start_log(path, "info")
    start_log(tmp_path / "other.log", "info")
    log.info("said")
    assert lines(path) == []
    assert len(lines(tmp_path / "other.log")) == 1


def test_nothing_reaches_the_terminal(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    start_log(path, "debug")
    for name in ("flowimg_tui.test", "flowimg_tui", "httpx", "httpcore.connection", "asyncio"):
        logging.getLogger(name).error("said by %s", name)
    assert len(lines(path)) == 5
    assert capfd.readouterr() == ("", "")


def test_a_log_that_cannot_be_written_is_an_error_of_the_system(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        start_log(path, "info")


def test_the_recent_lines_are_those_that_came_since_redacted_and_harmless(tmp_path: Path) -> None:
    recent = start_log(tmp_path / "flowimg.log", "info")
    logger = logging.getLogger("flowimg_tui.test")
    logger.info("one")
    logger.debug("not asked for")
    seen, lines = recent.since(0)
    assert [(level, line.split(" ", 2)[2]) for level, line in lines] == [("INFO", "one")]
    logger.warning("cookie: %s\x1b[2J", "invented")
    seen, lines = recent.since(seen)
    ((level, line),) = lines
    assert level == "WARNING"
    assert "invented" not in line
    assert "\x1b" not in line
    assert recent.since(seen) == (seen, [])


def test_of_very_many_lines_the_last_ones_are_kept(tmp_path: Path) -> None:
    recent = start_log(tmp_path / "flowimg.log", "info")
    for number in range(2100):
        logging.getLogger("flowimg_tui.test").info("line %d", number)
    written, lines = recent.since(0)
    assert (written, len(lines)) == (2100, 2000)
    assert lines[-1][1].endswith("line 2099")


def test_a_log_that_has_no_room_says_nothing_on_the_terminal(
    path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    start_log(path, "info")
    handlers = logging.getLogger("flowimg_tui").handlers
    (handler,) = (one for one in handlers if isinstance(one, logging.FileHandler))
    assert handler.stream is not None
    handler.stream.close()
    with Path("/dev/full").open("w") as full:
        handler.stream = full
        for _ in range(3):
            log.info("said")
        assert capfd.readouterr() == ("", "")
        # What it could not write it would try again at the end of the test.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, full.fileno())
        os.close(nowhere)
    handler.stream = handler._open()
    log.info("said when there is room again")
    (line,) = lines(path)
    assert line.endswith("there is room again")
