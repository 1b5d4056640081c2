"""The stand-in service as a client meets it: over a socket, with the recorded answers as the measure."""

import base64
import json
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from flowimg_tui.demo.gallery import Delivery, DemoImage
from flowimg_tui.demo.service import DemoOptions, DemoService

RECORDED = Path(__file__).parents[1] / "data" / "flow_service" / "labs"
LIST = "/fx/api/trpc/media.fetchUserHistoryDirectly"
# A client of its own for each test would load the system's certificates each time, for plain HTTP.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
FIRST_PAGE_META = {"values": {"cursor": ["undefined"]}}


def recorded(name: str) -> Any:
    return json.loads((RECORDED / name).read_text("utf-8"))


def browser(service: DemoService, cookie: str = "") -> httpx.Client:
    return httpx.Client(base_url=service.url, headers={"Cookie": cookie}, verify=NO_TLS)


@pytest.fixture
def service() -> Iterator[DemoService]:
    with DemoService() as running:
        yield running


@pytest.fixture
def client(service: DemoService) -> Iterator[httpx.Client]:
    with browser(service, service.cookie_header) as opened:
        yield opened


def ask_list(client: httpx.Client, cursor: str | None = None, **changes: Any) -> httpx.Response:
    request = {"type": "ASSET_MANAGER", "pageSize": 18, "responseScope": "RESPONSE_SCOPE_UNSPECIFIED"}
    body: dict[str, Any] = {"json": {**request, "cursor": cursor}}
    if cursor is None:
        body["meta"] = FIRST_PAGE_META
    if "meta" in changes:
        body["meta"] = changes.pop("meta")
    body["json"].update(changes)
    return client.get(LIST, params={"input": json.dumps(body)})


