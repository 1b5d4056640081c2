"""The `/asb/` pictures of a `google` listing: smaller JPEGs, of other bytes than the originals."""

import asyncio
import base64
import hmac
import io
import re
import secrets
import uuid

from aiohttp import hdrs, web
from PIL import Image

from flowimg_tui.demo.account import DemoAccount
from flowimg_tui.demo.images import PacedResponse

_MAC_BYTES = 12


class ReEncodedImages:
    """Makes the opaque URLs of an account's re-encoded pictures, and serves them to whoever has one."""

    def __init__(self, account: DemoAccount) -> None:
        self._account = account
        self._secret = secrets.token_bytes(32)

    def routes(self) -> list[web.RouteDef]:
        """GET and HEAD of `/asb/{token}`."""
        return [web.get("/asb/{token}", self._serve)]

    def url_for(self, request: web.Request, media_id: str) -> str:
        """The URL for an image or video, on the host and port that `request` was sent to; a video's is 404.

        Raises ValueError when `media_id` is not a UUID.
        """
        key = uuid.UUID(media_id).bytes
        token = base64.urlsafe_b64encode(key + self._mac(key)).decode("ascii").rstrip("=")
        return f"http://{request.host}/asb/{token}"

    def _mac(self, key: bytes) -> bytes:
        return hmac.digest(self._secret, key, "sha256")[:_MAC_BYTES]

    async def _serve(self, request: web.Request) -> web.Response:
        await asyncio.sleep(self._account.options.latency)
        token = request.match_info["token"]
        if not re.fullmatch(r"[A-Za-z0-9_-]{38}", token):
            return web.Response(status=404)
        content = base64.urlsafe_b64decode(token + "==")
        key, mac = content[:-_MAC_BYTES], content[-_MAC_BYTES:]
        image = self._account.gallery.by_media_key(str(uuid.UUID(bytes=key)))
        if image is None or not hmac.compare_digest(mac, self._mac(key)):
            return web.Response(status=404)
        original = await asyncio.to_thread(self._account.picture, image)
        smaller = await asyncio.to_thread(_smaller_jpeg, original.content)
        return PacedResponse(smaller, {hdrs.CONTENT_TYPE: "image/jpeg"}, self._account.options)


def _smaller_jpeg(content: bytes) -> bytes:
    """Half as wide, half as high, and worse: what must never be saved for an original."""
    with Image.open(io.BytesIO(content)) as picture:
        smaller, file = picture.convert("RGB").reduce(2), io.BytesIO()
    smaller.save(file, "JPEG", quality=60)
    return file.getvalue()
