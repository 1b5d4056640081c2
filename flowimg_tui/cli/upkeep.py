"""``flowimg verify`` and ``refresh``: whether all is well with what is here, and a fresh start."""

import contextlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from flowimg_tui.cli.diagnostics import ExitCode, errors_told, exit_code_of, fail, opened_workspace, tell
from flowimg_tui.cli.options import AllProfiles, AsJson, AsJsonLines, ProfileName
from flowimg_tui.cli.runs import Outcome, Run, chosen_style, run_for_profiles
from flowimg_tui.humane import count_of, format_moment
from flowimg_tui.mirror.events import FileProblem, RecordsDeleted, RecordsRestored, VerifyFinished
from flowimg_tui.mirror.sums import AddSum, writing_sums
from flowimg_tui.store.records import ProfileRecord


def verify(
    profile: ProfileName = None,
    every: AllProfiles = False,
    sums: Annotated[
        Path | None,
        typer.Option("--sums", metavar="FILE", help="Write the whole files' SHA-256, for sha256sum -c."),
    ] = None,
    as_json: AsJson = False,
    as_jsonl: AsJsonLines = False,
) -> None:
    """Look at every saved file: is it what it was? Images without a whole file are pending again."""
    style = chosen_style(as_json, as_jsonl)
    with errors_told(), contextlib.ExitStack() as stack:
        add_sum: AddSum = lambda *_: None  # noqa: E731 - so much for nothing to write
        if sums is not None:
            add_sum = stack.enter_context(writing_sums(sums))
        seen = _Seen()
        code = run_for_profiles(partial(_verify, add_sum, seen), profile, every, style)
        if seen.runs != seen.whole or code not in (ExitCode.DONE, ExitCode.SOME_FAILED):
            if sums is not None:
                tell(f"{sums} stays as it was: not every file could be looked at.")
            raise typer.Exit(code)
    raise typer.Exit(code)


@dataclass
class _Seen:
    """How many profiles were to be verified, and of how many every file was looked at."""

    runs: int = 0
    whole: int = 0


async def _verify(add_sum: AddSum, seen: _Seen, run: Run, profile: ProfileRecord) -> Outcome:
    seen.runs += 1
    problems: list[dict[str, str | None]] = []
    async for event in run.told(profile, run.workspace.verify(profile, run.stop, add_sum)):
        if isinstance(event, FileProblem):
            about = {"name": event.name, "media_key": event.media_key, "path": event.path}
            problems.append({"problem": event.problem, **about, "reason": event.reason})
        elif isinstance(event, VerifyFinished):
            finished = event
    seen.whole += finished.complete and not finished.unreadable
    answer: dict[str, object] = {
        "profile": profile.name,
        "checked": finished.checked,
        "missing": finished.missing,
        "damaged": finished.damaged,
        "unreadable": finished.unreadable,
        "pending_again": finished.pending_again,
        "bytes": finished.bytes,
        "seconds": round(finished.seconds, 3),
        "complete": finished.complete,
        "problems": problems,
        "error": str(finished.error) if finished.error else None,
    }
    if finished.error is not None:
        return Outcome(answer, exit_code_of(finished.error))
    return Outcome(answer, ExitCode.DONE if finished.all_well else ExitCode.SOME_FAILED)


def refresh(
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="NAME", help="Whose records go, or come back.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Really do it.")] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Bring back the records that the latest one deleted.")
    ] = False,
    as_json: AsJson = False,
    as_jsonl: AsJsonLines = False,
) -> None:
    """Delete a profile's image records; files stay, and a sync must follow. Or take that back."""
    style = chosen_style(as_json, as_jsonl)
    if undo:
        raise typer.Exit(run_for_profiles(_undo, profile, False, style))
    if profile is None:
        raise typer.BadParameter("say whose records.", param_hint="--profile NAME")
    if not yes:
        with opened_workspace() as workspace:
            images = workspace.gallery.counts(workspace.profiles.named(profile).id).images
        fail(
            f"This deletes {count_of(images, 'image record')} of {profile}; files on disk stay. "
            "Nothing was deleted: say --yes to do it.",
            ExitCode.USAGE,
        )
    raise typer.Exit(run_for_profiles(_refresh, profile, False, style))


async def _refresh(run: Run, profile: ProfileRecord) -> Outcome:
    async for event in run.told(profile, run.workspace.refresh(profile, run.stop)):
        last = event
    if not isinstance(last, RecordsDeleted):
        return _untouched(profile, {"deleted": 0})
    tell(
        f"Deleted {count_of(last.deleted, 'image record')} of {profile.name} (files preserved on disk). "
        f"Next: flowimg sync --profile {profile.name}. "
        f"To take it back: flowimg refresh --profile {profile.name} --undo"
    )
    return Outcome({"profile": profile.name, "deleted": last.deleted}, ExitCode.DONE)


async def _undo(run: Run, profile: ProfileRecord) -> Outcome:
    async for event in run.told(profile, run.workspace.undo_refresh(profile, run.stop)):
        last = event
    if not isinstance(last, RecordsRestored):
        return _untouched(profile, {"restored": 0, "at": None})
    records = count_of(last.restored, "image record")
    tell(f"Brought back {records} of {profile.name}, as they were on {format_moment(last.at)}")
    answer = {"profile": profile.name, "restored": last.restored, "at": last.at}
    return Outcome(answer, ExitCode.DONE)


def _untouched(profile: ProfileRecord, answer: dict[str, object]) -> Outcome:
    tell(f"Stopped: no image record of {profile.name} was changed")
    # The signal that has stopped it gives the exit code.
    return Outcome({"profile": profile.name, **answer}, ExitCode.DONE)
