"""How a cell of a picture is told from any other on its way to the terminal."""

from typing import Final

from rich.style import Style

MARK: Final = Style(conceal=False)
"""Part of the style of such a cell. It is written as nothing, and outlives a dialog's shade, which Rich's own
``meta`` does not.
"""


def is_marked(style: Style | None) -> bool:
    """Tell whether a cell of this style belongs to a picture."""
    return style is not None and style.conceal is False