def page_of(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200
    result: dict[str, Any] = answer.json()["result"]["data"]["json"]["result"]
    return result


def bearer(client: httpx.Client) -> dict[str, str]:
    return {"Authorization": f"Bearer {client.get('/fx/api/auth/session').json()['access_token']}"}


def published_key(client: httpx.Client) -> str:
    script = re.search(r"/fx/_next/static/chunks/pages/_app-[0-9a-f]+\.js", client.get("/fx").text)
    assert script is not None
    keys = re.findall(r"AIza[0-9A-Za-z_-]{35}", client.get(script[0]).text)
    assert len(set(keys)) == 2
    return str(max(keys, key=keys.count))


def image_delivered(service: DemoService, delivery: Delivery) -> DemoImage:
    return next(image for image in service.gallery.page(None, 42)[0] if image.delivery is delivery)


def media(client: httpx.Client, name: str, **parameters: str) -> httpx.Response:
    query = {"clientContext.tool": "PINHOLE", **parameters}
    return client.get(f"/v1/media/{name}", params=query, headers=bearer(client))


def signed_url(client: httpx.Client, image: DemoImage) -> str:
    found = re.search(r'"fifeUrl": "([^"]+)"', media(client, image.name).text)
    assert found is not None
    return str(found[1])


def shape(value: Any) -> Any:
    """The keys and types of a JSON value."""
    return {key: shape(inner) for key, inner in value.items()} if isinstance(value, dict) else type(value)


class TestSession:
    def test_the_right_cookie_gets_the_recorded_session(
        self, service: DemoService, client: httpx.Client
    ) -> None:
        session = client.get("/fx/api/auth/session").json()
        assert shape(session) == shape(recorded("session_ok.json"))
        assert session["user"]["email"] == service.account == "ada@example.com"
        assert datetime.fromisoformat(session["expires"]) > datetime.now(UTC)

    @pytest.mark.parametrize("cookie", ["", "__Secure-next-auth.session-token=wrong"])
    def test_another_cookie_gets_200_and_an_empty_object(self, service: DemoService, cookie: str) -> None:
        with browser(service, cookie) as stranger:
            answer = stranger.get(f"{service.labs_url}/api/auth/session")
        assert (answer.status_code, answer.json()) == (200, {})

    def test_after_signing_out_the_cookie_opens_nothing(
        self, service: DemoService, client: httpx.Client
    ) -> None:
        service.sign_out()
        assert client.get("/fx/api/auth/session").json() == {}
        assert ask_list(client).status_code == 401


class TestList:
    def test_the_three_pages_are_exactly_the_recorded_ones(self, client: httpx.Client) -> None:
        cursor = None
        for name in ("list_first_page.json", "list_next_page.json", "list_last_page.json"):
            page = page_of(ask_list(client, cursor))
            expected = recorded(name)["result"]["data"]["json"]["result"]
            assert page["userWorkflows"] == expected["userWorkflows"]
            assert page.keys() == expected.keys()
            cursor = page.get("nextPageToken")
        assert cursor is None

    def test_a_later_page_with_meta_is_the_first_page_again(self, client: httpx.Client) -> None:
        first = page_of(ask_list(client))
        assert page_of(ask_list(client, first["nextPageToken"], meta=FIRST_PAGE_META)) == first

    def test_an_empty_gallery_gets_the_recorded_empty_answer(self) -> None:
        with DemoService(DemoOptions(images=0)) as service, browser(service, service.cookie_header) as client:
            assert ask_list(client).json() == recorded("list_empty.json")

    def test_a_wrong_cookie_gets_the_recorded_401(self, service: DemoService) -> None:
        with browser(service) as stranger:
            answer = ask_list(stranger)
        assert (answer.status_code, answer.json()) == (401, recorded("list_trpc_error_401.json"))

    @pytest.mark.parametrize("size", [1, 41, 42, 100])
    def test_the_page_size_is_honoured(self, client: httpx.Client, size: int) -> None:
        page = page_of(ask_list(client, pageSize=size))
        assert len(page["userWorkflows"]) == min(size, 42)
        assert ("nextPageToken" in page) is (size < 42)

    @pytest.mark.parametrize(
        "changes",
        [
            {"type": "VIDEO"},
            {"pageSize": 0},
            {"pageSize": 101},
            {"pageSize": True},
            {"pageSize": "18"},
            {"cursor": "unknown"},
            {"cursor": 7},
            {"meta": None},
            {"meta": {"values": {}}},
        ],
        ids=str,
    )
    def test_a_malformed_request_gets_400(self, client: httpx.Client, changes: dict[str, Any]) -> None:
        cursor = changes.pop("cursor", None)
        if cursor is not None:
            changes["meta"] = None
        answer = ask_list(client, cursor, **changes)
        assert answer.status_code == 400
        assert answer.json()["error"]["json"]["data"]["code"] == "BAD_REQUEST"

    @pytest.mark.parametrize("text", ["", "{", "[]", "[" * 5000, "1" * 5000])
    def test_an_input_that_is_no_request_gets_400(self, client: httpx.Client, text: str) -> None:
        assert client.get(LIST, params={"input": text}).status_code == 400


class TestMedia:
    @pytest.mark.parametrize(
        ("delivery", "file"),
        [
            (Delivery.UPLOAD, "media_uploaded_image.json"),
            (Delivery.URL_ONLY, "media_uploaded_image_uri_only.json"),
            (Delivery.GENERATED, "media_generated_image.json"),
            (Delivery.GENERATED_2026, "media_generated_image_2026.json"),
        ],
    )
    def test_every_delivery_has_the_recorded_shape(
        self, service: DemoService, client: httpx.Client, delivery: Delivery, file: str
    ) -> None:
        image = image_delivered(service, delivery)
        answer = media(client, image.name, key=published_key(client))
        assert answer.status_code == 200
        assert shape(answer.json()) == shape(recorded(file))
        assert answer.json()["name"] == image.name

    def test_the_bytes_in_the_answer_are_the_picture(
        self, service: DemoService, client: httpx.Client
    ) -> None:
        image = image_delivered(service, Delivery.UPLOAD)
        content = media(client, image.name).json()["userUploadedImage"]["image"]
        assert base64.b64decode(content, validate=True) == service.picture(image.media_key)

    def test_the_bearer_is_refused_once_it_is_revoked(
        self, service: DemoService, client: httpx.Client
    ) -> None:
        path, old = f"/v1/media/{service.gallery.page(None, 1)[0][0].name}", bearer(client)
        service.revoke_bearer()
        refused = client.get(path, headers=old)
        assert (refused.status_code, refused.json()) == (401, recorded("media_error_401.json"))
        assert client.get(path, headers=bearer(client)).status_code == 200

    def test_without_a_bearer_the_recorded_401_comes(self, client: httpx.Client) -> None:
        assert client.get("/v1/media/any").json() == recorded("media_error_401.json")
        with_key = client.get("/v1/media/any", params={"key": published_key(client)})
        assert (with_key.status_code, with_key.json()) == (401, recorded("media_error_401_key_only.json"))

    def test_a_replaced_flow_key_is_refused_by_name(self, service: DemoService, client: httpx.Client) -> None:
        name, old = service.gallery.page(None, 1)[0][0].name, published_key(client)
        service.replace_flow_key()
        refused = media(client, name, key=old)
        assert refused.status_code == 400
        assert refused.json()["error"]["details"][0]["reason"] == "API_KEY_INVALID"
        assert media(client, name, key=published_key(client)).status_code == 200

    def test_an_encoded_name_gets_400(self, service: DemoService, client: httpx.Client) -> None:
        name = service.gallery.page(None, 1)[0][0].name
        answer = media(client, f"%{ord(name[0]):02X}{name[1:]}")
        assert (answer.status_code, answer.json()) == (400, recorded("media_error_400.json"))

    @pytest.mark.parametrize("name", ["unknown", "with/slash+plus=", "/", "A" * 111])
    def test_an_unknown_name_gets_the_recorded_404(
        self, service: DemoService, client: httpx.Client, name: str
    ) -> None:
        answer = media(client, name)
        assert (answer.status_code, answer.json()) == (404, recorded("media_error_404.json"))
        assert service.requests[-1].raw_path == f"/v1/media/{name}?clientContext.tool=PINHOLE"


class TestSignedUrl:
    @pytest.fixture
    def image(self, service: DemoService) -> DemoImage:
        return image_delivered(service, Delivery.URL_ONLY)

    def test_it_serves_the_picture_without_credentials(
        self, service: DemoService, client: httpx.Client, image: DemoImage
    ) -> None:
        with browser(service) as stranger:
            answer = stranger.get(signed_url(client, image))
        assert answer.content == service.picture(image.media_key)
        assert answer.headers["content-type"] == f"image/{image.format}"
        assert int(answer.headers["content-length"]) == len(answer.content)
        assert re.fullmatch(r'"[0-9a-f]{32}"', answer.headers["etag"])

    def test_head_gives_the_same_headers_and_no_body(self, client: httpx.Client, image: DemoImage) -> None:
        url = signed_url(client, image)
        head, get = client.head(url), client.get(url)
        assert head.content == b""
        assert head.headers["content-length"] == get.headers["content-length"]
        assert head.headers["etag"] == get.headers["etag"]

    def test_an_expired_one_gets_400(
        self, service: DemoService, client: httpx.Client, image: DemoImage
    ) -> None:
        service.options.url_lifetime = 0
        answer = client.get(signed_url(client, image))
        assert answer.status_code == 400
        assert "<Code>ExpiredToken</Code>" in answer.text

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda url: url.replace("Expires=", "Expires=9"),
            lambda url: url[:-6] + "A" + url[-5:],
            lambda url: unquote(url),
            lambda url: url.partition("?")[0],
            lambda url: url.replace("/image/", "/image/0"),
        ],
        ids=["another expiry", "another signature", "requoted", "no signature", "another picture"],
    )
    def test_a_changed_one_gets_403(
        self, client: httpx.Client, image: DemoImage, spoil: Callable[[str], str]
    ) -> None:
        answer = client.get(spoil(signed_url(client, image)))
        assert answer.status_code == 403
        assert answer.headers["content-type"].startswith("application/xml")

    @pytest.mark.parametrize(
        ("asked", "part"),
        [
            ("bytes=0-9", slice(0, 10)),
            ("bytes=100-", slice(100, None)),
            ("bytes=-7", slice(-7, None)),
            ("bytes=5-999999999", slice(5, None)),
        ],
    )
    def test_a_range_gets_206(
        self, service: DemoService, client: httpx.Client, image: DemoImage, asked: str, part: slice
    ) -> None:
        whole = service.picture(image.media_key)
        answer = client.get(signed_url(client, image), headers={"Range": asked})
        assert (answer.status_code, answer.content) == (206, whole[part])
        start, stop, _ = part.indices(len(whole))
        assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(whole)}"

    @pytest.mark.parametrize("asked", ["bytes=999999999-", "bytes=-0"])
    def test_a_range_beyond_the_end_gets_416(
        self, service: DemoService, client: httpx.Client, image: DemoImage, asked: str
    ) -> None:
        answer = client.get(signed_url(client, image), headers={"Range": asked})
        assert answer.status_code == 416
        assert answer.headers["content-range"] == f"bytes */{len(service.picture(image.media_key))}"

    @pytest.mark.parametrize(
        "headers",
        [{"Range": "bytes=9-1"}, {"Range": "lines=1-2"}, {"Range": "bytes=0-1", "If-Range": '"old"'}],
    )
    def test_a_range_that_does_not_apply_gets_the_whole(
        self, service: DemoService, client: httpx.Client, image: DemoImage, headers: dict[str, str]
    ) -> None:
        answer = client.get(signed_url(client, image), headers=headers)
        assert (answer.status_code, answer.content) == (200, service.picture(image.media_key))


