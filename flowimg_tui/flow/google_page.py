"""How the web page of flow.google.com asks: the tokens in its HTML, and the envelope of its calls."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias
from urllib.parse import quote, urlencode

import httpx

from flowimg_tui.flow.answers import not_an_answer
from flowimg_tui.flow.errors import (
    FlowError,
    NotFound,
    NotUnderstood,
    RateLimited,
    Refused,
    SignedOut,
    Unreachable,
)
from flowimg_tui.flow.http import status_error, told_host
from flowimg_tui.secret import Secret

PRINTABLE: Final = re.compile(r"[!-~]{1,4096}")
"""A token, a cursor or a URL."""
_BEGINNING: Final = b")]}'\n"
_TEXT_LIMIT: Final = 100_000
_EMAIL: Final = re.compile(r"[^\s\ud800-\udfff]{1,320}")
_REASON: Final = re.compile(r"[A-Z][A-Z0-9_]{4,80}")
_EPOCH, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
_LAST_SECOND: Final = int((_LATEST - _EPOCH).total_seconds()) - 1
_HEX_ESCAPE: Final = re.compile(r"\\x([0-9A-Fa-f]{2})")

Json: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class PageTokens:
    """What the page of a signed-in account names; ``None`` where it does not."""

    at: Secret
    """``SNlM0e``: goes into the body of every call."""
    email: str
    """``oPEP7c``: whose session it is."""
    session: Secret | None
    """``FdrFJe``: ``f.sid`` of every call."""
    build: str | None
    """``cfb2h``: ``bl`` of every call."""


def decode_tokens(html: str) -> PageTokens:
    """Return the tokens of the page. Raises :class:`SignedOut` where it names no token or no account."""
    at, email = _page_value(html, "SNlM0e"), _page_value(html, "oPEP7c", _EMAIL)
    if at is None or email is None:
        raise SignedOut("Flow's page names nobody who is signed in: these cookies hold no live session.")
    session = _page_value(html, "FdrFJe")
    return PageTokens(Secret(at), email, Secret(session) if session else None, _page_value(html, "cfb2h"))


def is_whole(html: str) -> bool:
    """Tell whether this is a page of Flow, whoever is signed in, and has its end."""
    named = any(f'"{key}"' in html for key in ("SNlM0e", "oPEP7c", "FdrFJe", "cfb2h"))
    return named and html.rstrip()[-7:].lower() == "</html>"


def _page_value(html: str, key: str, usable: re.Pattern[str] = PRINTABLE) -> str | None:
    """Return the first usable value of ``key``: a JSON string, or a number, with either kind of escapes."""
    for found in re.finditer(rf'"{key}"\s*:\s*("(?:[^"\\]|\\.){{0,4096}}"|-?[0-9]{{1,32}})', html):
        try:
            value = str(json.loads(_HEX_ESCAPE.sub(r"\\u00\1", found[1])))
        except ValueError:
            continue
        if usable.fullmatch(value):
            return value
    return None


def refusal(response: httpx.Response, question: str) -> FlowError:
    """Return what a status other than 200 means; one of the route says nothing of a picture."""
    status, host = response.status_code, response.url.host
    if response.has_redirect_location:
        target = response.url.join(response.headers["location"])
        if target.host == "accounts.google.com" or "about" in target.path.split("/"):
            return SignedOut(f"{host} sends to its sign-in: these cookies hold no live session.")
        return NotUnderstood(f"{host} sends elsewhere, to {told_host(target)} (HTTP {status})", question)
    if status in (404, 410):
        return NotUnderstood(f"{host} does not have the address any more (HTTP {status})", question)
    return status_error(response, "too many cookies" if status in (413, 431) else None)


@dataclass(frozen=True, slots=True)
class ReadCall:
    """One of the three calls with its arguments; they can hold a cursor, so a repr does not show them."""

    rpcid: str
    arguments: tuple[object, ...] = field(repr=False)


class TokenReplaced(FlowError):
    """The service names another page token (``at``) and wants the question once more with that."""

    def __init__(self, rpcid: str, token: Secret) -> None:
        super().__init__(f"Flow wants {rpcid} with another page token.")
        self.token = token


@dataclass(frozen=True, slots=True)
class Slot:
    """A value of an answer, and where it stood. Readers raise :class:`NotUnderstood` for another type."""

    value: Json = field(repr=False)
    path: str

    def at(self, *indices: int) -> "Slot":
        """Return the slot below; what is absent, or below something absent, is ``None``."""
        slot = self
        for index in indices:
            if slot.value is not None and not isinstance(slot.value, list):
                raise slot.refused("a list")
            items = slot.value or []
            value = items[index] if index < len(items) else None
            slot = Slot(value, f"{slot.path}[{index}]")
        return slot

    def items(self) -> list["Slot"]:
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            raise self.refused("a list")
        return [Slot(value, f"{self.path}[{index}]") for index, value in enumerate(self.value)]

    def text(self) -> str | None:
        """Return the text, half surrogate pairs replaced: no file and no database takes those."""
        if self.value is None:
            return None
        if not isinstance(self.value, str) or len(self.value) > _TEXT_LIMIT:
            raise self.refused("a text")
        return self.value.encode("utf-8", "replace").decode() or None

    def matching(self, pattern: re.Pattern[str], what: str) -> str | None:
        if self.value is None:
            return None
        if not isinstance(self.value, str) or not pattern.fullmatch(self.value):
            raise self.refused(what)
        return self.value

    def integer(self, least: int, most: int) -> int | None:
        if self.value is None:
            return None
        if isinstance(self.value, bool) or not isinstance(self.value, int) or not least <= self.value <= most:
            raise self.refused("a number")
        return self.value

    def time(self) -> datetime | None:
        """Return ``[seconds, nanoseconds]`` as aware UTC, ``None`` beyond the years that are believed."""
        seconds = self.at(0).integer(-(2**63), 2**63 - 1)
        nanoseconds = self.at(1).integer(0, 999_999_999) or 0
        if seconds is None or not 0 <= seconds <= _LAST_SECOND:
            return None
        return _EPOCH + timedelta(seconds=seconds, microseconds=nanoseconds // 1000)

    def refused(self, expected: str) -> NotUnderstood:
        return NotUnderstood(f"not {expected}, as this version expects", self.path)


def request_body(call: ReadCall, at: Secret) -> bytes:
    """Return the form that asks for ``call``, as the web page sends it. It holds the page token."""
    arguments = json.dumps(call.arguments, separators=(",", ":"))
    envelope = json.dumps([[[call.rpcid, arguments, None, "generic"]]], separators=(",", ":"))
    form = urlencode({"f.req": envelope, "at": at.reveal()}, quote_via=quote, safe="")
    return f"{form}&".encode("ascii")


def decode_answer(body: bytes, rpcid: str) -> Slot:
    """Return the payload of an answer to ``rpcid``.

    The answer is ``)]}'``, then lines; the lengths among them are not always right, so that every line that
    begins with ``[[`` is taken for rows. Raises what the error slot of our row means,
    :class:`TokenReplaced`, ``Truncated`` where the end is missing, and :class:`NotUnderstood` where there is
    no row for ``rpcid``.
    """
    rows = list(_rows(body))
    for row in rows:
        if row[:2] == ["wrb.fr", rpcid]:
            return _payload(Slot(row, f"{rpcid} wrb.fr"), rpcid)
    for row in rows:
        if row[0] == "xsrf" and len(row) > 1 and isinstance(row[1], str) and PRINTABLE.fullmatch(row[1]):
            raise TokenReplaced(rpcid, Secret(row[1]))
    if any(row[0] == "er" for row in rows):
        raise NotUnderstood(f"Flow answers {rpcid} with an error row and no other", f"{rpcid} er")
    what = f"The answer to {rpcid}"
    cut = _BEGINNING.startswith(body[: len(_BEGINNING)]) and not any(row[0] == "e" for row in rows)
    if cut or not rows:
        raise not_an_answer(what, body, cut=cut, path=rpcid)
    raise NotUnderstood(f"{what} has no row for it", rpcid)


def _rows(body: bytes) -> Iterator[list[Json]]:
    # Not splitlines(): U+2028 and its kin stand inside of texts.
    for line in body.split(b"\n"):
        if line.startswith(b"[["):
            try:
                rows = json.loads(line)
            except (ValueError, RecursionError):
                continue
            yield from (row for row in rows if isinstance(row, list) and row)


def _payload(row: Slot, rpcid: str) -> Slot:
    code = row.at(5, 0).integer(0, 2**31)
    if code:
        raise _code_error(code, rpcid, row.at(5).value)
    payload = row.at(2)
    if not isinstance(payload.value, str):
        raise NotUnderstood(f"Flow answers {rpcid} with neither a payload nor an error", payload.path)
    try:
        value = json.loads(payload.value)
    except (ValueError, RecursionError):
        raise NotUnderstood(f"The payload of {rpcid} is not JSON", payload.path) from None
    if not isinstance(value, list):
        raise NotUnderstood(f"The payload of {rpcid} is not a list", rpcid)
    return Slot(value, rpcid)


def _code_error(code: int, rpcid: str, detail: Json) -> FlowError:
    reason = next((text for text in _texts(detail, 8) if _REASON.fullmatch(text)), None)
    said = f"({rpcid}, code {code}{': ' + reason if reason else ''})"
    match code:
        case 16:
            return SignedOut(f"Flow knows no live session for these cookies {said}.")
        case 8:
            return RateLimited(f"Flow asks for a pause {said}.")
        case 5:
            return NotFound(f"Flow does not have it (any more) {said}.")
        case 2 | 4 | 13 | 14:
            return Unreachable(f"Flow has trouble {said}.")
        case _:
            return Refused(f"Flow refuses the request {said}.")


def _texts(value: Json, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and depth:
        for inner in value:
            yield from _texts(inner, depth - 1)
