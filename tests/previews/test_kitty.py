"""What kitty's protocol is sent, read back as a terminal reads it."""

import io
import re
from base64 import standard_b64decode

import pytest
from PIL import Image
from rich.cells import cell_len

from flowimg_tui.previews import kitty
from tests.previews.samples import quarters

COMMAND = re.compile("\x1b_G([^;\x1b]*)(?:;([^\x1b]*))?\x1b\\\\")


def received(sent: str) -> tuple[dict[str, str], Image.Image]:
    """Return the keys of the first command, and the picture that all of them bring."""
    commands = COMMAND.findall(sent)
    assert "".join(match.group() for match in COMMAND.finditer(sent)) == sent
    keys = [dict(pair.split("=") for pair in given.split(",")) for given, _ in commands]
    assert [each["m"] for each in keys] == ["1"] * (len(keys) - 1) + ["0"]
    assert all(len(data) <= 4096 for _, data in commands)
    data = standard_b64decode("".join(data for _, data in commands))
    return keys[0], Image.open(io.BytesIO(data))


@pytest.mark.parametrize("side", [4, 300])
def test_the_terminal_gets_the_picture_as_it_is(side: int) -> None:
    image = Image.effect_noise((side, side), 90).convert("RGB")
    keys, picture = received(kitty.upload(image, 77, (9, 5)))
    assert picture.convert("RGB").tobytes() == image.tobytes()
    assert keys == {"a": "T", "U": "1", "f": "100", "i": "77", "c": "9", "r": "5", "q": "2", "m": keys["m"]}


def test_each_cell_names_the_picture_its_row_and_its_column() -> None:
    lines = kitty.placeholders(0x0A0B0C, (7, 3))
    assert len(lines) == 3
    for row, (segment,) in enumerate(lines):
        assert cell_len(segment.text) == 7
        assert segment.style is not None
        assert segment.style.color is not None
        assert segment.style.color.get_truecolor() == (0x0A, 0x0B, 0x0C)
        cells = re.findall("\U0010eeee(.)(.)", segment.text)
        assert cells == [(kitty.MARKS[row], kitty.MARKS[column]) for column in range(7)]


def test_the_marks_are_those_of_the_protocol() -> None:
    assert len(kitty.MARKS) == 297
    assert len(set(kitty.MARKS)) == 297
    assert (kitty.MARKS[0], kitty.MARKS[1], kitty.MARKS[296]) == ("\u0305", "\u030d", "\U0001d244")


def test_a_picture_that_is_seen_no_more_is_forgotten_with_its_pixels() -> None:
    assert kitty.forget(77) == "\x1b_Ga=d,d=I,i=77,q=2\x1b\\"


def test_a_picture_of_one_colour_is_sent_in_one_piece() -> None:
    keys, picture = received(kitty.upload(quarters(), 1, (2, 1)))
    assert keys["m"] == "0"
    assert picture.size == quarters().size
