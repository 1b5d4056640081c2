"""Numbers and wire words as people read them: the same on the screen and on the command line."""

import contextlib
from datetime import datetime
from typing import Final

_RATIO_PREFIX: Final = "IMAGE_ASPECT_RATIO_"
_RATIOS: Final = {
    "SQUARE": "1:1",
    "LANDSCAPE": "16:9",
    "PORTRAIT": "9:16",
    "LANDSCAPE_FOUR_THREE": "4:3",
    "PORTRAIT_THREE_FOUR": "3:4",
    "UNSPECIFIED": "",
}
_UNITS: Final = ("B", "kB", "MB", "GB", "TB")


def format_bytes(size: float) -> str:
    """Return a size in decimal units with at most three digits: ``999 B``, ``1.4 MB``, ``320 kB``."""
    value, units = float(size), iter(_UNITS)
    unit = next(units)
    # 999.5 would be written with four digits.
    while value >= 999.5 and unit != _UNITS[-1]:
        value, unit = value / 1000, next(units)
    small = value < 9.95 and unit != _UNITS[0]
    return f"{value:.1f} {unit}" if small else f"{value:.0f} {unit}"


def format_duration(seconds: float) -> str:
    """Return ``0:22``, ``12:05`` or ``1:02:05``."""
    minutes, rest = divmod(max(round(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def format_time_left(seconds: float) -> str:
    """Return ``0 min``, ``47 min``, ``5 h`` or ``29 days``: never more than there is."""
    minutes = max(int(seconds // 60), 0)
    if minutes < 120:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"


def format_moment(moment: datetime | None) -> str:
    """Return a time in the machine's own zone, to the minute; empty where it is not known."""
    if moment is None:
        return ""
    # The first and the last year there are have no other time zones.
    with contextlib.suppress(OverflowError, ValueError):
        moment = moment.astimezone()
    return moment.strftime("%Y-%m-%d %H:%M")


def format_ratio(aspect_ratio: str | None) -> str:
    """Return ``16:9`` for the wire's word; a word that nobody knows stays as it is, without its prefix."""
    word = (aspect_ratio or "").removeprefix(_RATIO_PREFIX)
    return _RATIOS.get(word, word.lower())


def count_of(number: int, singular: str, plural: str | None = None) -> str:
    """Return ``1 image`` or ``2 images``."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"
