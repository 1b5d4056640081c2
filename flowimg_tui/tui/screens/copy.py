"""What was copied, to be seen: a terminal may refuse its clipboard without a word."""

import unicodedata
from collections.abc import Sequence
from typing import Final

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from flowimg_tui.humane import count_of
from flowimg_tui.safe_text import safe_text
from flowimg_tui.store.records import ImageRecord

MOST_LINES: Final = 200
"""Some 20 kB: terminals take at least 64 kB at a time."""
_LONGEST: Final = 4000
_ACTED_ON: Final = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Controls of a terminal and of the direction of text, halves of characters, ends of lines and paragraphs."""
_JOINERS: Final = "\u200c\u200d"
"""They stand within words and emoji. A path with them is left as it is: it is that of a file here."""


class CopyScreen(ModalScreen[None]):
    """Sends lines to the clipboard of the terminal (OSC 52), and shows them."""

    BINDINGS = [Binding("escape,q,enter,y", "dismiss", "Close", show=False)]

    def __init__(self, images: Sequence[ImageRecord]) -> None:
        """Copy the paths of ``images``, or the names of those that have no file."""
        super().__init__()
        self._lines = [_line(image) for image in images]

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog") as dialog:
            dialog.border_title = f"Copied {count_of(len(self._lines), 'line')}"
            dialog.border_subtitle = "esc closes"
            for line in self._lines:
                yield Static(Content(safe_text(line, _LONGEST)))
            yield Static("")
            yield Static(
                Content(
                    "It was sent to the clipboard of your terminal. Some terminals refuse that without a "
                    "word: then select the text here, with shift held down."
                ),
                classes="dialog-next",
            )

    def on_mount(self) -> None:
        self.app.copy_to_clipboard("\n".join(self._lines))


def _line(image: ImageRecord) -> str:
    """Return what stands for an image, without what a shell that it is pasted into would act on."""
    text = image.local_path or image.name
    harmless = _JOINERS if image.local_path else ""
    acts = any(unicodedata.category(each) in _ACTED_ON for each in text if each not in harmless)
    return safe_text(text, _LONGEST) if acts else text
