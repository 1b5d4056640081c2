"""The picture of the image under the cursor, in half blocks. The table never waits for it."""

import asyncio
import logging
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.segment import Segment
from textual import work
from textual.strip import Strip

from flowimg_tui.store.records import ImageRecord
from flowimg_tui.tui.pictures import Drawn, Pictures, Wanted
from flowimg_tui.tui.widgets.titled import TitledWidget
from flowimg_tui.tui.widgets.too_small import ROOM_FOR_PICTURES
from flowimg_tui.workspace import Workspace, WorkspaceError

if TYPE_CHECKING:
    from textual.timer import Timer

log = logging.getLogger(__name__)

_REST: Final = 0.06
"""A cursor that stands for so many seconds has come to rest; before that nothing is decoded."""
_PATIENCE: Final = 0.3
"""A picture that takes longer makes room for a word that says so: it is not the other image's."""
_OFF: Final = "Pictures are switched off: preview = off."
_NO_ROOM: Final = f"A picture needs a window of at least {ROOM_FOR_PICTURES} lines."
_NO_IMAGE: Final = Drawn(sentence="No image.")
_READING: Final = Drawn(sentence="Reading the picture.")


class PreviewPane(TitledWidget):
    """Follows the cursor while it is unfolded, and asks for nothing while it is not."""

    COMPONENT_CLASSES = {"preview--dim"}

    def __init__(
        self,
        workspace: Workspace,
        current: Callable[[], ImageRecord | None],
        *,
        few_colours: bool,
        id: str,
    ) -> None:
        """``current`` returns the image under the cursor; with ``few_colours`` a picture has 256 at most."""
        super().__init__(id=id)
        self._workspace = workspace
        self._current = current
        self._few_colours = few_colours
        self._pictures: Pictures | None = None
        self._rest: Timer | None = None
        self._turn = asyncio.Lock()
        self._given_up = threading.Event()
        self._asked: Wanted | None = None
        self._drawn = Drawn()

    def on_unmount(self) -> None:
        self._given_up.set()

    # Unfolded and folded

    @property
    def is_open(self) -> bool:
        return self.has_class("-open")

    def toggle(self) -> str | None:
        """Unfold it, or fold it. Return why it can be neither, or ``None``."""
        if self.app.size.height < ROOM_FOR_PICTURES:
            return _NO_ROOM
        if not self.is_open:
            return self.open()
        self.remove_class("-open")
        self._give_up()
        self._show(Drawn())
        return None

    def open(self) -> str | None:
        """Unfold it. Return why it stays folded, or ``None``."""
        try:
            settings = self._workspace.resolved_settings().settings
        except WorkspaceError as error:
            return str(error)
        if settings.preview == "off":
            return _OFF
        self._pictures = Pictures(self._workspace.locations.thumbnails, settings)
        self._show(Drawn())
        self.add_class("-open")
        return None

    # What it is told

    def cursor_moved(self) -> None:
        """Give up what is being drawn, and look where the cursor comes to rest."""
        self._give_up()
        self.look()

    def look(self) -> None:
        """Look soon at what stands under the cursor: something may have become of it."""
        if self._is_seen and self._rest is None:
            self._rest = self.set_timer(_REST, self._ask)

    def on_resize(self) -> None:
        self.look()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.look()

    @property
    def _is_seen(self) -> bool:
        """Whether it is unfolded, in a window that has room for it."""
        return self.is_open and self.display and self.is_attached

    @property
    def _color_system(self) -> str | None:
        system = None if self.app.no_color else self.app.console.color_system
        return "256" if self._few_colours and system == "truecolor" else system

    # Drawing

    def _give_up(self) -> None:
        self._given_up.set()
        self._asked = None
        if self._rest is not None:
            self._rest.stop()
            self._rest = None

    def _ask(self) -> None:
        """Have the picture of the image under the cursor drawn, unless that is what is drawn already."""
        self._rest = None
        if not self._is_seen or not self.size:
            return
        image = self._current()
        if image is None:
            self._give_up()
            self._show(_NO_IMAGE)
            return
        wanted = Wanted(
            Path(image.local_path) if image.local_path is not None else None,
            image.sha256 or "",
            (self.size.width, self.size.height),
            self.background_colors[1].rgb,
            self._color_system,
        )
        if wanted != self._asked:
            self._given_up.set()
            self._asked, self._given_up = wanted, threading.Event()
            self._draw(wanted, self._given_up)

    @work(group="preview")
    async def _draw(self, wanted: Wanted, given_up: threading.Event) -> None:
        # One at a time: those that are given up, and take long to notice, would keep every thread busy.
        async with self._turn:
            if given_up.is_set() or self._pictures is None:
                return
            drawing = asyncio.ensure_future(asyncio.to_thread(self._pictures.draw, wanted, given_up.is_set))
            done, _ = await asyncio.wait({drawing}, timeout=_PATIENCE)
            if not done and not given_up.is_set():
                self._show(_READING)
            try:
                drawn = await drawing
            except Exception:
                # A picture can be anything: what no decoder has foreseen must not end the work of the app.
                log.exception("The picture of %s cannot be shown", wanted.path)
                drawn = Drawn(sentence="This picture cannot be shown; the log tells why.")
        if not given_up.is_set():
            self._show(drawn)

    def _show(self, drawn: Drawn) -> None:
        self._drawn = drawn
        size = "" if drawn.pixels is None else "  {}×{}".format(*drawn.pixels)
        self.write_titles(f"Picture{size}", "p closes")
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        lines, length = self._drawn.lines, self._drawn.width
        if self._drawn.sentence:
            dim = self.get_component_rich_style("preview--dim")
            told = textwrap.wrap(self._drawn.sentence, max(width - 2, 1))
            lines, length = tuple((Segment(line.center(width), dim),) for line in told), width
        at = y - max(height - len(lines), 0) // 2
        if not 0 <= at < len(lines):
            return Strip.blank(width, self.rich_style)
        left = Segment(" " * (max(width - length, 0) // 2), self.rich_style)
        return Strip([left, *lines[at]]).adjust_cell_length(width, self.rich_style)
