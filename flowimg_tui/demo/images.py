"""Signed URLs: whoever has one may read the picture until it expires. And the pace of a picture's answer."""

import asyncio
import base64
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from urllib.parse import quote

from aiohttp import hdrs, web

from flowimg_tui.demo.account import DemoAccount, DemoOptions
from flowimg_tui.demo.gallery import DemoImage

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
        """GET and HEAD of `/image/{media_key}`."""
        return [web.get("/image/{media_key}", self._serve)]

    def url_for(self, request: web.Request, image: DemoImage) -> str:
        """A fresh URL of `image` on the host and port that `request` was sent to."""
        expires = str(max(0, int(time.time() + self._account.options.url_lifetime)))
        signature = self._signature(image.media_key, expires)
        query = f"GoogleAccessId=demo&Expires={expires}&Signature={signature}"
        return f"http://{request.host}/image/{image.media_key}?{query}"

    def _signature(self, media_key: str, expires: str) -> str:
        digest = hmac.digest(self._secret, f"{media_key}\n{expires}".encode(), hashlib.sha512)
        return quote(base64.b64encode(digest), safe="")

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(self._account.options.latency)
        image = self._account.gallery.by_media_key(request.match_info["media_key"])
        # The text on the wire is compared: a client that re-quotes `%2F` has changed what was signed.
        query = _QUERY.fullmatch(request.raw_path.partition("?")[2])
        if image is None or query is None:
            return _xml_error(403, "AccessDenied", "Access denied.")
        if not hmac.compare_digest(query[2], self._signature(image.media_key, query[1])):
            return _xml_error(
                403, "SignatureDoesNotMatch", "The request signature does not match the one calculated."
            )
        if int(query[1]) <= time.time():
            return _xml_error(400, "ExpiredToken", "The provided token has expired.")
        return await self._picture(request, image)

    async def _picture(self, request: web.Request, image: DemoImage) -> web.StreamResponse:
        picture = await asyncio.to_thread(self._account.picture, image)
        total = len(picture.content)
        headers: dict[str, str] = {
            hdrs.CONTENT_TYPE: picture.mime_type,
            hdrs.ETAG: picture.etag,
            hdrs.ACCEPT_RANGES: "bytes",
        }
        wanted = _wanted_range(request, picture.etag, total)
        if wanted is None:
            return paced_response(picture.content, headers, self._account.options)
        if not wanted:
            return web.Response(status=416, headers={hdrs.CONTENT_RANGE: f"bytes */{total}"})
        headers[hdrs.CONTENT_RANGE] = f"bytes {wanted.start}-{wanted.stop - 1}/{total}"
        part = picture.content[wanted.start : wanted.stop]
        return paced_response(part, headers, self._account.options, status=206)


def paced_response(
    content: bytes, headers: Mapping[str, str], options: DemoOptions, *, status: int = 200
) -> web.Response:
    """An answer whose body is written at `options.rate` bytes per second, in about twenty pieces a second."""
    response = web.Response(body=_paced(content, options), status=status, headers=headers)
    response.headers[hdrs.CONTENT_LENGTH] = str(len(content))
    return response


async def _paced(content: bytes, options: DemoOptions) -> AsyncIterator[memoryview]:
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


def _xml_error(status: int, code: str, message: str) -> web.Response:
    text = (
        "<?xml version='1.0' encoding='UTF-8'?>"
        f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    )
    return web.Response(status=status, text=text, content_type="application/xml")
