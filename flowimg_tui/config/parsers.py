"""What a setting may be: each parser returns the value, or raises ``ValueError`` with what is allowed.

Its message goes behind "must be", and never repeats the value, which may be a secret in the wrong place.
"""

import contextlib
import difflib
import math
import re
import shlex
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

from flowimg_tui.secret import Secret

_LONGEST_DELAY: Final = 3600.0
_BASE_URL: Final = re.compile(
    r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~%/-]*)?"
)

_SWITCHES: Final = {"true": True, "1": True, "yes": True, "on": True} | dict.fromkeys(
    ("false", "0", "no", "off"), False
)


def whole_number(low: int, high: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        text = str(value).strip()
        if isinstance(value, bool) or not (
            text.isascii() and text.isdigit() and len(text) <= 9 and low <= int(text) <= high
        ):
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)

    return parse


def switch(value: object) -> bool:
    if isinstance(value, str):
        value = _SWITCHES.get(value.strip().lower())
    if not isinstance(value, bool):
        raise ValueError("true or false")  # noqa: TRY004 - the caller knows of one error for all of them
    return value


def seconds(value: object) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if not 0.0 <= number <= _LONGEST_DELAY:
        raise ValueError(f"seconds, from 0 to {_LONGEST_DELAY:.0f}")
    return number


def seconds_range(value: object) -> tuple[float, float]:
    # A number of the file may be written with an exponent, whose sign is no dash between two numbers.
    text = f"{value:f}" if isinstance(value, float) else str(value).strip()
    shortest, dash, longest = text.partition("-")
    try:
        bounds = (seconds(shortest), seconds(longest if dash else shortest))
    except ValueError:
        bounds = (1.0, 0.0)
    if bounds[0] > bounds[1]:
        raise ValueError(
            f"seconds, or two with a dash between, as in 1-2, up to {_LONGEST_DELAY:.0f}, or 0 for none"
        )
    return bounds


def one_of(*allowed: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if value not in allowed:
            nearest = difflib.get_close_matches(str(value).strip().lower(), allowed, n=1)
            meant = f" (did you mean {nearest[0]}?)" if nearest else ""
            raise ValueError(f"one of {', '.join(allowed)}{meant}")
        return str(value)

    return parse


def folder(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError("the path of a folder")
    return value


def base_url(value: object) -> str:
    try:
        usable = isinstance(value, str) and _BASE_URL.fullmatch(value) and urlsplit(value).port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("an http or https URL without a query, a fragment or a user")
    return str(value).rstrip("/")


def flow_key(value: object) -> Secret:
    if not isinstance(value, str) or not value.startswith("AIza") or len(value) != 39:
        raise ValueError("the 39 characters, from AIza on, of the web page's key")
    return Secret(value)


def command(value: object) -> tuple[str, ...]:
    """Return the program and its arguments, of a text as for a shell or of a list of texts."""
    words: Sequence[object] = value if isinstance(value, list) else ()
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            words = shlex.split(value)
    texts = tuple(word for word in words if isinstance(word, str) and "\0" not in word)
    if not texts or not texts[0] or len(texts) < len(words):
        raise ValueError(
            "a program and its arguments, as in pass show flow, each quote closed; or a list of texts"
        )
    return texts
