"""What the screen knows of one profile, whether it is shown or not."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from flowimg_tui.store.records import Counts, ProfileRecord
from flowimg_tui.tui.widgets.status_line import Mood, Sentence

if TYPE_CHECKING:
    from flowimg_tui.mirror.events import DownloadFinished, FileProblem

NO_COUNTS = Counts(0, 0, 0, 0)


@dataclass
class ProfileState:
    """Belongs to the screen's loop."""

    record: ProfileRecord
    counts: Counts
    said: Sentence = ("", Mood.PLAIN)
    """What was said of it last: said again when it is shown again."""
    session_end: datetime | None = None
    """When its session ends, where a run has learned that."""
    refreshed_at: datetime | None = None
    """When the force refresh was that can be undone."""
    met: int = 0
    """How many images the running sync has met, or how many files a verification looks at."""
    problems: "list[FileProblem]" = field(default_factory=list)
    """What the running verification has found."""
    tally: "DownloadFinished | None" = None
    """How its last download ended, until that is dismissed."""
    rows_are_old: bool = False
    """Whether its rows have changed since the table has read them."""
    selected: set[int] = field(default_factory=set)
    """The ids of the images that are selected."""
    counted: int = 0
    """How often its images were counted: a count that is overtaken is not shown."""
