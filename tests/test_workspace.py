"""One installation and its three actions, against a service that runs: what the issue calls done."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest

from flowimg_tui.config.locations import Locations
from flowimg_tui.demo.service import DemoOptions, DemoService
from flowimg_tui.flow.errors import SignedOut
from flowimg_tui.mirror.events import (
    DownloadFinished,
    ImageAdopted,
    ImageSaved,
    ImageStarted,
    PageSynced,
    RecordsDeleted,
    SignedIn,
    SyncFinished,
)
from flowimg_tui.mirror.progress import ProgressBoard
from flowimg_tui.mirror.stop import Stop
from flowimg_tui.store.records import Counts, ProfileRecord
from flowimg_tui.workspace import (
    CredentialsUnusable,
    ProfileBusy,
    UnknownProfile,
    Workspace,
    WorkspaceError,
)
from tests.mirror.helpers import Answer, ScriptedFlow, collected, new_image, of_kind, only, page

E = TypeVar("E")


few = pytest.mark.parametrize("images", [12], ids=["12 images"])
"""Tests that need no whole gallery: pictures take their time to be drawn."""


@pytest.fixture
def images() -> int:
    return 42


@pytest.fixture
def demo(images: int) -> Iterator[DemoService]:
    with DemoService(DemoOptions(images)) as service:
        yield service


def run(events: AsyncIterator[E]) -> list[E]:
    return asyncio.run(collected(events))


def synced(workspace: Workspace, profile: ProfileRecord) -> SyncFinished:
    return only(run(workspace.sync(profile, Stop())), SyncFinished)


def downloaded(workspace: Workspace, profile: ProfileRecord) -> DownloadFinished:
    return only(run(workspace.download(profile, Stop(), ProgressBoard())), DownloadFinished)


def refreshed(workspace: Workspace, profile: ProfileRecord) -> list[RecordsDeleted]:
    return run(workspace.refresh(profile))


def picture_requests(demo: DemoService) -> list[str]:
    return [ask.raw_path for ask in demo.requests if ask.raw_path.startswith(("/v1/media/", "/image/"))]


def all_files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# What is done


def test_a_first_sync_brings_all_42_images_in_three_pages(
    workspace: Workspace, studio: ProfileRecord, demo: DemoService
) -> None:
    events = run(workspace.sync(studio, Stop()))
    assert [page.new for page in of_kind(events, PageSynced)] == [18, 18, 6]
    assert only(events, SyncFinished) == SyncFinished(3, 42, 0, 0, complete=True, error=None)
    assert only(events, SignedIn).email == demo.account == workspace.profile("studio").account
    images, _ = demo.gallery.page(None, 42)
    assert [image.name for image in workspace.gallery.images(studio.id)] == [image.name for image in images]


def test_a_download_writes_42_files_with_exactly_the_bytes_that_are_served(
    workspace: Workspace, studio: ProfileRecord, demo: DemoService
) -> None:
    synced(workspace, studio)
    events = run(workspace.download(studio, Stop(), ProgressBoard()))
    finished = only(events, DownloadFinished)
    assert (finished.pending, finished.downloaded, finished.failed, finished.error) == (42, 42, 0, None)
    rows = list(workspace.gallery.images(studio.id))
    assert len(rows) == 42
    for row in rows:
        assert Path(str(row.local_path)).read_bytes() == demo.picture(row.media_key)
        assert Path(str(row.local_path)).stem == row.media_key
    files = all_files(workspace.output_folder(studio))
    assert {str(path) for path in files} == {row.local_path for row in rows}
    assert finished.bytes == sum(map(len, files.values()))
    assert {event.source for event in of_kind(events, ImageSaved)} == {"api", "signed url"}


def test_the_whole_story_of_a_gallery(workspace: Workspace, studio: ProfileRecord, demo: DemoService) -> None:
    """Sync, download, sync again, ten new images, force refresh: nothing lost, nothing fetched twice."""
    synced(workspace, studio)
    downloaded(workspace, studio)
    rows = list(workspace.gallery.images(studio.id))
    files = all_files(workspace.output_folder(studio))

    again = synced(workspace, studio)
    assert (again.new, again.updated, again.complete) == (0, 42, True)
    assert list(workspace.gallery.images(studio.id)) == rows
    asked = len(picture_requests(demo))
    assert downloaded(workspace, studio).pending == 0
    assert len(picture_requests(demo)) == asked

    demo.gallery.add(10)
    more = synced(workspace, studio)
    assert (more.new, more.updated) == (10, 42)
    events = run(workspace.download(studio, Stop(), ProgressBoard()))
    assert len(of_kind(events, ImageSaved)) == 10
    assert only(events, DownloadFinished).pending == 10
    every_file = all_files(workspace.output_folder(studio))
    assert len(every_file) == 52
    assert files.items() <= every_file.items()

    every_row = {row.name: row.local_path for row in workspace.gallery.images(studio.id)}
    asked = len(picture_requests(demo))
    assert refreshed(workspace, studio) == [RecordsDeleted(52)]
    assert workspace.gallery.counts(studio.id) == Counts(0, 0, 0, 0)
    assert synced(workspace, studio).new == 52
    events = run(workspace.download(studio, Stop(), ProgressBoard()))
    assert len(of_kind(events, ImageAdopted)) == only(events, DownloadFinished).adopted == 52
    assert len(picture_requests(demo)) == asked
    assert {row.name: row.local_path for row in workspace.gallery.images(studio.id)} == every_row
    assert all_files(workspace.output_folder(studio)) == every_file


@few
def test_after_a_refresh_only_what_is_not_on_disk_any_more_is_fetched(
    workspace: Workspace, studio: ProfileRecord, demo: DemoService
) -> None:
    synced(workspace, studio)
    downloaded(workspace, studio)
    gone, changed = (Path(str(row.local_path)) for row in workspace.gallery.window(studio.id, 5, 2))
    gone.unlink()
    changed.write_bytes(b"edited by hand")
    asked = len(picture_requests(demo))
    refreshed(workspace, studio)
    synced(workspace, studio)
    finished = downloaded(workspace, studio)
    assert (finished.adopted, finished.downloaded) == (10, 2)
    names = {path.split("?")[0].rpartition("/")[2] for path in picture_requests(demo)[asked:]}
    assert len(names) >= 2
    for row in workspace.gallery.images(studio.id):
        assert Path(str(row.local_path)).read_bytes() == demo.picture(row.media_key)
    assert changed.read_bytes() == b"edited by hand"


def test_the_log_tells_the_pages_the_pauses_and_the_deleted_records(
    environment: dict[str, str], demo: DemoService
) -> None:
    environment["FLOWIMG_PAGE_DELAY"] = "0.001-0.004"
    locations = Locations.from_environment(environment)
    with Workspace(locations, environment=environment) as workspace:
        profile = workspace.add_profile("studio", demo.cookie_header)
        synced(workspace, profile)
        refreshed(workspace, profile)
    text = locations.log.read_text("utf-8")
    assert re.search(r"Total pages processed: 3$", text, re.MULTILINE)
    waits = re.findall(r"Waiting (\d+) ms before fetching next page$", text, re.MULTILINE)
    assert len(waits) == 2
    assert all(1 <= int(wait) <= 4 for wait in waits)
    assert re.search(r"Deleted 42 image records \(files preserved on disk\)$", text, re.MULTILINE)


@few
def test_a_session_that_ended_ends_both_runs_and_loses_nothing(
    workspace: Workspace, studio: ProfileRecord, demo: DemoService
) -> None:
    synced(workspace, studio)
    demo.sign_out()
    again = synced(workspace, studio)
    assert isinstance(again.error, SignedOut)
    assert not again.complete
    finished = downloaded(workspace, studio)
    assert isinstance(finished.error, SignedOut)
    assert (finished.failed, finished.cancelled) == (0, 12)
    assert workspace.gallery.counts(studio.id) == Counts(12, 0, 12, 0)
    workspace.replace_cookies(studio, demo.cookie_header)
    assert downloaded(workspace, studio).downloaded == 12


@few
def test_an_access_token_that_ends_in_the_middle_is_renewed(
    workspace: Workspace, studio: ProfileRecord, demo: DemoService
) -> None:
    synced(workspace, studio)

    revoked: list[object] = []

    def revoke_once(event: object) -> None:
        if isinstance(event, ImageSaved) and not revoked:
            demo.revoke_bearer()
            revoked.append(event)

    events = asyncio.run(collected(workspace.download(studio, Stop(), ProgressBoard()), revoke_once))
    assert only(events, DownloadFinished).downloaded == 12
    sessions = [ask for ask in demo.requests if ask.raw_path == "/fx/api/auth/session"]
    # One for the sync, one for the download, and one renewal for all workers together.
    assert len(sessions) == 3
    assert len(revoked) == 1


# One run at a time

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
        workspace.refresh(profile),
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
            workspace.remove_profile(studio)
        assert demo.requests == []
        assert workspace.profile("studio") == studio
        other = workspace.add_profile("other", demo.cookie_header)
        assert synced(workspace, other).complete
        holder.kill()
    # The lock dies with its process.
    assert synced(workspace, studio).complete


def test_a_profile_that_this_process_works_on_is_busy(workspace: Workspace, studio: ProfileRecord) -> None:
    with workspace.holding(studio):
        for action in actions(workspace, studio):
            with pytest.raises(ProfileBusy, match=f"process {os.getpid()}, since "):
                run(action)
    assert synced(workspace, studio).complete


def test_two_runs_at_once_in_one_process_exclude_each_other(
    workspace: Workspace, studio: ProfileRecord
) -> None:
    async def both() -> None:
        first = cast("AsyncGenerator[object, None]", workspace.sync(studio, Stop()))
        async with aclosing(first):
            await anext(first)
            with pytest.raises(ProfileBusy):
                await collected(workspace.refresh(studio))

    asyncio.run(both())
    assert len(refreshed(workspace, studio)) == 1


def scripted(environment: dict[str, str], service: ScriptedFlow) -> Workspace:
    return Workspace(
        Locations.from_environment(environment), environment=environment, service=lambda *_: service
    )


def test_the_service_is_closed_after_each_run(environment: dict[str, str], demo: DemoService) -> None:
    service = ScriptedFlow(pages=[SignedOut("ended")])
    with scripted(environment, service) as workspace:
        synced(workspace, workspace.add_profile("studio", demo.cookie_header))
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
        profile = workspace.add_profile("studio", demo.cookie_header)
        asyncio.run(look_once(workspace, profile))
        with workspace.holding(profile):
            pass


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
        profile = workspace.add_profile("studio", demo.cookie_header)
        workspace.gallery.store_page(profile.id, 1, [new_image(name) for name in "abc"])
        asyncio.run(look_once(workspace, profile))


# Profiles


def test_an_unknown_profile_is_refused_with_those_there_are(
    workspace: Workspace, studio: ProfileRecord, demo: DemoService
) -> None:
    workspace.add_profile("home", demo.cookie_header)
    assert workspace.profile("studio") == studio
    with pytest.raises(UnknownProfile, match=r"no profile stdio\. There are: home, studio\."):
        workspace.profile("stdio")


def test_without_any_profile_the_way_to_add_one_is_told(workspace: Workspace) -> None:
    with pytest.raises(UnknownProfile, match="flowimg profile add NAME --cookies FILE"):
        workspace.profile("studio")


def test_a_hostile_profile_name_is_made_harmless_in_the_message(workspace: Workspace) -> None:
    with pytest.raises(UnknownProfile) as refusal:
        workspace.profile("\x1b]52;c;eA==\x07" + "x" * 500)
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 200


def test_a_profile_is_added_once_and_the_second_try_changes_nothing(
    workspace: Workspace, studio: ProfileRecord
) -> None:
    with pytest.raises(WorkspaceError, match="already a profile studio"):
        workspace.add_profile("studio", "__Secure-next-auth.session-token=another")
    assert workspace.gallery.profiles() == [studio]
    assert synced(workspace, studio).complete


@pytest.mark.parametrize("name", ["", "../x", "a b", "x" * 41])
def test_a_name_that_cannot_be_a_profile_s_is_refused(
    workspace: Workspace, demo: DemoService, name: str
) -> None:
    with pytest.raises(WorkspaceError, match="1 to 40 letters"):
        workspace.add_profile(name, demo.cookie_header)
    assert workspace.gallery.profiles() == []


@pytest.mark.parametrize("header", ["", "canary", "SID=canary; HSID=canary"])
def test_cookies_without_a_session_are_refused_and_not_quoted(workspace: Workspace, header: str) -> None:
    with pytest.raises(WorkspaceError, match="session-token") as refusal:
        workspace.add_profile("studio", header)
    assert "canary" not in str(refusal.value)
    assert workspace.gallery.profiles() == []


def test_a_profile_whose_cookies_cannot_be_kept_is_not_added(
    workspace: Workspace, environment: dict[str, str], demo: DemoService
) -> None:
    Locations.from_environment(environment).credentials.mkdir(mode=0o755)
    with pytest.raises(WorkspaceError, match="chmod 700"):
        workspace.add_profile("studio", demo.cookie_header)
    assert workspace.gallery.profiles() == []


def test_a_profile_s_own_output_folder_is_used(
    environment: dict[str, str], demo: DemoService, tmp_path: Path
) -> None:
    del environment["FLOWIMG_OUTPUT"]
    with Workspace(Locations.from_environment(environment), environment=environment) as workspace:
        own = workspace.add_profile("studio", demo.cookie_header, str(tmp_path / "own"))
        usual = workspace.add_profile("usual", demo.cookie_header)
        assert workspace.output_folder(own) == tmp_path / "own"
        assert workspace.output_folder(usual) == Path.home() / "Pictures" / "flowimg" / "usual"


def test_an_output_folder_that_cannot_be_is_refused(workspace: Workspace, demo: DemoService) -> None:
    with pytest.raises(WorkspaceError):
        workspace.add_profile("studio", demo.cookie_header, "~nobody-of-that-name/pictures")
    assert workspace.gallery.profiles() == []


@few
def test_removing_a_profile_keeps_its_files_and_takes_the_rest(
    workspace: Workspace, studio: ProfileRecord, environment: dict[str, str]
) -> None:
    synced(workspace, studio)
    downloaded(workspace, studio)
    files = all_files(workspace.output_folder(studio))
    assert len(files) == 12
    assert workspace.remove_profile(studio) == 12
    assert workspace.gallery.profiles() == []
    assert all_files(workspace.output_folder(studio)) == files
    assert list(Locations.from_environment(environment).credentials.iterdir()) == []


def test_a_run_without_usable_cookies_says_what_to_do(
    workspace: Workspace, studio: ProfileRecord, environment: dict[str, str], demo: DemoService
) -> None:
    cookies = Locations.from_environment(environment).credentials / "studio.json"
    cookies.chmod(0o644)
    with pytest.raises(CredentialsUnusable, match="chmod 600"):
        synced(workspace, studio)
    cookies.unlink()
    with pytest.raises(CredentialsUnusable, match="flowimg profile edit studio"):
        downloaded(workspace, studio)
    assert demo.requests == []
    # The lock was given back.
    assert refreshed(workspace, studio) == [RecordsDeleted(0)]


# Opening


def test_settings_that_cannot_be_used_are_refused_when_it_opens(environment: dict[str, str]) -> None:
    environment["FLOWIMG_WORKERS"] = "99"
    with pytest.raises(WorkspaceError, match="FLOWIMG_WORKERS: must be a whole number from 1 to 16"):
        Workspace(Locations.from_environment(environment), environment=environment)


def test_a_database_that_cannot_be_used_is_refused_by_its_path(environment: dict[str, str]) -> None:
    locations = Locations.from_environment(environment)
    locations.database.mkdir(parents=True)
    with pytest.raises(WorkspaceError, match=re.escape(str(locations.database))):
        Workspace(locations, environment=environment)


def test_a_log_that_cannot_be_written_is_refused_by_its_path(environment: dict[str, str]) -> None:
    locations = Locations.from_environment(environment)
    locations.log.mkdir(parents=True)
    with pytest.raises(WorkspaceError, match=re.escape(str(locations.log))):
        Workspace(locations, environment=environment)


@pytest.mark.parametrize("url", ["https://h\n/fx", "https://h/\x7f"])
def test_a_url_that_cannot_be_asked_is_refused_before_a_run(
    environment: dict[str, str], demo: DemoService, url: str
) -> None:
    environment["FLOWIMG_LABS_URL"] = url
    with (
        pytest.raises(WorkspaceError),
        Workspace(Locations.from_environment(environment), environment=environment) as workspace,
    ):
        synced(workspace, workspace.add_profile("studio", demo.cookie_header))


# Secrets


@few
def test_the_cookies_are_in_the_credentials_and_nowhere_else(
    environment: dict[str, str], demo: DemoService, capfd: pytest.CaptureFixture[str]
) -> None:
    environment |= {"FLOWIMG_LOG_LEVEL": "debug", "FLOWIMG_PAGE_SIZE": "5"}
    locations = Locations.from_environment(environment)
    session = demo.cookie_header.partition("=")[2]
    header = f"SID=canary-sid; {demo.cookie_header}; other=canary-other"
    shown: list[str] = []
    with Workspace(locations, environment=environment) as workspace:
        profile = workspace.add_profile("studio", header)
        for action in (
            workspace.sync(profile, Stop()),
            workspace.download(profile, Stop(), ProgressBoard()),
            workspace.refresh(profile),
        ):
            shown += map(repr, run(action))
        demo.sign_out()
        shown += map(repr, run(workspace.sync(profile, Stop())))
        shown += [repr(workspace), repr(workspace.profile("studio")), repr(vars(workspace))]
    holders = {
        path.name
        for path in locations.config.parent.rglob("*")
        if path.is_file() and session.encode() in path.read_bytes()
    }
    assert holders == {"studio.json"}
    everything = b"".join(all_files(locations.config.parent).values()) + "".join(shown).encode()
    assert b"canary-sid" not in everything
    assert b"canary-other" not in everything
    assert session not in "".join(shown)
    log = locations.log.read_text("utf-8")
    assert "ya29." not in log
    assert "Signature=" not in log.replace("Signature=•••", "")
    cursors = [demo.gallery.page(None, size)[1] for size in (5, 10)]
    assert "Total pages processed: 3" in log
    assert not [cursor for cursor in cursors if cursor is None or cursor in log]
    assert capfd.readouterr() == ("", "")
