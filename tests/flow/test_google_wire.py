"""The recorded answers of flow.google.com, and what can be wrong with an answer: lists without names."""

import contextlib
import copy
import dataclasses
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import flowimg_tui.flow
from flowimg_tui.flow.errors import (
    FlowError,
    NotFound,
    NotUnderstood,
    RateLimited,
    Refused,
    SignedOut,
    Truncated,
    Unreachable,
)
from flowimg_tui.flow.google_page import TokenReplaced, decode_answer, decode_tokens
from flowimg_tui.flow.google_wire import (
    CONTENTS,
    PROJECTS,
    RECORD,
    Contents,
    ProjectPage,
    decode_contents,
    decode_media,
    decode_projects,
)
from flowimg_tui.flow.service import ListedImage, Media
from flowimg_tui.secret import Secret
from tests.conftest import WIRE

GOOGLE: Final = WIRE.parent / "google"
ANY_PACE = settings(deadline=None, max_examples=40)
PROJECT: Final = "0884ed2f-4bf7-4353-b2d0-2961184a53d6"
BOAT: Final = "f1f3b83f-eb51-4473-87a6-9b1e41fea809"
UPLOAD: Final = "dd92c57d-aa8a-435f-b26e-81f040d5168a"
VIDEO: Final = "636d07d6-3986-4401-a2f7-38fc4c56657f"
SIGNED: Final = (
    "https://flow-content.google/image/{}?Expires=1795370400&KeyName=labs-flow-prod-cdn-key&Signature="
)


def recorded(file: str) -> bytes:
    return (GOOGLE / f"bx_{file}").read_bytes()


def recorded_payload(file: str, rpcid: str) -> list[Any]:
    payload: list[Any] = decode_answer(recorded(file), rpcid).value
    return payload


def answer(rpcid: str, payload: object, *, error: object = None) -> bytes:
    """An answer to ``rpcid``, its lengths as wrong as they come."""
    text = None if payload is None else json.dumps(payload)
    rows = json.dumps([["wrb.fr", rpcid, text, None, None, error, "generic"], ["di", 441]])
    return f")]}}'\n\n7\n{rows}\n25\n{json.dumps([['e', 4, None, None, 9]])}\n".encode()


def contents(payload: object, title: str | None = "Boats") -> Contents:
    return decode_contents(decode_answer(answer("Zzl0ze", payload), "Zzl0ze"), title)


def projects(payload: object) -> ProjectPage:
    return decode_projects(decode_answer(answer("UpteDb", payload), "UpteDb"))


def media(payload: object, name: str = BOAT) -> Media:
    return decode_media(decode_answer(answer("as29s", payload), "as29s"), name)


def project_payload() -> list[Any]:
    return recorded_payload("Zzl0ze_project_contents.txt", "Zzl0ze")


def one_record(change: Callable[[list[Any]], object], position: int = 0) -> Contents:
    payload = project_payload()
    payload[2] = [payload[2][position]]
    change(payload[2][0])
    return contents(payload)


def set_slot(*place: int, to: object) -> Callable[[list[Any]], None]:
    def change(record: list[Any]) -> None:
        value = record
        for index in place[:-1]:
            value = value[index]
        value[place[-1]] = to

    return change


def test_no_recorded_answer_is_left_untested() -> None:
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_google_*.py"))
    files = [path.name for path in GOOGLE.iterdir()]
    assert len(files) == 14
    assert [file for file in files if f'"{file.removeprefix("bx_")}"' not in tests] == []


def test_only_the_three_calls_that_read_stand_in_the_code() -> None:
    sources = "".join(p.read_text() for p in Path(flowimg_tui.flow.__file__).parent.glob("google*.py"))
    assert re.findall(r"\bReadCall\((\w+)", sources) == ["PROJECTS", "CONTENTS", "RECORD"]
    assert (PROJECTS, CONTENTS, RECORD) == ("UpteDb", "Zzl0ze", "as29s")
    assert sources.count("batchexecute") == 1


