"""What the keys do, made from the bindings themselves."""

from collections.abc import Iterable, Sequence
from typing import Final

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import ModalScreen
from textual.widgets import Static

_KEY_WIDTH: Final = 12


class HelpScreen(ModalScreen[None]):
    """A list of keys with what each one does."""

    COMPONENT_CLASSES = {"help--key"}
    BINDINGS = [Binding("escape,q,question_mark", "dismiss", "Close", show=False)]

    def __init__(self, groups: Iterable[tuple[str, Sequence[type[DOMNode]]]]) -> None:
        """Show the keys of the screens and widgets of each group, under its title."""
        super().__init__()
        self._groups = [
            (title, [binding for owner in owners for binding in _keys_of(owner)]) for title, owners in groups
        ]

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog") as dialog:
            dialog.border_title = "Help"
            dialog.border_subtitle = "esc closes"
            for title, bindings in self._groups:
                yield Static(Content.styled(title, "bold $primary"))
                yield Static(self._table(bindings))
                yield Static("")
            yield Static(Content("✓ saved  ↓ running  ↻ waiting to try again  · pending  ✗ failed  ⊘ parked"))

    def _table(self, bindings: Iterable[Binding]) -> Table:
        """Return a line for each key; what it does wraps under itself."""
        table = Table.grid(padding=(0, 0, 0, 2), pad_edge=True)
        table.add_column(width=_KEY_WIDTH, style=self.get_component_rich_style("help--key", partial=True))
        table.add_column()
        for binding in bindings:
            table.add_row(self._keys(binding), Text(binding.tooltip or binding.description))
        return table

    def _keys(self, binding: Binding) -> Text:
        shown = binding.key_display or " ".join(
            self.app.get_key_display(Binding(key.strip(), binding.action)) for key in binding.key.split(",")
        )
        return Text(shown)


def _keys_of(owner: type[DOMNode]) -> list[Binding]:
    return [binding for binding in owner.BINDINGS if isinstance(binding, Binding)]
