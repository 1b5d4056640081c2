"""Group commit: what became of several images is made durable in one transaction, in a thread of its own.

A commit can wait for the disk, or for another program that writes; the workers bring pictures meanwhile.
"""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from flowimg_tui.mirror.stop import shielded, unbroken
from flowimg_tui.store.database import StoreError
from flowimg_tui.store.gallery import Gallery

_SECONDS_BETWEEN_COMMITS: Final = 0.05
"""At least: a row that comes after a pause is committed at once, and others are told of soon enough."""
_MOST_ROWS: Final = 100
"""That may wait for the next commit: pictures whose rows are never committed would have to come once more."""

Tell = Callable[[], object]
Row = Callable[[], Tell]
"""Writes into the gallery, in the thread, and returns what the loop is to call once it stands there."""


class GroupCommit:
    """Rows on their way into the gallery. Belongs to the loop of a run."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        self._rows: list[Row] = []
        self._has_rows = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._is_urgent = asyncio.Event()
        self._is_ending = False

    @contextlib.asynccontextmanager
    async def commits(self) -> AsyncIterator[None]:
        """Commit what is added meanwhile, and at the end, whatever the reason of it is, what is left.

        Where a commit fails, who is within is cancelled. Raises :class:`StoreError` then, else an
        ``ExceptionGroup`` of what has been raised within.
        """
        # Nothing that cancels this may cancel it.
        committing = asyncio.create_task(self._commit_in_groups())
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(shielded(committing))
                try:
                    yield
                finally:
                    self._is_ending = True
                    self._has_rows.set()
                    self._is_urgent.set()
        finally:
            await unbroken(committing)

    async def room(self) -> None:
        """Let others have their turn, and wait where too many rows wait for their commit already."""
        await asyncio.sleep(0)
        await self._has_room.wait()

    def add(self, row: Row) -> None:
        """Let ``row`` be a part of the next transaction. What cannot be committed is not told."""
        self._rows.append(row)
        self._has_rows.set()
        if len(self._rows) >= _MOST_ROWS:
            self._has_room.clear()
            self._is_urgent.set()

    async def _commit_in_groups(self) -> None:
        thread = ThreadPoolExecutor(1, "rows")
        loop = asyncio.get_running_loop()
        begun = -math.inf
        try:
            while self._rows or not self._is_ending:
                await self._has_rows.wait()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(begun + _SECONDS_BETWEEN_COMMITS):
                        await self._is_urgent.wait()
                begun = loop.time()
                await self._commit(thread)
        finally:
            await loop.run_in_executor(thread, self._gallery.close)
            thread.shutdown(wait=False)

    async def _commit(self, thread: ThreadPoolExecutor) -> None:
        rows, self._rows = self._rows, []
        if not self._is_ending:
            self._has_rows.clear()
            self._is_urgent.clear()
        self._has_room.set()
        tells, error = await asyncio.get_running_loop().run_in_executor(thread, self._written, rows)
        for tell in tells:
            tell()
        if error is not None:
            raise error

    def _written(self, rows: list[Row]) -> tuple[list[Tell], StoreError | None]:
        """Write the rows together; what does not stand so one by one, up to the first that cannot."""
        try:
            return self._transacted(rows), None
        except StoreError:
            tells: list[Tell] = []
            for row in rows:
                try:
                    tells += self._transacted([row])
                except StoreError as error:
                    return tells, error
            return tells, None

    def _transacted(self, rows: list[Row]) -> list[Tell]:
        if not rows:
            return []
        with self._gallery.transaction():
            return [write() for write in rows]
