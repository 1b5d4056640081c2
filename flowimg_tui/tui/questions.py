"""What is asked before something that is hard to take back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from textual.content import Content

from flowimg_tui.humane import count_of, format_moment
from flowimg_tui.safe_text import safe_text
from flowimg_tui.store.records import Counts, ProfileRecord
from flowimg_tui.tui.runs import Run


@dataclass(frozen=True, slots=True)
class Question:
    """``what`` happens on yes, and what comes ``afterwards``; ``yes`` is the label of its button."""

    title: str
    what: Content
    afterwards: str
    yes: str


def before_force_refresh(profile: ProfileRecord, counts: Counts) -> Question:
    """Return the question that says what goes, what stays, and what to do next."""
    name = safe_text(profile.name)
    return Question(
        title=f"Force refresh {name}?",
        what=Content.assemble(
            (count_of(counts.images, "image record"), "bold"),
            f" of {name} will be deleted.\n",
            ("0 files", "bold $success"),
            f" on disk are touched; {count_of(counts.downloaded, 'picture')} stay where they are.",
        ),
        afterwards="Afterwards press s to sync. Files that are already here are recognised and not "
        "downloaded again. A copy of the records is kept: u brings them back.",
        yes="Delete records",
    )


def before_undoing_a_refresh(profile: ProfileRecord, at: datetime) -> Question:
    """Return the question that says what comes back, and what becomes of what is here."""
    name = safe_text(profile.name)
    return Question(
        title=f"Undo the force refresh of {name}?",
        what=Content.assemble(
            f"The image records of {name} will be again as they were on ",
            (format_moment(at), "bold"),
            ".\n",
            ("0 files", "bold $success"),
            " on disk are touched; images that came since then stay.",
        ),
        afterwards="What was downloaded since then is recognised by the next download.",
        yes="Bring them back",
    )


def before_removing(profile: ProfileRecord, counts: Counts) -> Question:
    """Return the question that says what of the profile goes, and what stays."""
    name = safe_text(profile.name)
    return Question(
        title=f"Remove {name}?",
        what=Content.assemble(
            f"The profile {name}, its credentials and its ",
            (count_of(counts.images, "image record"), "bold"),
            " will be deleted.\n",
            ("0 files", "bold $success"),
            f" on disk are touched; {count_of(counts.downloaded, 'picture')} stay where they are.",
        ),
        afterwards="The list of saved files goes with it: added again, the profile downloads all anew.",
        yes="Remove profile",
    )


def before_quitting(runs: Iterable[Run]) -> Question:
    """Return the question that names what still works."""
    what = ", ".join(f"{run.kind} of {safe_text(run.profile.name)}" for run in runs)
    return Question(
        title="Stop and quit?",
        what=Content(f"Still running: {what}."),
        afterwards="What is done stays done; the rest comes next time.",
        yes="Stop and quit",
    )
