"""Sends to the terminal only the cells that changed, where Textual sends whole lines of a widget.

A row whose percentage grows costs 50 bytes so, instead of 250; over SSH that is what a download consists of.
Pictures are counted here as they are sent, or held back while the terminal is behind with them: a dialog that
closes, or a page that was seen before, sends them again, and no widget knows of it.
Textual has no public place for this.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, Final, TypeAlias

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.control import Control
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from flowimg_tui.tui.picture_cells import Run, Tally, has_picture, runs_in, without

_Cells: TypeAlias = tuple[str, list[Style | None]]
"""Some cells of a line, a character and a style for each: an object for each would be thousands more for
every search for garbage, during which the screen stands still."""

_UNKNOWN: Final = "\0"
"""Stands for what a cell shows where that is not known."""
_NARROWEST_GAP: Final = 12
"""To move the cursor and to set the colours anew costs more than so many cells that did not change."""


class ShownCells:
    """What the terminal shows, as far as that is known."""

    def __init__(self, is_paused: Callable[[], bool] = lambda: False) -> None:
        """While pictures are paused, no cell of one is sent that is not shown already."""
        self._is_paused = is_paused
        self._lines: dict[int, _Cells] = {}
        self._drawn = (0, 0)
        self.is_holding_back = False
        """Whether there is a picture on the screen that the terminal was not sent."""

    def reduced(self, update: RenderableType | CompositorUpdate | None) -> Any:
        """Return an update that brings what ``update`` changes.

        One that draws the whole screen is left as it is, but for pictures that are held back: it comes where
        nobody knows what the terminal shows.
        """
        if isinstance(update, ChopsUpdate):
            return _Differences(update, self)
        if update is not None:
            self._lines.clear()
            if isinstance(update, LayoutUpdate) and any(map(has_picture, chain(*update.strips))):
                return _Whole(update, self)
        return update

    @property
    def is_paused(self) -> bool:
        return self._is_paused()

    def held_back(self, y: int, x: int, strip: Strip) -> Strip:
        """Return what of a line may be sent while pictures are paused: of them only what stands there."""
        runs = runs_in(strip)
        text, styles = self._lines.get(y, ("", []))
        now, now_styles = _cells(strip) or ("", [])
        new = [
            run
            for run in runs
            if now[run.begin : run.end] != text[x + run.begin : x + run.end]
            or now_styles[run.begin : run.end] != styles[x + run.begin : x + run.end]
            or not now
        ]
        self.is_holding_back |= bool(new)
        return without(strip, new) if new else strip

    def count(self, tally: Tally) -> None:
        """Take into account what pictures took of an update."""
        cost, pictures = self._drawn
        self._drawn = (cost + tally.bytes, pictures + tally.pictures)

    def take_drawn(self) -> tuple[int, int]:
        """Return the bytes and the number of the pictures that were drawn since this was asked last."""
        drawn, self._drawn = self._drawn, (0, 0)
        return drawn

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
        tally, is_paused = Tally(console), self._shown.is_paused
        for y, first, behind in self._update.spans:
            for end, (x, strip) in zip(
                self._update.chop_ends[y], self._update.chops[y].items(), strict=False
            ):
                if strip is None or x >= behind or end <= first:
                    continue
                line = self._shown.held_back(y, x, strip) if is_paused else strip
                pieces = [Run(*change) for change in self._shown.changes(y, x, line)]
                for piece in pieces:
                    parts.append(Control.move_to(x + piece.begin, y).segment.text)
                    parts.append(line.crop(*piece).render(console))
                tally.add(y, x, line, pieces)
        self._loosen()
        self._shown.count(tally)
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


class _Whole(CompositorUpdate):
    """An update of the whole screen, on which there are pictures."""

    def __init__(self, update: LayoutUpdate, shown: ShownCells) -> None:
        self._update, self._shown = update, shown

    def render_segments(self, console: Console) -> str:
        lines: list[Iterable[Strip]] = []
        tally, is_paused = Tally(console), self._shown.is_paused
        region = self._update.region
        for y, strips in enumerate(self._update.strips, region.y):
            x, line = region.x, []
            for whole in strips:
                strip = self._shown.held_back(y, x, whole) if is_paused else whole
                tally.add(y, x, strip, [Run(0, strip.cell_length)])
                line.append(strip)
                x += strip.cell_length
            lines.append(line)
        self._shown.count(tally)
        return LayoutUpdate(lines, region).render_segments(console)


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
