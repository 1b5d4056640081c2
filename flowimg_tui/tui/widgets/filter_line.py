"""Where a filter is typed: a line above the table that is there while there is a filter."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from flowimg_tui.store.filters import MOST_CHARACTERS
from flowimg_tui.tui.widgets.line_input import LineInput


class FilterField(LineInput):
    """Keys that lead away do so at once: who types ahead means the table with the next key."""

    BINDINGS = [
        Binding("enter,down,pagedown", "leave", "To the images", key_display="enter"),
        # The screen's own key, to stand in the last line here.
        Binding("escape", "screen.back", "Clear the filter", key_display="esc"),
    ]

    def action_leave(self) -> None:
        self.screen.focus_next()


class FilterLine(Horizontal):
    """Tells each change of what is typed. ``enter`` goes on to what comes next on the screen: the table."""

    class Changed(Message):
        """Something else is looked for."""

    def compose(self) -> ComposeResult:
        yield Static("/", id="filter-sign", markup=False)
        yield FilterField(
            placeholder='words, "a phrase", -without, state:failed, ratio:16:9, date:2026-10',
            id="filter-text",
            max_length=MOST_CHARACTERS,
            compact=True,
            select_on_focus=False,
        )

    @property
    def text(self) -> str:
        """What is looked for."""
        return self._field.value

    @property
    def is_typed_in(self) -> bool:
        return self._field.has_focus

    @property
    def _field(self) -> FilterField:
        return self.query_one(FilterField)

    def show(self, text: str) -> None:
        """Show what is looked for, which was not typed here; without it the line folds."""
        with self.prevent(Input.Changed):
            self._field.value = text
        self._fold_if_empty()

    def edit(self) -> None:
        """Unfold, and take what is typed."""
        self.display = True
        self.screen.set_focus(self._field)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed())

    def on_descendant_focus(self) -> None:
        # Textual gives the focus back to a field that has folded, as a terminal's window does that was left.
        self.display = True

    def on_descendant_blur(self) -> None:
        self._fold_if_empty()

    def _fold_if_empty(self) -> None:
        self.display = bool(self._field.value) or self._field.has_focus
