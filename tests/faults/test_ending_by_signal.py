"""A signal ends a command within two seconds, whatever it waits for, with its last words and its code."""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import pytest

from flowimg_tui.demo.service import DemoOptions, DemoService
from tests.cli.helpers import COMMAND, Installation, eventually
from tests.faults import forked
from tests.faults.changes import HANGING
from tests.faults.forked import Child
from tests.faults.killing import Begun
from tests.faults.soundness import unfinished

pytestmark = pytest.mark.waits

CODES: Final = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
IMAGES: Final = 6
TWO_SECONDS_ON_A_BUSY_MACHINE: Final = 8.0
"""What is promised is two; what holds a command here holds it for thirty and more."""
ROOM_FOR_TWO_EVENTS: Final = 200


class Wait(NamedTuple):
    """A command, what the service does to it, and what is different in its process."""

    command: str
    fault: str = ""
    change: tuple[Any, ...] = ()
    settings: Mapping[str, str] = MappingProxyType({})


MINUTE: Final = "code=429,retry_after=60"
NOWHERE: Final = Wait("", "", ("names_do_not_resolve",), {"labs_url": "http://flow.invalid/fx"})
NO_DISK: Final = ("pictures_do_not_come_from_the_disk",)
WAITS: Final = {
    "a sync, for a silent server": Wait("sync", "silence:on=list"),
    "a sync, for the rest of an answer": Wait("sync", "stall:on=list"),
    "a sync, for as long as Flow asks": Wait("sync", f"status:on=list,{MINUTE}"),
    "a sync, for the time of the next page": Wait("sync", settings={"page_delay": "60"}),
    "a sync, for a name": NOWHERE._replace(command="sync"),
    "a download, for a silent server": Wait("download", "silence:on=media"),
    "a download, for the rest of a picture": Wait("download", "stall:on=media"),
    "a download, for as long as Flow asks": Wait("download", f"status:on=media,{MINUTE}"),
    "a download, for a name": NOWHERE._replace(command="download"),
    "a retry, for the rest of a picture": Wait("retry", "stall:on=media"),
    "a retry, for a name": NOWHERE._replace(command="retry"),
    "a verification, for the disk": Wait("verify", change=NO_DISK),
    "a force refresh, for the disk": Wait("refresh", change=("records_are_not_copied",)),
}


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Begun]:
    with DemoService(DemoOptions(images=IMAGES)) as service:
        yield Begun(service, tmp_path_factory.mktemp("begun"))


@pytest.mark.parametrize("wait", WAITS.values(), ids=list(WAITS))
def test_what_waits(begun: Begun, wait: Wait) -> None:
    begun.service.clear_faults()
    if wait.fault:
        begun.service.add_fault(wait.fault)
    waiting = {number: waiting_child(begun, wait) for number in CODES}
    sent = time.monotonic()
    for number, (child, _) in waiting.items():
        child.send(number)
    answers = {number: child.answer() for number, (child, _) in waiting.items()}
    assert time.monotonic() - sent < TWO_SECONDS_ON_A_BUSY_MACHINE
    assert {number: answer.code for number, answer in answers.items()} == CODES
    for number, answer in answers.items():
        assert "Traceback" not in answer.stderr
        assert_true(wait.command, answer.events()[-1])
        flowimg = waiting[number][1]
        assert unfinished(flowimg) == []
        # No image has failed by it.
        assert flowimg.counts()["failed"] == (IMAGES if wait.command == "retry" else 0)


def test_a_reader_that_does_not_read(begun: Begun) -> None:
    """The command is held in the middle of a write, where no loop hears of a signal."""
    begun.service.clear_faults()
    reader, writer = os.pipe()
    room = fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writer, bytes(room - ROOM_FOR_TWO_EVENTS))
    before = len(begun.service.requests)
    command = [*COMMAND, "sync", "--jsonl"]
    with subprocess.Popen(
        command, env=begun.unsynced().environment, stdout=writer, stderr=subprocess.DEVNULL
    ) as held:
        os.close(writer)
        eventually("the first page is asked for", lambda: len(begun.service.requests) >= before + 2)
        held.send_signal(signal.SIGTERM)
        try:
            assert held.wait(TWO_SECONDS_ON_A_BUSY_MACHINE) == CODES[signal.SIGTERM]
        finally:
            held.kill()
            os.close(reader)


def waiting_child(begun: Begun, wait: Wait) -> tuple[Child, Installation]:
    """Start the command, and return when it waits."""
    flowimg = installation_for(begun, wait.command).with_settings(**wait.settings)
    workers = ["--workers", "1"]
    more = {"download": workers, "retry": workers, "refresh": ["--profile", "studio", "--yes"]}
    before = sum(begun.service.fault_hits.values())
    child = forked.start(flowimg, wait.command, "--jsonl", *more.get(wait.command, []), change=wait.change)
    if wait.change:
        child.wait_for(HANGING, on="stderr")
    elif wait.fault:
        eventually("the fault has come", lambda: sum(begun.service.fault_hits.values()) > before)
    else:
        child.wait_for("page_delayed")
    return child, flowimg


def installation_for(begun: Begun, command: str) -> Installation:
    match command:
        case "sync":
            return begun.unsynced()
        case "verify":
            return begun.mirrored()
    flowimg = begun.synced()
    if command == "retry":
        with flowimg.database() as database:
            database.execute("UPDATE image SET failure = 'not found', failed_runs = 1, tries = 1")
        database.close()
    return flowimg


def assert_true(command: str, finish: dict[str, Any]) -> None:
    """The last event says that the run was stopped, and nothing wrong."""
    assert finish.get("error") is None
    match command:
        case "sync":
            assert (finish["event"], finish["complete"]) == ("sync_finished", False)
        case "refresh":
            assert finish["event"] == "records_untouched"
        case "verify":
            assert (finish["event"], finish["checked"], finish["complete"]) == ("verify_finished", 0, False)
        case _:
            assert (finish["event"], finish["pending"], finish["cancelled"]) == (
                "download_finished",
                IMAGES,
                IMAGES,
            )
