"""The gallery as a contact sheet: a tile for each image, its thumbnail with a line of words below it.

Only what is in sight is decoded, in threads, in half blocks. The sheet itself waits for none of them.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.geometry import Region
from textual.strip import Strip

from flowimg_tui.store.finding import SortKey
from flowimg_tui.store.records import ImageRecord
from flowimg_tui.tui.pictures import Drawn, Pictures, Wanted, color_system_of
from flowimg_tui.tui.tiles import Tile, Tiles
from flowimg_tui.tui.widgets.image_columns import Row, caption_cells, keys_for, word_for
from flowimg_tui.tui.widgets.image_view import ImageView

if TYPE_CHECKING:
    from textual.timer import Timer

    from flowimg_tui.tui.app import FlowimgApp

_LEAST_WIDTH: Final = 18
_USUAL_HEIGHT: Final = 8
_LEAST_HEIGHT: Final = 4
_THUMBNAIL: Final = (24, 12)
"""The cells of what is kept on disk: one for tiles of any size, so that a larger window needs no other."""
_REST: Final = 0.01
"""Seconds from what comes into sight to its decoding: what comes together is asked for together."""
_MOST_TILES: Final = 1000
_BAR: Final = "┃"
_COMING: Final = "…"
_WIDEST: Final = 1000
_NO_ROOM: Final = "No room for pictures here: t shows the table."


class _Grid(NamedTuple):
    """How the sheet is divided; a tile is its bars, its picture and its line of words."""

    columns: int
    width: int
    height: int

    @property
    def cells(self) -> tuple[int, int]:
        """What there is for the picture."""
        return max(self.width - 2, 0), self.height - 1


def _grid_of(width: int, height: int) -> _Grid:
    columns = max(width // _LEAST_WIDTH, 1)
    lines = max(round(height / _USUAL_HEIGHT), 1)
    return _Grid(columns, width // columns, max(height // lines, _LEAST_HEIGHT))


class _Look(NamedTuple):
    """How any picture is to look."""

    background: tuple[int, int, int]
    color_system: str | None


class ContactSheet(ImageView):
    """Thumbnails side by side, as many as there is room for."""

    COMPONENT_CLASSES = {"sheet--bar"}
    BINDINGS = [
        Binding("left,h", "step(-1)", "Left", show=False),
        Binding("right,l", "step(1)", "Right", show=False, tooltip="Right; the log is opened in the table"),
    ]

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._grid = _grid_of(0, 0)
        self._look_now: _Look | None = None
        self._tiles_of: dict[int, tuple[ImageRecord, Tile]] = {}
        """What is asked for, by the id of its image: to make it anew for each line takes too long."""
        self._tiles = Tiles(self, self._show_tile)
        self._rest: Timer | None = None

    def begin(self, pictures: Pictures) -> None:
        """Have the thumbnails drawn by ``pictures`` from now on."""
        self._tiles.begin(pictures)
        self._forget_look()
        self.refresh()

    def _forget_look(self) -> None:
        self._look_now = None
        self._tiles_of.clear()

    def end(self) -> None:
        """Decode nothing any more, and let go of what was drawn."""
        self._tiles.end()

    def on_unmount(self) -> None:
        self._tiles.end()

    @property
    def _app(self) -> "FlowimgApp":
        return cast("FlowimgApp", self.app)

    # How it is divided

    @property
    def _columns(self) -> int:
        return self._grid.columns

    @property
    def _line_height(self) -> int:
        return self._grid.height

    @property
    def sort_keys(self) -> list[SortKey]:
        """Those of the widest table: no column has to be seen."""
        return keys_for(_WIDEST)

    def _region_of(self, row: int) -> Region:
        width = self._grid.width
        return Region(row % self._columns * width, self._line_of(row), width, self._line_height)

    def on_resize(self) -> None:
        first = self._top * self._columns
        region = self.scrollable_content_region
        self._grid = _grid_of(region.width, region.height)
        self._tiles_of.clear()
        self._measure()
        self._scroll_to_line(self._line_with(first))
        self._bring_into_sight(self.cursor)
        self.refresh()
        self._look_soon()

    def validate_scroll_y(self, value: float) -> float:
        """Keep whole lines in sight, whatever moves them."""
        return super().validate_scroll_y(value) // self._line_height * self._line_height

    def validate_scroll_target_y(self, value: float) -> float:
        return self.validate_scroll_y(value)

    # What comes and goes

    def show_image(self, image: ImageRecord) -> None:
        """Show what became of one image; a file that came is looked at."""
        self._tiles.look_again(image.id)
        super().show_image(image)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._forget_look()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._look_soon()

    def _look_soon(self) -> None:
        """Have what is in sight decoded soon, and nothing else."""
        if self._rest is None and self.is_attached:
            self._rest = self.set_timer(_REST, self._look)

    def _look(self) -> None:
        self._rest = None
        if not self.is_attached or not self.display or self._has_no_room:
            self._tiles.want(())
            return
        images = ((row, self.image_at(row)) for row in sorted(self._rows_in_sight, key=self._distance))
        self._tiles.want([self._tile(image) for _, image in images if image is not None and image.local_path])

    def _distance(self, row: int) -> int:
        """Return how many steps a row is away from the cursor."""
        (line, column), (to_line, to_column) = (divmod(each, self._columns) for each in (row, self.cursor))
        return abs(line - to_line) + abs(column - to_column)

    def _tile(self, image: ImageRecord) -> Tile:
        known, tile = self._tiles_of.get(image.id, (None, None))
        if known is not image or tile is None:
            if len(self._tiles_of) > _MOST_TILES:
                self._tiles_of.clear()
            tile = self._new_tile(image)
            self._tiles_of[image.id] = image, tile
        return tile

    def _new_tile(self, image: ImageRecord) -> Tile:
        if self._look_now is None:
            # To ask for them takes as long as to draw a line.
            self._look_now = _Look(self.background_colors[1].rgb, color_system_of(self._app))
        wanted = Wanted(
            Path(image.local_path) if image.local_path is not None else None,
            image.sha256 or "",
            self._grid.cells,
            *self._look_now,
            thumbnail=_THUMBNAIL,
        )
        return Tile(image.id, wanted)

    def _show_tile(self, image_id: int) -> None:
        row = self._rows_by_id.get(image_id)
        if row is not None:
            self._refresh_row(row)

    # Drawing

    @property
    def _has_no_room(self) -> bool:
        return self.size.height < _LEAST_HEIGHT

    def render_line(self, y: int) -> Strip:
        if self._has_no_room:
            said = _NO_ROOM if not y else ""
            return self._strip([Segment(said, self.get_component_rich_style("table--dim"))])
        if not self._count:
            return self._hint_strip(y)
        line, at = divmod(y, self._line_height)
        if line >= self._visible_lines:
            return self._strip([])
        first = (self._top + line) * self._columns
        segments: list[Segment] = []
        for row in range(first, first + self._columns):
            image = self.image_at(row)
            if image is not None:
                segments += self._line_of_tile(row, image, at)
        return self._strip(segments)

    def _line_of_tile(self, row: int, image: ImageRecord, at: int) -> list[Segment]:
        bar = Segment(" ", self.visual_style.rich_style)
        if row == self.cursor:
            bar = Segment(_BAR, self.get_component_rich_style("sheet--bar"))
        shown = self._row_of(row, image)
        if at == self._line_height - 1:
            return [bar, *self._caption(shown, row == self.cursor), bar]
        return [bar, *self._picture(shown, at), bar]

    def _caption(self, row: Row, is_current: bool) -> list[Segment]:
        segments = self._segments(caption_cells(row, self._grid.cells[0]))
        if not is_current:
            return segments
        behind = Style(bgcolor=self.get_component_rich_style("table--cursor").bgcolor)
        return list(Segment.apply_style(segments, post_style=behind))

    def _picture(self, row: Row, at: int) -> list[Segment]:
        """Return a line of the picture, or of the words in its place, in the middle of the tile."""
        width, height = self._grid.cells
        drawn = self._drawn(row)
        plain = self.visual_style.rich_style
        if not drawn.lines:
            words = drawn.words[:width] if at == (height - 1) // 2 else ""
            return [Segment(words.center(width), self.get_component_rich_style("table--dim"))]
        line = at - (height - len(drawn.lines)) // 2
        if not 0 <= line < len(drawn.lines):
            return [Segment(" " * width, plain)]
        left = (width - drawn.width) // 2
        return [
            Segment(" " * left, plain),
            *drawn.lines[line],
            Segment(" " * (width - drawn.width - left), plain),
        ]

    def _drawn(self, row: Row) -> Drawn:
        if row.image.local_path is None:
            return Drawn(words=word_for(row))
        drawn = self._tiles.of(self._tile(row.image))
        if drawn is None:
            # Whatever brought it into sight, by now it is.
            self._look_soon()
            return Drawn(words=_COMING)
        return drawn

    # The mouse

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        line, column = offset.y // self._line_height, offset.x // max(self._grid.width, 1)
        row = (self._top + line) * self._columns + column
        if column < self._columns and line < self._visible_lines and row < self._count:
            self.cursor = row

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._scroll_by_wheel(event, 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._scroll_by_wheel(event, -1)

    def _scroll_by_wheel(self, event: events.MouseEvent, lines: int) -> None:
        # Textual's own two lines of the screen would be no line of tiles.
        event.prevent_default()
        event.stop()
        self._scroll_to_line(self._top + lines)
