"""Asking the media endpoint for a picture: names in the path, credentials, the Flow key."""

import asyncio
import base64

import httpx
import pytest
import respx

from flowimg_tui.flow.errors import (
    FlowError,
    InvalidName,
    Moved,
    NotFound,
    NotUnderstood,
    RateLimited,
    Refused,
    Unreachable,
    WebPage,
)
from flowimg_tui.flow.labs import LABS_URL, MEDIA_URL, LabsService
from flowimg_tui.flow.service import Media
from flowimg_tui.secret import Secret
from tests.flow.field import (
    FLOW_KEY,
    NAME,
    asked,
    asked_for,
    is_signed_in,
    media_route,
    no_progress,
    recorded,
    recorded_json,
    sent,
)

PICTURE = "media_uploaded_image.json"
FOREIGN = ".?#%&\\@:\x00\x1b~,;'\"()*!ä日１\u0301\u202e\u200c\ud800"
OWN_HEADERS = {"host", "accept", "accept-encoding", "connection", "user-agent"}


async def picture(service: LabsService) -> Media:
    return await service.media(NAME, no_progress)


@pytest.fixture
def media(web: respx.MockRouter) -> respx.Route:
    """The media endpoint of an account that is signed in."""
    is_signed_in(web)
    return media_route(web).respond(content=recorded(PICTURE))


def key_of(request: httpx.Request) -> str | None:
    keys = request.url.params.get_list("key")
    return keys[0] if keys else None


def test_a_picture_comes_with_its_bytes_and_a_fresh_url(media: respx.Route) -> None:
    found = asked(picture)
    assert media.call_count == 1
    assert found.data is not None
    assert found.data.startswith(b"\xff\xd8\xff")
    assert found.url is not None
    assert found.url.reveal() == recorded_json(PICTURE)["userUploadedImage"]["fifeUrl"]


def test_a_picture_of_more_bytes_than_the_limit_is_refused_however_little_stands_around_it(
    media: respx.Route,
) -> None:
    size = len(base64.b64decode(recorded_json(PICTURE)["userUploadedImage"]["image"]))
    assert asked(picture, picture_limit=size).data
    with pytest.raises(NotUnderstood, match=f"A picture of {size} bytes, more than the limit of {size - 1}"):
        asked(picture, picture_limit=size - 1)
    assert media.call_count == 2


def test_the_progress_of_a_picture_is_told_in_bytes(media: respx.Route) -> None:
    told: list[tuple[int, int | None]] = []
    asked(lambda service: service.media(NAME, lambda done, total: told.append((done, total))))
    assert media.called
    assert told[-1] == (len(recorded(PICTURE)), len(recorded(PICTURE)))


@pytest.mark.parametrize(
    "name",
    [
        NAME,
        "46c118dc-8d06-4254-ac3e-5ba22b0a0ba0",
        "a+b/c=d_e$f-g",
        "CAMa==",
        "++//==__$$--",
        "//evil",
        "/",
        "$",
        "a//b",
        "A" * 2048,
    ],
)
def test_a_name_goes_into_the_path_as_it_is(media: respx.Route, name: str) -> None:
    asked(lambda service: service.media(name, no_progress))
    path = f"/v1/media/{name}?key={FLOW_KEY}&clientContext.tool=PINHOLE"
    assert sent(media).url.raw_path == path.encode("ascii")
    assert sent(media).url.host == "aisandbox-pa.googleapis.com"


@pytest.mark.parametrize("damage", ["\n", "\r\n ", "\u200b", "\ufeff", "\u2028", "\x85", "\x1f"])
def test_a_name_loses_its_line_breaks_before_it_goes_into_the_path(media: respx.Route, damage: str) -> None:
    asked(lambda service: service.media(f"{damage}CAMa{damage}JGY5{damage}", no_progress))
    assert sent(media).url.raw_path.startswith(b"/v1/media/CAMaJGY5?")


@pytest.mark.parametrize("name", ["", " \n", "\u200b", "..", "../x", *(f"a{odd}b" for odd in FOREIGN)])
def test_a_name_with_another_character_is_refused_before_any_request(
    web: respx.MockRouter, name: str
) -> None:
    with pytest.raises(InvalidName) as caught:
        asked(lambda service: service.media(name, no_progress))
    assert asked_for(web) == []
    assert str(caught.value).startswith("Not asked:")
    assert not caught.value.retryable


