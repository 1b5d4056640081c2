"""Sync: bring the metadata of every page in. Inserts and updates, deletes nothing."""

import hashlib
import logging
from asyncio import sleep
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar

from flowimg_tui.flow.errors import FlowError, ListingLoops, NotFound, NotUnderstood, Refused, SignedOut
from flowimg_tui.flow.pace import PageDelay, RetryPolicy
from flowimg_tui.flow.service import Account, FlowService, ListedImage, Page
from flowimg_tui.mirror.events import (
    PageDelayed,
    PageRetry,
    PageSynced,
    RunError,
    SessionEnded,
    SessionRenewed,
    SignedIn,
    SyncEvent,
    SyncFinished,
    SyncResumed,
    SyncStarted,
    SyncStartedOver,
)
from flowimg_tui.mirror.sign_in import Renewal, remember_account
from flowimg_tui.mirror.stop import Stop, Stopped
from flowimg_tui.secret import Secret
from flowimg_tui.store.database import StoreError
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import NewImage, SyncPlace

log = logging.getLogger(__name__)

RESUME_WITHIN: Final = timedelta(hours=1)
"""Longer than that no cursor is trusted to live, and no listing to be the same."""
_EMPTY_LIMIT: Final = 1000
"""So many pages in a row with nothing in them are a listing without an end: nobody has such projects."""
_NO_SUCH_PLACE: Final = (Refused, NotFound, NotUnderstood)
"""What a service answers to a cursor that it does not know any more, or that it takes for another one."""

T = TypeVar("T")


async def sync(
    service: FlowService,
    gallery: Gallery,
    profile_id: int,
    *,
    page_delay: PageDelay,
    retry: RetryPolicy,
    stop: Stop,
    renewal: Renewal | None = None,
) -> AsyncGenerator[SyncEvent, None]:
    """Walk the listing from its first page to its last and store each page as it comes.

    A sync that was interrupted within the last :data:`RESUME_WITHIN` is gone on with behind its last page;
    then what came meanwhile is looked for at the front. A session that ends on the way is waited for with
    ``renewal``; without one it ends the run. Failures do not raise: the last event, :class:`SyncFinished`,
    tells of them.
    """
    run = _Sync(service, gallery, profile_id, page_delay, retry, stop, renewal)
    error: RunError | None = None
    complete = False
    yield SyncStarted()
    try:
        async with aclosing(run.whole_listing()) as events:
            async for event in events:
                yield event
        gallery.finish_sync(profile_id, datetime.now(UTC))
        complete = True
    except Stopped:
        log.info("Sync stopped after %d pages", run.pages)
    except (FlowError, StoreError) as caught:
        error = caught
        log.warning("Sync incomplete after %d pages: %s", run.pages, caught)
    log.info("Total pages processed: %d", run.pages)
    yield SyncFinished(run.pages, run.new, run.updated, run.skipped, run.videos, complete, error, run.resumed)


