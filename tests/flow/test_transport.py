"""The transport beneath the clients: what goes over a real socket, byte for byte, and what becomes of it."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

import httpx
import pytest
import trustme
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flowimg_tui.flow.errors import FlowError, Unreachable
from flowimg_tui.flow.http import api_client, read_body, signed_url_client, streamed
from flowimg_tui.flow.transport import AiohttpTransport

T = TypeVar("T")


class Cut(bytes):
    """An answer that the server closes the connection behind."""


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: NID=1; Path=/\r\n\r\nok"
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
CUT = Cut(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"
SHORT_BODY = "without sending complete message body"
PATIENCE = 10.0
SOON = 0.05
"""Seconds that pass on purpose, much fewer than the patience of the clients and of the tests."""

AUTHORITY = trustme.CA()
THIS_MACHINE = AUTHORITY.issue_cert("127.0.0.1")


def certified() -> ssl.SSLContext:
    """What a server needs to show the certificate of this machine."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    THIS_MACHINE.configure_cert(context)
    return context


def trusting(*authorities: trustme.CA) -> ssl.SSLContext:
    """What a client needs to trust these, and nobody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for authority in authorities:
        authority.configure_trust(context)
    return context


class Wire:
    """A server that keeps what comes, and plays one answer for each request, the last one for ever.

    ``None`` closes the connection instead; of ``b""`` nothing ever comes, nor behind half an answer.
    With ``tls`` it speaks TLS; without, it is as silent to whoever begins with TLS.
    """

    def __init__(self, *answers: bytes | None, tls: ssl.SSLContext | None = None) -> None:
        self.answers = answers
        self.requests: list[str] = []
        self.connections = 0
        self.begun = asyncio.Event()
        self.came = asyncio.Event()
        self.gone = asyncio.Event()
        self.url = ""
        self._tls = tls
        self._open: set[asyncio.Task[Any]] = set()

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        async with await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls) as server:
            scheme = "https" if self._tls else "http"
            self.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
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
                head = await reader.readexactly(1)
                self.begun.set()
                head += await reader.readuntil(b"\r\n\r\n")
                answer = self.answers[min(len(self.requests), len(self.answers) - 1)]
                self.requests.append(head.decode("ascii"))
                self.came.set()
                writer.write(answer or b"")
                if answer is None or isinstance(answer, Cut):
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


def sender(trusts: ssl.SSLContext, **options: Any) -> httpx.AsyncClient:
    """A client of httpx over this transport, without the rules of Flow's own clients."""
    return httpx.AsyncClient(transport=AiohttpTransport(trusts), **options)


def asked(wire: Wire, url: Callable[[], str], trusts: ssl.SSLContext, **options: Any) -> bytes:
    """What comes of an address, which is known once the server is there."""

    async def work() -> bytes:
        async with sender(trusts, **options) as opened:
            return (await opened.get(url())).content

    return over(wire, work)


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

    with pytest.raises(Unreachable, match=SHORT_BODY):
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


@pytest.mark.parametrize("answer", [b"", HALF])
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


@given(st.sampled_from("/?"), st.text("/?#%&=+;:@.~\\[]|'\" aF2é"))
@example("?", "")
@example("/", "x?")
@example("/", "?#part")
@example("/", "/b/../c?x=http://y/?")
@settings(deadline=None, max_examples=60)
def test_any_target_is_that_of_httpx_itself(begin: str, rest: str) -> None:
    wire = Wire(OK)

    async def work() -> None:
        for transport in (AiohttpTransport(trusting()), httpx.AsyncHTTPTransport(verify=trusting())):
            async with httpx.AsyncClient(transport=transport) as opened:
                await opened.get(f"{wire.url}{begin}{rest}")

    over(wire, work)
    ours, theirs = (each.partition("\r\n")[0] for each in wire.requests)
    assert ours == theirs


