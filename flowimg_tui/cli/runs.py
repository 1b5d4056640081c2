"""Running an action for one or all profiles, and telling of it in words, in JSON, or in lines of JSON."""

import asyncio
import dataclasses
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from enum import Enum, auto
from typing import Any, Final, NamedTuple, TypeAlias

from flowimg_tui.cli.diagnostics import (
    ExitCode,
    ProgressLine,
    exit_code_of,
    fail,
    opened_workspace,
    tell_error,
)
from flowimg_tui.cli.narration import Narrator
from flowimg_tui.cli.options import chosen_profiles
from flowimg_tui.cli.output import write_event, write_json
from flowimg_tui.cli.stopping import run_stoppable
from flowimg_tui.mirror.events import MirrorEvent
from flowimg_tui.mirror.progress import ProgressBoard
from flowimg_tui.mirror.stop import Stop
from flowimg_tui.store.database import StoreError
from flowimg_tui.store.records import ProfileRecord
from flowimg_tui.workspace import Workspace, WorkspaceError

_REFRESH_SECONDS: Final = 0.25


class Style(Enum):
    """How a command answers."""

    TEXT = auto()
    JSON = auto()
    JSON_LINES = auto()


class Outcome(NamedTuple):
    """What one profile's run answers on stdout, and how it ended."""

    answer: dict[str, object]
    code: ExitCode
    began: bool = True


Action: TypeAlias = Callable[["Run", ProfileRecord], Coroutine[Any, Any, Outcome]]


def chosen_style(as_json: bool, as_jsonl: bool) -> Style:
    """Return what ``--json`` and ``--jsonl`` ask for; both at once end the command."""
    if as_json and as_jsonl:
        fail("Say --json or --jsonl, not both.", ExitCode.USAGE)
    return Style.JSON if as_json else Style.JSON_LINES if as_jsonl else Style.TEXT


def run_for_profiles(action: Action, name: str | None, every: bool, style: Style, **flags: object) -> int:
    """Run ``action`` for the profiles that are meant, write the answer, and return the exit code."""
    with opened_workspace(**flags) as workspace:
        profiles = chosen_profiles(workspace, name, every)
        outcomes, signalled = run_stoppable(lambda stop: Run(workspace, style, stop).each(action, profiles))
    answers = [outcome.answer for outcome in outcomes if outcome.began or every]
    if style is Style.JSON and (every or answers):
        write_json({"profiles": answers} if every else answers[0])
    return signalled or next((outcome.code for outcome in outcomes if outcome.code), ExitCode.DONE)


class Run:
    """One command's run over its profiles."""

    def __init__(self, workspace: Workspace, style: Style, stop: Stop) -> None:
        self.workspace = workspace
        self.stop = stop
        self.board = ProgressBoard()
        self._style = style

    async def each(self, action: Action, profiles: Sequence[ProfileRecord]) -> list[Outcome]:
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
                outcomes.append(Outcome(answer, exit_code_of(error), began=False))
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
                if self._style is Style.JSON_LINES:
                    write_event(_event_line(profile.name, event))
                yield event
        finally:
            if refreshing is not None:
                refreshing.cancel()
            line.clear()


async def _keep_fresh(narrator: Narrator) -> None:
    while True:
        narrator.refresh()
        await asyncio.sleep(_REFRESH_SECONDS)


def _event_line(profile: str, event: MirrorEvent) -> dict[str, object]:
    kind = re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()
    fields = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    told = {key: str(value) if isinstance(value, Exception) else value for key, value in fields.items()}
    return {"event": kind, "profile": profile, **told}
