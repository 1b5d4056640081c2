"""A host that is not Flow's is never asked, however Flow leads to it, and is told nothing."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Final, Self

import pytest

from tests.cli.helpers import Installation
from tests.conftest import SERVICES
from tests.faults.scene import Scene, failed, scene, states, told
from tests.faults.soundness import ask

COMMANDS: Final = (("sync",), ("download",), ("retry",), ("profile", "check", "studio"))


class Listener:
    """Another host: it takes every connection, and keeps what is said to it."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._heard: list[bytes] = []
        self._thread = threading.Thread(target=self._listen)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread.is_alive():
            self.heard()
        self._socket.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def heard(self) -> list[bytes]:
        """Stop listening, and return the beginning of what each one said who came before.

        Connections are taken in their order: who came earlier was heard before the one that says the end.
        """
        with closing(socket.create_connection(self._socket.getsockname())) as last:
            last.sendall(_END)
            self._thread.join()
        return self._heard

    def _listen(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            with connection, suppress(ConnectionError):
                said = connection.recv(2**16)
                if said == _END:
                    return
                self._heard.append(said)
                connection.sendall(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")


_END: Final = b"that is all\n"


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("three"), *SERVICES, places=(1, 2, 4)) as opened:
        yield opened


@pytest.fixture
def elsewhere() -> Iterator[Listener]:
    with Listener() as listener:
        yield listener


def assert_nothing_was_said(elsewhere: Listener) -> None:
    assert elsewhere.heard() == []


def test_the_listener_hears_whoever_asks(elsewhere: Listener) -> None:
    """Without this the other tests could not fail."""
    address = elsewhere.url.removeprefix("http://").split(":")
    with closing(socket.create_connection((address[0], int(address[1])))) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert elsewhere.heard() == [b"GET / HTTP/1.1\r\n\r\n"]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("place", ["image", "media", "list", "session"])
def test_a_redirect_to_a_foreign_host_is_not_followed(
    three: Scene, elsewhere: Listener, tmp_path: Path, service: str, place: str
) -> None:
    flowimg = three.installation(service, tmp_path, retries="2")
    if service == "labs":
        three.tell_addresses(flowimg)
    spec = f"redirect:to={elsewhere.url}/taken,on={place}"
    three.demo.add_fault(spec)

    for command in COMMANDS:
        answer = flowimg.quick(*command)
        assert elsewhere.url not in answer.stdout + answer.stderr

    assert three.demo.fault_hits[spec]
    assert_nothing_was_said(elsewhere)
    three.demo.clear_faults()
    assert flowimg.quick("sync").code == 0
    assert flowimg.quick("download").code == 0
    assert three.wrong_files(flowimg) == []
    assert set(states(flowimg).values()) == {"downloaded"}


def lead_elsewhere(flowimg: Installation, address: str) -> None:
    with closing(flowimg.database()) as database, database:
        database.execute("UPDATE image SET fife_url = ?", (address,))


@pytest.mark.parametrize(
    "form",
    [
        "{url}/image/x?Signature=s",
        # What only looks like a host of Flow's.
        "{url}/storage.googleapis.com/x",
        "http://storage.googleapis.com@{host}/x",
        "http://storage.googleapis.com:443@{host}/x",
        "http://{host}#.googleusercontent.com/x",
        "http://{host}?.googleusercontent.com/x",
        "http://{host}\\.googleusercontent.com/x",
        "HTTP://{host}/x",
        "//{host}/x",
    ],
)
def test_a_signed_url_at_a_foreign_host_is_not_asked(
    three: Scene, elsewhere: Listener, tmp_path: Path, form: str
) -> None:
    flowimg = three.installation("labs", tmp_path, retries="1")
    lead_elsewhere(flowimg, form.format(url=elsewhere.url, host=elsewhere.url.removeprefix("http://")))
    # The URL is the only way left.
    three.demo.add_fault("status:code=404,on=media")

    answer = flowimg.quick("download", "--json")

    assert answer.code == 4
    reasons = failed(told(answer))
    assert set(reasons) == three.media_keys
    assert all("signed url: Not asked: " in reason for reason in reasons.values()), reasons
    assert_nothing_was_said(elsewhere)


def test_what_is_asked_of_the_service_itself_after_a_redirect_carries_no_credential(
    three: Scene, tmp_path: Path
) -> None:
    """A signed URL may lead to another one; that of a configured host gets neither cookie nor Bearer."""
    flowimg = three.installation("labs", tmp_path)
    three.tell_addresses(flowimg)
    three.demo.add_fault("status:code=404,on=media")
    three.demo.add_fault(f"redirect:to={three.demo.url}/led/here,on=image")

    assert flowimg.quick("download").code == 4

    led = [request for request in three.demo.requests if request.raw_path == "/led/here"]
    assert led
    for request in led:
        assert {"cookie", "authorization", "origin", "referer"} & set(request.headers) == set()


def test_the_addresses_that_led_elsewhere_are_still_known_and_told_nowhere(
    three: Scene, elsewhere: Listener, tmp_path: Path
) -> None:
    flowimg = three.installation("labs", tmp_path, log_level="debug", retries="1")
    address = f"{elsewhere.url}/image/x?Signature=" + "b1n0t" * 8
    lead_elsewhere(flowimg, address)
    three.demo.add_fault("status:code=404,on=media")
    answers = [flowimg.quick("download", "--jsonl"), flowimg.quick("list", "--json")]

    assert_nothing_was_said(elsewhere)
    assert ask(flowimg, "SELECT DISTINCT fife_url FROM image") == [(address,)]
    told_of_it = "".join(answer.stdout + answer.stderr for answer in answers) + flowimg.log()
    assert "b1n0t" * 2 not in told_of_it
