"""The commands of ``flowimg``, and the app where none is named behind its options."""

from typing import Annotated

import typer

from flowimg_tui.cli import actions, config, demo, output, profiles, upkeep, views
from flowimg_tui.cli.diagnostics import ExitCode, fail
from flowimg_tui.cli.options import NoMouse
from flowimg_tui.cli.output import write_version
from flowimg_tui.cli.screen import open_app

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


def run() -> None:
    """Do what the arguments of the process say."""
    try:
        app()
    finally:
        output.flush()


def _tell_version(wanted: bool) -> None:
    if wanted:
        write_version()
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
    raise typer.Exit(open_app(no_mouse=no_mouse))
