"""Asking labs.google for the listing: what goes over the wire, and what each refusal means."""

import json
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qs, unquote

import httpx
import pytest
import respx

from flowimg_tui.flow.cookies import SESSION_COOKIE
from flowimg_tui.flow.errors import (
    FlowError,
    Moved,
    RateLimited,
    Refused,
    SignedOut,
    Unreachable,
    WebPage,
)
from flowimg_tui.flow.labs import LabsService
from flowimg_tui.flow.service import Page
from flowimg_tui.secret import Secret
from tests.flow.field import COOKIES, LIST_URL, Json, asked, listing, recorded, recorded_json, sent

FIRST_INPUT = (
    '{"json":{"type":"ASSET_MANAGER","pageSize":18,"responseScope":"RESPONSE_SCOPE_UNSPECIFIED","cursor":null},'
    '"meta":{"values":{"cursor":["undefined"]}}}'
)
OWN_HEADERS = {"host", "accept-encoding", "connection", "user-agent"}


async def first_page(service: LabsService) -> Page:
    return await service.list_page(None)


@pytest.fixture
def route(web: respx.MockRouter) -> respx.Route:
    return web.get(LIST_URL).respond(content=recorded("list_first_page.json"))


def input_of(request: httpx.Request) -> str:
    parameter, _, value = request.url.raw_path.partition(b"?")[2].decode("ascii").partition("=")
    assert parameter == "input"
    assert "&" not in value
    return unquote(value)


def test_the_first_page_is_asked_for_exactly_as_the_web_page_does(route: respx.Route) -> None:
    page = asked(first_page)
    assert len(page.images) == 18
    assert sent(route).method == "GET"
    assert input_of(sent(route)) == FIRST_INPUT


def test_the_address_of_the_listing_is_fully_percent_encoded(route: respx.Route) -> None:
    asked(first_page)
    path, _, query = sent(route).url.raw_path.partition(b"?")
    assert path == b"/fx/api/trpc/media.fetchUserHistoryDirectly"
    assert query.startswith(b"input=%7B%22json%22%3A%7B%22type%22%3A%22ASSET_MANAGER%22%2C")


def test_a_later_page_is_asked_for_with_its_token_and_without_meta(route: respx.Route) -> None:
    token = recorded_json("list_first_page.json")["result"]["data"]["json"]["result"]["nextPageToken"]
    asked(lambda service: service.list_page(Secret(token)))
    assert input_of(sent(route)) == (
        '{"json":{"type":"ASSET_MANAGER","pageSize":18,"responseScope":"RESPONSE_SCOPE_UNSPECIFIED",'
        f'"cursor":"{token}"}}}}'
    )


@pytest.mark.parametrize("token", ["a+b/c==", "a&b=c#d?e", 'a"b\\c', "a%2Fb", "a b", "日本"])
def test_a_token_arrives_as_it_was_given(route: respx.Route, token: str) -> None:
    asked(lambda service: service.list_page(Secret(token)))
    assert json.loads(input_of(sent(route)))["json"]["cursor"] == token
    (plain,) = parse_qs(sent(route).url.query.decode())["input"]
    assert json.loads(plain)["json"]["cursor"] == token


def test_the_pages_chain_to_the_end(web: respx.MockRouter) -> None:
    files = ("list_first_page.json", "list_next_page.json", "list_last_page.json")
    route = web.get(LIST_URL).mock(
        side_effect=[httpx.Response(200, content=recorded(file)) for file in files]
    )

    async def all_names(service: LabsService) -> list[str]:
        page = await service.list_page(None)
        names = [image.name for image in page.images]
        while page.cursor:
            page = await service.list_page(page.cursor)
            names += [image.name for image in page.images]
        return names

    assert len(set(asked(all_names))) == 42
    cursors = [json.loads(input_of(call.request))["json"]["cursor"] for call in route.calls]
    tokens = [recorded_json(file)["result"]["data"]["json"]["result"].get("nextPageToken") for file in files]
    assert [*cursors, None] == [None, *tokens]


def test_the_size_of_a_page_can_be_chosen(route: respx.Route) -> None:
    asked(first_page, page_size=50)
    assert json.loads(input_of(sent(route)))["json"]["pageSize"] == 50


def test_the_listing_is_asked_with_the_session_cookie_and_nothing_else_that_is_secret(
    route: respx.Route,
) -> None:
    asked(first_page)
    headers = sent(route).headers
    assert headers["cookie"] == f"{SESSION_COOKIE}=canary-of-the-cookie"
    assert headers["content-type"] == "application/json"
    assert headers["accept"] == "*/*"
    assert headers["referer"] == "https://labs.google/fx/tools/flow"
    assert set(headers) == OWN_HEADERS | {"cookie", "content-type", "accept", "referer"}


