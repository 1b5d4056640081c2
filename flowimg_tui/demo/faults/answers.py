"""Answers that are whole on the wire, and not what was asked for."""

import time
from dataclasses import dataclass
from email.utils import formatdate
from typing import Final

from aiohttp import hdrs, web

from flowimg_tui.demo.account import DemoAccount
from flowimg_tui.demo.faults.answer import Answer
from flowimg_tui.demo.faults.asked import Asked, Route
from flowimg_tui.demo.faults.keys import Rule, text, whole
from flowimg_tui.demo.faults.kinds import Beforehand, Spoiler
from flowimg_tui.demo.frames import framed_rows
from flowimg_tui.demo.refusals import (
    expired,
    grpc_code,
    page_error,
    rpc_error,
    storage_error,
    throttled,
    trpc_error,
)

_LONGEST_WAIT: Final = 10_000_000
_PAGE: Final = (
    '<!DOCTYPE html><html lang="en"><head><title>Flow</title></head>'
    "<body><h1>Flow has moved</h1><p>Sign in to go on.</p></body></html>\n"
)
_GARBAGE_BYTES: Final = 2000


@dataclass
class Status(Spoiler):
    """Another HTTP status, with the body that the service sends there."""

    code: int = whole(503, 400, 599)
    retry_after: int | None = whole(None, 0, _LONGEST_WAIT)
    retry_date: int | None = whole(None, 0, _LONGEST_WAIT)

    async def offer(self, answer: Answer) -> web.StreamResponse:
        response = _refusal(answer.asked, self.code)
        if self.retry_after is not None:
            response.headers[hdrs.RETRY_AFTER] = str(self.retry_after)
        if self.retry_date is not None:
            response.headers[hdrs.RETRY_AFTER] = formatdate(time.time() + self.retry_date, usegmt=True)
        return response


def _refusal(asked: Asked, status: int) -> web.Response:
    if asked.call:
        row = ["er", None, None, None, None, status, None, None, None, grpc_code(status)]
        return web.Response(status=status, text=framed_rows([row]), content_type="application/json")
    match asked.route:
        case Route.LIST:
            return trpc_error(status)
        case Route.MEDIA:
            return throttled() if status == 429 else rpc_error(status)
        case Route.IMAGE:
            return storage_error(status)
        case Route.SESSION:
            return page_error(status)


class Html(Spoiler):
    """A web page, and all is well."""

    async def offer(self, _answer: Answer) -> web.StreamResponse:
        return web.Response(text=_PAGE, content_type="text/html")


class JsonAsPicture(Spoiler):
    """An error in JSON that is labelled as a picture."""

    async def offer(self, _answer: Answer) -> web.StreamResponse:
        return web.Response(body=rpc_error(404).body, content_type="image/png")


class Empty(Spoiler):
    """A body of no bytes."""

    async def offer(self, answer: Answer) -> web.StreamResponse:
        return web.Response(headers=answer.headers)


@dataclass
class Redirect(Spoiler):
    """Somewhere else."""

    to: str = text("https://foreign.invalid/picture.png")

    async def offer(self, _answer: Answer) -> web.StreamResponse:
        return web.Response(status=302, headers={hdrs.LOCATION: self.to})


@dataclass
class ExpiredUrl(Spoiler):
    """The signed URL is too old; the storage says so with 400, the other host of pictures with 403."""

    code: int = whole(400, 400, 403)
    on = may = frozenset({Route.IMAGE})

    async def offer(self, _answer: Answer) -> web.StreamResponse:
        return expired() if self.code == 400 else storage_error(self.code)


class ExpiredToken(Beforehand):
    """The Bearer, or the token of the page, becomes invalid; once unless `times` says how often."""

    on = frozenset({Route.MEDIA})
    may = frozenset({Route.LIST, Route.MEDIA})
    rule = Rule(times=1)

    def act(self, asked: Asked, account: DemoAccount) -> None:
        if asked.call:
            account.google.replace_token()
        else:
            account.revoke_bearer()


class Garbage(Spoiler):
    """Random bytes that are labelled as JSON."""

    on = frozenset({Route.LIST})

    async def offer(self, _answer: Answer) -> web.StreamResponse:
        return web.Response(body=self.rng.randbytes(_GARBAGE_BYTES), content_type="application/json")


class Truncated(Spoiler):
    """Whole on the wire, and half of the text."""

    on = frozenset({Route.LIST})
    may = frozenset({Route.LIST, Route.MEDIA, Route.SESSION})

    async def offer(self, answer: Answer) -> web.StreamResponse:
        return answer.whole(answer.body[: len(answer.body) // 2])
