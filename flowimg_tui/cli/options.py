"""Options that several commands share, and what they mean together."""

from typing import Annotated, TypeAlias

import typer

from flowimg_tui.cli.diagnostics import ExitCode, fail
from flowimg_tui.store.records import ProfileRecord
from flowimg_tui.workspace import Workspace

ProfileName: TypeAlias = Annotated[
    str | None,
    typer.Option("--profile", envvar="FLOWIMG_PROFILE", metavar="NAME", help="The profile to work on."),
]
AllProfiles: TypeAlias = Annotated[bool, typer.Option("--all", help="Every profile, one after the other.")]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Answer with one JSON object on stdout.")]
AsJsonLines: TypeAlias = Annotated[
    bool, typer.Option("--jsonl", help="Write each event as a line of JSON to stdout.")
]
NoMouse: TypeAlias = Annotated[
    bool, typer.Option("--no-mouse", help="Leave the mouse to the terminal, to select and copy with it.")
]


def chosen_profiles(workspace: Workspace, name: str | None, every: bool) -> list[ProfileRecord]:
    """Return the profiles that ``--profile`` or ``--all`` means; the only one there is needs no naming."""
    if name is not None and every:
        fail("Say --profile or --all, not both.", ExitCode.USAGE)
    if name is not None:
        return [workspace.profiles.named(name)]
    profiles = workspace.gallery.profiles()
    if not profiles:
        fail("There is no profile yet. Add one: flowimg profile add NAME --cookies FILE", ExitCode.USAGE)
    if len(profiles) > 1 and not every:
        names = ", ".join(profile.name for profile in profiles)
        fail(f"Which profile? Say --profile NAME or --all. There are: {names}.", ExitCode.USAGE)
    return profiles
