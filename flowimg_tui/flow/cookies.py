"""The cookies of a Flow session: only those that the service needs, never their values in sight."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from flowimg_tui.secret import Secret

SESSION_COOKIE: Final = "__Secure-next-auth.session-token"
# next-auth cuts a long session into numbered cookies.
_SESSION_NAMES: Final = re.compile(re.escape(SESSION_COOKIE) + r"(\.\d)?")
COOKIE_VALUE: Final = re.compile(r"[!#-+\--:<-\[\]-~]{1,8192}")


class UnusableCookies(ValueError):
    """The text holds no session of Flow; the message says what it looks like and what is missing."""


def session_cookies(header: str) -> dict[str, Secret]:
    """Return the session cookies of a ``Cookie`` header as name → value; every other cookie is dropped.

    Raises :class:`UnusableCookies`.
    """
    text = re.sub(r"(?i)^\s*cookie\s*:\s*", "", header).strip()
    pairs = [part.strip().partition("=") for part in text.split(";") if part.strip()]
    kept = {
        name: Secret(value)
        for name, _, value in pairs
        if is_session_cookie(name) and COOKIE_VALUE.fullmatch(value)
    }
    if kept:
        return kept
    if not text:
        raise UnusableCookies(f"The input is empty; a Cookie header with {SESSION_COOKIE} in it is needed.")
    named = [name for name, separator, _ in pairs if separator]
    if not named:
        raise UnusableCookies(
            f"This does not look like a Cookie header (name=value; name=value); {SESSION_COOKIE} is needed."
        )
    raise UnusableCookies(
        f"A Cookie header with {len(named)} cookies, but without a usable {SESSION_COOKIE}. "
        "Copy the header of a request to labs.google while you are signed in there."
    )


def is_session_cookie(name: str) -> bool:
    return _SESSION_NAMES.fullmatch(name) is not None


def cookie_header(cookies: Mapping[str, Secret]) -> str:
    """Return the value of a ``Cookie`` header. It is a secret: give it to a request and to nothing else."""
    return "; ".join(f"{name}={value.reveal()}" for name, value in sorted(cookies.items()))


def rotated(cookies: Mapping[str, Secret], received: Iterable[tuple[str, str]]) -> Mapping[str, Secret]:
    """Return the session cookies among ``received`` (name, value), or ``cookies`` where there are none.

    All or nothing: a session cut into numbered cookies must not be mixed with parts of the one before.
    """
    return {name: Secret(value) for name, value in received if is_session_cookie(name) and value} or cookies
