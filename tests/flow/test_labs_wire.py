"""The recorded answers of labs.google, and what can be wrong with an answer."""

import contextlib
import copy
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowimg_tui.flow.errors import NotUnderstood, Truncated, WebPage
from flowimg_tui.flow.labs_wire import (
    clean_name,
    decode_failure,
    decode_media,
    decode_page,
    decode_session,
    parse_time,
)
from flowimg_tui.flow.service import ListedImage, Page
from tests.conftest import WIRE
from tests.flow.field import MEDIA_KEY, NAME, Json, listing, recorded, recorded_items, recorded_json

ANY_PACE = settings(deadline=None, max_examples=60)
LIST_PAGES = ("list_first_page.json", "list_next_page.json", "list_last_page.json")
LIST_ITEMS = ("list_generated_image_item.json", "list_video_item.json")
EMPTY_LISTS = ("list_empty.json", "list_empty_array.json")
LIST_ERRORS = {
    "list_trpc_error_401.json": "Unauthorized",
    "list_trpc_error_403.json": "Forbidden",
    "list_trpc_error_404_retired.json": (
        "Flow RPCs have been deprecated and disabled. Flow has migrated to https://flow.google.com."
    ),
    "list_trpc_error_429.json": "Too Many Requests",
    "list_trpc_error_500.json": "Internal Server Error",
}
MEDIA_ERRORS = {
    "media_error_400.json": "Request contains an invalid argument.",
    "media_error_401.json": "Request had invalid authentication credentials.",
    "media_error_401_key_only.json": "API keys are not supported by this API.",
    "media_error_403.json": "The caller does not have permission",
    "media_error_404.json": "Requested entity was not found.",
    "media_error_429.json": "Resource has been exhausted (e.g. check quota).",
    "media_error_500.json": "Internal error encountered.",
}
MEDIA_BYTES = {
    "media_uploaded_image.json": b"\xff\xd8\xff",
    "media_uploaded_image_png.json": b"\x89PNG\r\n\x1a\n",
    "media_uploaded_image_webp.json": b"RIFF",
    "media_generated_image.json": b"\xff\xd8\xff",
}
MEDIA_URLS = {
    "media_uploaded_image_uri_only.json": "https://storage.googleapis.com/ai-sandbox-videofx/image/7fb77e3a",
    "media_generated_image_2026.json": "https://flow-content.google/image/46c118dc",
}
SESSIONS = (
    "session_ok.json",
    "session_expired.json",
    "session_stale_no_error.json",
    "session_signed_out.json",
)
OTHERS = ("list_inner_status_401.json", "media_video.json", "app_html_instead_of_json.html")


def test_no_recorded_answer_is_left_untested() -> None:
    known = {*LIST_PAGES, *LIST_ITEMS, *EMPTY_LISTS, *LIST_ERRORS, *SESSIONS, *OTHERS}
    known |= {*MEDIA_ERRORS, *MEDIA_BYTES, *MEDIA_URLS}
    assert known == {path.name for path in WIRE.iterdir()}


# The listing


def images_of(*items: object) -> tuple[ListedImage, ...]:
    page, _ = decode_page(listing(*items))
    return page.images


@pytest.mark.parametrize(("file", "count"), zip(LIST_PAGES, (18, 18, 6), strict=True))
def test_every_item_of_a_recorded_page_is_an_image(file: str, count: int) -> None:
    page, status = decode_page(recorded(file))
    assert (len(page.images), page.skipped, status) == (count, (), 200)
    for image, item in zip(page.images, recorded_items(file), strict=True):
        ids = item["media"]["mediaGenerationId"]
        assert image.name == item["name"]
        assert (image.media_key, image.workflow_id) == (ids["mediaKey"], ids["workflowId"])
        assert image.aspect_ratio == item["media"]["userUploadedImage"]["aspectRatio"]
        assert image.created_at == datetime.fromisoformat(item["createTime"])
        assert image.fife_url is None


