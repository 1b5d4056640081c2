"""HTTP as this project speaks it: two clients that cannot be confused, bounded bodies, our own errors."""

import asyncio
import contextlib
import functools
import ssl
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final, Self
from urllib.request import getproxies

import httpx

from flowimg_tui.flow.errors import (
    Expired,
    FlowError,
    ForeignHost,
    Moved,
    NotFound,
    NotUnderstood,
    RateLimited,
    Refused,
    SignedOut,
    Unreachable,
)
from flowimg_tui.flow.service import Progress
from flowimg_tui.safe_text import safe_text
from flowimg_tui.secret import MASK, Secret, words_of_others

MIB: Final = 1024 * 1024
PICTURE_LIMIT: Final = 64 * MIB
REDIRECT_LIMIT: Final = 5
RETRY_AFTER_LIMIT: Final = 24 * 3600.0
TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
ANSWER_SECONDS: Final = 180.0
"""For a whole answer: one that comes drop by drop is never late for the timeout of a single read."""
SIGNED_URL_HOSTS: Final = ("storage.googleapis.com", "flow-content.google")
SIGNED_URL_SUFFIX: Final = ".googleusercontent.com"
_LONGEST_PART: Final = 16
_PROXIED: Final = ("http", "https", "all")
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port of a URL: what must be equal for two URLs to reach the same service."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: httpx.URL) -> Self:
        return cls(url.scheme, url.host.lower(), url.port or _DEFAULT_PORTS.get(url.scheme, 0))


def both_clients(
    base_urls: Collection[str], transport: httpx.AsyncBaseTransport | None = None
) -> tuple[httpx.AsyncClient, httpx.AsyncClient]:
    """Return :func:`api_client` and :func:`signed_url_client`. Whom to trust is read once: it takes 25 ms."""
    trust = functools.cache(_trust)
    return api_client(base_urls, transport, trust), signed_url_client(base_urls, transport, trust)


def _trust() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def api_client(
    base_urls: Collection[str],
    transport: httpx.AsyncBaseTransport | None = None,
    trust: Callable[[], ssl.SSLContext] = _trust,
) -> httpx.AsyncClient:
    """Return the client that may carry credentials; it talks to the origins of ``base_urls`` only.

    It follows no redirect: where Flow sends one, the credentials must not go along.
    """
    allowed = {Origin.of(httpx.URL(url)) for url in base_urls}

    async def refuse_foreign(request: httpx.Request) -> None:
        if Origin.of(request.url) not in allowed:
            raise ForeignHost(f"Not asked: {request.url.host} is not a configured Flow host.")

    return _client(transport, trust, refuse_foreign)


def signed_url_client(
    base_urls: Collection[str],
    transport: httpx.AsyncBaseTransport | None = None,
    trust: Callable[[], ssl.SSLContext] = _trust,
) -> httpx.AsyncClient:
    """Return the client for signed URLs: no credentials, known hosts, https or a configured origin.

    The rule holds for each redirect too.
    """
    configured = {Origin.of(httpx.URL(url)) for url in base_urls}

    async def refuse_foreign(request: httpx.Request) -> None:
        if not (Origin.of(request.url) in configured or is_signed_url_host(request.url)):
            host = told_host(request.url)
            raise ForeignHost(f"Not asked: {host} is not a host that Flow keeps pictures on.")

    return _client(transport, trust, refuse_foreign, follow_redirects=True)


def _client(
    transport: httpx.AsyncBaseTransport | None,
    trust: Callable[[], ssl.SSLContext],
    check: Callable[[httpx.Request], Coroutine[Any, Any, None]],
    *,
    follow_redirects: bool = False,
) -> httpx.AsyncClient:
    """Return a client whose requests ``check`` sees. Raises :class:`FlowError` for an unusable proxy."""
    try:
        return httpx.AsyncClient(
            timeout=TIMEOUT,
            transport=transport or _direct_transport(trust),
            # A proxy cannot reach what listens on this machine alone.
            mounts={"all://127.0.0.1": None, "all://localhost": None},
            follow_redirects=follow_redirects,
            max_redirects=REDIRECT_LIMIT,
            cookies=_no_cookies(),
            event_hooks={"request": [check]},
        )
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        raise FlowError(f"The proxy that the environment names cannot be used: {error}") from error


def _direct_transport(trust: Callable[[], ssl.SSLContext]) -> httpx.AsyncBaseTransport | None:
    """Return the faster transport, which knows no proxies; ``None``, for httpx's own, where one is named."""
    proxies = getproxies()
    if any(proxies.get(scheme) for scheme in _PROXIED):
        return None
    # It takes long to load, and nothing that is only imported makes a request.
    from flowimg_tui.flow.transport import AiohttpTransport

    return AiohttpTransport(trust())


