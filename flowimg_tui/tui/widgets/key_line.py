"""The last line: the keys that fit, the most needed first; a key that can do nothing now is dimmed."""

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Footer
from textual.widgets._footer import FooterKey


class KeyLine(Footer):
    """Shows no half of a key: those that do not fit stand in the help alone."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False)
        self._shown: tuple[int, list[tuple[Binding, bool]]] = (0, [])

    def compose(self) -> ComposeResult:
        self._shown = self._to_show()
        room = self.app.size.width
        for key in super().compose():
            if isinstance(key, FooterKey):
                # A space before the key, one before its description, one behind that.
                room -= cell_len(key.key_display) + cell_len(key.description) + 3
                if room < 0:
                    return
            yield key

    async def recompose(self) -> None:
        # It is asked for with every focus, six times at the start; only a change is worth the drawing.
        if not self.children or self._shown != self._to_show():
            await super().recompose()

    def _to_show(self) -> tuple[int, list[tuple[Binding, bool]]]:
        """Return what the line depends on: the width, and each key with whether it can do something."""
        active = self.screen.active_bindings.values()
        return self.app.size.width, [(key.binding, key.enabled) for key in active if key.binding.show]

    async def on_resize(self, _: events.Resize) -> None:
        await self.recompose()
