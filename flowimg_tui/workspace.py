"""One person's installation: home, settings, store and service, and the three actions on a profile."""

import contextlib
import fcntl
import logging
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from flowimg_tui.config.credentials import CredentialsError, CredentialStore, check_profile_name
from flowimg_tui.config.locations import Locations
from flowimg_tui.config.logs import start_log
from flowimg_tui.config.settings import SettingError, Settings, load_settings
from flowimg_tui.flow.cookies import session_cookies
from flowimg_tui.flow.errors import FlowError
from flowimg_tui.flow.labs import LabsService
from flowimg_tui.flow.pace import PageDelay, RetryPolicy
from flowimg_tui.flow.service import FlowService
from flowimg_tui.mirror.download import download
from flowimg_tui.mirror.events import DownloadEvent, RecordsDeleted, SyncEvent
from flowimg_tui.mirror.files import OutputFolder
from flowimg_tui.mirror.progress import ProgressBoard
from flowimg_tui.mirror.refresh import refresh
from flowimg_tui.mirror.stop import Stop
from flowimg_tui.mirror.sync import sync
from flowimg_tui.safe_text import safe_text
from flowimg_tui.secret import Secret
from flowimg_tui.store.gallery import Gallery, StoreError
from flowimg_tui.store.records import ProfileRecord

LABS: Final = "labs"

log = logging.getLogger(__name__)

ServiceFactory = Callable[
    [ProfileRecord, Settings, Mapping[str, Secret], Callable[[Secret], None]], FlowService
]


class WorkspaceError(Exception):
    """The installation cannot do what was asked; the message says why and what to do."""


class UnknownProfile(WorkspaceError):
    """There is no profile of that name."""


class CredentialsUnusable(WorkspaceError):
    """The profile's credentials are missing or must not be used as they are."""


class ProfileBusy(WorkspaceError):
    """Another run holds the profile."""


def flow_service(
    profile: ProfileRecord,
    settings: Settings,
    cookies: Mapping[str, Secret],
    keep_flow_key: Callable[[Secret], None],
) -> FlowService:
    """Return the service of the profile's generation."""
    stored_key = Secret(profile.flow_key) if profile.flow_key else None
    return LabsService(
        cookies,
        labs_url=settings.labs_url,
        media_url=settings.media_url,
        page_size=settings.page_size,
        flow_key=settings.flow_key or stored_key,
        keep_flow_key=keep_flow_key,
    )


