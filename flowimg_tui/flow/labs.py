"""The ``labs`` generation of Flow: labs.google lists, aisandbox-pa delivers."""

import asyncio
import json
import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final
from urllib.parse import quote, urlencode

import httpx

from flowimg_tui.computing import computed
from flowimg_tui.flow import labs_wire
from flowimg_tui.flow.cookies import cookie_header, rotated
from flowimg_tui.flow.errors import (
    FlowError,
    InvalidName,
    Moved,
    NeedsRefresh,
    NotFound,
    NotUnderstood,
    Refused,
    SignedOut,
    Unreachable,
)
from flowimg_tui.flow.http import (
    MIB,
    PICTURE_LIMIT,
    both_clients,
    fetch_picture,
    read_body,
    status_error,
    streamed,
)
from flowimg_tui.flow.service import Account, Media, Page, Progress
from flowimg_tui.secret import Secret, words_of_others

log = logging.getLogger(__name__)

LABS_URL: Final = "https://labs.google/fx"
MEDIA_URL: Final = "https://aisandbox-pa.googleapis.com/v1"
PAGE_SIZE: Final = 18

BEARER_LIFETIME: Final = 50 * 60.0
_DECODED_AT_ONCE: Final = 512 * 1024
"""Bytes of a media answer: to decode fewer takes less than to hand them to a thread."""
_LIST_LIMIT: Final = 16 * MIB
_ERROR_LIMIT: Final = MIB
_RETIRED: Final = (404, 410)
"""What the address of the listing answers when it is no more."""
_SCRIPT_LIMIT: Final = 16 * MIB
_RAW_NAME: Final = re.compile(r"[A-Za-z0-9+/=_$-]+")
_APP_SCRIPT: Final = re.compile(r"/_next/static/chunks/pages/_app-[0-9a-f]+\.js")
_FLOW_KEY: Final = re.compile(r"AIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])")


@dataclass(frozen=True, slots=True)
class _Bearer:
    token: Secret
    renew_at: float
    """On the monotonic clock."""


