"""Two processes at once: the second one says who is there, or both work, each on a profile of its own."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from flowimg_tui.demo.service import DemoOptions, DemoService
from tests.cli.helpers import Installation, eventually
from tests.faults import forked
from tests.faults.forked import Child
from tests.faults.killing import KILLED
from tests.faults.scene import installation_at
from tests.faults.soundness import assert_mirrored, assert_sound

IMAGES: Final = 3
BUSY: Final = 5
STALL: Final = "stall:on=media"


@pytest.fixture
def demo() -> Iterator[DemoService]:
    with DemoService(DemoOptions(images=IMAGES)) as service:
        yield service


@pytest.fixture
def flowimg(demo: DemoService, tmp_path: Path) -> Installation:
    """An installation with the profile ``studio`` and records without files."""
    installation = installation_at(demo, tmp_path)
    assert installation.add("studio", demo.cookie_header).code == 0
    assert installation.quick("sync").code == 0
    return installation


def stalled(demo: DemoService, flowimg: Installation, *more: str) -> Child:
    """Start a download, and wait until it stands still in the middle of its pictures."""
    demo.add_fault(STALL)
    holder = forked.start(flowimg, "download", *more)
    eventually("it stands still", lambda: demo.fault_hits[STALL] == IMAGES)
    return holder


@pytest.mark.parametrize("command", ["download", "retry", "sync", "verify"])
def test_the_second_one_is_told_who_is_there_and_changes_nothing(
    demo: DemoService, flowimg: Installation, command: str
) -> None:
    holder = stalled(demo, flowimg)
    asked = len(demo.requests)

    second = forked.run(flowimg, command)

    assert second.code == BUSY
    assert f"Another run holds the profile studio: process {holder.pid}, since " in second.stderr
    assert "Traceback" not in second.stderr
    assert len(demo.requests) == asked
    assert (flowimg.counts()["pending"], flowimg.files()) == (IMAGES, [])

    demo.clear_faults()
    holder.send(signal.SIGKILL)
    assert holder.answer().code == KILLED
    # The lock has died with its process: nobody has to wait, and nothing to be removed.
    assert forked.run(flowimg, "download").code == 0
    assert_mirrored(flowimg, demo)


def test_two_profiles_are_worked_on_at_once(demo: DemoService, flowimg: Installation) -> None:
    assert flowimg.add("second", demo.cookie_header, "--output", str(flowimg.folder / "second")).code == 0
    holder = stalled(demo, flowimg, "--profile", "studio")
    demo.clear_faults()

    for command in ("sync", "download"):
        answer = forked.run(flowimg, command, "--profile", "second")
        assert answer.code == 0, answer.stderr
    listed = {profile["name"]: profile for profile in flowimg.quick("status", "--json").json()["profiles"]}
    assert (listed["studio"]["pending"], listed["second"]["downloaded"]) == (IMAGES, IMAGES)

    holder.send(signal.SIGTERM)
    assert holder.answer().code == 128 + signal.SIGTERM
    assert forked.run(flowimg, "download", "--profile", "studio").code == 0
    assert_sound(flowimg, demo)
    assert len(flowimg.files()) == IMAGES


def test_two_that_write_the_records_at_once_both_come_to_their_end(
    demo: DemoService, flowimg: Installation
) -> None:
    names = ("studio", "second", "third")
    for name in names[1:]:
        assert flowimg.add(name, demo.cookie_header, "--output", str(flowimg.folder / name)).code == 0
    running = [forked.start(flowimg, "sync", "--profile", name) for name in names]
    assert [child.answer().code for child in running] == [0, 0, 0]
    running = [forked.start(flowimg, "download", "--profile", name) for name in names]
    assert [child.answer().code for child in running] == [0, 0, 0]

    listed = flowimg.quick("status", "--json").json()["profiles"]
    assert [profile["downloaded"] for profile in listed] == [IMAGES] * len(names)
    assert_sound(flowimg, demo)
