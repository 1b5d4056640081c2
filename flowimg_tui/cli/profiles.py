"""``flowimg profile``: whose galleries are mirrored here."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from flowimg_tui.cli.diagnostics import ExitCode, ask, exit_code_of, fail, opened_workspace, tell
from flowimg_tui.cli.options import AsJson
from flowimg_tui.cli.output import write_json, write_json_list, write_line, write_table
from flowimg_tui.cli.prompt import read_secret
from flowimg_tui.cli.stopping import run_or_exit
from flowimg_tui.flow.session import SessionCheck, SessionState
from flowimg_tui.humane import count_of, format_moment
from flowimg_tui.store.records import ProfileRecord
from flowimg_tui.workspace import NewCookies, Workspace

COOKIES_LIMIT: Final = 256 * 1024

app = typer.Typer(help="Add, edit, list, show, check and remove profiles.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", show_default=False)]
Cookies = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|-",
        help="A file with the cookies, in any form that browsers give; - is stdin. Else they are asked for.",
    ),
]
Output = Annotated[
    str | None, typer.Option(metavar="FOLDER", help="Where the profile's pictures go; '' is the default.")
]


@app.command()
def add(name: Name, cookies: Cookies = None, output: Output = None, as_json: AsJson = False) -> None:
    """Add a profile with the cookies of a signed-in browser."""
    with opened_workspace() as workspace:
        workspace.profiles.refuse_taken(name)
        workspace.profiles.usable_folder(output)
        given = _given_cookies(workspace, name, cookies)
        check = _checked(workspace, name, given, None, "Nothing was added.")
        profile = workspace.profiles.add(name, given, output or None, _email(check))
        tell(f"Added {name}. Its pictures go to {workspace.output_folder(profile)}.")
        tell(f"Next: flowimg sync --profile {name}")
        if as_json:
            write_json(_described(workspace, profile))


@app.command()
def edit(
    name: Name,
    cookies: Cookies = None,
    output: Output = None,
    account_changed: Annotated[
        bool, typer.Option("--account-changed", help="Take the cookies of an account with another address.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Give a profile new cookies, or another folder. Records and files stay."""
    with opened_workspace() as workspace:
        profile = workspace.profiles.named(name)
        if cookies is not None or output is None:
            given = _given_cookies(workspace, name, cookies)
            expected = None if account_changed else profile.account
            check = _checked(workspace, name, given, expected, "Nothing was changed.")
            profile = workspace.profiles.replace_cookies(
                profile, given, _email(check), forget_account=account_changed
            )
            tell(f"{name} has new cookies. Next: flowimg sync --profile {name}")
        if output is not None:
            profile = workspace.profiles.set_output(profile, output or None)
            tell(f"The next pictures of {name} go to {workspace.output_folder(profile)}; the others stay.")
        if as_json:
            write_json(_described(workspace, profile))


@app.command()
def check(name: Name, as_json: AsJson = False) -> None:
    """Ask Flow for the state of a profile's session."""
    with opened_workspace() as workspace:
        profile = workspace.profiles.named(name)
        found = run_or_exit(lambda: workspace.profiles.check(profile))
    told = found.told(datetime.now(UTC))
    if as_json:
        answer = {"profile": name, "service": profile.service, "state": found.state, "account": _email(found)}
        expires = found.account.expires if found.account else None
        write_json({**answer, "expires": expires, "message": told})
    else:
        tell(told)
    raise typer.Exit(exit_code_of(found.error) if found.error else ExitCode.DONE)


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
        described = _described(workspace, workspace.profiles.named(name))
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
        profile = workspace.profiles.named(name)
        images = workspace.gallery.counts(profile.id).images
        what = f"{name} with its credentials and {count_of(images, 'image record')}; files on disk stay"
        if not yes and not _agreed(f"Remove {what}?"):
            fail(f"Nothing was removed. To remove {what}, say --yes.", ExitCode.USAGE)
        removed = workspace.profiles.remove(profile)
    tell(f"Removed {name} and {count_of(removed, 'image record')}. Files on disk stay.")
    if as_json:
        write_json({"profile": name, "deleted": removed})


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        return False
    ask(f"{question} [y/N] ")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _given_cookies(workspace: Workspace, name: str, source: str | None) -> NewCookies:
    """Return the cookies of file, stdin, prompt or the profile's command, and tell which they are."""
    given = run_or_exit(lambda: workspace.profiles.cookies_of_command(name))
    if given is None:
        given = workspace.profiles.read_cookies(name, _text_of(name, source))
    elif source is not None:
        fail(
            f"cookie_command is set for {name}: it gives the cookies, and --cookies does not.", ExitCode.USAGE
        )
    tell(given.pasted.told())
    return given


def _text_of(name: str, source: str | None) -> str:
    try:
        if source is None:
            data = _asked_for(name)
        elif source == "-":
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
        fail(f"More than {COOKIES_LIMIT} bytes: those are no cookies of one site.", ExitCode.USAGE)
    return data.decode("utf-8", "replace")


def _asked_for(name: str) -> bytes:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        fail("Say --cookies FILE, or --cookies - for stdin: there is no terminal to ask at.", ExitCode.USAGE)
    return read_secret(
        f"Paste the cookies of {name}; nothing is shown. Then ctrl+d (or Enter after a paste): ",
        COOKIES_LIMIT,
    )


def _checked(
    workspace: Workspace, name: str, given: NewCookies, account: str | None, unchanged: str
) -> SessionCheck:
    """Return what Flow says of the cookies; end the command where they are of no use."""
    found = run_or_exit(lambda: workspace.profiles.check_cookies(name, given, account))
    told = found.told(datetime.now(UTC))
    if found.error is not None and not found.is_usable:
        fail(f"{told} {unchanged}", exit_code_of(found.error))
    kept = " The cookies are kept all the same." if found.state is SessionState.UNKNOWN else ""
    tell(f"{told}{kept}")
    return found


def _email(found: SessionCheck) -> str | None:
    return found.account.email if found.account else None


def _described(workspace: Workspace, profile: ProfileRecord) -> dict[str, object]:
    return {
        "name": profile.name,
        "service": profile.service,
        "account": profile.account,
        "output": str(workspace.output_folder(profile)),
        "created_at": profile.created_at,
        "synced_at": profile.synced_at,
    }