def test_the_media_endpoint_gets_the_bearer_and_no_cookie(media: respx.Route) -> None:
    asked(picture)
    headers = sent(media).headers
    assert headers["authorization"] == "Bearer ya29.canary-of-the-bearer"
    assert headers["origin"] == "https://labs.google"
    assert headers["referer"] == "https://labs.google/"
    assert set(headers) == OWN_HEADERS | {"authorization", "origin", "referer"}


def test_a_cookie_that_the_media_endpoint_sets_is_not_sent_back(web: respx.MockRouter) -> None:
    is_signed_in(web)
    media = media_route(web).respond(
        content=recorded(PICTURE), headers={"set-cookie": "NID=1; Path=/; Secure"}
    )

    async def twice(service: LabsService) -> None:
        await picture(service)
        await picture(service)

    asked(twice)
    assert "cookie" not in sent(media, 1).headers


@pytest.mark.parametrize(
    ("file", "status", "kind", "retryable"),
    [
        ("media_error_400.json", 400, Refused, False),
        ("media_error_403.json", 403, Refused, False),
        ("media_error_404.json", 404, NotFound, False),
        ("media_error_429.json", 429, RateLimited, True),
        ("media_error_500.json", 500, Unreachable, True),
    ],
)
def test_each_recorded_refusal_has_a_meaning_and_keeps_its_sentence(
    web: respx.MockRouter, file: str, status: int, kind: type[FlowError], retryable: bool
) -> None:
    is_signed_in(web)
    media = media_route(web).respond(status, content=recorded(file))
    with pytest.raises(FlowError) as caught:
        asked(picture)
    assert type(caught.value) is kind
    assert caught.value.retryable is retryable
    assert recorded_json(file)["error"]["message"] in str(caught.value)
    assert media.call_count == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [(302, Moved), (308, Moved), (410, NotFound), (413, Refused), (502, Unreachable), (503, Unreachable)],
)
def test_a_refusal_without_a_sentence_has_a_meaning_too(
    web: respx.MockRouter, status: int, kind: type[FlowError]
) -> None:
    is_signed_in(web)
    media_route(web).respond(status, html="<html></html>", headers={"location": "https://flow.google.com/"})
    with pytest.raises(FlowError) as caught:
        asked(picture)
    assert type(caught.value) is kind


def test_a_picture_may_be_asked_for_too_often(web: respx.MockRouter) -> None:
    is_signed_in(web)
    error = recorded("media_error_429.json")
    media_route(web).respond(429, content=error, headers={"retry-after": "30"})
    with pytest.raises(RateLimited) as caught:
        asked(picture)
    assert caught.value.retry_after == 30


def test_a_web_page_instead_of_a_picture_is_not_understood(web: respx.MockRouter) -> None:
    is_signed_in(web)
    media_route(web).respond(content=recorded("app_html_instead_of_json.html"))
    with pytest.raises(WebPage, match="The media answer is a web page"):
        asked(picture)


def test_a_video_is_not_a_picture(web: respx.MockRouter) -> None:
    is_signed_in(web)
    media_route(web).respond(content=recorded("media_video.json"))
    with pytest.raises(NotUnderstood, match="is a video, not an image"):
        asked(picture)


@pytest.mark.parametrize("failure", [httpx.ReadTimeout, httpx.ConnectError, httpx.RemoteProtocolError])
def test_no_answer_is_unreachable_and_can_be_tried_again(
    web: respx.MockRouter, failure: type[httpx.RequestError]
) -> None:
    is_signed_in(web)
    media_route(web).mock(side_effect=failure)
    with pytest.raises(Unreachable) as caught:
        asked(picture)
    assert caught.value.retryable
    shown = f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
    assert "canary" not in shown
    assert NAME not in shown


def test_an_answer_that_announces_too_much_is_not_read(web: respx.MockRouter) -> None:
    is_signed_in(web)
    media_route(web).respond(content=b"{}", headers={"content-length": str(200 * 1024 * 1024)})
    with pytest.raises(NotUnderstood, match="209715200 bytes, more than the limit"):
        asked(picture)


