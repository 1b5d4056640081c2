"""The log: a rotating file in the home, one line an event, nothing secret in it, nothing on the terminal."""

import logging
import logging.handlers
import os
import time
from collections import deque
from contextlib import nullcontext
from io import TextIOWrapper
from pathlib import Path
from typing import Final

from flowimg_tui.safe_text import ELLIPSIS, safe_text
from flowimg_tui.secret import redact

_FILE_BYTES: Final = 2 * 1024 * 1024
_FILES_KEPT: Final = 3
_LINE_LIMIT: Final = 8000
_LINES_KEPT: Final = 2000
_ROOT: Final = "flowimg_tui"
_HARMLESS: Final = "harmless"
"""The attribute of a record that has its message and its traceback as they may be seen."""
_PLAIN: Final = logging.Formatter()


class _PrivateFileHandler(logging.handlers.RotatingFileHandler):
    """Makes each file of the rotation readable by its owner only, from its first byte on."""

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        os.fchmod(descriptor, 0o600)
        return os.fdopen(descriptor, "a", encoding=self.encoding, errors=self.errors)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Do without the record.

        Logging would write a traceback to stderr, into the middle of a screen or of what a script reads,
        once for each record. What keeps the log from being written, as a full disk does, keeps the run from
        its work as well, and the run tells of it.
        """


class _OneLineFormatter(logging.Formatter):
    """Makes what a record says, its traceback too, one harmless line, and that once for all handlers."""

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"
    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        if _HARMLESS not in record.__dict__:
            record.__dict__[_HARMLESS] = safe_text(_shortened(redact(_PLAIN.format(record))), _LINE_LIMIT)
        record.asctime = self.formatTime(record)
        return self.formatMessage(record)


def _shortened(text: str) -> str:
    """Return the text without its middle where it is too long: a traceback says at its end what happened."""
    if len(text) <= _LINE_LIMIT:
        return text
    begin = _LINE_LIMIT // 4
    return f"{text[:begin]}{ELLIPSIS}{text[begin + 1 - _LINE_LIMIT :]}"


class _ShortFormatter(_OneLineFormatter):
    """The same for a screen that is read now: the time of day, without the module."""

    default_time_format = "%H:%M:%S"
    default_msec_format = None  # type: ignore[assignment]
    converter = staticmethod(time.localtime)


class RecentLines(logging.Handler):
    """The last lines of the log in memory, for a face that shows them. Safe to use from any thread."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(_ShortFormatter(f"%(asctime)s %(levelname)s %({_HARMLESS})s"))
        self._lines: deque[tuple[str, str]] = deque(maxlen=_LINES_KEPT)
        self._written = 0

    def emit(self, record: logging.LogRecord) -> None:
        # The handler's own lock is held here.
        self._lines.append((record.levelname, self.format(record)))
        self._written += 1

    def since(self, seen: int) -> tuple[int, list[tuple[str, str]]]:
        """Return how many lines there were so far, and those that came after the first ``seen``.

        A line is its level and its text. Of very many new ones the oldest are missing.
        """
        with self.lock or nullcontext():
            new = min(self._written - seen, len(self._lines))
            return self._written, list(self._lines)[len(self._lines) - new :]


def start_log(path: Path, level: str) -> RecentLines:
    """Send the package's log records to ``path``, and return those that come from now on.

    Raises ``OSError`` where the file cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = _PrivateFileHandler(
        path, maxBytes=_FILE_BYTES, backupCount=_FILES_KEPT, encoding="utf-8", errors="backslashreplace"
    )
    handler.setFormatter(_OneLineFormatter(f"%(asctime)s %(levelname)s %(name)s: %({_HARMLESS})s"))
    logger = logging.getLogger(_ROOT)
    logger.setLevel(level.upper())
    logger.propagate = False
    for old in logger.handlers[:]:
        logger.removeHandler(old)
        old.close()
    recent = RecentLines()
    logger.addHandler(handler)
    logger.addHandler(recent)
    # httpx tells each URL with its signature, at INFO; peewee each value of each statement, at DEBUG.
    for noisy in ("httpx", "httpcore", "asyncio", "peewee"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
        logging.getLogger(noisy).propagate = False
        logging.getLogger(noisy).handlers = [handler]
    return recent
