"""A service with ready-made answers: ``python -m benchmarks.speed.ready``, led by :func:`ready_service`."""

import argparse
import asyncio
import contextlib
import json
import sys
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from benchmarks.serving import serving, settings_of
from benchmarks.speed import answers


@contextlib.contextmanager
def ready_service(*, images: int = 0, size: int = 1000, latency: float = 0.0) -> Iterator[dict[str, str]]:
    """Serve a listing of so many images and pictures of ``size`` bytes, each after ``latency`` seconds.

    Gives the variables that lead flowimg there. Raises ServiceUnusable where it does not start.
    """
    options = {"images": images, "size": size, "latency": latency}
    command = [f"--{name}={value}" for name, value in options.items()]
    with serving(*command, module=(__name__,)) as told:
        yield settings_of(told)


class ReadyAnswers:
    """What there is to be answered, and how long each picture takes."""

    def __init__(self, images: int, size: int, latency: float) -> None:
        self._pages = [answers.page(number, images) for number in range(-(-images // answers.PAGE_SIZE))]
        self._media = answers.inline_media(answers.picture(size))
        self._latency = latency

    def of(self, target: str) -> tuple[bytes | None, float]:
        """Return the body for a request, ``None`` where there is none, and the seconds before it."""
        address = urlsplit(target)
        match address.path.split("/"):
            case ["", "fx", "api", "auth", "session"]:
                return answers.session(), 0.0
            case ["", "fx", "api", "trpc", _]:
                asked = json.loads(parse_qs(address.query)["input"][0])
                return self._pages[int(asked["json"]["cursor"] or 0)], 0.0
            case ["", "v1", "media", *_]:
                return self._media, self._latency
        return None, 0.0


class _Connection(asyncio.Protocol):
    """Answers one GET after the other, with as little of its own as a server can have."""

    def __init__(self, ready: ReadyAnswers) -> None:
        self._ready = ready
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            body, seconds = self._ready.of(head.split(b" ", 2)[1].decode("ascii"))
            asyncio.get_running_loop().call_later(seconds, self._answer, body)

    def _answer(self, body: bytes | None) -> None:
        if self._transport is not None:
            status, content = ("404 Not Found", b"") if body is None else ("200 OK", body)
            fields = f"Content-Type: application/json\r\nContent-Length: {len(content)}"
            self._transport.write(f"HTTP/1.1 {status}\r\n{fields}\r\n\r\n".encode("ascii") + content)


async def _serve(ready: ReadyAnswers) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(ready), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    told = {"labs_url": f"{url}/fx", "media_url": f"{url}/v1", "google_url": f"{url}/flow"}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    await server.serve_forever()


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int)
    parser.add_argument("--size", type=int)
    parser.add_argument("--latency", type=float)
    given = parser.parse_args()
    asyncio.run(_serve(ReadyAnswers(given.images, given.size, given.latency)))


if __name__ == "__main__":
    main()
