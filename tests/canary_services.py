"""Services that give secrets away: in what they answer, and by a bug on the way to them."""

import itertools
import json
from collections.abc import AsyncIterator, Callable
from functools import partial

import httpx

from flowimg_tui.flow.google import GoogleService
from flowimg_tui.flow.labs import LabsService
from flowimg_tui.flow.service import FlowService
from flowimg_tui.workspace import Connection
from tests.canary import Asked, Reply, Script
from tests.cli.helpers import SESSION

# What it was asked with


def in_pieces(asked: Asked) -> str:
    """Return the beginning of each secret in the request."""
    return ", ".join(value[:24] for _, value in asked.secrets())


def whole(asked: Asked) -> str:
    """Return one secret of the request, without the beginning that every session token has."""
    values = [value.rpartition("..")[2] for _, value in asked.secrets()]
    return values[len(asked.path) % len(values)]


Echo = Callable[[str], Reply | bytes]

CALLS = ("UpteDb", "Zzl0ze", "as29s")


def message(status: int, text: str) -> Reply:
    error = {"code": status, "message": text, "status": text, "json": {"message": text}}
    return Reply(status, json.dumps({"error": error}).encode())


def session(text: str) -> Reply:
    about = {"error": text, "access_token": "ya29.another", "expires": "2099-01-01T00:00:00.000Z"}
    return Reply(200, json.dumps({"user": {"email": "ada@example.com"}, **about}).encode())


def called(*answer: object) -> Reply:
    """Return what a call answers: a payload, and after it an error."""
    return framed([["wrb.fr", rpcid, *answer, "generic"] for rpcid in CALLS])


def error_row(code: int, text: str) -> Reply:
    return called(None, None, None, [code, text, [[text]]])


def framed(rows: list[list[object]]) -> Reply:
    return Reply(200, f")]}}'\n\n{json.dumps(rows)}\n".encode())


def raw(*lines: str) -> bytes:
    return "\r\n".join(lines).encode()


ROTATED = (SESSION, "__Secure-1PSIDTS")

ECHOES: dict[str, Echo] = {
    "HTML": lambda text: Reply(200, f"<!doctype html><title>{text}</title><p>Cookie: {text}".encode()),
    "no JSON": lambda text: Reply(200, text.encode()),
    "JSON of another kind": lambda text: Reply(200, json.dumps({"result": {text: [text]}}).encode()),
    "redirect": lambda text: Reply(302, headers=(("Location", f"/sign-in?{text}&token={text}"),)),
    "redirect to nowhere": lambda text: Reply(302, headers=(("Location", f"http://127.0.0.1:{text}/"),)),
    "redirect to a host": lambda text: Reply(302, headers=(("Location", f"https://{text}.example/"),)),
    "headers": lambda text: Reply(
        503, text.encode(), (("Retry-After", text), ("Content-Type", text), ("WWW-Authenticate", text))
    ),
    "cookies": lambda text: Reply(
        200, text.encode(), tuple(("Set-Cookie", f"{name}={text.partition(',')[0]}") for name in ROTATED)
    ),
    "status line": lambda text: raw(text, "", ""),
    "reason": lambda text: raw(f"HTTP/1.1 403 {text}", "Content-Length: 0", "", ""),
    "broken header": lambda text: raw("HTTP/1.1 200 OK", text, f": {text}", "", ""),
    "broken length": lambda text: raw("HTTP/1.1 200 OK", f"Content-Length: {text}", "", ""),
    "broken encoding": lambda text: raw(
        "HTTP/1.1 200 OK", f"Content-Length: {len(text)}", "Content-Encoding: gzip", "", text
    ),
    "broken off": lambda text: raw("HTTP/1.1 200 OK", "Content-Length: 999999", "", text),
}
ECHOES_OF: dict[str, dict[str, Echo]] = {
    "labs": {
        **{
            f"message of HTTP {status}": partial(message, status)
            for status in (400, 401, 403, 404, 429, 500, 503)
        },
        "session with an error": session,
    },
    "google": {
        **{f"message of HTTP {status}": partial(message, status) for status in (401, 503)},
        **{f"code {code}": partial(error_row, code) for code in (3, 5, 7, 8, 13, 16)},
        "payload": lambda text: called(json.dumps([[text, [[text]]], text])),
        "broken payload": lambda text: called(text),
        "other rows": lambda text: framed([["er", text, text], [text]]),
    },
}
PLACES = {
    "labs": ("GET /fx/api/auth/session", "GET /fx/api/trpc/", "GET /v1/media/", "GET /image/"),
    "google": ("GET /flow/", "POST /flow/", "GET /image/"),
}


def quoting(echo: Echo) -> Script:
    """Quote each second request in pieces; what holds no secret is answered as ever."""
    ways = itertools.cycle([in_pieces, whole])
    return lambda asked: echo(next(ways)(asked)) if asked.secrets() else None


# A bug on the way to it


class BrokenWay(httpx.AsyncBaseTransport):
    """The way to Flow, with a bug: it shows before requests that begin like ``line``, or in their answers."""

    def __init__(self, line: str, moment: str) -> None:
        self._line = line
        self._moment = moment
        self._way = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        line = f"{request.method} {request.url.raw_path.decode()}"
        headers, body = request.headers.raw, bytes(request.content)
        if not line.startswith(self._line):
            return await self._way.handle_async_request(request)
        if self._moment == "before":
            raise RuntimeError(f"a bug: {line} {headers} {dict(request.headers)} {body!r}")
        answer = await self._way.handle_async_request(request)
        content = await answer.aread()
        return httpx.Response(answer.status_code, headers=answer.headers, stream=BreaksOff(content))

    async def aclose(self) -> None:
        await self._way.aclose()


class BreaksOff(httpx.AsyncByteStream):
    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content
        raise RuntimeError("a bug")


def service_with_a_bug(line: str, moment: str, connection: Connection) -> FlowService:
    settings, cookies, keep = connection.settings, connection.cookies, connection.keep_cookies
    way = BrokenWay(line, moment)
    if connection.service == "google":
        return GoogleService(cookies, google_url=settings.google_url, keep_cookies=keep, transport=way)
    return LabsService(
        cookies, labs_url=settings.labs_url, media_url=settings.media_url, keep_cookies=keep, transport=way
    )
