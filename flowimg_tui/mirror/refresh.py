"""Force refresh: the profile's image records go, every file stays, and a sync must follow. And its undo."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from flowimg_tui.mirror.events import RecordsDeleted, RecordsRestored
from flowimg_tui.mirror.kept_records import Copy, KeptRecords
from flowimg_tui.store.gallery import Gallery

log = logging.getLogger(__name__)


async def refresh(gallery: Gallery, profile_id: int, kept: KeptRecords) -> AsyncIterator[RecordsDeleted]:
    """Keep a copy of the records, then delete them in one transaction. Files and their ledger stay.

    Raises ``StoreError`` where no copy can be kept; then nothing is deleted.
    """
    # Without records there is nothing to keep, and a copy of nothing would push out one of something.
    copy = None
    if gallery.counts(profile_id).images:
        copy = await asyncio.to_thread(_keep, gallery, kept)
        log.info("Kept a copy of the records in %s", copy.path)
    deleted = gallery.delete_images(profile_id)
    log.info("Deleted %d image records (files preserved on disk)", deleted)
    yield RecordsDeleted(deleted)


def _keep(gallery: Gallery, kept: KeptRecords) -> Copy:
    with gallery.in_this_thread():
        return kept.keep(gallery, datetime.now(UTC))


async def undo_refresh(gallery: Gallery, profile_id: int, copy: Copy) -> AsyncIterator[RecordsRestored]:
    """Bring the profile's records back exactly as they were in ``copy``; those that came since stay.

    Raises ``StoreError``; then nothing is changed.
    """
    restored = await asyncio.to_thread(_restore, gallery, profile_id, copy)
    log.info("Brought %d image records of %s back", restored, copy.at.isoformat(timespec="seconds"))
    yield RecordsRestored(restored, copy.at)


def _restore(gallery: Gallery, profile_id: int, copy: Copy) -> int:
    with gallery.in_this_thread():
        return gallery.restore_images(profile_id, copy.path)
