"""Queries on profiles."""

from datetime import datetime
from typing import Any

from flowimg_tui.store.database import Store
from flowimg_tui.store.models import NO_PLACE, Image, Profile
from flowimg_tui.store.records import ProfileRecord


class ProfileQueries(Store):
    """Whose galleries the mirror holds."""

    def add_profile(self, name: str, service: str, output: str | None, now: datetime) -> ProfileRecord:
        """Add a profile. Raises ``ValueError`` where the name is taken."""
        with self.transaction():
            if self.find_profile(name) is not None:
                raise ValueError(f"There is already a profile {name}.")
            Profile.insert(name=name, service=service, output=output, created_at=now).execute(self._database)
        return self.profile(name)

    def profile(self, name: str) -> ProfileRecord:
        """Return the profile with this name. Raises ``LookupError``."""
        found = self.find_profile(name)
        if found is None:
            raise LookupError(f"There is no profile {name}.")
        return found

    def find_profile(self, name: str) -> ProfileRecord | None:
        return next(iter(self._profiles(Profile.name == name)), None)

    def profiles(self) -> list[ProfileRecord]:
        """Return all profiles by name."""
        return self._profiles(Profile.id.is_null(False))

    def _profiles(self, condition: Any) -> list[ProfileRecord]:
        columns = (Profile.id, Profile.name, Profile.service, Profile.account, Profile.output)
        times = (Profile.flow_key, Profile.created_at, Profile.synced_at)
        query = Profile.select(*columns, *times).where(condition).order_by(Profile.name)
        return [ProfileRecord(*row) for row in query.tuples().execute(self._database)]

    def account(self, profile_id: int) -> str | None:
        """Return whose gallery the profile's is, where a sync has learned it."""
        found = Profile.select(Profile.account).where(Profile.id == profile_id).scalar(self._database)
        return None if found is None else str(found)

    def set_account(self, profile_id: int, account: str | None) -> None:
        """Note whose gallery it is. A listing that was interrupted is not gone on with in another's."""
        if self.account(profile_id) != account:
            Profile.update(account=account, **NO_PLACE).where(Profile.id == profile_id).execute(
                self._database
            )

    def set_service(self, profile_id: int, service: str) -> None:
        """Note its generation of Flow. A listing that was interrupted is not gone on with in the other."""
        changed = (Profile.id == profile_id) & (Profile.service != service)
        Profile.update(service=service, **NO_PLACE).where(changed).execute(self._database)

    def set_output(self, profile_id: int, output: str | None) -> None:
        Profile.update(output=output).where(Profile.id == profile_id).execute(self._database)

    def set_flow_key(self, profile_id: int, flow_key: str) -> None:
        Profile.update(flow_key=flow_key).where(Profile.id == profile_id).execute(self._database)

    def remove_profile(self, profile_id: int) -> int:
        """Delete a profile with all its records, and return how many images those were. Files stay."""
        with self.transaction():
            images = int(Image.delete().where(Image.profile == profile_id).execute(self._database))
            Profile.delete().where(Profile.id == profile_id).execute(self._database)
        return images
