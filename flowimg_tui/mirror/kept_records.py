"""What force refreshes have deleted: copies of the database of before, until enough newer ones are there."""

import contextlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from flowimg_tui.store.database import unusable
from flowimg_tui.store.gallery import Gallery

COPIES_KEPT: Final = 5
_TIME: Final = "%Y%m%dT%H%M%S%fZ"
_STAMP: Final = r"([0-9]{8}T[0-9]{12}Z)"
_UNFINISHED: Final = ".part"


@dataclass(frozen=True, slots=True)
class Copy:
    """The database as it was ``at`` (aware UTC), before a force refresh."""

    path: Path
    at: datetime


class KeptRecords:
    """The copies of one profile, in a folder that only its owner can read: they hold signed URLs."""

    def __init__(self, folder: Path, profile: str) -> None:
        self._folder = folder
        self._profile = profile
        self._name = re.compile(rf"{re.escape(profile)}-{_STAMP}\.db")

    @property
    def latest(self) -> Copy | None:
        """The copy that an undo would take."""
        return next(iter(self._copies()), None)

    def keep(self, gallery: Gallery, now: datetime, before_naming: Callable[[], object]) -> Copy:
        """Make a copy, and let the oldest go. The caller holds the profile's lock.

        Raises ``StoreError``, and what ``before_naming`` raises; then there is no new one.
        """
        copy = Copy(self._folder / f"{self._profile}-{now.astimezone(UTC).strftime(_TIME)}.db", now)
        unfinished = copy.path.with_name(f".{copy.path.name}{_UNFINISHED}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.sweep()
            try:
                gallery.copy_to(unfinished)
                _make_durable(unfinished)
                before_naming()
                unfinished.rename(copy.path)
            finally:
                unfinished.unlink(missing_ok=True)
            for old in self._copies()[COPIES_KEPT:]:
                old.path.unlink()
        except OSError as error:
            raise unusable(str(self._folder), error) from error
        return copy

    def remove_all(self) -> None:
        """Remove the copies: their profile goes. Raises ``OSError``."""
        for copy in self._copies():
            copy.path.unlink()

    def _copies(self) -> list[Copy]:
        """Return the copies, the latest first."""
        if not self._folder.is_dir():
            return []
        stamps = ((path, self._name.fullmatch(path.name)) for path in self._folder.iterdir())
        copies = (Copy(path, _moment(stamp[1])) for path, stamp in stamps if stamp)
        return sorted(copies, key=lambda copy: copy.at, reverse=True)

    def sweep(self) -> None:
        """Remove what runs have left that died in mid-copy. The caller holds the profile's lock."""
        if not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            whole, unfinished, _ = path.name.removeprefix(".").partition(_UNFINISHED)
            if unfinished and self._name.fullmatch(whole):
                with contextlib.suppress(OSError):
                    path.unlink()


def _moment(stamp: str) -> datetime:
    return datetime.strptime(stamp, _TIME).replace(tzinfo=UTC)


def _make_durable(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