# The Flow key

SCRIPT = "/_next/static/chunks/pages/_app-0f3a9c.js"
DECOY = "AIza" + "decoy".ljust(35, "0")
OTHER_KEY = "AIza" + "other-canary".ljust(35, "1")


def page_names(web: respx.MockRouter, *keys: str, times: int = 3) -> tuple[respx.Route, respx.Route]:
    """The public page and its script, that names a decoy once and each of ``keys`` a few times."""
    text = ",".join(f'{{apiKey:"{key}"}}' for key in (DECOY, *keys * times))
    page = web.get(LABS_URL).respond(html=f'<html><script src="/fx{SCRIPT}" defer=""></script></html>')
    return page, web.get(f"{LABS_URL}{SCRIPT}").respond(text=f"push([{text}])")


def key_error(status: int = 400) -> httpx.Response:
    detail = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
    message = "API key not valid. Please pass a valid API key."
    error = {"code": status, "message": message, "status": "INVALID_ARGUMENT", "details": [detail]}
    return httpx.Response(status, json={"error": error})


def test_the_flow_key_is_the_most_frequent_one_of_the_pages_script(
    web: respx.MockRouter, media: respx.Route
) -> None:
    page_names(web, FLOW_KEY)
    asked(picture, flow_key=None)
    assert key_of(sent(media)) == FLOW_KEY


def test_the_flow_key_is_looked_up_without_credentials(web: respx.MockRouter, media: respx.Route) -> None:
    page, script = page_names(web, FLOW_KEY)
    asked(picture, flow_key=None)
    assert media.called
    for route in (page, script):
        assert not {"cookie", "authorization"} & set(sent(route).headers)


def test_the_flow_key_is_looked_up_once_for_all_workers_and_kept(
    web: respx.MockRouter, media: respx.Route
) -> None:
    page, script = page_names(web, FLOW_KEY)
    kept: list[Secret] = []

    async def four_at_once_and_one_more(service: LabsService) -> None:
        await asyncio.gather(*(picture(service) for _ in range(4)))
        await picture(service)

    asked(four_at_once_and_one_more, flow_key=None, keep_flow_key=kept.append)
    assert (page.call_count, script.call_count, media.call_count) == (1, 1, 5)
    assert [key.reveal() for key in kept] == [FLOW_KEY]


def test_a_flow_key_that_is_known_is_not_looked_up(web: respx.MockRouter, media: respx.Route) -> None:
    page, _ = page_names(web, OTHER_KEY)
    kept: list[Secret] = []
    asked(picture, flow_key=Secret(FLOW_KEY), keep_flow_key=kept.append)
    assert key_of(sent(media)) == FLOW_KEY
    assert not page.called
    assert kept == []


@pytest.mark.parametrize("status", [400, 403])
def test_a_refused_flow_key_is_replaced_and_kept(web: respx.MockRouter, status: int) -> None:
    is_signed_in(web)
    page, _ = page_names(web, OTHER_KEY)
    good = httpx.Response(200, content=recorded(PICTURE))
    media = media_route(web).mock(side_effect=[key_error(status), good])
    kept: list[Secret] = []
    assert asked(picture, keep_flow_key=kept.append).data
    assert [key_of(call.request) for call in media.calls] == [FLOW_KEY, OTHER_KEY]
    assert [key.reveal() for key in kept] == [OTHER_KEY]
    assert page.call_count == 1


def test_workers_whose_key_is_refused_together_look_it_up_together(web: respx.MockRouter) -> None:
    is_signed_in(web)
    page, _ = page_names(web, OTHER_KEY)
    kept: list[Secret] = []

    async def pictures(service: LabsService) -> None:
        all_are_here = asyncio.Barrier(4)

        async def answer(request: httpx.Request) -> httpx.Response:
            if key_of(request) == FLOW_KEY:
                await all_are_here.wait()
                return key_error()
            return httpx.Response(200, content=recorded(PICTURE))

        media_route(web).mock(side_effect=answer)
        await asyncio.gather(*(picture(service) for _ in range(4)))

    asked(pictures, keep_flow_key=kept.append)
    assert page.call_count == 1
    assert [key.reveal() for key in kept] == [OTHER_KEY]


