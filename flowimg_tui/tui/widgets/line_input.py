"""A line of text to type or paste, and nothing but text."""

from textual import events
from textual.widgets import Input

from flowimg_tui.safe_text import safe_text


class LineInput(Input):
    """Takes the first line of what is pasted without what could steer a terminal: Textual would draw it."""

    # A cursor that blinks sends bytes for ever.
    cursor_blink = False

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
