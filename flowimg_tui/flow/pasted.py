"""Cookies as people have them: any form a browser gives, repaired, sorted, and told by names alone."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from flowimg_tui.flow.cookies import COOKIE_VALUE, SESSION_COOKIE, Service, UnusableCookies, is_session_cookie
from flowimg_tui.flow.pasted_forms import read_form
from flowimg_tui.flow.pasted_found import GOOGLE_COOKIES, HOST_COOKIES, Form, Found
from flowimg_tui.humane import count_of
from flowimg_tui.secret import Secret

__all__ = ["Form", "PastedCookies", "read_pasted"]

_INPUT_LIMIT: Final = 256 * 1024
_COOKIES_LIMIT: Final = 500
_NAMES_SHOWN: Final = 8
_SITES_SHOWN: Final = 3
_SITES: Final[Mapping[Service, str]] = {"labs": "labs.google", "google": "flow.google.com"}
_OTHER: Final[Mapping[Service, Service]] = {"labs": "google", "google": "labs"}
_MARKS_OF_GOOGLE: Final = (*HOST_COOKIES, "__Secure-1PSID")
_MARKS_OF_YOUTUBE: Final = frozenset({"VISITOR_INFO1_LIVE", "LOGIN_INFO", "YSC"})
_NEEDED: Final[Mapping[Service | None, str]] = {
    "labs": f"{SESSION_COOKIE} of labs.google",
    "google": "__Secure-1PSID or OSID of flow.google.com",
    None: f"{SESSION_COOKIE} of labs.google, or __Secure-1PSID or OSID of flow.google.com",
}
_WHERE: Final = (
    "Sign in to Flow in the browser, open the developer tools (F12) under Network, reload the page, "
    "right-click a request to {site}, choose “Copy as cURL”, and paste all of it."
)


@dataclass(frozen=True)
class PastedCookies:
    """What was kept of a paste, and what was not: a name stands in one place only."""

    form: Form
    service: Service | None
    """``None``: cookies of Google, but none of those that show a session of Flow."""
    kept: Mapping[str, Secret]
    dropped: tuple[str, ...]
    """Names that are not needed, are another site's, or have a value that no cookie can have."""
    expired: tuple[str, ...]
    """Names that are needed, but whose time is over."""
    also: Service | None = None
    """The other service, if the paste holds a session of it too."""

    def told(self) -> str:
        """Return one sentence that says what became of the cookies, by their names."""
        purpose = f" for {_SITES[self.service]}" if self.service else ""
        parts = [f"{self.form}: kept {_names(self.kept)}{purpose}"]
        if not self.service:
            parts.append(f"but {_NEEDED['google']} is missing, which shows a session of Flow")
        if self.expired:
            parts.append(f"expired {_names(self.expired)}")
        if self.dropped:
            parts.append(f"dropped {_names(self.dropped)}")
        if self.also:
            parts.append(f'there is a session of {_SITES[self.also]} too (service = "{self.also}" takes it)')
        return "; ".join(parts) + "."


def read_pasted(text: str, now: float, service: Service | None = None) -> PastedCookies:
    """Understand cookies in whatever form they come, and keep those that Flow needs.

    With sessions of both services in it, ``labs`` is taken and the other one is told, unless ``service`` says
    which. ``now`` is in seconds since 1970.
    Raises :class:`UnusableCookies`, afresh: no frame of its traceback but the caller's own holds the paste.
    """
    try:
        return _read(text, now, service)
    except UnusableCookies as error:
        message = str(error)
    del text
    raise UnusableCookies(message)


def _read(text: str, now: float, service: Service | None) -> PastedCookies:
    if len(text) > _INPUT_LIMIT or len(text.encode("utf-8", "surrogatepass")) > _INPUT_LIMIT:
        raise _unusable("more than 256 KiB, far more than the cookies of one site", service)
    try:
        form, found = read_form(text)
    except UnusableCookies as error:
        raise _unusable(str(error), service) from None
    found = list(dict.fromkeys(found))
    if len(found) > _COOKIES_LIMIT:
        raise _unusable(f"{form.in_a_sentence} with more than {_COOKIES_LIMIT} cookies", service)
    usable: dict[Service, dict[str, Found]] = {"labs": {}, "google": {}}
    expired: list[Found] = []
    for cookie in found:
        of = _service_of(cookie)
        if not of or not COOKIE_VALUE.fullmatch(cookie.value.reveal()):
            continue
        if cookie.expires is not None and cookie.expires <= now:
            expired.append(cookie)
        elif cookie.name not in usable[of] or _is_nearer(cookie, usable[of][cookie.name]):
            usable[of][cookie.name] = cookie
    chosen = _choice(usable, service)
    kept = usable[chosen or "google"]
    if not kept or (chosen == "labs" and _missing_part(kept)) or _is_of_youtube(found, kept):
        raise _unusable(_trouble(form, found, usable, expired, service), service)
    over = dict.fromkeys(cookie.name for cookie in expired if cookie.name not in kept)
    rest = dict.fromkeys(c.name for c in found if c.name not in kept and c.name not in over and c.is_nameable)
    other = _OTHER[chosen] if chosen and _is_session(_OTHER[chosen], usable) else None
    return PastedCookies(
        form=form,
        service=chosen,
        kept={name: kept[name].value for name in sorted(kept, key=_order)},
        dropped=tuple(rest),
        expired=tuple(over),
        also=other,
    )


