"""The gallery as a table of any length: it reads from the store only what it shows."""

from collections import OrderedDict
from collections.abc import Iterable, Set
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, Protocol

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual import events
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
from flowimg_tui.tui.widgets.image_columns import Cell, Row, header_cells, key_at, keys_for, row_cells
from flowimg_tui.tui.widgets.titled import TitledWidget

_PAGE_ROWS: Final = 128
_PAGES_KEPT: Final = 16
_HEADER_LINES: Final = 1


class ImageRows(Protocol):
    """Where the table's rows come from; all of it is quick at any size of the gallery.

    What reads raises :class:`StoreError`.
    """

    @property
    def count(self) -> int:
        """How many rows there are."""

    def window(self, offset: int, limit: int) -> list[ImageRecord]:
        """Return the rows from an offset on, at most so many."""

    def position(self, image_id: int) -> int | None:
        """Return how many rows stand before this image's, or ``None`` where it has none."""


class ImageTable(ScrollView, TitledWidget, can_focus=True):
    """A list of images with a cursor, drawn line by line from windows of a query."""

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
    """Without Textual's ``layout``: the table is where it was, however many rows it has."""

    @dataclass
    class CursorMoved(Message):
        """The cursor stands on another row."""

        row: int

    class CurrentChanged(Message):
        """In the cursor's row may stand another image, or something became of the one that does."""

    @dataclass
    class TitleClicked(Message):
        """Somebody clicked on the title of a column."""

        key: SortKey

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
        self._rows_in_sight = 0

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
        height = self.cursor - self.scroll_offset.y
        self._take(source, order, hint)
        row = self._position(anchor)
        if row is not None:
            self.cursor = row
            self.scroll_to(y=self.cursor - height, animate=False, force=True)
        elif stay_at_row:
            self.cursor = min(self.cursor, max(self._count - 1, 0))
        else:
            self._to_the_top()
        self._range_from = self._position(begin)
        self.refresh()

    def holds(self, image_id: int) -> bool:
        """Tell whether the image is among the rows that the table has read."""
        return image_id in self._rows_by_id

    def show_image(self, image: ImageRecord) -> None:
        """Show what became of one image; only its line is drawn again."""
        row = self._rows_by_id.get(image.id)
        if row is not None:
            page, index = divmod(row, _PAGE_ROWS)
            self._pages[page][index] = image
            self._refresh_row(row)
            if row == self.cursor:
                self.post_message(self.CurrentChanged())

    def read_again(self) -> None:
        """Read what is in sight again: something may have become of it. Only what changed is drawn again."""
        rows = range(self.scroll_offset.y, min(self._last_visible_row + 1, self._count))
        before = [self.image_at(row) for row in rows]
        self._pages.clear()
        self._rows_by_id.clear()
        for row, image in zip(rows, before, strict=True):
            if self.image_at(row) != image:
                self._refresh_row(row)
                if row == self.cursor:
                    self.post_message(self.CurrentChanged())

    def show_transfers(self, transfers: Iterable[Transfer]) -> None:
        """Show what is on its way now; only lines of images whose transfer changed are drawn again."""
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

    @property
    def sort_keys(self) -> list[SortKey]:
        """The columns that are shown, from left to right."""
        return keys_for(self.scrollable_content_region.width)

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

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        if y < _HEADER_LINES:
            return self._strip(self._segments(header_cells(width, self._order)))
        if not self._count:
            hint = f"  {self._hint}" if y == _HEADER_LINES + 1 else ""
            return self._strip([Segment(hint, self.get_component_rich_style("table--dim"))])
        row = y - _HEADER_LINES + self.scroll_offset.y
        image = self.image_at(row)
        if image is None:
            return self._strip([])
        # A picture that is here is here, though the board may still hold its transfer for a moment.
        transfer = None if image.local_path else self._transfers.get(image.id)
        selected = image.id in self._selected or row in (self.range or ())
        cells = row_cells(Row(image, transfer, self._output, selected), width)
        behind = self.get_component_rich_style("table--cursor").bgcolor if row == self.cursor else None
        return self._strip(self._segments(cells), behind)

    def _segments(self, cells: Iterable[Cell]) -> list[Segment]:
        return [Segment(cell.text, self.get_component_rich_style(cell.component)) for cell in cells]

    def _strip(self, segments: list[Segment], behind: Color | None = None) -> Strip:
        """Return a line of the table's width, on the table's own background or the one ``behind``."""
        # Textual keeps this style; ``rich_style`` it works out anew for each line, which took half the time.
        strip = Strip(segments).adjust_cell_length(self.size.width, self.visual_style.rich_style)
        if behind is None:
            return strip
        return Strip(Segment.apply_style(strip, post_style=Style(bgcolor=behind)), strip.cell_length)

    def _refresh_row(self, row: int) -> None:
        line = row - self.scroll_offset.y + _HEADER_LINES
        if _HEADER_LINES <= line < self.size.height:
            self.refresh(Region(0, line, self.size.width, 1))

    # Rows

    def _take(self, source: ImageRows | None, order: Order, hint: str) -> None:
        self._source, self._order, self._hint = source, order, hint
        self._range_from = None
        self._pages.clear()
        self._rows_by_id.clear()
        self._count = 0 if source is None else source.count
        self.virtual_size = Size(self.scrollable_content_region.width, self._count + _HEADER_LINES)
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

    def watch_virtual_size(self, size: Size) -> None:
        # It lays out the screen where the scroll bar comes or goes. Textual has no public place for this.
        self._scroll_update(size)

    def _to_the_top(self) -> None:
        self.cursor = 0
        self.scroll_home(animate=False)
        self.refresh()

    def _drop_oldest_page(self) -> None:
        if len(self._pages) > _PAGES_KEPT:
            _, dropped = self._pages.popitem(last=False)
            for image in dropped:
                self._rows_by_id.pop(image.id, None)

    # The cursor

    @property
    def _visible_rows(self) -> int:
        return max(self.scrollable_content_region.height - _HEADER_LINES, 1)

    @property
    def _last_visible_row(self) -> int:
        return self.scroll_offset.y + self._visible_rows - 1

    def validate_cursor(self, row: int) -> int:
        return max(min(row, self._count - 1), 0)

    def watch_cursor(self, before: int, after: int) -> None:
        if self._range_from is None:
            self._refresh_row(before)
            self._refresh_row(after)
        else:
            first, last = sorted((before, after))
            for row in range(max(first, self.scroll_offset.y), min(last, self._last_visible_row) + 1):
                self._refresh_row(row)
        top = self.scroll_offset.y
        if after < top:
            self.scroll_to(y=after, animate=False, force=True)
        elif after > self._last_visible_row:
            self.scroll_to(y=after - self._visible_rows + 1, animate=False, force=True)
        self.post_message(self.CursorMoved(after))

    def on_resize(self) -> None:
        """Keep the cursor in sight where a pane unfolds and leaves fewer rows."""
        before, self._rows_in_sight = self._rows_in_sight, self._visible_rows
        top = self.scroll_offset.y
        if self._last_visible_row < self.cursor < top + before:
            self.scroll_to(y=self.cursor - self._visible_rows + 1, animate=False, force=True)

    def action_move(self, rows: int) -> None:
        self.cursor += rows

    def action_page(self, direction: int) -> None:
        self.cursor += direction * self._visible_rows

    def action_half_page(self, direction: int) -> None:
        self.cursor += direction * max(self._visible_rows // 2, 1)

    def action_top(self) -> None:
        self.cursor = 0

    def action_bottom(self) -> None:
        self.cursor = self._count - 1

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if offset.y >= _HEADER_LINES:
            self.cursor = offset.y - _HEADER_LINES + self.scroll_offset.y
            return
        key = key_at(self.scrollable_content_region.width, offset.x)
        if key is not None:
            self.post_message(self.TitleClicked(key))