def test_a_session_in_parts_is_sent_in_order(route: respx.Route) -> None:
    parts = {f"{SESSION_COOKIE}.{number}": Secret(f"part{number}") for number in (1, 0)}
    asked(first_page, cookies=parts)
    assert sent(route).headers["cookie"] == f"{SESSION_COOKIE}.0=part0; {SESSION_COOKIE}.1=part1"


def test_cookies_that_the_service_sets_meanwhile_are_not_sent_back(web: respx.MockRouter) -> None:
    tracking = {"set-cookie": "tracking=1; Path=/; Secure"}
    route = web.get(LIST_URL).respond(content=recorded("list_empty.json"), headers=tracking)

    async def twice(service: LabsService) -> None:
        await service.list_page(None)
        await service.list_page(None)

    asked(twice)
    assert sent(route, 1).headers["cookie"] == f"{SESSION_COOKIE}=canary-of-the-cookie"


def test_a_slash_at_the_end_of_the_address_makes_no_difference(route: respx.Route) -> None:
    asked(first_page, labs_url="https://labs.google/fx/")
    assert sent(route).url.path == "/fx/api/trpc/media.fetchUserHistoryDirectly"
    assert sent(route).headers["referer"] == "https://labs.google/fx/tools/flow"


# Refusals


def refusal(web: respx.MockRouter, status: int, content: bytes = b"", **headers: str) -> FlowError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    web.get(LIST_URL).respond(status, content=content, headers=named)
    with pytest.raises(FlowError) as caught:
        asked(first_page)
    return caught.value


@pytest.mark.parametrize(
    ("file", "status", "kind", "retryable"),
    [
        ("list_trpc_error_401.json", 401, SignedOut, False),
        ("list_trpc_error_403.json", 403, Refused, False),
        ("list_trpc_error_404_retired.json", 404, Moved, False),
        ("list_trpc_error_429.json", 429, RateLimited, True),
        ("list_trpc_error_500.json", 500, Unreachable, True),
    ],
)
def test_each_recorded_refusal_has_a_meaning_and_keeps_its_sentence(
    web: respx.MockRouter, file: str, status: int, kind: type[FlowError], retryable: bool
) -> None:
    error = refusal(web, status, recorded(file))
    assert type(error) is kind
    assert error.retryable is retryable
    assert recorded_json(file)["error"]["json"]["message"] in str(error)
    assert str(status) in str(error)


def test_a_listing_that_is_gone_is_retired(web: respx.MockRouter) -> None:
    assert type(refusal(web, 410, b"")) is Moved


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_means_that_flow_has_moved_and_is_not_followed(web: respx.MockRouter, status: int) -> None:
    elsewhere = web.route(host="flow.google.com")
    error = refusal(web, status, location="https://flow.google.com/")
    assert type(error) is Moved
    assert "flow.google.com" in error.hint
    assert not elsewhere.called


def test_who_is_told_that_flow_has_moved_is_not_told_to_sign_in_again(web: respx.MockRouter) -> None:
    error = refusal(web, 404, recorded("list_trpc_error_404_retired.json"))
    assert "Flow has migrated to https://flow.google.com" in str(error)
    assert "signing in again on labs.google does not help" in error.hint


def test_who_is_signed_out_is_told_what_to_do(web: respx.MockRouter) -> None:
    assert "Sign in to Flow in the browser" in refusal(web, 401, recorded("list_trpc_error_401.json")).hint


def test_a_refusal_inside_a_good_answer_counts_and_is_told_from_one_outside(web: respx.MockRouter) -> None:
    error = refusal(web, 200, recorded("list_inner_status_401.json"))
    assert type(error) is SignedOut
    assert "HTTP 401: inside an answer of HTTP 200" in str(error)


def test_a_pause_that_is_asked_for_around_a_refusal_inside_counts(web: respx.MockRouter) -> None:
    body = recorded("list_inner_status_401.json").replace(b"401", b"429")
    error = refusal(web, 200, body, retry_after="7")
    assert isinstance(error, RateLimited)
    assert error.retry_after == 7.0


@pytest.mark.parametrize(
    ("status", "kind"), [(403, Refused), (404, Moved), (429, RateLimited), (500, Unreachable), (-7, Refused)]
)
def test_any_refusal_inside_a_good_answer_counts(
    web: respx.MockRouter, status: int, kind: type[FlowError]
) -> None:
    assert type(refusal(web, 200, listing(status=status))) is kind