def _no_cookies() -> CookieJar:
    """Return a jar that keeps nothing: what a request carries is said in its headers."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


def is_signed_url_host(url: httpx.URL) -> bool:
    """Tell whether ``url`` is https on one of the hosts that Flow's signed URLs are known to use."""
    host = url.host.lower()
    known = host in SIGNED_URL_HOSTS or host.endswith(SIGNED_URL_SUFFIX)
    return url.scheme == "https" and known and url.port in (None, 443)


def told_host(url: httpx.URL) -> str:
    """Return the host of an address that others gave, without a part that is long enough for a secret."""
    return ".".join(part if len(part) < _LONGEST_PART else MASK for part in url.host.split("."))


@contextlib.asynccontextmanager
async def streamed(
    client: httpx.AsyncClient,
    url: str,
    *,
    headers: dict[str, str] | None = None,
    post: bytes | None = None,
    picture: bool = False,
) -> AsyncIterator[httpx.Response]:
    """GET ``url``, or POST a body to it, and give the response before its own body.

    Failures of the way are :class:`Unreachable`, and so is an answer that takes longer than
    :data:`ANSWER_SECONDS`; for a ``picture`` whoever asks for it knows how long it may take.
    """
    method = "GET" if post is None else "POST"
    address = _address(url)
    host = address.host
    try:
        async with (
            asyncio.timeout(None if picture else ANSWER_SECONDS),
            client.stream(method, address, headers=headers, content=post) as response,
        ):
            yield response
    except (TimeoutError, httpx.TimeoutException) as error:
        raise Unreachable(f"{host} did not answer in time.") from error
    except httpx.TooManyRedirects as error:
        raise Refused(f"{host} redirects without end.") from error
    except httpx.ConnectError as error:
        raise Unreachable(f"{host} cannot be reached: {words_of_others(str(error))}.") from error
    except httpx.HTTPError as error:
        # What cannot be read as HTTP is quoted there.
        why = words_of_others(str(error)) or type(error).__name__
        raise Unreachable(f"The connection to {host} broke: {why}.") from error


def _address(url: str) -> httpx.URL:
    try:
        return httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ForeignHost("Not asked: the address is not a URL.") from error


async def read_body(response: httpx.Response, limit: int, progress: Progress | None = None) -> bytes:
    """Return the decoded body. Raises :class:`NotUnderstood` beyond ``limit`` bytes."""
    announced = response.headers.get("content-length", "")
    total = int(announced) if announced.isascii() and announced.isdigit() else None
    if total is not None and total > limit:
        raise NotUnderstood(f"An answer of {total} bytes, more than the limit of {limit}")
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.aiter_bytes():
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            raise NotUnderstood(f"An answer longer than the limit of {limit} bytes")
        if progress is not None:
            progress(response.num_bytes_downloaded, total)
    return b"".join(chunks)


async def fetch_picture(
    client: httpx.AsyncClient,
    url: Secret,
    limit: int,
    progress: Progress,
    check: Callable[[httpx.Response], None] = lambda _: None,
) -> bytes:
    """Return what a signed URL gives, at most ``limit`` bytes.

    ``check`` sees the response first, and raises if it is not wanted.
    """
    # A picture does not get smaller, and its announced length must be that of its bytes.
    headers = {"accept-encoding": "identity"}
    async with streamed(client, url.reveal(), headers=headers, picture=True) as response:
        check(response)
        if response.status_code != 200:
            raise signed_url_error(response)
        return await read_body(response, limit, progress)


def status_error(response: httpx.Response, message: str | None = None) -> FlowError:
    """Return the error that a status other than 200 means.

    ``message`` is the service's own sentence, if the body had one.
    """
    status, host = response.status_code, response.url.host
    said = f": {words_of_others(safe_text(message, 200))}" if message else ""
    match status:
        case 301 | 302 | 303 | 307 | 308:
            return Moved(f"{host} sends elsewhere (HTTP {status}), as it does where Flow has moved.")
        case 401:
            return SignedOut(f"{host} does not accept the session (HTTP 401{said}).")
        case 404 | 410:
            return NotFound(f"Not found (HTTP {status}{said}).")
        case 429:
            return RateLimited(f"{host} asks for a pause (HTTP 429{said}).", retry_after(response))
        case 408 | 425:
            return Unreachable(f"{host} asks to try again (HTTP {status}{said}).", retry_after(response))
        case _ if status >= 500:
            return Unreachable(f"{host} has trouble (HTTP {status}{said}).", retry_after(response))
        case _:
            return Refused(f"{host} refuses the request (HTTP {status}{said}).")


def signed_url_error(response: httpx.Response) -> FlowError:
    """Return the error that a signed URL's status means; it tells nothing of the session or the service."""
    error = status_error(response)
    if response.status_code in (400, 403):
        return Expired(str(error))
    return Refused(str(error)) if isinstance(error, SignedOut | Moved) else error


def retry_after(response: httpx.Response) -> float | None:
    """Return the seconds that ``Retry-After`` asks for, in either of its forms, at most a day."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:10]), RETRY_AFTER_LIMIT)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), RETRY_AFTER_LIMIT)
