"""The last line: the keys that fit, the most needed first; a key that can do nothing now is dimmed.

Textual's footer has a widget for each key, and makes all of them anew with the focus, and with each key that
is dimmed or lit.
"""

from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

_DIM: Final = Style(dim=True)


@dataclass(frozen=True, slots=True)
class _Key:
    """A key as it stands in the line, from its first column to the one behind it."""

    key: str
    shown: str
    description: str
    tooltip: str
    enabled: bool
    begin: int
    end: int


class KeyLine(Widget):
    """Shows no half of a key: those that do not fit stand in the help alone. A click presses a key."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES = {"key-line--key", "key-line--description"}

    def __init__(self) -> None:
        super().__init__()
        self._keys: tuple[_Key, ...] = ()

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def on_resize(self) -> None:
        self._take()

    def _bindings_changed(self, screen: Screen[object]) -> None:
        if screen.app.app_focus and self.is_attached and screen is self.screen:
            self.call_after_refresh(self._take)

    def _take(self) -> None:
        keys = tuple(self._that_fit())
        if keys != self._keys:
            self._keys = keys
            self.refresh()

    def _that_fit(self) -> list[_Key]:
        keys: list[_Key] = []
        seen = set[str]()
        end = 0
        for _, binding, enabled, tooltip in self.screen.active_bindings.values():
            if not binding.show or binding.action in seen:
                continue
            seen.add(binding.action)
            shown = self.app.get_key_display(binding)
            # A space before the key, one before its description, one behind that.
            begin, end = end, end + cell_len(shown) + cell_len(binding.description) + 3
            if end > self.size.width:
                break
            keys.append(_Key(binding.key, shown, binding.description, tooltip, enabled, begin, end))
        return keys

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 - there is one
        own = self.visual_style.rich_style
        key_style = self.get_component_rich_style("key-line--key")
        text_style = self.get_component_rich_style("key-line--description")
        segments = []
        for key in self._keys:
            dim = Style.null() if key.enabled else _DIM
            segments.append(Segment(f" {key.shown} ", key_style + dim))
            segments.append(Segment(f"{key.description} ", text_style + dim))
        return Strip(segments).adjust_cell_length(self.size.width, own)

    def _key_at(self, x: int) -> _Key | None:
        return next((key for key in self._keys if key.begin <= x < key.end), None)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        key = self._key_at(event.x)
        tooltip = key.tooltip if key is not None else None
        if tooltip != self.tooltip:
            self.tooltip = tooltip

    def on_mouse_down(self, event: events.MouseDown) -> None:
        key = self._key_at(event.x)
        if key is not None:
            # A dimmed one says why it can do nothing.
            self.app.simulate_key(key.key)
