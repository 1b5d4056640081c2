"""What the keys do, made from the bindings themselves."""

from collections.abc import Iterable
from typing import Final

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

_KEY_WIDTH: Final = 12


class HelpScreen(ModalScreen[None]):
    """A list of keys with what each one does."""

    BINDINGS = [Binding("escape,q,question_mark", "dismiss", "Close", show=False)]

    def __init__(self, groups: Iterable[tuple[str, Iterable[Binding]]]) -> None:
        super().__init__()
        self._groups = [(title, list(bindings)) for title, bindings in groups]

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog") as dialog:
            dialog.border_title = "Help"
            dialog.border_subtitle = "esc closes"
            for title, bindings in self._groups:
                yield Static(Content.styled(title, "bold $primary"))
                for binding in bindings:
                    yield Static(self._line(binding))
                yield Static("")
            yield Static(Content("✓ saved  ↓ running  ↻ waiting to try again  · pending  ✗ failed  ⊘ parked"))

    def _line(self, binding: Binding) -> Content:
        keys = " ".join(
            self.app.get_key_display(Binding(key.strip(), binding.action)) for key in binding.key.split(",")
        )
        shown = binding.key_display or keys
        return Content.assemble(
            (f"  {shown:<{_KEY_WIDTH}}", "$accent"), binding.tooltip or binding.description
        )
