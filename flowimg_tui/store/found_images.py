"""The images that a person looks for, as a table of any length reads them."""

import threading
from typing import TYPE_CHECKING

from flowimg_tui.store.database import Interrupted
from flowimg_tui.store.filters import parse_filter
from flowimg_tui.store.finding import NEWEST_FIRST, Finding, SortKey
from flowimg_tui.store.interruption import Interruption
from flowimg_tui.store.records import ImageRecord

if TYPE_CHECKING:
    from array import array

    from flowimg_tui.store.found_queries import FoundQueries

_OF_FILES = (SortKey.SIZE, SortKey.FILE, SortKey.STATE)


class FoundImages:
    """What a finding finds in a profile's gallery. Safe to use from several threads.

    Which images those are, and their order, is of the moment of the latest :meth:`refresh`, so that no row
    moves under the cursor; what an image is, is read anew with each window. The whole gallery newest first,
    which is what an app opens with, needs no refresh to be there: until the first one it is read as it is.
    """

    def __init__(
        self,
        gallery: "FoundQueries",
        profile_id: int,
        finding: Finding,
        before: "FoundImages | None" = None,
    ) -> None:
        """Prepare to find. What was found ``before`` in this gallery lends the ids in their order, where
        that order is the same: then rows that came since are not found.
        """
        self.finding = finding
        self._gallery, self._profile_id = gallery, profile_id
        self._filter = parse_filter(finding.text)
        self._is_default = self._filter.finds_all and finding.order == NEWEST_FIRST
        self._interruption = Interruption()
        self._refreshing = threading.Lock()
        lends = before is not None and before.finding.order == finding.order
        self._lent = before._order_to_lend if before is not None and lends else None
        self._ordered: array[int] | None = None
        self._ids: array[int] | None = None
        self._count_of_all = gallery.count(profile_id) if self._is_default else 0

    @property
    def problem(self) -> str | None:
        """What is wrong with the filter, or not finished."""
        return self._filter.problem

    @property
    def is_ready(self) -> bool:
        """Whether there is anything to be shown yet."""
        return self._is_default or self._ids is not None

    @property
    def depends_on_files(self) -> bool:
        """Whether a file that comes or fails can change what is found, or the order."""
        return self._filter.depends_on_files or self.finding.order.key in _OF_FILES

    @property
    def count(self) -> int:
        """How many images are found."""
        ids = self._ids
        return self._count_of_all if ids is None else len(ids)

    def window(self, offset: int, limit: int) -> list[ImageRecord]:
        """Return up to ``limit`` of them from ``offset`` on; one that went since the refresh is left out."""
        ids = self._ids
        if ids is not None:
            return self._gallery.records(ids[offset : offset + limit])
        return self._gallery.window(self._profile_id, offset, limit) if self._is_default else []

    def position(self, image_id: int) -> int | None:
        """Return how many of them stand before this one, or ``None`` where it is not among them."""
        ids = self._ids
        if ids is not None:
            try:
                return ids.index(image_id)
            except ValueError:
                return None
        image = self._gallery.image(image_id) if self._is_default else None
        return None if image is None else self._gallery.position(self._profile_id, image)

    def ids(self) -> list[int]:
        """Return the ids of all, in their order."""
        if self._ids is None:
            self.refresh()
        return [] if self._ids is None else list(self._ids)

    def refresh(self) -> bool:
        """Find what there is; ``False`` where that was closed before it came to its end.

        For a thread: a hundred thousand images take longer than a frame. The calling thread's connection is
        closed afterwards.
        """
        with self._refreshing, self._gallery.in_this_thread():
            try:
                ordered = self._lent
                if ordered is None:
                    ordered = self._gallery.ordered_ids(
                        self._profile_id, self.finding.order, self._interruption
                    )
                self._ids = self._gallery.found_ids(
                    self._profile_id, self._filter, ordered, self._interruption
                )
                self._ordered, self._lent = ordered, None
            except Interrupted:
                return False
        return True

    @property
    def _order_to_lend(self) -> "array[int] | None":
        return self._lent if self._ordered is None else self._ordered

    def close(self) -> None:
        """End what looks for them in another thread; what was found can still be read. Returns at once."""
        self._interruption.begin()
