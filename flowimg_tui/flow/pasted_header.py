"""The text of a ``Cookie`` header and of the session token alone, with what pasting does to them."""

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from flowimg_tui.flow.cookies import SESSION_COOKIE
from flowimg_tui.flow.pasted_found import NAME, Found, is_needed, site_of, tidy

_CURLY_QUOTES: Final = {**dict.fromkeys(map(ord, "“”„‟«»"), '"'), **dict.fromkeys(map(ord, "‘’‚‛"), "'")}
_MARKS_OF_A_PASTE: Final = re.compile(r"\x1b\[20[01]~")
_LINE_BREAKS: Final = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")
_PREFIX: Final = re.compile(
    r"(?i)cookies?[\"']?[ \t\n]*:[ \t\n]*"
    # In source code.
    r"|(?:(?:const|let|var)[ \t\n]+)?\w{0,40}cookie\w{0,40}[ \t\n]*=[ \t\n]*(?=[\"'`]?[\[{])"
)
_LAYERS: Final = 16
_HEADER_LINE: Final = re.compile(r"(:?[A-Za-z][A-Za-z0-9-]*):[ \t]+(\S.*)")
_HOST_HEADERS: Final = (":authority", "host")
_TOKEN: Final = re.compile(r"eyJ[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*)+")
_TOKEN_LENGTH: Final = 40
_TOKEN_DOTS: Final = (2, 4)


def legible(text: str) -> str:
    """Return the paste with one kind of line break, space and quote, and without what cannot be seen."""
    text = _LINE_BREAKS.sub("\n", _MARKS_OF_A_PASTE.sub("", text))
    if not text.isascii():
        text = "".join(map(_seen, text.translate(_CURLY_QUOTES)))
    return "\n".join(line.rstrip(" \t") for line in text.split("\n")).strip(" \t\n")


def unwrapped(text: str) -> str:
    """Return the paste without the quotes, the fence and the name that stand round the whole of it."""
    for _ in range(_LAYERS):
        text = text.rstrip("\\,; \t\n").lstrip(" \t\n")
        if text.startswith("```"):
            text = text.partition("\n")[2].removesuffix("```")
        if found := _PREFIX.match(text):
            text = text[found.end() :]
        if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'`":
            text = text[1:-1]
    return text


def cookie_of_headers(text: str) -> tuple[str, str | None] | None:
    """Return the ``Cookie`` among the headers of a whole request, and its host; ``None`` if there is none.

    Browsers copy them as ``name: value``, or as a line for the name and a line for the value.
    """
    lines = [line.strip() for line in text.split("\n")]
    named = {name.lower(): value for name, value in header_lines(text)}
    if "cookie" in named and len(named) > 1:
        body: list[str] = []
        inside = False
        for line in lines:
            if header := _HEADER_LINE.fullmatch(line):
                inside = header[1].lower() == "cookie"
                body += [";", header[2]] if inside else []
            elif inside:
                body.append(line)
        return "\n".join(body), _host(named)
    pairs = dict(zip(map(str.lower, lines), lines[1:], strict=False))
    if "cookie" in pairs and any(header in pairs for header in (*_HOST_HEADERS, "accept", "user-agent")):
        return pairs["cookie"], _host(pairs)
    return None


def header_lines(text: str) -> list[tuple[str, str]]:
    """Return the lines of the form ``name: value``."""
    found = (_HEADER_LINE.fullmatch(line.strip()) for line in text.split("\n"))
    return [(line[1], line[2]) for line in found if line]


def read_header(text: str, site: str | None = None) -> list[Found]:
    """Return the cookies of a header that was sent to ``site``."""
    found = []
    for piece, certain in _pieces(text):
        name, rest = _begin(piece)
        if rest.startswith("=") and (is_needed(name) or rest.strip("=")):
            value = rest[1:]
        elif is_needed(name) and rest != piece and rest[:1]:
            value = rest.lstrip(": \t")
        else:
            continue
        found.append(Found(name, tidy(value), site, sent=site is not None, certain=certain))
    return found


def token_alone(text: str) -> str | None:
    """Return the session token, if the text is one and nothing else."""
    token = "".join(text.split()).strip("\"'`;")
    if len(token) < _TOKEN_LENGTH or not _TOKEN.fullmatch(token) or token.count(".") not in _TOKEN_DOTS:
        return None
    return None if is_signed_by_google(token) else token


def is_signed_by_google(token: str) -> bool:
    """Return whether a token is an ID token: one in three parts, signed with a public key."""
    head = token.partition(".")[0]
    try:
        told = base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))
    except (binascii.Error, ValueError):
        return False
    return token.count(".") == 2 and re.search(rb'"alg"\s*:\s*"(?:RS|ES|PS)\d', told) is not None


def read_token(token: str) -> list[Found]:
    return [Found(SESSION_COOKIE, tidy(token))]


def _seen(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf":
        return ""
    return " " if category == "Zs" else character


def _host(headers: dict[str, str]) -> str | None:
    return next((site_of(headers[name]) for name in _HOST_HEADERS if name in headers), None)


def _begin(piece: str) -> tuple[str, str]:
    """Return the name that a piece begins with, and what follows it from its separator on."""
    piece = piece.lstrip("\"'` \t")
    found = NAME.match(piece)
    if not found:
        return "", piece
    name = found[0].rstrip("'`")
    return name, piece[len(name) :].lstrip("\"'` \t")


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Yield what stands between semicolons as one line, and whether its name can only be a name.

    A line break is a wrapped value, unless a cookie that is needed begins after it, or unless there is
    no semicolon at all and every line is a cookie.
    """
    rows = [line for line in text.split("\n") if line.strip()]
    is_list = ";" not in text and all(_is_cookie(line) for line in rows)
    for part in text.split(";"):
        piece, certain = "", True
        for line in part.split("\n"):
            row = line.lstrip(" \t").rstrip("\\ \t")
            if not row:
                continue
            if piece and (is_list or _begins(row, piece)):
                yield piece, certain
                piece, certain = row, False
            else:
                piece += row
        if piece:
            yield piece, certain


def _is_cookie(line: str) -> bool:
    name, rest = _begin(line)
    return bool(name) and rest.startswith("=") and bool(rest.strip("= \t"))


def _begins(line: str, piece: str) -> bool:
    name, rest = _begin(line)
    if not is_needed(name) or rest[:1] not in ("=", ":"):
        return False
    # ``__Secure-1P`` and ``SID=…``: the line break stands inside a name.
    return not (NAME.fullmatch(piece) and is_needed(_begin(piece + line)[0]))
