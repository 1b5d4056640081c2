"""What a terminal shows after what was written to it: as much of a terminal as the app makes use of."""

import re
from typing import Final

USUAL: Final = (120, 40)
"""Columns and lines."""
_SEQUENCE: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[^\[])")
_TOKEN: Final = re.compile(rf"\x1b\[(\d+);(\d+)H|{_SEQUENCE.pattern}|([^\x00-\x1f\x7f]+)")


class Picture:
    """Characters that are one cell wide, without their colours."""

    def __init__(self, size: tuple[int, int] = USUAL) -> None:
        self._width, self._height = size
        self._lines = [[" "] * self._width for _ in range(self._height)]
        self._x = self._y = 0
        self._rest = ""

    def feed(self, text: str) -> None:
        """Take what is written; it may end within a sequence."""
        text = self._rest + text
        begun = text.rfind("\x1b")
        cut = begun >= 0 and _SEQUENCE.match(text, begun) is None
        text, self._rest = (text[:begun], text[begun:]) if cut else (text, "")
        for match in _TOKEN.finditer(text):
            row, column, characters = match.groups()
            if row:
                self._y, self._x = int(row) - 1, int(column) - 1
            elif characters and self._y < self._height:
                end = min(self._x + len(characters), self._width)
                self._lines[self._y][self._x : end] = characters[: end - self._x]
                self._x = end

    def __str__(self) -> str:
        return "\n".join(map("".join, self._lines))

    def value(self, sign: str) -> str:
        """Return the group of what `sign` matches, or nothing."""
        match = re.search(sign, str(self))
        return match[1] if match else ""