def test_the_recorded_pages_are_a_gallery_of_42_different_images() -> None:
    pages = [decode_page(recorded(file))[0] for file in LIST_PAGES]
    names = [image.name for page in pages for image in page.images]
    assert len(names) == len(set(names)) == 42


def test_every_page_but_the_last_names_the_next_one() -> None:
    cursors = [decode_page(recorded(file))[0].cursor for file in LIST_PAGES]
    tokens = [cursor.reveal() if cursor else None for cursor in cursors]
    assert tokens == [
        recorded_json(file)["result"]["data"]["json"]["result"].get("nextPageToken") for file in LIST_PAGES
    ]
    assert None not in tokens[:2]
    assert tokens[2] is None


@pytest.mark.parametrize("file", EMPTY_LISTS)
def test_an_empty_gallery_is_a_page_without_images(file: str) -> None:
    assert decode_page(recorded(file)) == (Page((), (), None), 200)


def test_an_empty_token_means_that_there_is_no_further_page() -> None:
    assert decode_page(listing(token=""))[0].cursor is None


def test_the_status_inside_the_answer_is_told() -> None:
    assert decode_page(recorded("list_inner_status_401.json")) == (Page((), (), None), 401)


def test_a_refusal_inside_the_answer_needs_no_result() -> None:
    body = b'{"result":{"data":{"json":{"status":401,"statusText":"Unauthorized"}}}}'
    assert decode_page(body) == (Page((), (), None), 401)


def test_an_answer_without_a_result_is_not_an_empty_gallery() -> None:
    with pytest.raises(NotUnderstood, match=r"no result \(at \$\.result\.data\.json\.result\)"):
        decode_page(b'{"result":{"data":{"json":{"status":200}}}}')


def test_a_generated_image_is_listed_with_its_signed_url() -> None:
    item = recorded_json("list_generated_image_item.json")
    (image,) = images_of(item)
    assert image.name == item["name"]
    assert image.media_key == "8f7882e7-62b2-47b2-a289-0ae13a85f9ec"
    assert image.workflow_id == "b5839b7a-2d36-4326-8782-999e9f113ba0"
    assert image.aspect_ratio == "IMAGE_ASPECT_RATIO_LANDSCAPE"
    assert image.created_at == datetime(2025, 10, 31, 12, 38, 49, tzinfo=UTC)
    assert image.fife_url is not None
    assert image.fife_url.reveal() == item["media"]["image"]["fifeUrl"]
    assert (image.prompt, image.seed) == ("a paper boat on a still lake, morning light", 731524)


def generated(place: str, **made: object) -> Json:
    """The recorded generated image, with how it was made at ``place``: where it stands, or one deeper."""
    item = recorded_json("list_generated_image_item.json")
    image = item["media"]["image"]
    del image["prompt"], image["seed"]
    image |= made if place == "image" else {place: made}
    return item


@pytest.mark.parametrize("place", ["image", "generatedImage"])
@pytest.mark.parametrize("seed", [0, -1, 731524, 2**63 - 1, -(2**63)])
def test_prompt_and_seed_are_read_wherever_they_stand(place: str, seed: int) -> None:
    (image,) = images_of(generated(place, prompt="ein Boot 🛶\n", seed=seed))
    assert (image.prompt, image.seed) == ("ein Boot 🛶\n", seed)


NO_PROMPTS: list[object] = [None, "", 7, True, [], {"text": "a boat"}, "x" * 100_001]
NO_SEEDS: list[object] = [None, "731524", True, 1.5, [], {}, 2**63, -(2**63) - 1, 10**400]


@pytest.mark.parametrize("prompt", NO_PROMPTS, ids=lambda prompt: str(prompt)[:12])
def test_a_prompt_that_is_none_costs_only_itself(prompt: object) -> None:
    (whole,), (image,) = (images_of(generated("image", prompt=said, seed=7)) for said in ("a boat", prompt))
    assert image == replace(whole, prompt=None)


@pytest.mark.parametrize("seed", NO_SEEDS, ids=lambda seed: str(seed)[:12])
def test_a_seed_that_is_none_costs_only_itself(seed: object) -> None:
    (whole,), (image,) = (images_of(generated("image", prompt="a boat", seed=said)) for said in (7, seed))
    assert image == replace(whole, seed=None)


