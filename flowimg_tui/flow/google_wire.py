"""The messages of the ``google`` generation, and how they become our own values.

An answer is a tree of lists without names: a value is known by its slot alone, written like
``Zzl0ze[2][0][5][10]`` here. Slots have moved before, so every one is read with its type: what has another
type is not understood, and a record with one such slot is left out whole, with the slot as its reason.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from flowimg_tui.flow.errors import NotUnderstood, Refused
from flowimg_tui.flow.google_page import PRINTABLE, ReadCall, Slot
from flowimg_tui.flow.labs_wire import key_in_name
from flowimg_tui.flow.service import ListedImage, Media
from flowimg_tui.secret import Secret

PROJECTS, CONTENTS, RECORD = "UpteDb", "Zzl0ze", "as29s"
"""The calls that this software makes. They read; no other may be added."""
PROJECTS_PER_PAGE: Final = 21

_TITLE_LIMIT: Final = 200
_PROJECTS_LIMIT: Final = 200
_SIDE_LIMIT: Final = 100_000
_IDENTITY: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_LEGACY_NAME: Final = re.compile(r"[A-Za-z0-9+/=_$-]{1,2048}")
_ASPECTS: Final = {2: "IMAGE_ASPECT_RATIO_PORTRAIT", 3: "IMAGE_ASPECT_RATIO_LANDSCAPE"}


@dataclass(frozen=True, slots=True)
class Project:
    project_id: str
    title: str | None


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """One page of the projects, in the service's order."""

    projects: tuple[Project, ...]
    skipped: tuple[str, ...]
    cursor: Secret | None
    """Asks for the next page of projects; ``None`` on the last one."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The images of one project, in the service's order; how many videos; why each other was left out."""

    images: tuple[ListedImage, ...]
    videos: int
    skipped: tuple[str, ...]


def projects_call(cursor: Secret | None) -> ReadCall:
    # In slot 3 the service silently answers page 1 again.
    place = cursor.reveal() if cursor else None
    return ReadCall(PROJECTS, ("projects/*", PROJECTS_PER_PAGE, place, None, None, None, [1]))


def contents_call(project_id: str) -> ReadCall:
    return ReadCall(CONTENTS, (f"projects/{project_id}", None, None, None, [1]))


def record_call(name: str) -> ReadCall:
    return ReadCall(RECORD, (name,))


def is_identity(name: str) -> bool:
    """Tell whether ``name`` can be one of this generation's: anything else must not go into a request."""
    return _IDENTITY.fullmatch(name) is not None


def decode_projects(payload: Slot) -> ProjectPage:
    """Return a page of ``[[[projectId, [title, …]], …], nextCursor, …]``; ``[]`` is an empty account.

    Raises :class:`NotUnderstood` where nothing of it is understood: as an empty page it would be a lie.
    """
    entries = payload.at(0).items()
    if len(entries) > _PROJECTS_LIMIT:
        raise NotUnderstood(f"A page of more than {_PROJECTS_LIMIT} projects", payload.at(0).path)
    projects: list[Project] = []
    skipped: list[str] = []
    for entry in entries:
        try:
            projects.append(Project(_required_identity(entry.at(0)), _project_title(entry)))
        except NotUnderstood as error:
            skipped.append(f"a project: {error}")
    if skipped and not projects:
        raise NotUnderstood(f"None of {len(skipped)} projects is understood", payload.at(0).path)
    cursor = payload.at(1)
    token = cursor.matching(PRINTABLE, "a cursor") if cursor.value != "" else None
    return ProjectPage(tuple(projects), tuple(skipped), Secret(token) if token else None)


def _project_title(entry: Slot) -> str | None:
    """Return the title; a project whose title is elsewhere is still one, with all its images."""
    try:
        title = entry.at(1, 0).text()
    except NotUnderstood:
        return None
    return title[:_TITLE_LIMIT] if title else None


def decode_contents(payload: Slot, project_title: str | None) -> Contents:
    """Return the images of ``[_, descriptors, records, …]``; absent sections are an empty project."""
    records = payload.at(2).items()
    descriptors = payload.at(1)
    titles = _titles(descriptors)
    images: list[ListedImage] = []
    videos = 0
    skipped: list[str] = []
    for record in records:
        try:
            if _is_video(record):
                videos += 1
                continue
            images.append(_image(record, titles, project_title))
        except NotUnderstood as error:
            skipped.append(str(error))
    if titles and not records:
        skipped.append(f"{len(descriptors.items())} titles of media, but no record (at {payload.at(2).path})")
    return Contents(tuple(images), videos, tuple(skipped))


