"""What a run tells the screen from a thread of its own, and what any widget may have to tell."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from flowimg_tui.store.database import StoreError
from flowimg_tui.tui.runs import Run

if TYPE_CHECKING:
    from flowimg_tui.mirror.events import MirrorEvent


@dataclass
class RunProgressed(Message):
    """Something happened in a run."""

    run: Run
    event: "MirrorEvent"


@dataclass
class RunEnded(Message):
    """The run's thread is done. ``error`` is what it could not begin or go on for, in the user's words."""

    run: Run
    error: str | None


@dataclass
class StoreFailed(Message):
    """The database could not be read, or written."""

    error: StoreError
