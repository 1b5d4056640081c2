"""The `google` generation as a client meets it: over a socket, with the recorded answers as the measure."""

import base64
import io
import json
import re
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from flowimg_tui.demo.gallery import DemoImage
from flowimg_tui.demo.pictures import PictureSize, dimensions
from flowimg_tui.demo.service import DemoOptions, DemoService

WIRE = Path(__file__).parents[1] / "data" / "flow_service"
RECORDED = WIRE / "google"
BATCHEXECUTE = "/_/AiSandboxAngularFrontend/data/batchexecute"
FIRST_PROJECTS = ["projects/*", 21, None, None, None, None, [1]]
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def rows_of(text: str) -> list[Any]:
    """The rows of an answer, read as a careful client does: by its lines, never by its lengths."""
    assert text.startswith(")]}'\n\n")
    return [row for line in text.splitlines() if line.startswith("[[") for row in json.loads(line)]


def recorded_rows(name: str) -> list[Any]:
    return rows_of((RECORDED / f"bx_{name}.txt").read_text("utf-8"))


def recorded(name: str) -> Any:
    """What a recorded answer carries."""
    return json.loads(recorded_rows(name)[0][2])


def tokens_in(page: str) -> dict[str, str]:
    found = re.search(r"WIZ_global_data = (\{.*?\});</script>", page)
    assert found is not None
    tokens: dict[str, str] = json.loads(found[1])
    return tokens


def shape(value: Any) -> Any:
    """The places and types of a JSON value. A text is a text, whatever it says."""
    return [shape(inner) for inner in value] if isinstance(value, list) else type(value)


class Browser:
    """Somebody with these cookies who opened the page, and calls as its script does."""

    def __init__(self, service: DemoService, cookies: str | None = None) -> None:
        self.cookies = service.google_cookie_header if cookies is None else cookies
        self._http = httpx.Client(base_url=service.google_url, verify=NO_TLS)
        self.page = self.open_page()
        self.tokens = tokens_in(self.page.text)

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def open_page(self) -> httpx.Response:
        self._http.cookies.clear()
        return self._http.get("/", headers={"Cookie": self.cookies})

    def get(self, url: str) -> httpx.Response:
        return self._http.get(url)

    def post(
        self,
        call: str,
        arguments: Any,
        *,
        at: str | None = None,
        headers: dict[str, str] | None = None,
        **changes: str,
    ) -> httpx.Response:
        query = {
            "rpcids": call,
            "source-path": "/",
            "bl": self.tokens["cfb2h"],
            "f.sid": self.tokens["FdrFJe"],
            "hl": "en",
            "_reqid": "1",
            "rt": "c",
        }
        asked = {
            "content-type": "application/x-www-form-urlencoded;charset=UTF-8",
            "x-same-domain": "1",
            "cookie": self.cookies,
        }
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        calls = [[[call, text, None, "generic"]]]
        form = {"f.req": changes.pop("calls", json.dumps(calls)), "at": at or self.tokens.get("SNlM0e", "")}
        self._http.cookies.clear()
        return self._http.post(
            BATCHEXECUTE,
            params={name: value for name, value in (query | changes).items() if value},
            headers={name: value for name, value in (asked | (headers or {})).items() if value},
            content=str(httpx.QueryParams(form)) + "&",
        )

    def rows(self, call: str, arguments: Any) -> list[Any]:
        answer = self.post(call, arguments)
        assert answer.status_code == 200
        return rows_of(answer.text)

    def error(self, call: str, arguments: Any) -> Any:
        row = self.rows(call, arguments)[0]
        assert row[:3] == ["wrb.fr", call, None]
        return row[5]

    def result(self, call: str, arguments: Any) -> Any:
        row = self.rows(call, arguments)[0]
        assert row[5] is None
        return json.loads(row[2])

    def projects(self) -> list[Any]:
        found, cursor = [], None
        while True:
            cards, *after = self.result("UpteDb", ["projects/*", 21, cursor, None, None, None, [1]])
            found += cards
            if not after:
                return found
            cursor = after[0]

    def contents(self, project: str) -> Any:
        return self.result("Zzl0ze", [f"projects/{project}", None, None, None, [1]])

    def records(self) -> list[Any]:
        contents = [self.contents(card[0]) for card in self.projects()]
        return [record for section in contents if section for record in section[2]]


