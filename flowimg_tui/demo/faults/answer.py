"""The answer that the service would have given, and the means to give another one in its place."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from functools import cached_property
from typing import Any

from aiohttp import hdrs, web

from flowimg_tui.demo.account import DemoAccount
from flowimg_tui.demo.faults.asked import Asked
from flowimg_tui.demo.frames import answer_row, framed_rows, rows_in
from flowimg_tui.demo.images import PacedResponse, SignedImages, content_of, paced
from flowimg_tui.demo.projects import Row


class Answer:
    """One answer of the service, and to what."""

    def __init__(
        self,
        asked: Asked,
        request: web.Request,
        response: web.StreamResponse,
        account: DemoAccount,
        images: SignedImages,
    ) -> None:
        self.asked = asked
        self.request = request
        self.account = account
        self.images = images
        self.response = response

    @property
    def is_good(self) -> bool:
        """Whether it is what was asked for, and no refusal."""
        return self.response.status in (200, 206)

    @property
    def status(self) -> int:
        """Its HTTP status."""
        return self.response.status

    @property
    def headers(self) -> dict[str, str]:
        """What it says about its body, but for the length."""
        named = (hdrs.CONTENT_TYPE, hdrs.ETAG, hdrs.ACCEPT_RANGES, hdrs.CONTENT_RANGE)
        return {str(name): self.response.headers[name] for name in named if name in self.response.headers}

    @cached_property
    def body(self) -> bytes:
        """All of its bytes."""
        return content_of(self.response)

    @cached_property
    def document(self) -> Any:
        """What a good answer of `labs` says, read from its JSON; None of another one."""
        is_json = self.response.content_type == "application/json"
        return json.loads(self.body) if is_json and self.is_good and not self.asked.call else None

    @cached_property
    def rows(self) -> list[Row]:
        """The rows of a `google` call; of another answer none."""
        return rows_in(self.body.decode()) if self.asked.call and self.is_good else []

    @cached_property
    def result(self) -> Any:
        """What a `google` call has found; None where it found nothing, and of another answer."""
        match self.rows:
            case [["wrb.fr", _, str(found), *_], *_]:
                return json.loads(found)
        return None

    def retold(self, change: Callable[[str, str], str | None]) -> web.Response | None:
        """The same answer with each of its texts changed; None where `change` leaves all as they are.

        `change` is given the name of the text, empty for one in a list, and the text. A None takes the name
        away with it.
        """
        if self.asked.call:
            result = _retold(self.result, change)
            return None if result == self.result else self.with_result(result)
        document = _retold(self.document, change)
        return None if document == self.document else self.with_document(document)

    def pieces(self, part: bytes) -> AsyncIterator[bytes | memoryview]:
        """`part` of the body at the pace of this answer."""
        return paced(part, self.account.options) if self._is_paced else _at_once(part)

    def whole(self, body: bytes, headers: Mapping[str, str] | None = None) -> web.Response:
        """The same answer with another body; a good one in place of a refusal."""
        status, told = self.status if self.is_good else 200, {**self.headers, **(headers or {})}
        if self._is_paced:
            return PacedResponse(body, told, self.account.options, status=status)
        return web.Response(body=body, status=status, headers=told)

    def with_document(self, document: Any) -> web.Response:
        """The same answer of `labs` that says something else."""
        return self.whole(json.dumps(document).encode("ascii"))

    def with_result(self, result: Row | None, error: Row | None = None) -> web.Response:
        """The same answer to a `google` call with another result, or with an error."""
        rows = [answer_row(self.asked.call, result, error), *self.rows[1:]]
        return self.whole(framed_rows(rows).encode())

    @property
    def _is_paced(self) -> bool:
        return isinstance(self.response, PacedResponse)


def _retold(value: Any, change: Callable[[str, str], str | None], name: str = "") -> Any:
    match value:
        case str():
            return change(name, value)
        case list():
            return [_retold(inner, change) for inner in value]
        case dict():
            told = {key: _retold(inner, change, key) for key, inner in value.items()}
            return {key: inner for key, inner in told.items() if inner is not None or value[key] is None}
    return value


async def _at_once(part: bytes) -> AsyncIterator[bytes]:
    yield part
