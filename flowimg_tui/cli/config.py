"""``flowimg config``: what is set, where it was set, and where to set it."""

import shlex
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import typer

from flowimg_tui.cli.diagnostics import opened_workspace, tell
from flowimg_tui.cli.options import AsJson, ProfileName
from flowimg_tui.cli.output import write_json, write_line, write_table
from flowimg_tui.config.locations import Locations
from flowimg_tui.secret import Secret, redact

app = typer.Typer(help="Show the settings, and the file that they are written in.", no_args_is_help=True)


@app.command()
def show(profile: ProfileName = None, as_json: AsJson = False) -> None:
    """Show every setting and where it comes from; with --profile, as it holds for that one."""
    with opened_workspace() as workspace:
        resolved = workspace.resolved_settings(None if profile is None else workspace.profiles.named(profile))
    values = {
        field.name: _written(getattr(resolved.settings, field.name)) for field in fields(resolved.settings)
    }
    if as_json:
        settings = {name: {"value": values[name], "origin": resolved.origins[name]} for name in values}
        write_json({"file": str(_file()), "profile": profile, "settings": settings})
        return
    rows = [
        (name, "not set" if value is None else _as_text(value), resolved.origins[name])
        for name, value in values.items()
    ]
    write_table(("setting", "value", "origin"), rows)


@app.command()
def path(as_json: AsJson = False) -> None:
    """Tell the path of the settings file, whether it is there or not."""
    file = _file()
    lack = _lack(file)
    if as_json:
        write_json({"file": str(file), "exists": not lack})
    else:
        write_line(str(file))
    if lack:
        tell(lack)


def _file() -> Path:
    return Locations.from_environment().config


def _lack(file: Path) -> str:
    """Return why there is no such file, or nothing."""
    try:
        file.stat()
    except FileNotFoundError:
        return "This file does not exist yet. Until you write it, flags, variables and defaults hold."
    except OSError as error:
        return f"This file cannot be read: {error.strerror}."
    return ""


def _written(value: object) -> str | int | float | None:
    """Return a setting as it stands in the file; a secret is masked."""
    match value:
        case None | int() | float():
            return value
        case Secret():
            return str(value)
        case (float() as shortest, float() as longest):
            return "-".join(dict.fromkeys((_plain(shortest), _plain(longest))))
        case tuple():
            # A command may hold what its user should have kept out of it.
            return redact(shlex.join(value))
        case _:
            return str(value)


def _as_text(value: str | int | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _plain(number: float) -> str:
    """Return the number without an exponent, whose sign would be read as the dash between two."""
    return format(Decimal(str(number)), "f").removesuffix(".0")
