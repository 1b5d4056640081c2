"""The ``google`` generation of Flow: flow.google.com lists projects, their contents, and single records."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, NamedTuple
from urllib.parse import quote, urlencode

import httpx
import msgspec

from flowimg_tui.flow import google_wire
from flowimg_tui.flow.cookies import COOKIE_VALUE, cookie_header
from flowimg_tui.flow.errors import (
    FlowError,
    InvalidName,
    NotFound,
    Refused,
    SignedOut,
    Transient,
)
from flowimg_tui.flow.google_page import (
    PageTokens,
    ReadCall,
    Slot,
    TokenReplaced,
    decode_answer,
    decode_tokens,
    is_whole,
    refusal,
    request_body,
)
from flowimg_tui.flow.google_place import Place
from flowimg_tui.flow.http import (
    MIB,
    PICTURE_LIMIT,
    both_clients,
    fetch_picture,
    read_body,
    retry_after,
    streamed,
)
from flowimg_tui.flow.service import Account, Media, Page, Progress
from flowimg_tui.secret import Secret

GOOGLE_URL: Final = "https://flow.google.com"
TOKENS_LIFETIME: Final = 10 * 60.0

_CALLS: Final = "/_/AiSandboxAngularFrontend/data/batchexecute"
_PAGE_LIMIT: Final = 8 * MIB
_ANSWER_LIMIT: Final = 16 * MIB
_REQUEST_STEP: Final = 100_000


class _Begun(NamedTuple):
    """A page of the listing whose projects are there, and whose contents are not yet."""

    cursor: Secret | None
    place: Place
    skipped: tuple[str, ...]


class GoogleService:
    """A :class:`~flowimg_tui.flow.service.FlowService` of the ``google`` generation."""

    def __init__(
        self,
        cookies: Mapping[str, Secret],
        *,
        google_url: str = GOOGLE_URL,
        picture_limit: int = PICTURE_LIMIT,
        keep_cookies: Callable[[Mapping[str, Secret]], None] = lambda _: None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Make the service; no request is made before the first call.

        ``picture_limit`` is in bytes. ``google_url`` ends with ``/u/N`` for another than the first account of
        the cookies. ``keep_cookies`` is called with all cookies whenever the service has rotated one:
        ``__Secure-1PSIDTS`` does not live long.
        """
        self._cookies = dict(cookies)
        self._keep_cookies = keep_cookies
        self._url = google_url.rstrip("/")
        self._picture_limit = picture_limit
        self._tokens: PageTokens | None = None
        self._renew_at = 0.0
        self._renewal = asyncio.Lock()
        self._begun: _Begun | None = None
        now = datetime.now(UTC)
        # As the web page counts: from the second of the day, in steps.
        self._next_request = now.hour * 3600 + now.minute * 60 + now.second + 1
        self._api, self._open = both_clients((google_url,), transport)

    async def account(self) -> Account:
        """Ask the page whose session it is; it does not say when the session ends."""
        async with self._renewal:
            tokens = await self._fresh_tokens()
        return Account(tokens.email, expires=None)

    async def list_page(self, cursor: Secret | None) -> Page:
        """Fetch the contents of the next project, and before it the projects where none is left over.

        A project that went away since it was listed is an empty page with a reason. Where the contents cannot
        be had, the next try for this page, and for no other, asks for them alone.
        """
        begun, self._begun = self._begun, None
        if begun is None or begun.cursor != cursor:
            begun = await self._projects_at(cursor)
        place, skipped = begun.place, begun.skipped
        if not place.projects:
            return Page((), skipped, place.as_cursor())
        project_id, title = place.projects[0]
        place = msgspec.structs.replace(place, projects=place.projects[1:])
        try:
            payload = await self._ask(google_wire.contents_call(project_id))
        except NotFound as error:
            return Page((), (*skipped, f"a whole project: {error}"), place.as_cursor())
        except FlowError as error:
            self._begun = begun if error.retryable else None
            raise
        contents = google_wire.decode_contents(payload, title)
        # One picture can stand in several projects.
        return Page(
            contents.images,
            (*skipped, *contents.skipped),
            place.as_cursor(),
            contents.videos,
            may_repeat=True,
        )

    async def _projects_at(self, cursor: Secret | None) -> _Begun:
        """Return what is known of the page of ``cursor`` when its project can be asked for."""
        place = Place() if cursor is None else Place.of(cursor)
        if place.projects:
            return _Begun(cursor, place, ())
        call = google_wire.projects_call(Secret(place.cursor) if place.cursor else None)
        listed = google_wire.decode_projects(await self._ask(call))
        return _Begun(cursor, place.followed_by(listed), listed.skipped)

    async def media(self, name: str, progress: Progress) -> Media:  # noqa: ARG002 - no byte of it comes here
        """Ask for the record with this name: it has a fresh signed URL of the original, and no bytes."""
        if not google_wire.is_identity(name):
            raise InvalidName(
                "Not asked: flow.google.com knows no such name. "
                "A picture of the time before gets its new one when a sync finds it there."
            )
        return google_wire.decode_media(await self._ask(google_wire.record_call(name)), name)

    async def fetch(self, url: Secret, progress: Progress) -> bytes:
        if google_wire.is_reencoding(url.reveal()):
            raise Refused("Not asked: the address is that of a re-encoded picture, not of the original.")
        return await fetch_picture(self._open, url, self._picture_limit, progress, _refuse_reencoding)

    async def aclose(self) -> None:
        await self._api.aclose()
        await self._open.aclose()

    async def _ask(self, call: ReadCall) -> Slot:
        """Return the payload of the answer; the tokens are renewed once, and corrected once, on the way."""
        tokens = await self._current_tokens()
        renewed = corrected = False
        while True:
            try:
                return await self._ask_once(call, tokens)
            except SignedOut:
                if renewed:
                    raise
                renewed, tokens = True, await self._current_tokens(refused=tokens)
            except TokenReplaced as error:
                if corrected:
                    raise SignedOut("Flow refuses the page token that it has just given.") from None
                corrected, tokens = True, self._corrected(tokens, error.token)

    async def _ask_once(self, call: ReadCall, tokens: PageTokens) -> Slot:
        origin = httpx.URL(self._url)
        headers = {
            "cookie": cookie_header(self._cookies),
            "content-type": "application/x-www-form-urlencoded;charset=UTF-8",
            "x-same-domain": "1",
            "accept": "*/*",
            "origin": f"{origin.scheme}://{origin.netloc.decode('ascii')}",
            "referer": f"{self._url}/",
        }
        url = f"{self._url}{_CALLS}?{self._query(call, tokens)}"
        body = request_body(call, tokens.at)
        async with streamed(self._api, url, headers=headers, post=body) as response:
            answer = await read_body(response, _ANSWER_LIMIT)
        self._keep_rotated(response)
        corrects = response.status_code == 400 and b'"xsrf"' in answer
        if response.status_code != 200 and not corrects:
            raise refusal(response, call.rpcid)
        try:
            return decode_answer(answer, call.rpcid)
        except Transient as error:
            # How long the pause should be stands around the answer that asks for it.
            error.retry_after = retry_after(response)
            raise

    def _query(self, call: ReadCall, tokens: PageTokens) -> str:
        number, self._next_request = self._next_request, self._next_request + _REQUEST_STEP
        parameters = {
            "rpcids": call.rpcid,
            "source-path": f"{httpx.URL(self._url).path.rstrip('/')}/",
            "bl": tokens.build,
            "f.sid": tokens.session.reveal() if tokens.session else None,
            "hl": "en",
            "_reqid": str(number),
            "rt": "c",
        }
        return urlencode({key: value for key, value in parameters.items() if value}, quote_via=quote, safe="")

    async def _current_tokens(self, refused: PageTokens | None = None) -> PageTokens:
        """Return the page's tokens; fetch the page where there are none, they are old, or were refused.

        Workers that need them at the same time wait for one fetch.
        """
        async with self._renewal:
            current = self._tokens
            if current is None or current is refused or time.monotonic() >= self._renew_at:
                current = await self._fresh_tokens()
            return current

    async def _fresh_tokens(self) -> PageTokens:
        html = await self._page()
        try:
            tokens = decode_tokens(html)
        except SignedOut:
            self._tokens = None
            if is_whole(html):
                raise
            # The page of a gateway in trouble names nobody either, nor does a part of Flow's: ask once more.
            tokens = decode_tokens(await self._page())
        self._tokens = tokens
        self._renew_at = time.monotonic() + TOKENS_LIFETIME
        return tokens

    async def _page(self) -> str:
        headers = {"cookie": cookie_header(self._cookies), "accept": "text/html"}
        async with streamed(self._api, f"{self._url}/", headers=headers) as response:
            if response.status_code != 200:
                raise refusal(response, "GET /")
            html = (await read_body(response, _PAGE_LIMIT)).decode("utf-8", "replace")
        self._keep_rotated(response)
        return html

    def _corrected(self, tokens: PageTokens, at: Secret) -> PageTokens:
        """Return ``tokens`` with another ``at``, and keep them unless the page was fetched meanwhile."""
        corrected = replace(tokens, at=at)
        if self._tokens is tokens:
            self._tokens = corrected
        return corrected

    def _keep_rotated(self, response: httpx.Response) -> None:
        """Take new values of the cookies that are there; no other cookie comes in."""
        pairs = ((cookie.name, cookie.value or "") for cookie in response.cookies.jar)
        received = {name: Secret(value) for name, value in pairs if COOKIE_VALUE.fullmatch(value)}
        cookies = {name: received.get(name, value) for name, value in self._cookies.items()}
        if cookies != self._cookies:
            self._cookies = cookies
            self._keep_cookies(dict(cookies))


def _refuse_reencoding(response: httpx.Response) -> None:
    if google_wire.is_reencoding(str(response.url)):
        raise Refused("The address leads to a re-encoded picture, not to the original.")