@pytest.mark.parametrize("redirected", [False, True])
def test_name_and_password_of_an_address_are_sent_as_httpx_sends_them(redirected: bool) -> None:
    wire = Wire(OK)

    async def work() -> None:
        address = wire.url.replace("//", "//studio:p%40ss@")
        if redirected:
            moved = f"HTTP/1.1 302 Found\r\nLocation: {address}/x\r\nContent-Length: 0\r\n\r\n".encode()
            wire.answers = (moved, OK, moved, OK)
        for transport in (AiohttpTransport(trusting()), httpx.AsyncHTTPTransport(verify=trusting())):
            async with httpx.AsyncClient(transport=transport, follow_redirects=True) as opened:
                await opened.get(wire.url if redirected else address)

    over(wire, work)
    heads = [sorted(each.lower().split("\r\n")) for each in wire.requests]
    assert heads[: len(heads) // 2] == heads[len(heads) // 2 :]


def test_a_redirect_is_followed_to_the_very_address_it_names() -> None:
    target = "/b/a%2Fb%2Bc?Signature=x%2Fy%2Bz%3D"
    wire = Wire(f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode(), OK)

    assert asked(wire, lambda: f"{wire.url}/x", trusting(), follow_redirects=True) == b"ok"
    assert wire.requests[1].partition("\r\n")[0] == f"GET {target} HTTP/1.1"


def test_answers_come_whole_over_one_connection_of_tls() -> None:
    picture = bytes(range(256)) * 12_000
    wire = Wire(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(picture) + picture, tls=certified())

    async def work() -> list[bytes]:
        async with sender(trusting(AUTHORITY)) as opened:
            return [(await opened.get(f"{wire.url}/x")).content for _ in range(2)]

    assert over(wire, work) == [picture, picture]
    assert wire.connections == 1


@pytest.mark.parametrize(
    ("trusts", "host", "why"),
    [
        (trusting(), "127.0.0.1", "certificate verify failed: unable to get local issuer"),
        (trusting(AUTHORITY), "localhost", "certificate is not valid for 'localhost'"),
    ],
    ids=["trusted by nobody", "of another host"],
)
def test_a_server_that_cannot_be_trusted_is_told_with_the_reason(
    trusts: ssl.SSLContext, host: str, why: str
) -> None:
    wire = Wire(OK, tls=certified())

    with pytest.raises(httpx.ConnectError, match=why):
        asked(wire, lambda: wire.url.replace("127.0.0.1", host), trusts)
    assert wire.requests == []


@pytest.mark.parametrize(
    ("said", "why"),
    [(b"220 Who is there?\r\n", "(?i)wrong.version.number"), (b"", "closed before TLS was agreed on")],
    ids=["something else", "nothing"],
)
def test_a_server_that_does_not_speak_tls_is_told_with_the_reason(said: bytes, why: str) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # All of it: what is left unread would make a reset of the end.
        await reader.read(64 * 1024)
        writer.write(said)
        writer.close()

    async def work() -> None:
        async with (
            asyncio.timeout(PATIENCE),
            await asyncio.start_server(answer, "127.0.0.1", 0) as server,
            sender(trusting(AUTHORITY)) as opened,
        ):
            await opened.get(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")

    with pytest.raises(httpx.ConnectError, match=why):
        asyncio.run(work())


@pytest.mark.parametrize("tls", [None, certified()], ids=["plain", "TLS"])
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (CUT, SHORT_BODY),
        (Cut(CHUNKED), SHORT_BODY),
        (Cut(CHUNKED + b"9\r\ncut"), SHORT_BODY),
        (CHUNKED + b"what\r\n", "chunk size"),
        (b"HTTP/1.1 200 OK\r\nX: %s\r\nContent-Length: 0\r\n\r\n" % (b"x" * 65 * 1024), "more than 65536"),
    ],
    ids=["cut", "cut behind a chunk", "cut in a chunk", "no chunk", "a long header"],
)
def test_what_is_no_whole_answer_breaks_the_protocol(
    answer: bytes, why: str, tls: ssl.SSLContext | None
) -> None:
    wire = Wire(answer, tls=tls)

    with pytest.raises(httpx.RemoteProtocolError, match=why):
        asked(wire, lambda: wire.url, trusting(AUTHORITY))
    assert len(wire.requests) == 1


def test_a_header_of_63_kib_is_no_trouble() -> None:
    wire = Wire(b"HTTP/1.1 200 OK\r\nX: %s\r\nContent-Length: 2\r\n\r\nok" % (b"x" * 63 * 1024))

    assert asked(wire, lambda: wire.url, trusting()) == b"ok"


@pytest.mark.parametrize("answer", [b"", HALF], ids=["no answer", "half an answer"])
def test_nobody_waits_longer_for_an_answer_than_the_request_says(answer: bytes) -> None:
    wire = Wire(answer)

    with pytest.raises(httpx.ReadTimeout):
        asked(wire, lambda: wire.url, trusting(), timeout=httpx.Timeout(None, read=SOON))
    assert len(wire.requests) == 1


def test_nobody_waits_longer_for_tls_than_for_a_connection() -> None:
    wire = Wire(b"")

    with pytest.raises(httpx.ConnectTimeout):
        asked(
            wire,
            lambda: wire.url.replace("http:", "https:"),
            trusting(AUTHORITY),
            timeout=httpx.Timeout(None, connect=SOON),
        )


def test_nobody_waits_longer_for_a_host_that_is_full_than_the_request_says() -> None:
    async def work(url: str) -> None:
        async with asyncio.timeout(PATIENCE), sender(trusting()) as opened:
            await opened.get(url, timeout=httpx.Timeout(None, connect=SOON))

    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        # Nobody accepts them, so the host has no room for one more.
        for _ in range(8):
            caller = stack.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(full.getsockname())
        with pytest.raises(httpx.ConnectTimeout):
            asyncio.run(work(f"http://127.0.0.1:{full.getsockname()[1]}"))


@pytest.mark.parametrize("address", ["http://127.1", "http://2130706433", "ftp://127.0.0.1"])
def test_an_address_that_cannot_be_asked_is_told_without_it(address: str) -> None:
    wire = Wire(OK)

    with pytest.raises(httpx.UnsupportedProtocol) as caught:
        asked(
            wire, lambda: f"{address}:{wire.url.rpartition(':')[2]}/x?Signature=abcdefghijklmnop", trusting()
        )
    assert str(caught.value) == "The address cannot be asked."
    assert wire.connections == 0


@pytest.mark.parametrize("moment", ["handshake", "head", "body"])
def test_whoever_is_cancelled_over_tls_leaves_no_connection(moment: str) -> None:
    wire = Wire(HALF if moment == "body" else b"", tls=None if moment == "handshake" else certified())
    some = asyncio.Event()

    async def read(opened: httpx.AsyncClient) -> None:
        async with opened.stream("GET", wire.url.replace("http:", "https:")) as response:
            async for _ in response.aiter_raw():
                some.set()

    async def work() -> None:
        # Nothing but the cancelling ends it.
        async with sender(trusting(AUTHORITY), timeout=None) as opened:
            task = asyncio.ensure_future(read(opened))
            await {"handshake": wire.begun, "head": wire.came, "body": some}[moment].wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await wire.gone.wait()

    over(wire, work)
