"""A line of text to type or paste, and nothing but text."""

import logging

from textual import events
from textual.geometry import Size
from textual.reactive import Reactive
from textual.widgets import Input

from flowimg_tui.safe_text import safe_text

log = logging.getLogger(__name__)


class LineInput(Input):
    """Takes the first line of what is pasted without what could steer a terminal: Textual would draw it."""

    # A cursor that blinks sends bytes for ever.
    cursor_blink = False
    # However long its text is, the field is where it was: Textual would lay out the whole screen at each key.
    virtual_size = Reactive(Size(0, 0))

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        first, *_ = event.text.splitlines() or [""]
        # Not shortened: what is too long for the field is something else, and stays out of it whole.
        text = safe_text(first, len(first))
        if self.selection.is_empty:
            self.insert_text_at_cursor(text)
        else:
            self.replace(text, *self.selection)

    def restricted(self) -> None:
        """Say why nothing of what was typed or pasted stands there."""
        sentence = f"At most {self.max_length} characters fit here: what goes beyond was left out."
        log.info(sentence)
        self.notify(sentence, severity="warning", markup=False)
