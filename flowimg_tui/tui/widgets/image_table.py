"""The gallery as a table of any length: it reads from the store only what it shows."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from flowimg_tui.mirror.progress import Transfer
from flowimg_tui.store.records import ImageRecord
from flowimg_tui.tui.widgets.image_columns import Row, header_text, row_cells

_PAGE_ROWS: Final = 128
_PAGES_KEPT: Final = 16
_HEADER_LINES: Final = 1


@dataclass(frozen=True, slots=True)
class ImageSource:
    """Where the table's rows come from; both functions are quick at any size of the gallery."""

    window: Callable[[int, int], list[ImageRecord]]
    """Rows from an offset on, at most so many."""
    position: Callable[[ImageRecord], int]
    """How many rows stand before this one."""


class ImageTable(ScrollView, can_focus=True):
    """A list of images with a cursor, drawn line by line from windows of a query."""

    COMPONENT_CLASSES = {
        "table--header",
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

    @dataclass
    class CursorMoved(Message):
        """The cursor stands on another row."""

        row: int

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._source: ImageSource | None = None
        self._output = PurePath()
        self._count = 0
        self._hint = ""
        self._pages: OrderedDict[int, list[ImageRecord]] = OrderedDict()
        self._rows_by_id: dict[int, int] = {}
        self._transfers: dict[int, Transfer] = {}

    @property
    def count(self) -> int:
        """How many rows there are."""
        return self._count

    def show(self, source: ImageSource | None, count: int, output: PurePath, hint: str) -> None:
        """Show another gallery from its top, or none. ``hint`` stands where there is no image."""
        self._source, self._output, self._hint = source, output, hint
        self._transfers = {}
        self._forget_pages()
        self._resize(count)
        self.cursor = 0
        self.scroll_home(animate=False)
        self.refresh()

    def reload(self, count: int) -> None:
        """Read again what is shown, as rows came or went; the cursor stays on its image, at its height."""
        anchor = self.image_at(self.cursor) if self.cursor else None
        height = self.cursor - self.scroll_offset.y
        self._forget_pages()
        self._resize(count)
        if anchor is not None and self._source is not None:
            self.cursor = self._source.position(anchor)
            self.scroll_to(y=self.cursor - height, animate=False, force=True)
        self.cursor = min(self.cursor, max(count - 1, 0))
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

    def show_transfers(self, transfers: Iterable[Transfer]) -> None:
        """Show what is on its way now; only lines of images whose transfer changed are drawn again."""
        before, self._transfers = self._transfers, {transfer.image_id: transfer for transfer in transfers}
        for image_id in before.keys() | self._transfers.keys():
            row = self._rows_by_id.get(image_id)
            if row is not None and before.get(image_id) != self._transfers.get(image_id):
                self._refresh_row(row)

    def image_at(self, row: int) -> ImageRecord | None:
        """Return the image in this row."""
        if self._source is None or not 0 <= row < self._count:
            return None
        number, index = divmod(row, _PAGE_ROWS)
        page = self._pages.get(number)
        if page is None:
            page = self._pages[number] = self._source.window(number * _PAGE_ROWS, _PAGE_ROWS)
            self._rows_by_id |= {image.id: number * _PAGE_ROWS + at for at, image in enumerate(page)}
            self._drop_oldest_page()
        self._pages.move_to_end(number)
        return page[index] if index < len(page) else None

    # Drawing

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        if y < _HEADER_LINES:
            return self._strip([Segment(header_text(width), self.get_component_rich_style("table--header"))])
        if not self._count:
            hint = f"  {self._hint}" if y == _HEADER_LINES + 1 else ""
            return self._strip([Segment(hint, self.get_component_rich_style("table--dim"))])
        row = y - _HEADER_LINES + self.scroll_offset.y
        image = self.image_at(row)
        if image is None:
            return self._strip([])
        # A picture that is here is here, though the board may still hold its transfer for a moment.
        transfer = None if image.local_path else self._transfers.get(image.id)
        cells = row_cells(Row(image, transfer, self._output), width)
        behind = self.get_component_rich_style("table--cursor").bgcolor if row == self.cursor else None
        return self._strip(
            [Segment(cell.text, self.get_component_rich_style(cell.component)) for cell in cells], behind
        )

    def _strip(self, segments: list[Segment], behind: Color | None = None) -> Strip:
        """Return a line of the table's width, on the table's own background or the one ``behind``."""
        strip = Strip(segments).adjust_cell_length(self.size.width, self.rich_style)
        if behind is None:
            return strip
        return Strip(Segment.apply_style(strip, post_style=Style(bgcolor=behind)), strip.cell_length)

    def _refresh_row(self, row: int) -> None:
        line = row - self.scroll_offset.y + _HEADER_LINES
        if _HEADER_LINES <= line < self.size.height:
            self.refresh(Region(0, line, self.size.width, 1))

    # Rows

    def _resize(self, count: int) -> None:
        self._count = count
        self.virtual_size = Size(self.scrollable_content_region.width, count + _HEADER_LINES)

    def _forget_pages(self) -> None:
        self._pages.clear()
        self._rows_by_id.clear()

    def _drop_oldest_page(self) -> None:
        if len(self._pages) > _PAGES_KEPT:
            _, dropped = self._pages.popitem(last=False)
            for image in dropped:
                self._rows_by_id.pop(image.id, None)

    # The cursor

    @property
    def _visible_rows(self) -> int:
        return max(self.scrollable_content_region.height - _HEADER_LINES, 1)

    def validate_cursor(self, row: int) -> int:
        return max(min(row, self._count - 1), 0)

    def watch_cursor(self, before: int, after: int) -> None:
        self._refresh_row(before)
        self._refresh_row(after)
        top = self.scroll_offset.y
        if after < top:
            self.scroll_to(y=after, animate=False, force=True)
        elif after >= top + self._visible_rows:
            self.scroll_to(y=after - self._visible_rows + 1, animate=False, force=True)
        self.post_message(self.CursorMoved(after))

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
        if offset is not None and offset.y >= _HEADER_LINES:
            self.cursor = offset.y - _HEADER_LINES + self.scroll_offset.y
