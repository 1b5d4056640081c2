"""Only the cells that changed go to the terminal, and what it shows then is the same."""

import gc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from benchmarks.screen.picture import Picture
from flowimg_tui.previews.marking import MARK
from flowimg_tui.tui.differences import ShownCells
from tests.tui.terminal import Terminal, demo_in

pytestmark = pytest.mark.waits

WIDTH = 40
RED, BLUE = Style(color="red"), Style(color="blue")
SEGMENTS = st.lists(st.tuples(st.text("ab…─ ", max_size=15), st.sampled_from((RED, BLUE))), max_size=4)


def line(*segments: tuple[str, Style]) -> Strip:
    return Strip([Segment(text, style) for text, style in segments]).adjust_cell_length(WIDTH)


def sent(shown: ShownCells, strip: Strip) -> str:
    """Draw the line with nothing known of what else there is to draw, and return what is sent."""
    reduced = shown.reduced(ChopsUpdate([{0: strip}], [(0, 0, WIDTH)], [[WIDTH]]))
    assert isinstance(reduced, CompositorUpdate)
    return reduced.render_segments(Console(force_terminal=True, color_system="standard"))


@given(st.lists(SEGMENTS, min_size=1, max_size=6))
def test_the_terminal_shows_each_line_as_it_is(lines: list[list[tuple[str, Style]]]) -> None:
    shown, picture = ShownCells(), Picture()
    for segments in lines:
        strip = line(*segments)
        picture.feed(sent(shown, strip))
        assert str(picture).splitlines()[0].rstrip() == strip.text.rstrip()


def test_a_line_that_is_there_already_is_not_sent() -> None:
    shown = ShownCells()
    assert "63 %" in sent(shown, line(("8d479538  63 %", RED)))
    assert sent(shown, line(("8d479538  63 %", RED))) == ""


def test_a_cell_that_changes_is_sent_alone() -> None:
    shown = ShownCells()
    sent(shown, line(("8d479538  63 %", RED)))

    assert sent(shown, line(("8d479538  64 %", RED))) == "\x1b[1;12H\x1b[31m4\x1b[0m"


def test_another_colour_is_a_change() -> None:
    shown = ShownCells()
    sent(shown, line(("✓", RED)))

    assert sent(shown, line(("✓", BLUE))) == "\x1b[1;1H\x1b[34m✓\x1b[0m"


def test_a_line_with_a_wide_character_is_drawn_as_a_whole() -> None:
    shown = ShownCells()
    sent(shown, line(("船 a", RED)))

    assert "船 b" in sent(shown, line(("船 b", RED)))
    # A wide one with a mark on it takes as many cells as it has characters.
    assert "か\u3099 a" in sent(shown, line(("か\u3099 a", RED)))
    assert "か\u3099 b" in sent(shown, line(("か\u3099 b", RED)))
    assert "boat b" in sent(shown, line(("boat b", RED)))


def test_after_the_whole_screen_was_drawn_nothing_is_taken_for_known() -> None:
    shown = ShownCells()
    strip = line(("8d479538", RED))
    sent(shown, strip)
    whole = LayoutUpdate([[strip]], Region(0, 0, WIDTH, 1))

    assert shown.reduced(whole) is whole
    assert "8d479538" in sent(shown, strip)


def test_a_line_that_was_drawn_is_no_garbage_to_be_searched_for() -> None:
    shown = ShownCells()
    gc.collect()
    gc.disable()
    try:
        for number in range(50):
            (strip,) = line((f"zz{number:06}", RED)).divide([WIDTH])
            sent(shown, strip)
        del strip
        left = [found for found in gc.get_objects() if isinstance(found, Strip) and found.text[:4] == "zz00"]
    finally:
        gc.enable()
    assert left == []


def test_a_step_of_the_cursor_sends_its_two_lines_and_its_place(tmp_path: Path) -> None:
    with Terminal(*demo_in(tmp_path)) as terminal:
        terminal.sync()
        terminal.press(b"j")
        terminal.wait_for(b"2 of 42")
        terminal.wait_for_quiet(0.5)
        before = len(terminal.seen)
        terminal.press(b"j")
        terminal.wait_for(b"3 of 42")
        terminal.wait_for_quiet(0.5)
        assert len(terminal.seen) - before < 1000


def picture(*colours: Style | None) -> Strip:
    """Return a line of blank cells, four of each of these colours; those of a colour are of a picture."""
    return Strip([Segment("    ", None if colour is None else MARK + colour) for colour in colours])


def drawn(shown: ShownCells, *lines: Strip) -> tuple[int, int]:
    """Draw the lines, and return the bytes and the number of the pictures that are sent."""
    spans = [(y, 0, strip.cell_length) for y, strip in enumerate(lines)]
    update = ChopsUpdate([{0: strip} for strip in lines], spans, [[strip.cell_length] for strip in lines])
    shown.reduced(update).render_segments(Console(force_terminal=True, color_system="standard"))
    return shown.take_drawn()


ON_RED, ON_BLUE = Style(bgcolor="red"), Style(bgcolor="blue")
CELLS = len("\x1b[41m    \x1b[0m")


def test_the_pictures_of_an_update_are_counted_and_so_is_what_is_sent_for_them() -> None:
    shown = ShownCells()
    two = (picture(ON_RED, None, ON_BLUE), picture(ON_BLUE, None, ON_BLUE), picture(ON_RED, None, None))
    assert drawn(shown, *two) == (5 * CELLS, 2)
    assert drawn(shown, *two) == (0, 0)
    # One below the other is another one, where there is something between them.
    assert drawn(ShownCells(), picture(ON_RED), picture(None), picture(ON_RED)) == (2 * CELLS, 2)


def test_a_picture_of_which_a_line_stays_is_one() -> None:
    shown = ShownCells()
    drawn(shown, picture(ON_RED), picture(ON_RED), picture(ON_RED))
    assert drawn(shown, picture(ON_BLUE), picture(ON_RED), picture(ON_BLUE)) == (2 * CELLS, 1)


def test_while_pictures_are_paused_blank_cells_stand_for_new_ones_and_all_else_is_sent() -> None:
    is_paused = False
    shown = ShownCells(lambda: is_paused)
    drawn(shown, picture(ON_RED, None, ON_BLUE))
    is_paused = True
    assert drawn(shown, picture(ON_RED, None, ON_BLUE)) == (0, 0)
    held_back = [shown.is_holding_back]
    assert drawn(shown, picture(ON_RED, RED, ON_RED)) == (0, 0)
    assert [*held_back, shown.is_holding_back] == [False, True]
    whole = shown.reduced(LayoutUpdate([[picture(ON_RED)]], Region(0, 0, 4, 1)))
    assert whole.render_segments(Console()) == "\x1b[1;1H    "
    is_paused = False
    assert drawn(shown, picture(ON_RED, None, ON_RED)) == (2 * CELLS, 2)