# Projects


def test_the_recorded_projects_are_read_with_their_cursor() -> None:
    page = decode_projects(decode_answer(recorded("UpteDb_projects.txt"), "UpteDb"))
    assert [(project.project_id, project.title) for project in page.projects] == [
        (PROJECT, "Sep 24 - 12:07"),
        ("527d46fc-c4dc-4e14-9651-5a57405ce923", "Sep 23 - 17:37"),
        ("f7599545-579f-4a73-b061-d2dafd886779_backfill", "Oct 31, 09:12"),
    ]
    assert page.cursor == Secret("chEKD4IBDAj/2M3SBhDo2PvIAQ==")
    assert page.skipped == ()


def test_the_last_page_of_projects_names_no_next_one() -> None:
    page = decode_projects(decode_answer(recorded("UpteDb_last_page.txt"), "UpteDb"))
    assert len(page.projects) == 1
    assert page.cursor is None


def test_an_empty_account_has_no_projects() -> None:
    empty = decode_answer(recorded("UpteDb_empty.txt"), "UpteDb")
    assert decode_projects(empty) == ProjectPage((), (), None)
    assert projects([[], ""]) == ProjectPage((), (), None)


def test_a_project_that_is_not_understood_costs_no_other() -> None:
    page = projects(
        [[["../x", ["Bad"]], ["good", {"moved": 1}], 7, [None, ["No id"]], ["fine", ["T" * 999]]]]
    )
    assert [project.project_id for project in page.projects] == ["good", "fine"]
    assert page.projects[0].title is None
    assert page.projects[1].title == "T" * 200
    assert [re.findall(r"\(at (.*)\)", reason)[0] for reason in page.skipped] == [
        "UpteDb[0][0][0]",
        "UpteDb[0][2]",
        "UpteDb[0][3][0]",
    ]


@pytest.mark.parametrize(
    ("payload", "place"),
    [
        ({}, "UpteDb"),
        ("text", "UpteDb"),
        ([7], "UpteDb[0]"),
        ([[["a b"], [None]]], "UpteDb[0]"),
        ([[], ["moved"]], "UpteDb[1]"),
        ([[], "a\nb"], "UpteDb[1]"),
        ([[], "c" * 5000], "UpteDb[1]"),
        ([[["id", ["t"]]] * 201], "UpteDb[0]"),
    ],
)
def test_projects_that_are_not_understood_at_all_are_no_empty_account(payload: object, place: str) -> None:
    with pytest.raises(NotUnderstood) as caught:
        projects(payload)
    assert caught.value.path == place


# Records


def test_the_recorded_project_holds_a_generated_image_an_upload_and_a_video() -> None:
    found = decode_contents(decode_answer(recorded("Zzl0ze_project_contents.txt"), "Zzl0ze"), "Boats")
    made = datetime(2026, 9, 24, 8, 52, 2, 500000, tzinfo=UTC)
    legacy = project_payload()[2][0][6][0][2]
    boat = ListedImage(
        name=BOAT,
        media_key=BOAT,
        workflow_id="c90e5efc-7326-4904-85a9-464cd616a79b",
        aspect_ratio="IMAGE_ASPECT_RATIO_LANDSCAPE",
        fife_url=None,
        created_at=made,
        title="Paper boat on lake",
        prompt="a paper boat on a still lake, morning light",
        seed=418233,
        width=1376,
        height=768,
        project_title="Boats",
        legacy_name=legacy,
    )
    upload = ListedImage(
        name=UPLOAD,
        media_key=UPLOAD,
        workflow_id="6b6ac303-d3ac-4f08-b00b-3a9b84f73917",
        aspect_ratio=None,
        fife_url=None,
        created_at=made.replace(minute=50, second=0),
        title="holiday.png",
        width=1094,
        height=616,
        project_title="Boats",
    )
    assert found == Contents((boat, upload), 1, ())