@dataclass
class _Sync:
    service: FlowService
    gallery: Gallery
    profile_id: int
    page_delay: PageDelay
    retry: RetryPolicy
    stop: Stop
    renewal: Renewal | None
    pages: int = 0
    new: int = 0
    updated: int = 0
    skipped: int = 0
    videos: int = 0
    met: int = 0
    resumed: bool = False
    empty: int = 0
    """How many pages in a row held nothing."""
    cursors: set[bytes] = field(default_factory=set)
    """Digests: one can be as long as the list of all projects."""

    async def whole_listing(self) -> AsyncGenerator[SyncEvent, None]:
        """Yield what happens from the sign-in to the last page."""
        async for event in self._sign_in():
            yield event
        place = self._place_to_resume()
        if place is not None:
            yield SyncResumed(place.at)
            try:
                async for event in self._pages(place.sync, Secret(place.cursor)):
                    yield event
            except _NO_SUCH_PLACE as error:
                if self.new or self.updated:
                    raise
                log.warning("Sync starts over: %s", error)
                self._start_over()
                yield SyncStartedOver(str(error))
            else:
                self.resumed = True
                async for event in self._newer_pages(place.sync):
                    yield event
                self._refuse_nothing_understood()
                return
        async for event in self._pages(self.gallery.begin_sync(self.profile_id), None):
            yield event
        self._refuse_nothing_understood()

    def _place_to_resume(self) -> SyncPlace | None:
        place = self.gallery.sync_place(self.profile_id)
        if place is None or not timedelta(0) <= datetime.now(UTC) - place.at <= RESUME_WITHIN:
            return None
        log.info("Sync goes on where one of %s was interrupted", place.at.isoformat(timespec="seconds"))
        return place

    def _start_over(self) -> None:
        """Forget the pages that were met: they will come again."""
        self.pages = self.skipped = self.videos = self.met = 0
        self.cursors.clear()

    async def _pages(self, number: int, cursor: Secret | None) -> AsyncIterator[SyncEvent]:
        """Bring in the page of ``cursor`` and all behind it."""
        while True:
            async for page in self._page(cursor):
                if isinstance(page, Page):
                    yield self._store(number, page)
                    cursor = page.cursor
                else:
                    yield page
            if cursor is None:
                return
            self._refuse_loop(cursor)
            async for event in self._pause():
                yield event

    async def _newer_pages(self, number: int) -> AsyncIterator[SyncEvent]:
        """Bring in what came to the front of the listing while the sync was interrupted.

        It ends at the first page of images of which none is new: one without images does not tell the rest.
        """
        cursor: Secret | None = None
        self.cursors.clear()
        searching = True
        while searching:
            async for event in self._pause():
                yield event
            async for page in self._page(cursor):
                if isinstance(page, Page):
                    stored = self._store(number, replace(page, may_repeat=True, cursor=None))
                    cursor = page.cursor
                    searching = cursor is not None and (stored.new > 0 or not page.images)
                    yield stored
                else:
                    yield page
            if searching and cursor is not None:
                self._refuse_loop(cursor)

    def _page(self, cursor: Secret | None) -> AsyncIterator[SyncEvent | Page]:
        return self._repeated(partial(self.service.list_page, cursor), self.renewal)

    async def _pause(self) -> AsyncIterator[SyncEvent]:
        seconds = self.page_delay.draw()
        log.info("Waiting %d ms before fetching next page", round(seconds * 1000))
        yield PageDelayed(self.pages + 1, seconds)
        await self.stop.cuts(sleep(seconds))

    async def _sign_in(self) -> AsyncIterator[SyncEvent]:
        async for known in self._repeated(self.service.account, renewal=None):
            if isinstance(known, Account):
                remember_account(self.gallery, self.profile_id, known)
                yield SignedIn(known.email, known.expires)
            else:
                yield known

    async def _repeated(
        self, ask: Callable[[], Coroutine[Any, Any, T]], renewal: Renewal | None
    ) -> AsyncIterator[SyncEvent | T]:
        """Yield each retry and each pause before it is waited for, and at last what was asked for."""
        tries = 1
        while True:
            try:
                yield await self.stop.cuts(ask())
            except SignedOut as error:
                if renewal is None:
                    raise
                async for event in self._renewed(renewal, error):
                    yield event
                tries = 1
            except FlowError as error:
                pause = self.retry.pause_after(tries, error)
                if pause is None:
                    raise
                log.warning("Page %d, try %d: %s", self.pages + 1, tries, error)
                tries += 1
                yield PageRetry(self.pages + 1, tries, self.retry.tries, pause, str(error))
                await self.stop.cuts(sleep(pause))
            else:
                return

    async def _renewed(self, renewal: Renewal, error: SignedOut) -> AsyncIterator[SyncEvent]:
        """Wait for a live session of the same account."""
        while True:
            log.warning("Sync paused after %d pages: %s", self.pages, error)
            yield SessionEnded(error)
            await self.stop.cuts(renewal())
            try:
                async for event in self._sign_in():
                    yield event
            except SignedOut as again:
                error = again
            else:
                break
        log.info("Sync goes on")
        yield SessionRenewed()

    def _store(self, number: int, page: Page) -> PageSynced:
        for reason in page.skipped:
            log.warning("Skipped on page %d: %s", self.pages + 1, reason)
        images = [_new_image(image) for image in page.images]
        place = _as_place(page.cursor, datetime.now(UTC))
        counts = self.gallery.store_page(self.profile_id, number, images, place)
        skipped = len(page.skipped) + page.videos
        self.pages += 1
        self.new += counts.new
        self.updated += counts.updated
        self.skipped += skipped
        self.videos += page.videos
        self.met += len(page.images)
        self.empty = 0 if page.images or skipped else self.empty + 1
        if self.empty == _EMPTY_LIMIT:
            raise self._looping(f"{self.empty} pages of the listing in a row hold nothing")
        if page.images and not page.may_repeat and not counts.new and not counts.updated:
            raise self._looping(f"Page {self.pages} of the listing repeats images of earlier pages only")
        log.info("Page %d: %d new, %d updated, %d skipped", self.pages, counts.new, counts.updated, skipped)
        return PageSynced(self.pages, counts.new, counts.updated, skipped, page.videos)

    def _refuse_loop(self, cursor: Secret) -> None:
        digest = hashlib.blake2b(cursor.reveal().encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if digest in self.cursors:
            raise self._looping(f"Page {self.pages} of the listing names a next page that was there before")
        self.cursors.add(digest)

    def _looping(self, reason: str) -> ListingLoops:
        """Return the error; between two places of such a listing there can be pages that nobody saw."""
        self.gallery.forget_sync_place(self.profile_id)
        return ListingLoops(reason)

    def _refuse_nothing_understood(self) -> None:
        """Raise where a whole listing brought nothing but what this version does not know."""
        unknown = self.skipped - self.videos
        if unknown and not self.met:
            raise NotUnderstood(
                f"None of the {unknown} items that Flow lists is understood; the log names each"
            )


def _as_place(cursor: Secret | None, now: datetime) -> tuple[str, datetime] | None:
    """Return where the sync could go on, unless no database can hold the cursor."""
    if cursor is None:
        return None
    try:
        cursor.reveal().encode("utf-8")
    except UnicodeEncodeError:
        return None
    return cursor.reveal(), now


def _new_image(image: ListedImage) -> NewImage:
    values = {name: getattr(image, name) for name in NewImage.__slots__}
    return NewImage(**{**values, "fife_url": image.fife_url.reveal() if image.fife_url else None})
