"""Signed URLs: whoever has one can read the picture, so it goes to few hosts, and nothing goes along."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import respx
from hypothesis import given, settings
from hypothesis import strategies as st

from flowimg_tui.flow.errors import (
    Expired,
    FlowError,
    ForeignHost,
    NotFound,
    NotUnderstood,
    RateLimited,
    Refused,
    Unreachable,
)
from flowimg_tui.flow.expiry import is_expired
from flowimg_tui.flow.http import MIB, PICTURE_LIMIT, api_client, is_signed_url_host, read_body
from flowimg_tui.flow.labs import LabsService
from flowimg_tui.secret import Secret
from tests.flow.field import NAME, asked, asked_for, is_signed_in, media_route, no_progress, recorded, sent

SIGNED = (
    "https://storage.googleapis.com/ai-sandbox-videofx/image/7fb77e3a-a15c-4c66-8742-f0b1b4ce8478"
    "?GoogleAccessId=demo%40example.iam&Expires=1761929437&Signature=aB%2Fc%2Bd%3D%3D"
)
STORAGE = "storage.googleapis.com"


def fetched(url: str, **options: Any) -> bytes:
    return asked(lambda service: service.fetch(Secret(url), no_progress), **options)


def test_a_signed_url_delivers_its_bytes_unchanged(web: respx.MockRouter) -> None:
    content = bytes(range(256)) * 40
    web.route(host=STORAGE).respond(content=content)
    assert fetched(SIGNED) == content


@pytest.mark.parametrize(
    "query",
    [
        "GoogleAccessId=demo%40example.iam&Expires=1761929437&Signature=aB%2Fc%2Bd%3D%3D",
        "Expires=1780000000&KeyName=labs-flow-prod-cdn-key&Signature=aB_c-d==",
        "Signature=a%2fb%2bc",
        "Signature=a+b/c=&x=%20%7E",
        "Signature=a~b!c*d'e(f)",
        "Expires=1&Signature=",
    ],
)
def test_the_signature_reaches_the_wire_as_it_is(web: respx.MockRouter, query: str) -> None:
    route = web.route(host=STORAGE).respond(content=b"x")
    fetched(f"https://storage.googleapis.com/bucket/a%2Fb@c?{query}")
    assert sent(route).url.raw_path == f"/bucket/a%2Fb@c?{query}".encode()


def test_a_signed_url_gets_no_credentials_from_a_client_that_has_them_all(web: respx.MockRouter) -> None:
    is_signed_in(web)
    media_route(web).respond(content=recorded("media_uploaded_image.json"))
    route = web.route(host=STORAGE).respond(content=b"x", headers={"set-cookie": "NID=1; Path=/; Secure"})

    async def picture_then_url(service: LabsService) -> None:
        media = await service.media(NAME, no_progress)
        assert media.url is not None
        for _ in range(2):
            await service.fetch(media.url, no_progress)

    asked(picture_then_url)
    for call in route.calls:
        assert set(call.request.headers) == {"host", "accept", "accept-encoding", "connection", "user-agent"}
        assert "canary" not in f"{call.request.url} {call.request.headers.raw}"
        assert "key" not in call.request.url.params


def test_a_picture_is_asked_for_uncompressed(web: respx.MockRouter) -> None:
    route = web.route(host=STORAGE).respond(content=b"x")
    fetched(SIGNED)
    assert sent(route).headers["accept-encoding"] == "identity"


def test_the_progress_is_told_in_bytes(web: respx.MockRouter) -> None:
    web.route(host=STORAGE).respond(content=b"x" * 1000)
    told: list[tuple[int, int | None]] = []
    asked(lambda service: service.fetch(Secret(SIGNED), lambda *step: told.append(step)))
    assert told[-1] == (1000, 1000)


@pytest.mark.parametrize(
    "url",
    [
        "https://storage.googleapis.com/b/o",
        "https://storage.googleapis.com:443/b/o",
        "https://STORAGE.GoogleApis.com/b/o",
        "https://flow-content.google/image/x?Expires=1",
        "https://lh3.googleusercontent.com/asb/x=s0",
        "https://a.b.googleusercontent.com/x",
    ],
)
def test_the_hosts_of_pictures_are_asked(web: respx.MockRouter, url: str) -> None:
    web.route().respond(content=b"picture")
    assert fetched(url) == b"picture"
    assert is_signed_url_host(httpx.URL(url))


FOREIGN = (
    "http://storage.googleapis.com/b/o",
    "https://storage.googleapis.com:8443/b/o",
    "https://storage.googleapis.com.evil.example/b/o",
    "https://evil.example/storage.googleapis.com",
    "https://evil.example/?https://storage.googleapis.com/",
    "https://evil.example#storage.googleapis.com",
    "https://storage.googleapis.com@evil.example/b/o",
    "https://evilstorage.googleapis.com/b/o",
    "https://x.storage.googleapis.com/b/o",
    "https://googleusercontent.com/x",
    "https://evilgoogleusercontent.com/x",
    "https://lh3.googleusercontent.com.evil.example/x",
    "http://lh3.googleusercontent.com/x",
    "https://flow-content.google.evil.example/x",
    "https://127.0.0.1/x",
    "https://169.254.169.254/computeMetadata/v1/",
    "http://labs.google/fx",
    "https://labs.google:8443/fx",
    "ftp://storage.googleapis.com/b/o",
    "file:///etc/passwd",
    "data:image/png;base64,AAAA",
    "//storage.googleapis.com/b/o",
    "/b/o",
    "",
    "https://",
    "https://[::1",
    "https://storage.googleapis.com:port/",
    "https://storage.googleapis.com/\x00",
    "https://" + "a" * 70000,
)


@pytest.mark.parametrize("url", FOREIGN, ids=lambda url: url[:50])
def test_no_other_host_is_asked(web: respx.MockRouter, url: str) -> None:
    web.route().respond(content=b"picture")
    with pytest.raises(ForeignHost, match="Not asked:") as caught:
        fetched(url)
    assert asked_for(web) == []
    assert not caught.value.retryable


@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.sampled_from(["", "https://", "https://a.", "http://"]),
)
@settings(deadline=None, max_examples=60)
def test_any_text_at_all_is_foreign(text: str, beginning: str) -> None:
    with respx.mock(assert_all_called=False, using="httpx") as web:
        web.route().respond(content=b"picture")
        with pytest.raises(ForeignHost):
            fetched(f"{beginning}{text}")


@pytest.mark.parametrize("base", ["https://labs.google/fx", "http://127.0.0.1:8080/fx"])
def test_the_configured_services_may_hold_pictures_of_their_own(web: respx.MockRouter, base: str) -> None:
    web.route().respond(content=b"picture")
    root = base.removesuffix("/fx")
    assert fetched(f"{root}/image/x", labs_url=base) == b"picture"
    with pytest.raises(ForeignHost):
        fetched("http://127.0.0.1:8081/image/x", labs_url=base)


# Redirects


def redirects(web: respx.MockRouter, location: str, status: int = 302) -> None:
    web.route(host=STORAGE, path="/first").respond(status, headers={"location": location})


FIRST = "https://storage.googleapis.com/first"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/second", "https://flow-content.google/second?Signature=a%2Fb"])
def test_a_redirect_to_a_host_of_pictures_is_followed(
    web: respx.MockRouter, location: str, status: int
) -> None:
    redirects(web, location, status)
    second = web.route(path="/second").respond(content=b"picture")
    assert fetched(FIRST) == b"picture"
    assert not {"cookie", "authorization", "referer"} & set(sent(second).headers)
    assert sent(second).url.raw_path.decode() == location.removeprefix("https://flow-content.google")


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/second",
        "//evil.example/second",
        "http://storage.googleapis.com/second",
        "https://storage.googleapis.com.evil.example/second",
        "http://169.254.169.254/computeMetadata/v1/",
        "https://accounts.google.com/",
        "file:///etc/passwd",
    ],
)
def test_a_redirect_elsewhere_is_not_followed(web: respx.MockRouter, location: str) -> None:
    redirects(web, location)
    elsewhere = web.route().respond(content=b"stolen")
    with pytest.raises(ForeignHost):
        fetched(FIRST)
    assert not elsewhere.called
    assert asked_for(web) == [FIRST]


def test_a_redirect_by_way_of_a_good_host_is_not_followed_elsewhere_either(web: respx.MockRouter) -> None:
    redirects(web, "https://lh3.googleusercontent.com/middle")
    web.route(path="/middle").respond(302, headers={"location": "https://evil.example/"})
    elsewhere = web.route(host="evil.example").respond(content=b"stolen")
    with pytest.raises(ForeignHost, match=r"evil\.example"):
        fetched(FIRST)
    assert not elsewhere.called


def test_redirects_without_end_are_given_up(web: respx.MockRouter) -> None:
    redirects(web, FIRST)
    with pytest.raises(Refused, match="redirects without end"):
        fetched(FIRST)
    assert len(asked_for(web)) <= 6


def test_the_client_with_credentials_talks_to_its_own_hosts_and_follows_no_redirect(
    web: respx.MockRouter,
) -> None:
    elsewhere = web.route(host="evil.example").respond(200)
    web.route(host="labs.google").respond(302, headers={"location": "https://evil.example/"})

    async def asks() -> int:
        async with api_client(["https://labs.google/fx"]) as client:
            for url in (
                "https://evil.example/",
                "http://labs.google/",
                "https://labs.google:8443/",
                f"https://{STORAGE}",
            ):
                with pytest.raises(ForeignHost):
                    await client.get(url)
            return (await client.get("https://labs.google/fx")).status_code

    assert asyncio.run(asks()) == 302
    assert not elsewhere.called


# Refusals


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (304, Refused),
        (400, Expired),
        (401, Refused),
        (403, Expired),
        (404, NotFound),
        (410, NotFound),
        (416, Refused),
        (429, RateLimited),
        (500, Unreachable),
        (503, Unreachable),
    ],
)
def test_a_refused_url_says_nothing_of_the_session_or_of_the_service(
    web: respx.MockRouter, status: int, kind: type[FlowError]
) -> None:
    web.route(host=STORAGE).respond(status, text="<Error><Code>ExpiredToken</Code></Error>")
    with pytest.raises(FlowError) as caught:
        fetched(SIGNED)
    assert type(caught.value) is kind


@pytest.mark.parametrize("failure", [httpx.ReadTimeout, httpx.ConnectError, httpx.ReadError])
def test_no_answer_is_unreachable_and_does_not_tell_the_url(
    web: respx.MockRouter, failure: type[httpx.RequestError]
) -> None:
    web.route(host=STORAGE).mock(side_effect=failure)
    with pytest.raises(Unreachable, match=r"storage\.googleapis\.com") as caught:
        fetched(SIGNED)
    shown = f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
    assert "aB%2Fc" not in shown
    assert "Expires" not in shown


# Sizes


class Endless(httpx.AsyncByteStream):
    """A body that never ends, and counts what was taken of it."""

    def __init__(self) -> None:
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        piece = bytes(MIB)
        while True:
            self.taken += len(piece)
            yield piece


def test_a_picture_without_end_is_given_up_at_the_limit(web: respx.MockRouter) -> None:
    body = Endless()
    web.route(host=STORAGE).mock(side_effect=lambda _: httpx.Response(200, stream=body))
    with pytest.raises(NotUnderstood, match="longer than the limit of 67108864 bytes"):
        fetched(SIGNED)
    assert body.taken == PICTURE_LIMIT + MIB


def test_a_picture_that_announces_too_much_is_not_read(web: respx.MockRouter) -> None:
    body = Endless()
    announced = {"content-length": str(PICTURE_LIMIT + 1)}
    web.route(host=STORAGE).mock(side_effect=lambda _: httpx.Response(200, headers=announced, stream=body))
    with pytest.raises(NotUnderstood, match="67108865 bytes, more than the limit"):
        fetched(SIGNED)
    assert body.taken == 0


@pytest.mark.parametrize("size", [0, 1, 99, 100])
def test_a_body_within_the_limit_is_whole(size: int) -> None:
    response = httpx.Response(200, content=b"x" * size)
    assert asyncio.run(read_body(response, 100)) == b"x" * size


def test_a_body_beyond_the_limit_is_not_understood() -> None:
    with pytest.raises(NotUnderstood):
        asyncio.run(read_body(httpx.Response(200, content=b"x" * 101), 100))


@pytest.mark.parametrize("announced", ["many", "-1", "", "٣"])
def test_a_size_that_is_no_number_counts_as_unknown(announced: str) -> None:
    told: list[int | None] = []
    headers = [(b"content-length", announced.encode())]
    response = httpx.Response(200, headers=headers, content=b"abc")
    asyncio.run(read_body(response, 100, lambda _, total: told.append(total)))
    assert told == [None]


# What a URL says of its own end


@pytest.mark.parametrize(
    ("url", "expired"),
    [
        ("https://x/?Expires=100", True),
        ("https://x/?Expires=101", False),
        ("https://x/?Expires=99&Signature=x", True),
        ("https://x/?GoogleAccessId=a&Expires=100&Signature=x", True),
        ("https://x/?NotExpires=1", False),
        ("https://x/?Expires=", False),
        ("https://x/?Expires=1x", False),
        ("https://x/?Expires=-1", False),
        ("https://x/Expires=1", False),
        ("https://x/", False),
        ("", False),
    ],
)
def test_a_signed_url_says_itself_when_it_ends(url: str, expired: bool) -> None:
    assert is_expired(Secret(url), 100.0) is expired


def test_a_recorded_signed_url_has_ended() -> None:
    assert is_expired(Secret(SIGNED), 1761929437.0)
    assert not is_expired(Secret(SIGNED), 1761929436.5)


@given(st.text(), st.floats(allow_nan=False))
@settings(deadline=None, max_examples=60)
def test_any_text_can_be_asked_for_its_end(text: str, now: float) -> None:
    assert is_expired(Secret(text), now) in (True, False)
    assert is_expired(Secret(f"https://x/?Expires=0&{text}"), abs(now))
