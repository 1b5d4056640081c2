"""A thumbnail as characters: two pixels in each cell, one above the other, on any terminal with colours.

A terminal's cell is about twice as high as it is wide, so half of one is a square. Cells that look the same
and stand side by side are one segment, which names its colours once: these are what a picture costs on a slow
line. In the worst case a cell costs 43 bytes in 16 million colours, a pane of 40×20 less than 35 kB.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Final, TypeAlias

from rich.color import Color, ColorSystem
from rich.console import COLOR_SYSTEMS
from rich.segment import Segment
from rich.style import Style

from flowimg_tui.previews.geometry import Colour, Size
from flowimg_tui.previews.marking import MARK
from flowimg_tui.previews.picture import Lack, NoPicture, Thumbnail

NO_COLOUR: Final = NoPicture(Lack.NO_COLOUR, "No picture without colour.")

Line: TypeAlias = tuple[Segment, ...]

_UPPER_HALF: Final = "▀"


@dataclass(frozen=True, slots=True)
class HalfBlocks:
    """A picture in cells. Each line is ``width`` cells wide."""

    lines: tuple[Line, ...]
    width: int
    color_system: ColorSystem


def box_of(cells: Size) -> Size:
    """Return the pixels that so many cells show: a thumbnail of them is drawn as it is."""
    columns, rows = cells
    return columns, 2 * rows


def draw(
    thumbnail: Thumbnail, cells: Size, background: Colour, color_system: str | None
) -> HalfBlocks | NoPicture:
    """Return the picture in its own shape, as large as ``cells`` allow and never larger than the thumbnail.

    ``background`` is the colour of the pane, which stands behind a picture that one can see through and below
    one whose height is odd. ``color_system`` is Rich's word for the colours that the terminal has: of those
    that look the same there one is taken, so that more cells are alike. ``None`` stands for no colour.
    """
    system = COLOR_SYSTEMS.get(color_system or "")
    if system is None:
        return NO_COLOUR
    if min(cells) < 1:
        return HalfBlocks((), 0, system)
    image = thumbnail.on(background)
    width, height = box_of(cells)
    if image.width > width or image.height > height:
        image = image.copy()
        image.thumbnail((width, height))
    lines = tuple(_lines(image.tobytes(), image.width, background, system))
    return HalfBlocks(lines, image.width, system)


def _lines(pixels: bytes, width: int, background: Colour, system: ColorSystem) -> Iterator[Line]:
    shown = _shown_in(system)
    length = 3 * width
    rows = [
        [shown(colour) for colour in zip(row[::3], row[1::3], row[2::3], strict=True)]
        for row in (pixels[begin : begin + length] for begin in range(0, len(pixels), length))
    ]
    if len(rows) % 2:
        rows.append([shown(background)] * width)
    for upper, lower in zip(rows[::2], rows[1::2], strict=True):
        yield tuple(
            _segment(*cell, len(list(run)), system) for cell, run in groupby(zip(upper, lower, strict=True))
        )


def _segment(upper: Colour, lower: Colour, cells: int, system: ColorSystem) -> Segment:
    # A cell of one colour need not name it twice.
    return Segment((" " if upper == lower else _UPPER_HALF) * cells, _style(upper, lower, system))


@lru_cache(maxsize=8192)
def _style(upper: Colour, lower: Colour, system: ColorSystem) -> Style:  # noqa: ARG001
    """Return the style of a cell: one for each system, as Rich keeps in it how it is written."""
    below = Color.from_rgb(*lower)
    above = None if upper == lower else Color.from_rgb(*upper)
    return MARK + Style(color=above, bgcolor=below)


def _shown_in(system: ColorSystem) -> Callable[[Colour], Colour]:
    if system is ColorSystem.TRUECOLOR:
        return lambda colour: colour
    return lambda colour: _nearest(colour, system)


@lru_cache(maxsize=8192)
def _nearest(colour: Colour, system: ColorSystem) -> Colour:
    return Color.from_rgb(*colour).downgrade(system).get_truecolor()
