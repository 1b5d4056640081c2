"""What the `google` generation makes of the gallery: projects, what lies in them, and the wire's arrays.

An image keeps its media key as its id there. The 42 recorded images carry the name that `labs` gave them, but
for uploads: their record has no slot for it. Other images have a name with the project in it, or none.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from flowimg_tui.demo.gallery import (
    PROMPTS,
    Delivery,
    DemoGallery,
    DemoImage,
    PictureFormat,
    unpadded_base64,
    uuid4_text,
)

Row: TypeAlias = list[Any]
Moment: TypeAlias = tuple[int, int]

MAX_PROJECTS = 1000
MAX_VIDEOS = 10_000

_NEWEST_PROJECT = 1_790_219_266  # 2026-09-24
_NEWEST_BACKFILL = 1_761_901_964  # 2025-10-31
_NEWEST_VIDEO = 1_790_240_102
_HOUR = 3600
_EMPTY = 1  # the place of the empty project
_TITLES = ("Harbour studies", None, None, "Été à la mer", "夏の山", None)
_HEADINGS = ("Paper boat on lake", "Lac et brume ✓", None, "Layered mountains")
_FILE_NAMES = ("holiday", "IMG_2041", "été à la plage", "夏の海")
_ASPECTS = ("SQUARE", "PORTRAIT", "LANDSCAPE", "LANDSCAPE_FOUR_THREE", "PORTRAIT_THREE_FOUR")
_VIDEO_PROMPTS = ("the boat drifts", "mist climbs the hill ☁")


@dataclass(frozen=True, slots=True)
class DemoProject:
    """One project; `part` is the share of the gallery that it holds, None for the empty one."""

    id: str
    title: str
    created: Moment
    part: int | None


@dataclass(frozen=True, slots=True)
class DemoVideo:
    """One video. It has records and no file: the service delivers pictures alone."""

    media_id: str
    workflow_id: str
    prompt: str
    seed: int
    created: Moment


class DemoProjects:
    """The projects of one gallery, newest first. Images that are added to the gallery appear in them."""

    def __init__(self, gallery: DemoGallery, projects: int, videos: int) -> None:
        """Raises ValueError when a number is negative, or beyond MAX_PROJECTS or MAX_VIDEOS."""
        if not (0 <= projects <= MAX_PROJECTS and 0 <= videos <= MAX_VIDEOS):
            raise ValueError(f"an account has 0 to {MAX_PROJECTS} projects, 0 to {MAX_VIDEOS} videos")
        self._gallery = gallery
        self._projects = [_project(place, projects) for place in range(projects)]
        self._holders = [project for project in self._projects if project.part is not None]
        self._by_id = {project.id: project for project in self._projects}
        self._videos = [_video(rank) for rank in range(videos)]
        self._video_ranks = {video.media_id: rank for rank, video in enumerate(self._videos)}

    def page(self, cursor: str | None, size: int) -> tuple[list[DemoProject], str | None]:
        """Up to `size` projects and the cursor of the next page, None on the last one.

        A cursor is taken in both of its forms. Raises ValueError for one that was not given out.
        """
        start = 0
        if cursor is not None:
            plain = cursor.replace("_", "/").replace("-", "+").rstrip("=")
            cursors = [_cursor_after(project).rstrip("=") for project in self._projects]
            start = cursors.index(plain) + 1
        projects = self._projects[start : start + size]
        return projects, _cursor_after(projects[-1]) if start + size < len(self._projects) else None

    @property
    def end_cursor(self) -> str | None:
        """The cursor of the page behind the last project, None where there is no project."""
        return _cursor_after(self._projects[-1]) if self._projects else None

    def find(self, project_id: str) -> DemoProject:
        """The project with this id. Raises KeyError."""
        return self._by_id[project_id]

    def images(self, project: DemoProject) -> Iterator[DemoImage]:
        """Its images, newest first."""
        return iter(()) if project.part is None else self._gallery.share(project.part, len(self._holders))

    def videos(self, project: DemoProject) -> list[DemoVideo]:
        """Its videos, newest first."""
        return [] if project.part is None else self._videos[project.part :: len(self._holders)]

    def video(self, media_id: str) -> DemoVideo | None:
        """The video with this id, if there is one."""
        rank = self._video_ranks.get(media_id)
        return None if rank is None else self._videos[rank]

    def project_of(self, media_id: str) -> DemoProject:
        """The project that holds this image or video. Raises KeyError when there is none such."""
        if not self._holders:
            raise KeyError(media_id)
        rank = self._video_ranks.get(media_id)
        if rank is not None:
            return self._holders[rank % len(self._holders)]
        return self._holders[self._gallery.part_of(media_id, len(self._holders))]

    def is_upload(self, image: DemoImage) -> bool:
        """Whether its file was brought along: `labs` says so of most images, of a recorded one it is rare."""
        if self._gallery.is_recorded(image.media_key):
            return image.delivery is Delivery.URL_ONLY
        return image.delivery in (Delivery.URL_ONLY, Delivery.UPLOAD)

    def descriptor(self, media: DemoImage | DemoVideo, project: DemoProject) -> Row:
        """The row of `media` in the contents: its title and its times."""
        if isinstance(media, DemoVideo):
            media_id, title, batch, created = media.media_id, None, True, media.created
        else:
            batch = not self.is_upload(media)
            title = _HEADINGS[media.seed % len(_HEADINGS)] if batch else _file_name(media)
            media_id, created = media.media_key, moment_of(media.created)
        batch_id = uuid4_text(f"batch {media_id}") if batch else None
        updated = (created[0] + 2, created[1])
        about = [title, stamp(created), None, None, media_id, batch_id, stamp(updated)]
        return [media.workflow_id, None, None, about, project.id]

    def image_record(
        self, image: DemoImage, project: DemoProject, url: str, weight: int | None, size: tuple[int, int]
    ) -> Row:
        """The record of `image`, with `url` in each of its slots; `size` is width and height."""
        prompt = None if self.is_upload(image) else PROMPTS[image.seed % len(PROMPTS)]
        asked = None if prompt is None else [None, None, [[prompt, None, [[[prompt]]]]], [], 1]
        about = [stamp(moment_of(image.created)), None, None, None, None, url, asked, None, None, 1, url]
        version = ("CAE", "CAI", None)[image.seed % 3]
        made: Row = [None, [], list(size)]
        if prompt is not None:
            ratio = image.aspect_ratio.removeprefix("IMAGE_ASPECT_RATIO_")
            aspect = _ASPECTS.index(ratio) + 1
            name = self._legacy_name(image, project)
            recipe = [None, image.seed, name, None, None, None, None, prompt, 29, "", None, image.workflow_id]
            made = [[*recipe, None, url, aspect], None, list(size)]
        ids = [image.media_key, project.id, image.workflow_id]
        return [*ids, version, None, [*about, None, None, weight], made]

    def _legacy_name(self, image: DemoImage, project: DemoProject) -> str | None:
        if self._gallery.is_recorded(image.media_key):
            return image.name
        if image.seed % 2:
            return None
        ids = f"\x12{chr(len(project.id))}{project.id}\x1a\x24{image.workflow_id}"
        return unpadded_base64(f"\x08\x03{ids}\x22\x03CAE\x2a\x24{image.media_key}".encode("ascii"))


def video_record(video: DemoVideo, project: DemoProject, poster: str, url: str | None) -> Row:
    """The record of `video`; `url` is that of the film, which a listing does not tell."""
    ids = [video.media_id, project.id, video.workflow_id]
    asked = [None, [["abra_t2v_6s", 1, None, None, 2, 1]], [[None, None, [[[video.prompt]]]]], None, 1]
    about = [stamp(video.created), video.prompt, None, None, None, None, asked, None, [3], 1, poster, []]
    recipe = [None, video.seed, None, None, None, None, None, video.prompt, url, None, None, None]
    made = [[*recipe, "abra_t2v_6s", "", None, False, 2], [None, None, [6]], [video.media_id]]
    return [*ids, "CAE", None, [*about, None, 2_000_000 + video.seed], None, made]


def stamp(moment: Moment) -> list[int]:
    """A moment as the wire has it: seconds, and nanoseconds unless there are none."""
    return [moment[0], moment[1]] if moment[1] else [moment[0]]


def moment_of(created: str) -> Moment:
    """RFC 3339 text in UTC as seconds and nanoseconds."""
    seconds = int(datetime.fromisoformat(f"{created[:19]}+00:00").timestamp())
    return seconds, int(created[20:-1].ljust(9, "0"))


def _project(place: int, count: int) -> DemoProject:
    # The second half are those that the move from `labs` made: another form of id, and whole seconds.
    backfilled = 2 * place >= count > 1
    if backfilled:
        created = (_NEWEST_BACKFILL - _HOUR * place, 0)
    else:
        created = (_NEWEST_PROJECT - 6 * _HOUR * place, 481_054_000 + place)
    form = "%b %d, %H:%M" if backfilled else "%b %d - %H:%M"
    dated = datetime.fromtimestamp(created[0], UTC).strftime(form)
    part = None if place == _EMPTY else place - (place > _EMPTY)
    return DemoProject(
        uuid4_text(f"project {place}") + "_backfill" * backfilled,
        _TITLES[place % len(_TITLES)] or dated,
        created,
        part,
    )


def _video(rank: int) -> DemoVideo:
    return DemoVideo(
        uuid4_text(f"video {rank}"),
        uuid4_text(f"video workflow {rank}"),
        _VIDEO_PROMPTS[rank % len(_VIDEO_PROMPTS)],
        281_181 + rank,
        (_NEWEST_VIDEO - _HOUR * rank, 232_689_000),
    )


def _file_name(image: DemoImage) -> str:
    extension = "jpg" if image.format is PictureFormat.JPEG else str(image.format)
    return f"{_FILE_NAMES[image.seed % len(_FILE_NAMES)]}.{extension}"


def _cursor_after(project: DemoProject) -> str:
    moment = b"\x08" + _varint(project.created[0]) + b"\x10" + _varint(project.created[1])
    inner = b"\x82\x01" + _varint(len(moment)) + moment
    middle = b"\x0a" + _varint(len(inner)) + inner
    return base64.b64encode(b"\x72" + _varint(len(middle)) + middle).decode("ascii")


def _varint(number: int) -> bytes:
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F)
    return bytes([*(group | 0x80 for group in groups[:-1]), groups[-1]])
