"""What the user has set for this installation, profile by profile."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from flowimg_tui.config.settings import ResolvedSettings, SettingError, Settings, resolve_settings
from flowimg_tui.store.records import ProfileRecord
from flowimg_tui.workspace.errors import WorkspaceError


class Preferences:
    """Reads the settings anew at each question. All methods raise :class:`WorkspaceError`."""

    def __init__(
        self, file: Path, environment: Mapping[str, str], flags: Mapping[str, object] | None = None
    ) -> None:
        self._file = file
        self._environment = {name: environment[name] for name in environment if name.startswith("FLOWIMG_")}
        self._flags = dict(flags or {})

    def resolved(self, profile: ProfileRecord | None = None) -> ResolvedSettings:
        """Return what holds for the profile, or for none, and where each setting comes from."""
        if profile is None:
            return self._resolved(None, {})
        resolved = self._resolved(profile.name, {"output": profile.output})
        if resolved.settings.service is not None:
            return resolved
        return ResolvedSettings(
            replace(resolved.settings, service=profile.service),
            {**resolved.origins, "service": "the profile's cookies"},
        )

    def of(self, profile: ProfileRecord) -> Settings:
        """Return the settings that hold for the profile."""
        return self.resolved(profile).settings

    def of_name(self, name: str) -> Settings:
        """Return what is set for a profile of this name, whether or not there is one."""
        return self._resolved(name, {}).settings

    def output_folder(self, profile: ProfileRecord) -> Path:
        """Return where the profile's pictures go."""
        return self._folder(profile.name, self.of(profile))

    def default_output(self, name: str) -> Path:
        """Return where the pictures of a profile of this name go unless it has a folder of its own."""
        return self._folder(name, self.of_name(name))

    def _folder(self, name: str, settings: Settings) -> Path:
        try:
            return settings.output_folder(name)
        except SettingError as error:
            raise WorkspaceError(str(error)) from error

    def _resolved(self, profile: str | None, stored: Mapping[str, object]) -> ResolvedSettings:
        try:
            return resolve_settings(
                self._file, self._environment, profile=profile, flags=self._flags, stored=stored
            )
        except SettingError as error:
            raise WorkspaceError(str(error)) from error
