"""How far the transfers of a run are: written by its workers, read by a face a few times a second.

Bytes are not events. A worker writes into the :class:`ProgressBoard`; a face takes a :class:`BoardSnapshot`
when it wants to draw, whatever thread either runs in.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

SPEED_WINDOW: Final = 5.0


class Source(StrEnum):
    """Where the bytes of a picture came from."""

    API = "api"
    SIGNED_URL = "signed url"


class Phase(StrEnum):
    """What a transfer does now."""

    ASKING = "asking"
    RECEIVING = "receiving"
    WAITING = "waiting"
    PAUSED = "paused"
    SAVING = "saving"


@dataclass(frozen=True, slots=True)
class Transfer:
    """One running image. Bytes are those on the wire; times are on the board's clock, in seconds."""

    image_id: int
    label: str
    phase: Phase = Phase.ASKING
    source: Source = Source.API
    done: int = 0
    total: int | None = None
    next_try: int = 1
    tries: int = 1
    resumes_at: float | None = None
    reason: str | None = None
    asked_at: float = 0.0
    """When the request began that runs now, or the last one that did."""
    moved_at: float = 0.0
    """When a byte came last, or the request began."""

    @property
    def speed(self) -> float:
        """Bytes per second of the request, from its beginning to its last byte."""
        seconds = self.moved_at - self.asked_at
        return self.done / seconds if seconds > 0 else 0.0

    def stands_for(self, now: float) -> float:
        """Return for how many seconds nothing came, where something should."""
        return now - self.moved_at if self.phase in (Phase.ASKING, Phase.RECEIVING) else 0.0

    @property
    def fraction(self) -> float | None:
        return min(self.done / self.total, 1.0) if self.total else None


@dataclass(frozen=True, slots=True)
class BoardSnapshot:
    """The board at one moment. ``speed`` is in bytes per second over the last :data:`SPEED_WINDOW`."""

    now: float
    transfers: tuple[Transfer, ...]
    pending: int
    finished: int
    failed: int
    bytes: int
    speed: float
    seconds_left: float | None


class ProgressBoard:
    """The transfers of one run."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._transfers: dict[int, Transfer] = {}
        self._pending = self._finished = self._failed = self._fetched = self._bytes = 0
        self._samples: deque[tuple[float, int]] = deque()

    def expect(self, images: int) -> None:
        """Say how many images the run has before it."""
        with self._lock:
            self._pending = images

    def start(self, image_id: int, label: str) -> None:
        with self._lock:
            now = self._clock()
            self._transfers[image_id] = Transfer(image_id, label, asked_at=now, moved_at=now)

    def asks(self, image_id: int, source: Source) -> None:
        """A request is being made; bytes of an earlier try no longer count for this transfer."""
        now = self._clock()
        self._change(
            image_id,
            phase=Phase.ASKING,
            source=source,
            done=0,
            total=None,
            resumes_at=None,
            reason=None,
            asked_at=now,
            moved_at=now,
        )

    def received(self, image_id: int, done: int, total: int | None) -> None:
        with self._lock:
            transfer = self._transfers.get(image_id)
            if transfer is not None:
                self._bytes += max(done - transfer.done, 0)
                self._transfers[image_id] = replace(
                    transfer, phase=Phase.RECEIVING, done=done, total=total, moved_at=self._clock()
                )

    def waits(self, image_id: int, next_try: int, tries: int, seconds: float | None, reason: str) -> None:
        """A request comes in ``seconds``; for ``None`` when another one has ended."""
        resumes_at = None if seconds is None else self._clock() + seconds
        self._change(
            image_id,
            phase=Phase.WAITING,
            next_try=next_try,
            tries=tries,
            resumes_at=resumes_at,
            reason=reason,
        )

    def pauses(self, image_id: int, reason: str) -> None:
        """The session has ended; the transfer goes on when there is another one."""
        self._change(image_id, phase=Phase.PAUSED, resumes_at=None, reason=reason)

    def saves(self, image_id: int) -> None:
        self._change(image_id, phase=Phase.SAVING)

    def finish(self, image_id: int, *, failed: bool = False, fetched: bool = True) -> None:
        """The image is done with; ``fetched`` is false for one that needed no transfer."""
        with self._lock:
            self._transfers.pop(image_id, None)
            self._finished += 1
            self._failed += failed
            self._fetched += fetched

    def drop(self, image_id: int) -> None:
        """Nothing is on its way for the image any more; its result is still to be told."""
        with self._lock:
            self._transfers.pop(image_id, None)

    def drop_all(self) -> None:
        """The run has ended: what has no result will have none."""
        with self._lock:
            self._transfers.clear()

    def snapshot(self) -> BoardSnapshot:
        with self._lock:
            now = self._clock()
            speed = self._speed(now)
            return BoardSnapshot(
                now=now,
                transfers=tuple(self._transfers.values()),
                pending=self._pending,
                finished=self._finished,
                failed=self._failed,
                bytes=self._bytes,
                speed=speed,
                seconds_left=self._seconds_left(speed),
            )

    def _change(self, image_id: int, **changes: object) -> None:
        with self._lock:
            transfer = self._transfers.get(image_id)
            if transfer is not None:
                self._transfers[image_id] = replace(transfer, **changes)  # type: ignore[arg-type]

    def _speed(self, now: float) -> float:
        self._samples.append((now, self._bytes))
        while len(self._samples) > 2 and self._samples[1][0] <= now - SPEED_WINDOW:
            self._samples.popleft()
        since, then = self._samples[0]
        return (self._bytes - then) / (now - since) if now > since else 0.0

    def _seconds_left(self, speed: float) -> float | None:
        """Estimate from the mean picture so far, as sizes are not known before a transfer begins."""
        if not self._fetched or speed <= 0:
            return None
        running = sum(transfer.done for transfer in self._transfers.values())
        mean = (self._bytes - running) / self._fetched
        return max((self._pending - self._finished) * mean - running, 0.0) / speed