def test_a_video_is_counted_and_is_nothing_that_was_not_understood() -> None:
    first, second = recorded_items()[:2]
    page, _ = decode_page(listing(first, recorded_json("list_video_item.json"), second))
    assert [image.name for image in page.images] == [first["name"], second["name"]]
    assert (page.videos, page.skipped) == (1, ())


def test_a_video_whose_content_is_missing_is_known_by_its_media_type() -> None:
    page, _ = decode_page(listing({"name": "a", "media": {"mediaGenerationId": {"mediaType": "VIDEO"}}}))
    assert (page.images, page.videos, page.skipped) == ((), 1, ())


@pytest.mark.parametrize(
    ("item", "place"),
    [
        (None, "$"),
        ("a text", "$"),
        (7, "$"),
        ([], "$"),
        ({"name": 7}, "$.name"),
        ({"name": "a", "createTime": 1761902000}, "$.createTime"),
        ({"name": "a", "media": []}, "$.media"),
        ({"name": "a", "media": {"userUploadedImage": "x"}}, "$.media.userUploadedImage"),
        ({"name": "a", "media": {"image": {"aspectRatio": 3}}}, "$.media.image.aspectRatio"),
        (
            {"name": "a", "media": {"mediaGenerationId": {"mediaKey": {}}}},
            "$.media.mediaGenerationId.mediaKey",
        ),
        ({}, "$.name"),
        ({"name": ""}, "$.name"),
        ({"name": " \n\u200b"}, "$.name"),
        ({"name": "a" * 5000}, "$.name"),
    ],
)
def test_an_item_that_is_not_understood_is_skipped_and_its_reason_told(item: object, place: str) -> None:
    first, second = recorded_items()[:2]
    page, status = decode_page(listing(first, item, second, token="next"))
    assert [image.name for image in page.images] == [first["name"], second["name"]]
    assert page.cursor is not None
    assert status == 200
    (reason,) = page.skipped
    assert reason.startswith("item 1: ")
    assert reason.endswith(f"(at {place})")


def test_an_image_may_have_nothing_but_a_name() -> None:
    assert images_of({"name": "only-a-name"}) == (
        ListedImage("only-a-name", "only-a-name", None, None, None, None),
    )


def test_the_name_inside_the_media_serves_where_the_item_has_none() -> None:
    assert [image.name for image in images_of({"media": {"name": "inner"}})] == ["inner"]


@pytest.mark.parametrize("blank", ["", " \n", "\u200b\ufeff"])
def test_the_name_inside_the_media_serves_where_that_of_the_item_is_blank(blank: str) -> None:
    assert [image.name for image in images_of({"name": blank, "media": {"name": "inner"}})] == ["inner"]


def test_nulls_count_as_missing() -> None:
    ids = {"mediaType": None, "workflowId": None, "mediaKey": None}
    picture = {"fifeUrl": None, "aspectRatio": None, "generatedImage": None}
    media = {
        "name": None,
        "userUploadedImage": None,
        "image": picture,
        "video": None,
        "mediaGenerationId": ids,
    }
    (image,) = images_of({"name": "a", "media": media, "createTime": None})
    assert image == ListedImage("a", "a", None, None, None, None)


def test_fields_that_nobody_knows_are_ignored() -> None:
    item = recorded_items()[0]
    richer = copy.deepcopy(item)
    richer["newThing"] = {"deep": [1, 2, {"er": None}]}
    richer["media"]["hologram"] = 3.5
    richer["media"]["userUploadedImage"]["exif"] = []
    richer["media"]["mediaGenerationId"]["projectId"] = "x"
    assert images_of(richer) == images_of(item)


def test_an_aspect_ratio_that_nobody_knows_is_kept_as_it_is() -> None:
    (image,) = images_of(
        {"name": "a", "media": {"image": {"aspectRatio": "IMAGE_ASPECT_RATIO_TWENTY_ONE_NINE"}}}
    )
    assert image.aspect_ratio == "IMAGE_ASPECT_RATIO_TWENTY_ONE_NINE"


