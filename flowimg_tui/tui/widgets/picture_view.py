"""A picture of one image, drawn in a thread as soon as it is wanted for long enough."""

import asyncio
import logging
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from rich.control import Control
from rich.segment import ControlType, Segment
from textual import work
from textual.message import Message
from textual.strip import Strip

from flowimg_tui.store.records import ImageRecord
from flowimg_tui.tui.picture_link import SECONDS_BETWEEN_TRIES
from flowimg_tui.tui.pictures import Drawn, Pictures, Wanted, color_system_of, pictures_of
from flowimg_tui.tui.widgets.titled import TitledWidget
from flowimg_tui.workspace import Workspace

if TYPE_CHECKING:
    from textual.timer import Timer

    from flowimg_tui.tui.app import FlowimgApp

log = logging.getLogger(__name__)

_REST: Final = 0.06
"""An image that stays for so many seconds is looked at; before that nothing is decoded."""
_PATIENCE: Final = 0.3
"""A picture that takes longer makes room for a word that says so: it is not the other image's."""
_WRITTEN_AS_IT_IS: Final = ((ControlType.CURSOR_FORWARD, 0),)
"""Rich takes a segment with such a mark for something that has no cells."""
_NO_IMAGE: Final = Drawn(sentence="No image.")
_READING: Final = Drawn(sentence="Reading the picture.")