@pytest.fixture(scope="module")
def studio() -> Iterator[DemoService]:
    """The account of the plan, 60 images and 15 videos in 8 projects, for tests that only read."""
    with DemoService(DemoOptions(images=60)) as running:
        yield running


@pytest.fixture(scope="module")
def reader(studio: DemoService) -> Iterator[Browser]:
    with Browser(studio) as opened:
        yield opened


@pytest.fixture(scope="module")
def records(reader: Browser) -> list[Any]:
    return reader.records()


@pytest.fixture
def service() -> Iterator[DemoService]:
    with DemoService() as running:
        yield running


@pytest.fixture
def browser(service: DemoService) -> Iterator[Browser]:
    with Browser(service) as opened:
        yield opened


def labs_images(service: DemoService) -> list[DemoImage]:
    return service.gallery.page(None, len(service.gallery))[0]


def is_video(record: Any) -> bool:
    return len(record) >= 8 and record[6] is None


def is_upload(record: Any) -> bool:
    return not is_video(record) and record[6][0] is None


def without_cookie(header: str, name: str) -> str:
    return "; ".join(pair for pair in header.split("; ") if not pair.startswith(f"{name}="))


class TestPage:
    def test_the_right_cookies_get_the_recorded_tokens(self, studio: DemoService, reader: Browser) -> None:
        expected = tokens_in((RECORDED / "bx_page_signed_in.html").read_text("utf-8"))
        assert list(reader.tokens) == list(expected)
        assert reader.tokens["cfb2h"] == expected["cfb2h"]
        assert reader.tokens["oPEP7c"] == studio.account == "ada@example.com"
        assert re.fullmatch(r"\S+:[0-9]{13}", reader.tokens["SNlM0e"])

    @pytest.mark.parametrize("missing", ["OSID", "__Secure-1PSID", "__Secure-1PSIDTS"])
    def test_without_one_of_the_cookies_it_is_the_recorded_page_of_a_stranger(
        self, studio: DemoService, missing: str
    ) -> None:
        with Browser(studio, without_cookie(studio.google_cookie_header, missing)) as stranger:
            text = (RECORDED / "bx_page_signed_out.html").read_text("utf-8")
            assert stranger.page.status_code == 200
            assert list(stranger.tokens) == list(tokens_in(text))
            assert stranger.page.text.partition("</script>")[2] == text.partition("</script>")[2]
            assert stranger.error("UpteDb", FIRST_PROJECTS) == [16]

    def test_cookies_of_other_sites_are_too_many(self, studio: DemoService, reader: Browser) -> None:
        whole_jar = {"cookie": f"{studio.google_cookie_header}; NID=1"}
        assert reader.post("UpteDb", FIRST_PROJECTS, headers=whole_jar).status_code == 431
        page = httpx.get(f"{studio.google_url}/", headers=whole_jar, verify=NO_TLS)
        assert page.status_code == 431


class TestProjects:
    def test_they_come_on_two_pages_in_the_recorded_shape(self, reader: Browser) -> None:
        first = reader.result("UpteDb", FIRST_PROJECTS)
        assert shape(first[0][:2]) == shape(recorded("UpteDb_projects")[0][:2])
        assert shape(first[1:]) == [str, str]
        last = reader.result("UpteDb", ["projects/*", 21, first[1], None, None, None, [1]])
        assert [shape(card) for card in last[0]] == shape(recorded("UpteDb_last_page")[0]) * 3
        assert len(last) == 1
        assert len({card[0] for card in first[0] + last[0]}) == 5 + 3
        assert any(card[0].endswith("_backfill") for card in last[0])

    def test_a_cursor_in_slot_3_gets_the_first_page_again(self, reader: Browser) -> None:
        first = reader.result("UpteDb", FIRST_PROJECTS)
        assert reader.result("UpteDb", ["projects/*", 21, None, first[1], None, None, [1]]) == first

    def test_both_forms_of_the_cursor_ask_for_the_same_page(self, reader: Browser) -> None:
        _, plain, for_urls = reader.result("UpteDb", ["projects/*", 3, None, None, None, None, [1]])
        assert base64.b64decode(plain) == base64.urlsafe_b64decode(for_urls + "=" * (-len(for_urls) % 4))
        pages = [
            reader.result("UpteDb", ["projects/*", 3, cursor, None, None, None, [1]])
            for cursor in (plain, for_urls)
        ]
        assert pages[0] == pages[1]

    def test_an_empty_account_gets_the_recorded_empty_answer(self) -> None:
        with DemoService(DemoOptions(projects=0)) as service, Browser(service) as browser:
            assert browser.result("UpteDb", FIRST_PROJECTS) == recorded("UpteDb_empty")
            assert browser.error("as29s", [labs_images(service)[0].media_key]) == [5]

    @pytest.mark.parametrize(("projects", "videos"), [(-1, 0), (1001, 0), (8, -1), (8, 10_001)])
    def test_impossible_numbers_are_refused(self, projects: int, videos: int) -> None:
        with pytest.raises(ValueError, match="projects"):
            DemoService(DemoOptions(projects=projects, videos=videos))


