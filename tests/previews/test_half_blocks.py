"""A picture in half blocks: the right colours in the right cells, and few bytes on the line."""

import io
from collections.abc import Callable

import pytest
from PIL import Image
from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, Console
from rich.segment import Segment, Segments
from rich.style import Style
from textual.strip import Strip

from flowimg_tui.previews.geometry import Colour, Size
from flowimg_tui.previews.half_blocks import NO_COLOUR, HalfBlocks, box_of, draw
from flowimg_tui.previews.picture import Lack, Thumbnail
from flowimg_tui.tui.picture_cells import cost_of
from tests.previews.samples import BLUE, GREEN, RED, YELLOW, quarters

BLACK = (0, 0, 0)
PANE = (40, 20)
MOST_BYTES = 40_000


def drawn(
    image: Image.Image, cells: Size = PANE, background: Colour = BLACK, color_system: str = "truecolor"
) -> HalfBlocks:
    blocks = draw(Thumbnail(image, image.size), cells, background, color_system)
    assert isinstance(blocks, HalfBlocks)
    return blocks


def cost(blocks: HalfBlocks) -> int:
    """Return the bytes that the terminal is sent for the picture."""
    name = next(name for name, system in COLOR_SYSTEMS.items() if system is blocks.color_system)
    console = Console(color_system=name, _environ={})  # type: ignore[arg-type]
    return sum(cost_of(Strip(line), console) for line in blocks.lines)


def halves(blocks: HalfBlocks) -> list[list[tuple[Colour, Colour]]]:
    """Of each cell its upper and its lower colour, as a terminal shows it."""

    def colours(style: Style | None, text: str) -> tuple[Colour, Colour]:
        assert style is not None
        assert style.bgcolor is not None
        lower = style.bgcolor.get_truecolor()
        if text == " ":
            return lower, lower
        assert text == "▀"
        assert style.color is not None
        return style.color.get_truecolor(), lower

    return [[colours(style, text[0]) for text, style, _ in line for _ in text] for line in blocks.lines]


def picture_of(blocks: HalfBlocks) -> Image.Image:
    rows = [row for line in halves(blocks) for row in zip(*line, strict=True)]
    data = bytes(value for row in rows for colour in row for value in colour)
    return Image.frombytes("RGB", (blocks.width, len(rows)), data)


