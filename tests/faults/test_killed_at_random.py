"""kill -9 at any moment: what is recorded is true, and the next run goes on as if nothing had been."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from flowimg_tui.demo.service import DemoOptions, DemoService
from tests.cli.helpers import Installation
from tests.faults import forked
from tests.faults.killing import KILLED, Begun, Moments
from tests.faults.soundness import ask, assert_mirrored, assert_sound, unfinished

pytestmark = pytest.mark.waits

IMAGES = 6
RECORDS = "SELECT * FROM image ORDER BY id"


@pytest.fixture(scope="module")
def service() -> Iterator[DemoService]:
    with DemoService(DemoOptions(images=IMAGES)) as running:
        yield running


@pytest.fixture
def begun(service: DemoService, tmp_path: Path) -> Begun:
    return Begun(service, tmp_path)


# With those of the tests below 200 moments.
@pytest.mark.parametrize("kills", [50] * 3)
def test_a_download(begun: Begun, kills: int) -> None:
    moments = Moments(begun.synced, "download")
    flowimg = begun.synced()
    while kills:
        answer = moments.run_and_kill(flowimg)
        assert_sound(flowimg, begun.service)
        if answer.code == KILLED:
            kills -= 1
        else:
            assert answer.code == 0, answer.stderr
            assert_mirrored(flowimg, begun.service)
            flowimg = begun.synced()
    assert forked.run(flowimg, "download").code == 0
    assert_mirrored(flowimg, begun.service)


def test_a_sync(begun: Begun) -> None:
    moments = Moments(begun.unsynced, "sync")
    flowimg = begun.unsynced()
    kills = 20
    while kills:
        answer = moments.run_and_kill(flowimg)
        assert_sound(flowimg, begun.service)
        # A page is stored as a whole.
        images = flowimg.counts()["images"]
        assert images % 3 == 0
        if answer.code == KILLED:
            kills -= 1
        else:
            assert answer.code == 0, answer.stderr
            assert images == IMAGES
            flowimg = begun.unsynced()
    assert [forked.run(flowimg, command).code for command in ("sync", "download")] == [0, 0]
    assert_mirrored(flowimg, begun.service)


def test_a_force_refresh(begun: Begun) -> None:
    refresh = ("refresh", "--profile", "studio", "--yes")
    moments = Moments(begun.mirrored, *refresh)
    flowimg = begun.mirrored()
    before = ask(flowimg, RECORDS)
    kills = 20
    while kills:
        answer = moments.run_and_kill(flowimg)
        assert_sound(flowimg, begun.service)
        kills -= answer.code == KILLED
        if ask(flowimg, RECORDS) != before:
            assert ask(flowimg, RECORDS) == []
            assert forked.run(flowimg, "refresh", "--profile", "studio", "--undo").code == 0
            assert ask(flowimg, RECORDS) == before
    assert forked.run(flowimg, "download").code == 0
    assert_mirrored(flowimg, begun.service)


def test_a_verification(begun: Begun) -> None:
    moments = Moments(begun.mirrored, "verify")
    kills = 10
    while kills:
        flowimg = begun.mirrored()
        lose_two_files(flowimg)
        kills -= moments.run_and_kill(flowimg).code == KILLED
        assert ask(flowimg, "PRAGMA integrity_check") == [("ok",)]
        assert flowimg.counts()["downloaded"] >= IMAGES - 2
        assert forked.run(flowimg, "verify").code in (0, 4)
        assert_sound(flowimg, begun.service)
        assert flowimg.counts()["pending"] == 2
        assert unfinished(flowimg) == []


def lose_two_files(flowimg: Installation) -> None:
    """Let the records tell of a file that is not there, and of one with other bytes."""
    with closing(flowimg.database()) as database, database:
        first, second = (path for (path,) in database.execute("SELECT path FROM saved_file LIMIT 2"))
        for statement in (
            "UPDATE saved_file SET path = path || '.gone' WHERE path = ?",
            "UPDATE image SET local_path = local_path || '.gone' WHERE local_path = ?",
        ):
            database.execute(statement, (first,))
        database.execute("UPDATE saved_file SET sha256 = 'another' WHERE path = ?", (second,))