def test_the_media_key_falls_back_to_the_one_inside_the_name() -> None:
    assert [image.media_key for image in images_of({"name": NAME})] == [MEDIA_KEY]


@pytest.mark.parametrize("file", LIST_PAGES)
def test_the_key_inside_a_recorded_name_is_its_media_key(file: str) -> None:
    keys = [image.media_key for image in decode_page(recorded(file))[0].images]
    bare = [{"name": item["name"]} for item in recorded_items(file)]
    assert [image.media_key for image in images_of(*bare)] == keys


@pytest.mark.parametrize("name", ["46c118dc-8d06-4254-ac3e-5ba22b0a0ba0", "short", "Ab+/=_$-", "Kurz=ä"])
def test_a_name_without_a_key_in_it_is_the_media_key_itself(name: str) -> None:
    assert [image.media_key for image in images_of({"name": name})] == [name]


# U+001C to U+001F count as white space in Python, like the rest of these in Unicode.
SPACES = " \t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2003\u2009\u200a\u2028\u2029\u202f\u205f\u3000"


@pytest.mark.parametrize("space", [*SPACES, "\u200b", "\ufeff", "\r\n  "])
def test_names_lose_white_space_wherever_it_stands(space: str) -> None:
    broken = f"{space}CAMa{space}JGY5{space}"
    assert clean_name(broken) == "CAMaJGY5"
    assert [image.name for image in images_of({"name": broken})] == ["CAMaJGY5"]


@given(st.text())
@ANY_PACE
def test_a_clean_name_is_clean_and_stays_so(name: str) -> None:
    cleaned = clean_name(name)
    assert not any(character.isspace() or character in "\u200b\ufeff" for character in cleaned)
    assert clean_name(cleaned) == cleaned


# JavaScript's JSON.stringify writes a text that was cut inside an emoji like this.
HALF_PAIRS = ("half an emoji \ud83d", "\udc00\ud800")


@pytest.mark.parametrize("text", HALF_PAIRS)
def test_half_an_emoji_in_a_prompt_does_not_cost_the_page(text: str) -> None:
    item = recorded_json("list_generated_image_item.json")
    item["media"]["image"]["prompt"] = text
    images = images_of({"name": "a"}, item, {"name": "b"})
    assert [image.name for image in images] == ["a", item["name"], "b"]
    assert [image.seed for image in images] == [None, 731524, None]
    assert (images[1].prompt or "").encode() == b""


@pytest.mark.parametrize("text", HALF_PAIRS)
def test_half_an_emoji_in_a_prompt_does_not_cost_the_picture(text: str) -> None:
    answer = recorded_json("media_generated_image.json")
    answer["image"]["prompt"] = text
    assert decode_media(json.dumps(answer).encode()) == decode_media(recorded("media_generated_image.json"))


@pytest.mark.parametrize("text", HALF_PAIRS)
def test_a_name_that_cannot_be_stored_costs_its_item_only(text: str) -> None:
    page, _ = decode_page(listing({"name": "a"}, {"name": text}, {"name": "b"}))
    assert [image.name for image in page.images] == ["a", "b"]
    assert len(page.skipped) == 1


@given(st.text(st.characters(), min_size=1), st.text(st.characters()))
@ANY_PACE
def test_what_a_listed_image_holds_can_be_stored_as_utf_8(name: str, key: str) -> None:
    ids = {"mediaKey": key, "workflowId": key}
    item = {"name": name, "media": {"mediaGenerationId": ids, "image": {"prompt": key}}}
    try:
        images = images_of(item)
    except NotUnderstood:
        return
    for image in images:
        assert f"{image.name}{image.media_key}{image.workflow_id}{image.prompt}".encode().decode()


def test_bytes_that_are_not_utf_8_cost_their_item_only() -> None:
    body = listing({"name": "AAAA"}, {"name": "good"}).replace(b"AAAA", b"\xff\xfe\xed\xa0\x80")
    page, _ = decode_page(body)
    assert [image.name for image in page.images] == ["good"]
    assert len(page.skipped) == 1