class TestContents:
    def test_the_projects_hold_every_image_once_and_the_videos(
        self, studio: DemoService, records: list[Any]
    ) -> None:
        images = [record[0] for record in records if not is_video(record)]
        assert sorted(images) == sorted(image.media_key for image in labs_images(studio))
        assert len({record[0] for record in records if is_video(record)}) == 15
        assert len(records) == 60 + 15

    def test_one_project_is_empty_and_the_others_hold_about_the_same(self, reader: Browser) -> None:
        contents = [reader.contents(card[0]) for card in reader.projects()]
        assert [index for index, found in enumerate(contents) if found == []] == [1]
        assert recorded("Zzl0ze_empty_project") == []
        assert {len(found[2]) for found in contents if found} <= {10, 11, 12}

    @pytest.mark.parametrize(
        ("place", "kind"),
        [
            (0, lambda record: not is_video(record) and not is_upload(record) and record[6][0][2]),
            (1, is_upload),
            (2, is_video),
        ],
        ids=["image", "upload", "video"],
    )
    def test_records_and_descriptors_have_the_recorded_places(
        self, reader: Browser, place: int, kind: Callable[[Any], bool]
    ) -> None:
        expected = recorded("Zzl0ze_project_contents")
        sections = [found for card in reader.projects() if (found := reader.contents(card[0]))]
        assert {len(found) for found in sections} == {len(expected)}
        described = {
            record[0]: (record, descriptor)
            for found in sections
            for record, descriptor in zip(found[2], found[1], strict=True)
            if kind(record)
        }
        assert described
        for media_id, (record, descriptor) in described.items():
            model = expected[2][place]
            assert [len(slot) if isinstance(slot, list) else None for slot in record] == [
                len(slot) if isinstance(slot, list) else None for slot in model
            ]
            assert shape(record[5][5:12]) == shape(model[5][5:12])
            # The file's size, times with a fraction and the version are not told of each.
            assert shape(record[6:]) == shape(model[6:])
            assert len(descriptor[3]) == len(expected[1][place][3])
            assert descriptor[3][4] == media_id
            assert [record[2], record[1]] == [descriptor[0], descriptor[4]]

    def test_an_upload_has_its_file_name_and_neither_prompt_nor_seed(self, reader: Browser) -> None:
        sections = [found for card in reader.projects() if (found := reader.contents(card[0]))]
        titles = {descriptor[3][4]: descriptor[3][0] for found in sections for descriptor in found[1]}
        uploads = [record for found in sections for record in found[2] if is_upload(record)]
        assert uploads
        for record in uploads:
            assert re.fullmatch(r".+\.(jpg|png|webp)", titles[record[0]])
            assert record[5][6] is None

    def test_pictures_have_their_size_and_seeds_and_prompts(
        self, studio: DemoService, records: list[Any]
    ) -> None:
        by_id = {image.media_key: image for image in labs_images(studio)}
        generated = [record for record in records if not is_video(record) and not is_upload(record)]
        assert len(generated) > 42
        for record in generated:
            image = by_id[record[0]]
            assert record[6][0][1] == image.seed
            assert record[6][0][7] == record[5][6][2][0][0] != ""
            assert record[6][2] == list(dimensions(image.aspect_ratio, PictureSize.SMALL))
            assert (record[6][0][14] == 2) is (image.aspect_ratio == "IMAGE_ASPECT_RATIO_PORTRAIT")
            assert (record[6][0][14] == 3) is (image.aspect_ratio == "IMAGE_ASPECT_RATIO_LANDSCAPE")
        assert {record[3] for record in records} == {"CAE", "CAI", None}

    def test_times_are_those_of_labs_to_the_nanosecond(self, studio: DemoService, records: list[Any]) -> None:
        times = {record[0]: record[5][0] for record in records}
        for image in labs_images(studio):
            seconds, *nanos = times[image.media_key]
            moment = datetime.fromtimestamp(seconds, UTC)
            assert f"{moment:%Y-%m-%dT%H:%M:%S}" == image.created[:19]
            assert nanos == [n for n in [int(image.created[20:-1].ljust(9, "0"))] if n]

    def test_images_that_arrive_appear_in_the_projects(self, service: DemoService, browser: Browser) -> None:
        service.gallery.add(3)
        images = [record[0] for record in browser.records() if not is_video(record)]
        assert sorted(images) == sorted(image.media_key for image in labs_images(service))


