"""Canary secrets: whatever goes wrong, and wherever, none of them is left anywhere but in its own place."""

import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from flowimg_tui.demo.faults.catalogue import KINDS
from flowimg_tui.demo.home import demo_environment
from flowimg_tui.demo.service import DemoOptions, DemoService
from tests.canary import (
    ACCOUNT_ID,
    AT,
    BEARER,
    COOKIE,
    CURSOR,
    FLOW_KEY,
    RE_ENCODING,
    SESSION_ID,
    SIGNATURE,
    Asked,
    Between,
    Reply,
    Script,
    Watched,
)
from tests.cli.terminal import PATIENCE
from tests.conftest import SERVICES, cookies_of

pytestmark = pytest.mark.waits

SECRETS: Final = {
    "labs": {COOKIE, BEARER, FLOW_KEY, CURSOR, ACCOUNT_ID, SIGNATURE},
    "google": {COOKIE, FLOW_KEY, CURSOR, AT, SESSION_ID, SIGNATURE, RE_ENCODING},
}
OTHER_KEYS: Final = {"drip": ["bytes=4096", "every=0"], "missing_field": ["every=2"], "flaky": ["share=0.5"]}
LONGEST: Final = 2**18
"""Bytes of an answer about a picture of the demo; behind it are the zeros of one that is too large."""
MOST: Final = 3 * 2**20
"""Bytes of an answer: more than an installation takes that refuses pictures of more than 1 MiB."""
QUIET: Final = {"stall": 0.1, "silence": 0.1}
"""For how many seconds nothing comes before an answer counts as silent; of other faults each answer ends."""

SETTINGS: Final = {
    "page_delay": "0",
    "retry_base": "0",
    "retries": "2",
    "page_size": "1",
    "picture_limit": "1",
    "log_level": "debug",
}


@pytest.fixture
def demo() -> Iterator[DemoService]:
    with DemoService(DemoOptions(images=3, projects=6, videos=1)) as opened:
        yield opened


@pytest.fixture
def between(demo: DemoService) -> Iterator[Between]:
    with Between(demo) as opened:
        opened.scripts = {"": as_it_comes(opened, PATIENCE)}
        yield opened


@pytest.fixture
def elsewhere(demo: DemoService) -> Iterator[Between]:
    """Another host."""
    with Between(demo) as opened:
        yield opened


def as_it_comes(between: Between, quiet: float) -> Script:
    """Pass each answer on as its bytes came, until it is cut, reset, or silent for ``quiet`` seconds."""

    def answer(asked: Asked) -> bytes:
        raw = received(between.demo, asked, quiet)
        head, _, body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")[1:]
        headers = tuple((name, value) for name, _, value in (line.partition(": ") for line in lines))
        between.replies.append(Reply(0, body[:LONGEST], headers))
        return raw

    return answer


def received(demo: DemoService, asked: Asked, quiet: float) -> bytes:
    address = urlsplit(demo.url)
    headers = {**asked.headers, "connection": "close"}
    lines = [
        f"{asked.method} {asked.path} HTTP/1.1",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    raw = b""
    with closing(socket.create_connection((address.hostname, address.port), quiet)) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + asked.body)
        with suppress(TimeoutError, ConnectionResetError):
            while len(raw) < MOST and (piece := connection.recv(2**16)):
                raw += piece
    return raw


def spec_of(name: str, elsewhere: Between) -> str:
    """Return the fault, for the first answer of each resource that it can spoil."""
    other_keys = {**OTHER_KEYS, "redirect": [f"to={elsewhere.url}/taken"]}.get(name, [])
    routes = "+".join(sorted(KINDS[name].may))
    return f"{name}:{','.join([*other_keys, f'on={routes}', 'each=1'])}"


def without_files(flowimg: Watched) -> None:
    """Let every image be pending, and the next sync begin at the first page."""
    with closing(flowimg.database()) as database, database:
        database.execute(
            "UPDATE image SET local_path = NULL, failure = NULL, failed_runs = 0, parked_at = NULL"
        )
        database.execute("DELETE FROM saved_file")
        database.execute("UPDATE profile SET place = NULL")


@pytest.mark.parametrize("service", SERVICES)
def test_no_fault_lets_a_secret_out(
    demo: DemoService, between: Between, elsewhere: Between, service: str, tmp_path: Path
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    flowimg = Watched(demo_environment(demo, here), here).with_settings(**between.settings, **SETTINGS)
    cookies = cookies_of(demo, service)
    assert flowimg.add("studio", cookies).code == 0
    for command in ("sync", "download"):
        assert flowimg.quick(command, "--jsonl").code == 0

    for name in KINDS:
        without_files(flowimg)
        between.scripts = {"": as_it_comes(between, QUIET.get(name, PATIENCE))}
        spec = spec_of(name, elsewhere)
        demo.add_fault(spec)
        for command in ("sync", "download", "sync", "download"):
            flowimg.quick(command, "--jsonl" if command == "sync" else "--json")
        assert demo.fault_hits[spec] or (name, service) in WITHOUT_EFFECT
        demo.clear_faults()
    between.scripts = {"": as_it_comes(between, PATIENCE)}
    for command in ("list", "status", "profile show studio", "config show"):
        flowimg.quick(*command.split(), "--json")

    assert elsewhere.asked == []
    canaries = between.canaries(cookies)
    assert canaries.kinds == SECRETS[service]
    assert canaries.found_among(flowimg.places()) == {}
    assert flowimg.quick("sync").code == 0
    assert flowimg.quick("download").code == 0


WITHOUT_EFFECT: Final = {("bad_base64", "google"), ("retired", "google")}
