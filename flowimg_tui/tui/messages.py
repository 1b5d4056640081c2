"""What a run tells the screen. Both are posted from the run's own thread."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

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