def test_nul_and_escape_characters_in_an_item_are_survived() -> None:
    hostile = {"name": "a\x00\x1b]0;title\x07b", "media": {"image": {"aspectRatio": "\x00"}}}
    page, _ = decode_page(listing(hostile, {"name": "good"}))
    assert page.images[-1].name == "good"
    assert len(page.images) + len(page.skipped) == 2


def test_a_reason_cannot_steer_the_terminal() -> None:
    body = listing({"name": "AAAA"}).replace(b'"AAAA"', b'"\xff\x1b[2J\xc2\x9b"')
    try:
        reasons = "".join(decode_page(body)[0].skipped)
    except NotUnderstood as error:
        reasons = str(error)
    assert reasons
    assert reasons.isprintable()


NESTED = 20_000


@pytest.mark.parametrize(
    "body",
    [
        listing({"name": "a", "zz": "DEEP"}).replace(b'"DEEP"', b"[" * NESTED + b"]" * NESTED),
        listing({"name": "a", "media": {"image": "DEEP"}}).replace(
            b'"DEEP"', b'{"generatedImage":' * NESTED + b"{}" + b"}" * NESTED
        ),
        b'{"result":' * NESTED,
    ],
    ids=["unknown field", "generated image", "answer"],
)
def test_an_answer_nested_without_end_is_not_understood(body: bytes) -> None:
    try:
        page, _ = decode_page(body)
    except NotUnderstood:
        return
    assert page.skipped


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"[]", "$"),
        (b"null", "$"),
        (b'"text"', "$"),
        (b"{}", "$"),
        (b'{"result":[]}', "$.result"),
        (b'{"result":{"data":3}}', "$.result.data"),
        (b'{"result":{"data":{}}}', "$.result.data"),
        (b'{"result":{"data":{"json":"x"}}}', "$.result.data.json"),
        (b'{"result":{"data":{"json":{"result":[]}}}}', "$.result.data.json.result"),
        (
            b'{"result":{"data":{"json":{"result":{"userWorkflows":{}}}}}}',
            "$.result.data.json.result.userWorkflows",
        ),
        (
            b'{"result":{"data":{"json":{"result":{"nextPageToken":5}}}}}',
            "$.result.data.json.result.nextPageToken",
        ),
        (b'{"result":{"data":{"json":{"result":{},"status":"OK"}}}}', "$.result.data.json.status"),
    ],
)
def test_an_answer_of_another_shape_names_the_place(body: bytes, path: str) -> None:
    with pytest.raises(NotUnderstood) as caught:
        decode_page(body)
    assert caught.value.path == path
    assert str(caught.value).endswith(f"(at {path})")
    assert "The list" in str(caught.value)


def test_a_page_of_more_items_than_any_page_has_is_not_understood() -> None:
    with pytest.raises(NotUnderstood, match="more than 1000 items"):
        decode_page(listing(*[{"name": "a"}] * 1001))


@pytest.mark.parametrize("decode", [decode_page, decode_media, decode_session])
@pytest.mark.parametrize("body", [b"\x00", b"\xff\xfe{", b"Service Unavailable", b"{]"])
def test_what_is_not_json_is_called_that(decode: Any, body: bytes) -> None:
    with pytest.raises(NotUnderstood, match=r"is not JSON; it begins with .*\(at \$\)") as caught:
        decode(body)
    assert caught.value.path == "$"
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("decode", [decode_page, decode_media, decode_session])
@pytest.mark.parametrize(
    "body",
    [recorded("app_html_instead_of_json.html"), b" \n<html>", b"<!DOCTYPE HTML><title>Sign in</title>"],
)
def test_a_web_page_instead_of_json_is_called_that(decode: Any, body: bytes) -> None:
    with pytest.raises(WebPage, match="is a web page"):
        decode(body)


