"""Why a key cannot do its work just now: one answer for the key and for the footer that dims it."""

from typing import Final

from flowimg_tui.humane import count_of
from flowimg_tui.store.records import Counts, ProfileRecord
from flowimg_tui.tui.runs import Run

DIMMABLE: Final = (
    "sync",
    "download",
    "retry",
    "verify",
    "refresh",
    "undo_refresh",
    "stop",
    "edit",
    "remove",
    "copy",
    "show_image",
)
DEPENDING_ON_COUNTS: Final = ("download", "retry", "verify", "refresh", "copy")
NO_PROFILE: Final = "There is no profile yet. Press n to add one."
NO_IMAGES: Final = "No images yet. Press s to sync."
NOTHING_FOUND: Final = "Nothing is found. Press esc to clear the filter."
NO_IMAGE_HERE: Final = "There is no image under the cursor."


def why_not(
    action: str,
    profile: ProfileRecord | None,
    run: Run | None,
    counts: Counts,
    *,
    selected: int,
    undoable: bool,
) -> str | None:
    """Return why ``action`` cannot run, or ``None`` where it can.

    ``run`` is what works for the profile, ``selected`` how many of its images are selected, and ``undoable``
    whether there is a force refresh that can be undone.
    """
    if action not in DIMMABLE:
        return None
    if profile is None:
        return NO_PROFILE
    if action == "stop":
        return None if run else f"Nothing works for {profile.name} now."
    if action == "edit":
        return None
    if action in ("copy", "show_image"):
        return None if counts.images else NO_IMAGES
    if run is not None:
        return busy(run)
    match action:
        case "refresh" if not counts.images:
            return "There are no image records to delete."
        case "undo_refresh" if not undoable:
            return "There is no force refresh to undo."
        case "retry" if not counts.failed:
            return "No image has failed: there is nothing to try again."
        case "verify" if not counts.downloaded:
            return "There is no saved file to verify."
        case "download" if not counts.missing and not (selected and counts.parked):
            return _nothing_to_download(counts)
        case _:
            return None


def busy(run: Run) -> str:
    """Return why nothing else can be done for the profile of ``run``."""
    return f"A {run.kind} of {run.profile.name} is running. Press x to stop it."


def _nothing_to_download(counts: Counts) -> str:
    if not counts.images:
        return NO_IMAGES
    if counts.parked:
        parked = f"{counts.parked} {'is' if counts.parked == 1 else 'are'}"
        return f"Nothing to download: {parked} parked after ten failed runs. Press r to try again."
    return f"Nothing to download: all {count_of(counts.images, 'image')} are here."
