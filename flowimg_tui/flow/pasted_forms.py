"""Which form a paste has, and what it looks like where it has none."""

import re
from typing import Final

from flowimg_tui.flow.cookies import UnusableCookies
from flowimg_tui.flow.pasted_commands import is_curl, is_powershell, read_curl, read_powershell
from flowimg_tui.flow.pasted_exports import (
    is_json,
    is_netscape,
    is_table,
    read_json,
    read_netscape,
    read_table,
)
from flowimg_tui.flow.pasted_found import Form, Found
from flowimg_tui.flow.pasted_header import (
    cookie_of_headers,
    header_lines,
    is_signed_by_google,
    legible,
    read_header,
    read_token,
    token_alone,
    unwrapped,
)

_LOOKS: Final = (
    (re.compile(r"<"), "a web page or other markup, not cookies"),
    (re.compile(r"SQLite format 3"), "the cookie database of a browser; export cookies.txt from it"),
    (
        re.compile(r"(?i)(?:authorization[\"']?\s*:\s*)?[\"']?bearer[ \t\n]|ya29\."),
        "a Bearer token: it ends within the hour, and a session is more than that",
    ),
    (re.compile(r"(?i)https?://\S*"), "an address (URL), not cookies"),
    (re.compile(r"(?:await\s+)?fetch\("), "“Copy as fetch”, in which browsers leave the cookies out"),
    (
        re.compile(r"(?:~|\.{0,2}/|[A-Za-z]:\\)[^\n=;]{0,300}$|[\w.-]{1,80}\.(?:txt|json|sqlite|db)$"),
        "the name of a file, not what stands in it",
    ),
)
_NO_COOKIES: Final = {
    Form.POWERSHELL: "a PowerShell command without cookies",
    Form.JSON: "an empty list of cookies (JSON)",
    Form.NETSCAPE: "a cookies.txt without cookies",
}


def read_form(text: str) -> tuple[Form, list[Found]]:
    """Return the form of a paste, and the cookies in it.

    Raises :class:`UnusableCookies` with the words for what it looks like: none for an empty one.
    """
    text = legible(text)
    if headers := cookie_of_headers(text):
        return Form.HEADER, read_header(*headers)
    text = unwrapped(text)
    if not text:
        raise UnusableCookies("")
    form, found = _recognised(text)
    if not found:
        raise UnusableCookies(_NO_COOKIES.get(form, "something without cookies"))
    return form, found


def _recognised(text: str) -> tuple[Form, list[Found]]:
    if is_json(text):
        return Form.JSON, read_json(text)
    if is_powershell(text):
        return Form.POWERSHELL, read_powershell(text)
    if is_netscape(text):
        return Form.NETSCAPE, read_netscape(text)
    if is_curl(text):
        return _curl(text)
    if is_table(text):
        return Form.TABLE, read_table(text)
    if token := token_alone(text):
        return Form.TOKEN, read_token(token)
    for pattern, looks in _LOOKS:
        if pattern.match(text):
            raise UnusableCookies(looks)
    if found := read_header(text):
        return Form.HEADER, found
    raise UnusableCookies(_looks(text))


def _curl(text: str) -> tuple[Form, list[Found]]:
    form, found, hosts = read_curl(text)
    if not found:
        to = f" to {hosts[0]}" if hosts else ""
        raise UnusableCookies(f"a cURL command{to} without cookies")
    return form, found


def _looks(text: str) -> str:
    if header_lines(text):
        return "request headers without a Cookie among them"
    words = text.split()
    if text.startswith("eyJ"):
        signed = is_signed_by_google("".join(words))
        return "an ID token of Google, not a session" if signed else "a session token that is cut off"
    if len(words) == 1:
        return "a single word: perhaps a value without the name of its cookie"
    return "ordinary text, not cookies (name=value; name=value)"