class TestPace:
    def test_a_rate_spreads_a_picture_over_time(self, service: DemoService, client: httpx.Client) -> None:
        image = image_delivered(service, Delivery.URL_ONLY)
        url, content = signed_url(client, image), service.picture(image.media_key)
        service.options.rate = len(content) * 4
        started = time.perf_counter()
        with client.stream("GET", url) as answer:
            pieces = list(answer.iter_raw())
        assert time.perf_counter() - started == pytest.approx(0.25, abs=0.15)
        assert len(pieces) >= 3
        assert b"".join(pieces) == content

    def test_latency_delays_a_list_answer(self, service: DemoService, client: httpx.Client) -> None:
        service.options.latency = 0.1
        started = time.perf_counter()
        page_of(ask_list(client))
        assert time.perf_counter() - started >= 0.1

    @pytest.mark.parametrize("slow", [{"latency": 3600}, {"rate": 1}], ids=str)
    def test_stopping_does_not_wait_for_pending_answers(
        self, service: DemoService, client: httpx.Client, slow: dict[str, int]
    ) -> None:
        url = httpx.URL(signed_url(client, image_delivered(service, Delivery.URL_ONLY)))
        for option, value in slow.items():
            setattr(service.options, option, value)
        with socket.create_connection((url.host, url.port or 80)) as connection:
            connection.sendall(b"GET %b HTTP/1.1\r\nHost: demo\r\n\r\n" % url.raw_path)
            client.get("/fx")  # its answer means that the request before it is being answered
            started = time.perf_counter()
            service.stop()
            assert time.perf_counter() - started < 1
        assert service.requests[-1].status == (499 if "latency" in slow else 200)


