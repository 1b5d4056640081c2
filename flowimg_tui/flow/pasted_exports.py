"""What other programs write: cookie-editor JSON, cookies.txt, and rows of the browser's cookie table."""

import json
from collections.abc import Iterator
from typing import Final

from flowimg_tui.flow.cookies import UnusableCookies
from flowimg_tui.flow.pasted_found import Found, first_of, joined, moment, site_of, tidy

_HTTP_ONLY: Final = "#HttpOnly_"
_FLAGS: Final = ("TRUE", "FALSE")
_FIELDS: Final = 7
_TABLE_FIELDS: Final = 4


def is_json(text: str) -> bool:
    return text.startswith(("[", "{"))


def read_json(text: str) -> list[Found]:
    """Return the cookies of ``[{name, value, …}]``, ``{"cookies": […]}`` or ``{name: value}``.

    Raises :class:`UnusableCookies`.
    """
    document = _document(joined(text))
    if isinstance(document, dict):
        if isinstance(document.get("log"), dict):
            raise UnusableCookies("a recording of the network (HAR), which holds far more than cookies")
        if "access_token" in document or "accessToken" in document:
            raise UnusableCookies("the answer of a session page: its access token is not a cookie")
        document = document.get("cookies", document)
    if isinstance(document, dict) and not _is_row(document):
        found = [Found(name, tidy(value)) for name, value in document.items() if isinstance(value, str)]
    else:
        rows = document if isinstance(document, list) else [document]
        found = [_of_row(row) for row in rows if isinstance(row, dict) and _is_row(row)]
    if not found and document:
        raise UnusableCookies("JSON of another kind: nothing in it has the name and the value of a cookie")
    return found


def is_netscape(text: str) -> bool:
    return text.startswith(("# Netscape HTTP Cookie", "# HTTP Cookie")) or any(
        _begins_row(line) for line in text.split("\n")
    )


def read_netscape(text: str) -> list[Found]:
    """Return the cookies of a cookies.txt; tabs may have become spaces, and rows may be wrapped."""
    return [
        Found(name, tidy(value), site_of(domain), expires=moment(expiry))
        for domain, _, _, _, expiry, name, value in _rows(text)
    ]


def is_table(text: str) -> bool:
    return any(_is_table_row(line.split("\t")) for line in text.split("\n"))


def read_table(text: str) -> list[Found]:
    """Return the cookies of rows that were copied out of the developer tools: name, value, domain, path, …"""
    rows = (line.strip(" ").split("\t") for line in text.split("\n"))
    return [
        Found(row[0].strip(), tidy(row[1]), site_of(row[2]), expires=moment("".join(row[4:5])))
        for row in rows
        if _is_table_row(row)
    ]


def _document(text: str) -> object:
    decoder = json.JSONDecoder(strict=False)
    # Copied out of source code, JSON can stand in a string: with a backslash before each quote.
    for escaped in (False, True):
        try:
            inner = decoder.raw_decode(f'"{text}"')[0] if escaped else text
            document: object = decoder.raw_decode(inner)[0]
        except (ValueError, RecursionError):
            continue
        return document
    raise UnusableCookies("JSON that is cut off or damaged")


def _is_row(fields: dict[str, object]) -> bool:
    lowered = {key.lower(): value for key, value in fields.items()}
    return isinstance(lowered.get("name"), str) and isinstance(lowered.get("value"), str)


def _of_row(row: dict[str, object]) -> Found:
    fields = {key.lower(): value for key, value in row.items()}
    expiry = first_of(fields, "expirationdate", "expires", "expiry")
    if fields.get("session") is True:
        expiry = None
    site = site_of(first_of(fields, "domain", "host"))
    return Found(str(fields["name"]).strip(), tidy(str(fields["value"])), site, expires=moment(expiry))


def _begins_row(line: str) -> bool:
    fields = line.split(None, 3)
    return len(fields) >= 3 and fields[1].upper() in _FLAGS and fields[2].startswith("/")


def _rows(text: str) -> Iterator[list[str]]:
    row: list[str] = []
    for line in (line.strip() for line in text.split("\n")):
        if _begins_row(line):
            yield from _whole(row)
            row = line.removeprefix(_HTTP_ONLY).split(None, _FIELDS - 1)
        elif line and not line.startswith("#") and row:
            more = line.split()
            # One field more than the row still lacks: its last one was cut in two.
            if len(more) > _FIELDS - len(row):
                row[-1] += more.pop(0)
            row += more
    yield from _whole(row)


def _whole(row: list[str]) -> Iterator[list[str]]:
    if len(row) == _FIELDS - 1:
        yield [*row, ""]
    elif row and len(row) >= _FIELDS:
        yield [*row[: _FIELDS - 1], " ".join(row[_FIELDS - 1 :])]


def _is_table_row(fields: list[str]) -> bool:
    return len(fields) >= _TABLE_FIELDS and bool(site_of(fields[2])) and fields[3].startswith("/")
