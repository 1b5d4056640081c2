"""Answers that go wrong as bytes on a connection: cut, reset, stalled, slow, or without an end."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from enum import Enum, auto
from typing import ClassVar, Final

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter

from flowimg_tui.demo.faults.answer import Answer
from flowimg_tui.demo.faults.keys import number, whole
from flowimg_tui.demo.faults.kinds import Spoiler

_NO_ANSWER: Final = 499
_PIECE: Final = 2**18
_OVERSIZE: Final = 80 * 2**20
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class Ending(Enum):
    """What comes when an answer has stopped."""

    CLOSE = auto()
    RESET = auto()
    SILENCE = auto()


class Framing(Enum):
    """How an answer says where its body ends."""

    LENGTH = auto()
    CLOSE = auto()
    CHUNKS = auto()


class TornResponse(web.StreamResponse):
    """An answer whose head promises `length` bytes, and that ends when the `pieces` do."""

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        length: int,
        pieces: AsyncIterator[bytes | memoryview],
        *,
        framing: Framing = Framing.LENGTH,
        ending: Ending = Ending.CLOSE,
    ) -> None:
        super().__init__(status=status, headers={**headers, hdrs.DATE: formatdate(usegmt=True)})
        match framing:
            case Framing.LENGTH:
                self.headers[hdrs.CONTENT_LENGTH] = str(length)
            case Framing.CLOSE:
                self.headers[hdrs.CONNECTION] = "close"
            case Framing.CHUNKS:
                self.headers[hdrs.TRANSFER_ENCODING] = "chunked"
        self._pieces = pieces
        self._in_chunks = framing is Framing.CHUNKS
        self._ending = ending

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send all that is ever sent."""
        writer = request.writer
        if request.transport is not None and self._ending is Ending.RESET:
            # A reset drops what still waits to be written: with a limit of 0 `drain` waits for all of it.
            request.transport.set_write_buffer_limits(high=0)
        if self._in_chunks:
            writer.enable_chunking()
        await writer.write_headers(f"HTTP/1.1 {self.status} {self.reason}", self.headers)
        writer.send_headers()
        async for piece in self._pieces:
            await writer.write(piece)
        await writer.drain()
        await _end(request, self._ending)
        return writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing: the end is what is missing."""


class NoResponse(web.StreamResponse):
    """A connection that ends, or does not, without one byte of an answer."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(status=_NO_ANSWER)
        self._ending = ending

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send nothing."""
        await _end(request, self._ending)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing either."""


async def _end(request: web.BaseRequest, ending: Ending) -> None:
    """Bring the connection to its end. After a CLOSE the server closes it, for neither response keeps it."""
    if ending is Ending.RESET and request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        request.transport.abort()
    if ending is Ending.SILENCE:
        # Cancelled when the client goes away, or the service stops.
        await asyncio.get_running_loop().create_future()


@dataclass
class Cut(Spoiler):
    """The length is announced, and the connection closed before it is reached."""

    at: float = number(0.5, 0, 1)
    framing: ClassVar[Framing] = Framing.LENGTH
    ending: ClassVar[Ending] = Ending.CLOSE

    async def offer(self, answer: Answer) -> web.StreamResponse:
        part = answer.body[: int(len(answer.body) * self.at)]
        return TornResponse(
            answer.status,
            answer.headers,
            len(answer.body),
            answer.pieces(part),
            framing=self.framing,
            ending=self.ending,
        )


class CutClose(Cut):
    """No length is announced, so that the early end looks like the end."""

    framing = Framing.CLOSE


class CutChunks(Cut):
    """The last chunk, which is the end of the body, never comes."""

    framing = Framing.CHUNKS


class ResetMid(Cut):
    """A TCP reset in mid-body. Of a large one the client sees less: a reset drops what is on its way."""

    ending = Ending.RESET


class Stall(Cut):
    """Nothing more comes in mid-body, and the connection stays open."""

    ending = Ending.SILENCE


class Reset(Spoiler):
    """A TCP reset in place of an answer."""

    async def offer(self, _answer: Answer) -> web.StreamResponse:
        return NoResponse(Ending.RESET)


class Silence(Spoiler):
    """No answer, on a connection that stays open."""

    async def offer(self, _answer: Answer) -> web.StreamResponse:
        return NoResponse(Ending.SILENCE)


@dataclass
class Drip(Spoiler):
    """A whole answer, `bytes` every `every` seconds."""

    bytes: int = whole(1, 1)
    every: float = number(0.1, 0, 3600)

    async def offer(self, answer: Answer) -> web.StreamResponse:
        drops = _drops(answer.body, self.bytes, self.every)
        return _streamed(answer, drops, length=len(answer.body))


class Oversized(Spoiler):
    """The answer, and zeros up to 80 MiB, all of them announced."""

    async def offer(self, answer: Answer) -> web.StreamResponse:
        return _streamed(answer, _swollen(answer.body), length=_OVERSIZE)


class OversizedChunks(Spoiler):
    """The same in chunks, with nothing announced."""

    async def offer(self, answer: Answer) -> web.StreamResponse:
        return _streamed(answer, _swollen(answer.body), length=None)


def _streamed(answer: Answer, body: AsyncIterator[bytes], *, length: int | None) -> web.Response:
    response = web.Response(body=body, status=answer.status, headers=answer.headers)
    if length is not None:
        response.headers[hdrs.CONTENT_LENGTH] = str(length)
    return response


async def _drops(body: bytes, size: int, every: float) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]
        await asyncio.sleep(every)


async def _swollen(body: bytes) -> AsyncIterator[bytes]:
    yield body
    zeros, left = bytes(_PIECE), _OVERSIZE - len(body)
    while left > 0:
        yield zeros[:left]
        left -= _PIECE
