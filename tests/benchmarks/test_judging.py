"""The bytes of a file tell what a downloader has left, and with its exit code whether that is right."""

import pytest

from benchmarks.faults.judging import Found, Picture, found, is_right

KEY = "8d479538"
OLD = b"\xff\xd8\xff\xe0" + bytes(range(1, 200)) + b"\xff\xd9"
NEW = b"\xff\xd8\xff\xe0" + bytes(range(199, 0, -1)) + b"\xff\xd9"
OTHER = b"\xff\xd8\xff\xe1 a picture of somebody else \xff\xd9"
PICTURE = Picture(KEY, "jpg", (OLD, NEW), (OTHER,))


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (OLD, "whole"),
        (NEW, "whole"),
        (b"", "empty"),
        (OLD[:100], "half at the final name"),
        (OLD[:-1], "half at the final name"),
        (OTHER[:20], "half at the final name"),
        (OLD[:100] + NEW[100:], "spliced"),
        (NEW[:20] + OLD[20:], "spliced"),
        (OTHER, "another picture"),
        (OLD[:100] + OLD, "damaged"),
        (OLD[:50] + bytes(len(OLD) - 50), "damaged"),
        (b'\n<!DOCTYPE html><html lang="en">', "a web page"),
        (b"<HTML><HEAD>", "a web page"),
        (b'{"error": {"code": 404}}', "an error message"),
        (b"<?xml version='1.0'?><Error/>", "an error message"),
        (b"\x00\x01 not known", "something else"),
    ],
)
def test_bytes_under_the_final_name_are_told_by_a_word(data: bytes, word: str) -> None:
    assert found({f"{KEY}.jpg": data}, PICTURE) == word


@pytest.mark.parametrize(
    ("files", "word"),
    [
        ({}, "nothing"),
        ({"somebody-elses.jpg": OLD}, "nothing"),
        ({f"{KEY}.jpg.part": OLD[:9]}, "a marked partial"),
        ({f".{KEY}.demo.1.part": OLD[:9]}, "a marked partial"),
        ({f"{KEY}.jpg.aria2": b"\x00\x01"}, "a marked partial"),
        ({f"{KEY}.jpg": OLD, f".{KEY}.demo.1.part": OLD[:9]}, "whole"),
        (
            {f"{KEY}.jpg": OLD[:9], f"{KEY}.jpg.aria2": b"\x00\x01"},
            "half at the final name, .aria2 beside it",
        ),
        ({f"{KEY}.png": OLD}, "wrong extension"),
        ({f"{KEY}?Expires=1&Signature=a.b": OLD}, "whole"),
        ({f"{KEY}.png?Expires=1&Signature=a.jpg": OLD}, "wrong extension"),
        ({f"{KEY}.jpg": OLD, f"{KEY}-2.jpg": NEW}, "whole"),
        ({f"{KEY}.jpg": OLD, f"{KEY}.1.jpg": b""}, "empty"),
    ],
)
def test_the_names_of_the_files_tell_what_is_final(files: dict[str, bytes], word: str) -> None:
    assert found(files, PICTURE) == word


@pytest.mark.parametrize(
    ("codes", "pictures", "right"),
    [
        ((0,), [Found.WHOLE], True),
        ((0,), [Found.NOTHING], False),
        ((0,), [Found.HALF], False),
        ((4,), [Found.NOTHING], True),
        ((4,), [Found.PARTIAL], True),
        ((-9,), [Found.PARTIAL], True),
        ((4,), [Found.HALF], False),
        ((4,), [Found.HALF_BESIDE_ARIA2], False),
        ((4,), [Found.WHOLE], False),
        ((0, 5), [Found.WHOLE], True),
        ((0, 5), [Found.NOTHING], False),
        ((5, 4), [Found.NOTHING], True),
        ((None,), [Found.NOTHING], False),
        ((0,), [Found.WHOLE, Found.NOTHING], False),
        ((4,), [Found.WHOLE, Found.NOTHING], True),
        ((4,), [Found.EMPTY, Found.NOTHING], False),
    ],
)
def test_it_is_right_that_all_is_whole_or_that_the_exit_code_owns_up(
    codes: tuple[int | None, ...], pictures: list[Found], right: bool
) -> None:
    assert is_right(codes, pictures) is right
