"""Group commit: what became of several images is made durable in one transaction, in a thread of its own.

A commit can wait for the disk, or for another program that writes; the workers bring pictures meanwhile.
"""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from flowimg_tui.mirror.stop import unbroken
from flowimg_tui.store.gallery import Gallery

_SECONDS_BETWEEN_COMMITS: Final = 0.05
"""At least: a row that comes after a pause is committed at once, and others are told of soon enough."""
_MOST_ROWS: Final = 500
"""That may wait for their commit, before nobody begins anything that brings another one."""

Row = Callable[[], Callable[[], object]]
"""Writes into the gallery, in the thread, and returns what the loop is to call once it stands there."""


class GroupCommit:
    """Rows on their way into the gallery. Belongs to the loop of a run."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        self._rows: list[Row] = []
        self._has_rows = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._is_ending = asyncio.Event()

    @contextlib.asynccontextmanager
    async def commits(self) -> AsyncIterator[None]:
        """Commit what is added meanwhile, and at the end, whatever the reason of it is, what is left.

        Where a commit fails, who is within is cancelled. Raises an ``ExceptionGroup`` of ``StoreError``.
        """
        with ThreadPoolExecutor(1, "rows") as thread:
            try:
                async with asyncio.TaskGroup() as group:
                    committing = group.create_task(self._commit_in_groups(thread))
                    try:
                        yield
                    finally:
                        self._is_ending.set()
                        self._has_rows.set()
                        await asyncio.wait((committing,))
            finally:
                thread.submit(self._gallery.close)

    async def room(self) -> None:
        """Let others have their turn, and wait where too many rows wait for their commit already."""
        await asyncio.sleep(0)
        await self._has_room.wait()

    def add(self, row: Row) -> None:
        """Let ``row`` be a part of the next transaction. Nothing is told of one that fails."""
        self._rows.append(row)
        self._has_rows.set()
        if len(self._rows) >= _MOST_ROWS:
            self._has_room.clear()

    async def _commit_in_groups(self, thread: ThreadPoolExecutor) -> None:
        begun = -math.inf
        while self._rows or not self._is_ending.is_set():
            await self._has_rows.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(begun + _SECONDS_BETWEEN_COMMITS):
                    await self._is_ending.wait()
            begun = asyncio.get_running_loop().time()
            await unbroken(self._commit(thread))

    async def _commit(self, thread: ThreadPoolExecutor) -> None:
        rows, self._rows = self._rows, []
        self._has_rows.clear()
        self._has_room.set()
        if rows:
            for tell in await asyncio.get_running_loop().run_in_executor(thread, self._written, rows):
                tell()

    def _written(self, rows: list[Row]) -> list[Callable[[], object]]:
        with self._gallery.transaction():
            return [write() for write in rows]