def test_an_old_key_and_an_old_bearer_are_both_replaced(web: respx.MockRouter) -> None:
    is_signed_in(web).mock(
        side_effect=[
            httpx.Response(200, json={**recorded_json("session_ok.json"), **changes})
            for changes in (
                {"expires": "2099-01-01T00:00:00Z", "access_token": "ya29.old"},
                {"expires": "2099-01-01T00:00:00Z", "access_token": "ya29.new"},
            )
        ]
    )
    page_names(web, OTHER_KEY)

    def answer(request: httpx.Request) -> httpx.Response:
        if key_of(request) != OTHER_KEY:
            return key_error()
        if request.headers["authorization"] != "Bearer ya29.new":
            return httpx.Response(401, content=recorded("media_error_401.json"))
        return httpx.Response(200, content=recorded(PICTURE))

    media = media_route(web).mock(side_effect=answer)
    assert asked(picture).data
    assert media.call_count == 3


def test_a_key_that_is_refused_while_the_page_names_no_other_ends_in_an_error(web: respx.MockRouter) -> None:
    is_signed_in(web)
    page_names(web, FLOW_KEY)
    media = media_route(web).mock(side_effect=lambda _: key_error())
    with pytest.raises(FlowError, match="does not accept the key") as caught:
        asked(picture)
    assert not caught.value.retryable
    assert media.call_count <= 3
    assert "canary" not in str(caught.value)


def test_a_key_that_is_refused_while_the_page_still_names_it_is_left_out(web: respx.MockRouter) -> None:
    is_signed_in(web)
    page_names(web, FLOW_KEY)
    good = httpx.Response(200, content=recorded(PICTURE))
    media = media_route(web).mock(side_effect=[key_error(), good])
    assert asked(picture).data
    assert sent(media).url.query == b"clientContext.tool=PINHOLE"


def test_a_key_that_is_refused_and_gone_from_the_page_is_left_out(web: respx.MockRouter) -> None:
    is_signed_in(web)
    web.get(LABS_URL).respond(html="<html></html>")
    good = httpx.Response(200, content=recorded(PICTURE))
    media = media_route(web).mock(side_effect=[key_error(), good])
    assert asked(picture).data
    assert sent(media).url.query == b"clientContext.tool=PINHOLE"


@pytest.mark.parametrize("page", ["<html></html>", f'<script src="{SCRIPT}">'])
def test_a_page_that_names_no_key_is_no_failure(web: respx.MockRouter, media: respx.Route, page: str) -> None:
    kept: list[Secret] = []
    asked_page = web.get(LABS_URL).respond(html=page)
    web.get(f"{LABS_URL}{SCRIPT}").respond(text="nothing; AIzaTooShort")

    async def twice(service: LabsService) -> None:
        await picture(service)
        await picture(service)

    asked(twice, flow_key=None, keep_flow_key=kept.append)
    assert sent(media).url.raw_path == f"/v1/media/{NAME}?clientContext.tool=PINHOLE".encode()
    assert kept == []
    assert asked_page.call_count == 1


@pytest.mark.parametrize("status", [308, 403, 404, 500])
def test_a_page_that_cannot_be_had_is_no_failure(
    web: respx.MockRouter, media: respx.Route, status: int
) -> None:
    web.get(LABS_URL).respond(status, headers={"location": "https://flow.google.com/"})
    asked(picture, flow_key=None)
    assert key_of(sent(media)) is None


def test_a_longer_word_is_not_a_flow_key(web: respx.MockRouter, media: respx.Route) -> None:
    page_names(web, FLOW_KEY + "x", times=9)
    asked(picture, flow_key=None)
    assert key_of(sent(media)) == DECOY


def test_only_the_two_hosts_of_the_service_are_asked(web: respx.MockRouter, media: respx.Route) -> None:
    page_names(web, FLOW_KEY)
    asked(picture, flow_key=None)
    assert media.called
    prefixes = (f"{LABS_URL}/", f"{MEDIA_URL}/")
    assert all(f"{url}/".startswith(prefixes) for url in asked_for(web))
