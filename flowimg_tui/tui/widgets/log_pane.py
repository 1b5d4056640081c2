"""The log as it grows: redacted, one line an event, the last one always in sight."""

from typing import TYPE_CHECKING, Final

from rich.style import Style
from rich.text import Text
from textual.widgets import RichLog

if TYPE_CHECKING:
    from textual.timer import Timer

    from flowimg_tui.config.logs import RecentLines

_LOOKS_PER_SECOND: Final = 4
_COMPONENTS: Final = {"WARNING": "log--warning", "ERROR": "log--error", "CRITICAL": "log--error"}


class LogPane(RichLog, can_focus=True):
    """Shows the recent lines of the log while it is unfolded, and asks for none while it is not."""

    COMPONENT_CLASSES = {"log--text", "log--warning", "log--error"}

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, markup=False, highlight=False, wrap=False, max_lines=2000, auto_scroll=True)
        self.border_title = "Log"
        self.border_subtitle = "l closes"
        self._lines: RecentLines | None = None
        self._seen = 0
        self._timer: Timer | None = None

    def follow(self, lines: "RecentLines") -> None:
        """Show what ``lines`` holds, and what comes."""
        self._lines = lines
        if self._timer is None:
            self._timer = self.set_interval(1 / _LOOKS_PER_SECOND, self._look)
        self._timer.resume()
        self._look()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        if self._lines is not None:
            self.call_after_refresh(self._draw_anew)

    def _draw_anew(self) -> None:
        """Draw all lines: they are kept in the colours that they were drawn in."""
        self._rich_style_cache.clear()
        self.clear()
        self._seen = 0
        self._look()

    def rest(self) -> None:
        """Look no more until it is unfolded again."""
        if self._timer is not None:
            self._timer.pause()

    def _look(self) -> None:
        if self._lines is None:
            return
        self._seen, new = self._lines.since(self._seen)
        for level, line in new:
            # Not what is behind it: that changes with the focus.
            colour = self.get_component_rich_style(_COMPONENTS.get(level, "log--text")).color
            self.write(Text(line, Style(color=colour), no_wrap=True))
