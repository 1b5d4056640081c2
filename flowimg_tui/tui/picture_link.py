"""What pictures cost on their way to the terminal, and whether it keeps up with them.

What is written is gone at once: between here and a terminal behind SSH there is room for megabytes. So after
a picture the terminal is asked where its cursor is, which it answers when it has come so far. What the way
there and back takes is known from a question that no picture stood before.
"""

from collections.abc import Callable
from typing import Final

from flowimg_tui.humane import count_of, format_bytes

QUESTION: Final = "\x1b[6n"
"""DSR: the terminal reports the position of its cursor."""
SLOW: Final = 0.5
"""A terminal that is so many seconds behind a picture gets no more of them for now."""
REST: Final = 5.0
"""Seconds until a terminal that was slow gets a picture again."""
SECONDS_BETWEEN_TRIES: Final = 1.0
"""How often who has a picture to show looks whether they are paused no more."""
_PATIENCE: Final = 5.0
"""A terminal that has answered nothing in so many seconds answers no such question; of one that has, an
answer may have been lost.
"""


class PictureLink:
    """Belongs to the screen's loop."""

    def __init__(self, clock: Callable[[], float], ask: Callable[[], None]) -> None:
        """``ask`` sends :data:`QUESTION`; who reads the answer calls :meth:`answered`."""
        self._clock, self._ask = clock, ask
        self._pictures = self._bytes = 0
        self._last = (0, 0)
        """Number and bytes of what was drawn at once, and last."""
        self._ahead = 0
        self._is_unasked = False
        """Whether something was sent behind the question that is not answered yet."""
        self._asked_at: float | None = None
        """When the question was asked that is not answered yet; one that was lost is asked again."""
        self._asked_again_at = 0.0
        self._way: float | None = None
        """Seconds of a question and its answer alone."""
        self._behind = 0.0
        """How long the terminal took for the latest picture that it was asked about."""
        self._rests_until = 0.0
        self._is_silent = False

    def open(self) -> None:
        """Learn how long the way takes, as pictures are about to be shown."""
        if self._way is None:
            self._question()

    def sent_ahead(self, cost: int) -> None:
        """Note bytes of a picture that is about to be drawn."""
        self._ahead += cost

    def sent(self, cost: int, pictures: int = 1) -> None:
        """Note ``pictures`` that were just drawn, for the first time or again, with ``cost`` bytes in all."""
        cost, self._ahead = cost + self._ahead, 0
        self._pictures += pictures
        self._bytes += cost
        self._last = (pictures, cost)
        self._is_unasked = self._asked_at is not None
        self._question()

    def answered(self) -> None:
        """Note that the terminal has come as far as the question."""
        if self._asked_at is None:
            # Whoever answers late can answer: a way that is so long is measured by the next question.
            self._is_silent = False
            return
        took = self._clock() - self._asked_at
        self._asked_at = None
        self._way = took if self._way is None else min(self._way, took)
        self._behind = took - self._way
        if self._behind > SLOW:
            self._rests_until = self._clock() + REST

    def catch_up(self) -> None:
        """Ask about what was sent behind the question that is answered by now."""
        if self._is_unasked and not self.is_paused:
            self._is_unasked = False
            self._question()

    @property
    def is_paused(self) -> bool:
        """Whether the terminal is behind, or was so lately."""
        now = self._clock()
        if self._asked_at is not None and self._way is not None:
            self._behind = max(now - self._asked_at - self._way, 0.0)
            if now - self._asked_again_at > _PATIENCE:
                self._asked_again_at = now
                self._ask()
            return self._behind > SLOW
        return now < self._rests_until

    @property
    def note(self) -> str:
        """Why there is no picture while they are paused."""
        return f"Pictures are paused: the terminal is {self._behind:.1f} s behind."

    @property
    def report(self) -> str:
        """What pictures have cost since the app began."""
        if not self._pictures:
            return "No picture was sent to the terminal yet."
        what = f"{count_of(self._pictures, 'picture')} cost {format_bytes(self._bytes)}"
        if self.is_paused:
            return f"{what} so far; paused: {self._behind:.1f} s behind."
        number, cost = self._last
        last = "the last one" if number == 1 else f"the last {number} of them"
        return f"{what} so far, {last} {format_bytes(cost)}."

    def _question(self) -> None:
        now = self._clock()
        if self._asked_at is not None and self._way is None and now - self._asked_at > _PATIENCE:
            self._is_silent, self._asked_at = True, None
        if self._asked_at is None and not self._is_silent:
            self._asked_at = self._asked_again_at = now
            self._ask()
