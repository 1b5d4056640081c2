"""One run for a profile: a second one is told who holds it, and kill -9 of that one frees it at once."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from flowimg_tui.demo.home import demo_environment
from flowimg_tui.demo.service import DemoOptions, DemoService
from tests.cli.conftest import AT_ONCE
from tests.cli.helpers import Installation, eventually
from tests.faults.killing import KILLED
from tests.faults.soundness import assert_mirrored, assert_sound
from tests.faults.ssh_link import SshLink

pytestmark = pytest.mark.waits

IMAGES: Final = 6
BUSY: Final = "Another run holds the profile studio"
SLOW: Final = 500
"""Bytes a second: no picture comes to its end within a test's patience."""


@pytest.fixture
def service() -> Iterator[DemoService]:
    with DemoService(DemoOptions(images=IMAGES)) as running:
        yield running


@pytest.fixture
def flowimg(service: DemoService, tmp_path: Path) -> Installation:
    flowimg = Installation({**demo_environment(service, tmp_path), **AT_ONCE}, tmp_path)
    assert flowimg.add("studio", service.cookie_header).code == 0
    assert flowimg.quick("sync").code == 0
    return flowimg


def test_a_second_run_is_refused_until_the_first_is_killed(
    flowimg: Installation, service: DemoService
) -> None:
    service.options.rate = SLOW
    with flowimg.start("download", "--jsonl") as holder:
        holder.wait_for("image_started", times=4)
        for command in (
            ("download",),
            ("sync",),
            ("verify",),
            ("retry",),
            ("refresh", "--profile", "studio", "--yes"),
            ("refresh", "--profile", "studio", "--undo"),
        ):
            refused = flowimg.quick(*command)
            assert refused.code == 5
            assert f"{BUSY}: process {holder.pid}, since " in refused.stderr
        # To look is nobody's harm.
        assert flowimg.counts()["pending"] == IMAGES
        holder.send(signal.SIGKILL)
        assert holder.answer().code == KILLED
    assert_sound(flowimg, service)
    service.options.rate = None
    assert flowimg.quick("download").code == 0
    assert_mirrored(flowimg, service)


def test_a_second_app_works_on_another_profile_at_the_same_time(
    flowimg: Installation, service: DemoService, tmp_path: Path
) -> None:
    flowimg = flowimg.with_settings(output=str(tmp_path / "of-{profile}"))
    # All four workers of the first wait for ever.
    service.add_fault("silence:on=media,times=4")
    with SshLink(flowimg.environment) as first:
        first.wait_for("6 pending")
        first.type("d")
        eventually("they wait", lambda: sum(service.fault_hits.values()) == 4)
        # An app shows the first profile that there is: the other one shows another than this one does.
        assert flowimg.add("before", service.cookie_header).code == 0
        with SshLink(flowimg.environment) as second:
            second.wait_for("Press s to sync")
            second.type("s")
            second.wait_for("Synced 6 new images")
            second.type("d")
            second.wait_for("Downloaded 6 of 6 images")
        refused = flowimg.quick("download", "--profile", "studio")
        states = flowimg.quick("status", "--json").json()["profiles"]
    assert (refused.code, BUSY in refused.stderr) == (5, True)
    assert {one["name"]: one["downloaded"] for one in states} == {"before": IMAGES, "studio": 0}
