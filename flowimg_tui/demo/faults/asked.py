"""What a request is for, as far as a fault chooses by it."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from aiohttp import web

from flowimg_tui.demo.account import READ_CALLS
from flowimg_tui.demo.frames import call_in, form_in
from flowimg_tui.demo.gallery import DemoGallery
from flowimg_tui.demo.google import CALLS_PATH, PAGE_PATH
from flowimg_tui.demo.images import IMAGE_PATH, media_key_in
from flowimg_tui.demo.labs import LIST_PATH, MEDIA_PATH, SESSION_PATH, page_request


class Route(StrEnum):
    """The parts of the service that can be spoilt; each generation has the first three of its own."""

    LIST = "list"
    SESSION = "session"
    MEDIA = "media"
    IMAGE = "image"


PICTURES: Final = frozenset({Route.MEDIA, Route.IMAGE})
ALL: Final = frozenset(Route)

PROJECTS, CONTENTS, RECORD = READ_CALLS


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. `resource` is its path, or of a call the id and the arguments.

    `call` is the id of a `google` call, else empty; `media_key` that of the picture, else empty.
    """

    route: Route
    resource: str
    call: str = ""
    cursor: str | None = None
    media_key: str = ""


async def read_asked(request: web.Request, gallery: DemoGallery) -> Asked | None:
    """What `request` is for; None for what no fault spoils, as a HEAD, the web page, or no request at all."""
    path = request.raw_path.partition("?")[0]
    try:
        if request.method == "POST" and path == CALLS_PATH:
            return _read_call(*call_in(form_in(await request.read())))
        return _read_path(request, path, gallery) if request.method == "GET" else None
    except (ValueError, RecursionError):
        return None


def _read_call(call: str, arguments: str) -> Asked | None:
    resource = f"{call} {arguments}"
    match json.loads(arguments):
        case [_, _, cursor, *_] if call in (PROJECTS, CONTENTS):
            return Asked(Route.LIST, resource, call, cursor)
        case [str(media_key)] if call == RECORD:
            return Asked(Route.MEDIA, resource, call, media_key=media_key)
    return None


def _read_path(request: web.Request, path: str, gallery: DemoGallery) -> Asked | None:
    if path in (SESSION_PATH, PAGE_PATH):
        return Asked(Route.SESSION, path)
    if path == LIST_PATH:
        cursor, _ = page_request(request.query.get("input", ""))
        return Asked(Route.LIST, path, cursor=cursor)
    if path.startswith(IMAGE_PATH):
        return Asked(Route.IMAGE, path, media_key=media_key_in(path.removeprefix(IMAGE_PATH)))
    if path.startswith(MEDIA_PATH):
        image = gallery.by_name(path.removeprefix(MEDIA_PATH))
        return Asked(Route.MEDIA, path, media_key="" if image is None else image.media_key)
    return None
