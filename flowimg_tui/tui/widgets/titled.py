"""A border whose titles change often."""

from typing import Self

from textual.geometry import Region
from textual.widget import Widget


class TitledWidget(Widget):
    """For a new title Textual draws a widget anew from edge to edge; this one draws the title's own line."""

    _lines_of_titles: tuple[Region, ...] = ()
    _titles: tuple[str, str] = ("", "")

    def write_titles(self, title: str, subtitle: str) -> None:
        """Write on the upper and the lower border."""
        was, self._titles = self._titles, (title, subtitle)
        if title != was[0]:
            self._lines_of_titles = (self._line(0),)
            self.border_title = title
        if subtitle != was[1]:
            self._lines_of_titles = (self._line(self.outer_size.height - 1),)
            self.border_subtitle = subtitle
        self._lines_of_titles = ()

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        asked = regions or self._lines_of_titles
        return super().refresh(*asked, repaint=repaint, layout=layout, recompose=recompose)

    def _line(self, y: int) -> Region:
        """Return a line of the whole widget, as seen from its content."""
        return Region(0, y, self.outer_size.width, 1).translate(-self.content_offset)
