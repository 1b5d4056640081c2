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


_PARAMETERS: Final = re.compile(
    r"(?i)\b(key|at|f\.sid|f\.req|Signature|GoogleAccessId|cursor|nextPageToken)=[^&\s\"']+"
)
# A repr within a repr, and JSON within JSON, have backslashes before their quotes.
_QUOTE: Final = r"\\*[\"']"
# In JSON, in a repr, and percent-encoded in the address of the list: a cursor holds an account id.
_FIELDS: Final = re.compile(
    r"(?i)(cursor|nextPageToken|SNlM0e|FdrFJe|xsrf|af\.httprm)"
    rf"((?:%22|{_QUOTE})\s*(?::|%3A|,(?:\s*[0-9]+\s*,)?)\s*(?:%22|{_QUOTE}))"
    r"(?:(?!%22)[^\"'\s&\\])+"
)
# A comma parts a header from its value in a repr alone; in a sentence it parts clauses.
_HEADERS: Final = re.compile(
    rf"(?i)\b((?:set-)?cookie|authorization)((?:{_QUOTE})?\s*[:=]\s*|{_QUOTE}\s*,\s*)[^\r\n]+"
)
_SHAPES: Final = re.compile(
    r"AIza[0-9A-Za-z_-]{35}"  # a browser key
    r"|ya29\.[0-9A-Za-z._-]+"  # an OAuth access token
    r"|Bearer\s+(?!token[:,.;]?\s)[^\s\"']+"
    # Flow's cookies, of either generation, and a session token without its cookie's name.
    r"|\b(?:__Secure-[\w.-]+|(?:[HSO]|S?API)?SID(?:CC)?)=[^;\s\"']+"
    r"|eyJ[\w-]{16,}[\w.-]*"
    r"|(?<=/asb/)[\w-]+"  # of a re-encoded picture: whoever has its address can read it
)


_MASKED: Final = (
    (("cookie", "authorization"), _HEADERS, rf"\1\2{MASK}"),
    (("=",), _PARAMETERS, rf"\1={MASK}"),
    (('"', "'", "%22"), _FIELDS, rf"\1\2{MASK}"),
    (("aiza", "ya29.", "bearer", "__secure-", "sid", "eyj", "/asb/"), _SHAPES, MASK),
)
"""Forms, each with what a text holds one of, in lower case, where it has the form: most lines hold none."""


def redact(text: str) -> str:
    """Return ``text`` with everything masked that has the form of a credential or a signature."""
    lower = text.lower()
    for signs, form, mask in _MASKED:
        if any(sign in lower for sign in signs):
            text = form.sub(mask, text)
    return text


_LONG: Final = re.compile(r"[^\s\"'“”<>(){}\[\],;]{16,}")
_NO_WORD: Final = re.compile(r"[0-9]|[a-z][A-Z]")


def words_of_others(text: str) -> str:
    """Return what somebody says who knows credentials of ours, without what can be one that they repeat.

    Alone and cut, a credential has no form of its own: so goes whatever is long and no word.
    """
    return _LONG.sub(lambda long: MASK if _NO_WORD.search(long[0]) else long[0], redact(text))
