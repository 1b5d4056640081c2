"""``flowimg``: the way in. The bare name opens the app at once; whatever is said behind it is a command."""

import io
import logging
import os
import signal
import sys

import flowimg_tui
from flowimg_tui.cli import output
from flowimg_tui.cli.streams import Unwritable

log = logging.getLogger(__name__)


def main() -> None:
    """Run the command line, and let no unexpected error pass as a traceback full of data."""
    # A terminal that has no sign for a character shows another one; the listing goes on.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    # Until the log is open, what would go there goes nowhere: logging's own last resort is the terminal.
    logging.getLogger(flowimg_tui.__name__).addHandler(logging.NullHandler())
    try:
        if sys.argv[1:] == ["--version"]:
            # Nothing else is loaded for it.
            output.write_version()
            output.flush()
        else:
            _run()
    except KeyboardInterrupt:
        # Before a command or the app has listened to it.
        sys.exit(128 + signal.SIGINT)
    except BrokenPipeError:
        # The reader of stdout has gone.
        from flowimg_tui.cli.diagnostics import ExitCode

        sys.exit(ExitCode.ERROR)
    except Unwritable as error:
        from flowimg_tui.cli.diagnostics import exit_code_of, tell

        tell(f"flowimg: {error}")
        sys.exit(exit_code_of(error))
    except Exception as error:
        from flowimg_tui.cli.diagnostics import ExitCode, tell_bug

        tell_bug(error)
        log.exception("Unexpected error")
        sys.exit(ExitCode.ERROR)


def _run() -> None:
    """Open the app for the bare name alone: the commands, which it does not need, take long to load."""
    from flowimg_tui.cli import diagnostics

    try:
        if len(sys.argv) > 1 or _is_asked_to_complete():
            from flowimg_tui.cli import commands

            commands.run()
        else:
            from flowimg_tui.cli.screen import open_app

            sys.exit(open_app())
    finally:
        diagnostics.flush()


def _is_asked_to_complete() -> bool:
    """Tell whether a shell asks what can stand on its line: it says so in the environment alone."""
    return any(name.startswith("_") and name.endswith("_COMPLETE") for name in os.environ)
