"""A picture as such, in its own pixels, for terminals that can draw one."""

import itertools
import secrets
from dataclasses import dataclass
from typing import Final

from PIL import Image
from rich.segment import Segment

from flowimg_tui.previews import kitty
from flowimg_tui.previews.geometry import USUAL_CELL, Colour, Size
from flowimg_tui.previews.marking import MARK
from flowimg_tui.previews.picture import Thumbnail
from flowimg_tui.previews.protocol import Protocol
from flowimg_tui.previews.textual_images import sixel_of

_MOST_CELLS: Final = len(kitty.MARKS)
_IDS: Final = 10_000
# Another program may have left pictures of its own in the terminal.
_FIRST_ID: Final = 1 + secrets.randbelow(kitty.LARGEST_ID - _IDS)
_ids: Final = itertools.cycle(range(_FIRST_ID, _FIRST_ID + _IDS))


@dataclass(frozen=True, slots=True)
class Graphic:
    """Lines of ``width`` cells, and what draws the picture in their place."""

    lines: tuple[kitty.Line, ...]
    width: int
    upload: str = ""
    """What is sent once, before the lines are shown."""
    forget: str = ""
    """What is sent when they are shown no more."""
    overlay: str = ""
    """What is written at their upper left corner, each time that they are drawn."""


def box_of(protocol: Protocol, cells: Size, cell: Size | None) -> Size:
    """Return the pixels of so many cells of ``cell`` pixels, as far as the protocol uses them."""
    columns, rows = (min(number, _MOST_CELLS) for number in cells)
    if protocol is Protocol.SIXEL:
        columns -= 1  # behind a picture that has no last column the line goes on
    width, height = cell or USUAL_CELL
    return max(columns, 0) * width, rows * height


def draw(protocol: Protocol, thumbnail: Thumbnail, cell: Size | None, background: Colour) -> Graphic:
    """Return the thumbnail as it is. Raises ``ImportError`` for Sixel without the extra."""
    image, cells = _in_whole_cells(thumbnail.on(background), cell or USUAL_CELL, background)
    columns, rows = cells
    if protocol is Protocol.SIXEL:
        blank = (Segment(" " * columns, MARK),)
        return Graphic((blank,) * rows, columns, overlay=sixel_of(image, cells, cell))
    image_id = next(_ids)
    return Graphic(
        kitty.placeholders(image_id, cells),
        columns,
        upload=kitty.upload(image, image_id, cells),
        forget=kitty.forget(image_id),
    )


def _in_whole_cells(image: Image.Image, cell: Size, background: Colour) -> tuple[Image.Image, Size]:
    """Return the picture before as much background as makes it so many cells: nothing is distorted."""
    columns, rows = (-(-length // of_cell) for length, of_cell in zip(image.size, cell, strict=True))
    ground = Image.new("RGB", (columns * cell[0], rows * cell[1]), background)
    ground.paste(image)
    return ground, (columns, rows)
