"""``flowimg profile``: whose galleries are mirrored here."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from flowimg_tui.cli.diagnostics import ExitCode, ask, fail, tell
from flowimg_tui.cli.options import AsJson, opened_workspace
from flowimg_tui.cli.output import write_json, write_json_list, write_line, write_table
from flowimg_tui.humane import count_of, format_moment
from flowimg_tui.store.records import ProfileRecord
from flowimg_tui.workspace import Workspace

COOKIES_LIMIT: Final = 256 * 1024

app = typer.Typer(help="Add, edit, list, show and remove profiles.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", show_default=False)]


@app.command()
def add(
    name: Name,
    cookies: Annotated[
        str,
        typer.Option(metavar="FILE|-", help="A file with the Cookie header of labs.google; - is stdin."),
    ],
    output: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Where the profile's pictures go.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add a profile with the cookies of a signed-in browser."""
    header = _read_cookies(cookies)
    with opened_workspace() as workspace:
        profile = workspace.add_profile(name, header, output)
        tell(f"Added {name}. Its pictures go to {workspace.output_folder(profile)}.")
        tell(f"Next: flowimg sync --profile {name}")
        if as_json:
            write_json(_described(workspace, profile))


@app.command()
def edit(
    name: Name,
    cookies: Annotated[
        str, typer.Option(metavar="FILE|-", help="A file with the new Cookie header; - is stdin.")
    ],
    as_json: AsJson = False,
) -> None:
    """Give a profile new cookies, as after its session has ended. Records and files stay."""
    header = _read_cookies(cookies)
    with opened_workspace() as workspace:
        profile = workspace.profile(name)
        workspace.replace_cookies(profile, header)
        if as_json:
            write_json(_described(workspace, profile))
    tell(f"{name} has new cookies. Next: flowimg sync --profile {name}")


@app.command("list")
def list_profiles(as_json: AsJson = False) -> None:
    """List the profiles."""
    with opened_workspace() as workspace:
        profiles = workspace.gallery.profiles()
        if as_json:
            write_json_list("profiles", (_described(workspace, profile) for profile in profiles))
        elif profiles:
            rows = [
                (profile.name, profile.service, profile.account or "", format_moment(profile.synced_at))
                for profile in profiles
            ]
            write_table(("profile", "service", "account", "last sync"), rows)
        else:
            tell("There is no profile yet. Add one: flowimg profile add NAME --cookies FILE")


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """Show one profile. Its credentials are never shown."""
    with opened_workspace() as workspace:
        described = _described(workspace, workspace.profile(name))
    if as_json:
        write_json(described)
    else:
        for key, value in described.items():
            write_line(f"{key:<11} {'' if value is None else value}")


@app.command()
def remove(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove a profile: its records and credentials. Its files stay."""
    with opened_workspace() as workspace:
        profile = workspace.profile(name)
        images = workspace.gallery.counts(profile.id).images
        what = f"{name} with its credentials and {count_of(images, 'image record')}; files on disk stay"
        if not yes and not _agreed(f"Remove {what}?"):
            fail(f"Nothing was removed. To remove {what}, say --yes.", ExitCode.USAGE)
        removed = workspace.remove_profile(profile)
    tell(f"Removed {name} and {count_of(removed, 'image record')}. Files on disk stay.")
    if as_json:
        write_json({"profile": name, "deleted": removed})


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        return False
    ask(f"{question} [y/N] ")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _read_cookies(source: str) -> str:
    try:
        if source == "-":
            data = sys.stdin.buffer.read(COOKIES_LIMIT + 1)
        else:
            with Path(source).open("rb") as file:
                data = file.read(COOKIES_LIMIT + 1)
    except (OSError, ValueError) as error:
        # What was given is not repeated: pasted in place of a file's name, it may be the secret itself.
        reason = error.strerror if isinstance(error, OSError) else error
        fail(
            f"--cookies names no file that can be read: {reason}. It wants one, or - for stdin.",
            ExitCode.USAGE,
        )
    if len(data) > COOKIES_LIMIT:
        fail(f"--cookies: more than {COOKIES_LIMIT} bytes, that is no Cookie header.", ExitCode.USAGE)
    return data.decode("utf-8", "replace")


def _described(workspace: Workspace, profile: ProfileRecord) -> dict[str, object]:
    return {
        "name": profile.name,
        "service": profile.service,
        "account": profile.account,
        "output": str(workspace.output_folder(profile)),
        "created_at": profile.created_at,
        "synced_at": profile.synced_at,
    }
