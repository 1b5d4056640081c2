"""Sync: bring the metadata of every page in. Inserts and updates, deletes nothing."""

import logging
from asyncio import sleep
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import Any, TypeVar

from flowimg_tui.flow.errors import FlowError, ListingLoops, WrongAccount
from flowimg_tui.flow.pace import PageDelay, RetryPolicy
from flowimg_tui.flow.service import Account, FlowService, ListedImage, Page
from flowimg_tui.mirror.events import (
    PageDelayed,
    PageRetry,
    PageSynced,
    SignedIn,
    SyncEvent,
    SyncFinished,
    SyncStarted,
)
from flowimg_tui.mirror.stop import Stop, Stopped
from flowimg_tui.secret import Secret
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import NewImage

log = logging.getLogger(__name__)

T = TypeVar("T")


async def sync(
    service: FlowService,
    gallery: Gallery,
    profile_id: int,
    *,
    page_delay: PageDelay,
    retry: RetryPolicy,
    stop: Stop,
) -> AsyncGenerator[SyncEvent, None]:
    """Walk the listing from its first page to its last and store each page as it comes.

    Failures of the service do not raise: the last event, :class:`SyncFinished`, tells of them.
    """
    run = _Sync(service, gallery, profile_id, page_delay, retry, stop)
    error: FlowError | None = None
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
    except FlowError as caught:
        error = caught
        log.warning("Sync incomplete after %d pages: %s", run.pages, caught)
    log.info("Total pages processed: %d", run.pages)
    yield SyncFinished(run.pages, run.new, run.updated, run.skipped, complete, error)


@dataclass
class _Sync:
    service: FlowService
    gallery: Gallery
    profile_id: int
    page_delay: PageDelay
    retry: RetryPolicy
    stop: Stop
    pages: int = 0
    new: int = 0
    updated: int = 0
    skipped: int = 0
    cursors: set[Secret] = field(default_factory=set)

    async def whole_listing(self) -> AsyncGenerator[SyncEvent, None]:
        """Yield what happens from the sign-in to the last page."""
        async for known in self._repeated(self.service.account):
            if isinstance(known, PageRetry):
                yield known
            else:
                self._remember(known)
                yield SignedIn(known.email, known.expires)
        number = self.gallery.begin_sync(self.profile_id)
        cursor: Secret | None = None
        while True:
            async for page in self._repeated(partial(self.service.list_page, cursor)):
                if isinstance(page, PageRetry):
                    yield page
                else:
                    yield self._store(number, page)
                    cursor = page.cursor
            if cursor is None:
                return
            self._refuse_loop(cursor)
            seconds = self.page_delay.draw()
            log.info("Waiting %d ms before fetching next page", round(seconds * 1000))
            yield PageDelayed(self.pages + 1, seconds)
            await self.stop.cuts(sleep(seconds))

    def _remember(self, account: Account) -> None:
        """Keep whose gallery this is. Raises :class:`WrongAccount` where it is not the profile's."""
        if account.email is None:
            return
        known = self.gallery.account(self.profile_id)
        if known is not None and known.casefold() != account.email.casefold():
            raise WrongAccount(f"The session is that of {account.email}; this profile belongs to {known}.")
        self.gallery.set_account(self.profile_id, account.email)

    async def _repeated(self, ask: Callable[[], Coroutine[Any, Any, T]]) -> AsyncIterator[PageRetry | T]:
        """Yield each retry before it is waited for, and at last what was asked for."""
        for tries in count(1):
            try:
                yield await self.stop.cuts(ask())
            except FlowError as error:
                pause = self.retry.pause_after(tries, error)
                if pause is None:
                    raise
                log.warning("Page %d, try %d: %s", self.pages + 1, tries, error)
                yield PageRetry(self.pages + 1, tries + 1, self.retry.tries, pause, str(error))
                await self.stop.cuts(sleep(pause))
            else:
                return

    def _store(self, number: int, page: Page) -> PageSynced:
        for reason in page.skipped:
            log.warning("Skipped on page %d: %s", self.pages + 1, reason)
        counts = self.gallery.store_page(
            self.profile_id, number, [_new_image(image) for image in page.images]
        )
        self.pages += 1
        self.new += counts.new
        self.updated += counts.updated
        self.skipped += len(page.skipped)
        if page.images and not counts.new and not counts.updated:
            raise ListingLoops(f"Page {self.pages} of the listing repeats images of earlier pages only")
        log.info(
            "Page %d: %d new, %d updated, %d skipped",
            self.pages,
            counts.new,
            counts.updated,
            len(page.skipped),
        )
        return PageSynced(self.pages, counts.new, counts.updated, len(page.skipped))

    def _refuse_loop(self, cursor: Secret) -> None:
        if cursor in self.cursors:
            raise ListingLoops(f"Page {self.pages} of the listing names a next page that was there before")
        self.cursors.add(cursor)


def _new_image(image: ListedImage) -> NewImage:
    return NewImage(
        name=image.name,
        media_key=image.media_key,
        workflow_id=image.workflow_id,
        aspect_ratio=image.aspect_ratio,
        fife_url=image.fife_url.reveal() if image.fife_url else None,
        created_at=image.created_at,
    )
