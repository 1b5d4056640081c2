"""A service with ready-made answers: ``python -m benchmarks.speed.ready``, led by :func:`ready_service`."""

import argparse
import asyncio
import contextlib
import json
import sys
from collections.abc import Iterator
from typing import Final

from aiohttp import web

from benchmarks.serving import serving, settings_of
from benchmarks.speed import answers

_CURSOR: Final = "cursor"


@contextlib.contextmanager
def ready_service(*, images: int = 0, size: int = 1000, latency: float = 0.0) -> Iterator[dict[str, str]]:
    """Serve a listing of so many images and pictures of ``size`` bytes, each after ``latency`` seconds.

    Gives the variables that lead flowimg there. Raises ServiceUnusable where it does not start.
    """
    options = {"images": images, "size": size, "latency": latency}
    command = [f"--{name}={value}" for name, value in options.items()]
    with serving(*command, module=(__name__,)) as told:
        yield settings_of(told)


class ReadyAnswers:
    """The handlers."""

    def __init__(self, images: int, size: int, latency: float) -> None:
        self._pages = [answers.page(number, images) for number in range(-(-images // answers.PAGE_SIZE))]
        self._media = answers.inline_media(answers.picture(size))
        self._latency = latency

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_get("/fx", self._nothing)
        application.router.add_get("/fx/api/auth/session", self._session)
        application.router.add_get("/fx/api/trpc/media.fetchUserHistoryDirectly", self._list)
        application.router.add_get("/v1/media/{name:.*}", self._picture)
        return application

    async def _nothing(self, _request: web.Request) -> web.Response:
        return web.Response(status=404)

    async def _session(self, _request: web.Request) -> web.Response:
        return web.Response(body=answers.session(), content_type="application/json")

    async def _list(self, request: web.Request) -> web.Response:
        cursor = json.loads(request.query["input"])["json"][_CURSOR]
        return web.Response(body=self._pages[int(cursor or 0)], content_type="application/json")

    async def _picture(self, _request: web.Request) -> web.Response:
        await asyncio.sleep(self._latency)
        return web.Response(body=self._media, content_type="application/json")


async def _serve(application: web.Application) -> None:
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    told = {"labs_url": f"{url}/fx", "media_url": f"{url}/v1", "google_url": f"{url}/flow"}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int)
    parser.add_argument("--size", type=int)
    parser.add_argument("--latency", type=float)
    given = parser.parse_args()
    asyncio.run(_serve(ReadyAnswers(given.images, given.size, given.latency).application()))


if __name__ == "__main__":
    main()
