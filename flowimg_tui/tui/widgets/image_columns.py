"""What the columns of the image table are: which ones fit a width, and what stands in them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from rich.cells import cell_len, set_cell_size

from flowimg_tui.humane import count_of, format_bytes, format_moment, format_ratio
from flowimg_tui.mirror.progress import Phase, Transfer
from flowimg_tui.safe_text import ELLIPSIS, safe_text
from flowimg_tui.store.finding import Order, SortKey
from flowimg_tui.store.records import ImageRecord, ImageState

_GUTTER: Final = 1
_SYMBOL: Final = 2
_MARK: Final = "▌"
"""Stands before a row that is selected: it is seen without colour."""
_GAP: Final = 2
_KEY: Final = 8
_SHORTEST_FILE: Final = 12


@dataclass(frozen=True, slots=True)
class Row:
    """An image with what is happening to it now."""

    image: ImageRecord
    transfer: Transfer | None
    output: PurePath
    """The profile's output folder: paths below it are shown without it."""
    selected: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a fixed width; ``from_width`` is the table width from which on it is shown."""

    key: SortKey
    width: int
    from_width: int
    text: Callable[[Row], str]
    right: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """Text of exactly the column's width, its gap included, and the component class of its colour."""

    text: str
    component: str


_STANDING: Final = (Phase.WAITING, Phase.PAUSED)
_STATES: Final[Mapping[ImageState, tuple[str, str]]] = {
    ImageState.DOWNLOADED: ("✓", "table--saved"),
    ImageState.PENDING: ("·", "table--dim"),
    ImageState.FAILED: ("✗", "table--failed"),
    ImageState.PARKED: ("⊘", "table--failed"),
}


def _size(row: Row) -> str:
    if row.transfer is None:
        return "" if row.image.size is None else format_bytes(row.image.size)
    if row.transfer.phase in _STANDING:
        return "waits"
    fraction = row.transfer.fraction
    return "" if fraction is None else f"{fraction * 100:.0f} %"


_COLUMNS: Final = (
    Column(SortKey.KEY, _KEY, 0, lambda row: safe_text(row.image.media_key[:_KEY])),
    Column(SortKey.RATIO, 5, 51, lambda row: safe_text(format_ratio(row.image.aspect_ratio), 32), right=True),
    Column(SortKey.CREATED, 16, 39, lambda row: format_moment(row.image.created_at)),
    Column(SortKey.SIZE, 6, 59, _size, right=True),
)


def columns_for(width: int) -> tuple[Column, ...]:
    """Return the columns of fixed width that a table of ``width`` cells shows."""
    return tuple(column for column in _COLUMNS if width >= column.from_width)


def header_cells(width: int, order: Order) -> list[Cell]:
    """Return the line of titles; that of the order has an arrow and a colour of its own."""
    cells = []
    for key, begin, end, column in _places(width):
        arrow = arrow_of(order) if key is order.key else ""
        title = "" if key is SortKey.STATE else key.value
        if column is not None and column.right:
            # The numbers stay under their title: the arrow goes into the gap.
            text = f"{title:>{column.width}}{arrow}"
        else:
            text = f"{title} {arrow}" if title and arrow else f"{title}{arrow}"
        component = "table--sorted" if arrow else "table--header"
        cells.append(Cell(set_cell_size(text, end - begin), component))
    return [Cell(" " * _GUTTER, "table--header"), *cells]


def arrow_of(order: Order) -> str:
    """Return the direction of an order as it is seen."""
    return "↓" if order.descending else "↑"


def keys_for(width: int) -> list[SortKey]:
    """Return the columns that a table of ``width`` cells shows, from left to right."""
    return [key for key, *_ in _places(width)]


def key_at(width: int, x: int) -> SortKey | None:
    """Return the column that stands at ``x`` in a table of ``width`` cells."""
    return next((key for key, begin, end, _ in _places(width) if begin <= x < end), None)


def _places(width: int) -> Iterator[tuple[SortKey, int, int, Column | None]]:
    """Yield each column, where it begins, where the next one does, and its rules if its width is fixed."""
    at = _GUTTER + _SYMBOL
    yield SortKey.STATE, _GUTTER, at, None
    for column in columns_for(width):
        begin, at = at, at + column.width + _GAP
        yield column.key, begin, at, column
    yield SortKey.FILE, at, max(width, at), None


