"""textual-image, an optional extra: widgets that draw a picture as such, where the terminal can.

The moment it is imported it asks the terminal what it can, several times over, waits for each answer, and
warns on stderr of those that do not come. Here the terminal has been asked already
(:mod:`flowimg_tui.previews.probing`). So the import happens in here alone, while ``sys.__stdout__`` is no
terminal, which it therefore leaves alone; and it is told the size of a cell by the variables that it has for
terminals which it cannot ask. Both are put back. The size is what it goes by ever after.
"""

import importlib.util
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowimg_tui.previews.picture import Size

if TYPE_CHECKING:
    from textual_image.widget import SixelImage, TGPImage

_USUAL_CELL: Final = (10, 20)


@dataclass(frozen=True, slots=True)
class ImageWidgets:
    """The classes of Textual widgets; each takes a :class:`PIL.Image.Image` as its ``image``."""

    kitty: "type[TGPImage]"
    sixel: "type[SixelImage]"


def are_installed() -> bool:
    """Tell whether the extra is there, without importing it."""
    return importlib.util.find_spec("textual_image") is not None


def load(cell: Size | None) -> ImageWidgets:
    """Import the widgets, for cells of so many pixels. Raises ``ImportError``.

    It brings Textual along, and is for the moment before the screen starts.
    """
    with _no_terminal(cell or _USUAL_CELL):
        from textual_image.widget import SixelImage, TGPImage
    return ImageWidgets(TGPImage, SixelImage)


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
