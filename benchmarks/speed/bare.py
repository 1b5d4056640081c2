"""A client that keeps nothing of what it asks for: ``python -m benchmarks.speed.bare URL IMAGES WORKERS``.

It tells in seconds how long that took from its first request on: what a service and an HTTP client take.
"""

import asyncio
import sys
import time

import aiohttp

from benchmarks.speed.answers import name_of


async def _asked(url: str, images: int, workers: int) -> float:
    numbers = iter(range(images))

    async def work(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            async with session.get(f"{url}/media/{name_of(number)}") as response:
                await response.read()

    async with aiohttp.ClientSession(raise_for_status=True) as session:
        begun = time.perf_counter()
        await asyncio.gather(*(work(session) for _ in range(workers)))
        return time.perf_counter() - begun


if __name__ == "__main__":
    sys.stdout.write(str(asyncio.run(_asked(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))))
