"""Credentials must not be seen: not in a log, not in a traceback with its locals, not in an error."""

import asyncio
import io
import logging
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.traceback import Traceback

from flowimg_tui.flow.cookies import SESSION_COOKIE
from flowimg_tui.flow.labs import LabsService
from flowimg_tui.secret import MASK, Secret, redact

ANY_PACE = settings(deadline=None)
CANARY = "canary-0123456789"
BROWSER_KEY = "AIza" + CANARY.ljust(35, "x")
TOKEN = f"ya29.{CANARY}"
SIGNED = (
    f"https://storage.googleapis.com/b/o?GoogleAccessId=a%40{CANARY}&Expires=1761929437&Signature={CANARY}%2F"
)


@dataclass(frozen=True)
class Holder:
    token: Secret


def shown(secret: Secret) -> list[Any]:
    return [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r}",
        f"{secret!s}",
        format(secret),
        "%s %r" % (secret, secret),  # noqa: UP031  (logging formats like this)
        "{}".format(secret),  # noqa: UP032
        repr([secret]),
        repr({secret: secret}),
        repr(Holder(secret)),
        repr(ValueError(secret)),
        str(ValueError(secret)),
    ]


def test_a_secret_gives_itself_away_to_nobody_who_does_not_ask() -> None:
    for text in shown(Secret(CANARY)):
        assert CANARY not in text
        assert MASK in text


@given(st.text(min_size=8))
@ANY_PACE
def test_every_secret_looks_the_same(value: str) -> None:
    assert shown(Secret(value)) == shown(Secret("another"))


@pytest.mark.parametrize("spec", [">40", "<5", "s", ".3", "x", "d", CANARY])
def test_a_secret_that_is_formatted_to_a_width_stays_one(spec: str) -> None:
    try:
        text = format(Secret("the-value"), spec)
    except TypeError as error:
        text = str(error)
    assert "the-value" not in text
    assert "the" not in text.split()


def test_a_secret_is_read_by_name() -> None:
    assert Secret(CANARY).reveal() == CANARY


def test_secrets_of_one_value_are_equal() -> None:
    assert Secret("a") == Secret("a")
    assert hash(Secret("a")) == hash(Secret("a"))
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


def test_an_empty_secret_is_none() -> None:
    assert not Secret("")
    assert Secret(" ")


def test_a_secret_cannot_be_read_as_the_attributes_of_an_object() -> None:
    with pytest.raises(TypeError):
        vars(Secret(CANARY))


def failing_with(secret: Secret) -> None:
    held = {"in a dictionary": secret, "in a list": [secret], "in a record": Holder(secret)}
    raise RuntimeError(f"it broke with {held} and {secret}")


def test_a_traceback_with_its_locals_does_not_show_a_secret() -> None:
    with pytest.raises(RuntimeError) as caught:
        failing_with(Secret("".join(["cana", "ry"])))
    plain = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    pretty = io.StringIO()
    Console(file=pretty, width=200).print(
        Traceback.from_exception(caught.type, caught.value, caught.tb, show_locals=True)
    )
    for text in (plain, pretty.getvalue()):
        assert "it broke" in text
        assert MASK in text
        assert "canary" not in text


def test_a_log_does_not_show_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        logging.getLogger("flowimg_tui").info("The key is %s, or %r", Secret(CANARY), Secret(CANARY))
    assert caplog.messages == [f"The key is {MASK}, or Secret({MASK})"]


# Text that others wrote

HEADERS = (
    f"Cookie: SID={CANARY}; HSID={CANARY}",
    f"cookie: a={CANARY}; b={CANARY}",
    f"Set-Cookie: a={CANARY}; Path=/; Secure",
    f"set-cookie={CANARY}",
    f"Authorization: Bearer {CANARY}",
    f"authorization: Basic {CANARY}",
    f"Authorization:{CANARY}",
    f'{{"cookie": "a={CANARY}; b={CANARY}"}}',
    f'{{"Authorization":"Bearer {CANARY}"}}',
    f"curl 'https://labs.google/fx' -H 'cookie: a={CANARY}; b={CANARY}'",
    f"{{'cookie': 'SID={CANARY}; HSID={CANARY}'}}",
    f"{{'authorization': 'Bearer {CANARY}'}}",
    f"{{'Authorization': 'Basic {CANARY}'}}",
    f"[(b'Cookie', b'SID={CANARY}'), (b'Accept', b'*/*')]",
    f"[(b'authorization', b'Bearer {CANARY}')]",
)
ADDRESSES = (
    f"https://aisandbox-pa.googleapis.com/v1/media/abc?key={CANARY}&clientContext.tool=PINHOLE",
    f"GET /v1/media/abc?clientContext.tool=PINHOLE&KEY={CANARY} HTTP/1.1",
    SIGNED,
    f"https://flow-content.google/image/x?Expires=1780000000&KeyName=labs-flow&Signature={CANARY}",
    f"https://storage.googleapis.com/b/o?X-Goog-Signature={CANARY}",
    f'{{"fifeUrl":"{SIGNED}"}}',
    f"f.req=x&at={CANARY}&",
    f"at={CANARY}",
    f"cursor={CANARY}",
    f"nextPageToken={CANARY}",
    f"f.sid={CANARY}",
    f"POST /data/batchexecute?rpcids=UpteDb&bl=boq_x&f.sid=-{CANARY}&hl=en&_reqid=1&rt=c HTTP/1.1",
)
PAGE_TOKENS = (
    f'{{"userWorkflows":[],"nextPageToken":"{CANARY}"}}',
    f'{{"nextPageToken": "{CANARY}"}}',
    f"{{'nextPageToken': '{CANARY}'}}",
    f'{{"json":{{"type":"ASSET_MANAGER","cursor":"{CANARY}"}}}}',
    "https://labs.google/fx/api/trpc/media.fetchUserHistoryDirectly?input=%7B%22json%22%3A%7B%22type%22%3A"
    f"%22ASSET_MANAGER%22%2C%22cursor%22%3A%22{CANARY}%22%7D%7D",
)
SHAPES = (
    BROWSER_KEY,
    f'apiKey:"{BROWSER_KEY}"',
    f"({BROWSER_KEY})",
    TOKEN,
    f'{{"access_token":"{TOKEN}"}}',
    f"{{'access_token': '{TOKEN}'}}",
    f"Bearer {CANARY}",
    f"bearer {TOKEN}",
    f"{SESSION_COOKIE}={CANARY}",
    f"{SESSION_COOKIE}.0={CANARY}; a=b",
    f"'{SESSION_COOKIE}={CANARY}'",
    f"__Secure-1PSIDTS={CANARY}",
    *(f"{name}={CANARY}" for name in ("SID", "HSID", "SSID", "APISID", "SAPISID", "OSID", "SIDCC")),
    f"SID={CANARY}; HSID={CANARY}; APISID={CANARY}; SAPISID={CANARY}; OSID={CANARY}; SIDCC={CANARY}",
    f"eyJ{CANARY}",
    f"eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..{CANARY}.{CANARY}",
)