def test_an_empty_project_has_no_images() -> None:
    empty = decode_answer(recorded("Zzl0ze_empty_project.txt"), "Zzl0ze")
    assert decode_contents(empty, None) == Contents((), 0, ())
    assert contents([None, None, []]) == Contents((), 0, ())


def test_titles_without_a_record_are_told() -> None:
    payload = project_payload()
    payload[2] = None
    (reason,) = contents(payload).skipped
    assert reason == "3 titles of media, but no record (at Zzl0ze[2])"


@pytest.mark.parametrize("descriptors", [None, "moved", {}, [7, None, [[], [], [], []]]])
def test_titles_that_are_not_understood_cost_no_image(descriptors: object) -> None:
    payload = project_payload()
    payload[1] = descriptors
    found = contents(payload)
    assert [image.name for image in found.images] == [BOAT, UPLOAD]
    assert [image.title for image in found.images] == [None, None]


MOVED: Final[list[tuple[tuple[int, ...], object]]] = [
    ((0,), None),
    ((0,), "../../etc"),
    ((0,), "x" * 129),
    ((1,), 7),
    ((2,), ["moved"]),
    ((5,), None),
    ((5, 0), "2026"),
    ((5, 0, 0), 1.5),
    ((5, 10), ["moved"]),
    ((5, 10), "not a URL"),
    ((6,), []),
    ((6,), "moved"),
    ((6, 0), None),
    ((6, 0), 7),
    ((6, 0, 1), "seed"),
    ((6, 0, 1), True),
    ((6, 0, 1), 2**63),
    ((6, 0, 2), "a name\nwith breaks"),
    ((6, 0, 7), 29),
    ((6, 0, 14), "3"),
    ((6, 2), 1376),
    ((6, 2, 0), -1),
]


@pytest.mark.parametrize(("place", "value"), MOVED, ids=str)
def test_a_record_with_one_slot_that_moved_is_left_out_whole(place: tuple[int, ...], value: object) -> None:
    found = one_record(set_slot(*place, to=value))
    assert found.images == ()
    (reason,) = found.skipped
    assert "Zzl0ze[2][0]" + "".join(f"[{index}]" for index in place) in reason


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record.pop(),
        lambda record: record.insert(3, None),
        lambda record: record.append(None),
        lambda record: record.clear(),
    ],
)
def test_a_record_of_another_length_is_left_out(change: Callable[[list[Any]], object]) -> None:
    found = one_record(change)
    assert (found.images, len(found.skipped)) == ((), 1)
    assert re.search(r"of \d slots, neither an image nor a video \(at Zzl0ze\[2\]\[0\]\)", found.skipped[0])


@pytest.mark.parametrize("position", [0, 1], ids=["generated", "upload"])
def test_an_image_whose_slots_moved_by_one_is_not_taken_for_a_video(position: int) -> None:
    found = one_record(lambda record: record.insert(6, None), position)
    assert (found.images, found.videos) == ((), 0)
    (reason,) = found.skipped
    assert "Zzl0ze[2][0]" in reason


@pytest.mark.parametrize("name", [VIDEO, "moved", "Q0FNYQ=="])
def test_a_legacy_name_that_is_no_whole_one_is_none_and_costs_nothing_else(name: str) -> None:
    def unchanged(record: list[Any]) -> None:
        assert record[6][0][2]

    (image,) = one_record(unchanged).images
    found = one_record(set_slot(6, 0, 2, to=name))
    assert found == Contents((dataclasses.replace(image, legacy_name=None),), 0, ())


