"""What a paste is made of: the forms that are known, and the cookies in them before they are sorted."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

from flowimg_tui.flow.cookies import is_session_cookie
from flowimg_tui.secret import Secret

HOST_COOKIES: Final = ("OSID", "__Secure-OSID")
"""Google gives each of its hosts one of its own; those of other hosts mean nothing to Flow."""
GOOGLE_COOKIES: Final = (
    *("SID", "HSID", "SSID", "APISID", "SAPISID"),
    *("__Secure-1PSID", "__Secure-3PSID", "__Secure-1PSIDTS", "__Secure-3PSIDTS"),
    *("SIDCC", "__Secure-1PSIDCC", "__Secure-3PSIDCC"),
    *HOST_COOKIES,
)
NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NAME_LIMIT: Final = 64
_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?")
# An epoch above it is in milliseconds: as seconds it would be the year 5138.
_MILLISECONDS: Final = 1e11


class Form(StrEnum):
    """In the words of those who paste it."""

    HEADER = "Cookie header"
    CURL_BASH = "cURL command (bash)"
    CURL_CMD = "cURL command (cmd)"
    POWERSHELL = "PowerShell command"
    JSON = "cookie-editor JSON"
    NETSCAPE = "cookies.txt"
    TABLE = "rows of the browser's cookie table"
    TOKEN = "session token alone"  # noqa: S105 the name of a form

    @property
    def in_a_sentence(self) -> str:
        return self.value if self in (Form.JSON, Form.TABLE) else f"a {self.value}"


@dataclass(frozen=True, slots=True)
class Found:
    """One cookie, as it stands in the paste."""

    name: str
    value: Secret
    site: str | None = None
    """The domain without its dot; ``""`` for one that cannot be one, ``None`` where the form tells none."""
    sent: bool = False
    """``site`` is the host that the cookie was sent to, and not the domain that it belongs to."""
    expires: float | None = None
    certain: bool = True
    """Whether the name stands where only a name can stand; another one could be a piece of a value."""

    @property
    def is_nameable(self) -> bool:
        """Return whether the name may be shown."""
        if is_needed(self.name):
            return True
        short = len(self.name) <= _NAME_LIMIT and not self.name.startswith("eyJ")
        return self.certain and short and NAME.fullmatch(self.name) is not None


def is_needed(name: str) -> bool:
    """Return whether one of the two services needs a cookie of this name."""
    return name in GOOGLE_COOKIES or is_session_cookie(name)


def tidy(value: str) -> Secret:
    """Return a value without the line breaks in it and the quotes at its ends: no cookie of Flow has any."""
    return Secret(joined(value).strip(" \t\"'"))


def joined(text: str) -> str:
    """Return one line for what was wrapped over several."""
    return "".join(line.strip(" \t") for line in text.split("\n"))


def site_of(domain: object) -> str | None:
    """Return a domain or a host in one spelling; see :attr:`Found.site`."""
    if not isinstance(domain, str) or not domain.strip():
        return None
    host = domain.strip().lower().lstrip(".").partition(":")[0]
    return host if _HOST.fullmatch(host) else ""


def moment(told: object) -> float | None:
    """Return an expiry as seconds since 1970; ``None`` for that of a session, and for what is no time."""
    if isinstance(told, bool) or told is None:
        return None
    try:
        seconds = _seconds(told) if isinstance(told, str) else float(str(told))
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(seconds) or seconds <= 0:
        return None
    return seconds / 1000 if seconds > _MILLISECONDS else seconds


def _seconds(told: str) -> float:
    try:
        return float(told)
    except ValueError:
        pass
    try:
        when = datetime.fromisoformat(told.strip())
    except ValueError:
        when = parsedate_to_datetime(told.strip())
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def first_of(fields: Mapping[str, object], *names: str) -> object:
    return next((fields[name] for name in names if fields.get(name) not in (None, "")), None)
