"""Faults of the connection, as the bytes and the end of a connection show them."""

import re
import socket
from collections.abc import Iterator

import pytest

from flowimg_tui.demo.gallery import Delivery, DemoImage
from flowimg_tui.demo.service import DemoService
from tests.cli.helpers import eventually
from tests.demo.faulty import MOMENT, SESSION, Visitor, image_with, statuses

MIB = 2**20


@pytest.fixture
def service() -> Iterator[DemoService]:
    with DemoService() as running:
        yield running


@pytest.fixture
def visitor(service: DemoService) -> Visitor:
    return Visitor(service)


@pytest.fixture
def image(service: DemoService) -> DemoImage:
    return image_with(service, Delivery.URL_ONLY)


@pytest.fixture
def url(visitor: Visitor, image: DemoImage) -> str:
    return visitor.signed(image)


@pytest.fixture
def picture(service: DemoService, image: DemoImage) -> bytes:
    return service.picture(image.media_key)


def first_chunks(body: bytes) -> bytes:
    """What the whole chunks at the beginning of a chunked body carry."""
    content = b""
    while head := re.match(rb"([0-9a-f]+)\r\n", body):
        size = int(head[1], 16)
        content += body[head.end() : head.end() + size]
        body = body[head.end() + size + 2 :]
    return content


@pytest.mark.parametrize(("spec", "part"), [("cut", 0.5), ("cut:at=0", 0), ("cut:at=0.9", 0.9)])
def test_a_cut_announces_the_whole_and_closes_before_it(
    service: DemoService, visitor: Visitor, url: str, picture: bytes, spec: str, part: float
) -> None:
    service.add_fault(spec)
    answer = visitor.ask(url)
    assert (answer.status, answer.ending) == (200, "closed")
    assert answer.headers["content-length"] == str(len(picture))
    assert answer.body == picture[: int(len(picture) * part)]
    assert statuses(service, "/image/") == [200]


