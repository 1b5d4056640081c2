"""A Flow service that stands still where a test wants to look, and a clock that the test moves."""

import asyncio
import threading
from datetime import UTC, datetime
from pathlib import Path

from flowimg_tui.demo.service import DemoService
from flowimg_tui.flow.errors import FlowError, NotFound, SignedOut
from flowimg_tui.flow.labs_wire import decode_page
from flowimg_tui.flow.service import Account, FlowService, Media, Page, Progress
from flowimg_tui.secret import Secret
from flowimg_tui.workspace import Connection

GATE_PATIENCE = 20.0
SESSION_ENDS = datetime(2099, 1, 1, 12, 0, tzinfo=UTC)
PAGES = ("list_first_page.json", "list_next_page.json", "list_last_page.json")


class Clock:
    """Seconds that pass only when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class ScriptedService:
    """Serves the recorded 42 images; each kind of standing still ends only with the run."""

    def __init__(self, wire: Path, demo: DemoService) -> None:
        self.pages = [decode_page((wire / name).read_bytes())[0] for name in PAGES]
        self.demo = demo
        self.pages_served = len(self.pages)
        """From this page on the listing hangs."""
        self.pictures_served = 42
        """From this picture on a transfer hangs, after it has told some progress."""
        self.missing: set[int] = set()
        """Pictures that are not found."""
        self.gate = threading.Event()
        """No picture is answered before it is set; it is, unless a test clears it."""
        self.gate.set()
        self.may_close = threading.Event()
        """No run is over before it is set; it is, unless a test clears it."""
        self.may_close.set()
        self.email = "ada@example.com"
        self.account_hangs = False
        self.account_waits = False
        self.answer_account = threading.Event()
        self.troubles: list[FlowError] = []
        """What the service answers to the next questions whose session it is, one after the other."""
        self.session_ends_after: int | None = None
        """At this page, or from this picture on, the session has ended."""
        self._keys = [image.media_key for page in self.pages for image in page.images]
        self._names = {image.name: at for at, image in enumerate(i for p in self.pages for i in p.images)}

    def factory(self, connection: Connection) -> FlowService:
        del connection
        return self

    async def account(self) -> Account:
        if self.account_hangs:
            await asyncio.Event().wait()
        if self.account_waits:
            await asyncio.to_thread(self.answer_account.wait, GATE_PATIENCE)
        if self.troubles:
            raise self.troubles.pop(0)
        return Account(self.email, SESSION_ENDS)

    async def list_page(self, cursor: Secret | None) -> Page:
        at = 0
        if cursor is not None:
            cursors = [page.cursor for page in self.pages]
            at = cursors.index(cursor) + 1
        if self.session_ends_after == at:
            self.session_ends_after = None
            raise SignedOut("Flow knows no session for these cookies: it has ended.")
        if at >= self.pages_served:
            await asyncio.Event().wait()
        return self.pages[at]

    async def media(self, name: str, progress: Progress) -> Media:
        await asyncio.to_thread(self.gate.wait, GATE_PATIENCE)
        at = self._names[name]
        if self.session_ends_after is not None and at >= self.session_ends_after:
            raise SignedOut("Flow knows no session for these cookies: it has ended.")
        if at in self.missing:
            raise NotFound("Not found (HTTP 404: Requested entity was not found.).")
        data = self.demo.picture(self._keys[at])
        if at >= self.pictures_served:
            progress(300_000 * (at - self.pictures_served + 1), 1_900_000)
            await asyncio.Event().wait()
        progress(len(data), len(data))
        return Media(data, None)

    async def fetch(self, url: Secret, progress: Progress) -> bytes:
        del url, progress
        raise NotFound("Not found (HTTP 404).")

    async def aclose(self) -> None:
        await asyncio.to_thread(self.may_close.wait, GATE_PATIENCE)
