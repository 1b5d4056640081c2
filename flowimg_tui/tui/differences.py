"""Sends to the terminal only the cells that changed, where Textual sends whole lines of a widget.

A row whose percentage grows costs 50 bytes so, instead of 250; over SSH that is what a download consists of.
Textual has no public place for this.
"""

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.control import Control
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate
from textual.geometry import Region
from textual.strip import Strip

_Cells: TypeAlias = tuple[str, list[Style | None]]
"""Some cells of a line, a character and a style for each: an object for each would be thousands more for
every search for garbage, during which the screen stands still."""

_UNKNOWN: Final = "\0"
"""Stands for what a cell shows where that is not known."""
_NARROWEST_GAP: Final = 12
"""To move the cursor and to set the colours anew costs more than so many cells that did not change."""


class ShownCells:
    """What the terminal shows, as far as that is known."""

    def __init__(self) -> None:
        self._lines: dict[int, _Cells] = {}

    def reduced(self, update: RenderableType | CompositorUpdate | None) -> Any:
        """Return an update that brings what ``update`` changes.

        One that draws the whole screen is left as it is: it comes where nobody knows what the terminal shows.
        """
        if isinstance(update, ChopsUpdate):
            return _Differences(update, self)
        if update is not None:
            self._lines.clear()
        return update

    def forget(self, region: Region) -> None:
        """Take for unknown what stands in a region: something else was written there than cells."""
        for y in range(region.y, region.bottom):
            text, styles = self._lines.get(y, ("", []))
            known = slice(region.x, min(region.right, len(text)))
            missing = max(min(region.right, len(text)) - region.x, 0)
            styles[known] = [None] * missing
            self._lines[y] = text[: region.x] + _UNKNOWN * missing + text[region.x + missing :], styles

    def changes(self, y: int, x: int, strip: Strip) -> Iterator[tuple[int, int]]:
        """Yield from where to where the strip, which will be shown at ``x``, differs from what is there."""
        width = strip.cell_length
        behind = x + width
        text, styles = self._lines.get(y, ("", []))
        missing = behind - len(text)
        if missing > 0:
            text += _UNKNOWN * missing
            styles += [None] * missing
        cells = _cells(strip)
        now, now_styles = cells or (_UNKNOWN * width, [None] * width)
        before, styles_before = text[x:behind], styles[x:behind]
        styles[x:behind] = now_styles
        self._lines[y] = text[:x] + now + text[behind:], styles
        if cells is None:
            yield 0, width
            return
        if (now, now_styles) == (before, styles_before):
            return
        changed = [at for at in range(width) if now[at] != before[at] or now_styles[at] != styles_before[at]]
        begin = end = changed[0]
        for at in changed:
            if at - end > _NARROWEST_GAP:
                yield begin, end + 1
                begin = at
            end = at
        yield begin, end + 1


class _Differences(CompositorUpdate):
    """A partial update without what the terminal shows already."""

    def __init__(self, update: ChopsUpdate, shown: ShownCells) -> None:
        self._update, self._shown = update, shown

    def render_segments(self, console: Console) -> str:
        parts: list[str] = []
        for y, first, behind in self._update.spans:
            for end, (x, strip) in zip(
                self._update.chop_ends[y], self._update.chops[y].items(), strict=False
            ):
                if strip is None or x >= behind or end <= first:
                    continue
                for begin, stop in self._shown.changes(y, x, strip):
                    parts.append(Control.move_to(x + begin, y).segment.text)
                    parts.append(strip.crop(begin, stop).render(console))
        self._loosen()
        return "".join(parts)

    def _loosen(self) -> None:
        """Let the strips go with the next ones.

        One that is drawn in one piece keeps itself in its cache of pieces, and with it two dozen objects that
        only a search for garbage finds: the loop stood still for it every two seconds.
        """
        for line in self._update.chops:
            for strip in line.values():
                if strip is not None:
                    strip._divide_cache.clear()


def _cells(strip: Strip) -> _Cells | None:
    """Return the cells one by one, or ``None`` where a character takes more or less than one.

    Terminals differ in what such a character takes: its line is drawn as a whole, so that nothing shifts.
    So is a line with which something else is written than cells.
    """
    styles: list[Style | None] = []
    for text, style, control in strip:
        if control:
            return None
        # One by one: of a wide character and a mark on it the sum is the same as of two narrow ones.
        if not text.isascii() and any(cell_len(character) != 1 for character in text):
            return None
        styles += [style] * len(text)
    return strip.text, styles