def row_cells(row: Row, width: int) -> list[Cell]:
    """Return the cells of a row, from the mark of a selected one to the file."""
    symbol, colour = symbol_of(row)
    cells = [
        Cell(_MARK if row.selected else " " * _GUTTER, "table--text"),
        Cell(set_cell_size(symbol, _SYMBOL), colour),
    ]
    for column in columns_for(width):
        component = colour if column.key is SortKey.SIZE and row.transfer else _component(column)
        cells.append(Cell(_fit(column.text(row), column.width, column.right), component))
    room = width - sum(cell_len(cell.text) for cell in cells)
    cells.append(_file_cell(row, max(room, 0)))
    return cells


def caption_cells(row: Row, width: int) -> list[Cell]:
    """Return the cells of the line below a picture: what begins a row, and its size where there is room."""
    symbol, colour = symbol_of(row)
    key = _clipped(safe_text(row.image.media_key[:_KEY]), min(_KEY, max(width - _GUTTER - _SYMBOL, 0)))
    room = max(width - _GUTTER - _SYMBOL - cell_len(key), 0)
    size = _size(row)
    return [
        Cell(_MARK if row.selected else " " * _GUTTER, "table--text"),
        Cell(set_cell_size(symbol, _SYMBOL), colour),
        Cell(key, "table--text"),
        Cell(f"{size:>{room}}" if len(size) < room else " " * room, colour if row.transfer else "table--dim"),
    ]


def word_for(row: Row) -> str:
    """Return in a word or two why an image has no file."""
    if row.transfer is not None:
        return _size(row) or str(row.transfer.phase)
    if row.image.state is ImageState.PENDING:
        return "not here"
    return str(row.image.state)


def _component(column: Column) -> str:
    return "table--dim" if column.key is SortKey.RATIO else "table--text"


def symbol_of(row: Row) -> tuple[str, str]:
    """Return the symbol of what an image is, or of what is done for it, and the class of its colour."""
    if row.transfer is None:
        return _STATES[row.image.state]
    if row.transfer.phase in _STANDING:
        return "↻", "table--waiting"
    return "↓", "table--running"


def _file_cell(row: Row, room: int) -> Cell:
    if row.transfer is not None and row.transfer.phase in _STANDING:
        return Cell(_clipped(safe_text(row.transfer.reason or "", 300), room), "table--waiting")
    if row.image.local_path is not None:
        return Cell(_short_path(PurePath(row.image.local_path), row.output, room), "table--dim")
    failure = safe_text(row.image.failure or "", 300)
    if row.image.state is ImageState.PARKED:
        failure = f"parked after {count_of(row.image.failed_runs, 'failed run')}: {failure}"
    if failure:
        return Cell(_clipped(failure, room), "table--dim")
    # What it will show is all that is known of a picture that is not here.
    words = row.image.prompt or row.image.title or ""
    return Cell(_clipped(safe_text(words, 300), room), "table--text")


def _short_path(path: PurePath, output: PurePath, room: int) -> str:
    """Return the path below the output folder; a long name loses its middle, never its extension."""
    shown = path.relative_to(output) if path.is_relative_to(output) else path
    text = safe_text(str(shown), 1000)
    if cell_len(text) > room >= _SHORTEST_FILE:
        end = ELLIPSIS + safe_text(path.suffix, 8)
        text = set_cell_size(text, room - cell_len(end)) + end
    return set_cell_size(text, room)


def _fit(text: str, width: int, right: bool) -> str:
    """Return ``text`` in exactly ``width`` cells and the gap behind them."""
    shown = text if cell_len(text) <= width else _clipped(text, width)
    padding = " " * (width - cell_len(shown))
    return (padding + shown if right else shown + padding) + " " * _GAP


def _clipped(text: str, width: int) -> str:
    """Return ``text`` in exactly ``width`` cells, with an ellipsis where some of it is left out."""
    if cell_len(text) <= width or width < 1:
        return set_cell_size(text, width)
    return set_cell_size(text, width - 1) + ELLIPSIS
