"""The cookies of a Flow session: only those that the service needs, never their values in sight."""

import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias

from flowimg_tui.secret import Secret

Service: TypeAlias = Literal["labs", "google"]
"""The generation of Flow that cookies are for."""

SESSION_COOKIE: Final = "__Secure-next-auth.session-token"
# next-auth cuts a long session into numbered cookies.
_SESSION_NAMES: Final = re.compile(re.escape(SESSION_COOKIE) + r"(\.\d)?")
COOKIE_VALUE: Final = re.compile(r"[!#-+\--:<-\[\]-~]{1,8192}")


class UnusableCookies(ValueError):
    """The text holds no session of Flow; the message says what it looks like and what is missing."""


def is_session_cookie(name: str) -> bool:
    return _SESSION_NAMES.fullmatch(name) is not None


def cookie_header(cookies: Mapping[str, Secret]) -> str:
    """Return the value of a ``Cookie`` header. It is a secret: give it to a request and to nothing else."""
    return "; ".join(f"{name}={value.reveal()}" for name, value in sorted(cookies.items()))


def rotated(cookies: Mapping[str, Secret], received: Iterable[tuple[str, str]]) -> Mapping[str, Secret]:
    """Return the session cookies among ``received`` (name, value), or ``cookies`` where there are none.

    All or nothing: a session cut into numbered cookies must not be mixed with parts of the one before, and
    one with a value that no request can carry would be none.
    """
    session = {name: value for name, value in received if is_session_cookie(name) and value}
    if not all(map(COOKIE_VALUE.fullmatch, session.values())):
        return cookies
    return {name: Secret(session[name]) for name in session} or cookies
