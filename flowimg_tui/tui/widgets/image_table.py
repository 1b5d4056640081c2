"""The gallery as a table: a line for each image, and titles above them."""

from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.strip import Strip

from flowimg_tui.store.finding import SortKey
from flowimg_tui.tui.widgets.image_columns import header_cells, key_at, keys_for, row_cells
from flowimg_tui.tui.widgets.image_view import ImageView


class ImageTable(ImageView):
    """A table of images, drawn line by line from windows of a query."""

    _header_lines = 1

    @dataclass
    class TitleClicked(Message):
        """Somebody clicked on the title of a column."""

        key: SortKey

    @property
    def sort_keys(self) -> list[SortKey]:
        """The columns that are shown, from left to right."""
        return keys_for(self.scrollable_content_region.width)

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        if y < self._header_lines:
            return self._strip(self._segments(header_cells(width, self._order)))
        if not self._count:
            return self._hint_strip(y)
        row = y - self._header_lines + self.scroll_offset.y
        image = self.image_at(row)
        if image is None:
            return self._strip([])
        cells = row_cells(self._row_of(row, image), width)
        behind = self.get_component_rich_style("table--cursor").bgcolor if row == self.cursor else None
        return self._strip(self._segments(cells), behind)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if offset.y >= self._header_lines:
            self.cursor = offset.y - self._header_lines + self.scroll_offset.y
            return
        key = key_at(self.scrollable_content_region.width, offset.x)
        if key is not None:
            self.post_message(self.TitleClicked(key))