@pytest.mark.parametrize("status", [400, 431])
def test_too_large_a_cookie_is_a_refusal(web: respx.MockRouter, status: int) -> None:
    assert type(refusal(web, status, b"Request Header Or Cookie Too Large")) is Refused


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504, 529])
def test_trouble_on_the_way_can_be_tried_again(web: respx.MockRouter, status: int) -> None:
    error = refusal(web, status, b"<html>upstream</html>")
    assert type(error) is Unreachable
    assert error.retryable


def test_a_web_page_instead_of_the_listing_is_not_understood(web: respx.MockRouter) -> None:
    error = refusal(web, 200, recorded("app_html_instead_of_json.html"))
    assert isinstance(error, WebPage)
    assert "The list is a web page" in str(error)
    assert "sign-in of a network" in error.hint
    assert error.path == "$"


@pytest.mark.parametrize(("status", "kind"), [(429, RateLimited), (503, Unreachable)])
@pytest.mark.parametrize(
    ("value", "seconds"),
    [("0", 0), ("7", 7), (" 120 ", 120), ("86400", 86400), ("99999999999999999999", 86400)],
)
def test_the_service_may_ask_for_a_pause_in_seconds(
    web: respx.MockRouter, status: int, kind: type[FlowError], value: str, seconds: float
) -> None:
    error = refusal(web, status, retry_after=value)
    assert isinstance(error, RateLimited | Unreachable)
    assert type(error) is kind
    assert error.retry_after == seconds


def test_the_service_may_ask_for_a_pause_until_a_moment(web: respx.MockRouter) -> None:
    moment = datetime.now(UTC) + timedelta(hours=6)
    error = refusal(web, 429, retry_after=format_datetime(moment, usegmt=True))
    assert isinstance(error, RateLimited)
    assert error.retry_after is not None
    assert 5 * 3600 < error.retry_after <= 6 * 3600


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 21 Oct 2015 07:28:00", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86400),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 2024 00:00:00 +99999999999999999999", None),
    ],
)
def test_an_odd_wish_for_a_pause_is_survived(
    web: respx.MockRouter, value: str, seconds: float | None
) -> None:
    web.get(LIST_URL).respond(429, headers=[(b"Retry-After", value.encode())])
    with pytest.raises(RateLimited) as caught:
        asked(first_page)
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectTimeout,
        httpx.ReadTimeout,
        httpx.WriteTimeout,
        httpx.PoolTimeout,
        httpx.ConnectError,
        httpx.ReadError,
        httpx.WriteError,
        httpx.RemoteProtocolError,
        httpx.ProxyError,
    ],
)
def test_no_answer_is_unreachable_and_can_be_tried_again(
    web: respx.MockRouter, failure: type[httpx.RequestError]
) -> None:
    web.get(LIST_URL).mock(side_effect=failure)
    with pytest.raises(Unreachable, match=r"labs\.google") as caught:
        asked(first_page)
    assert caught.value.retryable


def test_a_port_where_nobody_listens_is_unreachable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1 cannot be reached"):
            asked(first_page, labs_url=f"http://127.0.0.1:{taken.getsockname()[1]}/fx")


def test_an_answer_that_breaks_off_is_unreachable(web: respx.MockRouter) -> None:
    class BreaksOff(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b'{"result":'
            raise httpx.ReadError("reset")

    web.get(LIST_URL).mock(side_effect=lambda _: httpx.Response(200, stream=BreaksOff()))
    with pytest.raises(Unreachable, match="broke"):
        asked(first_page)


def test_an_answer_that_is_not_compressed_as_it_says_is_unreachable(web: respx.MockRouter) -> None:
    class NoGzip(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"not gzip at all"

    broken = {"content-encoding": "gzip"}
    web.get(LIST_URL).mock(side_effect=lambda _: httpx.Response(200, headers=broken, stream=NoGzip()))
    with pytest.raises(Unreachable):
        asked(first_page)


def test_what_the_service_says_cannot_steer_the_terminal(web: respx.MockRouter) -> None:
    hostile: Json = {"error": {"json": {"message": "\x1b]0;owned\x07\x9b2J\u202e" + "x" * 5000}}}
    error = refusal(web, 403, json.dumps(hostile).encode())
    assert str(error).isprintable()
    assert len(str(error)) <= 300


def test_an_error_tells_neither_the_cookie_nor_the_token(web: respx.MockRouter) -> None:
    web.get(LIST_URL).mock(side_effect=httpx.ReadTimeout)
    with pytest.raises(Unreachable) as caught:
        asked(lambda service: service.list_page(Secret("canary-of-the-token")))
    assert "canary" not in f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
    assert COOKIES[SESSION_COOKIE].reveal() == "canary-of-the-cookie"
