"""Force refresh: the profile's image records go, every file stays, and a sync must follow."""

import logging
from collections.abc import AsyncIterator

from flowimg_tui.mirror.events import RecordsDeleted
from flowimg_tui.store.gallery import Gallery

log = logging.getLogger(__name__)


async def refresh(gallery: Gallery, profile_id: int) -> AsyncIterator[RecordsDeleted]:
    """Delete the profile's image records in one transaction. Files and their ledger stay."""
    deleted = gallery.delete_images(profile_id)
    log.info("Deleted %d image records (files preserved on disk)", deleted)
    yield RecordsDeleted(deleted)
