"""``flowimg sync``, ``download`` and ``refresh``: the mirror without a screen."""

import asyncio
import dataclasses
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from enum import Enum, auto
from typing import Annotated, Any, Final, NamedTuple, TypeAlias

import typer

from flowimg_tui.cli.diagnostics import ExitCode, ProgressLine, exit_code_of, fail, tell, tell_error
from flowimg_tui.cli.narration import Narrator
from flowimg_tui.cli.options import (
    AllProfiles,
    AsJson,
    AsJsonLines,
    ProfileName,
    chosen_profiles,
    opened_workspace,
)
from flowimg_tui.cli.output import write_event, write_json
from flowimg_tui.cli.stopping import run_stoppable
from flowimg_tui.humane import count_of
from flowimg_tui.mirror.events import (
    DownloadFinished,
    ImageFailed,
    MirrorEvent,
    RecordsDeleted,
    SyncFinished,
)
from flowimg_tui.mirror.progress import ProgressBoard
from flowimg_tui.mirror.stop import Stop
from flowimg_tui.store.database import StoreError
from flowimg_tui.store.records import ProfileRecord
from flowimg_tui.workspace import Workspace, WorkspaceError

_REFRESH_SECONDS: Final = 0.25


class _Style(Enum):
    TEXT = auto()
    JSON = auto()
    JSON_LINES = auto()


class _Outcome(NamedTuple):
    """What one profile's run answers on stdout, and how it ended."""

    answer: dict[str, object]
    code: ExitCode
    began: bool = True


_Action: TypeAlias = Callable[["_Run", ProfileRecord], Coroutine[Any, Any, _Outcome]]


def sync(
    profile: ProfileName = None,
    every: AllProfiles = False,
    as_json: AsJson = False,
    as_jsonl: AsJsonLines = False,
) -> None:
    """Bring the metadata of the whole gallery into the local mirror. Nothing is deleted."""
    _run_for_profiles(_sync, profile, every, _style(as_json, as_jsonl))


def download(
    profile: ProfileName = None,
    every: AllProfiles = False,
    workers: Annotated[
        int | None, typer.Option(min=1, max=16, help="Pictures at a time.", show_default="4")
    ] = None,
    as_json: AsJson = False,
    as_jsonl: AsJsonLines = False,
) -> None:
    """Fetch the picture of every image that has no file yet."""
    _run_for_profiles(_download, profile, every, _style(as_json, as_jsonl), workers=workers)


def refresh(
    profile: Annotated[str, typer.Option("--profile", metavar="NAME", help="Whose records go.")],
    yes: Annotated[bool, typer.Option("--yes", help="Really do it.")] = False,
    as_json: AsJson = False,
    as_jsonl: AsJsonLines = False,
) -> None:
    """Delete a profile's image records; files stay, and a sync must follow."""
    style = _style(as_json, as_jsonl)
    if not yes:
        with opened_workspace() as workspace:
            images = workspace.gallery.counts(workspace.profiles.named(profile).id).images
        fail(
            f"This deletes {count_of(images, 'image record')} of {profile}; files on disk stay. "
            "Nothing was deleted: say --yes to do it.",
            ExitCode.USAGE,
        )
    _run_for_profiles(_refresh, profile, False, style)


def _style(as_json: bool, as_jsonl: bool) -> _Style:
    if as_json and as_jsonl:
        fail("Say --json or --jsonl, not both.", ExitCode.USAGE)
    return _Style.JSON if as_json else _Style.JSON_LINES if as_jsonl else _Style.TEXT


def _run_for_profiles(action: _Action, name: str | None, every: bool, style: _Style, **flags: object) -> None:
    with opened_workspace(**flags) as workspace:
        profiles = chosen_profiles(workspace, name, every)
        outcomes, signalled = run_stoppable(lambda stop: _Run(workspace, style, stop).each(action, profiles))
    answers = [outcome.answer for outcome in outcomes if outcome.began or every]
    if style is _Style.JSON and (every or answers):
        write_json({"profiles": answers} if every else answers[0])
    raise typer.Exit(signalled or next((outcome.code for outcome in outcomes if outcome.code), ExitCode.DONE))


class _Run:
    """One command's run over its profiles."""

    def __init__(self, workspace: Workspace, style: _Style, stop: Stop) -> None:
        self.workspace = workspace
        self.stop = stop
        self.board = ProgressBoard()
        self._style = style

    async def each(self, action: _Action, profiles: Sequence[ProfileRecord]) -> list[_Outcome]:
        """Run ``action`` for one profile after the other; the trouble of one is not that of the next."""
        outcomes = []
        for profile in profiles:
            if self.stop.asked:
                break
            self.board = ProgressBoard()
            try:
                outcomes.append(await action(self, profile))
            except (WorkspaceError, StoreError) as error:
                tell_error(error)
                answer: dict[str, object] = {"profile": profile.name, "error": str(error)}
                outcomes.append(_Outcome(answer, exit_code_of(error), began=False))
        return outcomes

    async def told(
        self, profile: ProfileRecord, events: AsyncIterator[MirrorEvent]
    ) -> AsyncIterator[MirrorEvent]:
        """Yield the events, each one told on stderr and, where that was asked for, on stdout."""
        line = ProgressLine()
        narrator = Narrator(profile.name, line, self.board)
        refreshing = asyncio.create_task(_keep_fresh(narrator)) if line.live else None
        try:
            async for event in events:
                narrator.tell(event)
                if self._style is _Style.JSON_LINES:
                    write_event(_event_line(profile.name, event))
                yield event
        finally:
            if refreshing is not None:
                refreshing.cancel()
            line.clear()


async def _sync(run: _Run, profile: ProfileRecord) -> _Outcome:
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
        "error": str(finished.error) if finished.error else None,
    }
    return _Outcome(answer, exit_code_of(finished.error) if finished.error else ExitCode.DONE)


async def _download(run: _Run, profile: ProfileRecord) -> _Outcome:
    failures: list[dict[str, str]] = []
    async for event in run.told(profile, run.workspace.download(profile, run.stop, run.board)):
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
        "error": str(finished.error) if finished.error else None,
    }
    if finished.error is not None:
        return _Outcome(answer, exit_code_of(finished.error))
    return _Outcome(answer, ExitCode.SOME_FAILED if finished.failed else ExitCode.DONE)


async def _refresh(run: _Run, profile: ProfileRecord) -> _Outcome:
    deleted = 0
    async for event in run.told(profile, run.workspace.refresh(profile)):
        if isinstance(event, RecordsDeleted):
            deleted = event.deleted
    tell(
        f"Deleted {count_of(deleted, 'image record')} of {profile.name} (files preserved on disk). "
        f"Next: flowimg sync --profile {profile.name}"
    )
    return _Outcome({"profile": profile.name, "deleted": deleted}, ExitCode.DONE)


async def _keep_fresh(narrator: Narrator) -> None:
    while True:
        narrator.refresh()
        await asyncio.sleep(_REFRESH_SECONDS)


def _event_line(profile: str, event: MirrorEvent) -> dict[str, object]:
    kind = re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()
    fields = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    told = {key: str(value) if isinstance(value, Exception) else value for key, value in fields.items()}
    return {"event": kind, "profile": profile, **told}
