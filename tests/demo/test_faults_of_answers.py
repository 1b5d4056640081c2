"""Faults of what an answer says, whole as it is on the wire."""

import base64
import io
import json
import re
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from flowimg_tui.demo.gallery import Delivery, DemoImage, PictureFormat
from flowimg_tui.demo.service import DemoService
from tests.demo.faulty import SESSION, Visitor, image_with, newest, statuses
from tests.demo.test_google_routes import FIRST_PROJECTS, Browser, rows_of

RECORDED = Path(__file__).parents[1] / "data" / "flow_service" / "labs"


@pytest.fixture
def service() -> Iterator[DemoService]:
    with DemoService() as running:
        yield running


@pytest.fixture
def visitor(service: DemoService) -> Visitor:
    return Visitor(service)


@pytest.fixture
def browser(service: DemoService) -> Iterator[Browser]:
    with Browser(service) as opened:
        yield opened


@pytest.fixture
def upload(service: DemoService) -> DemoImage:
    return image_with(service, Delivery.UPLOAD)


@pytest.fixture
def url(visitor: Visitor, upload: DemoImage) -> str:
    return visitor.signed(upload)


@pytest.fixture
def picture(service: DemoService, upload: DemoImage) -> bytes:
    return service.picture(upload.media_key)


def recorded(name: str) -> Any:
    return json.loads((RECORDED / name).read_text("utf-8"))


def image_of(service: DemoService, kind: PictureFormat) -> DemoImage:
    images = service.gallery.page(None, 42)[0]
    return next(one for one in images if one.format is kind and one.delivery is Delivery.UPLOAD)


def pixels(content: bytes) -> bytes:
    with Image.open(io.BytesIO(content)) as picture:
        return picture.tobytes()


class TestStatus:
    @pytest.mark.parametrize("code", [429, 500])
    def test_the_list_and_the_media_endpoint_say_it_as_recorded(
        self, service: DemoService, visitor: Visitor, upload: DemoImage, code: int
    ) -> None:
        service.add_fault(f"status:code={code},on=list+media")
        listed, media = visitor.list(), visitor.media(upload)
        assert (listed.status, listed.json) == (code, recorded(f"list_trpc_error_{code}.json"))
        assert (media.status, media.json) == (code, recorded(f"media_error_{code}.json"))
        assert "retry-after" not in media.headers

    def test_a_signed_url_says_it_in_xml_and_the_session_with_a_page(
        self, service: DemoService, visitor: Visitor, url: str
    ) -> None:
        service.add_fault("status:on=all")
        image, session = visitor.ask(url), visitor.ask(SESSION)
        assert (image.status, session.status) == (503, 503)
        assert image.headers["content-type"].startswith("application/xml")
        assert b"<Code>ServiceUnavailable</Code>" in image.body
        assert session.headers["content-type"].startswith("text/html")
        assert statuses(service, "/image/") == [503]

    def test_a_call_says_it_in_a_row_of_its_own(self, service: DemoService, browser: Browser) -> None:
        service.add_fault("status:code=429,on=list")
        answer = browser.post("UpteDb", FIRST_PROJECTS)
        assert answer.status_code == 429
        assert rows_of(answer.text)[0] == ["er", None, None, None, None, 429, None, None, None, 8]

    def test_a_status_without_words_of_its_own_is_sent_too(
        self, service: DemoService, visitor: Visitor, upload: DemoImage
    ) -> None:
        service.add_fault("status:code=520")
        answer = visitor.media(upload)
        assert (answer.status, answer.json["error"]["status"]) == (520, "UNKNOWN")

    def test_retry_after_is_a_number_of_seconds(
        self, service: DemoService, visitor: Visitor, upload: DemoImage
    ) -> None:
        service.add_fault("status:code=429,retry_after=17")
        assert visitor.media(upload).headers["retry-after"] == "17"

    def test_retry_date_is_a_moment_that_far_ahead(
        self, service: DemoService, visitor: Visitor, upload: DemoImage
    ) -> None:
        service.add_fault("status:retry_date=3600")
        before = int(time.time())
        told = parsedate_to_datetime(visitor.media(upload).headers["retry-after"]).timestamp()
        assert before + 3600 <= told <= time.time() + 3600


