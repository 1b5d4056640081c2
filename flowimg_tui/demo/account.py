"""The stand-in account: what it holds, what opens it, and how fast it is served."""

import base64
import hashlib
import hmac
import re
import secrets
import string
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flowimg_tui.demo.gallery import DemoGallery, DemoImage
from flowimg_tui.demo.pictures import PictureSize, draw
from flowimg_tui.demo.projects import DemoProjects

SESSION_COOKIE: Final = "__Secure-next-auth.session-token"
GOOGLE_COOKIES: Final = frozenset(
    {"SID", "HSID", "SSID", "APISID", "SAPISID", "SIDCC", "OSID", "__Secure-OSID"}
    | {f"__Secure-{n}P{name}" for n in (1, 3) for name in ("SID", "SIDTS", "SIDCC", "APISID")}
)
READ_CALLS: Final = ("UpteDb", "Zzl0ze", "as29s")
_SEALED = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0"  # {"alg":"dir","enc":"A256GCM"}, as next-auth writes it
_ROTATING = ("__Secure-1PSIDTS", "__Secure-3PSIDTS")
_KEY_CHARACTERS = string.ascii_letters + string.digits + "_-"
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}")
_MOST_REFUSALS, _LAST_SLOT, _RAREST_MOVE = 10_000, 20, 1000


@dataclass(slots=True)
class DemoOptions:
    """How the service behaves. `latency`, `rate` and `url_lifetime` may be changed while it runs.

    The `google` generation shows the same images, and `videos` besides, in `projects` projects of which the
    second is empty; with 0 projects it shows nothing.

    `latency` is in seconds before each list, media and image answer. `rate` is in bytes per second of each
    answer that carries a picture, None or 0 for full speed. `url_lifetime` is in seconds; with 0 a signed URL
    is born expired. `faults` are there from the start; `control` tells how they are written. Raises
    ValueError for a negative latency or rate.
    """

    images: int = 42
    picture_size: PictureSize = PictureSize.SMALL
    latency: float = 0.0
    rate: int | None = None
    url_lifetime: float = 1200.0
    projects: int = 8
    videos: int = 15
    faults: tuple[str, ...] = ()

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

    def __init__(self, options: DemoOptions) -> None:
        """Raises ValueError when a number in `options` is more than a gallery holds, or negative."""
        self.options = options
        self.email = "ada@example.com"
        self.gallery = DemoGallery(options.images)
        self.projects = DemoProjects(self.gallery, options.projects, options.videos)
        self.google = GoogleSession()
        self.moved = False
        self._refusals_due = 0
        self._moved_slots: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()
        self._pictures = _PictureCache(options.picture_size)
        self.sign_out()
        self.revoke_bearer()
        self.replace_flow_key()

    @property
    def cookie_header(self) -> str:
        """The `Cookie` header of a browser that is signed in to `labs`."""
        return f"{SESSION_COOKIE}={self.session_token}"

    def sign_out(self) -> None:
        """End the session: its cookie opens nothing any more, that of the next sign-in does."""
        iv, body, tag = (secrets.token_urlsafe(size) for size in (12, 96, 16))
        self.session_token = f"{_SEALED}..{iv}.{body}.{tag}"

    def revoke_bearer(self) -> None:
        """Make the current access token invalid; the session hands out another one."""
        self.access_token = f"ya29.{secrets.token_urlsafe(60)}"

    def replace_flow_key(self) -> None:
        """Retire the web page's API key and publish another one."""
        self.flow_key = new_flow_key()

    def use_account(self, email: str) -> None:
        """Name another account in both generations. Raises ValueError when `email` is not an address."""
        if not _EMAIL.fullmatch(email):
            raise ValueError("that is not an e-mail address")
        self.email = email

    def exhaust(self, times: int) -> None:
        """Let the next `times` calls find the quota used up. Raises ValueError out of 0 to 10,000."""
        if not 0 <= times <= _MOST_REFUSALS:
            raise ValueError(f"n must be 0 to {_MOST_REFUSALS}")
        with self._lock:
            self._refusals_due = times

    def is_exhausted(self) -> bool:
        """Whether this call finds the quota used up; each question counts as a call."""
        with self._lock:
            due, self._refusals_due = self._refusals_due, max(0, self._refusals_due - 1)
        return due > 0

    def move_slots(self, call: str, slot: int, every: int) -> None:
        """Put a null before `slot` of every `every`-th record that `call` answers with; with 0 of none.

        Raises ValueError for an unknown call, a slot out of 0 to 20, an `every` out of 0 to 1000.
        """
        if call not in READ_CALLS:
            raise ValueError(f"rpcid must be one of {', '.join(READ_CALLS)}")
        if not (0 <= slot <= _LAST_SLOT and 0 <= every <= _RAREST_MOVE):
            raise ValueError(f"slot must be 0 to {_LAST_SLOT}, every 0 to {_RAREST_MOVE}")
        self._moved_slots[call] = (slot, every)

    def as_moved(self, call: str, records: list[list[Any]]) -> list[list[Any]]:
        """`records` as `call` answers with them now."""
        slot, every = self._moved_slots.get(call, (0, 0))
        if not every:
            return records
        return [
            record if index % every else [*record[:slot], None, *record[slot:]]
            for index, record in enumerate(records)
        ]

    def picture(self, image: DemoImage) -> Picture:
        """The picture of `image`: drawn now, in up to half a second, or kept from the last time."""
        return self._pictures.get(image)


