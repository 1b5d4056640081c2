"""Answers about a picture in which the picture is another one, not all of it, or not there."""

import asyncio
import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import hdrs, web

from flowimg_tui.demo.faults.answer import Answer
from flowimg_tui.demo.faults.asked import CONTENTS, PICTURES, Route
from flowimg_tui.demo.faults.keys import whole
from flowimg_tui.demo.faults.kinds import Spoiler
from flowimg_tui.demo.faults.other_pictures import other_picture
from flowimg_tui.demo.faults.wire import TornResponse
from flowimg_tui.demo.gallery import PictureFormat
from flowimg_tui.demo.images import answer_in_range, content_of
from flowimg_tui.demo.labs import list_document, result_in
from flowimg_tui.demo.refusals import Json

_CONTENT: Final = ("image", "encodedImage")
_SIGNED: Final = re.compile(r"http://[^/\s]+/image/[0-9a-f-]+\?\S+")
_WRONG: Final = {
    PictureFormat.JPEG: ("image/png", "png"),
    PictureFormat.PNG: ("image/webp", "webp"),
    PictureFormat.WEBP: ("image/jpeg", "jpg"),
}


class WrongLabel(Spoiler):
    """The right picture, called another format: by its content type, and in its URL by the extension."""

    on = may = PICTURES

    async def offer(self, answer: Answer) -> web.StreamResponse | None:
        image = answer.account.gallery.by_media_key(answer.asked.media_key)
        if image is None:
            return None
        label, extension = _WRONG[image.format]
        if answer.asked.route is Route.IMAGE:
            return answer.whole(answer.body, {hdrs.CONTENT_TYPE: label})

        def renamed(_: str, text: str) -> str:
            return answer.images.with_extension(text, extension) if _SIGNED.fullmatch(text) else text

        return answer.retold(renamed)


class Changed(Spoiler):
    """The picture is replaced between two tries: the first is cut at half, each later one is of the new.

    Both are whole, of one length, and have ETags of their own; a range is one of the new picture.
    """

    on = may = PICTURES

    def __init__(self) -> None:
        self._begun: set[str] = set()

    async def offer(self, answer: Answer) -> web.StreamResponse | None:
        image = answer.account.gallery.by_media_key(answer.asked.media_key)
        if image is None:
            return None
        old = await asyncio.to_thread(answer.account.picture, image)
        new = await asyncio.to_thread(other_picture, old.content)
        before, after = old.content, new
        if answer.asked.route is Route.MEDIA:
            text = base64.b64encode(new).decode("ascii")
            retold = _with_content(answer, lambda _: text)
            if retold is None:
                return None
            before, after = answer.body, content_of(retold)
        headers: dict[str, str] = {hdrs.CONTENT_TYPE: answer.headers[hdrs.CONTENT_TYPE], hdrs.ETAG: old.etag}
        if answer.asked.resource not in self._begun:
            self._begun.add(answer.asked.resource)
            return TornResponse(200, headers, len(before), answer.pieces(before[: len(before) // 2]))
        headers[hdrs.ETAG] = f'"{hashlib.sha256(new).hexdigest()[:32]}"'
        return answer_in_range(answer.request, after, headers, answer.account.options)


class BadBase64(Spoiler):
    """A character that no base64 has, in the middle of it."""

    on = may = frozenset({Route.MEDIA})

    async def offer(self, answer: Answer) -> web.StreamResponse | None:
        return _with_content(answer, _misspelt)


class HalfPicture(Spoiler):
    """A valid answer that has the first half of the picture."""

    on = may = PICTURES

    async def offer(self, answer: Answer) -> web.StreamResponse | None:
        if answer.asked.route is Route.IMAGE:
            return answer.whole(answer.body[: len(answer.body) // 2])
        return _with_content(answer, _half_of)


@dataclass
class MissingField(Spoiler):
    """A picture without bytes and URL, or a list of which each `every`-th item has lost what names it.

    In the contents of a `google` project that is slot 6 of a record, which has one slot less then.
    """

    every: int = whole(1, 1)
    on = frozenset({Route.MEDIA})
    may = frozenset({Route.LIST, Route.MEDIA})

    async def offer(self, answer: Answer) -> web.StreamResponse | None:
        if answer.asked.route is Route.MEDIA:
            return answer.retold(_unless_picture)
        page = result_in(answer.document)
        if page is not None:
            items = self._spoilt(page.get("userWorkflows", []), _without_name)
            return answer.with_document(list_document({**page, "userWorkflows": items}))
        match answer.result:
            case [first, descriptors, [*records], *rest] if answer.asked.call == CONTENTS:
                records = self._spoilt(records, lambda record: [*record[:6], *record[7:]])
                return answer.with_result([first, descriptors, records, *rest])
        return None

    def _spoilt(self, items: list[Any], spoil: Callable[[Any], Any]) -> list[Any]:
        return [item if index % self.every else spoil(item) for index, item in enumerate(items)]


def _with_content(answer: Answer, change: Callable[[str], str]) -> web.Response | None:
    """`answer` with the base64 of its picture changed; None where it has none."""
    return answer.retold(lambda name, text: change(text) if name in _CONTENT else text)


def _misspelt(text: str) -> str:
    middle = len(text) // 2
    return f"{text[:middle]}*{text[middle + 1 :]}"


def _half_of(text: str) -> str:
    content = base64.b64decode(text)
    return base64.b64encode(content[: len(content) // 2]).decode("ascii")


def _unless_picture(name: str, text: str) -> str | None:
    return None if name in _CONTENT or text.startswith("http://") else text


def _without_name(item: Json) -> Json:
    media = {key: value for key, value in item["media"].items() if key != "name"}
    return {**{key: value for key, value in item.items() if key != "name"}, "media": media}