class TestOtherAnswers:
    def test_html_is_a_web_page_with_200(self, service: DemoService, visitor: Visitor, url: str) -> None:
        service.add_fault("html")
        answer = visitor.ask(url)
        assert (answer.status, answer.ending) == (200, "closed")
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.body.startswith(b"<!DOCTYPE html>")

    def test_json_is_an_error_that_is_labelled_as_a_picture(
        self, service: DemoService, visitor: Visitor, url: str
    ) -> None:
        service.add_fault("json")
        answer = visitor.ask(url)
        assert (answer.status, answer.headers["content-type"]) == (200, "image/png")
        assert answer.json["error"]["status"] == "NOT_FOUND"

    def test_empty_has_the_label_and_no_byte(
        self, service: DemoService, visitor: Visitor, upload: DemoImage, url: str
    ) -> None:
        service.add_fault("empty")
        answer = visitor.ask(url)
        assert (answer.status, answer.headers["content-length"], answer.body) == (200, "0", b"")
        assert answer.headers["content-type"] == f"image/{upload.format}"
        assert visitor.media(upload).body == b""

    @pytest.mark.parametrize(
        ("spec", "target"),
        [
            ("redirect", "https://foreign.invalid/picture.png"),
            ("redirect:to=http://[::1]:8/a:b=c?d&e#f;g", "http://[::1]:8/a:b=c?d&e#f;g"),
        ],
    )
    def test_a_redirect_leads_to_the_other_host(
        self, service: DemoService, visitor: Visitor, url: str, spec: str, target: str
    ) -> None:
        service.add_fault(spec)
        answer = visitor.ask(url)
        assert (answer.status, answer.headers["location"]) == (302, target)

    @pytest.mark.parametrize(("spec", "status"), [("expired_url", 400), ("expired_url:code=403", 403)])
    def test_an_expired_url_is_refused_as_its_host_does(
        self, service: DemoService, visitor: Visitor, upload: DemoImage, url: str, spec: str, status: int
    ) -> None:
        service.add_fault(spec)
        answer = visitor.ask(url)
        assert answer.status == status
        assert (b"<Code>ExpiredToken</Code>" in answer.body) is (status == 400)
        assert visitor.media(upload).status == 200

    def test_garbage_is_labelled_as_json_and_the_same_in_each_run(
        self, service: DemoService, visitor: Visitor
    ) -> None:
        service.add_fault("garbage")
        first = visitor.list()
        assert (first.status, first.headers["content-type"]) == (200, "application/json")
        with pytest.raises(ValueError, match="can't decode"):
            json.loads(first.body)
        service.clear_faults()
        service.add_fault("garbage")
        assert visitor.list().body == first.body != visitor.list().body

    def test_truncated_is_whole_on_the_wire_and_half_of_the_text(
        self, service: DemoService, visitor: Visitor, browser: Browser, upload: DemoImage
    ) -> None:
        page, media = visitor.list().body, visitor.media(upload).body
        service.add_fault("truncated:on=list+media")
        answer = visitor.list()
        assert (answer.status, answer.ending) == (200, "closed")
        assert answer.headers["content-length"] == str(len(answer.body))
        assert answer.body == page[: len(page) // 2]
        assert visitor.media(upload).body[:100] == media[:100]
        assert len(visitor.media(upload).body) < len(media)
        assert not browser.post("UpteDb", FIRST_PROJECTS).text.endswith("]]\n")


class TestExpiredToken:
    def test_the_bearer_is_refused_from_the_request_after_the_others_and_another_one_works(
        self, service: DemoService, visitor: Visitor, upload: DemoImage
    ) -> None:
        service.add_fault("expired_token:after=2")
        assert [visitor.media(upload).status for _ in range(4)] == [200, 200, 401, 401]
        again = Visitor(service)
        assert [again.media(upload).status for _ in range(3)] == [200, 200, 200]
        assert service.fault_hits == {"expired_token:after=2": 1}

    def test_it_can_happen_more_than_once(
        self, service: DemoService, visitor: Visitor, upload: DemoImage
    ) -> None:
        service.add_fault("expired_token:times=2")
        assert visitor.media(upload).status == 401
        assert Visitor(service).media(upload).status == 401
        assert Visitor(service).media(upload).status == 200

    def test_the_token_of_the_page_is_corrected_as_the_service_does(
        self, service: DemoService, browser: Browser, upload: DemoImage
    ) -> None:
        service.add_fault("expired_token:on=list+media,after=1")
        assert browser.result("UpteDb", FIRST_PROJECTS)
        [[kind, token, _]] = rows_of(browser.post("as29s", [upload.media_key]).text)
        assert kind == "xsrf"
        assert browser.post("as29s", [upload.media_key], at=token).text.count("wrb.fr") == 1
        assert service.fault_hits == {"expired_token:on=list+media,after=1": 1}


class TestPictures:
    @pytest.mark.parametrize("kind", list(PictureFormat))
    def test_a_wrong_label_is_that_of_another_format_on_the_right_bytes(
        self, service: DemoService, visitor: Visitor, kind: PictureFormat
    ) -> None:
        image = image_of(service, kind)
        service.add_fault("wrong_label")
        path = visitor.signed(image)
        answer = visitor.ask(path)
        label = answer.headers["content-type"]
        assert label.startswith("image/")
        assert label != f"image/{kind}"
        assert path.partition("?")[0].endswith("." + label.removeprefix("image/").replace("jpeg", "jpg"))
        assert answer.body == service.picture(image.media_key)
        assert visitor.ask(path.replace(f"{image.media_key}.", f"{image.media_key}.x")).status == 403

    def test_a_call_gives_urls_with_the_wrong_extension_as_well(
        self, service: DemoService, visitor: Visitor, browser: Browser, upload: DemoImage
    ) -> None:
        service.add_fault("wrong_label:on=media")
        url = browser.result("as29s", [upload.media_key])[5][10]
        found = re.fullmatch(r"http://[^/]+(/image/[0-9a-f-]+\.(png|webp|jpg)\?.+)", url)
        assert found is not None
        assert visitor.ask(found[1]).headers["content-type"] == f"image/{upload.format}"

    @pytest.mark.parametrize("kind", list(PictureFormat))
    def test_a_changed_picture_is_cut_first_and_then_another_whole_one_of_the_same_length(
        self, service: DemoService, visitor: Visitor, kind: PictureFormat
    ) -> None:
        image = image_of(service, kind)
        path, old = visitor.signed(image), service.picture(image.media_key)
        service.add_fault("changed")
        first, second = visitor.ask(path), visitor.ask(path)
        assert first.body == old[: len(old) // 2]
        assert first.headers["content-length"] == second.headers["content-length"] == str(len(old))
        assert first.headers["etag"] != second.headers["etag"]
        assert len(second.body) == len(old)
        assert second.body[len(old) // 2 :] != old[len(old) // 2 :]
        with Image.open(io.BytesIO(second.body)) as decoded:
            assert decoded.format == kind.upper()
        assert pixels(second.body) != pixels(old)
        assert visitor.ask(path).body == second.body

    def test_a_range_of_a_changed_picture_is_one_of_the_new_unless_if_range_names_the_old(
        self, service: DemoService, visitor: Visitor, url: str, picture: bytes
    ) -> None:
        service.add_fault("changed")
        old_tag = visitor.ask(url).headers["etag"]
        new = visitor.ask(url)
        half = len(picture) // 2
        part = visitor.ask(url, Range=f"bytes={half}-")
        assert (part.status, part.body) == (206, new.body[half:])
        assert part.headers["etag"] == new.headers["etag"]
        assert part.headers["content-range"] == f"bytes {half}-{len(picture) - 1}/{len(picture)}"
        whole = visitor.ask(url, Range=f"bytes={half}-", If_Range=old_tag)
        assert (whole.status, whole.body) == (200, new.body)
        assert "content-range" not in whole.headers

    def test_a_changed_picture_is_cut_first_for_somebody_who_asks_for_a_range_too(
        self, service: DemoService, visitor: Visitor, url: str, picture: bytes
    ) -> None:
        service.add_fault("changed")
        first = visitor.ask(url, Range="bytes=10-")
        assert (first.status, first.body) == (200, picture[: len(picture) // 2])
        assert "content-range" not in first.headers

    def test_the_media_endpoint_changes_the_picture_too(
        self, service: DemoService, visitor: Visitor, upload: DemoImage, picture: bytes
    ) -> None:
        service.add_fault("changed:on=media")
        first, second = visitor.media(upload), visitor.media(upload)
        assert len(first.body) == int(first.headers["content-length"]) // 2
        content = base64.b64decode(second.json["userUploadedImage"]["image"], validate=True)
        assert len(content) == len(picture)
        assert pixels(content) != pixels(picture)

    @pytest.mark.parametrize(
        ("delivery", "place"),
        [(Delivery.UPLOAD, ("userUploadedImage", "image")), (Delivery.GENERATED, ("image", "encodedImage"))],
    )
    def test_bad_base64_is_one_letter_away_from_the_picture(
        self, service: DemoService, visitor: Visitor, delivery: Delivery, place: tuple[str, str]
    ) -> None:
        image = image_with(service, delivery)
        good = visitor.media(image).json[place[0]][place[1]]
        service.add_fault("bad_base64")
        bad = visitor.media(image).json[place[0]][place[1]]
        assert [letter for letter, other in zip(bad, good, strict=True) if letter != other] == ["*"]

    def test_what_has_no_base64_passes_and_is_not_counted(
        self, service: DemoService, visitor: Visitor, browser: Browser
    ) -> None:
        image = image_with(service, Delivery.URL_ONLY)
        service.add_fault("bad_base64")
        service.add_fault("half_picture:on=media")
        assert visitor.media(image).json["userUploadedImage"].keys() >= {"fifeUrl"}
        assert browser.result("as29s", [image.media_key])[0] == image.media_key
        assert list(service.fault_hits.values()) == [0, 0]

    def test_half_a_picture_comes_in_a_valid_answer(
        self, service: DemoService, visitor: Visitor, upload: DemoImage, url: str, picture: bytes
    ) -> None:
        service.add_fault("half_picture")
        image, half = visitor.ask(url), picture[: len(picture) // 2]
        assert (image.status, image.body) == (200, half)
        assert image.headers["content-length"] == str(len(half))
        content = visitor.media(upload).json["userUploadedImage"]["image"]
        assert base64.b64decode(content, validate=True) == half

    @pytest.mark.parametrize("delivery", list(Delivery))
    def test_a_missing_field_is_neither_bytes_nor_url(
        self, service: DemoService, visitor: Visitor, delivery: Delivery
    ) -> None:
        image = image_with(service, delivery)
        service.add_fault("missing_field")
        answer = visitor.media(image)
        assert answer.status == 200
        assert answer.json["name"] == image.name
        text = answer.body.decode()
        assert not re.search(r'http://|"fifeUrl"|"encodedImage"|"image": "', text)

    def test_a_record_without_its_url_is_one_otherwise(
        self, service: DemoService, browser: Browser, upload: DemoImage
    ) -> None:
        before = browser.result("as29s", [upload.media_key])
        service.add_fault("missing_field")
        after = browser.result("as29s", [upload.media_key])
        assert (before[5][10][:7], after[5][10]) == ("http://", None)
        assert len(after) == len(before)
        assert after[:3] == before[:3]


def test_the_newest_image_can_be_had_again_when_the_fault_is_over(
    service: DemoService, visitor: Visitor
) -> None:
    image = newest(service)
    whole = visitor.media(image).status
    for spec in ("html:each=1", "json:each=1", "empty:each=1"):
        service.add_fault(spec)
    bodies = [len(visitor.media(image).body) for _ in range(4)]
    assert whole == 200
    assert bodies[3] > max(bodies[:3])