class Workspace:
    """Opened once by a face. Its queries may come from any thread; a run stays in the loop that began it."""

    def __init__(
        self,
        locations: Locations,
        *,
        environment: Mapping[str, str] = os.environ,
        flags: Mapping[str, object] | None = None,
        service: ServiceFactory = flow_service,
    ) -> None:
        """Open the installation and start its log. Raises :class:`WorkspaceError`."""
        self._locations = locations
        self._environment = {name: environment[name] for name in environment if name.startswith("FLOWIMG_")}
        self._flags = dict(flags or {})
        self._make_service = service
        self._credentials = CredentialStore(locations.credentials)
        try:
            start_log(locations.log, self._settings().log_level)
            self.gallery = Gallery(locations.database)
        except OSError as error:
            raise WorkspaceError(f"The log {locations.log} cannot be written: {error.strerror}.") from error
        except StoreError as error:
            raise WorkspaceError(str(error)) from error

    def close(self) -> None:
        self.gallery.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Profiles

    def profile(self, name: str) -> ProfileRecord:
        """Return the profile. Raises :class:`UnknownProfile` that names those there are."""
        found = self.gallery.find_profile(name)
        if found is not None:
            return found
        names = ", ".join(profile.name for profile in self.gallery.profiles())
        known = f"There are: {names}." if names else "Add it: flowimg profile add NAME --cookies FILE"
        raise UnknownProfile(f"There is no profile {safe_text(name, 40)}. {known}")

    def add_profile(self, name: str, cookie_header: str, output: str | None = None) -> ProfileRecord:
        """Add a profile with the session of a ``Cookie`` header, and return it.

        Raises :class:`WorkspaceError` where the name or the header cannot be used.
        """
        try:
            check_profile_name(name)
            cookies = session_cookies(cookie_header)
            absolute = str(Path(output).expanduser().absolute()) if output else None
            profile = self.gallery.add_profile(name, LABS, absolute, datetime.now(UTC))
        except (ValueError, RuntimeError) as error:
            raise WorkspaceError(str(error)) from error
        try:
            self._credentials.write(name, cookies)
        except CredentialsError as error:
            self.gallery.remove_profile(profile.id)
            raise WorkspaceError(str(error)) from error
        log.info("Added profile %s", name)
        return profile

    def replace_cookies(self, profile: ProfileRecord, cookie_header: str) -> None:
        """Give the profile the session of another ``Cookie`` header. Raises :class:`WorkspaceError`."""
        try:
            self._credentials.write(profile.name, session_cookies(cookie_header))
        except (ValueError, CredentialsError) as error:
            raise WorkspaceError(str(error)) from error

    def remove_profile(self, profile: ProfileRecord) -> int:
        """Remove records and credentials, and return how many images that were. Files stay."""
        with self.holding(profile):
            try:
                self._credentials.remove(profile.name)
            except CredentialsError as error:
                raise WorkspaceError(str(error)) from error
            images = self.gallery.remove_profile(profile.id)
        log.info("Removed profile %s with %d image records (files preserved on disk)", profile.name, images)
        return images

    def output_folder(self, profile: ProfileRecord) -> Path:
        """Return where the profile's pictures go. Raises :class:`WorkspaceError`."""
        try:
            return self._settings(profile).output_folder(profile.name)
        except SettingError as error:
            raise WorkspaceError(str(error)) from error

    def workers(self, profile: ProfileRecord) -> int:
        """Return how many pictures a download fetches at a time. Raises :class:`WorkspaceError`."""
        return self._settings(profile).workers

    # The three actions

    async def sync(self, profile: ProfileRecord, stop: Stop) -> AsyncGenerator[SyncEvent, None]:
        """Bring the metadata of every page in. Raises :class:`WorkspaceError` before the first event."""
        settings = self._settings(profile)
        async with self._run(profile, settings) as service:
            events = sync(
                service,
                self.gallery,
                profile.id,
                page_delay=PageDelay(*settings.page_delay),
                retry=_retry(settings),
                stop=stop,
            )
            async with contextlib.aclosing(events):
                async for event in events:
                    yield event

    async def download(
        self, profile: ProfileRecord, stop: Stop, board: ProgressBoard
    ) -> AsyncGenerator[DownloadEvent, None]:
        """Fetch every missing picture. Raises :class:`WorkspaceError` before the first event."""
        settings = self._settings(profile)
        async with self._run(profile, settings) as service:
            events = download(
                service,
                self.gallery,
                profile,
                OutputFolder(self.output_folder(profile), settings.folder_date == "created"),
                workers=settings.workers,
                retry=_retry(settings),
                board=board,
                stop=stop,
            )
            async with contextlib.aclosing(events):
                async for event in events:
                    yield event

    async def refresh(self, profile: ProfileRecord) -> AsyncIterator[RecordsDeleted]:
        """Delete the profile's image records. Raises :class:`WorkspaceError` before the first event."""
        with self.holding(profile):
            async for event in refresh(self.gallery, profile.id):
                yield event

    @contextlib.contextmanager
    def holding(self, profile: ProfileRecord) -> Iterator[None]:
        """Hold the profile's lock, which dies with its process. Raises :class:`ProfileBusy`."""
        path = self._locations.locks / f"{profile.name}.lock"
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            opened = path.open("a+", encoding="utf-8")
        except OSError as error:
            raise WorkspaceError(f"{path} cannot be written: {error.strerror}.") from error
        with opened as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                holder = safe_text(file.read(100)) or "another process"
                raise ProfileBusy(
                    f"Another run holds the profile {profile.name}: {holder}. Wait for it, or stop it."
                ) from None
            file.truncate(0)
            file.write(f"process {os.getpid()}, since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")
            file.flush()
            yield

    @contextlib.asynccontextmanager
    async def _run(self, profile: ProfileRecord, settings: Settings) -> AsyncIterator[FlowService]:
        with self.holding(profile):
            try:
                cookies = self._credentials.read(profile.name)
            except CredentialsError as error:
                raise CredentialsUnusable(str(error)) from error
            try:
                service = self._make_service(
                    profile,
                    settings,
                    cookies,
                    lambda key: self.gallery.set_flow_key(profile.id, key.reveal()),
                )
            except FlowError as error:
                raise WorkspaceError(str(error)) from error
            try:
                yield service
            finally:
                await service.aclose()

    def _settings(self, profile: ProfileRecord | None = None) -> Settings:
        stored: dict[str, Any] = {"output": profile.output} if profile else {}
        try:
            return load_settings(
                self._locations.config,
                self._environment,
                profile=profile.name if profile else None,
                flags=self._flags,
                stored=stored,
            )
        except SettingError as error:
            raise WorkspaceError(str(error)) from error


def _retry(settings: Settings) -> RetryPolicy:
    return RetryPolicy(tries=settings.retries, base=settings.retry_base)
