"""Lists that loop, repeat themselves, or hide their trouble."""

from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from flowimg_tui.demo.faults.answer import Answer
from flowimg_tui.demo.faults.asked import CONTENTS, PROJECTS, Route
from flowimg_tui.demo.faults.keys import whole
from flowimg_tui.demo.faults.kinds import Spoiler
from flowimg_tui.demo.gallery import UNKNOWN_CURSOR, unpadded_base64
from flowimg_tui.demo.labs import list_document, result_in
from flowimg_tui.demo.refusals import RETIRED, grpc_code, phrase, trpc_error

_TOKEN_BYTES: Final = 60


class _ListFault(Spoiler):
    on = may = frozenset({Route.LIST})


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of images or of projects, and the token of the next one."""

    items: list[Any]
    token: str | None


def _page_in(answer: Answer) -> _Page | None:
    """The page that `answer` is. The contents of a project are none: they have no next page."""
    page = result_in(answer.document)
    if page is not None:
        return _Page(page.get("userWorkflows", []), page.get("nextPageToken"))
    match answer.result:
        case [*slots] if answer.asked.call == PROJECTS:
            items, token, *_ = [*slots, None, None]
            return _Page(items or [], token)
    return None


def _paged(answer: Answer, items: list[Any], token: str | None) -> web.Response:
    """A page in place of `answer`."""
    if answer.asked.call:
        after = [] if token is None else [token, token.replace("/", "_").replace("+", "-").rstrip("=")]
        return answer.with_result([items, *after] if items or after else [])
    page = {"userWorkflows": items, "nextPageToken": token}
    return answer.with_document(list_document({key: value for key, value in page.items() if value}))


class LoopList(_ListFault):
    """Every page names the same next one: the second, or behind a single page an empty one."""

    async def offer(self, answer: Answer) -> web.StreamResponse | None:
        page = _page_in(answer)
        if page is None:
            return None
        account = answer.account
        end = account.projects.end_cursor if answer.asked.call else account.gallery.end_cursor
        return _paged(answer, page.items, answer.asked.cursor or page.token or end)


class RepeatList(_ListFault):
    """Every page is the first one that was asked for, under a token that was not there before."""

    refusals_too = True

    def __init__(self) -> None:
        self._first: _Page | None = None
        self._tokens: set[str] = set()

    async def offer(self, answer: Answer) -> web.StreamResponse | None:
        # Between two pages of projects their contents are asked for.
        if answer.asked.call == CONTENTS:
            return None
        page = _page_in(answer)
        if self._first is None or answer.asked.cursor is None:
            self._first = page
        # To the service a token of this fault is an unknown cursor.
        if self._first is None or (page is None and answer.asked.cursor not in self._tokens):
            return None
        token = unpadded_base64(self.rng.randbytes(_TOKEN_BYTES))
        self._tokens.add(token)
        return _paged(answer, self._first.items, token)


class Duplicates(_ListFault):
    """Each page begins with the second half of the page before it.

    The contents of a project begin so with those of the project that was asked for before.
    """

    def __init__(self) -> None:
        self._before: dict[str, list[Any]] = {}
        self._contents: list[list[Any]] = [[], []]

    async def offer(self, answer: Answer) -> web.StreamResponse | None:
        if answer.asked.call == CONTENTS:
            return self._with_contents(answer)
        page = _page_in(answer)
        if page is None:
            return None
        if page.token is not None:
            self._before[page.token] = page.items
        repeated = _second_half(self._before.get(answer.asked.cursor or "", []))
        return _paged(answer, [*repeated, *page.items], page.token) if repeated else None

    def _with_contents(self, answer: Answer) -> web.StreamResponse | None:
        match answer.result:
            case [first, [*descriptors], [*records], *rest]:
                before, self._contents = self._contents, [descriptors, records]
            case _:
                return None
        if not before[1]:
            return None
        more = [[*_second_half(old), *new] for old, new in zip(before, self._contents, strict=True)]
        return answer.with_result([first, *more, *rest])


def _second_half(items: list[Any]) -> list[Any]:
    return items[len(items) // 2 :]


@dataclass
class InnerStatus(_ListFault):
    """HTTP says 200, and the answer itself something else."""

    code: int = whole(401, 400, 599)

    async def offer(self, answer: Answer) -> web.StreamResponse | None:
        if answer.asked.call:
            return answer.with_result(None, [grpc_code(self.code)])
        document = list_document({})
        document["result"]["data"]["json"] |= {"status": self.code, "statusText": phrase(self.code)}
        return answer.with_document(document)


class Retired(_ListFault):
    """What `labs` says since Flow has moved."""

    async def offer(self, answer: Answer) -> web.StreamResponse | None:
        return None if answer.asked.call else trpc_error(404, RETIRED)


class RefuseCursor(_ListFault):
    """A page that is not the first is refused, as for a cursor that was never given out."""

    async def offer(self, answer: Answer) -> web.StreamResponse | None:
        if answer.asked.cursor is None:
            return None
        if answer.asked.call:
            return answer.with_result(None, [grpc_code(400)])
        return trpc_error(400, UNKNOWN_CURSOR)
