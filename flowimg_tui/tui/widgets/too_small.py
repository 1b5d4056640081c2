"""What is seen in a window in which nothing else could be read."""

from typing import Final

from textual.geometry import Size
from textual.widgets import Static

LEAST_WIDTH: Final = 60
LEAST_HEIGHT: Final = 20
ROOM_FOR_PICTURES: Final = 24
"""The height from which on a picture is shown as well."""
HORIZONTAL: Final = [(0, "-too-narrow"), (LEAST_WIDTH, "-narrow"), (100, "-wide"), (120, "-widest")]
VERTICAL: Final = [(0, "-too-low"), (LEAST_HEIGHT, "-low"), (ROOM_FOR_PICTURES, "-high-enough")]
"""Classes of every screen, and the size from which on it has them."""


def is_too_small(size: Size) -> bool:
    """Tell whether a window of this size shows :class:`TooSmall` alone."""
    return size.width < LEAST_WIDTH or size.height < LEAST_HEIGHT


class TooSmall(Static):
    """One line that says how large the window must be. The style sheet shows it in place of all else."""

    def on_mount(self) -> None:
        self._tell()

    def on_resize(self) -> None:
        self._tell()

    def _tell(self) -> None:
        width, height = self.app.size
        self.update(
            f"flowimg needs a window of {LEAST_WIDTH}×{LEAST_HEIGHT}; this one has {width}×{height}. "
            "What runs goes on."
        )