class TestMovedGallery:
    def test_every_labs_image_is_found_by_its_media_key(self, service: DemoService, browser: Browser) -> None:
        ids = {record[0] for record in browser.records()}
        assert {image.media_key for image in labs_images(service)} <= ids

    def test_all_but_uploads_of_the_42_carry_their_labs_name(
        self, studio: DemoService, records: list[Any]
    ) -> None:
        named = {record[0]: record[6][0][2] for record in records if len(record) == 7 and record[6][0]}
        uploads = {record[0] for record in records if is_upload(record)}
        for image in labs_images(studio)[:42]:
            assert image.media_key in uploads or named[image.media_key] == image.name
        assert 0 < len(uploads & {image.media_key for image in labs_images(studio)[:42]}) < 6

    def test_the_other_images_have_the_recorded_form_of_a_name_or_none(
        self, studio: DemoService, records: list[Any]
    ) -> None:
        others = {image.media_key for image in labs_images(studio)[42:]}
        named = [record for record in records if record[0] in others and record[6][0]]
        names = [record[6][0][2] for record in named]
        assert None in names
        form = rb"\x08\x03\x12.([0-9a-f-]{36}(?:_backfill)?)\x1a\$([0-9a-f-]{36})\"\x03CAE\*\$([0-9a-f-]{36})"
        model = recorded("as29s_image")[6][0][2]
        for record, name in [*zip(named, names, strict=True), (recorded("as29s_image"), model)]:
            if name is not None:
                found = re.fullmatch(form, base64.b64decode(name + "=" * (-len(name) % 4)))
                assert found is not None
                assert [part.decode() for part in found.groups()] == [record[1], record[2], record[0]]


