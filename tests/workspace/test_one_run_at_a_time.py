"""Who may work on a profile, and what a run leaves behind when nobody listens any more."""

import asyncio
import errno
import os
import shlex
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, closing
from pathlib import Path
from typing import Any, cast

import pytest

from flowimg_tui.config.locations import Locations
from flowimg_tui.demo.service import DemoService
from flowimg_tui.flow.errors import SignedOut
from flowimg_tui.mirror.events import DownloadFinished, ImageStarted, SyncFinished
from flowimg_tui.mirror.progress import ProgressBoard
from flowimg_tui.mirror.stop import Stop
from flowimg_tui.store.records import ProfileRecord
from flowimg_tui.workspace import ProfileBusy, Workspace, WorkspaceError
from flowimg_tui.workspace.lock import holding
from tests.conftest import add_profile
from tests.lifeline import BEGUN, Lifeline
from tests.mirror.helpers import Answer, ScriptedFlow, collected, new_image, page
from tests.workspace.helpers import refreshed, run, synced

HOLDER = """
import fcntl, os, sys
with open(sys.argv[1], "w") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    file.write(f"process {os.getpid()}, since noon")
    file.flush()
    print("held", flush=True)
    sys.stdin.read()
"""


def actions(workspace: Workspace, profile: ProfileRecord) -> list[AsyncIterator[Any]]:
    return [
        workspace.sync(profile, Stop()),
        workspace.download(profile, Stop(), ProgressBoard()),
        workspace.refresh(profile, Stop()),
    ]


def test_a_profile_that_another_process_holds_is_busy_and_the_holder_is_named(
    workspace: Workspace, studio: ProfileRecord, environment: dict[str, str], demo: DemoService
) -> None:
    locks = Locations.from_environment(environment).locks
    locks.mkdir(mode=0o700)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(locks / "studio.lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        for action in actions(workspace, studio):
            with pytest.raises(ProfileBusy, match=f"studio: process {holder.pid}, since noon"):
                run(action)
        with pytest.raises(ProfileBusy):
            workspace.profiles.remove(studio)
        assert demo.requests == []
        assert workspace.profiles.named("studio") == studio
        other = add_profile(workspace, "other", demo.cookie_header)
        assert synced(workspace, other).complete
        holder.kill()
    # The lock dies with its process.
    assert synced(workspace, studio).complete


def test_a_profile_that_this_process_works_on_is_busy(
    workspace: Workspace, studio: ProfileRecord, environment: dict[str, str]
) -> None:
    with holding(Locations.from_environment(environment).locks, "studio"):
        for action in actions(workspace, studio):
            with pytest.raises(ProfileBusy, match=f"process {os.getpid()}, since "):
                run(action)
    assert synced(workspace, studio).complete


def test_a_home_on_a_disk_without_locks_is_told_and_nothing_runs(
    workspace: Workspace, studio: ProfileRecord, demo: DemoService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)
    for action in actions(workspace, studio):
        with pytest.raises(WorkspaceError, match=r"studio\.lock cannot be locked: No locks available"):
            run(action)
    assert demo.requests == []


def test_two_runs_at_once_in_one_process_exclude_each_other(
    workspace: Workspace, studio: ProfileRecord
) -> None:
    async def both() -> None:
        first = cast("AsyncGenerator[object, None]", workspace.sync(studio, Stop()))
        async with aclosing(first):
            await anext(first)
            with pytest.raises(ProfileBusy):
                await collected(workspace.refresh(studio, Stop()))

    asyncio.run(both())
    assert len(refreshed(workspace, studio)) == 1


def scripted(environment: dict[str, str], service: ScriptedFlow) -> Workspace:
    return Workspace(
        Locations.from_environment(environment), environment=environment, service=lambda *_: service
    )


def test_the_service_is_closed_after_each_run(environment: dict[str, str], demo: DemoService) -> None:
    service = ScriptedFlow(pages=[SignedOut("ended")])
    with scripted(environment, service) as workspace:
        synced(
            workspace,
            add_profile(workspace, "studio", demo.cookie_header),
        )
    assert service.closed


def test_a_face_that_closes_a_sync_early_leaves_nothing_running(
    environment: dict[str, str], demo: DemoService
) -> None:
    service = ScriptedFlow(pages=[page("a", cursor="2"), Answer.HANG])

    async def look_once(workspace: Workspace, profile: ProfileRecord) -> None:
        events = cast("AsyncGenerator[object, None]", workspace.sync(profile, Stop()))
        async with aclosing(events):
            await anext(events)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert service.closed

    with scripted(environment, service) as workspace:
        profile = add_profile(workspace, "studio", demo.cookie_header)
        asyncio.run(look_once(workspace, profile))
        assert len(refreshed(workspace, profile)) == 1


def test_a_face_that_closes_a_download_early_leaves_no_worker_behind(
    environment: dict[str, str], demo: DemoService
) -> None:
    """The profile must not be free for another run while a worker of this one may still save a file."""
    service = ScriptedFlow(pictures=dict.fromkeys(("a", "b", "c"), Answer.HANG))

    async def look_once(workspace: Workspace, profile: ProfileRecord) -> None:
        events = cast("AsyncGenerator[object, None]", workspace.download(profile, Stop(), ProgressBoard()))
        async with aclosing(events):
            async for event in events:
                if isinstance(event, ImageStarted):
                    break
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert service.running == 0

    with scripted(environment, service) as workspace:
        profile = add_profile(workspace, "studio", demo.cookie_header)
        workspace.gallery.store_page(profile.id, 1, [new_image(name) for name in "abc"])
        asyncio.run(look_once(workspace, profile))


Begun = Callable[[Workspace, ProfileRecord, Stop], AsyncIterator[object]]


@pytest.mark.parametrize(
    ("begun", "finished"),
    [
        (
            lambda workspace, profile, stop: workspace.sync(profile, stop),
            SyncFinished(0, 0, 0, 0, 0, complete=False, error=None),
        ),
        (
            lambda workspace, profile, stop: workspace.download(profile, stop, ProgressBoard()),
            DownloadFinished(3, 0, 0, 0, cancelled=3, bytes=0, seconds=0.0, error=None),
        ),
    ],
    ids=["sync", "download"],
)
def test_a_run_that_is_stopped_while_the_cookie_command_works_ends_and_takes_the_program_with_it(
    environment: dict[str, str], demo: DemoService, tmp_path: Path, begun: Begun, finished: object
) -> None:
    async def stopped(workspace: Workspace, profile: ProfileRecord) -> list[object]:
        stop = Stop()
        running = asyncio.create_task(collected(begun(workspace, profile, stop)))
        assert await asyncio.to_thread(lifeline.read) == BEGUN
        stop.ask()
        return await running

    with closing(Lifeline(tmp_path / "lifeline")) as lifeline:
        environment["FLOWIMG_COOKIE_COMMAND"] = shlex.join(lifeline.endless_program)
        with Workspace(Locations.from_environment(environment), environment=environment) as workspace:
            profile = add_profile(workspace, "studio", demo.cookie_header)
            workspace.gallery.store_page(profile.id, 1, [new_image(name) for name in "abc"])
            assert asyncio.run(stopped(workspace, profile)) == [finished]
            assert lifeline.read() == b""
            assert len(refreshed(workspace, profile)) == 1
