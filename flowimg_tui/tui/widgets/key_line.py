"""The last line: the keys that fit, the most needed first; a key that can do nothing now is dimmed."""

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.widgets import Footer
from textual.widgets._footer import FooterKey


class KeyLine(Footer):
    """Shows no half of a key: those that do not fit stand in the help alone."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False)

    def compose(self) -> ComposeResult:
        room = self.app.size.width
        for key in super().compose():
            if isinstance(key, FooterKey):
                # A space before the key, one before its description, one behind that.
                room -= cell_len(key.key_display) + cell_len(key.description) + 3
                if room < 0:
                    return
            yield key

    async def on_resize(self, _: events.Resize) -> None:
        await self.recompose()
