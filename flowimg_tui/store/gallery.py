"""The mirror's database: every query that a face or the mirror asks."""

from flowimg_tui.store.download_queries import DownloadQueries
from flowimg_tui.store.finding import Finding
from flowimg_tui.store.found_images import FoundImages
from flowimg_tui.store.found_queries import FoundQueries
from flowimg_tui.store.ledger_queries import LedgerQueries
from flowimg_tui.store.models import Image
from flowimg_tui.store.profile_queries import ProfileQueries
from flowimg_tui.store.records import Counts
from flowimg_tui.store.refresh_queries import RefreshQueries
from flowimg_tui.store.sync_queries import SyncQueries


class Gallery(ProfileQueries, SyncQueries, DownloadQueries, LedgerQueries, RefreshQueries, FoundQueries):
    """The mirror's records. Safe to use from several threads: each has a connection of its own."""

    def counts(self, profile_id: int) -> Counts:
        """Return how many images there are in each state, all at one moment."""
        ours, no_file = Image.profile == profile_id, Image.local_path.is_null()
        with self._database.atomic():
            images = self._count(ours)
            missing = self._count(ours & no_file)
            failed = self._count(ours & no_file & Image.failure.is_null(False))
            parked = self._count(ours & no_file & Image.parked_at.is_null(False))
        return Counts(images, images - missing, missing - failed, failed, parked)

    def find(self, profile_id: int, finding: Finding, before: FoundImages | None = None) -> FoundImages:
        """Return what ``finding`` finds. Quick: what takes long is done by :meth:`FoundImages.refresh`.

        Rows that came since it was found ``before`` need not be among it: with that it is found the sooner.
        """
        return FoundImages(self, profile_id, finding, before)
