"""The only writer of stdout: JSON with a schema number, or lines for people."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

import flowimg_tui
from flowimg_tui.cli.streams import written_to
from flowimg_tui.safe_text import safe_text

SCHEMA: Final = 1
_CELL_LIMIT: Final = 300


def write_json(answer: Mapping[str, object]) -> None:
    """Write one answer: a single object with its schema number first."""
    _write_encoded({"schema": SCHEMA, **answer})


def write_json_list(key: str, items: Iterable[object]) -> None:
    """Write ``{"schema": 1, key: [...]}`` item by item: the list may be longer than memory."""
    write = sys.stdout.write
    with written_to(sys.stdout):
        write(f'{{"schema":{SCHEMA},{_encoded(key)}:[')
        separator = ""
        for item in items:
            write(separator + _encoded(item))
            separator = ","
        write("]}\n")
        sys.stdout.flush()


def write_event(event: Mapping[str, object]) -> None:
    """Write one line of a stream of events."""
    _write_encoded(event)


def write_line(text: str) -> None:
    with written_to(sys.stdout):
        sys.stdout.write(safe_text(text, 4096) + "\n")


def write_version() -> None:
    write_line(f"flowimg {flowimg_tui.__version__}")


def flush() -> None:
    """Hand everything that was written to its reader.

    Raises ``BrokenPipeError`` where that one has gone, and ``Unwritable``.
    """
    with written_to(sys.stdout):
        sys.stdout.flush()


def write_table(header: Sequence[str], rows: Iterable[Sequence[str | int]]) -> None:
    """Write aligned columns; numbers stand on the right."""
    table = [header, *rows]
    cells = [[safe_text(str(cell), _CELL_LIMIT) for cell in row] for row in table]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    numeric = [isinstance(cell, int) for cell in table[-1]]
    for row in cells:
        padded = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        )
        write_line("  ".join(padded).rstrip())


def _write_encoded(value: object) -> None:
    with written_to(sys.stdout):
        sys.stdout.write(_encoded(value) + "\n")
        sys.stdout.flush()


def _encoded(value: object) -> str:
    """Return JSON that may be written to a terminal: what could steer that is in it as an escape.

    The values are the same. Only in strings can such a character stand.
    """
    text = msgspec.json.encode(value).decode()
    return text if text.isprintable() else "".join(map(_printable, text))


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    units = character.encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
