"""The app, opened by its bare name or by a command."""

from pathlib import Path

from flowimg_tui.cli.diagnostics import opened_workspace, refuse_without_terminal, tell
from flowimg_tui.workspace import Workspace


def open_app(*, no_mouse: bool = False) -> int:
    """Show the app of this installation until it ends, and return the exit code for the process."""
    refuse_without_terminal()
    with opened_workspace(**flags_of(no_mouse)) as workspace:
        return show_app(workspace)


def flags_of(no_mouse: bool) -> dict[str, object]:
    """Return what the flag says as a setting; without it the other places decide."""
    return {"mouse": False if no_mouse else None}


def show_app(workspace: Workspace, reports: Path | None = None) -> int:
    """Show the app until it ends, tell what it leaves to tell, and return the exit code for the process.

    ``reports`` is as for ``run_app``. Raises ``WorkspaceError`` for settings that cannot be used.
    """
    from flowimg_tui.tui.terminal import run_app

    ending = run_app(workspace, reports=reports)
    for line in ending.lines:
        tell(f"flowimg: {line}")
    return ending.code
