"""Strings from outside, made harmless to a terminal.

Escaping markup is not enough: an ESC, a C1 control or a bidirectional override in a name reaches the
terminal through every text class of Rich and Textual alike, and can write its clipboard or its title.
"""

import unicodedata
from typing import Final

ELLIPSIS: Final = "…"
REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"

# Cc: C0, DEL, C1 · Cf: bidi overrides and isolates, zero-width characters · Cs: lone surrogates ·
# Co, Cn: no agreed width · Zl, Zp: line breaks by another name.
_UNSAFE_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BREAKS: Final = frozenset("\t\n\v\f\r\x85\u2028\u2029")


def safe_text(value: str, limit: int = 500) -> str:
    """Return ``value`` as one line of at most ``limit`` characters, without control characters.

    Line breaks and tabs become one space each; what could steer a terminal becomes U+FFFD. The result is
    still plain text: whoever shows it must not let it be read as markup.
    """
    if limit < 1:
        return ""
    clipped = value if len(value) <= limit else value[: limit - 1] + ELLIPSIS
    if clipped.isascii() and clipped.isprintable():
        return clipped
    return "".join(map(_safe_character, clipped))


def _safe_character(character: str) -> str:
    if character in _BREAKS:
        return " "
    if unicodedata.category(character) in _UNSAFE_CATEGORIES:
        return REPLACEMENT
    return character
