"""What the columns of the image table are: which ones fit a width, and what stands in them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from rich.cells import cell_len, set_cell_size

from flowimg_tui.humane import count_of, format_bytes, format_moment, format_ratio
from flowimg_tui.mirror.progress import Phase, Transfer
from flowimg_tui.safe_text import ELLIPSIS, safe_text
from flowimg_tui.store.records import ImageRecord, ImageState

_GAP: Final = 2
_SHORTEST_FILE: Final = 12


@dataclass(frozen=True, slots=True)
class Row:
    """An image with what is happening to it now."""

    image: ImageRecord
    transfer: Transfer | None
    output: PurePath
    """The profile's output folder: paths below it are shown without it."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a fixed width; ``from_width`` is the table width from which on it is shown."""

    title: str
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
    Column("key", 8, 0, lambda row: safe_text(row.image.media_key[:8])),
    Column("ratio", 5, 50, lambda row: safe_text(format_ratio(row.image.aspect_ratio), 32), right=True),
    Column("created", 16, 38, lambda row: format_moment(row.image.created_at)),
    Column("size", 6, 58, _size, right=True),
)


def columns_for(width: int) -> tuple[Column, ...]:
    """Return the columns of fixed width that a table of ``width`` cells shows."""
    return tuple(column for column in _COLUMNS if width >= column.from_width)


def header_text(width: int) -> str:
    """Return the line of titles."""
    titles = (_fit(column.title, column.width, column.right) for column in columns_for(width))
    return f"  {''.join(titles)}file"


def row_cells(row: Row, width: int) -> list[Cell]:
    """Return the cells of a row, from the state's symbol to the file."""
    symbol, colour = _state(row)
    cells = [Cell(f"{symbol} ", colour)]
    for column in columns_for(width):
        component = colour if column.title == "size" and row.transfer else _component(column)
        cells.append(Cell(_fit(column.text(row), column.width, column.right), component))
    room = width - sum(cell_len(cell.text) for cell in cells)
    cells.append(_file_cell(row, max(room, 0)))
    return cells


def _component(column: Column) -> str:
    return "table--dim" if column.title == "ratio" else "table--text"


def _state(row: Row) -> tuple[str, str]:
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
    return Cell(_clipped(failure, room), "table--dim")


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
