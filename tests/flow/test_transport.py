"""The transport beneath the clients: what goes over a real socket, byte for byte, and what becomes of it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

import httpx
import pytest

from flowimg_tui.flow.errors import FlowError, Unreachable
from flowimg_tui.flow.http import api_client, read_body, signed_url_client, streamed

T = TypeVar("T")

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: NID=1; Path=/\r\n\r\nok"
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut"
PATIENCE = 10.0


class Wire:
    """A server that keeps what comes, and plays one answer for each request, the last one for ever.

    ``None`` closes the connection instead; of ``b""`` nothing ever comes, nor behind half an answer.
    """

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = answers
        self.requests: list[str] = []
        self.connections = 0
        self.came = asyncio.Event()
        self.gone = asyncio.Event()
        self.url = ""
        self._open: set[asyncio.Task[Any]] = set()

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        async with await asyncio.start_server(self._serve, "127.0.0.1", 0) as server:
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            try:
                yield
            finally:
                await asyncio.gather(*self._open)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                answer = self.answers[min(len(self.requests), len(self.answers) - 1)]
                self.requests.append(head.decode("ascii"))
                self.came.set()
                writer.write(answer or b"")
                if answer is None or answer == CUT:
                    break
        self.gone.set()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def over(wire: Wire, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What ``work`` gives while the server is there."""

    async def run() -> T:
        async with asyncio.timeout(PATIENCE), wire.listening():
            return await work()

    return asyncio.run(run())


@contextlib.asynccontextmanager
async def client(wire: Wire) -> AsyncIterator[httpx.AsyncClient]:
    async with signed_url_client([wire.url]) as opened:
        yield opened


async def body(opened: httpx.AsyncClient, url: str, **options: Any) -> bytes:
    async with streamed(opened, url, **options) as response:
        return await read_body(response, 1000)


@pytest.mark.parametrize(
    "target",
    [
        "/bucket/a%2Fb@c?GoogleAccessId=demo%40example.iam&Expires=1&Signature=aB%2Fc%2Bd%3D%3D",
        "/b/o?Signature=a%2fb%2bc",
        "/b/o?Signature=a+b/c=&x=%20%7E",
        "/b/o?Signature=a~b!c*d'e(f)",
        "/v1/media/CAMS+JDdmYjc3/ZTNh=?key=AIza-_&clientContext.tool=PINHOLE",
        "/b/%41%20?Expires=1&Signature=",
    ],
)
def test_a_target_reaches_the_wire_as_it_is(target: str) -> None:
    wire = Wire(OK)

    async def work() -> bytes:
        async with client(wire) as opened:
            return await body(opened, wire.url + target)

    assert over(wire, work) == b"ok"
    assert wire.requests[0].partition("\r\n")[0] == f"GET {target} HTTP/1.1"


def test_nothing_is_sent_but_what_was_said_and_no_cookie_comes_back() -> None:
    wire = Wire(OK)

    async def work() -> None:
        async with api_client([wire.url]) as opened:
            for content in (None, b"f.req=1"):
                await body(opened, f"{wire.url}/x", headers={"accept": "*/*"}, post=content)

    over(wire, work)
    sent = [
        sorted(line.partition(":")[0].lower() for line in each.split("\r\n")[1:-2]) for each in wire.requests
    ]
    always = ["accept", "accept-encoding", "connection", "host", "user-agent"]
    assert sent[0] == always
    # The body comes behind the head of the second one, and in front of nothing.
    assert sent[1:] == [sorted([*always, "content-length"])]
    assert wire.requests[1].startswith("POST ")


def test_a_connection_serves_one_answer_after_the_other() -> None:
    wire = Wire(OK)

    async def work() -> None:
        async with client(wire) as opened:
            for _ in range(3):
                await body(opened, f"{wire.url}/x")

    over(wire, work)
    assert (len(wire.requests), wire.connections) == (3, 1)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (None, "Server disconnected"),
        (b"what is this\r\n\r\n", "broke"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", "broke"),
    ],
    ids=["no answer", "no HTTP", "no length"],
)
def test_what_breaks_is_asked_for_once_and_names_no_address(answer: bytes | None, why: str) -> None:
    wire = Wire(answer)

    async def work() -> None:
        async with client(wire) as opened:
            await body(opened, f"{wire.url}/x?Signature=abcdefghijklmnop")

    with pytest.raises(Unreachable, match=why) as caught:
        over(wire, work)
    assert len(wire.requests) == 1
    assert "abcdefgh" not in str(caught.value)


def test_a_body_that_ends_early_is_no_body() -> None:
    wire = Wire(CUT)

    async def work() -> None:
        async with client(wire) as opened:
            await body(opened, f"{wire.url}/x")

    with pytest.raises(Unreachable, match="without sending complete message body"):
        over(wire, work)


def test_a_host_that_is_not_there_is_told_with_the_reason() -> None:
    wire = Wire(OK)

    async def address() -> str:
        return wire.url

    url = over(wire, address)

    async def work() -> None:
        async with signed_url_client([url]) as opened:
            await body(opened, f"{url}/x?Signature=abcdefghijklmnop")

    with pytest.raises(Unreachable, match=r"cannot be reached: .*refused") as caught:
        asyncio.run(work())
    assert "abcdefgh" not in str(caught.value)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
def test_whoever_is_cancelled_leaves_no_connection(answer: bytes) -> None:
    wire = Wire(answer)

    async def work() -> None:
        async with client(wire) as opened:
            task = asyncio.ensure_future(body(opened, f"{wire.url}/x"))
            await wire.came.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await wire.gone.wait()

    over(wire, work)


def test_an_answer_that_is_not_wanted_to_its_end_is_cut() -> None:
    wire = Wire(b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nhalf")

    async def work() -> None:
        async with client(wire) as opened:
            async with streamed(opened, f"{wire.url}/x") as response:
                assert response.status_code == 404
            await wire.gone.wait()

    over(wire, work)


def test_a_header_that_cannot_be_sent_is_an_error_of_ours() -> None:
    wire = Wire(OK)

    async def work() -> None:
        async with client(wire) as opened:
            await body(opened, f"{wire.url}/x", headers={"x-name": "a\r\nb: c"})

    with pytest.raises(FlowError):
        over(wire, work)
    assert wire.requests == []


def test_a_proxy_of_the_environment_is_asked_but_not_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proxy, wire = Wire(OK), Wire(OK)
    flow = "http://flow.example"

    async def direct() -> None:
        async with api_client([wire.url, flow]) as opened:
            await body(opened, f"{wire.url}/x")
            await body(opened, f"{flow}/x%2Fy")

    async def work() -> None:
        monkeypatch.setenv("http_proxy", proxy.url)
        async with wire.listening():
            await direct()

    over(proxy, work)
    assert [each.partition("\r\n")[0] for each in proxy.requests] == [f"GET {flow}/x%2Fy HTTP/1.1"]
    assert [each.partition("\r\n")[0] for each in wire.requests] == ["GET /x HTTP/1.1"]
