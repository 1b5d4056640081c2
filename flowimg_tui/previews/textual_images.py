"""textual-image, an optional extra: it knows how to write a picture as a Sixel.

The moment it is imported it asks the terminal what it can, several times over, waits for each answer, and
warns on stderr of those that do not come. Here the terminal has been asked already
(:mod:`flowimg_tui.previews.probing`). So the import happens in here alone, while ``sys.__stdout__`` is no
terminal, which it therefore leaves alone; and it is told the size of a cell by the variables that it has for
terminals which it cannot ask. Both are put back. The first size is what it goes by ever after.
"""

import importlib.util
import io
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from flowimg_tui.previews.geometry import USUAL_CELL, Size

if TYPE_CHECKING:
    from PIL.Image import Image

_BEGIN: Final = "\x1bP"
_alone = threading.Lock()


def are_installed() -> bool:
    """Tell whether the extra is there, without importing it."""
    return importlib.util.find_spec("textual_image") is not None


def sixel_of(image: "Image", cells: Size, cell: Size | None) -> str:
    """Return the Sixel that shows ``image`` in so many cells of ``cell`` pixels. Raises ``ImportError``."""
    from rich.console import Console

    columns, rows = cells
    console = Console(file=io.StringIO(), width=columns)
    with _alone, _no_terminal(cell or USUAL_CELL):
        from textual_image.renderable.sixel import Image as SixelImage

        drawn = SixelImage(image, columns, rows)
        segments = console.render(drawn, console.options.update(width=columns, height=rows))
        return next(text for text, *_ in segments if text.startswith(_BEGIN))


@contextmanager
def _no_terminal(cell: Size) -> Iterator[None]:
    variables = dict(zip(("TEXTUAL_CELL_WIDTH", "TEXTUAL_CELL_HEIGHT"), map(str, cell), strict=True))
    before = {name: os.environ.get(name) for name in variables}
    stdout = sys.__stdout__
    os.environ.update(variables)
    setattr(sys, "__stdout__", io.StringIO())  # noqa: B010 - to assign it is an error to mypy
    try:
        yield
    finally:
        setattr(sys, "__stdout__", stdout)  # noqa: B010
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
