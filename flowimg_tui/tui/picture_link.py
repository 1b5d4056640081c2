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
        self._pictures = self._bytes = self._last = 0
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

    def sent(self, cost: int) -> None:
        """Note a picture of ``cost`` bytes that was just sent."""
        self._pictures += 1
        self._bytes += cost
        self._last = cost
        self._question()

    def answered(self) -> None:
        """Note that the terminal has come as far as the question."""
        if self._asked_at is None:
            return
        took = self._clock() - self._asked_at
        self._asked_at = None
        self._way = took if self._way is None else min(self._way, took)
        self._behind = took - self._way
        if self._behind > SLOW:
            self._rests_until = self._clock() + REST

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
        return f"Pictures are paused: the terminal is {self._behind:.1f} s behind with the last one."

    @property
    def report(self) -> str:
        """What pictures have cost since the app began."""
        if not self._pictures:
            return "No picture was sent to the terminal yet."
        what = f"{count_of(self._pictures, 'picture')} cost {format_bytes(self._bytes)}"
        report = f"{what} so far, the last one {format_bytes(self._last)}."
        return f"{report} {self.note}" if self.is_paused else report

    def _question(self) -> None:
        now = self._clock()
        if self._asked_at is not None and self._way is None and now - self._asked_at > _PATIENCE:
            self._is_silent, self._asked_at = True, None
        if self._asked_at is None and not self._is_silent:
            self._asked_at = self._asked_again_at = now
            self._ask()
