"""The running service: an HTTP server on a loopback port, in a thread with an event loop of its own."""

import asyncio
import re
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp.typedefs import Handler

from flowimg_tui.demo.account import DemoAccount, DemoOptions
from flowimg_tui.demo.control import ControlRoutes
from flowimg_tui.demo.faults.catalogue import KINDS
from flowimg_tui.demo.faults.middleware import Mischief
from flowimg_tui.demo.faults.spec import Faults
from flowimg_tui.demo.gallery import DemoGallery
from flowimg_tui.demo.google import GoogleRoutes
from flowimg_tui.demo.images import SignedImages
from flowimg_tui.demo.labs import LabsRoutes
from flowimg_tui.demo.projects import DemoProjects

__all__ = ["DemoOptions", "DemoService", "RecordedRequest"]

_HOST = "127.0.0.1"
_REQUESTS_KEPT = 100_000
_LARGEST_ADDITION = 10_000
_CLIENT_CLOSED_REQUEST = 499
# To aiohttp zero means "wait for ever"; a handler that was cancelled needs a few turns of the loop.
_SHUTDOWN_TIMEOUT = 0.05


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request as it came: `raw_path` is the target with its query, header names are lower-case.

    `status` is that of the answer, or 499 when there was none: the client went away, the service stopped, or
    a fault was that there is no answer.
    """

    method: str
    raw_path: str
    headers: dict[str, str]
    status: int


class DemoService:
    """A Flow service for one stand-in account, from `start()` to `stop()`; or as a context manager."""

    def __init__(self, options: DemoOptions | None = None, *, port: int = 0) -> None:
        """Prepare, listen not yet. Port 0 takes a free one.

        Raises ValueError for options out of range, and for a fault that there is not.
        """
        self.options = options or DemoOptions()
        self._account = DemoAccount(self.options)
        self._faults = Faults(KINDS)
        for spec in self.options.faults:
            self._faults.add(spec)
        self._recorded: deque[RecordedRequest] = deque(maxlen=_REQUESTS_KEPT)
        self._port = port
        self._thread: threading.Thread | None = None
        self._ask_to_stop: Callable[[], object] = lambda: None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`, without a slash at its end."""
        return f"http://{_HOST}:{self._port}"

    @property
    def labs_url(self) -> str:
        """What stands for `https://labs.google/fx`."""
        return f"{self.url}/fx"

    @property
    def media_url(self) -> str:
        """What stands for `https://aisandbox-pa.googleapis.com/v1`."""
        return f"{self.url}/v1"

    @property
    def google_url(self) -> str:
        """What stands for `https://flow.google.com`."""
        return f"{self.url}/flow"

    @property
    def cookie_header(self) -> str:
        """The Cookie header of a browser that is signed in now."""
        return self._account.cookie_header

    @property
    def google_cookie_header(self) -> str:
        """The same for the `google` generation."""
        return self._account.google.cookie_header

    @property
    def account(self) -> str:
        """The e-mail address of the account."""
        return self._account.email

    @property
    def gallery(self) -> DemoGallery:
        """What the account holds."""
        return self._account.gallery

    @property
    def projects(self) -> DemoProjects:
        """How the `google` generation shows it."""
        return self._account.projects

    @property
    def requests(self) -> list[RecordedRequest]:
        """The last 100,000 requests in the order of their answers; each is here before its answer is sent."""
        return list(self._recorded)

    def picture(self, media_key: str) -> bytes:
        """Exactly the bytes that are served for this image. Raises KeyError when there is none."""
        image = self.gallery.by_media_key(media_key)
        if image is None:
            raise KeyError(media_key)
        return self._account.picture(image).content

    def sign_out(self) -> None:
        """Make the cookie given out so far invalid; `cookie_header` is then that of the next sign-in."""
        self._account.sign_out()

    def revoke_bearer(self) -> None:
        """Make the current access token invalid; the session hands out another one."""
        self._account.revoke_bearer()

    def replace_flow_key(self) -> None:
        """Retire the API key that the web page names, and publish another one."""
        self._account.replace_flow_key()

    def sign_out_google(self) -> None:
        """Make the Google cookies given out so far invalid; `google_cookie_header` is then the new one."""
        self._account.google.sign_out()

    def rotate_psidts(self, *, page_renews: bool = True) -> None:
        """Replace `__Secure-1PSIDTS`: every call refuses the old one.

        The page still takes the old one, and sets the new; unless `page_renews` is false.
        """
        self._account.google.rotate(renewable=page_renews)

    def move_account(self) -> None:
        """Retire `labs` for this account, for ever: 404 for its list, `{}` for its session."""
        self._account.moved = True

    def use_account(self, email: str) -> None:
        """Name another account in both generations. Raises ValueError when `email` is not an address."""
        self._account.use_account(email)

    def move_slots(self, rpcid: str, *, slot: int = 5, every: int = 1) -> None:
        """Put a null before `slot` of the first and each `every`-th record of a call; with 0 of none.

        Raises ValueError for an unknown call, a slot out of 0 to 20, an `every` out of 0 to 1000.
        """
        self._account.move_slots(rpcid, slot, every)

    def resource_exhausted(self, n: int) -> None:
        """Answer the next `n` calls with code 8. Raises ValueError out of 0 to 10,000."""
        self._account.exhaust(n)

    def add_fault(self, spec: str) -> None:
        """Spoil answers as `spec` says, see `control`. Raises ValueError with what is allowed."""
        self._faults.add(spec)

    def clear_faults(self) -> None:
        """Spoil no answer any more, and forget how many were."""
        self._faults.clear()

    @property
    def fault_hits(self) -> dict[str, int]:
        """How many answers each spec has spoilt, in the order in which they were added."""
        return self._faults.hits

    def start(self) -> None:
        """Return when it listens. Raises OSError when it cannot, RuntimeError when it already does."""
        if self._thread is not None:
            raise RuntimeError("the service is already running")
        listening: Future[Callable[[], object]] = Future()
        thread = threading.Thread(target=self._run, args=(listening,), name="flowimg-demo", daemon=True)
        thread.start()
        self._ask_to_stop = listening.result()
        self._thread = thread

    def stop(self) -> None:
        """Close every connection, cancel what is being answered, end the thread. Twice is fine."""
        if self._thread is not None:
            self._ask_to_stop()
            self._thread.join()
            self._thread = None

    def _run(self, listening: Future[Callable[[], object]]) -> None:
        try:
            asyncio.run(self._serve(listening))
        except Exception as error:
            if listening.done():
                raise
            listening.set_exception(error)

    async def _serve(self, listening: Future[Callable[[], object]]) -> None:
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()
        runner = web.AppRunner(
            self._application(),
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=_SHUTDOWN_TIMEOUT,
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, _HOST, self._port).start()
            self._port = runner.addresses[0][1]
            listening.set_result(lambda: loop.call_soon_threadsafe(stopping.set))
            await stopping.wait()
        finally:
            await runner.cleanup()

    def _application(self) -> web.Application:
        images = SignedImages(self._account)
        mischief = Mischief(self._faults, self._account, images)
        application = web.Application(middlewares=[self._record, mischief.spoil])
        application.add_routes(images.routes())
        application.add_routes(LabsRoutes(self._account, images).routes())
        application.add_routes(GoogleRoutes(self._account, images).routes())
        application.add_routes(ControlRoutes(self._account, self._faults).routes())
        application.add_routes([web.post("/control/images", self._add_images)])
        return application

    @web.middleware
    async def _record(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        status = _CLIENT_CLOSED_REQUEST
        try:
            response = await handler(request)
            status = response.status
        except web.HTTPException as refusal:
            status = refusal.status
            raise
        except Exception:
            status = 500
            raise
        finally:
            headers = {name.lower(): value for name, value in request.headers.items()}
            self._recorded.append(RecordedRequest(request.method, request.raw_path, headers, status))
        return response

    async def _add_images(self, request: web.Request) -> web.Response:
        text = request.query.get("add", "")
        count = int(text) if re.fullmatch(r"[0-9]{1,5}", text) else 0
        if not 1 <= count <= _LARGEST_ADDITION:
            return web.json_response({"error": f"add must be 1 to {_LARGEST_ADDITION}"}, status=400)
        try:
            self.gallery.add(count)
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({"images": len(self.gallery)})