class TestRecord:
    @pytest.mark.parametrize(
        ("file", "kind"),
        [
            ("as29s_image", lambda record: record[3] and not is_upload(record) and record[6][0][2]),
            (
                "as29s_image_null_version",
                lambda record: not record[3] and not is_upload(record) and record[6][0][2],
            ),
            ("as29s_upload", lambda record: record[3] and is_upload(record)),
        ],
        ids=["image", "null version", "upload"],
    )
    def test_it_has_the_recorded_shape_and_the_size_of_the_file(
        self,
        studio: DemoService,
        reader: Browser,
        records: list[Any],
        file: str,
        kind: Callable[[Any], bool],
    ) -> None:
        listed = next(record for record in records if len(record) == 7 and kind(record))
        record = reader.result("as29s", [listed[0]])
        expected = recorded(file)
        assert shape(record[:5]) == shape(expected[:5])
        assert shape(record[5][1:]) == shape(expected[5][1:])
        assert shape(record[6:]) == shape(expected[6:])
        assert record[5][13] == len(studio.picture(record[0]))

    def test_a_video_has_the_recorded_shape(self, reader: Browser, records: list[Any]) -> None:
        listed = next(record for record in records if is_video(record))
        assert shape(reader.result("as29s", [listed[0]])) == shape(recorded("as29s_video"))

    def test_its_url_delivers_the_original_and_the_listing_another_picture(
        self, studio: DemoService, reader: Browser, records: list[Any]
    ) -> None:
        for listed in [record for record in records if not is_video(record)][:4]:
            original = studio.picture(listed[0])
            re_encoded = reader.get(listed[5][10])
            assert "/asb/" in listed[5][10]
            assert re_encoded.headers["content-type"] == "image/jpeg"
            assert re_encoded.content != original
            assert len(re_encoded.content) < len(original)
            with Image.open(io.BytesIO(re_encoded.content)) as picture:
                assert picture.format == "JPEG"
                assert max(picture.size) == 160
            url = reader.result("as29s", [listed[0]])[5][10]
            assert "/asb/" not in url
            assert reader.get(url).content == original

    def test_its_url_expires_and_a_new_one_can_be_had(self, service: DemoService, browser: Browser) -> None:
        image = labs_images(service)[0]
        service.options.url_lifetime = 0
        assert browser.get(browser.result("as29s", [image.media_key])[5][10]).status_code == 400
        service.options.url_lifetime = 60
        assert browser.get(browser.result("as29s", [image.media_key])[5][10]).status_code == 200

    @pytest.mark.parametrize("token", ["unknown", "A" * 38, "é"])
    def test_an_invented_re_encoding_is_not_found(self, reader: Browser, token: str) -> None:
        assert reader.get(f"/../asb/{token}").status_code == 404


class TestAnswer:
    def test_it_is_framed_as_recorded(self, reader: Browser) -> None:
        answer = reader.post("Zzl0ze", [f"projects/{reader.projects()[1][0]}", None, None, None, [1]])
        text = (RECORDED / "bx_Zzl0ze_empty_project.txt").read_text("utf-8")
        assert re.sub(r'"-?[0-9]{1,19}"', '"SID"', answer.text) == text.replace(
            '"-1234567890123456789"', '"SID"'
        ).replace("108", str(len(answer.text.splitlines()[3]) + 2)).replace(
            "142", str(len(answer.text.splitlines()[3]) + 36)
        )
        assert rows_of(answer.text)[-1][:2] == ["e", 4]

    def test_an_unknown_call_gets_an_er_row(self, reader: Browser) -> None:
        assert reader.rows("abcdef", [])[0][0] == "er"

    @pytest.mark.parametrize(
        ("call", "arguments", "code"),
        [
            ("as29s", ["unknown"], 5),
            ("Zzl0ze", ["projects/unknown", None, None, None, [1]], 5),
            ("as29s", [], 3),
            ("as29s", "[", 3),
            ("as29s", "[" * 5000, 3),
            ("Zzl0ze", ["unknown", None, None, None, [1]], 3),
            ("UpteDb", ["projects/*", 21, "unknown", None, None, None, [1]], 3),
            ("UpteDb", ["projects/*", 0, None, None, None, None, [1]], 3),
            ("UpteDb", ["projects/*", 101, None, None, None, None, [1]], 3),
            ("UpteDb", ["projects/*", True, None, None, None, None, [1]], 3),
            ("UpteDb", ["projects/*", 21], 3),
        ],
        ids=lambda value: str(value)[:40],
    )
    def test_a_call_that_cannot_be_answered_gets_a_code(
        self, reader: Browser, call: str, arguments: Any, code: int
    ) -> None:
        assert reader.error(call, arguments) == [code]

    @pytest.mark.parametrize("at", ["", "wrong"])
    def test_without_the_right_at_the_recorded_xsrf_row_comes(self, reader: Browser, at: str) -> None:
        unsent, reader.tokens = reader.tokens, {**reader.tokens, "SNlM0e": at}
        try:
            answer = reader.post("UpteDb", FIRST_PROJECTS)
        finally:
            reader.tokens = unsent
        token = rows_of(answer.text)[0][1]
        text = (RECORDED / "bx_error_xsrf.txt").read_text("utf-8")
        assert answer.text == text.replace("AT_TOKEN_PLACEHOLDER:1790000000000", token)
        assert reader.post("UpteDb", FIRST_PROJECTS, at=token).status_code == 200

    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({"headers": {"x-same-domain": ""}}, 401),
            ({"headers": {"content-type": "application/json"}}, 415),
            ({"rpcids": "Zzl0ze"}, 400),
            ({"bl": "old"}, 400),
            ({"f.sid": "1"}, 400),
            ({"_reqid": "x"}, 400),
            ({"_reqid": ""}, 400),
            ({"_reqid": "9" * 13}, 400),
            ({"rt": ""}, 400),
            ({"calls": "[]"}, 400),
            ({"calls": "[" * 5000}, 400),
            ({"calls": '[[["\\ud800","[]",null,"generic"]]]'}, 400),
        ],
        ids=lambda value: str(value)[:40],
    )
    def test_a_request_that_the_page_would_not_send_is_refused(
        self, reader: Browser, changes: dict[str, Any], status: int
    ) -> None:
        assert reader.post("UpteDb", FIRST_PROJECTS, **changes).status_code == status