def decode_media(payload: Slot, name: str) -> Media:
    """Return the fresh signed URL of the original in the record of ``name``.

    Raises :class:`Refused` for a video, and :class:`NotUnderstood` for what is not a record of ``name``.
    """
    if _is_video(payload):
        raise Refused("It is a video, not an image.")
    _check_is_image(payload)
    if _required_identity(payload.at(0)) != name:
        raise NotUnderstood("Flow answers with the record of another picture", payload.at(0).path)
    url = payload.at(5, 10)
    original = _original_url(url)
    if original is None:
        what = "a re-encoding of the picture only" if url.value else "no URL of the picture"
        return Media(None, None, f"the record has {what} (at {url.path})")
    return Media(None, original)


def _is_video(record: Slot) -> bool:
    """Tell whether it is a film: it has nothing in the image's slot, and names itself in its own."""
    if len(record.items()) < 8 or record.at(6).value is not None:
        return False
    itself = record.at(7, 2, 0).matching(_IDENTITY, "an id")
    return itself is not None and itself == record.at(0).value


def _check_is_image(record: Slot) -> None:
    length = len(record.items())
    if length != 7:
        raise NotUnderstood(f"a record of {length} slots, neither an image nor a video", record.path)
    for slot in (record.at(5), record.at(6)):
        if slot.value is None or not slot.items():
            raise slot.refused("the part of an image's record")


def _image(record: Slot, titles: Mapping[str, str | None], project_title: str | None) -> ListedImage:
    """Return the image of a record, or raise :class:`NotUnderstood` with the slot that is not one."""
    _check_is_image(record)
    name = _required_identity(record.at(0))
    _required_identity(record.at(1))
    workflow_id = record.at(2).matching(_IDENTITY, "an id")
    made = record.at(6, 0)
    if made.value is None and record.at(5, 6).value is not None:
        # Not an upload, which has no prompt: seed, prompt and aspect stand elsewhere than expected.
        raise made.refused("how a generated image was made")
    width, height = _size(record.at(6, 2))
    return ListedImage(
        name=name,
        media_key=name,
        workflow_id=workflow_id,
        aspect_ratio=_aspect_ratio(made.at(14), width, height),
        fife_url=_original_url(record.at(5, 10)),
        created_at=record.at(5, 0).time(),
        title=titles.get(name) or titles.get(workflow_id or ""),
        prompt=made.at(7).text(),
        seed=made.at(1).integer(-(2**63), 2**63 - 1),
        width=width,
        height=height,
        project_title=project_title,
        legacy_name=_legacy_name(made.at(2)),
    )


def _legacy_name(slot: Slot) -> str | None:
    """Return the name in the ``labs`` generation, where it is a whole one: with the ids of a picture in it.

    Another record's id in its place would make two pictures one.
    """
    name = slot.matching(_LEGACY_NAME, "a name")
    return name if name is not None and key_in_name(name) is not None else None


def _required_identity(slot: Slot) -> str:
    found = slot.matching(_IDENTITY, "an id")
    if found is None:
        raise slot.refused("an id")
    return found


def _size(slot: Slot) -> tuple[int | None, int | None]:
    width, height = (slot.at(side).integer(0, _SIDE_LIMIT) for side in (0, 1))
    return (width, height) if width and height else (None, None)


def _aspect_ratio(slot: Slot, width: int | None, height: int | None) -> str | None:
    known = _ASPECTS.get(slot.integer(0, 2**31) or 0)
    square = width is not None and width == height
    return known or ("IMAGE_ASPECT_RATIO_SQUARE" if square else None)


def _original_url(slot: Slot) -> Secret | None:
    """Return a signed URL of the original; the ``/asb/`` ones of the listing are re-encodings."""
    url = slot.matching(PRINTABLE, "a URL")
    if url is None or is_reencoding(url):
        return None
    if not url.startswith(("https://", "http://")):
        raise slot.refused("a URL")
    return Secret(url)


def is_reencoding(url: str) -> bool:
    """Tell whether ``url`` is one of the listing's re-encoded pictures, which are never to be saved."""
    return "/asb/" in unquote(url.partition("?")[0]).lower()


def _titles(descriptors: Slot) -> dict[str, str | None]:
    """Return titles by media id and by workflow id; what is not understood has no title."""
    titles: dict[str, str | None] = {}
    if not isinstance(descriptors.value, list):
        return titles
    for descriptor in descriptors.items():
        try:
            title = descriptor.at(3, 0).text()
            workflow_id = descriptor.at(0).matching(_IDENTITY, "an id")
            media_id = descriptor.at(3, 4).matching(_IDENTITY, "an id")
        except NotUnderstood:
            continue
        titles |= {key: title for key in (workflow_id, media_id) if key}
    return titles
