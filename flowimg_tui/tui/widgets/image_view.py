"""Images of a gallery of any length, with a cursor: read from the store are only those that are shown."""

import builtins
from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Iterable, Set
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, Protocol

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import Reactive, reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from flowimg_tui.mirror.progress import Transfer
from flowimg_tui.store.database import StoreError
from flowimg_tui.store.finding import NEWEST_FIRST, Order, SortKey
from flowimg_tui.store.records import ImageRecord
from flowimg_tui.tui.messages import StoreFailed
from flowimg_tui.tui.widgets.image_columns import Cell, Row
from flowimg_tui.tui.widgets.titled import TitledWidget

_PAGE_ROWS: Final = 128
_PAGES_KEPT: Final = 16


class ImageRows(Protocol):
    """Where the images come from; all of it is quick at any size of the gallery.

    What reads raises :class:`StoreError`.
    """

    @property
    def count(self) -> int:
        """How many rows there are."""

    def window(self, offset: int, limit: int) -> list[ImageRecord]:
        """Return the rows from an offset on, at most so many."""

    def position(self, image_id: int) -> int | None:
        """Return how many rows stand before this image's, or ``None`` where it has none."""


class ImageView(ScrollView, TitledWidget, can_focus=True):
    """A list of images with a cursor. How many stand side by side, and how high, its kinds decide.

    A row is an image's place in the list, a line is what stands side by side; both are counted from 0.
    """

    COMPONENT_CLASSES = {
        "table--header",
        "table--sorted",
        "table--cursor",
        "table--text",
        "table--dim",
        "table--saved",
        "table--running",
        "table--waiting",
        "table--failed",
    }
    BINDINGS = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "A page up", show=False),
        Binding("pagedown", "page(1)", "A page down", show=False),
        Binding("ctrl+u", "half_page(-1)", "Half a page up", show=False),
        Binding("ctrl+d", "half_page(1)", "Half a page down", show=False),
        Binding("home,g", "top", "First image", show=False),
        Binding("end,G", "bottom", "Last image", show=False),
    ]

    cursor: reactive[int] = reactive(0, repaint=False)
    """The row that the cursor stands on, from 0."""

    virtual_size = Reactive(Size(0, 0))
    """Without Textual's ``layout``: the widget is where it was, however many rows it has."""

    @dataclass
    class CursorMoved(Message):
        """The cursor stands on another row."""

        row: int

    class CurrentChanged(Message):
        """In the cursor's row may stand another image, or something became of the one that does."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._source: ImageRows | None = None
        self._order = NEWEST_FIRST
        self._selected: Set[int] = frozenset()
        self._output = PurePath()
        self._count = 0
        self._hint = ""
        self._pages: OrderedDict[int, list[ImageRecord]] = OrderedDict()
        self._rows_by_id: dict[int, int] = {}
        self._transfers: dict[int, Transfer] = {}
        self._range_from: int | None = None
        self._lines_in_sight = 0

    # What its kinds decide

    _header_lines = 0
    """How many lines of the screen stand above the first image."""

    @property
    def _columns(self) -> int:
        """How many images stand side by side."""
        return 1

    @property
    def _line_height(self) -> int:
        """How many lines of the screen an image takes."""
        return 1

    @property
    @abstractmethod
    def sort_keys(self) -> list[SortKey]:
        """What it can be sorted by, from left to right."""

    def _region_of(self, row: int) -> Region:
        """Return where an image stands, as seen from the content; it need not be in sight."""
        return Region(0, self._line_of(row), self.size.width, self._line_height)

    # What is shown

    @property
    def count(self) -> int:
        """How many rows there are."""
        return self._count

    def show(self, output: PurePath, selected: Set[int]) -> None:
        """Show another gallery: nothing of it yet, then what :meth:`replace` brings.

        Rows of ``selected`` ids have a mark; who changes them calls :meth:`refresh`.
        """
        self._output, self._selected = output, selected
        self._transfers = {}
        self._take(None, NEWEST_FIRST, "")
        self._to_the_top()

    def replace(
        self, source: ImageRows | None, order: Order, hint: str, *, stay_at_row: bool = False
    ) -> None:
        """Show other rows of the same gallery; the cursor stays on its image, at its height.

        Where that image has gone, the cursor goes to the top, or with ``stay_at_row`` it stays where it is.
        At the top it stays there: who looks at the newest images wants to see those that come. ``hint``
        stands where there is no row.
        """
        is_at_the_top = not self.cursor and not self.scroll_offset.y and self._range_from is None
        anchor = None if is_at_the_top else self.image_at(self.cursor)
        begin = None if self._range_from is None else self.image_at(self._range_from)
        height = self._line_with(self.cursor) - self._top
        self._take(source, order, hint)
        row = self._position(anchor)
        if row is not None:
            self.cursor = row
            self._scroll_to_line(self._line_with(self.cursor) - height)
        elif stay_at_row:
            self.cursor = min(self.cursor, max(self._count - 1, 0))
        else:
            self._to_the_top()
        self._range_from = self._position(begin)
        self.refresh()

    def continue_from(self, other: "ImageView") -> None:
        """Show what ``other`` shows, in its state, which thereby is empty."""
        self._output, self._selected, self._transfers = other._output, other._selected, other._transfers
        cursor, begin = other.cursor, other._range_from
        self._take(other._source, other._order, other._hint)
        self.cursor, self._range_from = cursor, begin
        self._bring_into_sight(cursor)
        self.refresh()
        other._take(None, NEWEST_FIRST, "")

    def holds(self, image_id: int) -> bool:
        """Tell whether the image is among the rows that have been read."""
        return image_id in self._rows_by_id

    def show_image(self, image: ImageRecord) -> None:
        """Show what became of one image; nothing else is drawn again."""
        row = self._rows_by_id.get(image.id)
        if row is not None:
            page, index = divmod(row, _PAGE_ROWS)
            self._pages[page][index] = image
            self._refresh_row(row)
            if row == self.cursor:
                self.post_message(self.CurrentChanged())

    def read_again(self) -> None:
        """Read what is in sight again: something may have become of it. Only what changed is drawn again."""
        rows = self._rows_in_sight
        before = [self.image_at(row) for row in rows]
        self._pages.clear()
        self._rows_by_id.clear()
        for row, image in zip(rows, before, strict=True):
            if self.image_at(row) != image:
                self._refresh_row(row)
                if row == self.cursor:
                    self.post_message(self.CurrentChanged())

    def show_transfers(self, transfers: Iterable[Transfer]) -> None:
        """Show what is on its way now; only images whose transfer changed are drawn again."""
        before, self._transfers = self._transfers, {transfer.image_id: transfer for transfer in transfers}
        for image_id in before.keys() | self._transfers.keys():
            row = self._rows_by_id.get(image_id)
            if row is not None and before.get(image_id) != self._transfers.get(image_id):
                self._refresh_row(row)

    def transfer_of(self, image_id: int) -> Transfer | None:
        """Return how far the transfer of an image is, where it has one."""
        return self._transfers.get(image_id)

    def image_at(self, row: int) -> ImageRecord | None:
        """Return the image in this row."""
        if self._source is None or not 0 <= row < self._count:
            return None
        number, index = divmod(row, _PAGE_ROWS)
        page = self._pages.get(number)
        if page is None:
            page = self._pages[number] = self._read(self._source, number)
            self._rows_by_id |= {image.id: number * _PAGE_ROWS + at for at, image in enumerate(page)}
            self._drop_oldest_page()
        self._pages.move_to_end(number)
        return page[index] if index < len(page) else None

    # A range of rows

    @property
    def range(self) -> range | None:
        """The rows from where the range began to the cursor, while there is one."""
        if self._range_from is None:
            return None
        first, last = sorted((self._range_from, self.cursor))
        return range(first, last + 1)

    def begin_range(self) -> None:
        """Mark all rows from the cursor to where it goes, until :meth:`end_range`."""
        self._range_from = self.cursor
        self._refresh_row(self.cursor)

    def end_range(self) -> None:
        self._range_from = None
        self.refresh()

    # Drawing

    def _row_of(self, row: int, image: ImageRecord) -> Row:
        """Return an image with all that is to be drawn of it."""
        # A picture that is here is here, though the board may still hold its transfer for a moment.
        transfer = None if image.local_path else self._transfers.get(image.id)
        selected = image.id in self._selected or row in (self.range or ())
        return Row(image, transfer, self._output, selected)

    def _hint_strip(self, y: int) -> Strip:
        """Return a line of the screen where there is no row."""
        hint = f"  {self._hint}" if y == self._header_lines + 1 else ""
        return self._strip([Segment(hint, self.get_component_rich_style("table--dim"))])

    def _segments(self, cells: Iterable[Cell]) -> list[Segment]:
        return [Segment(cell.text, self.get_component_rich_style(cell.component)) for cell in cells]

    def _strip(self, segments: list[Segment], behind: Color | None = None) -> Strip:
        """Return a line of the full width, on the widget's own background or the one ``behind``."""
        # Textual keeps this style; ``rich_style`` it works out anew for each line, which took half the time.
        strip = Strip(segments).adjust_cell_length(self.size.width, self.visual_style.rich_style)
        if behind is None:
            return strip
        style = Style(bgcolor=behind, reverse=self.app.no_color or None)
        return Strip(Segment.apply_style(strip, post_style=style), strip.cell_length)

    def _refresh_row(self, row: int) -> None:
        content = Region(0, self._header_lines, self.size.width, self.size.height - self._header_lines)
        seen = self._region_of(row).intersection(content)
        if seen:
            self.refresh(seen)

    # Rows

    def _take(self, source: ImageRows | None, order: Order, hint: str) -> None:
        self._source, self._order, self._hint = source, order, hint
        self._range_from = None
        self._pages.clear()
        self._rows_by_id.clear()
        self._count = 0 if source is None else source.count
        self._measure()
        self.post_message(self.CurrentChanged())

    def _read(self, source: ImageRows, number: int) -> list[ImageRecord]:
        """Return a page of rows. One that cannot be read stays empty until other rows are shown."""
        try:
            return source.window(number * _PAGE_ROWS, _PAGE_ROWS)
        except StoreError as error:
            self.post_message(StoreFailed(error))
            return []

    def _position(self, image: ImageRecord | None) -> int | None:
        """Return the row of an image, where it has one."""
        if image is None or self._source is None:
            return None
        try:
            return self._source.position(image.id)
        except StoreError as error:
            self.post_message(StoreFailed(error))
            return None

    def _drop_oldest_page(self) -> None:
        if len(self._pages) > _PAGES_KEPT:
            _, dropped = self._pages.popitem(last=False)
            for image in dropped:
                self._rows_by_id.pop(image.id, None)

    # Lines

    def _line_with(self, row: int) -> int:
        """Return the line in which a row stands, among all lines."""
        return row // self._columns

    def _line_of(self, row: int) -> int:
        """Return the line of the screen at which a row begins, as seen from the content."""
        return self._header_lines + self._line_with(row) * self._line_height - self.scroll_offset.y

    @property
    def _top(self) -> int:
        """The first line that is in sight."""
        return self.scroll_offset.y // self._line_height

    @property
    def _visible_lines(self) -> int:
        """How many lines of images are in sight as a whole, at least one."""
        room = self.scrollable_content_region.height - self._header_lines
        return max(room // self._line_height, 1)

    @property
    def _last_visible_line(self) -> int:
        return self._top + self._visible_lines - 1

    @property
    def _rows_in_sight(self) -> builtins.range:
        behind = (self._last_visible_line + 1) * self._columns
        return range(min(self._top * self._columns, self._count), min(behind, self._count))

    def _measure(self) -> None:
        """Take as much room to scroll in as there are lines, so that the last one ends a page."""
        lines = -(-self._count // self._columns)
        region = self.scrollable_content_region
        rest = max(region.height, self._line_height) - self._visible_lines * self._line_height
        self.virtual_size = Size(region.width, lines * self._line_height + max(rest, self._header_lines))

    def watch_virtual_size(self, size: Size) -> None:
        # It lays out the screen where the scroll bar comes or goes. Textual has no public place for this.
        self._scroll_update(size)

    def _scroll_to_line(self, line: int) -> None:
        self.scroll_to(y=line * self._line_height, animate=False, force=True)

    def _to_the_top(self) -> None:
        self.cursor = 0
        self.scroll_home(animate=False)
        self.refresh()

    def _bring_into_sight(self, row: int) -> None:
        """Scroll no further than it takes."""
        line = self._line_with(row)
        if line < self._top:
            self._scroll_to_line(line)
        elif line > self._last_visible_line:
            self._scroll_to_line(line - self._visible_lines + 1)

    # The cursor

    def validate_cursor(self, row: int) -> int:
        return max(min(row, self._count - 1), 0)

    def watch_cursor(self, before: int, after: int) -> None:
        if self._range_from is None:
            self._refresh_row(before)
            self._refresh_row(after)
        else:
            first, last = sorted((before, after))
            in_sight = self._rows_in_sight
            for row in range(max(first, in_sight.start), min(last + 1, in_sight.stop)):
                self._refresh_row(row)
        self._bring_into_sight(after)
        self.post_message(self.CursorMoved(after))

    def on_resize(self) -> None:
        """Keep the cursor in sight where a pane unfolds and leaves fewer rows."""
        before, self._lines_in_sight = self._lines_in_sight, self._visible_lines
        if self._last_visible_line < self._line_with(self.cursor) < self._top + before:
            self._bring_into_sight(self.cursor)

    def action_step(self, rows: int) -> None:
        """Move the cursor by so many images."""
        self.cursor += rows

    def action_move(self, lines: int) -> None:
        """Move the cursor by so many lines, in its column where there is an image."""
        line, column = divmod(self.cursor, self._columns)
        line = min(max(line + lines, 0), self._line_with(max(self._count - 1, 0)))
        self.cursor = line * self._columns + column

    def action_page(self, direction: int) -> None:
        self.action_move(direction * self._visible_lines)

    def action_half_page(self, direction: int) -> None:
        self.action_move(direction * max(self._visible_lines // 2, 1))

    def action_top(self) -> None:
        self.cursor = 0

    def action_bottom(self) -> None:
        self.cursor = self._count - 1
