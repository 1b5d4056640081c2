"""Threads for what computes. More of them than processors bring nothing, and each keeps memory of its own."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

_THREADS: Final = ThreadPoolExecutor(min(os.cpu_count() or 1, 4), "computing")

T = TypeVar("T")


async def computed(work: Callable[[], T]) -> T:
    """Return what ``work`` gives, which waits for nothing; the loop has its turn meanwhile."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, work)
