"""Signed URLs: whoever has one may read the picture until it expires. And the pace of a picture's answer."""

import asyncio
import base64
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from typing import Final
from urllib.parse import quote

from aiohttp import hdrs, web

from flowimg_tui.demo.account import DemoAccount, DemoOptions
from flowimg_tui.demo.gallery import DemoImage
from flowimg_tui.demo.refusals import expired, storage_error

IMAGE_PATH: Final = "/image/"

_QUERY = re.compile(r"GoogleAccessId=demo&Expires=([0-9]{1,12})&Signature=([A-Za-z0-9%._~-]{1,200})")
_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))")
_CHUNKS_PER_SECOND = 20
_LARGEST_CHUNK = 256 * 1024


class SignedImages:
    """Makes the signed URLs of an account's pictures, and serves them."""

    def __init__(self, account: DemoAccount) -> None:
        self._account = account
        self._secret = secrets.token_bytes(32)

    def routes(self) -> list[web.RouteDef]:
        """GET and HEAD of `/image/{media_key}`, with or without an extension."""
        return [web.get(IMAGE_PATH + "{name}", self._serve)]

    def url_for(self, request: web.Request, image: DemoImage) -> str:
        """A fresh URL of `image` on the host and port that `request` was sent to."""
        expires = str(max(0, int(time.time() + self._account.options.url_lifetime)))
        return self._signed(f"http://{request.host}{IMAGE_PATH}{image.media_key}", expires)

    def with_extension(self, url: str, extension: str) -> str:
        """The URL of the same picture, for as long, under a name that ends with `.` and `extension`.

        Raises ValueError when `url` is not one of `url_for`.
        """
        path, _, query = url.partition("?")
        found = _QUERY.fullmatch(query)
        if found is None:
            raise ValueError("not a signed URL")
        return self._signed(f"{path}.{extension}", found[1])

    def _signed(self, path: str, expires: str) -> str:
        signature = self._signature(path.rpartition("/")[2], expires)
        return f"{path}?GoogleAccessId=demo&Expires={expires}&Signature={signature}"

    def _signature(self, name: str, expires: str) -> str:
        digest = hmac.digest(self._secret, f"{name}\n{expires}".encode(), hashlib.sha512)
        return quote(base64.b64encode(digest), safe="")

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(self._account.options.latency)
        name = request.match_info["name"]
        image = self._account.gallery.by_media_key(media_key_in(name))
        # The text on the wire is compared: a client that re-quotes `%2F` has changed what was signed.
        query = _QUERY.fullmatch(request.raw_path.partition("?")[2])
        if image is None or query is None:
            return storage_error(403)
        if not hmac.compare_digest(query[2], self._signature(name, query[1])):
            return storage_error(
                403, "SignatureDoesNotMatch", "The request signature does not match the one calculated."
            )
        if int(query[1]) <= time.time():
            return expired()
        picture = await asyncio.to_thread(self._account.picture, image)
        headers: dict[str, str] = {hdrs.CONTENT_TYPE: picture.mime_type, hdrs.ETAG: picture.etag}
        return answer_in_range(request, picture.content, headers, self._account.options)


def media_key_in(name: str) -> str:
    """The media key in the last part of a signed URL's path."""
    return name.partition(".")[0]


def answer_in_range(
    request: web.Request, content: bytes, headers: Mapping[str, str], options: DemoOptions
) -> web.Response:
    """`content`, or the part of it that `request` asks for; `headers` tell its ETag."""
    total, headers = len(content), {**headers, hdrs.ACCEPT_RANGES: "bytes"}
    wanted = _wanted_range(request, headers[hdrs.ETAG], total)
    if wanted is None:
        return PacedResponse(content, headers, options)
    if not wanted:
        return web.Response(status=416, headers={hdrs.CONTENT_RANGE: f"bytes */{total}"})
    headers[hdrs.CONTENT_RANGE] = f"bytes {wanted.start}-{wanted.stop - 1}/{total}"
    return PacedResponse(content[wanted.start : wanted.stop], headers, options, status=206)


class PacedResponse(web.Response):
    """An answer whose body is written at `options.rate` bytes per second, in about twenty pieces a second."""

    def __init__(
        self, content: bytes, headers: Mapping[str, str], options: DemoOptions, *, status: int = 200
    ) -> None:
        super().__init__(body=paced(content, options), status=status, headers=headers)
        self.headers[hdrs.CONTENT_LENGTH] = str(len(content))
        self.content = content


def content_of(response: web.StreamResponse) -> bytes:
    """All bytes of an answer, paced or not."""
    match response:
        case PacedResponse(content=content):
            return content
        case web.Response(body=bytes() as content):
            return content
    return b""


async def paced(content: bytes, options: DemoOptions) -> AsyncIterator[memoryview]:
    """The pieces of `content`, each when its time at `options.rate` has come."""
    clock = asyncio.get_running_loop().time
    rest, due = memoryview(content), clock()
    while rest:
        size = _LARGEST_CHUNK
        if rate := options.rate:
            size = min(len(rest), size, max(1, rate // _CHUNKS_PER_SECOND))
            due += size / rate
            await asyncio.sleep(max(0.0, due - clock()))
        yield rest[:size]
        rest = rest[size:]


def _wanted_range(request: web.Request, etag: str, total: int) -> range | None:
    """The bytes asked for, an empty range when there are none such, None when the whole is to be sent."""
    asked = _RANGE.fullmatch(request.headers.get(hdrs.RANGE, ""))
    if asked is None or request.headers.get(hdrs.IF_RANGE, etag) != etag:
        return None
    first, last, suffix = asked.groups()
    if suffix is not None:
        return range(max(0, total - int(suffix)), total)
    stop = total if last is None else min(total, int(last) + 1)
    return None if last is not None and int(last) < int(first) else range(int(first), stop)