def _service_of(cookie: Found) -> Service | None:
    """Return the service that needs a cookie of this name from this site."""
    if is_session_cookie(cookie.name):
        return "labs" if cookie.site in (None, "labs.google") else None
    if cookie.name not in GOOGLE_COOKIES:
        return None
    if cookie.site in (None, "google.com", "flow.google.com"):
        return "google"
    # A request to any host of Google carries the cookies of .google.com, and those of that host.
    shared = cookie.sent and (cookie.site or "").endswith(".google.com") and cookie.name not in HOST_COOKIES
    return "google" if shared else None


def _is_nearer(cookie: Found, other: Found) -> bool:
    """Return whether a cookie of Flow's own host meets one of the same name of all of Google."""
    return cookie.site == _SITES["google"] != other.site


def _choice(usable: Mapping[Service, Mapping[str, Found]], service: Service | None) -> Service | None:
    if service:
        return service
    if _is_session("labs", usable):
        return "labs"
    if _is_session("google", usable):
        return "google"
    return "labs" if usable["labs"] else None


def _is_session(service: Service, usable: Mapping[Service, Mapping[str, Found]]) -> bool:
    names = usable[service]
    if service == "labs":
        return bool(names) and not _missing_part(names)
    return any(name in names for name in _MARKS_OF_GOOGLE)


def _missing_part(names: Iterable[str]) -> str | None:
    """Return the first part that a session in numbered parts lacks."""
    parts = [name for name in names if name != SESSION_COOKIE]
    if SESSION_COOKIE in names:
        return None
    wanted = (f"{SESSION_COOKIE}.{number}" for number in range(len(parts)))
    return next((name for name in wanted if name not in parts), None)


def _is_of_youtube(found: Sequence[Found], kept: Iterable[str]) -> bool:
    """Return whether a form that tells no sites holds YouTube's cookies, which have the names of Google's."""
    names = {cookie.name for cookie in found if cookie.site is None}
    return bool(names & _MARKS_OF_YOUTUBE) and not any(
        name in HOST_COOKIES or is_session_cookie(name) for name in kept
    )


def _trouble(
    form: Form,
    found: Sequence[Found],
    usable: Mapping[Service, Mapping[str, Found]],
    expired: Sequence[Found],
    service: Service | None,
) -> str:
    labs, form_of = usable["labs"], form.in_a_sentence
    if service != "google" and labs and (part := _missing_part(labs)):
        return f"{form_of} with a session in parts, of which {part} is missing"
    if service and _is_session(_OTHER[service], usable):
        held, own = _SITES[_OTHER[service]], _SITES[service]
        return f"{form_of} with a session of {held}, but this profile is one of {own}"
    over = _of_service(expired, service)
    if over and not usable[service or "google"]:
        return f"{form_of} whose cookies have expired: {_names(over)}"
    if _is_of_youtube(found, usable["google"]):
        return f"{form_of} of youtube.com, whose cookies have the names of Google's but are others"
    if spoilt := [name for name in _of_service(found, service) if name not in over]:
        return f"{form_of} in which the value of {_names(spoilt)} is empty, cut or damaged"
    if sites := Counter(cookie.site for cookie in found if cookie.site):
        shown = [site for site, _ in sites.most_common(_SITES_SHOWN)]
        more = len(sites) - len(shown)
        others = f" and {count_of(more, 'other site')}" if more else ""
        cookies = f"{count_of(len(found), 'cookie')} of {', '.join(shown)}{others}"
    else:
        cookies = count_of(len(found), "cookie")
    return f"{form_of} with {cookies}, but none of a session of Flow"


def _of_service(cookies: Iterable[Found], service: Service | None) -> list[str]:
    """Return the names of those that ``service`` needs, or either service if it is not given."""
    of = [(cookie.name, _service_of(cookie)) for cookie in cookies]
    return list(dict.fromkeys(name for name, needed_by in of if needed_by and service in (None, needed_by)))


def _unusable(looks: str, service: Service | None) -> UnusableCookies:
    where = _WHERE.format(site=_SITES[service] if service else "labs.google or flow.google.com")
    said = f"This looks like {looks}" if looks else "The input is empty"
    return UnusableCookies(f"{said}. What is needed: {_NEEDED[service]}. {where}")


def _names(names: Iterable[str]) -> str:
    every = list(names)
    shown, more = every[:_NAMES_SHOWN], len(every) - _NAMES_SHOWN
    return ", ".join(shown) + (f" and {count_of(more, 'other')}" if more > 0 else "")


def _order(name: str) -> tuple[int, str]:
    return (GOOGLE_COOKIES.index(name) if name in GOOGLE_COOKIES else -1, name)
