"""Force refresh: the profile's image records go, every file stays, and a sync must follow. And its undo."""

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial

from flowimg_tui.mirror.events import RecordsDeleted, RecordsRestored, RecordsUntouched
from flowimg_tui.mirror.kept_records import Copy, KeptRecords
from flowimg_tui.mirror.stop import Permit, Stop, Stopped
from flowimg_tui.store.gallery import Gallery

log = logging.getLogger(__name__)


async def refresh(
    gallery: Gallery, profile_id: int, kept: KeptRecords, stop: Stop
) -> AsyncIterator[RecordsDeleted | RecordsUntouched]:
    """Keep a copy of the records, then delete them in one transaction. Files and their ledger stay.

    Where the stop comes before the copy is there, nothing is kept and nothing is deleted. Raises
    ``StoreError`` where no copy can be kept; then nothing is deleted.
    """
    # Without records there is nothing to keep, and a copy of nothing would push out one of something.
    if gallery.counts(profile_id).images:
        try:
            copy = await stop.cuts_thread(partial(_keep, gallery, kept))
        except Stopped:
            log.info("Force refresh stopped: no record was deleted")
            yield RecordsUntouched()
            return
        log.info("Kept a copy of the records in %s", copy.path)
    deleted = gallery.delete_images(profile_id)
    log.info("Deleted %d image records (files preserved on disk)", deleted)
    yield RecordsDeleted(deleted)


def _keep(gallery: Gallery, kept: KeptRecords, permit: Permit) -> Copy:
    with gallery.in_this_thread():
        return kept.keep(gallery, datetime.now(UTC), permit.use)


async def undo_refresh(
    gallery: Gallery, profile_id: int, copy: Copy, stop: Stop
) -> AsyncIterator[RecordsRestored | RecordsUntouched]:
    """Bring the profile's records back exactly as they were in ``copy``; those that came since stay.

    The copy has done its work then, and goes: the next undo goes back a step further.

    Where the stop comes before they are committed, none is brought back. Raises ``StoreError``; then nothing
    is changed.
    """
    try:
        restored = await stop.cuts_thread(partial(_restore, gallery, profile_id, copy))
    except Stopped:
        log.info("Undo of a force refresh stopped: no record was changed")
        yield RecordsUntouched()
        return
    log.info("Brought %d image records of %s back", restored, copy.at.isoformat(timespec="seconds"))
    yield RecordsRestored(restored, copy.at)


def _restore(gallery: Gallery, profile_id: int, copy: Copy, permit: Permit) -> int:
    with gallery.in_this_thread():
        restored = gallery.restore_images(profile_id, copy.path, permit.use)
    try:
        copy.path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("%s cannot be removed, and the next undo will take it again: %s", copy.path, error)
    return restored
