"""A string that must not be seen: in a log, a traceback with its locals, a repr or an error."""

import re
from typing import Final

MASK: Final = "•••"


class Secret:
    """Holds a credential; only :meth:`reveal` gives it away, so each use can be found by name."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)


_PARAMETERS: Final = re.compile(r"(?i)\b(key|at|Signature|GoogleAccessId|cursor|nextPageToken)=[^&\s\"']+")
# In JSON, in a repr, and percent-encoded in the address of the list: a cursor holds an account id.
_FIELDS: Final = re.compile(
    r"(?i)(cursor|nextPageToken)((?:%22|[\"'])\s*(?::|%3A)\s*(?:%22|[\"']))(?:(?!%22)[^\"'\s&])+"
)
_HEADERS: Final = re.compile(r"(?i)\b((?:set-)?cookie|authorization)([\"']?\s*[:=,]\s*)[^\r\n]+")
_SHAPES: Final = re.compile(
    r"AIza[0-9A-Za-z_-]{35}"  # a browser key
    r"|ya29\.[0-9A-Za-z._-]+"  # an OAuth access token
    r"|Bearer\s+[^\s\"']+"
    r"|__Secure-[\w.-]+=[^;\s]+"
)


def redact(text: str) -> str:
    """Return ``text`` with everything masked that has the form of a credential or a signature."""
    text = _HEADERS.sub(rf"\1\2{MASK}", text)
    text = _PARAMETERS.sub(rf"\1={MASK}", text)
    text = _FIELDS.sub(rf"\1\2{MASK}", text)
    return _SHAPES.sub(MASK, text)
