"""Why a key cannot do its work just now: one answer for the key and for the footer that dims it."""

from typing import Final

from flowimg_tui.humane import count_of
from flowimg_tui.store.records import Counts, ProfileRecord
from flowimg_tui.tui.runs import Run

DIMMABLE: Final = ("sync", "download", "refresh", "stop", "edit", "remove")
NO_PROFILE: Final = "There is no profile yet. Press n to add one."
NO_IMAGES: Final = "No images yet. Press s to sync."


def why_not(action: str, profile: ProfileRecord | None, run: Run | None, counts: Counts) -> str | None:
    """Return why ``action`` cannot run, or ``None`` where it can; ``run`` is what works for the profile."""
    if action not in DIMMABLE:
        return None
    if profile is None:
        return NO_PROFILE
    if action == "stop":
        return None if run else f"Nothing works for {profile.name} now."
    if action == "edit":
        return None
    if run is not None:
        return f"A {run.kind} of {profile.name} is running. Press x to stop it."
    if action == "refresh" and not counts.images:
        return "There are no image records to delete."
    if action == "download" and not counts.missing:
        everything = f"Nothing to download: all {count_of(counts.images, 'image')} are here."
        return everything if counts.images else NO_IMAGES
    return None
