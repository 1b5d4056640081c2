"""How a picture wants to be turned before it is seen: the orientation in its EXIF data.

Pillow's own reader warns of odd metadata, once for a whole process and on stderr, where the screen is. Here
metadata that cannot be read turns nothing.

Source: TIFF 6.0, section 2; EXIF 3.0 (CIPA DC-008), 4.6.5.
"""

import struct
from typing import Final

from PIL import Image

_ORIENTATION: Final = 0x0112
_SHORT: Final = 3
_BYTE_ORDERS: Final = {b"II*\0": "<", b"MM\0*": ">"}

_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ON_ITS_SIDE: Final = frozenset(
    {
        Image.Transpose.TRANSPOSE,
        Image.Transpose.ROTATE_270,
        Image.Transpose.TRANSVERSE,
        Image.Transpose.ROTATE_90,
    }
)


def turn_of(exif: object) -> Image.Transpose | None:
    """Return how a picture with this EXIF data is to be turned; ``None``: it is upright, or says nothing."""
    if not isinstance(exif, bytes):
        return None
    data = exif.removeprefix(b"Exif\0\0")
    order = _BYTE_ORDERS.get(data[:4])
    if order is None:
        return None
    try:
        (directory,) = struct.unpack_from(f"{order}I", data, 4)
        (count,) = struct.unpack_from(f"{order}H", data, directory)
        for number in range(count):
            entry = struct.unpack_from(f"{order}HHIH", data, directory + 2 + 12 * number)
            if entry[:2] == (_ORIENTATION, _SHORT):
                return _TURNS.get(entry[3])
    except struct.error:
        return None
    return None


def is_on_its_side(turn: Image.Transpose | None) -> bool:
    """Tell whether the turn makes the width the height."""
    return turn in _ON_ITS_SIDE
