"""Words for sizes and colours, for those too who need no picture yet."""

from typing import TypeAlias

Size: TypeAlias = tuple[int, int]
"""Width and height."""
Colour: TypeAlias = tuple[int, int, int]
"""Red, green and blue, from 0 to 255."""