def noise(size: Size) -> Image.Image:
    """A picture in which no pixel is like another, in colours of three digits: nothing costs more."""
    bands = [Image.effect_noise(size, 60).point(lambda value: 100 + value * 155 // 255) for _ in "RGB"]
    return Image.merge("RGB", bands)


def test_each_cell_shows_two_pixels_one_above_the_other() -> None:
    blocks = drawn(quarters((4, 4)), (4, 2))
    assert halves(blocks) == [
        [(RED, RED)] * 2 + [(GREEN, GREEN)] * 2,
        [(BLUE, BLUE)] * 2 + [(YELLOW, YELLOW)] * 2,
    ]
    assert halves(drawn(quarters((2, 2)))) == [[(RED, BLUE), (GREEN, YELLOW)]]


@pytest.mark.parametrize("size", [(40, 40), (17, 31), (1, 1), (40, 1), (1, 40)])
def test_what_fits_is_shown_pixel_by_pixel(size: Size) -> None:
    image = noise(size)
    seen = picture_of(drawn(image))
    assert seen.crop((0, 0, *size)).tobytes() == image.tobytes()
    assert seen.height == size[1] + size[1] % 2


def test_a_thumbnail_of_the_box_fills_the_cells() -> None:
    assert box_of(PANE) == (40, 40)
    blocks = drawn(noise(box_of(PANE)))
    assert (blocks.width, len(blocks.lines)) == PANE


@pytest.mark.parametrize(
    ("size", "cells", "expected"),
    [
        ((320, 320), (40, 20), (40, 20)),
        ((320, 180), (40, 20), (40, 12)),
        ((180, 320), (40, 20), (22, 20)),
        ((320, 320), (3, 20), (3, 2)),
        ((320, 2), (40, 20), (40, 1)),
    ],
)
def test_a_larger_picture_keeps_its_shape(size: Size, cells: Size, expected: Size) -> None:
    image = noise(size)
    blocks = drawn(image, cells)
    assert (blocks.width, len(blocks.lines)) == expected
    assert image.size == size


@pytest.mark.parametrize("cells", [(0, 0), (0, 20), (40, 0), (-1, 5)])
def test_in_a_pane_without_room_there_is_nothing(cells: Size) -> None:
    assert drawn(quarters(), cells).lines == ()


def test_every_line_is_as_wide_as_the_picture() -> None:
    blocks = drawn(noise((33, 21)))
    assert {sum(segment.cell_length for segment in line) for line in blocks.lines} == {33}


def test_below_a_picture_of_odd_height_and_through_it_one_sees_the_pane() -> None:
    assert halves(drawn(Image.new("RGB", (1, 1), RED), background=BLUE)) == [[(RED, BLUE)]]
    glass = Image.new("RGBA", (1, 2), (255, 0, 0, 0))
    assert halves(drawn(glass, background=GREEN)) == [[(GREEN, GREEN)]]


# What it costs


def test_cells_that_look_the_same_are_sent_as_one() -> None:
    blocks = drawn(quarters((40, 40)))
    assert [len(line) for line in blocks.lines] == [2] * 20
    assert {text for line in blocks.lines for text, *_ in line} == {" " * 20}


@pytest.mark.parametrize("color_system", ["truecolor", "256", "standard"])
@pytest.mark.parametrize("make", [noise, quarters], ids=["noise", "quarters"])
def test_the_cost_is_that_of_the_bytes_that_are_sent(
    color_system: str, make: Callable[[Size], Image.Image]
) -> None:
    blocks = drawn(make((40, 40)), color_system=color_system)
    console = Console(
        file=io.StringIO(),
        color_system=color_system,  # type: ignore[arg-type]
        force_terminal=True,
        width=200,
        legacy_windows=False,
        _environ={},
    )
    with console.capture() as capture:
        for line in blocks.lines:
            console.print(Segments([*line, Segment("\n")]), end="")
    sent = len(capture.get().replace("\n", "").encode())
    assert cost(blocks) == sent


def test_a_pane_of_40_by_20_costs_at_most_40_kb() -> None:
    truecolor, fewer = (cost(drawn(noise((40, 40)), color_system=system)) for system in ("truecolor", "256"))
    assert 30_000 < truecolor < MOST_BYTES
    assert fewer < 0.7 * truecolor


def test_in_256_colours_what_looks_the_same_is_the_same() -> None:
    image = Image.new("RGB", (40, 40), (200, 30, 30))
    image.putdata([(200 + x % 3, 30, 30) for x in range(1600)])
    assert cost(drawn(image, color_system="truecolor")) > 10 * cost(drawn(image, color_system="256"))


def test_the_cost_in_one_kind_of_colours_says_nothing_of_the_other() -> None:
    image = noise((40, 40))
    before = cost(drawn(image, color_system="256"))
    cost(drawn(image, color_system="truecolor"))
    assert cost(drawn(image, color_system="256")) == before


# No colour


@pytest.mark.parametrize("color_system", [None, ""])
def test_without_colour_there_is_no_picture_and_it_is_said(color_system: str | None) -> None:
    outcome = draw(Thumbnail(quarters(), (64, 32)), PANE, BLACK, color_system)
    assert outcome is NO_COLOUR
    assert (NO_COLOUR.lack, NO_COLOUR.sentence) == (Lack.NO_COLOUR, "No picture without colour.")


def test_it_knows_the_colours_that_a_console_names() -> None:
    systems = [drawn(quarters(), color_system=name).color_system for name in ("truecolor", "256", "standard")]
    assert systems == [ColorSystem.TRUECOLOR, ColorSystem.EIGHT_BIT, ColorSystem.STANDARD]