class GoogleSession:
    """What opens the `google` generation: cookies of one sign-in, and the tokens of the page. Thread-safe."""

    build: Final = "boq_labs-ai-sandbox-frontend_20260922.09_p0"

    def __init__(self) -> None:
        self.sign_out()

    def sign_out(self) -> None:
        """End the session: its cookies and tokens open nothing any more, those of the next sign-in do."""
        self._renewable = ""
        self._cookies = {name: secrets.token_urlsafe(48) for name in sorted(GOOGLE_COOKIES)} | _new_stamp()
        self.replace_token()
        self.sid = str(secrets.randbelow(9 * 10**18) - 9 * 10**18)

    def replace_token(self) -> None:
        """Make the token of the page given out so far invalid; the page, or a refused call, gives the new."""
        self.at = f"A{secrets.token_urlsafe(24)}:{int(time.time() * 1000)}"

    def rotate(self, *, renewable: bool) -> None:
        """Replace the stamp that rotates. When `renewable`, the page takes the old one and gives the new."""
        self._renewable = self._cookies[_ROTATING[0]] if renewable else ""
        self._cookies = self._cookies | _new_stamp()

    @property
    def cookie_header(self) -> str:
        """The Cookie header of a browser that is signed in now."""
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def opens_with(self, cookies: Mapping[str, str]) -> bool:
        """Whether `cookies` are those of the sign-in, the stamp too."""
        return self._knows(cookies) and _same(cookies, _ROTATING[0], self._cookies[_ROTATING[0]])

    def renewal_of(self, cookies: Mapping[str, str]) -> dict[str, str]:
        """The new stamp for somebody who comes with the old one while it is renewable, else nothing."""
        if not self._renewable or not self._knows(cookies):
            return {}
        if not _same(cookies, _ROTATING[0], self._renewable):
            return {}
        return {name: self._cookies[name] for name in _ROTATING}

    def _knows(self, cookies: Mapping[str, str]) -> bool:
        return all(_same(cookies, name, self._cookies[name]) for name in ("OSID", "__Secure-1PSID"))


def _new_stamp() -> dict[str, str]:
    stamp = f"sidts-{secrets.token_urlsafe(48)}"
    return dict.fromkeys(_ROTATING, stamp)


def _same(cookies: Mapping[str, str], name: str, expected: str) -> bool:
    given = cookies.get(name, "").encode("utf-8", "surrogateescape")
    return hmac.compare_digest(given, expected.encode())


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
