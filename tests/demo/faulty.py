"""Somebody who asks the demo service over a bare socket, and sees how each answer begins and ends."""

import json
import re
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from flowimg_tui.demo.gallery import Delivery, DemoImage
from flowimg_tui.demo.service import DemoService

LIST = "/fx/api/trpc/media.fetchUserHistoryDirectly"
SESSION = "/fx/api/auth/session"
PATIENCE = 20.0
MOMENT = 0.03


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: the head, the body exactly as it was on the wire, and how the connection ended."""

    status: int
    headers: dict[str, str]
    body: bytes
    ending: str  # closed, reset, or silent: open, and nothing more comes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Visitor:
    """A client of `labs` with the right cookie and Bearer, that opens a connection for each request."""

    def __init__(self, service: DemoService) -> None:
        self.service = service
        self.host = urlsplit(service.url).netloc
        self.bearer = self.ask(SESSION).json["access_token"]

    def ask(self, path: str, method: str = "GET", silent_after: int | None = None, **headers: str) -> Reply:
        """Send one request. With `silent_after` wait for so many bytes of the body, and then a moment."""
        with self.connected(path, method, **headers) as connection:
            received, ending = _read(connection, silent_after)
        head, _, body = received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        told = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        return Reply(int(first.split()[1]) if first else 0, told, body, ending)

    def connected(self, path: str, method: str = "GET", **headers: str) -> socket.socket:
        """A connection on which one request was sent."""
        host, _, port = self.host.partition(":")
        connection = socket.create_connection((host, int(port)), timeout=PATIENCE)
        own = {"Host": self.host, "Connection": "close", "Cookie": self.service.cookie_header}
        named = own | {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
        connection.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
        return connection

    def list(self, cursor: str | None = None, size: int = 18) -> Reply:
        asked: dict[str, Any] = {"json": {"type": "ASSET_MANAGER", "pageSize": size, "cursor": cursor}}
        if cursor is None:
            asked["meta"] = {"values": {"cursor": ["undefined"]}}
        return self.ask(f"{LIST}?input={quote(json.dumps(asked))}")

    def media(self, image: DemoImage) -> Reply:
        return self.ask(f"/v1/media/{image.name}", Authorization=f"Bearer {self.bearer}")

    def signed(self, image: DemoImage) -> str:
        """The path and query of a fresh signed URL."""
        found = re.search(r'"fifeUrl": "http://[^/]+([^"]+)"', self.media(image).body.decode())
        assert found is not None
        return found[1]


def _read(connection: socket.socket, silent_after: int | None) -> tuple[bytes, str]:
    received = b""
    while True:
        if silent_after is not None and len(received.partition(b"\r\n\r\n")[2]) >= silent_after:
            connection.settimeout(MOMENT)
        try:
            piece = connection.recv(2**16)
        except ConnectionResetError:
            return received, "reset"
        except TimeoutError:
            return received, "silent"
        if not piece:
            return received, "closed"
        received += piece


def image_with(service: DemoService, delivery: Delivery) -> DemoImage:
    return next(image for image in service.gallery.page(None, 42)[0] if image.delivery is delivery)


def newest(service: DemoService) -> DemoImage:
    return service.gallery.page(None, 1)[0][0]


def statuses(service: DemoService, part: str) -> list[int]:
    """How the requests were recorded whose target has `part` in it."""
    return [request.status for request in service.requests if part in request.raw_path]
