"""What developer tools copy as a command: cURL for bash and for cmd, and PowerShell."""

import re
from typing import Final
from urllib.parse import urlsplit

from flowimg_tui.flow.pasted_found import Form, Found, site_of, tidy
from flowimg_tui.flow.pasted_header import read_header

_CURL: Final = re.compile(
    r"^[ \t]*[\"'`]?(?:[^\n]{0,80}[$%>#][ \t]*)?"  # a prompt
    r"(?:curl(?:\.exe)?[ \t\n\\^]|(?:-H|--header|-b|--cookie)[ \t=]*\$?\^?[\"'])",
    re.MULTILINE,
)
_PROGRAMS: Final = ("curl", "curl.exe")
_MARKS_OF_CMD: Final = re.compile(r"\^[\"%\n]|\^$")
_CARET: Final = re.compile(r"\^(\n|.)", re.DOTALL)
_COOKIE_OPTIONS: Final = ("--cookie=", "--cookie", "-b")
_HEADER_OPTIONS: Final = ("--header=", "--header", "-H")
_OTHER_ADDRESSES: Final = ("-e", "--referer", "-x", "--proxy")
_IN_DOUBLE_QUOTES: Final = '"\\$`'
_ESCAPES: Final = dict(zip("abefnrtv", "\a\b\x1b\f\n\r\t\v", strict=True))
_CODE: Final = re.compile(r"x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})")
_OCTAL: Final = re.compile(r"[0-7]{1,3}")
_LAST_CHARACTER: Final = 0x10FFFF
_POWERSHELL_COOKIE: Final = "System.Net.Cookie("
_POWERSHELL_STRING: Final = re.compile(r'"((?:[^"`]|`.)*)"', re.DOTALL)


def is_curl(text: str) -> bool:
    return _CURL.search(text) is not None


def read_curl(text: str) -> tuple[Form, list[Found], tuple[str, ...]]:
    """Return the shell they are for, the cookies of all commands in the text, and the hosts they go to."""
    begin = _CURL.search(text)
    text = text[begin.start() :].lstrip(" \t\"'`") if begin else text
    form = Form.CURL_CMD if _is_for_cmd(text) else Form.CURL_BASH
    words = cmd_words(text) if form is Form.CURL_CMD else bash_words(text)
    commands: list[list[str]] = [[]]
    for word in words:
        if word in _PROGRAMS:
            commands.append([])
        else:
            commands[-1].append(word)
    found: list[Found] = []
    hosts: dict[str, None] = {}
    for command in commands:
        site = _site(command)
        hosts |= {site: None} if site else {}
        found += [cookie for header in _headers(command) for cookie in read_header(header, site)]
    return form, found, tuple(hosts)


def is_powershell(text: str) -> bool:
    return _POWERSHELL_COOKIE in text or "Invoke-WebRequest" in text


def read_powershell(text: str) -> list[Found]:
    """Return the cookies that a PowerShell command adds to its session: name, value, path, domain."""
    found = []
    for part in text.split(_POWERSHELL_COOKIE)[1:]:
        strings = [re.sub(r"`(.)", r"\1", string) for string in _POWERSHELL_STRING.findall(part)[:4]]
        if len(strings) > 1:
            site = site_of(strings[3]) if len(strings) > 3 else None
            found.append(Found(strings[0].strip(), tidy(strings[1]), site))
    return found


def bash_words(text: str) -> list[str]:
    """Split a command as bash does: ``'…'``, ``"…"``, ``$'…'``, escapes and continued lines.

    :mod:`shlex` knows no ``$'…'``, and refuses a quote that is never closed; here it reaches to the end.
    """
    words: list[str] = []
    word: list[str] | None = None
    at = 0
    while at < len(text):
        character = text[at]
        if character in " \t\n":
            words += ["".join(word)] if word is not None else []
            word, at = None, at + 1
        elif text.startswith("\\\n", at):
            at += 2
        else:
            piece, at = _bash_piece(text, at)
            word = [] if word is None else word
            word.append(piece)
    return [*words, "".join(word)] if word is not None else words