class LabsService:
    """A :class:`~flowimg_tui.flow.service.FlowService` of the ``labs`` generation."""

    def __init__(
        self,
        cookies: Mapping[str, Secret],
        *,
        labs_url: str = LABS_URL,
        media_url: str = MEDIA_URL,
        page_size: int = PAGE_SIZE,
        picture_limit: int = PICTURE_LIMIT,
        flow_key: Secret | None = None,
        keep_flow_key: Callable[[Secret], None] = lambda _: None,
        keep_cookies: Callable[[Mapping[str, Secret]], None] = lambda _: None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Make the service; no request is made before the first call.

        ``picture_limit`` is in bytes. ``keep_flow_key`` is called with each Flow key that was found: the next
        run need not look again. ``keep_cookies`` is called with all cookies whenever the service has rotated
        one of them.
        """
        self._cookies = cookies
        self._keep_cookies = keep_cookies
        self._labs_url = labs_url.rstrip("/")
        self._media_url = media_url.rstrip("/")
        self._page_size = page_size
        self._picture_limit = picture_limit
        self._flow_key = flow_key
        self._looked_for_flow_key = flow_key is not None
        self._keep_flow_key = keep_flow_key
        self._bearer: _Bearer | None = None
        self._renewal = asyncio.Lock()
        self._api, self._open = both_clients((labs_url, media_url), transport)

    async def account(self) -> Account:
        account, _ = await self._live_session()
        return account

    async def list_page(self, cursor: Secret | None) -> Page:
        url = f"{self._labs_url}/api/trpc/media.fetchUserHistoryDirectly?{self._list_query(cursor)}"
        headers = {
            "cookie": cookie_header(self._cookies),
            "content-type": "application/json",
            "accept": "*/*",
            "referer": f"{self._labs_url}/tools/flow",
        }
        async with streamed(self._api, url, headers=headers) as response:
            if response.status_code != 200:
                raise await _list_error(response)
            body = await read_body(response, _LIST_LIMIT)
        page, status = labs_wire.decode_page(body)
        if status in _RETIRED:
            raise Moved(f"Flow's listing is retired (status {status} inside the answer).")
        if status != 200:
            raise _inner_status_error(status, response)
        return page

    async def media(self, name: str, progress: Progress) -> Media:
        raw_name = _path_name(name)
        bearer = await self._current_bearer()
        key = await self._current_flow_key()
        renewed = replaced = False
        while True:
            try:
                return await self._ask_media(raw_name, bearer.token, key, progress)
            except SignedOut:
                if renewed:
                    raise
                renewed, bearer = True, await self._current_bearer(refused=bearer)
            except _FlowKeyRefused:
                if replaced:
                    raise
                replaced, key = True, await self._current_flow_key(refused=key)

    async def fetch(self, url: Secret, progress: Progress) -> bytes:
        return await fetch_picture(self._open, url, self._picture_limit, progress)

    async def aclose(self) -> None:
        await self._api.aclose()
        await self._open.aclose()

    def _list_query(self, cursor: Secret | None) -> str:
        arguments: dict[str, object] = {
            "json": {
                "type": "ASSET_MANAGER",
                "pageSize": self._page_size,
                "responseScope": "RESPONSE_SCOPE_UNSPECIFIED",
                "cursor": cursor.reveal() if cursor else None,
            }
        }
        if cursor is None:
            # On any later page this makes the service answer page 1 again, for ever.
            arguments["meta"] = {"values": {"cursor": ["undefined"]}}
        return urlencode({"input": json.dumps(arguments, separators=(",", ":"))}, quote_via=quote)

    async def _ask_media(
        self, raw_name: str, bearer: Secret, key: Secret | None, progress: Progress
    ) -> Media:
        key_parameter = f"key={key.reveal()}&" if key else ""
        url = f"{self._media_url}/media/{raw_name}?{key_parameter}clientContext.tool=PINHOLE"
        headers = {
            "authorization": f"Bearer {bearer.reveal()}",
            "origin": "https://labs.google",
            "referer": "https://labs.google/",
        }
        async with streamed(self._api, url, headers=headers, picture=True) as response:
            if response.status_code == 200:
                # In base64, with what stands around it.
                body = await read_body(response, self._picture_limit * 4 // 3 + MIB, progress)
            else:
                raise await _media_error(response)
        decode = partial(labs_wire.decode_media, body)
        media = decode() if len(body) <= _DECODED_AT_ONCE else await computed(decode)
        if media.data is not None and len(media.data) > self._picture_limit:
            size = len(media.data)
            raise NotUnderstood(f"A picture of {size} bytes, more than the limit of {self._picture_limit}")
        return media

    async def _current_bearer(self, refused: _Bearer | None = None) -> _Bearer:
        """Return the Bearer; ask for one where there is none, it is old, or the service refused it.

        Workers that were refused together wait for one renewal. The session may give the same token again:
        a service that refused it by mistake takes it the second time.
        """
        async with self._renewal:
            current = self._bearer
            if current is None or current is refused or time.monotonic() >= current.renew_at:
                _, current = await self._live_session()
            return current

    async def _live_session(self) -> tuple[Account, _Bearer]:
        """Ask for the session and take its Bearer. Raises ``SignedOut`` where it is not a live one."""
        session = await self._ask_session()
        expires = _expiry(session)
        if session.access_token and session.error is None and expires <= datetime.now(UTC):
            # A stale session that is not marked as one was rotated by that very answer: ask once more.
            session = await self._ask_session()
            expires = _expiry(session)
        if not session.access_token:
            await self._refuse_if_moved()
            raise SignedOut("Flow knows no session for these cookies: it has ended.")
        if session.error is not None:
            why = words_of_others(session.error)
            raise NeedsRefresh(f"The session needs to be refreshed in the browser ({why}).")
        if expires <= datetime.now(UTC):
            raise NeedsRefresh("The session has expired, and Flow did not refresh it.")
        self._bearer = bearer = _Bearer(Secret(session.access_token), time.monotonic() + BEARER_LIFETIME)
        return Account(session.user.email if session.user else None, expires), bearer

    async def _refuse_if_moved(self) -> None:
        """Raise :class:`Moved` where the listing is retired: a moved account's session looks signed out."""
        try:
            await self.list_page(None)
        except Moved:
            raise
        except FlowError as error:
            log.debug("The listing of an account without a session: %s", error)

    async def _ask_session(self) -> labs_wire.Session:
        headers = {"cookie": cookie_header(self._cookies), "accept": "application/json"}
        async with streamed(self._api, f"{self._labs_url}/api/auth/session", headers=headers) as response:
            if response.status_code != 200:
                error = status_error(response)
                if isinstance(error, SignedOut | Refused | NotFound):
                    raise Unreachable(f"The session cannot be asked for: {error}")
                raise error
            body = await read_body(response, _ERROR_LIMIT)
        cookies = rotated(self._cookies, ((c.name, c.value or "") for c in response.cookies.jar))
        if cookies != self._cookies:
            self._cookies = cookies
            self._keep_cookies(cookies)
        return labs_wire.decode_session(body)

    async def _current_flow_key(self, refused: Secret | None = None) -> Secret | None:
        """Return the Flow key, looked up once and again when refused; ``None`` where the page names none.

        With a Bearer the key seems to be optional, so that a page without one is no failure.
        """
        async with self._renewal:
            if not self._looked_for_flow_key or (refused is not None and self._flow_key == refused):
                found = await self._find_flow_key()
                # The page may still name the key that was refused: then none is better than that one.
                self._flow_key = None if found == refused else found
                self._looked_for_flow_key = True
                if self._flow_key is not None:
                    self._keep_flow_key(self._flow_key)
            return self._flow_key

    async def _find_flow_key(self) -> Secret | None:
        page = await self._public_text(self._labs_url)
        script = _APP_SCRIPT.search(page)
        if script is None:
            return None
        found = _FLOW_KEY.findall(await self._public_text(self._labs_url + script.group()))
        return Secret(Counter(found).most_common(1)[0][0]) if found else None

    async def _public_text(self, url: str) -> str:
        """Return a public page as text, asked for without credentials; empty where it cannot be had."""
        async with streamed(self._api, url) as response:
            if response.status_code != 200:
                return ""
            return (await read_body(response, _SCRIPT_LIMIT)).decode("utf-8", "replace")


class _FlowKeyRefused(FlowError):
    """The service says that the ``key`` parameter is not valid (any more)."""


def _path_name(name: str) -> str:
    """Return the name as it goes into the path: raw, an encoded one gets 400. Raises :class:`InvalidName`."""
    cleaned = labs_wire.clean_name(name)
    if not _RAW_NAME.fullmatch(cleaned):
        raise InvalidName("Not asked: the image's name holds a character that Flow's names never have.")
    return cleaned


def _expiry(session: labs_wire.Session) -> datetime:
    expires = labs_wire.parse_time(session.expires) if session.expires else None
    if session.access_token and expires is None:
        raise NotUnderstood("The session does not say when it ends", "$.expires")
    return expires or datetime.min.replace(tzinfo=UTC)


async def _list_error(response: httpx.Response) -> FlowError:
    message = labs_wire.decode_failure(await read_body(response, _ERROR_LIMIT)).message
    if response.status_code in _RETIRED:
        why = words_of_others(message or "no reason given")
        return Moved(f"Flow's listing is retired (HTTP {response.status_code}: {why}).")
    return status_error(response, message)


def _inner_status_error(status: int, response: httpx.Response) -> FlowError:
    wish = {"retry-after": response.headers.get("retry-after", "")}
    inner = httpx.Response(status, headers=wish, request=response.request)
    return status_error(inner, f"inside an answer of HTTP {response.status_code}")


async def _media_error(response: httpx.Response) -> FlowError:
    failure = labs_wire.decode_failure(await read_body(response, _ERROR_LIMIT))
    about_key = any(reason.startswith("API_KEY") for reason in failure.reasons)
    if response.status_code in (400, 403) and (about_key or "API key" in (failure.message or "")):
        return _FlowKeyRefused("Flow does not accept the key of its web page.")
    return status_error(response, failure.message)
