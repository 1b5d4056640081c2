"""The SSH link dies: the work stops, nothing is left half done, and the process does not stay behind."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from flowimg_tui.demo.service import DemoOptions, DemoService
from tests.cli.helpers import Installation, eventually
from tests.faults.changes import HANGING, pictures_do_not_come_from_the_disk
from tests.faults.forked import changed
from tests.faults.killing import Begun
from tests.faults.soundness import assert_mirrored, assert_sound, unfinished
from tests.faults.ssh_link import SshLink
from tests.forks import MAIN

pytestmark = pytest.mark.waits

SIGHUP: Final = 129
SLOW: Final = 500
"""Bytes a second: no picture comes to its end within a test's patience."""


@pytest.fixture
def service() -> Iterator[DemoService]:
    with DemoService(DemoOptions(images=6)) as running:
        yield running


@pytest.fixture
def begun(service: DemoService, tmp_path: Path) -> Begun:
    return Begun(service, tmp_path)


def test_the_app_in_mid_download(begun: Begun) -> None:
    flowimg = begun.synced()
    begun.service.options.rate = SLOW
    with app_on(flowimg) as link:
        link.type("d")
        link.wait_for("Downloading")
        link.break_off()
        assert link.ended() == SIGHUP
    assert_goes_on(flowimg, begun)


def test_the_app_in_a_pause(begun: Begun) -> None:
    flowimg = begun.synced().with_settings(workers="1")
    begun.service.options.latency = 0.6
    with app_on(flowimg) as link:
        link.type("d")
        link.wait_for("asking")
        begun.service.sign_out()
        begun.service.revoke_bearer()
        link.wait_for("signed out, paused")
        link.break_off()
        assert link.ended() == SIGHUP
    assert flowimg.edit("studio", begun.service.cookie_header).code == 0
    assert_goes_on(flowimg, begun)


def test_the_app_while_it_verifies(begun: Begun) -> None:
    flowimg = begun.mirrored()
    with app_on(flowimg, changed(pictures_do_not_come_from_the_disk.__name__)) as link:
        link.type("v")
        link.wait_for(HANGING)
        link.break_off()
        assert link.ended() == SIGHUP
    assert_mirrored(flowimg, begun.service)


@pytest.mark.parametrize("command", ["download", "sync"])
def test_a_command(begun: Begun, command: str) -> None:
    flowimg = begun.synced()
    begun.service.add_fault("silence:on=media+list")
    with SshLink(flowimg.environment, command) as link:
        link.wait_for("studio: ")
        eventually("the service is silent", lambda: any(begun.service.fault_hits.values()))
        link.break_off()
        assert link.ended() == SIGHUP
    begun.service.clear_faults()
    assert_goes_on(flowimg, begun)


def app_on(flowimg: Installation, program: str = MAIN) -> SshLink:
    link = SshLink(flowimg.environment, program=program)
    link.wait_for("created")
    return link


def assert_goes_on(flowimg: Installation, begun: Begun) -> None:
    assert_sound(flowimg, begun.service)
    assert unfinished(flowimg) == []
    assert flowimg.counts()["failed"] == 0
    begun.service.options.rate = None
    assert flowimg.quick("download").code == 0
    assert_mirrored(flowimg, begun.service)
