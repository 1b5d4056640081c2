"""``flowimg``: the commands, and the app where none is named."""

import io
import logging
import sys
from typing import Annotated

import typer

import flowimg_tui
from flowimg_tui.cli import actions, config, demo, diagnostics, output, profiles, upkeep, views
from flowimg_tui.cli.diagnostics import (
    ExitCode,
    exit_code_of,
    fail,
    refuse_without_terminal,
    tell,
    tell_bug,
)
from flowimg_tui.cli.options import opened_workspace
from flowimg_tui.cli.output import write_line
from flowimg_tui.cli.screen import NoMouse, flags_of, show_app
from flowimg_tui.cli.streams import Unwritable

log = logging.getLogger(__name__)

app = typer.Typer(
    name="flowimg",
    help="Mirror your Google Flow image gallery to this machine. Without a command: the app.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(profiles.app, name="profile")
app.add_typer(config.app, name="config")
app.command()(demo.demo)
app.command()(actions.sync)
app.command()(actions.download)
app.command()(actions.retry)
app.command()(upkeep.verify)
app.command()(upkeep.refresh)
app.command()(views.status)
app.command("list")(views.list_images)


def main() -> None:
    """Run the command line, and let no unexpected error pass as a traceback full of data."""
    # A terminal that has no sign for a character shows another one; the listing goes on.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    # Until the log is open, what would go there goes nowhere: logging's own last resort is the terminal.
    logging.getLogger(flowimg_tui.__name__).addHandler(logging.NullHandler())
    try:
        try:
            app()
        finally:
            diagnostics.flush()
            output.flush()
    except BrokenPipeError:
        # The reader of stdout has gone.
        sys.exit(ExitCode.ERROR)
    except Unwritable as error:
        tell(f"flowimg: {error}")
        sys.exit(exit_code_of(error))
    except Exception as error:
        tell_bug(error)
        log.exception("Unexpected error")
        sys.exit(ExitCode.ERROR)


def _tell_version(wanted: bool) -> None:
    if wanted:
        write_line(f"flowimg {flowimg_tui.__version__}")
        raise typer.Exit


@app.callback()
def _app(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Tell the version.")
    ] = False,
    no_mouse: NoMouse = False,
) -> None:
    if context.invoked_subcommand is not None:
        if no_mouse:
            fail("--no-mouse is for the app: say it without a command, or behind demo.", ExitCode.USAGE)
        return
    refuse_without_terminal()
    with opened_workspace(**flags_of(no_mouse)) as workspace:
        code = show_app(workspace)
    raise typer.Exit(code)