class TestService:
    def test_every_request_is_recorded_as_it_came(self, service: DemoService, client: httpx.Client) -> None:
        client.get("/fx/api/auth/session?a=%2F", headers={"X-Mark": "Value"})
        client.post("/nowhere")
        known, unknown = service.requests
        assert (known.method, known.raw_path, known.status) == ("GET", "/fx/api/auth/session?a=%2F", 200)
        assert known.headers["x-mark"] == "Value"
        assert (unknown.method, unknown.raw_path, unknown.status) == ("POST", "/nowhere", 404)

    def test_images_can_be_added_while_it_runs(self, client: httpx.Client) -> None:
        assert client.post("/control/images?add=3").json() == {"images": 45}
        assert len(page_of(ask_list(client, pageSize=100))["userWorkflows"]) == 45

    @pytest.mark.parametrize("count", ["", "0", "-1", "10001", "x", "9" * 5000])
    def test_an_impossible_number_of_images_gets_400(
        self, service: DemoService, client: httpx.Client, count: str
    ) -> None:
        assert client.post("/control/images", params={"add": count}).status_code == 400
        assert len(service.gallery) == 42

    def test_a_port_that_is_taken_is_an_error_of_the_start(self, service: DemoService) -> None:
        port = int(service.url.rpartition(":")[2])
        with pytest.raises(OSError, match="address already in use"):
            DemoService(port=port).start()

    def test_it_cannot_be_started_twice_but_stopped_twice(self, service: DemoService) -> None:
        with pytest.raises(RuntimeError):
            service.start()
        service.stop()
        service.stop()

    def test_options_out_of_range_are_refused(self) -> None:
        for bad in ({"latency": -1.0}, {"rate": -1}):
            with pytest.raises(ValueError, match="negative"):
                DemoOptions(**bad)

    def test_a_picture_of_an_unknown_key_is_a_key_error(self, service: DemoService) -> None:
        with pytest.raises(KeyError):
            service.picture("unknown")


def test_the_session_can_be_ended_from_outside(service: DemoService, client: httpx.Client) -> None:
    old = service.cookie_header
    answer = client.post("/control/fault", params={"name": "sign_out"}).json()
    assert answer["cookie_header"] == service.cookie_header != old
    assert client.get("/fx/api/auth/session", headers={"cookie": old}).json() == {}
    assert (
        "access_token"
        in client.get("/fx/api/auth/session", headers={"cookie": answer["cookie_header"]}).json()
    )