class TestFaults:
    def test_after_signing_out_only_the_next_sign_in_opens(
        self, service: DemoService, browser: Browser
    ) -> None:
        service.sign_out_google()
        answer = browser.rows("UpteDb", FIRST_PROJECTS)
        assert answer[0] == recorded_rows("error_unauthenticated")[0]
        assert "SNlM0e" not in browser.open_page().text
        with Browser(service) as again:
            assert len(again.projects()) == 8

    def test_new_cookies_with_the_tokens_of_the_old_page_are_refused(
        self, service: DemoService, browser: Browser
    ) -> None:
        service.sign_out_google()
        browser.cookies = service.google_cookie_header
        assert browser.post("UpteDb", FIRST_PROJECTS).status_code == 400

    def test_the_page_hands_out_the_rotated_cookie_and_it_opens(
        self, service: DemoService, browser: Browser
    ) -> None:
        service.rotate_psidts()
        assert browser.error("UpteDb", FIRST_PROJECTS) == [16]
        page = browser.open_page()
        assert "SNlM0e" in page.text
        assert set(page.cookies) == {"__Secure-1PSIDTS", "__Secure-3PSIDTS"}
        for name, value in page.cookies.items():
            browser.cookies = f"{without_cookie(browser.cookies, name)}; {name}={value}"
        assert len(browser.projects()) == 8
        assert "set-cookie" not in browser.open_page().headers

    def test_a_rotation_that_the_page_does_not_renew_signs_out(
        self, service: DemoService, browser: Browser
    ) -> None:
        service.rotate_psidts(page_renews=False)
        assert browser.error("UpteDb", FIRST_PROJECTS) == [16]
        page = browser.open_page()
        assert "SNlM0e" not in page.text
        assert "set-cookie" not in page.headers

    def test_a_moved_account_finds_labs_retired_and_google_open(
        self, service: DemoService, browser: Browser
    ) -> None:
        labs = {"Cookie": service.cookie_header}
        assert httpx.get(f"{service.labs_url}/tools/flow", verify=NO_TLS).status_code == 200
        service.move_account()
        listed = httpx.get(
            f"{service.labs_url}/api/trpc/media.fetchUserHistoryDirectly", headers=labs, verify=NO_TLS
        )
        retired = json.loads((WIRE / "labs" / "list_trpc_error_404_retired.json").read_text("utf-8"))
        assert (listed.status_code, listed.json()) == (404, retired)
        session = httpx.get(f"{service.labs_url}/api/auth/session", headers=labs, verify=NO_TLS)
        assert (session.status_code, session.json()) == (200, {})
        tool = httpx.get(f"{service.labs_url}/tools/flow", verify=NO_TLS)
        assert (tool.status_code, tool.headers["location"]) == (308, "https://flow.google.com/")
        assert len(browser.projects()) == 8

    def test_both_generations_name_another_account(self, service: DemoService, browser: Browser) -> None:
        service.use_account("eve@example.org")
        assert service.account == tokens_in(browser.open_page().text)["oPEP7c"] == "eve@example.org"
        labs = {"Cookie": service.cookie_header}
        session = httpx.get(f"{service.labs_url}/api/auth/session", headers=labs, verify=NO_TLS)
        assert session.json()["user"]["email"] == "eve@example.org"

    def test_a_call_answers_with_moved_slots_until_they_are_put_back(
        self, service: DemoService, browser: Browser
    ) -> None:
        project = browser.projects()[0][0]
        before = browser.contents(project)
        service.move_slots("Zzl0ze", slot=5, every=2)
        moved = browser.contents(project)
        assert moved[1] == before[1]
        for index, (old, new) in enumerate(zip(before[2], moved[2], strict=True)):
            assert new == (old if index % 2 else [*old[:5], None, *old[5:]])
        service.move_slots("Zzl0ze", every=0)
        assert browser.contents(project) == before

    def test_the_slots_of_projects_and_of_single_records_move_too(
        self, service: DemoService, browser: Browser
    ) -> None:
        service.move_slots("UpteDb", slot=1)
        service.move_slots("as29s", slot=5)
        assert all(card[1] is None and len(card) == 3 for card in browser.projects())
        assert browser.result("as29s", [labs_images(service)[0].media_key])[5] is None

    def test_the_quota_is_used_up_for_as_many_calls_as_asked(
        self, service: DemoService, browser: Browser
    ) -> None:
        project = browser.projects()[0][0]
        service.resource_exhausted(2)
        for _ in range(2):
            answer = browser.rows("Zzl0ze", [f"projects/{project}", None, None, None, [1]])
            assert answer[0] == recorded_rows("error_resource_exhausted")[0]
        assert browser.contents(project) != []

    @pytest.mark.parametrize(
        "fault",
        [
            lambda service: service.use_account("nobody"),
            lambda service: service.use_account('"</script>@example.com'),
            lambda service: service.move_slots("unknown"),
            lambda service: service.move_slots("as29s", slot=21),
            lambda service: service.move_slots("as29s", every=-1),
            lambda service: service.resource_exhausted(-1),
            lambda service: service.resource_exhausted(10_001),
        ],
        ids=["no address", "script", "unknown call", "slot", "every", "negative", "too many"],
    )
    def test_a_fault_out_of_range_is_refused(
        self, studio: DemoService, fault: Callable[[DemoService], None]
    ) -> None:
        with pytest.raises(ValueError, match=r"must be|address"):
            fault(studio)


