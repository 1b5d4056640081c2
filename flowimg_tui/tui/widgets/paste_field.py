"""A field that takes a secret and never shows it."""

from typing import TYPE_CHECKING, Final

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from flowimg_tui.humane import count_of
from flowimg_tui.secret import Secret

if TYPE_CHECKING:
    from textual.timer import Timer

_QUIET_SECONDS: Final = 0.3
_CLEARING_KEYS: Final = ("backspace", "delete", "ctrl+u")


class PasteField(Widget, can_focus=True):
    """Takes a whole paste, its line breaks too: an input line would keep the first of them only.

    Enter after it submits. A terminal without bracketed paste types it, and Enter is then a part of it.
    """

    class Changed(Message):
        """The field has got another content, and nothing more has come for a moment."""

    class Submitted(Message):
        """Enter was pressed after a paste."""

    def __init__(self, limit: int, *, id: str) -> None:
        """``limit`` is in characters; what is longer is cut one character after it, and so can be told."""
        super().__init__(id=id)
        self._limit = limit
        self._content = Secret("")
        self._typed = False
        self._pause: Timer | None = None

    @property
    def content(self) -> Secret:
        """What was pasted."""
        return self._content

    def render(self) -> Content:
        length = len(self._content.reveal())
        if not length:
            return Content.styled("paste here; nothing of it is shown", "$text-muted")
        return Content(f"•••  {count_of(length, 'character')}, none of them shown; backspace clears")

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        self._typed = False
        self._hold(event.text)
        self._tell()

    def on_key(self, event: events.Key) -> None:
        if event.key == "enter" and self._content and not self._typed:
            event.stop()
            self.post_message(self.Submitted())
        elif self._type(event):
            event.stop()
            self.refresh()
            self._pause = self.set_timer(_QUIET_SECONDS, self._tell)

    def _type(self, event: events.Key) -> bool:
        """Take a key as a part of the content, or to clear it; return whether it was one of those."""
        if event.key in _CLEARING_KEYS:
            self._hold("")
        elif event.key == "enter" and self._content:
            self._hold(self._content.reveal() + "\n")
        elif event.is_printable and event.character:
            # What was pasted before is whole; what is typed now is something else.
            self._hold((self._content.reveal() if self._typed else "") + event.character)
            self._typed = True
        else:
            return False
        return True

    def _hold(self, text: str) -> None:
        self._content = Secret(text[: self._limit + 1])
        if self._pause is not None:
            self._pause.stop()

    def _tell(self) -> None:
        self.refresh()
        self.post_message(self.Changed())
