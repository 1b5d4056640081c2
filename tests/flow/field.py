"""What the tests of the service share: the recorded answers, and a signed-in client to ask with."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias, TypeVar

import httpx
import respx

from flowimg_tui.flow.cookies import SESSION_COOKIE
from flowimg_tui.flow.labs import LABS_URL, MEDIA_URL, LabsService
from flowimg_tui.secret import Secret
from tests.conftest import WIRE

Json: TypeAlias = dict[str, Any]
T = TypeVar("T")

LIST_URL: Final = f"{LABS_URL}/api/trpc/media.fetchUserHistoryDirectly"
SESSION_URL: Final = f"{LABS_URL}/api/auth/session"
MEDIA_KEY: Final = "7fb77e3a-a15c-4c66-8742-f0b1b4ce8478"
COOKIES: Final = {SESSION_COOKIE: Secret("canary-of-the-cookie")}
KNOWN_FLOW_KEY: Final = Secret("AIza" + "canary-of-the-flow-key".ljust(35, "0"))
BEARER: Final = "ya29.canary-of-the-bearer"
FLOW_KEY: Final = KNOWN_FLOW_KEY.reveal()


def recorded(file: str) -> bytes:
    return (WIRE / file).read_bytes()


def recorded_json(file: str) -> Json:
    answer: Json = json.loads(recorded(file))
    return answer


def recorded_items(file: str = "list_first_page.json") -> list[Json]:
    items: list[Json] = recorded_json(file)["result"]["data"]["json"]["result"]["userWorkflows"]
    return items


NAME: Final[str] = recorded_items()[0]["name"]
"""The first image of the recorded listing, whose media answers are recorded too."""


def listing(*items: object, token: str | None = None, status: int = 200) -> bytes:
    """An answer of the list with these items."""
    result: Json = {"userWorkflows": list(items)}
    if token is not None:
        result["nextPageToken"] = token
    return json.dumps({"result": {"data": {"json": {"result": result, "status": status}}}}).encode()


def session(*, hours: float = 24, token: str = BEARER, **changes: object) -> Json:
    """The recorded live session, that ends ``hours`` from now."""
    expires = datetime.now(UTC) + timedelta(hours=hours)
    fresh = {"expires": f"{expires:%Y-%m-%dT%H:%M:%S}.000Z", "access_token": token}
    return {**recorded_json("session_ok.json"), **fresh, **changes}


def is_signed_in(web: respx.MockRouter) -> respx.Route:
    """Answer every question for the session with a live one."""
    return web.get(SESSION_URL).respond(json=session())


def media_route(web: respx.MockRouter) -> respx.Route:
    return web.get(url__startswith=f"{MEDIA_URL}/media/")


def no_progress(_done: int, _total: int | None) -> None:
    pass


def asked(
    ask: Callable[[LabsService], Awaitable[T]],
    *,
    cookies: Mapping[str, Secret] = COOKIES,
    flow_key: Secret | None = KNOWN_FLOW_KEY,
    **options: Any,
) -> T:
    """What a client with these cookies gets for its question. It knows the Flow key unless told otherwise."""

    async def run() -> T:
        service = LabsService(cookies, flow_key=flow_key, **options)
        try:
            return await ask(service)
        finally:
            await service.aclose()

    return asyncio.run(run())


def sent(route: respx.Route, position: int = -1) -> httpx.Request:
    request: httpx.Request = route.calls[position].request
    return request


def asked_for(router: respx.MockRouter) -> list[str]:
    """The addresses of every request, in their order."""
    return [str(call.request.url) for call in router.calls]