@pytest.mark.parametrize("decode", [decode_page, decode_media, decode_session])
@pytest.mark.parametrize("body", [b"", b'{"a":', b'{"result":{"data', recorded("list_last_page.json")[:-9]])
def test_json_that_ends_too_early_may_come_whole_the_next_time(decode: Any, body: bytes) -> None:
    with pytest.raises(Truncated, match=f"is cut off after {len(body)} bytes" if body else "is empty") as cut:
        decode(body)
    assert cut.value.retryable


# Whatever the service may send one day

JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.sampled_from(["VIDEO", "2025-10-31T09:12:44Z", "IMAGE", NAME]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
SAMPLES = (
    recorded_items()[0],
    recorded_json("list_generated_image_item.json"),
    recorded_json("list_video_item.json"),
)


def places_in(value: object) -> list[tuple[str, ...]]:
    if not isinstance(value, dict):
        return []
    return [(key, *rest) for key, inner in value.items() for rest in ((), *places_in(inner))]


def changed(value: Json, place: tuple[str, ...], data: st.DataObject) -> None:
    """Drop the field at ``place``, replace what it holds, or add a stranger beside it."""
    *parents, field = place
    for parent in parents:
        if not isinstance(value.get(parent), dict):
            return
        value = value[parent]
    match data.draw(st.sampled_from(["drop", "alter", "add"])):
        case "drop":
            value.pop(field, None)
        case "alter":
            value[field] = data.draw(JUNK)
        case _:
            value[data.draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=8))] = data.draw(JUNK)


@given(st.data())
@ANY_PACE
def test_an_item_damaged_in_any_way_costs_no_other_item(data: st.DataObject) -> None:
    item = copy.deepcopy(data.draw(st.sampled_from(SAMPLES)))
    for place in data.draw(st.lists(st.sampled_from(places_in(item)), min_size=1, max_size=4)):
        changed(item, place, data)
    before, after = recorded_items()[1:3]
    page, status = decode_page(listing(before, item, after, token="next"))
    assert status == 200
    assert page.images[0].name == before["name"]
    assert page.images[-1].name == after["name"]
    assert len(page.images) + len(page.skipped) + page.videos == 3
    for image in page.images:
        assert image.name
        assert image.media_key
        assert image.created_at is None or image.created_at.tzinfo is UTC
        assert image.prompt is None or isinstance(image.prompt, str)
        assert image.seed is None or -(2**63) <= image.seed < 2**63


@given(st.sampled_from((*LIST_PAGES, *EMPTY_LISTS)), st.data())
@ANY_PACE
def test_an_answer_damaged_in_any_way_is_a_page_or_not_understood(file: str, data: st.DataObject) -> None:
    answer = recorded_json(file)
    changed(answer, data.draw(st.sampled_from(places_in(answer))), data)
    try:
        page, _ = decode_page(json.dumps(answer).encode())
    except NotUnderstood as refused:
        path = refused.path
    else:
        path = "$"
        assert len(page.images) + len(page.skipped) + page.videos <= 18
    assert path.startswith("$")


@given(st.sampled_from((*MEDIA_BYTES, *MEDIA_URLS, "media_video.json")), st.data())
@ANY_PACE
def test_a_media_answer_damaged_in_any_way_is_one_or_not_understood(file: str, data: st.DataObject) -> None:
    answer = recorded_json(file)
    changed(answer, data.draw(st.sampled_from(places_in(answer))), data)
    try:
        media = decode_media(json.dumps(answer).encode())
    except NotUnderstood:
        return
    assert (media.data is None) == (media.trouble is not None)


@given(st.binary() | JUNK.map(lambda value: json.dumps(value).encode()))
@ANY_PACE
def test_any_bytes_at_all_are_an_answer_or_not_understood(body: bytes) -> None:
    for decode in (decode_page, decode_media, decode_session):
        with contextlib.suppress(NotUnderstood, Truncated):
            assert decode(body)


@given(st.binary() | JUNK.map(lambda value: json.dumps({"error": value}).encode()))
@ANY_PACE
def test_any_error_body_at_all_is_survived(body: bytes) -> None:
    failure = decode_failure(body)
    assert failure.message is None or isinstance(failure.message, str)


