"""One line that says, in full sentences, what was done last and what to do next."""

from enum import StrEnum
from typing import TypeAlias

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from flowimg_tui.safe_text import safe_text


class Mood(StrEnum):
    """How the sentence is meant: its colour comes with it."""

    PLAIN = "-plain"
    GOOD = "-good"
    WARNING = "-warning"
    BAD = "-bad"


Sentence: TypeAlias = tuple[str, Mood]


class StatusLine(Static):
    """The status line."""

    said: reactive[Sentence] = reactive(("", Mood.PLAIN), repaint=False)
    """What was said last."""

    def say(self, sentence: str, mood: Mood = Mood.PLAIN) -> None:
        """Show ``sentence``; whatever stands in it is shown as plain text."""
        for other in Mood:
            self.set_class(other is mood, other)
        self.update(Content(safe_text(sentence)))
        self.said = (sentence, mood)
