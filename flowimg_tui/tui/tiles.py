"""Thumbnails of what is in sight, drawn in threads: the nearest to the cursor first, others given up."""

import asyncio
import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from flowimg_tui.tui.pictures import Drawn, Pictures, Wanted

if TYPE_CHECKING:
    from textual.widget import Widget

log = logging.getLogger(__name__)

_THREADS: Final = 2
_PAGES_KEPT: Final = 4
_LEAST_KEPT: Final = 32


class Tile(NamedTuple):
    """Of which image, and how it is to look."""

    image_id: int
    wanted: Wanted


class Tiles:
    """Belongs to the screen's loop, which it never keeps waiting. It keeps the tiles of a few pages."""

    def __init__(self, owner: "Widget", show: Callable[[int], object]) -> None:
        """``show`` is called with the id of an image whose tile is drawn; ``owner`` runs the work."""
        self._owner, self._show = owner, show
        self._pictures: Pictures | None = None
        self._in_sight: frozenset[int] = frozenset()
        self._waiting: deque[Tile] = deque()
        self._drawing: dict[threading.Event, Tile] = {}
        """What threads draw now, by the event that tells them to give it up."""
        self._workers = 0
        self._drawn: OrderedDict[int, tuple[Wanted, Drawn]] = OrderedDict()

    def begin(self, pictures: Pictures) -> None:
        """Have them drawn by ``pictures``, and nothing of what was drawn before."""
        self.end()
        self._pictures = pictures

    def end(self) -> None:
        """Give up all that is being drawn, and keep nothing."""
        self.want(())
        self._drawn.clear()

    def of(self, tile: Tile) -> Drawn | None:
        """Return what is drawn, or why there is no picture; ``None``: that is not known yet."""
        wanted, drawn = self._drawn.get(tile.image_id, (None, None))
        return drawn if wanted == tile.wanted else None

    def want(self, tiles: Sequence[Tile]) -> None:
        """Have these drawn in this order, and give up all others.

        One that had no picture is looked at again when it comes back into sight.
        """
        before, self._in_sight = self._in_sight, frozenset(tile.image_id for tile in tiles)
        for image_id in self._in_sight - before:
            self.look_again(image_id)
        for image_id in self._in_sight & self._drawn.keys():
            self._drawn.move_to_end(image_id)
        self._drop_oldest()
        asked = set(tiles)
        for given_up, tile in self._drawing.items():
            if tile not in asked:
                given_up.set()
        being_drawn = {tile for given_up, tile in self._drawing.items() if not given_up.is_set()}
        self._waiting = deque(tile for tile in tiles if self.of(tile) is None and tile not in being_drawn)
        for _ in range(min(len(self._waiting), _THREADS - self._workers)):
            self._workers += 1
            self._owner.run_worker(self._work(), group="tiles")

    def look_again(self, image_id: int) -> None:
        """Let go of a tile without a picture: there may be one now."""
        _, drawn = self._drawn.get(image_id, (None, None))
        if drawn is not None and not drawn.lines:
            del self._drawn[image_id]

    async def _work(self) -> None:
        try:
            while self._waiting and self._pictures is not None:
                tile, given_up = self._waiting.popleft(), threading.Event()
                self._drawing[given_up] = tile
                try:
                    drawn = await self._draw(self._pictures, tile.wanted, given_up)
                finally:
                    del self._drawing[given_up]
                if not given_up.is_set():
                    self._drawn[tile.image_id] = tile.wanted, drawn
                    self._show(tile.image_id)
        finally:
            self._workers -= 1

    async def _draw(self, pictures: Pictures, wanted: Wanted, given_up: threading.Event) -> Drawn:
        try:
            return await asyncio.to_thread(pictures.draw, wanted, given_up.is_set)
        except asyncio.CancelledError:
            given_up.set()  # the thread goes on otherwise
            raise
        except Exception:
            # A picture can be anything: what no decoder has foreseen must not end the work of the app.
            log.exception("The picture of %s cannot be shown", wanted.path)
            return Drawn(words="see the log")

    def _drop_oldest(self) -> None:
        most = max(_PAGES_KEPT * len(self._in_sight), _LEAST_KEPT)
        while len(self._drawn) > most:
            self._drawn.popitem(last=False)