# Times


FIRST, LAST = datetime.fromisoformat("1970-01-01"), datetime.fromisoformat("9998-12-31")
"""Naive, as hypothesis wants the bounds; between them a time is believed."""


@pytest.mark.parametrize("digits", range(10))
def test_a_time_may_have_no_to_nine_fractional_digits(digits: int) -> None:
    fraction = "." + "123456789"[:digits] if digits else ""
    expected = datetime(2025, 10, 31, 9, 12, 44, int("123456"[:digits].ljust(6, "0")), tzinfo=UTC)
    assert parse_time(f"2025-10-31T09:12:44{fraction}Z") == expected
    (image,) = images_of({"name": "a", "createTime": f"2025-10-31T09:12:44{fraction}Z"})
    assert image.created_at == expected


@given(st.datetimes(FIRST, LAST, timezones=st.just(UTC)), st.integers(-14 * 60, 14 * 60))
@ANY_PACE
def test_a_time_of_any_zone_is_the_same_moment_in_utc(moment: datetime, minutes: int) -> None:
    elsewhere = moment.astimezone(timezone(timedelta(minutes=minutes)))
    assert parse_time(elsewhere.isoformat()) == moment


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "9999-01-01T00:00:00Z"])
def test_a_time_that_nothing_was_made_at_counts_as_not_known(text: str) -> None:
    assert parse_time(text) is None