class TestControl:
    def ask(self, service: DemoService, **parameters: str) -> httpx.Response:
        return httpx.post(f"{service.url}/control/fault", params=parameters, verify=NO_TLS)

    def test_every_fault_can_be_asked_for(self, service: DemoService, browser: Browser) -> None:
        old = service.google_cookie_header
        for parameters in (
            {"name": "resource_exhausted", "n": "1"},
            {"name": "move_account"},
            {"name": "use_account", "email": "eve@example.org"},
            {"name": "move_slots", "rpcid": "UpteDb", "slot": "1", "every": "1"},
        ):
            answer = self.ask(service, **parameters)
            assert (answer.status_code, answer.json()["fault"]) == (200, parameters["name"])
        assert browser.error("UpteDb", FIRST_PROJECTS)[0] == 8
        assert all(card[1] is None for card in browser.projects())
        assert service.account == "eve@example.org"
        assert httpx.get(f"{service.labs_url}/tools/flow", verify=NO_TLS).status_code == 308
        self.ask(service, name="rotate_psidts", page_renews="false")
        assert "SNlM0e" not in browser.open_page().text
        cookies = self.ask(service, name="sign_out_google").json()["google_cookie_header"]
        assert cookies == service.google_cookie_header != old

    @pytest.mark.parametrize(
        "parameters",
        [
            {},
            {"name": "unknown"},
            {"name": "move_account", "n": "1"},
            {"name": "resource_exhausted", "n": "-1"},
            {"name": "resource_exhausted", "n": "9" * 5000},
            {"name": "rotate_psidts", "page_renews": "perhaps"},
            {"name": "move_slots"},
            {"name": "use_account"},
        ],
        ids=lambda value: str(value)[:50],
    )
    def test_a_wrong_one_gets_400_and_changes_nothing(
        self, studio: DemoService, reader: Browser, parameters: dict[str, str]
    ) -> None:
        answer = self.ask(studio, **parameters)
        assert answer.status_code == 400
        assert answer.json()["error"]
        assert len(reader.projects()) == 8
