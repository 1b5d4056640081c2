"""The three actions against a service that runs: what the issue calls done."""

import re
from pathlib import Path

from flowimg_tui.config.locations import Locations
from flowimg_tui.demo.service import DemoService
from flowimg_tui.flow.errors import SignedOut
from flowimg_tui.mirror.events import (
    DownloadFinished,
    ImageAdopted,
    ImageSaved,
    PageSynced,
    RecordsDeleted,
    SignedIn,
    SyncFinished,
)
from flowimg_tui.mirror.progress import ProgressBoard
from flowimg_tui.mirror.stop import Stop
from flowimg_tui.store.records import Counts, ProfileRecord
from flowimg_tui.workspace import Workspace
from tests.conftest import add_profile, give_cookies
from tests.mirror.helpers import of_kind, only
from tests.workspace.helpers import all_files, downloaded, few, picture_requests, refreshed, run, synced


def test_a_first_sync_brings_all_42_images_in_three_pages(
    workspace: Workspace, studio: ProfileRecord, demo: DemoService
) -> None:
    events = run(workspace.sync(studio, Stop()))
    assert [page.new for page in of_kind(events, PageSynced)] == [18, 18, 6]
    assert only(events, SyncFinished) == SyncFinished(
        pages=3, new=42, updated=0, skipped=0, videos=0, complete=True, error=None
    )
    assert only(events, SignedIn).email == demo.account == workspace.profiles.named("studio").account
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
        profile = add_profile(workspace, "studio", demo.cookie_header)
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
    give_cookies(workspace, "studio", demo.cookie_header)
    assert downloaded(workspace, studio).downloaded == 12


@few
def test_an_access_token_that_ends_in_the_middle_is_renewed(
    workspace: Workspace, studio: ProfileRecord, demo: DemoService
) -> None:
    synced(workspace, studio)
    # Slow enough for the first picture to be told of while others are still to come.
    demo.options.latency = 0.03
    revoked: list[object] = []

    def revoke_once(event: object) -> None:
        if isinstance(event, ImageSaved) and not revoked:
            demo.revoke_bearer()
            revoked.append(event)

    events = run(workspace.download(studio, Stop(), ProgressBoard()), revoke_once)
    assert only(events, DownloadFinished).downloaded == 12
    sessions = [ask for ask in demo.requests if ask.raw_path == "/fx/api/auth/session"]
    # One for the sync, one for the download, and one renewal for all workers together.
    assert len(sessions) == 3
    assert len(revoked) == 1
