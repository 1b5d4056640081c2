"""A question before something that is hard to take back."""

from collections.abc import Callable
from typing import Final

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from flowimg_tui.tui.questions import Question

QUIET_SECONDS: Final = 0.4


class ConfirmScreen(ModalScreen[bool]):
    """Asks; ``y`` says yes, ``escape`` and ``n`` say no, and the focus is on Cancel.

    A key that repeats confirms nothing: yes counts only after ``QUIET_SECONDS`` without another yes and after
    the question came up.
    """

    BINDINGS = [
        Binding("y", "confirm", "Yes", show=False),
        Binding("escape,n,q", "cancel", "Cancel", show=False),
        Binding("left,right", "app.focus_next", "Other button", show=False),
    ]

    def __init__(self, question: Question, clock: Callable[[], float]) -> None:
        super().__init__()
        self._question = question
        self._clock = clock
        self._last_yes = clock()

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content(self._question.title)
            yield Static(self._question.what)
            yield Static(Content(self._question.afterwards), classes="dialog-next")
            with Horizontal(id="dialog-buttons"):
                yield Button(Content(f"{self._question.yes}  y"), id="yes", variant="error", compact=True)
                yield Button(Content("Cancel  esc"), id="no", compact=True)

    def on_mount(self) -> None:
        self._last_yes = self._clock()
        self.query_one("#no").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "yes":
            self.action_confirm()
        else:
            self.action_cancel()

    def action_confirm(self) -> None:
        now = self._clock()
        quiet = now - self._last_yes
        self._last_yes = now
        if quiet >= QUIET_SECONDS:
            self.dismiss(True)

    def action_cancel(self) -> None:
        self.dismiss(False)
