"""Whose galleries are mirrored here: profiles, their settings, their cookies and their sessions."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from flowimg_tui.config import parsers
from flowimg_tui.config.cookie_command import output_of
from flowimg_tui.config.credentials import CredentialsError, CredentialStore, check_profile_name
from flowimg_tui.config.locations import Locations
from flowimg_tui.flow.errors import FlowError
from flowimg_tui.mirror.kept_records import KeptRecords
from flowimg_tui.safe_text import safe_text
from flowimg_tui.secret import Secret
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import ProfileRecord
from flowimg_tui.workspace.access import (
    Connection,
    NewCookies,
    OpenService,
    RenewableService,
    ServiceFactory,
    StoredAccess,
    known_service,
    site_of,
    understood,
)
from flowimg_tui.workspace.errors import CredentialsUnusable, UnknownProfile, WorkspaceError
from flowimg_tui.workspace.lock import holding
from flowimg_tui.workspace.preferences import Preferences

if TYPE_CHECKING:
    from flowimg_tui.flow.session import SessionCheck

log = logging.getLogger(__name__)


class Profiles:
    """The profiles of one installation. All methods raise :class:`WorkspaceError` with what to do."""

    def __init__(
        self, locations: Locations, gallery: Gallery, preferences: Preferences, service: ServiceFactory
    ) -> None:
        self._locks = locations.locks
        self._kept = locations.kept
        self._gallery = gallery
        self._preferences = preferences
        self._make_service = service
        self._credentials = CredentialStore(locations.credentials)
        self._times_given: Counter[str] = Counter()

    def named(self, name: str) -> ProfileRecord:
        """Return the profile. Raises :class:`UnknownProfile` that names those there are."""
        found = self._gallery.find_profile(name)
        if found is not None:
            return found
        names = ", ".join(profile.name for profile in self._gallery.profiles())
        known = f"There are: {names}." if names else "Add it: flowimg profile add NAME --cookies FILE"
        raise UnknownProfile(f"There is no profile {safe_text(name, 40)}. {known}")

    def refuse_taken(self, name: str) -> None:
        """Raise where no profile of this name can be added."""
        try:
            check_profile_name(name)
        except ValueError as error:
            raise WorkspaceError(str(error)) from error
        if self._gallery.find_profile(name) is not None:
            raise WorkspaceError(f"There is already a profile {name}.")

    def add(
        self, name: str, given: NewCookies, output: str | None = None, account: str | None = None
    ) -> ProfileRecord:
        """Add a profile with its cookies, and return it.

        ``account`` is the address that they were found to be of. Without an ``output`` folder the profile's
        pictures go where the settings say.
        """
        self.refuse_taken(name)
        folder = self.usable_folder(output)
        try:
            profile = self._gallery.add_profile(name, given.service, folder, datetime.now(UTC))
        except ValueError as error:
            raise WorkspaceError(str(error)) from error
        try:
            self._keep(name, given)
        except WorkspaceError:
            self._gallery.remove_profile(profile.id)
            raise
        if account is not None:
            self._gallery.set_account(profile.id, account)
        log.info("Added profile %s on %s", name, given.service)
        return self.named(name)

    def remove(self, profile: ProfileRecord) -> int:
        """Remove records and credentials, and return how many images that were. Files stay.

        Raises ``ProfileBusy`` while a run works for it.
        """
        with holding(self._locks, profile.name):
            try:
                self._credentials.remove(profile.name)
                KeptRecords(self._kept, profile.name).remove_all()
            except CredentialsError as error:
                raise WorkspaceError(str(error)) from error
            except OSError as error:
                raise WorkspaceError(f"{self._kept} cannot be written: {error.strerror}.") from error
            images = self._gallery.remove_profile(profile.id)
        log.info("Removed profile %s with %d image records (files preserved on disk)", profile.name, images)
        return images

    def set_output(self, profile: ProfileRecord, output: str | None) -> ProfileRecord:
        """Let the profile's next pictures go to ``output``; for ``None`` where the settings say."""
        self._gallery.set_output(profile.id, self.usable_folder(output))
        return self.named(profile.name)

    def usable_folder(self, folder: str | None) -> str | None:
        """Return the absolute path, ``None`` for none; refuse what no profile's pictures can go to."""
        if not folder or not folder.strip():
            return None
        try:
            return str(Path(parsers.folder(folder)).expanduser().absolute())
        except ValueError as error:
            raise WorkspaceError(f"The folder for the pictures must be {error}.") from error
        except RuntimeError as error:
            raise WorkspaceError("The folder for the pictures has no home folder to begin in.") from error

    # Cookies

    def read_cookies(self, name: str, text: str) -> NewCookies:
        """Understand cookies in any form, for the profile ``name``, which need not exist yet."""
        try:
            check_profile_name(name)
            return understood(text, self._preferences.of_name(name).service)
        except ValueError as error:
            raise WorkspaceError(str(error)) from error

    async def cookies_of_command(self, name: str) -> NewCookies | None:
        """Return what the ``cookie_command`` of the profile ``name`` gives; ``None`` where none is set.

        Raises :class:`CredentialsUnusable`.
        """
        settings = self._preferences.of_name(name)
        if settings.cookie_command is None:
            return None
        try:
            return understood(await output_of(settings.cookie_command), settings.service)
        except (CredentialsError, ValueError) as error:
            raise CredentialsUnusable(str(error)) from error

    def refuse_besides_command(self, name: str) -> None:
        """Raise where a command gives the profile's cookies: others would never be looked at."""
        if self._preferences.of_name(name).cookie_command is not None:
            raise WorkspaceError(f"cookie_command is set for {name}: it alone gives the cookies.")

    def replace_cookies(
        self,
        profile: ProfileRecord,
        given: NewCookies,
        account: str | None = None,
        *,
        forget_account: bool = False,
    ) -> ProfileRecord:
        """Give the profile other cookies; a run that waits for them goes on.

        ``account`` is the address that they were found to be of; where it is not known, ``forget_account``
        lets the next run learn it. Where the cookies cannot be kept nothing changes.
        """
        # Before the cookies: a run that waits for those reads the rest when it sees them.
        self._gallery.set_service(profile.id, given.service)
        if account is not None or forget_account:
            self._gallery.set_account(profile.id, account)
        try:
            self._keep(profile.name, given)
        except WorkspaceError:
            self._gallery.set_service(profile.id, profile.service)
            self._gallery.set_account(profile.id, profile.account)
            raise
        self._times_given[profile.name] += 1
        log.info("Gave profile %s new cookies of %s", profile.name, given.service)
        return self.named(profile.name)

    def sweep_credentials(self) -> None:
        """Remove half-written cookies that dead processes have left."""
        self._credentials.sweep()

    def _keep(self, name: str, given: NewCookies) -> None:
        """Write the cookies into the profile's file, unless a command is where they are kept."""
        if self._preferences.of_name(name).cookie_command is not None:
            return
        try:
            self._credentials.write(name, given.cookies)
        except CredentialsError as error:
            raise WorkspaceError(str(error)) from error

    # Sessions

    async def check_cookies(self, name: str, given: NewCookies, account: str | None) -> "SessionCheck":
        """Ask Flow whose session ``given`` is; ``account`` is the address that it must be of, if any."""
        settings = self._preferences.of_name(name)
        connection = Connection(given.service, settings, given.cookies, given.take, None, lambda _: None)
        return await self._checked(await self._made(connection), account)

    async def check(self, profile: ProfileRecord) -> "SessionCheck":
        """Ask Flow for the state of the profile's session."""
        return await self._checked(await self._opened(profile), profile.account)

    async def open_service(self, profile: ProfileRecord) -> RenewableService:
        """Return the service of the profile's generation, with its cookies."""
        return RenewableService(await self._opened(profile), partial(self._reopened, profile))

    async def _checked(self, opened: OpenService, account: str | None) -> "SessionCheck":
        from flowimg_tui.flow.session import check_session

        try:
            return await check_session(opened.service, account)
        finally:
            await opened.service.aclose()

    async def _opened(self, profile: ProfileRecord) -> OpenService:
        settings = self._preferences.of(profile)
        times_given = partial(self._times_given.__getitem__, profile.name)
        access = StoredAccess(profile.name, settings, self._credentials, times_given)
        try:
            generation = known_service(settings.service or profile.service)
            cookies = await access.cookies(generation)
        except (CredentialsError, ValueError) as error:
            raise CredentialsUnusable(str(error)) from error
        connection = Connection(
            generation,
            settings,
            cookies,
            access.keep,
            Secret(profile.flow_key) if profile.flow_key else None,
            lambda key: self._gallery.set_flow_key(profile.id, key.reveal()),
        )
        return await self._made(connection, access.are_outdated)

    async def _reopened(self, profile: ProfileRecord) -> OpenService:
        """Return a service with the cookies that the profile has got meanwhile. Raises ``FlowError``."""
        now = self.named(profile.name)
        if now.service != profile.service:
            raise FlowError(f"{now.name} is on {site_of(now.service)} now. Sync it, then download.")
        try:
            return await self._opened(now)
        except WorkspaceError as error:
            raise FlowError(str(error)) from error

    async def _made(
        self, connection: Connection, is_outdated: Callable[[], bool] = lambda: False
    ) -> OpenService:
        try:
            # In a thread: reading the certificates takes longer than a frame.
            return OpenService(await asyncio.to_thread(self._make_service, connection), is_outdated)
        except FlowError as error:
            raise WorkspaceError(str(error)) from error
