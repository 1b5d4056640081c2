"""kill -9 at each step of what is written: nothing is lost, and the next run leaves nothing over."""

from collections.abc import Iterator

import pytest

from flowimg_tui.demo.service import DemoOptions, DemoService
from tests.faults import forked
from tests.faults.changes import COOKIE_STEPS, REFRESH_STEPS, SAVE_STEPS, UNDO_STEPS
from tests.faults.killing import KILLED, Begun
from tests.faults.soundness import ask, assert_mirrored, assert_sound

pytestmark = pytest.mark.waits

RECORDS = "SELECT * FROM image ORDER BY id"
REFRESH = ("refresh", "--profile", "studio", "--yes")
UNDO = ("refresh", "--profile", "studio", "--undo")


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Begun]:
    with DemoService(DemoOptions(images=6)) as service:
        yield Begun(service, tmp_path_factory.mktemp("begun"))


@pytest.mark.parametrize("step", SAVE_STEPS)
def test_of_a_save(begun: Begun, step: str) -> None:
    flowimg = begun.synced()
    # Pictures before it were saved, and others are on their way: rows are committed in two groups at least.
    nth = 2 if "COMMIT" in step else 3
    killed = forked.run(flowimg, "download", change=("die_at", step, nth))
    assert killed.code == KILLED, killed.stderr
    assert_sound(flowimg, begun.service)
    assert flowimg.counts()["failed"] == 0
    rerun = forked.run(flowimg, "download", "--json")
    assert (rerun.code, rerun.json()["failed"]) == (0, 0)
    assert_mirrored(flowimg, begun.service)


@pytest.mark.parametrize("step", REFRESH_STEPS)
def test_of_a_force_refresh(begun: Begun, step: str) -> None:
    flowimg = begun.mirrored()
    before = ask(flowimg, RECORDS)
    killed = forked.run(flowimg, *REFRESH, change=("die_at", step, 1))
    assert killed.code == KILLED, killed.stderr
    assert_sound(flowimg, begun.service)
    deleted = step == "after the delete"
    assert ask(flowimg, RECORDS) == ([] if deleted else before)
    if deleted:
        assert forked.run(flowimg, *UNDO).code == 0
        assert ask(flowimg, RECORDS) == before
    # Whatever comes next finds a home without leftovers, and a refresh that can be done and undone.
    assert forked.run(flowimg, "download").code == 0
    assert_mirrored(flowimg, begun.service)
    assert [forked.run(flowimg, *command).code for command in (REFRESH, UNDO)] == [0, 0]
    assert ask(flowimg, RECORDS) == before


@pytest.mark.parametrize("step", UNDO_STEPS)
def test_of_an_undo(begun: Begun, step: str) -> None:
    flowimg = begun.mirrored()
    before = ask(flowimg, RECORDS)
    assert forked.run(flowimg, *REFRESH).code == 0
    killed = forked.run(flowimg, *UNDO, change=("die_at", step, 1))
    assert killed.code == KILLED, killed.stderr
    assert_sound(flowimg, begun.service)
    assert ask(flowimg, RECORDS) == (before if step == "after the undo" else [])
    assert forked.run(flowimg, *UNDO).code == 0
    assert ask(flowimg, RECORDS) == before
    assert_mirrored(flowimg, begun.service)


@pytest.mark.parametrize("step", COOKIE_STEPS)
def test_of_new_cookies(begun: Begun, step: str) -> None:
    flowimg = begun.mirrored()
    given = flowimg.folder / "cookies.txt"
    given.write_text(begun.service.cookie_header)
    edit = ("profile", "edit", "studio", "--cookies", str(given))
    killed = forked.run(flowimg, *edit, change=("die_at", step, 1))
    assert killed.code == KILLED, killed.stderr
    # The old ones or the new ones, whole; a half of them would be a leak of a secret as well.
    assert forked.run(flowimg, "sync").code == 0
    assert_mirrored(flowimg, begun.service)


def test_of_a_list_of_sums(begun: Begun) -> None:
    flowimg = begun.mirrored()
    sums = flowimg.folder / "sums" / "SHA256SUMS"
    sums.parent.mkdir()
    verify = ("verify", "--sums", str(sums))
    assert forked.run(flowimg, *verify, change=("die_at", "the copy is not durable", 1)).code == KILLED
    assert not sums.exists()
    assert forked.run(flowimg, *verify).code == 0
    assert [file.name for file in sums.parent.iterdir()] == [sums.name]
    assert len(sums.read_text().splitlines()) == len(begun.service.gallery)
