"""Asking flow.google.com: what goes over the wire, and what each refusal means."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from functools import partial
from types import SimpleNamespace
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from flowimg_tui.flow.errors import (
    Expired,
    FlowError,
    ForeignHost,
    InvalidName,
    ListingLoops,
    NotFound,
    NotUnderstood,
    RateLimited,
    Refused,
    SignedOut,
    Unreachable,
    WebPage,
)
from flowimg_tui.flow.google import GOOGLE_URL, GoogleService
from flowimg_tui.flow.service import Account, FlowService, Media, Page
from flowimg_tui.secret import Secret
from tests.flow.field import asked_for, no_progress, sent
from tests.flow.test_google_wire import ANY_PACE, BOAT, PROJECT, SIGNED, UPLOAD, answer, recorded

T = TypeVar("T")
COOKIES: Final = {"SID": Secret("canary-of-sid"), "__Secure-1PSIDTS": Secret("canary-of-ts")}
CALLS: Final = f"{GOOGLE_URL}/_/AiSandboxAngularFrontend/data/batchexecute"
AT: Final = "AT_TOKEN_PLACEHOLDER:1790000000000"
OTHER_PROJECTS: Final = [
    "527d46fc-c4dc-4e14-9651-5a57405ce923",
    "f7599545-579f-4a73-b061-d2dafd886779_backfill",
]
OWN_HEADERS: Final = {"host", "accept", "accept-encoding", "connection", "user-agent"}
SIGNED_URL: Final = SIGNED.format(BOAT) + "SIGNATURE_PLACEHOLDER"


def asked(ask: Callable[[GoogleService], Awaitable[T]], **options: Any) -> T:
    async def run() -> T:
        service = GoogleService(COOKIES, **options)
        try:
            return await ask(service)
        finally:
            await service.aclose()

    return asyncio.run(run())


async def first_page(service: FlowService) -> Page:
    return await service.list_page(None)


async def picture(service: FlowService) -> Media:
    return await service.media(BOAT, no_progress)


async def whole_listing(service: GoogleService) -> list[Page]:
    pages = [await service.list_page(None)]
    while pages[-1].cursor:
        pages.append(await service.list_page(pages[-1].cursor))
    return pages


@pytest.fixture
def page(web: respx.MockRouter) -> respx.Route:
    """The page of an account that is signed in."""
    return web.get(f"{GOOGLE_URL}/").respond(content=recorded("page_signed_in.html"))


def call_route(web: respx.MockRouter, rpcid: str, *answers: bytes | httpx.Response) -> respx.Route:
    """Answer the calls of ``rpcid`` one after the other, the last one for ever."""
    left = list(answers)

    def respond(_: httpx.Request) -> httpx.Response:
        given = left.pop(0) if len(left) > 1 else left[0]
        return httpx.Response(200, content=given) if isinstance(given, bytes) else given

    return web.post(url__startswith=CALLS, params={"rpcids": rpcid}).mock(side_effect=respond)


def form_of(request: httpx.Request) -> dict[str, str]:
    return {
        name: value for name, (value,) in parse_qs(request.content.decode(), strict_parsing=False).items()
    }


def arguments_of(request: httpx.Request) -> Any:
    ((call,),) = json.loads(form_of(request)["f.req"])
    rpcid, arguments, nothing, generic = call
    assert (rpcid, nothing, generic) == (request.url.params["rpcids"], None, "generic")
    return json.loads(arguments)


# The request


def test_a_call_is_made_exactly_as_the_web_page_does(web: respx.MockRouter, page: respx.Route) -> None:
    route = call_route(web, "UpteDb", recorded("UpteDb_empty.txt"))
    asked(first_page)
    request = sent(route)
    assert page.called
    assert request.method == "POST"
    assert re.fullmatch(
        r"/_/AiSandboxAngularFrontend/data/batchexecute\?rpcids=UpteDb&source-path=%2F"
        r"&bl=boq_labs-ai-sandbox-frontend_20260922\.09_p0&f\.sid=-1234567890123456789"
        r"&hl=en&_reqid=\d{1,5}&rt=c",
        request.url.raw_path.decode(),
    )
    assert request.content == (
        b"f.req=%5B%5B%5B%22UpteDb%22%2C%22%5B%5C%22projects%2F%2A%5C%22%2C21%2Cnull%2Cnull%2Cnull%2Cnull%2C"
        b"%5B1%5D%5D%22%2Cnull%2C%22generic%22%5D%5D%5D&at=AT_TOKEN_PLACEHOLDER%3A1790000000000&"
    )
    expected = {
        "cookie": "SID=canary-of-sid; __Secure-1PSIDTS=canary-of-ts",
        "content-type": "application/x-www-form-urlencoded;charset=UTF-8",
        "x-same-domain": "1",
        "origin": GOOGLE_URL,
        "referer": f"{GOOGLE_URL}/",
    }
    assert {name: request.headers[name] for name in expected} == expected
    assert set(request.headers) == OWN_HEADERS | set(expected) | {"content-length"}


def test_each_call_has_its_arguments_and_a_number_a_step_higher(
    web: respx.MockRouter, page: respx.Route
) -> None:
    routes = [
        call_route(web, "UpteDb", recorded("UpteDb_projects.txt"), recorded("UpteDb_last_page.txt")),
        call_route(web, "Zzl0ze", recorded("Zzl0ze_empty_project.txt")),
        call_route(web, "as29s", recorded("as29s_image.txt")),
    ]

    async def all_calls(service: GoogleService) -> None:
        await whole_listing(service)
        await picture(service)

    asked(all_calls)
    assert page.call_count == 1
    assert [arguments_of(call.request) for call in routes[0].calls] == [
        ["projects/*", 21, cursor, None, None, None, [1]] for cursor in (None, "chEKD4IBDAj/2M3SBhDo2PvIAQ==")
    ]
    assert [arguments_of(call.request) for call in routes[1].calls] == [
        [f"projects/{project}", None, None, None, [1]]
        for project in (PROJECT, *OTHER_PROJECTS)  # the last page's project was there before
    ]
    assert arguments_of(sent(routes[2])) == [BOAT]
    posts = [call.request for call in web.calls if call.request.method == "POST"]
    numbers = [int(request.url.params["_reqid"]) for request in posts]
    assert numbers == list(range(numbers[0], numbers[0] + len(posts) * 100_000, 100_000))
    assert 1 <= numbers[0] <= 86400


def test_another_account_of_the_same_cookies_has_its_own_address(web: respx.MockRouter) -> None:
    web.get(f"{GOOGLE_URL}/u/1/").respond(content=recorded("page_signed_in.html"))
    route = web.post(url__startswith=f"{GOOGLE_URL}/u/1/_/").respond(content=recorded("UpteDb_empty.txt"))
    asked(first_page, google_url=f"{GOOGLE_URL}/u/1/")
    assert sent(route).url.params["source-path"] == "/u/1/"
    assert sent(route).headers["origin"] == GOOGLE_URL
    assert sent(route).headers["referer"] == f"{GOOGLE_URL}/u/1/"


# The listing


def test_the_listing_is_the_contents_of_one_project_after_the_other(
    web: respx.MockRouter, page: respx.Route
) -> None:
    call_route(web, "UpteDb", recorded("UpteDb_projects.txt"), answer("UpteDb", []))
    full, empty = recorded("Zzl0ze_project_contents.txt"), recorded("Zzl0ze_empty_project.txt")
    call_route(web, "Zzl0ze", full, empty, answer("Zzl0ze", None, error=[5]), empty)
    pages = asked(whole_listing)
    assert [[image.name for image in page.images] for page in pages] == [[BOAT, UPLOAD], [], [], []]
    assert [page.videos for page in pages] == [1, 0, 0, 0]
    assert pages[0].may_repeat
    assert [page.skipped for page in pages] == [
        (),
        (),
        ("a whole project: Flow does not have it (any more) (Zzl0ze, code 5).",),
        (),
    ]
    assert len({page.cursor for page in pages}) == 4
    assert page.call_count == 1
    assert "527d46fc" not in f"{pages!r}"


def test_a_listing_goes_on_in_another_run(web: respx.MockRouter, page: respx.Route) -> None:
    route = call_route(web, "UpteDb", recorded("UpteDb_projects.txt"))
    contents = call_route(web, "Zzl0ze", recorded("Zzl0ze_empty_project.txt"))
    cursor = asked(first_page).cursor
    for project in OTHER_PROJECTS:
        assert cursor is not None
        place = cursor
        cursor = asked(partial(GoogleService.list_page, cursor=place)).cursor
        assert arguments_of(sent(contents))[0] == f"projects/{project}"
    assert (route.call_count, page.call_count) == (1, 3)
    assert cursor is not None


def test_an_empty_account_is_one_empty_last_page(web: respx.MockRouter, page: respx.Route) -> None:
    call_route(web, "UpteDb", recorded("UpteDb_empty.txt"))
    assert asked(whole_listing) == [Page((), (), None)]
    assert page.called


def projects(cursor: str | None, *ids: str) -> bytes:
    return answer("UpteDb", [[[one, [one]] for one in ids], cursor])


@pytest.mark.parametrize(
    ("answers", "asks"),
    [
        ([projects("a", "p1"), projects("a", "p2")], 2),
        ([projects("a", "p1"), projects("b", "p1")], 2),
        ([projects("a", "p1"), projects("b", "p2"), projects("a", "p3")], 3),
        ([projects("a", "p1", "p2"), projects("b", "p3"), projects("c", "p2", "p1")], 3),
        ([projects("a")], 2),
        ([projects(f"c{number}") for number in range(99)], 21),
    ],
    ids=["same cursor", "same projects", "cycle", "mixed", "empty with same cursor", "empty for ever"],
)
def test_pages_of_projects_that_repeat_or_never_end_are_a_loop(
    web: respx.MockRouter, page: respx.Route, answers: list[bytes], asks: int
) -> None:
    route = call_route(web, "UpteDb", *answers)
    call_route(web, "Zzl0ze", recorded("Zzl0ze_empty_project.txt"))
    with pytest.raises(ListingLoops):
        asked(whole_listing)
    assert (route.call_count, page.call_count) == (asks, 1)


def test_a_project_that_moved_to_the_next_page_is_listed_once(
    web: respx.MockRouter, page: respx.Route
) -> None:
    call_route(web, "UpteDb", projects("a", "p1", "p2", "p1"), projects("b"), projects(None, "p2", "p3"))
    route = call_route(web, "Zzl0ze", recorded("Zzl0ze_empty_project.txt"))
    pages = asked(whole_listing)
    asked_projects = [arguments_of(call.request)[0] for call in route.calls]
    assert asked_projects == ["projects/p1", "projects/p2", "projects/p3"]
    assert (len(pages), page.call_count) == (4, 1)


def test_a_cursor_stays_small(web: respx.MockRouter, page: respx.Route) -> None:
    ids = [f"{number:0>128}" for number in range(200)]
    call_route(web, "UpteDb", answer("UpteDb", [[[one, ["T" * 9999]] for one in ids], "c" * 4096]))
    call_route(web, "Zzl0ze", recorded("Zzl0ze_empty_project.txt"))
    cursor = asked(first_page).cursor
    assert cursor is not None
    assert len(cursor.reveal()) < 80_000
    assert page.called


@pytest.mark.parametrize(
    "text",
    [
        "",
        "chEKD4IBDAj",
        "{}",
        "[]",
        '{"projects":[],"cursor":""}',
        '{"projects":[["../x",null]]}',
        '{"projects":[["a\\n",null]]}',
        '{"cursor":7}',
        "[" * 99_999,
    ],
    ids=lambda text: text[:12],
)
def test_a_cursor_of_another_listing_is_refused_before_any_request(web: respx.MockRouter, text: str) -> None:
    with pytest.raises(NotUnderstood, match="place in the listing"):
        asked(lambda service: service.list_page(Secret(text)))
    assert asked_for(web) == []


# Pictures


def test_a_picture_is_had_through_its_record_and_a_signed_url_without_credentials(
    web: respx.MockRouter, page: respx.Route
) -> None:
    call_route(web, "as29s", recorded("as29s_image.txt"))
    image = web.route(host="flow-content.google").respond(content=b"picture")

    async def bytes_of(service: GoogleService) -> bytes:
        media = await picture(service)
        assert media == Media(None, Secret(SIGNED_URL))
        assert media.url is not None
        return await service.fetch(media.url, no_progress)

    assert asked(bytes_of) == b"picture"
    assert str(sent(image).url) == SIGNED_URL
    assert set(sent(image).headers) == OWN_HEADERS
    assert sent(image).headers["accept-encoding"] == "identity"
    for text in ("canary", "AT_TOKEN"):
        assert text not in f"{sent(image).url} {sent(image).headers.raw}"
    assert page.called


@pytest.mark.parametrize(
    "name", ["", "a b", "a/b", "../x", "a\n", "CAMa+b", "a=", "ä", "١", "x" * 129, '","']
)
def test_a_name_with_another_character_is_refused_before_any_request(
    web: respx.MockRouter, name: str
) -> None:
    with pytest.raises(InvalidName, match="Not asked:"):
        asked(lambda service: service.media(name, no_progress))
    assert asked_for(web) == []


def test_a_reencoded_picture_is_never_fetched(web: respx.MockRouter) -> None:
    asb = "https://lh3.googleusercontent.com/asb/TOKEN"
    route = web.route(host="lh3.googleusercontent.com").respond(content=b"re-encoded")
    web.route(host="flow-content.google").respond(302, headers={"location": asb})
    with pytest.raises(Refused, match="Not asked:"):
        asked(lambda service: service.fetch(Secret(asb), no_progress))
    assert not route.called
    with pytest.raises(Refused, match="re-encoded"):
        asked(lambda service: service.fetch(Secret(SIGNED_URL), no_progress))


@pytest.mark.parametrize(
    ("status", "kind"), [(400, Expired), (401, Refused), (403, Expired), (404, NotFound), (503, Unreachable)]
)
def test_a_signed_url_that_is_refused_says_nothing_of_the_session(
    web: respx.MockRouter, status: int, kind: type[FlowError]
) -> None:
    web.route(host="flow-content.google").respond(status)
    with pytest.raises(FlowError) as caught:
        asked(lambda service: service.fetch(Secret(SIGNED_URL), no_progress))
    assert type(caught.value) is kind
    with pytest.raises(ForeignHost):
        asked(lambda service: service.fetch(Secret("https://evil.example/x"), no_progress))


# Page tokens and the session


def test_the_page_tells_whose_session_it_is(page: respx.Route) -> None:
    account = asked(lambda service: service.account())
    assert account == Account("ada@example.com", expires=None)
    assert sent(page).headers["cookie"] == "SID=canary-of-sid; __Secure-1PSIDTS=canary-of-ts"
    assert set(sent(page).headers) == OWN_HEADERS | {"cookie"}


@pytest.mark.parametrize(
    "location",
    [
        "/about",
        "https://flow.google/about?hl=en",
        "https://accounts.google.com/ServiceLogin?continue=https://flow.google.com/",
    ],
)
def test_a_redirect_to_the_sign_in_is_not_followed(web: respx.MockRouter, location: str) -> None:
    page = web.get(f"{GOOGLE_URL}/").respond(302, headers={"location": location})
    for ask in (first_page, picture, GoogleService.account):
        with pytest.raises(SignedOut, match="sends to its sign-in"):
            asked(ask)
    assert page.call_count == len(asked_for(web)) == 3


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (302, {"location": "https://elsewhere.example/x?token=1"}, NotUnderstood),
        (401, {}, SignedOut),
        (403, {}, Refused),
        (404, {}, NotUnderstood),
        (410, {}, NotUnderstood),
        (429, {"retry-after": "7"}, RateLimited),
        (431, {}, Refused),
        (503, {}, Unreachable),
    ],
)
@pytest.mark.parametrize("of_the_call", [False, True])
def test_each_status_has_a_meaning(
    web: respx.MockRouter, status: int, headers: dict[str, str], kind: type[FlowError], of_the_call: bool
) -> None:
    refusal = httpx.Response(status, headers=headers, html="<html></html>")
    if of_the_call:
        web.get(f"{GOOGLE_URL}/").respond(content=recorded("page_signed_in.html"))
        call_route(web, "as29s", refusal)
    else:
        web.get(f"{GOOGLE_URL}/").mock(return_value=refusal)
    with pytest.raises(FlowError) as caught:
        asked(picture)
    assert type(caught.value) is kind
    assert getattr(caught.value, "retry_after", None) == (7.0 if status == 429 else None)
    if isinstance(caught.value, NotUnderstood):
        assert caught.value.path == ("as29s" if of_the_call else "GET /")
        assert "token" not in str(caught.value)


@pytest.mark.parametrize("failure", [httpx.ReadTimeout, httpx.ConnectError, httpx.ReadError])
def test_no_answer_is_unreachable_and_tells_no_secret(
    web: respx.MockRouter, page: respx.Route, failure: type[httpx.RequestError]
) -> None:
    web.post(url__startswith=CALLS).mock(side_effect=failure)
    with pytest.raises(Unreachable, match=r"flow\.google\.com") as caught:
        asked(picture)
    assert "AT_TOKEN" not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert page.called


REFUSALS: Final = [answer("as29s", None, error=[16]), httpx.Response(401)]


@pytest.mark.parametrize("refusal", REFUSALS, ids=["code 16", "HTTP 401"])
def test_a_refused_session_renews_the_page_once(
    web: respx.MockRouter, page: respx.Route, refusal: bytes | httpx.Response
) -> None:
    call_route(web, "as29s", refusal, recorded("as29s_image.txt"))
    assert asked(picture).url
    assert page.call_count == 2
    calls = call_route(web, "as29s", refusal)
    before = calls.call_count
    with pytest.raises(SignedOut):
        asked(picture)
    assert (page.call_count, calls.call_count - before) == (4, 2)


def test_a_session_that_ended_meanwhile_is_told_by_the_page(web: respx.MockRouter) -> None:
    web.get(f"{GOOGLE_URL}/").mock(
        side_effect=[
            httpx.Response(200, content=recorded("page_signed_in.html")),
            httpx.Response(200, content=recorded("page_signed_out.html")),
        ]
    )
    call_route(web, "UpteDb", recorded("error_unauthenticated.txt"))
    with pytest.raises(SignedOut, match="names nobody who is signed in"):
        asked(first_page)


GATEWAY: Final = b"<!doctype html><title>502</title><h1>Bad gateway</h1>"


HALF_A_PAGE: Final = recorded("page_signed_in.html").partition(b'"oPEP7c"')[0]


@pytest.mark.parametrize("first", [GATEWAY, HALF_A_PAGE], ids=["of a gateway", "cut off"])
def test_a_page_that_says_nothing_of_the_session_is_asked_for_once_more(
    web: respx.MockRouter, first: bytes
) -> None:
    signed_in = httpx.Response(200, content=recorded("page_signed_in.html"))
    route = web.get(f"{GOOGLE_URL}/").mock(side_effect=[httpx.Response(200, content=first), signed_in])
    assert asked(GoogleService.account).email == "ada@example.com"
    assert route.call_count == 2


@pytest.mark.parametrize(("body", "asks"), [(GATEWAY, 2), (recorded("page_signed_out.html"), 1)])
def test_a_page_that_names_nobody_is_a_sign_out_in_the_end(
    web: respx.MockRouter, body: bytes, asks: int
) -> None:
    route = web.get(f"{GOOGLE_URL}/").respond(content=body)
    with pytest.raises(SignedOut):
        asked(GoogleService.account)
    assert route.call_count == asks


BUSY: Final = httpx.Response(503)


@pytest.mark.usefixtures("page")
def test_the_next_try_for_a_page_asks_only_for_what_the_last_one_did_not_bring(
    web: respx.MockRouter,
) -> None:
    projects = call_route(web, "UpteDb", BUSY, recorded("UpteDb_projects.txt"))
    contents = call_route(web, "Zzl0ze", BUSY, BUSY, recorded("Zzl0ze_empty_project.txt"))

    async def with_patience(service: GoogleService) -> Page:
        for _ in range(3):
            with pytest.raises(Unreachable):
                await service.list_page(None)
        return await service.list_page(None)

    kept = asked(with_patience)
    assert (projects.call_count, contents.call_count) == (2, 3)
    call_route(web, "UpteDb", recorded("UpteDb_projects.txt"))
    call_route(web, "Zzl0ze", recorded("Zzl0ze_empty_project.txt"))
    assert kept == asked(first_page)


@pytest.mark.usefixtures("page")
@pytest.mark.parametrize("ends_by", ["another page", "success", "what does not pass"])
def test_what_a_try_has_brought_is_kept_for_the_same_page_alone(web: respx.MockRouter, ends_by: str) -> None:
    call_route(web, "UpteDb", recorded("UpteDb_projects.txt"))
    call_route(web, "Zzl0ze", recorded("Zzl0ze_empty_project.txt"))
    later = asked(first_page).cursor
    projects = call_route(web, "UpteDb", recorded("UpteDb_projects.txt"))
    before = projects.call_count
    refusal = httpx.Response(400) if ends_by == "what does not pass" else BUSY
    call_route(web, "Zzl0ze", refusal, recorded("Zzl0ze_empty_project.txt"))

    async def again(service: GoogleService) -> None:
        with pytest.raises(FlowError):
            await service.list_page(None)
        if ends_by != "what does not pass":
            await service.list_page(later if ends_by == "another page" else None)
        await service.list_page(None)

    asked(again)
    assert projects.call_count - before == 2


@pytest.mark.parametrize("status", [200, 400])
def test_the_token_that_the_service_names_is_used_once_more(
    web: respx.MockRouter, page: respx.Route, status: int
) -> None:
    xsrf = httpx.Response(status, content=recorded("error_xsrf.txt").replace(b"AT_TOKEN", b"NEW"))
    call_route(web, "as29s", xsrf, recorded("as29s_image.txt"))

    async def twice(service: GoogleService) -> None:
        await picture(service)
        await picture(service)

    asked(twice)
    posts = [call.request for call in web.calls if call.request.method == "POST"]
    assert [form_of(post)["at"] for post in posts] == [AT, *[AT.replace("AT_TOKEN", "NEW")] * 2]
    assert page.call_count == 1


def test_a_service_that_wants_another_token_for_ever_is_given_up(
    web: respx.MockRouter, page: respx.Route
) -> None:
    route = call_route(web, "as29s", recorded("error_xsrf.txt"))
    with pytest.raises(SignedOut, match="page token"):
        asked(picture)
    assert (route.call_count, page.call_count) == (2, 1)


def test_an_answer_that_is_a_web_page_names_the_call(web: respx.MockRouter, page: respx.Route) -> None:
    call_route(web, "UpteDb", b"<!doctype html><html>Flow</html>")
    with pytest.raises(WebPage, match="The answer to UpteDb is a web page"):
        asked(first_page)
    assert page.called


@pytest.mark.parametrize(("headers", "wish"), [({}, None), ({"retry-after": "7"}, 7.0)])
@pytest.mark.usefixtures("page")
def test_a_pause_that_the_answer_asks_for_is_as_long_as_its_header_says(
    web: respx.MockRouter, headers: dict[str, str], wish: float | None
) -> None:
    exhausted = recorded("error_resource_exhausted.txt").replace(b"Zzl0ze", b"as29s")
    call_route(web, "as29s", httpx.Response(200, headers=headers, content=exhausted))
    with pytest.raises(RateLimited) as caught:
        asked(picture)
    assert caught.value.retry_after == wish


def test_the_tokens_are_kept_ten_minutes_at_most(
    web: respx.MockRouter, page: respx.Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = {"now": 0.0}
    monkeypatch.setattr("flowimg_tui.flow.google.time", SimpleNamespace(monotonic=lambda: clock["now"]))
    call_route(web, "as29s", recorded("as29s_image.txt"))

    async def at_intervals(service: GoogleService) -> list[int]:
        fetched = []
        for seconds in (0, 599, 1, 599):
            clock["now"] += seconds
            await picture(service)
            fetched.append(page.call_count)
        return fetched

    assert asked(at_intervals) == [1, 1, 2, 2]


def test_workers_wait_for_one_fetch_of_the_page_and_for_one_renewal(web: respx.MockRouter) -> None:
    fetched: list[str] = []

    async def respond(_: httpx.Request) -> httpx.Response:
        for _tick in range(5):
            await asyncio.sleep(0)
        fetched.append(f"token{len(fetched)}")
        html = recorded("page_signed_in.html").replace(AT.encode(), fetched[-1].encode())
        return httpx.Response(200, content=html)

    def answers(request: httpx.Request) -> httpx.Response:
        refused = form_of(request)["at"] == "token0"
        error = answer("as29s", None, error=[16])
        return httpx.Response(200, content=error if refused else recorded("as29s_image.txt"))

    web.get(f"{GOOGLE_URL}/").mock(side_effect=respond)
    route = web.post(url__startswith=CALLS).mock(side_effect=answers)

    async def workers(service: GoogleService) -> list[Media]:
        return list(await asyncio.gather(*(picture(service) for _ in range(8))))

    assert len(asked(workers)) == 8
    assert fetched == ["token0", "token1"]
    assert route.call_count == 16


def rotation(value: str) -> list[tuple[str, str]]:
    """Headers that set a cookie anew, set another that nobody sent, and delete a third."""
    return [
        ("set-cookie", f"__Secure-1PSIDTS={value}; Domain=.google.com; Path=/; Secure; HttpOnly"),
        ("set-cookie", "NID=tracking; Domain=.google.com; Path=/; Secure"),
        ("set-cookie", "SID=; Domain=.google.com; Path=/; Max-Age=0"),
    ]


def test_rotated_cookies_are_sent_and_kept_once_and_others_do_not_come_in(web: respx.MockRouter) -> None:
    web.get(f"{GOOGLE_URL}/").respond(content=recorded("page_signed_in.html"), headers=rotation("by-page"))
    answers = [
        httpx.Response(200, content=recorded("as29s_image.txt"), headers=rotation(value))
        for value in ("by-page", "by-call")
    ]
    route = call_route(web, "as29s", *answers)
    kept: list[dict[str, Secret]] = []

    async def three_pictures(service: GoogleService) -> None:
        for _ in range(3):
            await picture(service)

    asked(three_pictures, keep_cookies=kept.append)
    stamps = ["by-page", "by-page", "by-call"]
    assert [call.request.headers["cookie"] for call in route.calls] == [
        f"SID=canary-of-sid; __Secure-1PSIDTS={stamp}" for stamp in stamps
    ]
    assert kept == [{**COOKIES, "__Secure-1PSIDTS": Secret(stamp)} for stamp in ("by-page", "by-call")]
    assert COOKIES["__Secure-1PSIDTS"] == Secret("canary-of-ts")


@pytest.mark.parametrize("value", ["canary-of-ts", "", "a b", "a,b", "x" * 9000])
def test_no_value_that_is_known_or_that_no_cookie_can_have_is_kept(web: respx.MockRouter, value: str) -> None:
    web.get(f"{GOOGLE_URL}/").respond(content=recorded("page_signed_in.html"), headers=rotation(value))
    call_route(web, "as29s", recorded("as29s_image.txt"))
    kept: list[object] = []
    asked(picture, keep_cookies=kept.append)
    assert kept == []


@given(st.binary() | st.text().map(lambda text: b"[[" + json.dumps(text).encode() + b"]]"))
@ANY_PACE
def test_any_answer_at_all_is_a_failure_of_the_service(body: bytes) -> None:
    with respx.mock(assert_all_called=False, using="httpx") as web:
        web.get(f"{GOOGLE_URL}/").respond(content=recorded("page_signed_in.html"))
        web.post(url__startswith=CALLS).respond(content=body)
        with pytest.raises(FlowError):
            asked(picture)