def cmd_words(text: str) -> list[str]:
    r"""Split a command as cmd and the C runtime do: ``^"…^"``, ``^%^``, lines that end in ``^``, ``\"``."""
    text = _CARET.sub(lambda found: found[1].strip("\n"), text)
    pieces = re.findall(r'\\"|""|"|[ \t\n]+|[^"\\ \t\n]+|\\', text)
    words: list[str] = []
    word, quoted, begun = "", False, False
    for piece in pieces:
        if piece.isspace() and not quoted:
            words += [word] if begun else []
            word, begun = "", False
            continue
        begun = True
        if piece == '"':
            quoted = not quoted
        elif piece == '""':
            word += '"' if quoted else ""
        else:
            word += '"' if piece == '\\"' else piece
    return [*words, word] if begun else words


def _is_for_cmd(text: str) -> bool:
    """Return whether a command is for cmd: carets, and no single quote before the first double one."""
    quotes = re.search(r"[\"']", text)
    return (quotes is None or quotes[0] == '"') and _MARKS_OF_CMD.search(text) is not None


def _bash_piece(text: str, at: int) -> tuple[str, int]:
    """Return the next quoted string, escape or run of plain characters, and where it ends."""
    if text[at] == "'":
        end = text.find("'", at + 1)
        end = len(text) if end < 0 else end
        return text[at + 1 : end], end + 1
    if text.startswith("$'", at):
        return _escaped(text, at + 2, "'")
    if text[at] == '"':
        return _escaped(text, at + 1, '"')
    if text[at] == "\\":
        return text[at + 1 : at + 2], at + 2
    end = at + 1
    while end < len(text) and text[end] not in " \t\n\\\"'$":
        end += 1
    return text[at:end], end


def _escaped(text: str, at: int, quote: str) -> tuple[str, int]:
    """Return a string with escapes in it, those of ``$'…'`` or those of ``"…"``, and where it ends."""
    pieces: list[str] = []
    while at < len(text) and text[at] != quote:
        if text[at] != "\\":
            pieces.append(text[at])
            at += 1
        elif quote == "'":
            piece, at = _ansi_c(text, at + 1)
            pieces.append(piece)
        else:
            following = text[at + 1 : at + 2]
            plain = "" if following == "\n" else "\\" + following
            pieces.append(following if following in _IN_DOUBLE_QUOTES else plain)
            at += 2
    return "".join(pieces), at + 1


def _ansi_c(text: str, at: int) -> tuple[str, int]:
    if code := _CODE.match(text, at):
        return _character(int(code[1] or code[2] or code[3], 16)), code.end()
    if octal := _OCTAL.match(text, at):
        return _character(int(octal[0], 8)), octal.end()
    return _ESCAPES.get(text[at : at + 1], text[at : at + 1]), at + 1


def _character(code: int) -> str:
    return chr(code) if code <= _LAST_CHARACTER else ""


def _headers(command: list[str]) -> list[str]:
    """Return the values of ``-b`` and of each ``-H "Cookie: …"``, written apart or as one word."""
    headers = []
    for position, word in enumerate(command):
        following = command[position + 1] if position + 1 < len(command) else ""
        if (cookies := _given(word, following, _COOKIE_OPTIONS)) is not None:
            headers.append(cookies)
        elif (header := _given(word, following, _HEADER_OPTIONS)) is not None:
            name, _, value = header.partition(":")
            headers += [value] if name.strip().lower() == "cookie" else []
    return headers


def _given(word: str, following: str, options: tuple[str, ...]) -> str | None:
    assigned, long, short = options
    if word in (long, short):
        return following
    if word.startswith(assigned):
        return word[len(assigned) :]
    return word[len(short) :] if word.startswith(short) else None


def _site(command: list[str]) -> str | None:
    for before, word in zip(["", *command], command, strict=False):
        if word.startswith(("http://", "https://")) and before not in _OTHER_ADDRESSES:
            try:
                return site_of(urlsplit(word).hostname)
            except ValueError:
                return ""
    return None