@pytest.mark.parametrize(
    ("aspect", "size", "expected"),
    [
        (2, [768, 1376], "IMAGE_ASPECT_RATIO_PORTRAIT"),
        (3, None, "IMAGE_ASPECT_RATIO_LANDSCAPE"),
        (None, [1024, 1024], "IMAGE_ASPECT_RATIO_SQUARE"),
        (1, [1024, 1024], "IMAGE_ASPECT_RATIO_SQUARE"),
        (99, [1024, 768], None),
        (None, [None, 5], None),
        (None, [0, 0], None),
        (None, None, None),
    ],
)
def test_the_aspect_ratio_is_the_records_or_that_of_a_square(
    aspect: int | None, size: object, expected: str | None
) -> None:
    def change(record: list[Any]) -> None:
        record[6][0][14], record[6][2] = aspect, size

    (image,) = one_record(change).images
    assert image.aspect_ratio == expected


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ([0], datetime(1970, 1, 1, tzinfo=UTC)),
        ([1790219266, 481054999], datetime(2026, 9, 24, 3, 7, 46, 481054, tzinfo=UTC)),
        ([253370764799, 999_999_999], datetime(9998, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ([253370764800], None),
        ([-1], None),
        ([2**62], None),
        ([], None),
        (None, None),
    ],
)
def test_a_time_is_bounded_and_in_utc(stamp: object, expected: datetime | None) -> None:
    (image,) = one_record(set_slot(5, 0, to=stamp)).images
    assert image.created_at == expected


def test_a_text_with_half_a_surrogate_pair_can_be_stored() -> None:
    (image,) = one_record(set_slot(6, 0, 7, to="a\ud83db")).images
    assert image.prompt == "a?b"


def test_line_separators_inside_of_a_text_do_not_end_the_line() -> None:
    body = answer("Zzl0ze", project_payload()).replace(b"paper", "pa\u2028\x85per".encode())
    assert decode_contents(decode_answer(body, "Zzl0ze"), None).images[0].title == "Paper boat on lake"


# One record with a fresh URL


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("as29s_image.txt", BOAT),
        ("as29s_image_null_version.txt", BOAT),
        ("as29s_upload.txt", UPLOAD),
    ],
)
def test_a_recorded_record_has_the_signed_url_of_the_original(file: str, name: str) -> None:
    found = decode_media(decode_answer(recorded(file), "as29s"), name)
    assert found == Media(None, Secret(SIGNED.format(name) + "SIGNATURE_PLACEHOLDER"), None)
    assert "SIGNATURE" not in repr(found)


def test_a_recorded_video_is_refused_as_one() -> None:
    with pytest.raises(Refused, match="a video, not an image"):
        decode_media(decode_answer(recorded("as29s_video.txt"), "as29s"), VIDEO)


@pytest.mark.parametrize("file", ["as29s_image.txt", "as29s_upload.txt"])
def test_a_record_whose_slots_moved_by_one_is_not_refused_as_a_video(file: str) -> None:
    record = recorded_payload(file, "as29s")
    record.insert(6, None)
    with pytest.raises(NotUnderstood, match="as29s"):
        media(record, record[0])


def test_the_record_of_another_picture_is_not_taken() -> None:
    with pytest.raises(NotUnderstood, match="another picture") as caught:
        decode_media(decode_answer(recorded("as29s_image.txt"), "as29s"), UPLOAD)
    assert caught.value.path == "as29s[0]"


@pytest.mark.parametrize(
    ("url", "trouble"),
    [
        (None, "no URL of the picture"),
        ("https://lh3.googleusercontent.com/asb/TOKEN", "a re-encoding of the picture only"),
        ("https://lh3.googleusercontent.com/%61sb/TOKEN=s0", "a re-encoding of the picture only"),
    ],
)
def test_a_record_without_its_original_says_so(url: str | None, trouble: str) -> None:
    record = recorded_payload("as29s_image.txt", "as29s")
    record[5][10] = url
    assert media(record) == Media(None, None, f"the record has {trouble} (at as29s[5][10])")


@pytest.mark.parametrize("payload", [[], [None] * 7, [BOAT], {}, 7, ["x"] * 9])
def test_what_is_no_record_is_not_understood(payload: object) -> None:
    with pytest.raises(NotUnderstood, match="as29s"):
        media(payload)


