"""What both generations of Flow offer to the mirror."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from flowimg_tui.secret import Secret


@dataclass(frozen=True, slots=True)
class ListedImage:
    """One image as the listing tells of it. ``None`` means that the listing did not say."""

    name: str
    """Flow's identity of the image, free of white space."""
    media_key: str
    """Names the file on disk; hostile until :mod:`flowimg_tui.mirror.files` has made it safe."""
    workflow_id: str | None
    aspect_ratio: str | None
    """As on the wire: ``IMAGE_ASPECT_RATIO_LANDSCAPE``, or one that nobody has seen yet."""
    fife_url: Secret | None
    """Signed URL of the picture: whoever has it can read the picture."""
    created_at: datetime | None
    """UTC, aware."""
    title: str | None = None
    """Flow's short title; an upload has its file name here."""
    prompt: str | None = None
    seed: int | None = None
    width: int | None = None
    """In pixels, as ``height``."""
    height: int | None = None
    project_title: str | None = None
    legacy_name: str | None = None
    """The picture's name in the ``labs`` generation, where it came from there."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the listing, in the service's order."""

    images: tuple[ListedImage, ...]
    skipped: tuple[str, ...]
    """Why each item was left out that was not understood, with its place in the answer."""
    cursor: Secret | None
    """What asks for the next page; ``None`` on the last one. It contains an account id: never log it."""
    videos: int = 0
    """How many videos there were besides."""
    may_repeat: bool = False
    """Whether all its images may have been on earlier pages, as those of a project may."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whose session it is."""

    email: str | None
    expires: datetime | None
    """UTC, aware: when the session ends unless it is used. ``None``: the service does not say."""


@dataclass(frozen=True, slots=True)
class Media:
    """Where a picture can be had: its bytes, or a fresh signed URL, or both."""

    data: bytes | None = field(repr=False)
    url: Secret | None
    trouble: str | None = None
    """Why ``data`` is missing although the answer should have had it."""


Progress: TypeAlias = Callable[[int, int | None], None]
"""Called with the bytes that came so far, and with how many there will be, if that is known."""


class FlowService(Protocol):
    """One signed-in account of one generation of the service.

    All methods raise :class:`flowimg_tui.flow.errors.FlowError`, are safe to cancel at any await, and make
    one try: repeating is the caller's decision.
    """

    async def account(self) -> Account:
        """Ask whose session this is. Raises ``SignedOut`` when it has ended, ``Moved`` when Flow has."""

    async def list_page(self, cursor: Secret | None) -> Page:
        """Fetch the page that ``cursor`` names, the first one for ``None``."""

    async def media(self, name: str, progress: Progress) -> Media:
        """Ask for the picture with this name."""

    async def fetch(self, url: Secret, progress: Progress) -> bytes:
        """Fetch a signed URL, without any credentials. The bytes are not checked."""

    async def aclose(self) -> None:
        """Close every connection."""
