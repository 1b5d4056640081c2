"""Pictures as a pane shows them, drawn in a thread, which imports what that takes: it is large."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from rich.segment import Segment

from flowimg_tui.config.settings import Settings
from flowimg_tui.previews.protocol import HALF_BLOCKS, Choice, Protocol
from flowimg_tui.workspace import Workspace, WorkspaceError

if TYPE_CHECKING:
    from flowimg_tui.previews.picture import NoPicture, Thumbnail
    from flowimg_tui.previews.thumbnails import Thumbnails
    from flowimg_tui.tui.app import FlowimgApp

Line: TypeAlias = tuple[Segment, ...]

_MB: Final = 1_000_000
_ALL_COLOURS: Final = "truecolor"


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
    how: Choice = HALF_BLOCKS
    """The way to draw it. Where there are not all colours it is drawn in half blocks."""
    thumbnail: tuple[int, int] | None = None
    """The cells of the small copy that half blocks are drawn from; ``None``: those they are shown in."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Lines of ``width`` cells, or the sentence that says why there are none."""

    lines: tuple[Line, ...] = ()
    width: int = 0
    pixels: tuple[int, int] | None = None
    """The size of the saved picture."""
    sentence: str = ""
    words: str = ""
    """The sentence in one or two words."""
    upload: str = ""
    """What the terminal is sent once, before the lines."""
    forget: str = ""
    """What it is sent when the lines are shown no more."""
    overlay: str = ""
    """What is written at the upper left corner of the lines each time that they are drawn."""


class Pictures:
    """Draws pictures, in whichever threads it is called."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        """Keep small copies in ``folder``, which grows as large as the settings allow."""
        self._folder = folder
        self._limit = settings.thumbnail_cache * _MB
        self._thumbnails: Thumbnails | None = None

    def draw(self, wanted: Wanted, cancelled: Callable[[], bool]) -> Drawn:
        """Return what is wanted; once that is ``cancelled``, something that is not worth showing."""
        from flowimg_tui.previews.decoding import pixels_of
        from flowimg_tui.previews.picture import NoPicture

        if not all(wanted.cells):
            pixels = pixels_of(wanted.path, cancelled)
            return _lacking(pixels) if isinstance(pixels, NoPicture) else Drawn(pixels=pixels)
        in_pixels = wanted.how.protocol in (Protocol.KITTY, Protocol.SIXEL)
        if in_pixels and wanted.color_system == _ALL_COLOURS:
            return self._in_pixels(wanted, cancelled)
        return self._in_half_blocks(wanted, cancelled)

    def _in_half_blocks(self, wanted: Wanted, cancelled: Callable[[], bool]) -> Drawn:
        from flowimg_tui.previews.half_blocks import box_of, draw
        from flowimg_tui.previews.picture import NoPicture

        found = self._thumbnail(wanted, box_of(wanted.thumbnail or wanted.cells), cancelled)
        if isinstance(found, NoPicture):
            return _lacking(found)
        drawn = draw(found, wanted.cells, wanted.background, wanted.color_system)
        if isinstance(drawn, NoPicture):
            return _lacking(drawn)
        return Drawn(drawn.lines, drawn.width, found.original)

    def _in_pixels(self, wanted: Wanted, cancelled: Callable[[], bool]) -> Drawn:
        from flowimg_tui.previews.graphics import box_of, draw
        from flowimg_tui.previews.picture import NoPicture

        protocol, cell = wanted.how.protocol, wanted.how.cell
        found = self._thumbnail(wanted, box_of(protocol, wanted.cells, cell), cancelled)
        if isinstance(found, NoPicture):
            return _lacking(found)
        drawn = draw(protocol, found, cell, wanted.background)
        return Drawn(
            drawn.lines,
            drawn.width,
            found.original,
            upload=drawn.upload,
            forget=drawn.forget,
            overlay=drawn.overlay,
        )

    def _thumbnail(
        self, wanted: Wanted, box: tuple[int, int], cancelled: Callable[[], bool]
    ) -> "Thumbnail | NoPicture":
        from flowimg_tui.previews.thumbnail_cache import ThumbnailCache
        from flowimg_tui.previews.thumbnails import Thumbnails

        if self._thumbnails is None:
            self._thumbnails = Thumbnails(ThumbnailCache(self._folder, self._limit))
        return self._thumbnails.of(wanted.path, wanted.sha256, box, cancelled)


def _lacking(lack: "NoPicture") -> Drawn:
    return Drawn(sentence=lack.sentence, words=lack.words)


def pictures_of(workspace: Workspace, how: Choice) -> Pictures | str:
    """Return what draws pictures by the settings as they are now, or why there are none."""
    try:
        settings = workspace.resolved_settings().settings
    except WorkspaceError as error:
        return str(error)
    return how.why if how.is_off else Pictures(workspace.locations.thumbnails, settings)


def color_system_of(app: "FlowimgApp") -> str | None:
    """Return Rich's word for the colours of a picture in this app; ``None``: there is none."""
    system = None if app.no_color else app.console.color_system
    # Who has chosen another way since, as who has set one, is to have it as it is.
    is_spared = app.few_colours and app.pictures is app.settled_pictures
    return "256" if is_spared and system == _ALL_COLOURS else system
