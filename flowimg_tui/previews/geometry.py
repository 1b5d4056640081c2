"""Words for sizes and colours, for those too who need no picture yet."""

from typing import Final, TypeAlias

Size: TypeAlias = tuple[int, int]
"""Width and height."""
Colour: TypeAlias = tuple[int, int, int]
"""Red, green and blue, from 0 to 255."""
USUAL_CELL: Final = (10, 20)
"""The pixels of a terminal's cell where it does not tell them."""
