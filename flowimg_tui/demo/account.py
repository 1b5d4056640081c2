"""The stand-in account: what it holds, what opens it, and how fast it is served."""

import base64
import hashlib
import secrets
import string
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from flowimg_tui.demo.gallery import DemoGallery, DemoImage
from flowimg_tui.demo.pictures import PictureSize, draw

SESSION_COOKIE: Final = "__Secure-next-auth.session-token"
_KEY_CHARACTERS = string.ascii_letters + string.digits + "_-"


@dataclass(slots=True)
class DemoOptions:
    """How the service behaves. `latency`, `rate` and `url_lifetime` may be changed while it runs.

    `latency` is in seconds before each list, media and image answer. `rate` is in bytes per second of each
    answer that carries a picture, None or 0 for full speed. `url_lifetime` is in seconds; with 0 a signed URL
    is born expired. Raises ValueError for a negative latency or rate.
    """

    images: int = 42
    picture_size: PictureSize = PictureSize.SMALL
    latency: float = 0.0
    rate: int | None = None
    url_lifetime: float = 1200.0

    def __post_init__(self) -> None:
        if self.latency < 0 or (self.rate or 0) < 0:
            raise ValueError("latency and rate cannot be negative")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is served: the file, the same in base64, and what HTTP says about it."""

    content: bytes
    base64: str
    mime_type: str
    etag: str

    @property
    def weight(self) -> int:
        """Bytes of memory it takes."""
        return len(self.content) + len(self.base64)


class DemoAccount:
    """One account, its gallery and its credentials, which are random and can be made invalid. Thread-safe."""

    email: Final = "ada@example.com"

    def __init__(self, options: DemoOptions) -> None:
        """Raises ValueError when `options.images` is more than a gallery holds, or negative."""
        self.options = options
        self.gallery = DemoGallery(options.images)
        self._pictures = _PictureCache(options.picture_size)
        self.sign_out()
        self.revoke_bearer()
        self.replace_flow_key()

    def sign_out(self) -> None:
        """End the session: its cookie opens nothing any more, that of the next sign-in does."""
        self.session_token = secrets.token_urlsafe(48)

    def revoke_bearer(self) -> None:
        """Make the current access token invalid; the session hands out another one."""
        self.access_token = f"ya29.{secrets.token_urlsafe(60)}"

    def replace_flow_key(self) -> None:
        """Retire the web page's API key and publish another one."""
        self.flow_key = new_flow_key()

    def picture(self, image: DemoImage) -> Picture:
        """The picture of `image`: drawn now, in up to half a second, or kept from the last time."""
        return self._pictures.get(image)


def new_flow_key() -> str:
    """A key of the form that Google's browser keys have: `AIza` and 35 characters."""
    return "AIza" + "".join(secrets.choice(_KEY_CHARACTERS) for _ in range(35))


class _PictureCache:
    """The pictures used last, at most 192 MiB: room for a default gallery of large ones."""

    LIMIT = 192 * 2**20

    def __init__(self, size: PictureSize) -> None:
        self._size = size
        self._pictures: OrderedDict[str, Picture] = OrderedDict()
        self._weight = 0
        self._lock = threading.Lock()

    def get(self, image: DemoImage) -> Picture:
        with self._lock:
            if image.media_key in self._pictures:
                self._pictures.move_to_end(image.media_key)
                return self._pictures[image.media_key]
        # Two threads may draw the same picture at once: both get the same bytes.
        picture = self._draw(image)
        with self._lock:
            self._keep(image.media_key, picture)
        return picture

    def _draw(self, image: DemoImage) -> Picture:
        content = draw(image.media_key, image.aspect_ratio, image.format, size=self._size)
        return Picture(
            content=content,
            base64=base64.b64encode(content).decode("ascii"),
            mime_type=f"image/{image.format}",
            etag=f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        )

    def _keep(self, media_key: str, picture: Picture) -> None:
        if media_key not in self._pictures:
            self._pictures[media_key] = picture
            self._weight += picture.weight
        while self._weight > self.LIMIT:
            _, oldest = self._pictures.popitem(last=False)
            self._weight -= oldest.weight
