"""Requests of httpx over the connections of aiohttp, which take half the time for a picture over TLS.

What goes to the wire is what httpx has made of a request: its target is not quoted anew, no header is added,
no cookie kept, no redirect followed, no body decoded, and nothing sent a second time. What goes wrong is told
as httpx's own transport does.
"""

import os
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Final

import aiohttp
import httpx
from yarl import URL

_READ_AHEAD: Final = 1024 * 1024
"""Bytes of an answer that are taken from the socket before anybody has asked for them."""
_IDLE_SECONDS: Final = 5.0
"""For how long a connection without a request is kept."""
_LONGEST_HEADER: Final = 64 * 1024
_MOST_HEADERS: Final = 1000
_CUT: Final = "Not enough data"
"""What aiohttp says of a body that ends before its end."""
_SHORT_BODY: Final = "peer closed connection without sending complete message body"
_CLOSED: Final = "Connection closed before TLS was agreed on"
"""For what asyncio has no words."""
_ADDED_BY_AIOHTTP: Final = ("accept", "accept-encoding", "content-type", "user-agent")


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Made anywhere; it belongs to the loop of its first request from then on."""

    def __init__(self, context: ssl.SSLContext) -> None:
        """``context`` says whom to trust."""
        self._context = context
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        content = await request.aread()
        with _told_as_httpx():
            response = await self._opened().request(
                request.method,
                _address_of(request.url),
                headers=request.headers.multi_items(),
                data=content or None,
                allow_redirects=False,
                timeout=_timeout_of(request),
                skip_auto_headers=_ADDED_BY_AIOHTTP,
            )
        return httpx.Response(response.status, headers=response.raw_headers, stream=_Body(response))

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(ssl=self._context, limit=0, keepalive_timeout=_IDLE_SECONDS)
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                read_bufsize=_READ_AHEAD,
                max_line_size=_LONGEST_HEADER,
                max_field_size=_LONGEST_HEADER,
                max_headers=_MOST_HEADERS,
                middlewares=(_once,),
            )
        return self._session


class _Body(httpx.AsyncByteStream):
    """The body of an answer as it comes."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _told_as_httpx():
            async for chunk in self._response.content.iter_any():
                yield chunk

    async def aclose(self) -> None:
        # Of an answer that was read to its end, the connection is kept; else nobody wants the rest.
        self._response.close()


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send a request. By itself aiohttp sends it again where a connection breaks, and nobody counts that."""
    with _told_as_httpx():
        return await send(request)


def _address_of(url: httpx.URL) -> URL:
    """Return an address that aiohttp asks for as it is.

    The target is all path: a query loses its question mark where nothing follows. Name and password stay
    away, since httpx has made a header of what was to be sent of them.
    """
    authority, target = url.netloc.decode("ascii"), url.raw_path.decode("ascii")
    return URL.build(scheme=url.scheme, authority=authority, path=target, encoded=True)


def _timeout_of(request: httpx.Request) -> aiohttp.ClientTimeout:
    seconds = request.extensions["timeout"]
    return aiohttp.ClientTimeout(connect=seconds["connect"], sock_read=seconds["read"])


@contextmanager
def _told_as_httpx() -> Iterator[None]:
    """Tell errors as httpx does. What aiohttp says of them can name the whole address: it goes nowhere."""
    try:
        yield
    except aiohttp.ConnectionTimeoutError:
        raise httpx.ConnectTimeout("") from None
    except TimeoutError:
        raise httpx.ReadTimeout("") from None
    except aiohttp.ClientConnectorError as error:
        raise httpx.ConnectError(_reason_of(error.os_error)) from None
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
        raise httpx.UnsupportedProtocol("The address cannot be asked.") from None
    except aiohttp.ClientResponseError as error:
        raise httpx.RemoteProtocolError(error.message) from None
    except aiohttp.ClientPayloadError as error:
        # Of its words, those that are for people are few.
        cut = _CUT in str(error)
        raise httpx.RemoteProtocolError(_SHORT_BODY if cut else "The body cannot be read.") from None
    except aiohttp.ServerDisconnectedError:
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.") from None
    except (aiohttp.ClientError, OSError) as error:
        raise httpx.ReadError(str(error)) from None
    except ValueError as error:
        # A header that cannot be sent.
        raise httpx.LocalProtocolError(str(error)) from None


def _reason_of(error: OSError) -> str:
    """Return why there is no connection: asyncio says of the system's errors that the call has failed."""
    number = 0 if isinstance(error, ssl.SSLError) else error.errno or 0
    return os.strerror(number) if number > 0 else str(error) or _CLOSED
