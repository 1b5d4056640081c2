"""The only writer of stderr, and the home of the exit codes."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum
from typing import Final, NoReturn

from flowimg_tui.cli.streams import Unwritable, written_to
from flowimg_tui.config.locations import Locations
from flowimg_tui.config.reports import report_error
from flowimg_tui.disk import NO_ROOM
from flowimg_tui.flow.errors import FlowError, Moved, NotUnderstood, SignedOut, WrongAccount
from flowimg_tui.mirror.errors import DiskError
from flowimg_tui.safe_text import safe_text
from flowimg_tui.secret import redact
from flowimg_tui.store.database import StoreError
from flowimg_tui.workspace import CredentialsUnusable, ProfileBusy, UnknownProfile, Workspace, WorkspaceError

_MESSAGE_LIMIT: Final = 1000
_CLEAR_LINE: Final = "\r\x1b[K"
_HEADLESS_HINT: Final = (
    "The app needs a terminal. Without one: flowimg sync, flowimg download, flowimg status. "
    "See flowimg --help."
)


class ExitCode(IntEnum):
    """What a script can tell from how a command ended. A signal ends with 128 plus its number."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    SIGN_IN_AGAIN = 3
    SOME_FAILED = 4
    PROFILE_BUSY = 5
    DISK_FULL = 6
    NOT_UNDERSTOOD = 7
    MOVED = 8


def exit_code_of(error: Exception) -> ExitCode:
    """Return the code that tells of this error."""
    match error:
        case SignedOut() | WrongAccount() | CredentialsUnusable():
            return ExitCode.SIGN_IN_AGAIN
        case Moved():
            return ExitCode.MOVED
        case NotUnderstood():
            return ExitCode.NOT_UNDERSTOOD
        case ProfileBusy():
            return ExitCode.PROFILE_BUSY
        case UnknownProfile():
            return ExitCode.USAGE
        case _ if _is_for_want_of_room(error):
            return ExitCode.DISK_FULL
        case _:
            return ExitCode.ERROR


def _is_for_want_of_room(error: BaseException | None) -> bool:
    """Tell whether a full disk is behind the error: it can fill while any file of the home is written."""
    match error:
        case None:
            return False
        case DiskError(full=True) | StoreError(full=True):
            return True
        case OSError(errno=number) if number in NO_ROOM:
            return True
        case _:
            return _is_for_want_of_room(error.__cause__)


@contextmanager
def errors_told() -> Iterator[None]:
    """Turn the errors that a user can mend into a sentence on stderr and an exit code."""
    try:
        yield
    except (WorkspaceError, StoreError, DiskError) as error:
        fail(str(error), exit_code_of(error))


@contextmanager
def opened_workspace(**flags: object) -> Iterator[Workspace]:
    """Open the installation; errors that a user can mend end the command with a sentence."""
    with errors_told(), Workspace(Locations.from_environment(), flags=flags) as workspace:
        yield workspace


def fail(message: str, code: ExitCode) -> NoReturn:
    """Tell why the command ends, and end it."""
    tell(f"flowimg: {message}")
    sys.exit(code)


def refuse_without_terminal() -> None:
    """End with a hint where no terminal is there to draw on: Textual would wait for one for ever."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()) or os.environ.get("TERM") == "dumb":
        fail(_HEADLESS_HINT, ExitCode.USAGE)


def tell_bug(error: Exception) -> None:
    """Tell an error that nobody has foreseen, and where its report is."""
    try:
        log = Locations.from_environment().log
    except RuntimeError:  # FLOWIMG_HOME begins with the home of somebody who is not known
        log = None
    for line in report_error(error, log):
        tell(f"flowimg: {line}")


def tell_error(error: Exception) -> None:
    """Tell an error, and what to do about it."""
    hint = error.hint if isinstance(error, FlowError) else ""
    tell(f"flowimg: {error}{' ' if hint else ''}{hint}")


def tell(message: str) -> None:
    """Write one line for people to stderr."""
    _write(safe_text(redact(message), _MESSAGE_LIMIT) + "\n")


def ask(question: str) -> None:
    """Write a question to stderr; its answer stands behind it on the same line."""
    _write(safe_text(question, _MESSAGE_LIMIT))


def flush() -> None:
    """Hand everything to stderr that others have written there, as the app does."""
    _write("")


def _write(text: str) -> None:
    # Nobody may be there to read it; the exit code tells it all the same, and must be the true one.
    with suppress(BrokenPipeError, Unwritable), written_to(sys.stderr):
        sys.stderr.write(text)
        sys.stderr.flush()


class ProgressLine:
    """One line on stderr that replaces itself; only a terminal gets it."""

    def __init__(self) -> None:
        self.live = sys.stderr.isatty()
        self._shown = ""

    def show(self, text: str) -> None:
        """Show ``text`` in place of what the line said before."""
        line = safe_text(text, max(_columns() - 1, 10))
        if self.live and line != self._shown:
            _write(_CLEAR_LINE + line)
            self._shown = line

    def clear(self) -> None:
        if self._shown:
            _write(_CLEAR_LINE)
            self._shown = ""

    def tell(self, message: str) -> None:
        """Write a line that stays, above the one that replaces itself."""
        shown = self._shown
        self.clear()
        tell(message)
        if shown:
            self.show(shown)


def _columns() -> int:
    """Return the width of the terminal on stderr; stdout may go elsewhere."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns
    except OSError:
        return 80