def test_a_cut_without_a_length_ends_as_if_it_were_whole(
    service: DemoService, visitor: Visitor, url: str, picture: bytes
) -> None:
    service.add_fault("cut_close")
    answer = visitor.ask(url, Connection="keep-alive")
    assert (answer.status, answer.ending) == (200, "closed")
    assert answer.headers["connection"] == "close"
    assert not {"content-length", "transfer-encoding"} & answer.headers.keys()
    assert answer.body == picture[: len(picture) // 2]


def test_a_chunk_cut_lacks_the_last_chunk(
    service: DemoService, visitor: Visitor, url: str, picture: bytes
) -> None:
    service.add_fault("cut_chunks")
    answer = visitor.ask(url)
    assert (answer.status, answer.ending) == (200, "closed")
    assert answer.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in answer.headers
    assert first_chunks(answer.body) == picture[: len(picture) // 2]
    assert not answer.body.endswith(b"0\r\n\r\n")


def test_a_reset_sends_no_byte_and_is_recorded_as_no_answer(
    service: DemoService, visitor: Visitor, url: str
) -> None:
    service.add_fault("reset")
    answer = visitor.ask(url)
    assert (answer.status, answer.body, answer.ending) == (0, b"", "reset")
    assert statuses(service, "/image/") == [499]


def test_a_reset_in_mid_body_comes_after_a_part_of_it(
    service: DemoService, visitor: Visitor, url: str, picture: bytes
) -> None:
    service.add_fault("reset_mid:at=0.25")
    answer = visitor.ask(url)
    assert (answer.status, answer.ending) == (200, "reset")
    assert answer.headers["content-length"] == str(len(picture))
    assert answer.body == picture[: len(picture) // 4]
    assert statuses(service, "/image/") == [200]


def test_a_stall_keeps_the_connection_open_and_says_nothing_more(
    service: DemoService, visitor: Visitor, url: str, picture: bytes
) -> None:
    service.add_fault("stall")
    answer = visitor.ask(url, silent_after=len(picture) // 2)
    assert (answer.status, answer.ending) == (200, "silent")
    assert answer.headers["content-length"] == str(len(picture))
    assert answer.body == picture[: len(picture) // 2]


def test_silence_answers_nothing_at_all(service: DemoService, visitor: Visitor, url: str) -> None:
    service.add_fault("silence")
    with visitor.connected(url) as connection:
        eventually("the request is recorded as not answered", lambda: statuses(service, "/image/") == [499])
        connection.settimeout(MOMENT)
        with pytest.raises(TimeoutError):
            connection.recv(1)


@pytest.mark.parametrize("spec", ["silence", "stall"])
def test_the_service_stops_although_somebody_still_waits(
    service: DemoService, visitor: Visitor, url: str, spec: str
) -> None:
    service.add_fault(spec)
    with visitor.connected(url) as waiting:
        visitor.ask("/fx")  # its answer means that the request before it has come
        service.stop()
        waiting.settimeout(5)
        while waiting.recv(2**16):
            pass


@pytest.mark.parametrize(("spec", "size"), [("drip:every=60", 1), ("drip:bytes=700,every=60", 700)])
def test_a_drip_waits_after_each_byte_or_after_so_many(
    service: DemoService, visitor: Visitor, url: str, picture: bytes, spec: str, size: int
) -> None:
    service.add_fault(spec)
    answer = visitor.ask(url, silent_after=size)
    assert (answer.status, answer.ending) == (200, "silent")
    assert answer.headers["content-length"] == str(len(picture))
    assert answer.body == picture[:size]


def test_a_drip_is_whole_in_the_end(service: DemoService, visitor: Visitor, url: str, picture: bytes) -> None:
    service.add_fault("drip:bytes=999,every=0")
    answer = visitor.ask(url)
    assert (answer.status, answer.ending, answer.body) == (200, "closed", picture)


@pytest.mark.parametrize("spec", ["oversized", "oversized_chunks"])
def test_an_oversized_answer_is_80_mib_and_begins_as_the_picture(
    service: DemoService, visitor: Visitor, url: str, picture: bytes, spec: str
) -> None:
    service.add_fault(spec)
    announced = spec == "oversized"
    buffer, total = bytearray(2**20), 0
    with visitor.connected(url) as connection:
        beginning = connection.recv(2**10)
        while size := connection.recv_into(buffer):
            total += size
    head, _, body = beginning.partition(b"\r\n\r\n")
    total += len(body)
    assert (b"Content-Length: 83886080" in head) is announced
    assert (b"Transfer-Encoding: chunked" in head) is not announced
    assert picture[:100] in beginning
    assert total == 80 * MIB if announced else 80 * MIB < total < 81 * MIB


def test_a_client_that_goes_away_early_is_no_trouble(
    service: DemoService, visitor: Visitor, url: str
) -> None:
    service.add_fault("oversized")
    with visitor.connected(url) as connection:
        assert connection.recv(2**10)
        connection.shutdown(socket.SHUT_RDWR)
    assert visitor.ask("/fx").status == 200


@pytest.mark.parametrize(("spec", "ending"), [("cut", "closed"), ("reset_mid", "reset")])
def test_the_list_and_the_session_can_break_as_well(
    service: DemoService, visitor: Visitor, spec: str, ending: str
) -> None:
    page = visitor.list().body
    service.add_fault(f"{spec}:on=list+session")
    listed, session = visitor.list(), visitor.ask(SESSION)
    assert (listed.status, listed.body, listed.ending) == (200, page[: len(page) // 2], ending)
    assert (session.status, session.ending) == (200, ending)
    assert len(session.body) == int(session.headers["content-length"]) // 2


def test_a_broken_answer_has_the_pace_of_the_service(
    service: DemoService, visitor: Visitor, url: str
) -> None:
    service.add_fault("cut")
    service.options.rate = 1
    with visitor.connected(url) as connection:
        received = b""
        while not received.endswith(b"\r\n\r\n"):
            received += connection.recv(1)
        connection.settimeout(MOMENT)
        with pytest.raises(TimeoutError):
            connection.recv(1)