@pytest.mark.parametrize("text", [*HEADERS, *ADDRESSES, *PAGE_TOKENS, *SHAPES])
def test_credentials_are_masked_in_the_text_of_others(text: str) -> None:
    for before, after in (("", ""), ("before ", " after"), ("\n", "\n"), ("2026-11-22 INFO ", ".")):
        redacted = redact(f"{before}{text}{after}")
        assert "canary" not in redacted
        assert MASK in redacted
        assert redacted.startswith(before)


def test_what_is_no_secret_stays_to_be_read() -> None:
    redacted = redact(f"Failed: {SIGNED} (try 2)")
    assert redacted.startswith("Failed: https://storage.googleapis.com/b/o?GoogleAccessId=")
    assert "Expires=1761929437" in redacted
    assert redacted.endswith(" (try 2)")


def test_the_rest_of_a_call_stays_to_be_read() -> None:
    call = "rpcids=UpteDb&source-path=%2F&bl=boq_x&f.sid={}&hl=en&_reqid=12345&rt=c"
    assert redact(call.format(f"-{CANARY}")) == call.format(MASK)


def test_only_the_line_of_a_header_is_masked() -> None:
    assert redact(f"GET /\nCookie: a={CANARY}\nAccept: */*") == f"GET /\nCookie: {MASK}\nAccept: */*"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Synced 10 new images, updated 42 existing",
        "Waiting 1432 ms before fetching next page",
        "media_key=7fb77e3a-a15c-4c66-8742-f0b1b4ce8478",
        "created_at=2025-10-31T09:12:44Z",
        "monkey=banana",
        "the key of the web page",
        "/srv/ada/Pictures/flowimg/studio/2026-11-22/7fb77e3a.jpg",
        "AIza is where a key begins",
        "3 cookies were found",
        "a Cookie header with 1 cookie, but none of a session of Flow",
        "a Bearer token: it ends within the hour",
    ],
)
def test_text_without_credentials_is_not_changed(text: str) -> None:
    assert redact(text) == text


@given(
    st.lists(st.sampled_from([*HEADERS, *ADDRESSES, *SHAPES]) | st.text(max_size=10), max_size=4).map(
        " ".join
    )
)
@ANY_PACE
def test_what_is_redacted_stays_so(text: str) -> None:
    assert redact(redact(text)) == redact(text)


class Broken(httpx.AsyncBaseTransport):
    """Gives a session, and breaks at anything else."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/session"):
            body = {"expires": "2099-01-01T00:00:00Z", "access_token": TOKEN}
            return httpx.Response(200, json=body, request=request)
        raise RuntimeError("a bug in the transport")


QUESTIONS: dict[str, Callable[[LabsService], Awaitable[object]]] = {
    "the first page": lambda service: service.list_page(None),
    "a later page": lambda service: service.list_page(Secret(f"{CANARY}-page")),
    "a picture": lambda service: service.media("name", lambda *_: None),
    "a signed url": lambda service: service.fetch(Secret(SIGNED), lambda *_: None),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_redacted_traceback_through_the_client_shows_no_credential(question: str) -> None:
    async def trace() -> str:
        cookies = {SESSION_COOKIE: Secret(f"{CANARY}-cookie")}
        service = LabsService(cookies, flow_key=Secret(BROWSER_KEY), transport=Broken())
        with pytest.raises(RuntimeError, match="a bug in the transport") as caught:
            await QUESTIONS[question](service)
        await service.aclose()
        frames = traceback.TracebackException(caught.type, caught.value, caught.tb, capture_locals=True)
        return "".join(frames.format())

    text = asyncio.run(trace())
    assert "canary" in text
    assert "canary" not in redact(text)
