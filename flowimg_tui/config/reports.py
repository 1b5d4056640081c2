"""The report of an error that should not happen: a file for whoever mends it, without credentials in it.

It holds the traceback without the variables, and the end of the log, which is redacted already.
"""

import contextlib
import os
import platform
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from flowimg_tui import __version__
from flowimg_tui.config.private_file import write_private
from flowimg_tui.safe_text import safe_text
from flowimg_tui.secret import redact

_REPORTS_KEPT: Final = 5
_LOG_LINES: Final = 50
_LOG_TAIL: Final = 512 * 1024
_TRACE_LINES: Final = 200
_LINE_LIMIT: Final = 8000
_SUMMARY_LIMIT: Final = 300
_NAME: Final = re.compile(r"flowimg-report-[0-9T.-]+Z\.txt")


def report_error(error: BaseException, log: Path | None, folder: Path | None = None) -> tuple[str, str]:
    """Write a report of ``error``, and return two sentences: what happened, and where the report is.

    It goes beside ``log``, or into ``folder`` where that is given. Raises nothing: the second says it
    where no report can be written. They are two because the first may be masked from somewhere on to its end.
    """
    return f"An error that should not happen: {_summary(error)}.", _told_report(error, log, folder)


def _told_report(error: BaseException, log: Path | None, folder: Path | None) -> str:
    if log is None:
        return "There is no folder for a report."
    try:
        return f"A report without credentials is in {_write(error, log, folder or log.parent)}"
    except OSError as lack:
        return f"No report could be written: {lack.strerror}; the log may tell more."


def _summary(error: BaseException) -> str:
    said = "".join(traceback.format_exception_only(error)).strip()
    return safe_text(redact(said), _SUMMARY_LIMIT).rstrip(".")


def _write(error: BaseException, log: Path, folder: Path) -> Path:
    now = datetime.now(UTC)
    path = folder / f"flowimg-report-{now:%Y-%m-%dT%H-%M-%S.%f}Z.txt"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = "\n".join((*_heading(now, os.environ), "", *_trace(error), "", *_end_of(log), ""))
    write_private(path, text.encode("utf-8", "replace"))
    _remove_old(folder, path)
    return path


def _heading(now: datetime, environment: Mapping[str, str]) -> Iterator[str]:
    # Long to load, and wanted by nothing but a report.
    from importlib.metadata import version

    facts = {
        "time": f"{now:%Y-%m-%d %H:%M:%S} UTC",
        "flowimg": __version__,
        "platform": platform.platform(),
        "python": platform.python_version(),
        "textual": version("textual"),
        "TERM": environment.get("TERM", "not set"),
        "size": _size(),
        "SSH": "yes" if environment.get("SSH_CONNECTION") else "no",
    }
    yield "A report of flowimg: an error that should not happen."
    for name, fact in facts.items():
        yield f"{name + ':':<10}{safe_text(redact(fact), _LINE_LIMIT)}"


def _size() -> str:
    for stream in (sys.__stderr__, sys.__stdin__):
        try:
            if stream is not None:
                columns, rows = os.get_terminal_size(stream.fileno())
                return f"{columns}×{rows}"
        except (OSError, ValueError):
            continue
    return "no terminal"


def _trace(error: BaseException) -> list[str]:
    """Return the lines of the traceback; of a very long one the begin and the end."""
    text = "".join(traceback.TracebackException.from_exception(error, capture_locals=False).format())
    # As a whole: a credential may run over the end of a line.
    lines = [safe_text(line, _LINE_LIMIT) for line in redact(text).split("\n")]
    if len(lines) > _TRACE_LINES:
        half = _TRACE_LINES // 2
        lines[half:-half] = [f"… {len(lines) - 2 * half} lines …"]
    return lines


def _end_of(log: Path) -> Iterator[str]:
    yield f"The last lines of {safe_text(str(log), _LINE_LIMIT)}:"
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LOG_TAIL))
            tail = file.read(_LOG_TAIL)
    except OSError as error:
        yield f"It cannot be read: {error.strerror}."
        return
    for line in tail.decode("utf-8", "replace").splitlines()[-_LOG_LINES:]:
        yield safe_text(redact(line), _LINE_LIMIT)


def _remove_old(folder: Path, latest: Path) -> None:
    """Keep the last reports; ``latest`` is one of them, whatever the clock has said before."""
    older = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name) and path != latest)
    for path in older[: 1 - _REPORTS_KEPT]:
        # One more that stays is no reason to call the new one not written.
        with contextlib.suppress(OSError):
            path.unlink()