@given(st.text() | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", fullmatch=True))
@ANY_PACE
def test_any_text_is_a_time_or_is_none(text: str) -> None:
    parsed = parse_time(text)
    assert parsed is None or parsed.tzinfo is UTC


def test_an_image_whose_time_is_not_understood_is_still_an_image() -> None:
    (image,) = images_of({"name": "a", "createTime": "last Tuesday"})
    assert image.created_at is None


# The media endpoint


@pytest.mark.parametrize(("file", "beginning"), MEDIA_BYTES.items())
def test_the_bytes_of_a_recorded_picture_are_found(file: str, beginning: bytes) -> None:
    media = decode_media(recorded(file))
    assert media.data is not None
    assert media.data.startswith(beginning)
    assert media.trouble is None
    assert media.url is not None
    assert media.url.reveal().startswith("https://storage.googleapis.com/ai-sandbox-videofx/image/")


def test_a_webp_is_delivered_whole() -> None:
    media = decode_media(recorded("media_uploaded_image_webp.json"))
    assert media.data is not None
    assert int.from_bytes(media.data[4:8], "little") == len(media.data) - 8
    assert media.data[8:12] == b"WEBP"


@pytest.mark.parametrize(("file", "url"), MEDIA_URLS.items())
def test_the_signed_url_is_found_where_there_are_no_bytes(file: str, url: str) -> None:
    media = decode_media(recorded(file))
    assert media.data is None
    assert media.trouble
    assert media.url is not None
    assert media.url.reveal().startswith(url)


def test_a_video_is_refused_as_one() -> None:
    with pytest.raises(NotUnderstood, match="is a video, not an image"):
        decode_media(recorded("media_video.json"))


@pytest.mark.parametrize("answer", [{}, {"name": "a"}, {"userUploadedImage": None}])
def test_an_answer_with_no_place_for_a_picture_is_not_understood(answer: Json) -> None:
    with pytest.raises(NotUnderstood, match="holds no image"):
        decode_media(json.dumps(answer).encode())


@pytest.mark.parametrize(
    "place",
    [
        lambda data: {"userUploadedImage": {"image": data}},
        lambda data: {"userUploadedImage": {"encodedImage": data}},
        lambda data: {"image": {"encodedImage": data}},
        lambda data: {"image": {"image": data}},
        lambda data: {"image": {"generatedImage": {"encodedImage": data}}},
        lambda data: {"image": {"generatedImage": {"image": data}}},
        lambda data: {"userUploadedImage": {}, "image": {"encodedImage": data}},
        lambda data: {"userUploadedImage": {"image": ""}, "image": {"encodedImage": data}},
        lambda data: {"userUploadedImage": {"image": None}, "image": {"encodedImage": data}},
        lambda data: {"userUploadedImage": {"image": "%broken%"}, "image": {"encodedImage": data}},
        lambda data: {"image": {"encodedImage": {"odd": 1}, "generatedImage": {"encodedImage": data}}},
    ],
)
def test_bytes_are_looked_for_in_every_place(place: Any) -> None:
    assert decode_media(json.dumps(place("aGVsbG8=")).encode()).data == b"hello"


@pytest.mark.parametrize("text", [rb"\/\/79", rb"\u002f/79", b"//79"])
def test_base64_may_be_escaped_as_any_string_of_json(text: bytes) -> None:
    body = b'{"image": {"encodedImage": "' + text + b'"}}'
    assert decode_media(body).data == b"\xff\xfe\xfd"


@pytest.mark.parametrize("data", ["%%%%", "aGVsbG8", 7, {"a": 1}, "aGVs\nbG8="])
def test_broken_base64_is_told_and_leaves_the_signed_url(data: object) -> None:
    media = decode_media(
        json.dumps({"image": {"encodedImage": data, "fifeUrl": "https://x.example/"}}).encode()
    )
    assert media.data is None
    assert media.trouble == "the base64 text in the answer is broken"
    assert media.url is not None


def test_a_media_answer_tells_neither_its_bytes_nor_its_url_in_a_repr() -> None:
    text = repr(decode_media(recorded("media_generated_image.json")))
    assert "SIGNATURE" not in text
    assert "JFIF" not in text


# The session


@pytest.mark.parametrize("file", SESSIONS)
def test_a_recorded_session_is_read_and_its_token_not_shown(file: str) -> None:
    session, answer = decode_session(recorded(file)), recorded_json(file)
    assert session.access_token == answer.get("access_token")
    assert session.expires == answer.get("expires")
    assert session.error == answer.get("error")
    assert (session.user.email if session.user else None) == answer.get("user", {}).get("email")
    assert "ya29" not in repr(session)


@pytest.mark.parametrize(
    ("body", "path"),
    [(b"[]", "$"), (b"null", "$"), (b'{"user":7}', "$.user"), (b'{"access_token":{}}', "$.access_token")],
)
def test_a_session_of_another_shape_names_the_place(body: bytes, path: str) -> None:
    with pytest.raises(NotUnderstood, match="The session has another shape") as caught:
        decode_session(body)
    assert caught.value.path == path


# Errors


@pytest.mark.parametrize(("file", "message"), [*LIST_ERRORS.items(), *MEDIA_ERRORS.items()])
def test_the_sentence_of_a_recorded_error_is_found(file: str, message: str) -> None:
    said = decode_failure(recorded(file)).message
    assert said is not None
    assert said.startswith(message)


def test_the_reasons_of_an_error_are_found() -> None:
    failure = decode_failure(recorded("media_error_429.json"))
    assert failure.reasons == ("PUBLIC_ERROR_USER_REQUESTS_THROTTLED",)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"null", b"[]", b'{"error":"x"}', b'{"error":null}', b'{"a":1}']
)
def test_an_error_body_of_neither_kind_says_nothing(body: bytes) -> None:
    failure = decode_failure(body)
    assert (failure.message, failure.reasons) == (None, ())


@pytest.mark.parametrize("details", [None, "x", [{"reason": 5}]])
def test_odd_details_do_not_cost_the_sentence(details: object) -> None:
    body = json.dumps({"error": {"code": 403, "message": "Said so", "details": details}}).encode()
    assert decode_failure(body).message == "Said so"


@pytest.mark.parametrize("data", ["x", {"httpStatus": "401"}])
def test_odd_data_do_not_cost_the_sentence(data: object) -> None:
    body = json.dumps({"error": {"json": {"message": "Said so", "data": data}}}).encode()
    assert decode_failure(body).message == "Said so"


def test_an_error_nested_without_end_says_nothing() -> None:
    assert decode_failure(b'{"error":' * NESTED).message is None
