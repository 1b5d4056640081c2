"""What the screen knows of one profile, whether it is shown or not."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from flowimg_tui.store.records import Counts, ProfileRecord
from flowimg_tui.tui.widgets.status_line import Mood, Sentence

if TYPE_CHECKING:
    from flowimg_tui.mirror.events import DownloadFinished, FileProblem, MirrorEvent

NO_COUNTS = Counts(0, 0, 0, 0)


@dataclass
class ProfileState:
    """Belongs to the screen's loop."""

    record: ProfileRecord
    counts: Counts
    said: Sentence = ("", Mood.PLAIN)
    """What was said of it last: said again when it is shown again."""
    last_words: Sentence | None = None
    """What is to be said once the run is over that has told of its end: until then keys are refused."""
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
    is_report_due: bool = False
    """Whether what a verification has found was not shown yet."""
    counts_are_old: bool = False
    """Whether its images were not counted since one of them changed."""
    files_changed: bool = False
    """Whether files came or failed since the table has looked for what depends on them."""
    found_at: float = 0.0
    """When the table has looked for that, in seconds of the app's clock."""
    rows_are_old: bool = False
    """Whether its rows have changed since the table has read them."""
    selected: set[int] = field(default_factory=set)
    """The ids of the images that are selected."""
    counting: int = 0
    """How many counts of its images go on: what they will say is not known yet."""
    counted: int = 0
    """How often its images were counted: a count that is overtaken is not shown."""

    def take(self, event: "MirrorEvent") -> None:
        """Note what an event of its run tells."""
        from flowimg_tui.mirror import events as told

        match event:
            case told.SignedIn(expires=expires):
                self.session_end = expires
            case told.SyncStarted():
                self.met = 0
            case told.PageSynced():
                self.met += event.new + event.updated
                self.counts_are_old = True
            case told.DownloadStarted():
                self.tally = None
            case told.ImageSaved() | told.ImageAdopted() | told.ImageFailed():
                self.counts_are_old = self.files_changed = True
            case told.DownloadFinished():
                self.tally = event if event.pending else None
            case told.RecordsDeleted() | told.RecordsRestored():
                self.counts_are_old = self.rows_are_old = True
                # Their ids are not those of the same images any more.
                self.selected.clear()
            case told.VerifyStarted():
                self.met, self.problems = event.files, []
            case told.FileProblem():
                self.problems.append(event)
            case told.VerifyFinished():
                self.is_report_due = bool(self.problems)
