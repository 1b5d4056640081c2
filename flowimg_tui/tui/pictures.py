"""Pictures as a pane shows them, drawn in a thread, which imports what that takes: it is large."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from rich.segment import Segment

from flowimg_tui.config.settings import Settings

if TYPE_CHECKING:
    from flowimg_tui.previews.thumbnails import Thumbnails

Line: TypeAlias = tuple[Segment, ...]

_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which picture, and how it is to look."""

    path: Path | None
    """Where its file is; ``None``: it is not downloaded."""
    sha256: str
    cells: tuple[int, int]
    """Without any it is only measured."""
    background: tuple[int, int, int]
    color_system: str | None
    """Rich's word for the colours of the terminal; ``None``: there is none."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Lines of ``width`` cells, or the sentence that says why there are none."""

    lines: tuple[Line, ...] = ()
    width: int = 0
    pixels: tuple[int, int] | None = None
    """The size of the saved picture."""
    sentence: str = ""


class Pictures:
    """Draws one picture at a time, in whichever thread it is called."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        """Keep small copies in ``folder``, which grows as large as the settings allow."""
        self._folder = folder
        self._limit = settings.thumbnail_cache * _MB
        self._thumbnails: Thumbnails | None = None

    def draw(self, wanted: Wanted, cancelled: Callable[[], bool]) -> Drawn:
        """Return what is wanted; once that is ``cancelled``, something that is not worth showing."""
        from flowimg_tui.previews.decoding import pixels_of
        from flowimg_tui.previews.half_blocks import box_of, draw
        from flowimg_tui.previews.picture import NoPicture
        from flowimg_tui.previews.thumbnail_cache import ThumbnailCache
        from flowimg_tui.previews.thumbnails import Thumbnails

        if not all(wanted.cells):
            pixels = pixels_of(wanted.path, cancelled)
            return Drawn(sentence=pixels.sentence) if isinstance(pixels, NoPicture) else Drawn(pixels=pixels)
        if self._thumbnails is None:
            self._thumbnails = Thumbnails(ThumbnailCache(self._folder, self._limit))
        found = self._thumbnails.of(wanted.path, wanted.sha256, box_of(wanted.cells), cancelled)
        if isinstance(found, NoPicture):
            return Drawn(sentence=found.sentence)
        drawn = draw(found, wanted.cells, wanted.background, wanted.color_system)
        if isinstance(drawn, NoPicture):
            return Drawn(sentence=drawn.sentence)
        return Drawn(drawn.lines, drawn.width, found.original)
