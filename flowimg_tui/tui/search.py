"""Looking for images in threads: what is looked for, what was found last, and when that is old."""

import asyncio
import threading
from typing import TYPE_CHECKING

from flowimg_tui.store.database import StoreError
from flowimg_tui.store.finding import Finding
from flowimg_tui.store.found_images import FoundImages
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.tui.messages import StoreFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.widget import Widget


class Search:
    """Looks in one profile's gallery at a time, for ``owner``, which gets to know with :class:`StoreFailed`
    what the database cannot do.
    """

    def __init__(
        self, gallery: Gallery, owner: "Widget", show: "Callable[[FoundImages, bool], object]"
    ) -> None:
        """``show`` is called with what was found, and whether that is what was looked for already."""
        self._gallery, self._owner, self._show = gallery, owner, show
        self._profile_id: int | None = None
        self._finding = Finding()
        self._problem: str | None = None
        self._found: FoundImages | None = None
        self._sought: FoundImages | None = None
        self._changes = 0
        """How often rows changed; what was sought, and what is found, are as of one of these."""
        self._sought_at = self._found_at = 0
        self._to_remember: dict[int, Finding] = {}
        self._remembering = threading.Lock()

    @property
    def finding(self) -> Finding:
        """What is looked for."""
        return self._finding

    @property
    def problem(self) -> str | None:
        """What is wrong with what is looked for, or not finished."""
        return self._problem

    @property
    def found(self) -> FoundImages | None:
        """What was found last, and is shown."""
        return self._found

    @property
    def depends_on_files(self) -> bool:
        """Whether a file that comes or fails can change which rows there are."""
        return self._found is not None and self._found.depends_on_files

    def open(self, profile_id: int | None) -> None:
        """Look in the gallery of a profile for what was looked for there last, or in none."""
        self._give_up()
        self._profile_id, self._found, self._problem = profile_id, None, None
        if profile_id is None:
            return
        try:
            finding = self._gallery.finding(profile_id)
        except StoreError as error:
            self._failed(error)
            finding = Finding()
        self._seek(finding)

    def find(self, finding: Finding) -> None:
        """Look for something else, and remember it for the profile."""
        if self._profile_id is not None and finding != self._finding:
            self._seek(finding)
            self._to_remember[self._profile_id] = finding
            self._owner.run_worker(self._remember(self._profile_id), group="remember")

    def rows_changed(self) -> None:
        """Find anew what is looked for, as rows came, went or changed; no row moves before that."""
        self._changes += 1
        if self._sought is None:  # what is being read would never be shown if each change began anew
            self._find_anew()

    def _seek(self, finding: Finding) -> None:
        """Show what ``finding`` finds as soon as it is found; what was looked for before is given up."""
        self._give_up()
        # Where no row changed since, the order of what is shown is still the order of all.
        before = self._found if self._found_at == self._changes else None
        sought = self._begin(finding, before)
        if sought is None:
            return
        self._finding, self._problem = finding, sought.problem
        if sought.is_ready:
            self._end(sought, anew=False)
        else:
            self._owner.run_worker(self._read(sought, anew=False), group="find")

    def _find_anew(self) -> None:
        sought = self._begin(self._finding, None)
        if sought is not None:
            self._owner.run_worker(self._read(sought, anew=True), group="find")

    def _begin(self, finding: Finding, before: FoundImages | None) -> FoundImages | None:
        if self._profile_id is not None:
            try:
                self._sought = self._gallery.find(self._profile_id, finding, before)
                self._sought_at = self._changes
            except StoreError as error:
                self._failed(error)
        return self._sought

    def _give_up(self) -> None:
        if self._sought is not None:
            self._sought.close()
            self._sought = None

    async def _read(self, images: FoundImages, *, anew: bool) -> None:
        if not images.is_ready:
            try:
                is_whole = await asyncio.to_thread(images.refresh)
            except StoreError as error:
                if images is self._sought:
                    self._give_up()
                self._failed(error)
                return
            if not is_whole:
                return  # something else is looked for by now
        if images is self._sought and self._owner.is_attached:
            self._end(images, anew=anew)

    def _end(self, images: FoundImages, *, anew: bool) -> None:
        self._found, self._found_at, self._sought = images, self._sought_at, None
        self._show(images, anew)
        if self._found_at != self._changes:
            self._find_anew()

    async def _remember(self, profile_id: int) -> None:
        try:
            await asyncio.to_thread(self._set_finding, profile_id)
        except StoreError as error:
            self._failed(error)

    def _set_finding(self, profile_id: int) -> None:
        """Write what was looked for last: of the threads of two keys the later one's may come first."""
        with self._remembering, self._gallery.in_this_thread():
            finding = self._to_remember.pop(profile_id, None)
            if finding is not None:
                self._gallery.set_finding(profile_id, finding)

    def _failed(self, error: StoreError) -> None:
        self._owner.post_message(StoreFailed(error))
