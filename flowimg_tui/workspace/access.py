"""How a profile gets at its account: its cookies, the service that they are for, and newer ones of both."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, get_args

from flowimg_tui.config.cookie_command import output_of
from flowimg_tui.config.credentials import CredentialsError, CredentialStore
from flowimg_tui.config.settings import Settings
from flowimg_tui.flow.cookies import Service, UnusableCookies, is_session_cookie
from flowimg_tui.secret import Secret

if TYPE_CHECKING:
    from flowimg_tui.flow.pasted import PastedCookies
    from flowimg_tui.flow.service import Account, FlowService, Media, Page, Progress

Cookies: TypeAlias = Mapping[str, Secret]

_LOOK_EVERY: Final = 0.5
_SITES: Final[Mapping[str, str]] = {"labs": "labs.google", "google": "flow.google.com"}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Connection:
    """What a service is made from."""

    service: Service
    settings: Settings
    cookies: Cookies
    keep_cookies: Callable[[Cookies], None]
    flow_key: Secret | None
    keep_flow_key: Callable[[Secret], None]


ServiceFactory: TypeAlias = "Callable[[Connection], FlowService]"


def flow_service(connection: Connection) -> "FlowService":
    """Return the service of the generation that the connection names. Raises ``FlowError``."""
    # The HTTP client is large, and an app that is opened shows its gallery without it.
    from flowimg_tui.flow.google import GoogleService
    from flowimg_tui.flow.http import MIB
    from flowimg_tui.flow.labs import LabsService

    settings = connection.settings
    picture_limit = settings.picture_limit * MIB
    if connection.service == "google":
        return GoogleService(
            connection.cookies,
            google_url=settings.google_url,
            picture_limit=picture_limit,
            keep_cookies=connection.keep_cookies,
        )
    return LabsService(
        connection.cookies,
        labs_url=settings.labs_url,
        media_url=settings.media_url,
        page_size=settings.page_size,
        picture_limit=picture_limit,
        flow_key=settings.flow_key or connection.flow_key,
        keep_flow_key=connection.keep_flow_key,
        keep_cookies=connection.keep_cookies,
    )


class NewCookies:
    """Cookies that somebody gave, understood, and on their way to be kept.

    A check can rotate them: ``cookies`` are always the latest.
    """

    def __init__(self, pasted: "PastedCookies", service: Service) -> None:
        self.pasted = pasted
        self.service = service
        self.cookies: Cookies = pasted.kept

    def take(self, cookies: Cookies) -> None:
        """Take the cookies as the service has rotated them."""
        self.cookies = cookies


def understood(text: str, service: str | None) -> NewCookies:
    """Return what ``text`` holds; ``service`` is the generation that a setting names, if one does.

    Raises :class:`UnusableCookies` with what it looks like and what is missing.
    """
    # The forms that cookies come in are many, and nobody who opens a gallery pastes any.
    from flowimg_tui.flow.pasted import read_pasted

    pasted = read_pasted(text, time.time(), known_service(service) if service else None)
    if pasted.service is None:
        raise UnusableCookies(pasted.told())
    return NewCookies(pasted, pasted.service)


def known_service(name: str) -> Service:
    """Return a generation's name as one. Raises ``ValueError`` for one that this version does not know."""
    for service in get_args(Service):
        if service == name:
            return service  # type: ignore[no-any-return]
    raise ValueError(f"This version does not know the service {name}; there are {', '.join(_SITES)}.")


def site_of(service: str) -> str:
    """Return the address that people know the generation by."""
    return _SITES.get(service, service)


class StoredAccess:
    """The cookies of one profile, from its file or from its command, and whether there are newer ones."""

    def __init__(
        self, profile: str, settings: Settings, store: CredentialStore, times_given: Callable[[], int]
    ) -> None:
        """``times_given`` tells how often cookies were given to the profile in this process."""
        self._profile = profile
        self._command = settings.cookie_command
        self._store = store
        self._times_given = times_given
        self._latest: Cookies = {}
        self._version = self._current_version()

    async def cookies(self, service: Service) -> Cookies:
        """Return the cookies. Raises ``CredentialsError``, and ``UnusableCookies`` for those of the other."""
        self._version = self._current_version()
        if self._command is None:
            self._latest = self._store.read(self._profile)
            _refuse_other_service(self._profile, self._latest, service)
        else:
            self._latest = understood(await output_of(self._command), service).cookies
        return self._latest

    def are_outdated(self) -> bool:
        """Tell whether somebody gave the profile cookies after these; here, or with another process."""
        return self._current_version() != self._version

    def keep(self, rotated: Cookies) -> None:
        """Write rotated cookies in place of those that were read, and of no others.

        What a command gave is not written anywhere: the user keeps it where it is.
        """
        if self._command is not None:
            return
        try:
            version = self._store.replace(self._profile, self._latest, rotated)
            if version is not None:
                self._latest, self._version = rotated, (version, self._version[1])
        except CredentialsError as error:
            log.warning("The rotated cookies of %s were not kept: %s", self._profile, error)

    def _current_version(self) -> tuple[tuple[int, int] | None, int]:
        return self._store.version(self._profile), self._times_given()


def _refuse_other_service(profile: str, cookies: Cookies, service: Service) -> None:
    held: Service = "labs" if any(map(is_session_cookie, cookies)) else "google"
    if held != service:
        raise UnusableCookies(
            f"The cookies of {profile} are those of {site_of(held)}, but its service is set to {service} "
            f"({site_of(service)}). Take that setting back, or give it cookies of that site: "
            f"flowimg profile edit {profile} --cookies FILE"
        )


class OpenService(NamedTuple):
    """A service, and whether newer cookies than its own are there."""

    service: "FlowService"
    is_outdated: Callable[[], bool]


class RenewableService:
    """A :class:`~flowimg_tui.flow.service.FlowService` that can go on with other cookies."""

    def __init__(self, first: OpenService, reopen: Callable[[], Coroutine[Any, Any, OpenService]]) -> None:
        """``reopen`` makes a service with the cookies of now. Raises ``FlowError`` where it cannot."""
        self._opened = [first]
        self._reopen = reopen

    async def renewed(self) -> None:
        """Return when new cookies were given and are in use. Raises ``FlowError`` where they cannot be."""
        # A file tells nobody that it was replaced, and the other process that did it does not know of us.
        while not self._opened[-1].is_outdated():  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_EVERY)
        self._opened.append(await self._reopen())

    async def account(self) -> "Account":
        return await self._service.account()

    async def list_page(self, cursor: Secret | None) -> "Page":
        return await self._service.list_page(cursor)

    async def media(self, name: str, progress: "Progress") -> "Media":
        return await self._service.media(name, progress)

    async def fetch(self, url: Secret, progress: "Progress") -> bytes:
        return await self._service.fetch(url, progress)

    async def aclose(self) -> None:
        """Close all of them: an earlier one may have been in the middle of a picture until now."""
        for opened in self._opened:
            await opened.service.aclose()

    @property
    def _service(self) -> "FlowService":
        return self._opened[-1].service
