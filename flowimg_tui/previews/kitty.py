"""A picture in kitty's protocol: sent once, and then shown wherever its placeholder characters stand.

The placeholders are text in a colour that names the picture. They go through Textual's layout as any other
text does, so that a dialog may stand before a picture, and what scrolls takes it along.

Source: kitty's graphics protocol, "Unicode placeholders" and "Transferring pixel data".
"""

import io
from base64 import standard_b64encode
from collections.abc import Iterator
from typing import Final

from PIL import Image
from rich.color import Color
from rich.segment import Segment
from rich.style import Style

from flowimg_tui.previews.geometry import Size
from flowimg_tui.previews.marking import MARK

Line = tuple[Segment, ...]

LARGEST_ID: Final = 0xFFFFFF
"""An id is the red, green and blue of a colour."""
_PLACEHOLDER: Final = "\U0010eeee"
_CHUNK: Final = 4096
# The marks on a placeholder that stand for its row and its column, from 0 on.
_MARKS: Final = """
305 30d-30e 310 312 33d-33f 346 34a-34c 350-352 357 35b 363-36f 483-487 592-595 597-599 59c-5a1
5a8-5a9 5ab-5ac 5af 5c4 610-617 657-65b 65d-65e 6d6-6dc 6df-6e2 6e4 6e7-6e8 6eb-6ec 730 732-733
735-736 73a 73d 73f-741 743 745 747 749-74a 7eb-7f1 7f3 816-819 81b-823 825-827 829-82d 951 953-954
f82-f83 f86-f87 135d-135f 17dd 193a 1a17 1a75-1a7c 1b6b 1b6d-1b73 1cd0-1cd2 1cda-1cdb 1ce0 1dc0-1dc1
1dc3-1dc9 1dcb-1dcc 1dd1-1de6 1dfe 20d0-20d1 20d4-20d7 20db-20dc 20e1 20e7 20e9 20f0 2cef-2cf1
2de0-2dff a66f a67c-a67d a6f0-a6f1 a8e0-a8f1 aab0 aab2-aab3 aab7-aab8 aabe-aabf aac1 fe20-fe26 10a0f
10a38 1d185-1d189 1d1aa-1d1ad 1d242-1d244
"""


def _marks() -> Iterator[str]:
    for span in _MARKS.split():
        first, _, last = span.partition("-")
        yield from map(chr, range(int(first, 16), int(last or first, 16) + 1))


MARKS: Final = tuple(_marks())
"""No picture has more rows or columns."""


def upload(image: Image.Image, image_id: int, cells: Size) -> str:
    """Return what gives the terminal the picture, to be shown in so many columns and rows."""
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    data = standard_b64encode(file.getvalue()).decode()
    chunks = [data[begin : begin + _CHUNK] for begin in range(0, len(data), _CHUNK)]
    columns, rows = cells
    keys = f"a=T,U=1,f=100,i={image_id},c={columns},r={rows},q=2,"
    parts = []
    for chunk in chunks:
        parts.append(f"\x1b_G{keys}m={int(chunk is not chunks[-1])};{chunk}\x1b\\")
        keys = "q=2,"
    return "".join(parts)


def forget(image_id: int) -> str:
    """Return what has the terminal forget the picture."""
    return f"\x1b_Ga=d,d=I,i={image_id},q=2\x1b\\"


def placeholders(image_id: int, cells: Size) -> tuple[Line, ...]:
    """Return the lines of text in whose place the picture is seen."""
    columns, rows = cells
    style = MARK + Style(color=Color.from_rgb(image_id >> 16, image_id >> 8 & 255, image_id & 255))
    return tuple(
        (Segment("".join(f"{_PLACEHOLDER}{MARKS[row]}{MARKS[column]}" for column in range(columns)), style),)
        for row in range(rows)
    )
