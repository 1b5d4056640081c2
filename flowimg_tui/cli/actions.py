"""``flowimg sync``, ``download`` and ``retry``: the mirror without a screen."""

from typing import Annotated, TypeAlias

import typer

from flowimg_tui.cli.diagnostics import ExitCode, exit_code_of
from flowimg_tui.cli.options import AllProfiles, AsJson, AsJsonLines, ProfileName
from flowimg_tui.cli.runs import Outcome, Run, chosen_style, run_for_profiles
from flowimg_tui.mirror.events import DownloadFinished, ImageFailed, SyncFinished
from flowimg_tui.store.records import ProfileRecord

Workers: TypeAlias = Annotated[
    int | None, typer.Option(min=1, max=16, metavar="N", help="Pictures at a time.", show_default="4")
]


def sync(
    profile: ProfileName = None,
    every: AllProfiles = False,
    as_json: AsJson = False,
    as_jsonl: AsJsonLines = False,
) -> None:
    """Bring the metadata of the whole gallery into the local mirror. Nothing is deleted."""
    raise typer.Exit(run_for_profiles(_sync, profile, every, chosen_style(as_json, as_jsonl)))


def download(
    profile: ProfileName = None,
    every: AllProfiles = False,
    workers: Workers = None,
    as_json: AsJson = False,
    as_jsonl: AsJsonLines = False,
) -> None:
    """Fetch the picture of every image that has no file yet."""
    style = chosen_style(as_json, as_jsonl)
    raise typer.Exit(run_for_profiles(_download, profile, every, style, workers=workers))


def retry(
    profile: ProfileName = None,
    every: AllProfiles = False,
    workers: Workers = None,
    as_json: AsJson = False,
    as_jsonl: AsJsonLines = False,
) -> None:
    """Fetch again what could not be had before, the images among them that ten failed runs have parked."""
    style = chosen_style(as_json, as_jsonl)
    raise typer.Exit(run_for_profiles(_retry, profile, every, style, workers=workers))


async def _sync(run: Run, profile: ProfileRecord) -> Outcome:
    async for event in run.told(profile, run.workspace.sync(profile, run.stop)):
        if isinstance(event, SyncFinished):
            finished = event
    answer: dict[str, object] = {
        "profile": profile.name,
        "pages": finished.pages,
        "new": finished.new,
        "updated": finished.updated,
        "skipped": finished.skipped,
        "videos": finished.videos,
        "complete": finished.complete,
        "resumed": finished.resumed,
        "error": str(finished.error) if finished.error else None,
    }
    return Outcome(answer, exit_code_of(finished.error) if finished.error else ExitCode.DONE)


async def _download(run: Run, profile: ProfileRecord) -> Outcome:
    return await _fetched(run, profile, failed_only=False)


async def _retry(run: Run, profile: ProfileRecord) -> Outcome:
    return await _fetched(run, profile, failed_only=True)


async def _fetched(run: Run, profile: ProfileRecord, *, failed_only: bool) -> Outcome:
    failures: list[dict[str, str]] = []
    events = run.workspace.download(profile, run.stop, run.board, failed_only=failed_only)
    async for event in run.told(profile, events):
        if isinstance(event, ImageFailed):
            failures.append({"name": event.name, "media_key": event.media_key, "reason": event.reason})
        elif isinstance(event, DownloadFinished):
            finished = event
    answer: dict[str, object] = {
        "profile": profile.name,
        "pending": finished.pending,
        "downloaded": finished.downloaded,
        "adopted": finished.adopted,
        "failed": finished.failed,
        "cancelled": finished.cancelled,
        "bytes": finished.bytes,
        "seconds": round(finished.seconds, 3),
        "failures": failures,
        "parked": finished.parked,
        "error": str(finished.error) if finished.error else None,
    }
    if finished.error is not None:
        return Outcome(answer, exit_code_of(finished.error))
    return Outcome(answer, ExitCode.SOME_FAILED if finished.failed else ExitCode.DONE)