# The envelope


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (16, SignedOut),
        (8, RateLimited),
        (5, NotFound),
        (3, Refused),
        (7, Refused),
        (12, Refused),
        (13, Unreachable),
        (14, Unreachable),
    ],
)
def test_each_code_of_the_error_slot_has_a_meaning(code: int, kind: type[FlowError]) -> None:
    payload: object
    for payload in (None, []):
        with pytest.raises(FlowError, match=f"as29s, code {code}") as caught:
            decode_answer(answer("as29s", payload, error=[code]), "as29s")
        assert type(caught.value) is kind


def test_the_recorded_errors_have_their_meaning() -> None:
    with pytest.raises(SignedOut, match="UpteDb"):
        decode_answer(recorded("error_unauthenticated.txt"), "UpteDb")
    with pytest.raises(RateLimited, match="code 8: PUBLIC_ERROR_USER_REQUESTS_THROTTLED"):
        decode_answer(recorded("error_resource_exhausted.txt"), "Zzl0ze")
    with pytest.raises(TokenReplaced) as caught:
        decode_answer(recorded("error_xsrf.txt"), "UpteDb")
    assert caught.value.token == Secret("AT_TOKEN_PLACEHOLDER:1790000000000")
    assert "AT_TOKEN" not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"<!doctype html><html></html>", "UpteDb"),
        (b"\xff\xfe", "UpteDb"),
        (b"[[" * 100_000, "UpteDb"),
        (answer("as29s", []), "UpteDb"),
        (b'[["er",null,null,null,null,400,null,null,null,3]]', "UpteDb er"),
        (answer("UpteDb", None), "UpteDb wrb.fr[2]"),
        (answer("UpteDb", None, error="moved"), "UpteDb wrb.fr[5]"),
        (answer("UpteDb", None, error=["x"]), "UpteDb wrb.fr[5][0]"),
        (b'[["wrb.fr","UpteDb","[1,"]]', "UpteDb wrb.fr[2]"),
        (json.dumps([["wrb.fr", "UpteDb", "[" * 100_000]]).encode(), "UpteDb wrb.fr[2]"),
        (b'[["xsrf",null]]', "UpteDb"),
        (answer("UpteDb", 0).replace(b'"0"', b'"null"'), "UpteDb"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_answer_without_our_row_names_the_call(body: bytes, place: str) -> None:
    with pytest.raises(NotUnderstood, match="UpteDb") as caught:
        decode_answer(body, "UpteDb")
    assert caught.value.path == place
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("length", [0, 3, 8, 40, -30])
def test_an_answer_that_ends_too_early_may_come_whole_the_next_time(length: int) -> None:
    whole = recorded("UpteDb_projects.txt")
    with pytest.raises(Truncated, match=r"The answer to UpteDb is (cut off after|empty)"):
        decode_answer(whole[:length].replace(b'"wrb.fr"', b'"lost"'), "UpteDb")


# The page


def test_the_tokens_of_the_recorded_page_are_found_and_not_shown() -> None:
    tokens = decode_tokens(recorded("page_signed_in.html").decode())
    assert tokens.at == Secret("AT_TOKEN_PLACEHOLDER:1790000000000")
    assert tokens.email == "ada@example.com"
    assert tokens.session == Secret("-1234567890123456789")
    assert tokens.build == "boq_labs-ai-sandbox-frontend_20260922.09_p0"
    assert "PLACEHOLDER" not in repr(tokens)


@pytest.mark.parametrize(
    "written",
    [r'"SNlM0e" : "a\u003d\u0022b\/c"', r'"SNlM0e":"a\x3d\x22b/c"', r'"SNlM0e":null,"SNlM0e":"a=\"b/c"'],
)
def test_tokens_are_read_with_either_kind_of_escapes(written: str) -> None:
    tokens = decode_tokens(f'<script>{{"oPEP7c":"ada@example.com",{written},"FdrFJe":-12}}</script>')
    assert tokens.at == Secret('a="b/c')
    assert tokens.session == Secret("-12")
    assert tokens.build is None


@pytest.mark.parametrize("missing", ["SNlM0e", "oPEP7c"])
def test_a_page_without_a_token_or_an_account_is_signed_out(missing: str) -> None:
    page = recorded("page_signed_in.html").decode()
    for html in (page.replace(missing, "other"), re.sub(f'"{missing}":"[^"]*"', f'"{missing}":""', page)):
        with pytest.raises(SignedOut):
            decode_tokens(html)


# Whatever the service may send one day

JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([BOAT, "https://lh3.googleusercontent.com/asb/x", 2**70, "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)


def places_in(value: object) -> list[tuple[int, ...]]:
    if not isinstance(value, list):
        return []
    return [(i, *rest) for i, inner in enumerate(value) for rest in ((), *places_in(inner))]


def damaged(record: list[Any], data: st.DataObject) -> None:
    """Drop a slot, replace what it holds, or put a stranger before it, at up to four places."""
    for _ in range(data.draw(st.integers(1, 4))):
        *parents, index = data.draw(st.sampled_from(places_in(record) or [(0,)]))
        slots = record
        for parent in parents:
            slots = slots[parent]
        match data.draw(st.sampled_from(["drop", "alter", "insert"])):
            case "drop":
                del slots[index : index + 1]
            case "alter":
                slots[index : index + 1] = [data.draw(JUNK)]
            case _:
                slots.insert(index, data.draw(JUNK))


@given(st.data(), st.integers(0, 2))
@ANY_PACE
def test_a_record_damaged_in_any_way_costs_no_other_record(data: st.DataObject, position: int) -> None:
    payload = project_payload()
    before, after = copy.deepcopy(payload[2][0]), copy.deepcopy(payload[2][1])
    record = payload[2][position]
    damaged(record, data)
    payload[2] = [before, record, after]
    found = contents(payload)
    assert found.images[0].name == BOAT
    assert found.images[-1].name == UPLOAD
    assert len(found.images) + found.videos + len(found.skipped) == 3
    for image in found.images:
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,128}", image.name)
        assert image.fife_url is None or "/asb/" not in image.fife_url.reveal()
        assert image.created_at is None or image.created_at.tzinfo is UTC
        assert image.seed is None or -(2**63) <= image.seed < 2**63
        assert (image.prompt or "").encode() is not None
    assert all("Zzl0ze[2][1]" in reason for reason in found.skipped)


@given(st.data(), st.sampled_from(["UpteDb_projects.txt", "Zzl0ze_project_contents.txt", "as29s_image.txt"]))
@ANY_PACE
def test_an_answer_damaged_in_any_way_is_one_or_not_understood(data: st.DataObject, file: str) -> None:
    payload = recorded_payload(file, file.partition("_")[0])
    damaged(payload, data)
    for decode in (contents, projects, media):
        place = "video"
        try:
            assert decode(payload)
        except NotUnderstood as refused:
            place = refused.path
        except Refused as refused:
            place = str(refused)
        assert re.search("UpteDb|Zzl0ze|as29s|video", place)


@given(st.binary() | JUNK.map(lambda value: json.dumps([[value], ["wrb.fr", "UpteDb", value]]).encode()))
@ANY_PACE
def test_any_bytes_at_all_are_an_answer_or_a_failure_of_the_service(body: bytes) -> None:
    for line in (body, b"[[" + body, b'[["wrb.fr","UpteDb",' + body + b"]]"):
        with contextlib.suppress(FlowError):
            assert decode_answer(line, "UpteDb").path == "UpteDb"
    with contextlib.suppress(SignedOut):
        assert decode_tokens(body.decode("utf-8", "replace"))