class PictureView(TitledWidget):
    """Draws whichever image is the current one, and asks for nothing while nobody sees it."""

    COMPONENT_CLASSES = {"picture--dim"}

    class Changed(Message):
        """Another picture is shown, or a sentence in its place."""

    def __init__(
        self,
        workspace: Workspace,
        current: Callable[[], ImageRecord | None],
        *,
        closes: str = "",
        id: str,
    ) -> None:
        """``current`` returns the image to be shown; ``closes`` is what the lower border says."""
        super().__init__(id=id)
        self._workspace = workspace
        self._current = current
        self._closes = closes
        self._pictures: Pictures | None = None
        self._rest: Timer | None = None
        self._turn = asyncio.Lock()
        self._given_up = threading.Event()
        self._asked: Wanted | None = None
        self._drawn = Drawn()

    def on_unmount(self) -> None:
        self._given_up.set()
        self._app.send(self._drawn.forget)

    @property
    def _app(self) -> "FlowimgApp":
        return cast("FlowimgApp", self.app)

    def begin(self) -> str | None:
        """Take the settings as they are now. Return why there are no pictures, or ``None``."""
        self._pictures = None
        pictures = pictures_of(self._workspace, self._app.pictures)
        if isinstance(pictures, str):
            return pictures
        self._app.picture_link.open()
        self._pictures = pictures
        self.show(Drawn())
        return None

    @property
    def pixels(self) -> tuple[int, int] | None:
        """The size of the saved picture that is shown, where it is known."""
        return self._drawn.pixels

    # What it is told

    def image_changed(self) -> None:
        """Give up what is being drawn, and look at the current image when it has come to rest."""
        self.give_up()
        self.look()

    def look(self) -> None:
        """Look soon at the current image: something may have become of it."""
        if self.is_seen and self._rest is None:
            self._rest = self.set_timer(_REST, self._ask)

    def give_up(self) -> None:
        """Let go of what is being drawn."""
        self._given_up.set()
        self._asked = None
        self._stop_waiting()

    def _stop_waiting(self) -> None:
        if self._rest is not None:
            self._rest.stop()
            self._rest = None

    def on_resize(self) -> None:
        # A layout that has not come to rest is no size to draw for.
        self._stop_waiting()
        self.look()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.look()

    @property
    def is_seen(self) -> bool:
        """Whether no other screen hides its own; a dialog does not."""
        if not self.is_attached:
            return False
        opaque = (screen for screen in reversed(self.app.screen_stack) if not screen.is_modal)
        return next(opaque, None) is self.screen

    # Drawing

    def _ask(self) -> None:
        """Have the picture of the current image drawn, unless that is what is drawn already."""
        self._rest = None
        if not self.is_seen or self._pictures is None or (self.display and not self.size):
            return
        image = self._current()
        if image is None:
            self.give_up()
            self.show(_NO_IMAGE)
            return
        if self._app.picture_link.is_paused:
            self.give_up()
            self.show(Drawn(sentence=self._app.picture_link.note))
            self._rest = self.set_timer(SECONDS_BETWEEN_TRIES, self._ask)
            return
        wanted = Wanted(
            Path(image.local_path) if image.local_path is not None else None,
            image.sha256 or "",
            (self.size.width, self.size.height) if self.display else (0, 0),
            self.background_colors[1].rgb,
            color_system_of(self._app),
            self._app.pictures,
        )
        if wanted != self._asked:
            self._given_up.set()
            self._asked, self._given_up = wanted, threading.Event()
            self._draw(wanted, self._given_up)

    @work(group="picture")
    async def _draw(self, wanted: Wanted, given_up: threading.Event) -> None:
        drawing = asyncio.ensure_future(self._in_turn(wanted, given_up))
        done, _ = await asyncio.wait({drawing}, timeout=_PATIENCE)
        if not done and not given_up.is_set():
            self.show(_READING)
        drawn = await drawing
        if drawn is not None and not given_up.is_set():
            self.show(drawn)

    async def _in_turn(self, wanted: Wanted, given_up: threading.Event) -> Drawn | None:
        """Return what is drawn; ``None``: it was given up before its turn came."""
        # One at a time: those that are given up, and take long to notice, would keep every thread busy.
        async with self._turn:
            if given_up.is_set() or self._pictures is None:
                return None
            try:
                return await asyncio.to_thread(self._pictures.draw, wanted, given_up.is_set)
            except Exception:
                # A picture can be anything: what no decoder has foreseen must not end the work of the app.
                log.exception("The picture of %s cannot be shown", wanted.path)
                return Drawn(sentence="This picture cannot be shown; the log tells why.")

    def show(self, drawn: Drawn) -> None:
        """Show a picture, or the sentence that stands for it."""
        before, self._drawn = self._drawn, drawn
        self._app.send(before.forget + drawn.upload)
        self._app.picture_link.sent_ahead(len(drawn.upload))
        if before.overlay:
            self._app.forget_cells(self.content_region)
        size = "" if drawn.pixels is None else "  {}×{}".format(*drawn.pixels)
        self.write_titles(f"Picture{size}", self._closes)
        self.refresh()
        self.post_message(self.Changed())

    def redraw_overlay(self) -> None:
        """Draw what is written over the cells anew, or no more, as a dialog came before it or went."""
        if self._drawn.overlay:
            self.refresh()
            self.call_after_refresh(self._app.refresh)

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        lines, length = self._drawn.lines, self._drawn.width
        if self._drawn.sentence:
            dim = self.get_component_rich_style("picture--dim")
            told = textwrap.wrap(self._drawn.sentence, max(width - 2, 1))
            lines, length = tuple((Segment(line.center(width), dim),) for line in told), width
        at = y - max(height - len(lines), 0) // 2
        if not 0 <= at < len(lines):
            return Strip.blank(width, self.rich_style)
        indent = max(width - length, 0) // 2
        strip = Strip([Segment(" " * indent, self.rich_style), *lines[at]])
        if self._drawn.overlay and at == len(lines) - 1:
            strip = Strip([*strip, *self._overlay(indent, y - at, length, y)])
        return strip.adjust_cell_length(width, self.rich_style)

    def _overlay(self, x: int, top: int, length: int, bottom: int) -> list[Segment]:
        """Return what draws a picture over the cells above and before it, and comes back to where it was."""
        if not self.screen.is_active:
            return []  # it would stand before the dialog
        origin = self.content_region.offset
        return [
            Segment(text, None, _WRITTEN_AS_IT_IS)
            for text in (
                Control.move_to(origin.x + x, origin.y + top).segment.text,
                self._drawn.overlay,
                Control.move_to(origin.x + x + length, origin.y + bottom).segment.text,
            )
        ]
