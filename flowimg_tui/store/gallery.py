"""Every query of the mirror's database."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from peewee import EXCLUDED, JOIN, SQL, DatabaseError, IntegrityError, SqliteDatabase, fn

from flowimg_tui.store.migrations import FutureDatabase, migrate
from flowimg_tui.store.models import Image, Profile, SavedFile
from flowimg_tui.store.records import (
    Counts,
    FileRecord,
    ImageRecord,
    NewImage,
    PageCounts,
    PendingImage,
    ProfileRecord,
)

_PRAGMAS: Final = {
    # A power cut may take the last commits, never the order of them: a picture whose row went is met
    # again by the next download, and recognised by its bytes.
    "synchronous": "normal",
    "foreign_keys": 1,
}
_BUSY_SECONDS: Final = 10
_BATCH: Final = 1000

_IMAGE_COLUMNS: Final = (
    Image.id,
    Image.name,
    Image.media_key,
    Image.workflow_id,
    Image.aspect_ratio,
    Image.created_at,
    Image.local_path,
    Image.failure,
    SavedFile.size,
    Image.title,
    Image.prompt,
    Image.seed,
    Image.width,
    Image.height,
    Image.project_title,
)
_PENDING_COLUMNS: Final = (
    Image.id,
    Image.name,
    Image.media_key,
    Image.fife_url,
    Image.created_at,
    Image.legacy_name,
)
_FILE_COLUMNS: Final = tuple(getattr(SavedFile, name) for name in FileRecord.__slots__)
_KEPT_WHERE_UNSAID: Final = (
    Image.workflow_id,
    Image.aspect_ratio,
    Image.fife_url,
    Image.created_at,
    Image.title,
    Image.prompt,
    Image.seed,
    Image.width,
    Image.height,
    Image.project_title,
    Image.legacy_name,
)
_NEWEST_FIRST: Final = (Image.created_at.desc(), Image.id.desc())

T = TypeVar("T")


class StoreError(Exception):
    """The database cannot be used; the message says why and what to do."""


class _Database(SqliteDatabase):
    """SQLite whose own troubles (locked, full, damaged) are a :class:`StoreError`; ours stay bugs."""

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        try:
            return super().execute_sql(sql, params)  # type: ignore[no-untyped-call]
        except IntegrityError:
            raise
        except DatabaseError as error:
            raise StoreError(f"{self.database} cannot be used: {error}.") from error


class Gallery:
    """The mirror's records. Safe to use from several threads: each has a connection of its own."""

    def __init__(self, path: Path) -> None:
        """Open or create the database at ``path``. Raises :class:`StoreError`."""
        self._database = _Database(str(path), pragmas=_PRAGMAS, timeout=_BUSY_SECONDS)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            migrate(self._database)
            # Not before: it writes, and a database from the future must not be written.
            self._database.pragma("journal_mode", "wal")
        except (FutureDatabase, StoreError) as error:
            self.close()
            raise StoreError(str(error)) from error
        except (OSError, DatabaseError) as error:
            self.close()
            raise StoreError(f"{path} cannot be used: {error}.") from error

    def close(self) -> None:
        """Close the connection of the calling thread."""
        if not self._database.is_closed():
            self._database.close()

    @contextlib.contextmanager
    def in_this_thread(self) -> Iterator[None]:
        """Close the calling thread's connection afterwards; for threads that end before the gallery does."""
        try:
            yield
        finally:
            self.close()

    # Profiles

    def add_profile(self, name: str, service: str, output: str | None, now: datetime) -> ProfileRecord:
        """Add a profile. Raises ``ValueError`` where the name is taken."""
        with self._transaction():
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
        Profile.update(account=account).where(Profile.id == profile_id).execute(self._database)

    def set_service(self, profile_id: int, service: str) -> None:
        Profile.update(service=service).where(Profile.id == profile_id).execute(self._database)

    def set_output(self, profile_id: int, output: str | None) -> None:
        Profile.update(output=output).where(Profile.id == profile_id).execute(self._database)

    def set_flow_key(self, profile_id: int, flow_key: str) -> None:
        Profile.update(flow_key=flow_key).where(Profile.id == profile_id).execute(self._database)

    def remove_profile(self, profile_id: int) -> int:
        """Delete a profile with all its records, and return how many images those were. Files stay."""
        with self._transaction():
            images = self.delete_images(profile_id)
            Profile.delete().where(Profile.id == profile_id).execute(self._database)
        return images

    # Sync

    def begin_sync(self, profile_id: int) -> int:
        """Return the number of a new sync, by which its pages are told from earlier ones."""
        with self._transaction():
            ours = Profile.id == profile_id
            Profile.update(syncs=Profile.syncs + 1).where(ours).execute(self._database)
            return int(Profile.select(Profile.syncs).where(ours).scalar(self._database))

    def store_page(self, profile_id: int, sync: int, images: Sequence[NewImage]) -> PageCounts:
        """Insert what is new and update what is known, in one transaction.

        A known image keeps its ``local_path``, its failure and everything that the page does not mention. One
        that is known from the generation before, by its legacy name or its media key, gets its new name.
        """
        by_name = {image.name: image for image in images}
        with self._transaction():
            known = {
                name: last_sync
                for _, name, last_sync, _ in self._known(profile_id, Image.name, list(by_name))
            }
            known |= self._rename_moved(profile_id, sync, by_name, known)
            for batch in _batches(list(by_name.values())):
                self._write(profile_id, sync, batch)
        again = sum(1 for last_sync in known.values() if last_sync == sync)
        return PageCounts(
            new=len(by_name) - len(known),
            updated=len(known) - again,
            repeated=again + len(images) - len(by_name),
        )

    def _known(
        self, profile_id: int, column: Any, values: Sequence[str]
    ) -> Iterator[tuple[int, str, int, str]]:
        """Yield id, name, number of the last sync and ``column`` of each record with one of the values."""
        for batch in _batches(values):
            query = Image.select(Image.id, Image.name, Image.last_sync, column).where(
                (Image.profile == profile_id) & column.in_(batch)
            )
            yield from list(query.tuples().execute(self._database))

    def _rename_moved(
        self, profile_id: int, sync: int, page: Mapping[str, NewImage], known: Mapping[str, int]
    ) -> dict[str, int]:
        """Give records of the generation before their new names; return name → number of the last sync.

        A media key tells the same picture only where it is the name as well, as in the later generation:
        before, one picture could be in a gallery under two names. A record that the page names, or that this
        sync has met, is itself.
        """
        strangers = [image for name, image in page.items() if name not in known]
        legacy = {image.legacy_name: image.name for image in strangers if image.legacy_name}
        keys = {image.media_key: image.name for image in strangers if image.media_key == image.name}
        renamed: dict[str, int] = {}
        # Both names of a picture are worth more than its key.
        for column, new_names in ((Image.name, legacy), (Image.media_key, keys)):
            for old_id, name, last_sync, value in self._known(profile_id, column, list(new_names)):
                new_name = new_names[value]
                if last_sync < sync and name not in page and new_name not in renamed:
                    Image.update(name=new_name).where(Image.id == old_id).execute(self._database)
                    renamed[new_name] = last_sync
        return renamed

    def _write(self, profile_id: int, sync: int, images: Sequence[NewImage]) -> None:
        Image.insert_many([_row(profile_id, sync, image) for image in images]).on_conflict(
            conflict_target=(Image.profile, Image.name),
            preserve=(Image.last_sync, Image.media_key),
            update={
                column: fn.COALESCE(getattr(EXCLUDED, column.column_name), column)
                for column in _KEPT_WHERE_UNSAID
            },
        ).execute(self._database)

    def finish_sync(self, profile_id: int, now: datetime) -> None:
        """Note that a sync saw the whole listing."""
        Profile.update(synced_at=now).where(Profile.id == profile_id).execute(self._database)

    # Download

    def missing_ids(self, profile_id: int) -> list[int]:
        """Return the ids of all images without a file, newest first."""
        query = (
            Image.select(Image.id)
            .where((Image.profile == profile_id) & Image.local_path.is_null())
            .order_by(*_NEWEST_FIRST)
        )
        return [image_id for (image_id,) in query.tuples().execute(self._database)]

    def pending_image(self, image_id: int) -> PendingImage | None:
        """Return the image, or ``None`` where it is gone or has got its file meanwhile."""
        query = Image.select(*_PENDING_COLUMNS).where((Image.id == image_id) & Image.local_path.is_null())
        return next((PendingImage(*row) for row in query.tuples().execute(self._database)), None)

    def files_of(self, profile_id: int, media_key: str, legacy_name: str | None = None) -> list[FileRecord]:
        """Return what the ledger knows of a picture, the latest first.

        ``legacy_name`` is the name that its image had in the generation before, if it had one. A file that is
        known by that alone, and that another image points to, is the other one's.
        """
        ours = SavedFile.profile == profile_id
        # The profile stands on both sides of the OR: only then has each side its index.
        same = ours & (SavedFile.media_key == media_key)
        if legacy_name is not None:
            held = Image.select(SQL("1")).where(
                (Image.profile == profile_id) & (Image.local_path == SavedFile.path)
            )
            same |= ours & (SavedFile.name == legacy_name) & ~fn.EXISTS(held)
        query = SavedFile.select(*_FILE_COLUMNS).where(same).order_by(SavedFile.id.desc())
        return [FileRecord(*row) for row in query.tuples().execute(self._database)]

    def record_saved(self, profile_id: int, image_id: int, file: FileRecord) -> None:
        """Write the ledger row of a durable file and the image's path to it, in one transaction."""
        row = {column: getattr(file, column) for column in FileRecord.__slots__}
        with self._transaction():
            SavedFile.insert(profile=profile_id, **row).on_conflict(
                conflict_target=(SavedFile.profile, SavedFile.path),
                preserve=[column for name in row if (column := getattr(SavedFile, name)) != SavedFile.path],
            ).execute(self._database)
            self.record_adopted(image_id, file.path)

    def record_adopted(self, image_id: int, path: str) -> None:
        """Point an image to a file that the ledger already knows."""
        Image.update(local_path=path, failure=None, failed_at=None).where(Image.id == image_id).execute(
            self._database
        )

    def record_failure(self, image_id: int, reason: str, now: datetime) -> None:
        """Keep why the image could not be had, and count the try."""
        Image.update(failure=reason, failed_at=now, tries=Image.tries + 1).where(
            Image.id == image_id
        ).execute(self._database)

    # Force refresh

    def delete_images(self, profile_id: int) -> int:
        """Delete the profile's image records and return how many. Saved files stay in the ledger."""
        return int(Image.delete().where(Image.profile == profile_id).execute(self._database))

    # Looking

    def counts(self, profile_id: int) -> Counts:
        """Return how many images there are in each state, all at one moment."""
        ours, no_file = Image.profile == profile_id, Image.local_path.is_null()
        with self._database.atomic():
            images = self._count(ours)
            missing = self._count(ours & no_file)
            failed = self._count(ours & no_file & Image.failure.is_null(False))
        return Counts(images, images - missing, missing - failed, failed)

    def _count(self, condition: Any) -> int:
        return int(Image.select(fn.COUNT(SQL("*"))).where(condition).scalar(self._database))

    def window(self, profile_id: int, offset: int, limit: int) -> list[ImageRecord]:
        """Return ``limit`` images from ``offset`` on, newest first."""
        # The ids come from the index alone: the rows that OFFSET skips are never read.
        ids = Image.alias()
        shown = (
            ids.select(ids.id)
            .where(ids.profile == profile_id)
            .order_by(ids.created_at.desc(), ids.id.desc())
            .offset(offset)
            .limit(limit)
        )
        query = self._images().where(Image.id.in_(shown)).order_by(*_NEWEST_FIRST)
        return [ImageRecord(*row) for row in query.tuples().execute(self._database)]

    def position(self, profile_id: int, image: ImageRecord) -> int:
        """Return how many of the profile's images stand before ``image`` in the order of :meth:`window`."""
        if image.created_at is None:
            before = Image.created_at.is_null(False) | (Image.created_at.is_null() & (Image.id > image.id))
        else:
            same_age = (Image.created_at == image.created_at) & (Image.id > image.id)
            before = (Image.created_at > image.created_at) | same_age
        return self._count((Image.profile == profile_id) & before)

    def images(self, profile_id: int) -> Iterator[ImageRecord]:
        """Yield all images, newest first, a batch at a time."""
        offset = 0
        while batch := self.window(profile_id, offset, _BATCH):
            yield from batch
            offset += len(batch)

    def image(self, image_id: int) -> ImageRecord | None:
        query = self._images().where(Image.id == image_id)
        return next((ImageRecord(*row) for row in query.tuples().execute(self._database)), None)

    def _images(self) -> Any:
        on = (SavedFile.profile == Image.profile) & (SavedFile.path == Image.local_path)
        return Image.select(*_IMAGE_COLUMNS).join(SavedFile, JOIN.LEFT_OUTER, on=on)

    def _transaction(self) -> Any:
        # A transaction that reads before it writes must hold the write lock from its start: SQLite
        # refuses to upgrade a read whose snapshot is old, without waiting.
        return self._database.atomic("IMMEDIATE")


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield all items in their order, as many at a time as one statement can take."""
    return (items[start : start + _BATCH] for start in range(0, len(items), _BATCH))


def _row(profile_id: int, sync: int, image: NewImage) -> dict[str, object]:
    return {
        "profile": profile_id,
        "last_sync": sync,
        **{column: getattr(image, column) for column in NewImage.__slots__},
    }
