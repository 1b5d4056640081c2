"""The session of labs.google: HTTP 200 in every state, and a Bearer made from it."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import httpx
import pytest
import respx

from flowimg_tui.flow.cookies import SESSION_COOKIE
from flowimg_tui.flow.errors import (
    FlowError,
    Moved,
    NeedsRefresh,
    NotUnderstood,
    RateLimited,
    SignedOut,
    Unreachable,
)
from flowimg_tui.flow.labs import LABS_URL, LabsService
from flowimg_tui.flow.service import Account
from flowimg_tui.secret import Secret
from tests.flow.field import (
    LIST_URL,
    NAME,
    SESSION_URL,
    asked,
    asked_for,
    is_signed_in,
    listing,
    media_route,
    no_progress,
    recorded,
    recorded_json,
    sent,
    session,
)


def refused(status: int, file: str) -> httpx.Response:
    return httpx.Response(status, content=recorded(file))


async def account(service: LabsService) -> Account:
    return await service.account()


async def picture(service: LabsService) -> None:
    await service.media(NAME, no_progress)


def sessions(web: respx.MockRouter, *answers: object, **first: str) -> respx.Route:
    """Answer with one session after the other; ``first`` are headers of the first answer."""
    headers = [{name.replace("_", "-"): value for name, value in first.items()}, *[{}] * len(answers)]
    responses = [
        httpx.Response(200, json=answer, headers=header)
        for answer, header in zip(answers, headers, strict=False)
    ]
    return web.get(SESSION_URL).mock(side_effect=responses)


def test_a_live_session_tells_whose_it_is_and_until_when(web: respx.MockRouter) -> None:
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=3)
    sessions(web, session(expires=f"{ends:%Y-%m-%dT%H:%M:%S}.000Z"))
    assert asked(account) == Account("ada@example.com", ends)


def test_the_session_is_asked_for_with_the_cookie_only(web: respx.MockRouter) -> None:
    route = is_signed_in(web)
    asked(account)
    assert sent(route).url == SESSION_URL
    assert sent(route).headers["cookie"] == f"{SESSION_COOKIE}=canary-of-the-cookie"
    assert "authorization" not in sent(route).headers


def test_a_session_without_a_user_is_a_live_one(web: respx.MockRouter) -> None:
    body = session()
    del body["user"]
    sessions(web, body)
    assert asked(account).email is None


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (refused(404, "list_trpc_error_404_retired.json"), Moved, "Flow has migrated"),
        (httpx.Response(308, headers={"location": "https://flow.google.com/"}), Moved, "Flow has moved"),
        (httpx.Response(200, content=listing(status=404)), Moved, "retired"),
        (refused(401, "list_trpc_error_401.json"), SignedOut, "it has ended"),
        (refused(403, "list_trpc_error_403.json"), SignedOut, "it has ended"),
        (refused(500, "list_trpc_error_500.json"), SignedOut, "it has ended"),
        (refused(200, "app_html_instead_of_json.html"), SignedOut, "it has ended"),
        (refused(200, "list_first_page.json"), SignedOut, "it has ended"),
        (httpx.ConnectError("no network"), SignedOut, "it has ended"),
    ],
    ids=["404", "308", "404 inside", "401", "403", "500", "web page", "a listing", "unreachable"],
)
def test_without_a_session_only_a_listing_that_is_retired_means_that_flow_has_moved(
    web: respx.MockRouter, answer: httpx.Response | Exception, kind: type[FlowError], reason: str
) -> None:
    sessions(web, recorded_json("session_signed_out.json"))
    web.get(LIST_URL).mock(side_effect=[answer])
    with pytest.raises(FlowError, match=reason) as caught:
        asked(account)
    assert type(caught.value) is kind


@pytest.mark.parametrize("hours", [-48, 24])
def test_a_session_that_needs_a_refresh_is_over_whenever_it_ends(web: respx.MockRouter, hours: int) -> None:
    error = recorded_json("session_expired.json")["error"]
    sessions(web, *[session(hours=hours, error=error)] * 2)
    with pytest.raises(NeedsRefresh, match="ACCESS_TOKEN_REFRESH_NEEDED"):
        asked(account)


def test_a_stale_session_that_is_not_marked_is_asked_for_again_with_the_new_cookie(
    web: respx.MockRouter,
) -> None:
    stale = {**recorded_json("session_stale_no_error.json"), "expires": session(hours=-48)["expires"]}
    rotation = f"{SESSION_COOKIE}=rotated; Path=/; Secure; HttpOnly; SameSite=Lax"
    route = sessions(web, stale, session(), set_cookie=rotation)
    listed = web.get(LIST_URL).respond(content=recorded("list_empty.json"))

    async def account_and_list(service: LabsService) -> Account:
        found = await service.account()
        await service.list_page(None)
        return found

    assert asked(account_and_list).email == "ada@example.com"
    assert [call.request.headers["cookie"] for call in route.calls] == [
        f"{SESSION_COOKIE}=canary-of-the-cookie",
        f"{SESSION_COOKIE}=rotated",
    ]
    assert sent(listed).headers["cookie"] == f"{SESSION_COOKIE}=rotated"


def test_a_session_that_stays_stale_has_expired(web: respx.MockRouter) -> None:
    route = sessions(web, session(hours=-48), session(hours=-47))
    with pytest.raises(NeedsRefresh, match="has expired"):
        asked(account)
    assert route.call_count == 2


def test_a_stale_session_that_ends_when_it_is_asked_again_is_signed_out(web: respx.MockRouter) -> None:
    sessions(web, session(hours=-48), {})
    web.get(LIST_URL).mock(return_value=refused(401, "list_trpc_error_401.json"))
    with pytest.raises(SignedOut, match="it has ended"):
        asked(account)


def test_a_session_in_parts_is_rotated_as_a_whole_and_kept_once(web: respx.MockRouter) -> None:
    old, new = (
        {f"{SESSION_COOKIE}.{part}": Secret(f"{age}{part}") for part in range(parts)}
        for age, parts in (("old", 3), ("new", 2))
    )
    cookies = [f"{name}={value.reveal()}; Path=/; Secure" for name, value in new.items()]
    rotation = [("set-cookie", text) for text in (*cookies, "tracking=1; Path=/; Secure")]
    stale = httpx.Response(200, json=session(hours=-1), headers=rotation)
    fresh = httpx.Response(200, json=session(), headers=rotation)
    route = web.get(SESSION_URL).mock(side_effect=[stale, fresh])
    kept: list[dict[str, Secret]] = []
    asked(account, cookies=old, keep_cookies=kept.append)
    assert sent(route, 1).headers["cookie"] == f"{SESSION_COOKIE}.0=new0; {SESSION_COOKIE}.1=new1"
    assert kept == [new]


@pytest.mark.parametrize(
    "cookie",
    [
        "tracking=1; Path=/",
        f"{SESSION_COOKIE}=canary-of-the-cookie; Path=/; Secure",
        f"{SESSION_COOKIE}=; Path=/; Secure; Max-Age=0",
        f"{SESSION_COOKIE}=over; Path=/; Secure; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    ],
    ids=["another", "the same", "deleted", "expired"],
)
def test_cookies_that_were_not_rotated_are_not_kept_again(web: respx.MockRouter, cookie: str) -> None:
    route = sessions(web, session(hours=-1), session(), set_cookie=cookie)
    kept: list[object] = []
    asked(account, keep_cookies=kept.append)
    assert kept == []
    assert sent(route, 1).headers["cookie"] == f"{SESSION_COOKIE}=canary-of-the-cookie"


def test_rotated_cookies_are_kept_although_the_session_is_over(web: respx.MockRouter) -> None:
    kept: list[dict[str, Secret]] = []
    sessions(web, session(error="X"), set_cookie=f"{SESSION_COOKIE}=rotated; Path=/; Secure")
    with pytest.raises(NeedsRefresh):
        asked(account, keep_cookies=kept.append)
    assert kept == [{SESSION_COOKIE: Secret("rotated")}]


def test_the_same_cookie_for_two_paths_is_survived(web: respx.MockRouter) -> None:
    cookies = [f"{SESSION_COOKIE}=rotated; Path={path}; Secure" for path in ("/", "/fx")]
    answer = httpx.Response(200, json=session(), headers=[("set-cookie", text) for text in cookies])
    web.get(SESSION_URL).mock(return_value=answer)
    assert asked(account).email == "ada@example.com"


def test_a_rotated_cookie_goes_to_no_public_page(web: respx.MockRouter) -> None:
    sessions(web, session(), set_cookie=f"{SESSION_COOKIE}=rotated; Path=/; Secure; HttpOnly")
    page = web.get(LABS_URL).respond(text="<html></html>")
    media = media_route(web).respond(content=recorded("media_uploaded_image.json"))
    asked(picture, flow_key=None)
    assert "cookie" not in sent(page).headers
    assert "cookie" not in sent(media).headers


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"[]", "$"),
        (b"null", "$"),
        (recorded("app_html_instead_of_json.html"), "$"),
        (json.dumps({"access_token": "ya29.x"}).encode(), "$.expires"),
        (json.dumps({"access_token": "ya29.x", "expires": "tomorrow"}).encode(), "$.expires"),
        (json.dumps({"access_token": 7}).encode(), "$.access_token"),
    ],
)
def test_a_session_that_is_not_one_names_the_place(web: respx.MockRouter, body: bytes, path: str) -> None:
    web.get(SESSION_URL).respond(content=body)
    with pytest.raises(NotUnderstood) as caught:
        asked(account)
    assert caught.value.path == path
    assert "ya29" not in str(caught.value)


@pytest.mark.parametrize("status", [401, 403, 404, 500, 503])
def test_another_status_is_transient_and_does_not_mean_signed_out(web: respx.MockRouter, status: int) -> None:
    web.get(SESSION_URL).respond(status)
    with pytest.raises(FlowError) as caught:
        asked(account)
    assert not isinstance(caught.value, SignedOut)
    assert caught.value.retryable


@pytest.mark.parametrize("failure", [httpx.ReadTimeout, httpx.ConnectError])
def test_no_session_for_want_of_an_answer_is_unreachable(
    web: respx.MockRouter, failure: type[httpx.RequestError]
) -> None:
    web.get(SESSION_URL).mock(side_effect=failure)
    with pytest.raises(Unreachable):
        asked(account)


def test_the_session_may_be_asked_for_too_often(web: respx.MockRouter) -> None:
    web.get(SESSION_URL).respond(429, headers={"retry-after": "9"})
    with pytest.raises(RateLimited) as caught:
        asked(account)
    assert caught.value.retry_after == 9


# The Bearer


def test_one_session_serves_many_pictures(web: respx.MockRouter) -> None:
    route = is_signed_in(web)
    media = media_route(web).respond(content=recorded("media_uploaded_image.json"))

    async def four_at_once_and_one_more(service: LabsService) -> None:
        await asyncio.gather(*(picture(service) for _ in range(4)))
        await picture(service)

    asked(four_at_once_and_one_more)
    assert (route.call_count, media.call_count) == (1, 5)


def test_the_bearer_is_renewed_after_fifty_minutes(
    web: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = {"now": 1000.0}
    monkeypatch.setattr("flowimg_tui.flow.labs.time", SimpleNamespace(monotonic=lambda: clock["now"]))
    sessions(web, session(token="ya29.first"), session(token="ya29.second"))
    media = media_route(web).respond(content=recorded("media_uploaded_image.json"))

    async def at_intervals(service: LabsService) -> None:
        for seconds in (0, 49 * 60, 61):
            clock["now"] += seconds
            await picture(service)

    asked(at_intervals)
    bearers = [call.request.headers["authorization"] for call in media.calls]
    assert bearers == ["Bearer ya29.first", "Bearer ya29.first", "Bearer ya29.second"]


def test_a_refused_bearer_is_renewed_once(web: respx.MockRouter) -> None:
    route = sessions(web, session(token="ya29.old"), session(token="ya29.new"))
    media = media_route(web).mock(
        side_effect=[
            httpx.Response(401, content=recorded("media_error_401.json")),
            httpx.Response(200, content=recorded("media_uploaded_image.json")),
        ]
    )
    asked(picture)
    assert route.call_count == 2
    bearers = [call.request.headers["authorization"] for call in media.calls]
    assert bearers == ["Bearer ya29.old", "Bearer ya29.new"]


def test_workers_that_are_refused_together_renew_the_bearer_together(web: respx.MockRouter) -> None:
    workers = 4
    route = sessions(web, session(token="ya29.old"), session(token="ya29.new"))

    async def pictures(service: LabsService) -> list[str]:
        all_are_here = asyncio.Barrier(workers)

        async def answer(request: httpx.Request) -> httpx.Response:
            if request.headers["authorization"] == "Bearer ya29.old":
                await all_are_here.wait()
                return httpx.Response(401, content=recorded("media_error_401.json"))
            return httpx.Response(200, content=recorded("media_uploaded_image.json"))

        media = media_route(web).mock(side_effect=answer)
        await asyncio.gather(*(picture(service) for _ in range(workers)))
        return [call.request.headers["authorization"] for call in media.calls]

    assert sorted(asked(pictures)) == ["Bearer ya29.new"] * workers + ["Bearer ya29.old"] * workers
    assert route.call_count == 2


@pytest.mark.parametrize("file", ["media_error_401.json", "media_error_401_key_only.json"])
def test_a_second_refusal_means_signed_out(web: respx.MockRouter, file: str) -> None:
    tokens = iter(range(100))
    route = web.get(SESSION_URL).mock(
        side_effect=lambda _: httpx.Response(200, json=session(token=f"ya29.{next(tokens)}"))
    )
    media = media_route(web).respond(401, content=recorded(file))
    with pytest.raises(SignedOut):
        asked(picture)
    # Once with each Bearer: the first one and the renewed one.
    assert (route.call_count, media.call_count) == (2, 2)


def test_a_bearer_that_was_refused_by_mistake_is_taken_the_second_time(web: respx.MockRouter) -> None:
    route = is_signed_in(web)
    media = media_route(web).mock(
        side_effect=[
            httpx.Response(401, content=recorded("media_error_401.json")),
            httpx.Response(200, content=recorded("media_uploaded_image.json")),
        ]
    )
    asked(picture)
    assert (route.call_count, media.call_count) == (2, 2)


def test_the_same_bearer_refused_again_means_signed_out(web: respx.MockRouter) -> None:
    route = is_signed_in(web)
    media = media_route(web).respond(401, content=recorded("media_error_401.json"))
    with pytest.raises(SignedOut):
        asked(picture)
    assert (route.call_count, media.call_count) == (2, 2)


def test_workers_that_are_refused_together_ask_once_for_the_same_bearer(web: respx.MockRouter) -> None:
    route = is_signed_in(web)

    async def pictures(service: LabsService) -> None:
        all_are_here = asyncio.Barrier(4)
        answers = iter(range(100))

        async def answer(_: httpx.Request) -> httpx.Response:
            if next(answers) < 4:
                await all_are_here.wait()
                return httpx.Response(401, content=recorded("media_error_401.json"))
            return httpx.Response(200, content=recorded("media_uploaded_image.json"))

        media_route(web).mock(side_effect=answer)
        await asyncio.gather(*(picture(service) for _ in range(4)))

    asked(pictures)
    assert route.call_count == 2


def test_without_a_session_no_picture_is_asked_for(web: respx.MockRouter) -> None:
    sessions(web, {})
    web.get(LIST_URL).mock(return_value=refused(401, "list_trpc_error_401.json"))
    with pytest.raises(SignedOut):
        asked(picture)
    session_url, list_url = asked_for(web)
    assert session_url == SESSION_URL
    assert list_url.startswith(LIST_URL)


def test_asking_whose_session_it_is_gives_the_bearer_too(web: respx.MockRouter) -> None:
    route = is_signed_in(web)
    media_route(web).respond(content=recorded("media_uploaded_image.json"))

    async def both(service: LabsService) -> None:
        await service.account()
        await picture(service)

    asked(both)
    assert route.call_count == 1
