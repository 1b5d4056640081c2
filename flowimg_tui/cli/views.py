"""``flowimg status`` and ``flowimg list``: what the mirror holds, without asking Flow."""

from typing import Final

from flowimg_tui.cli.diagnostics import opened_workspace
from flowimg_tui.cli.options import AllProfiles, AsJson, ProfileName, chosen_profiles
from flowimg_tui.cli.output import write_json_list, write_line, write_table
from flowimg_tui.humane import format_moment, format_ratio
from flowimg_tui.store.records import ImageRecord, ImageState

_SYMBOLS: Final = {
    ImageState.DOWNLOADED: "✓",
    ImageState.PENDING: "·",
    ImageState.FAILED: "✗",
    ImageState.PARKED: "⊘",
}


def status(profile: ProfileName = None, as_json: AsJson = False) -> None:
    """Count the images of each profile by state."""
    with opened_workspace() as workspace:
        profiles = chosen_profiles(workspace, profile, every=profile is None)
        counted = [(found, workspace.gallery.counts(found.id)) for found in profiles]
    if as_json:
        answers = (
            {
                "name": found.name,
                "images": counts.images,
                "downloaded": counts.downloaded,
                "pending": counts.pending,
                "failed": counts.failed,
                "parked": counts.parked,
                "synced_at": found.synced_at,
            }
            for found, counts in counted
        )
        write_json_list("profiles", answers)
        return
    rows = [
        (
            found.name,
            counts.images,
            counts.downloaded,
            counts.pending,
            counts.failed,
            counts.parked,
            format_moment(found.synced_at) or "never",
        )
        for found, counts in counted
    ]
    write_table(("profile", "images", "downloaded", "pending", "failed", "parked", "last sync"), rows)


def list_images(profile: ProfileName = None, every: AllProfiles = False, as_json: AsJson = False) -> None:
    """List the images of the mirror, newest first."""
    with opened_workspace() as workspace:
        profiles = chosen_profiles(workspace, profile, every)
        images = ((found.name, image) for found in profiles for image in workspace.gallery.images(found.id))
        if as_json:
            write_json_list("images", (_described(name, image) for name, image in images))
        else:
            for _, image in images:
                write_line(_line(image))


def _described(profile: str, image: ImageRecord) -> dict[str, object]:
    return {
        "profile": profile,
        "name": image.name,
        "media_key": image.media_key,
        "workflow_id": image.workflow_id,
        "aspect_ratio": image.aspect_ratio,
        "created_at": image.created_at,
        "state": image.state,
        "local_path": image.local_path,
        "size": image.size,
        "sha256": image.sha256,
        "source": image.source,
        "failure": image.failure,
        "failed_at": image.failed_at,
        "tries": image.tries,
        "failed_runs": image.failed_runs,
        "parked_at": image.parked_at,
        "title": image.title,
        "prompt": image.prompt,
        "seed": image.seed,
        "width": image.width,
        "height": image.height,
        "project": image.project_title,
    }


def _line(image: ImageRecord) -> str:
    where = image.local_path or image.failure or ""
    created, ratio = format_moment(image.created_at), format_ratio(image.aspect_ratio)
    return f"{_SYMBOLS[image.state]} {image.media_key:<36}  {ratio:<5}  {created:<16}  {where}".rstrip()
