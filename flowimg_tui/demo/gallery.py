"""The gallery of the stand-in account: which images there are, in which order, and how they are paged."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import TypeVar

MAX_IMAGES = 1_000_000
UNKNOWN_CURSOR = "a cursor that this gallery has not given out"
PROMPTS = (
    "a paper boat on a still lake, morning light",
    "far hills behind a lake, soft mist in the valleys",
    "the last light of a long evening over dark firs",
    "layered mountains under a low sun, film grain",
)


class Delivery(StrEnum):
    """Which of its shapes the media endpoint answers with."""

    UPLOAD = "upload"  # userUploadedImage.image
    GENERATED = "generated"  # image.encodedImage, as of 2025
    GENERATED_2026 = "generated_2026"  # image.generatedImage and image.dimensions, no bytes
    URL_ONLY = "url_only"  # userUploadedImage without image


class PictureFormat(StrEnum):
    """What kind of file a picture is; the value is the MIME subtype."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"


@dataclass(frozen=True, slots=True)
class DemoImage:
    """One image as Flow lists it. `created` is RFC 3339 text in UTC, exactly as served."""

    workflow_id: str
    media_key: str
    aspect_ratio: str
    created: str

    @property
    def name(self) -> str:
        """Flow's identity of the image: 111 characters, unpadded base64 of a small protobuf message."""
        message = f"\x08\x03\x1a\x24{self.workflow_id}\x22\x03CAE\x2a\x24{self.media_key}"
        return unpadded_base64(message.encode("ascii"))

    @property
    def seed(self) -> int:
        """What its prompt was drawn with, fixed by the media key."""
        return int(self.media_key[:5], 16)

    @property
    def delivery(self) -> Delivery:
        """The shape of its media answer, fixed by the media key."""
        return _share(_DELIVERIES, f"type {self.media_key}")

    @property
    def format(self) -> PictureFormat:
        """The kind of its file, fixed by the media key."""
        return _share(_FORMATS, f"bytes {self.media_key}")


class UnknownCursorError(ValueError):
    """A cursor that this gallery has not given out."""


class DemoGallery:
    """All images of the account, newest first. Images can be added while another thread reads pages.

    An image is a function of its rank: 0 is the newest recorded one, older ones count up from there and
    newer ones down, so that a rank never changes and no image is made before somebody asks for it.
    """

    def __init__(self, images: int = 42) -> None:
        """Hold `images` images: the 42 recorded ones, and older ones beyond that; with fewer, the newest.

        Raises ValueError when `images` is not between 0 and MAX_IMAGES.
        """
        if not 0 <= images <= MAX_IMAGES:
            raise ValueError(f"a gallery holds 0 to {MAX_IMAGES} images, not {images}")
        self._first, self._end = 0, images
        self._ranks = {_media_key(rank): rank for rank in range(images)}
        self._adding = threading.Lock()

    def __len__(self) -> int:
        return self._end - self._first

    def add(self, count: int) -> None:
        """Put `count` newer images at the front. Raises ValueError below 0 and beyond MAX_IMAGES."""
        with self._adding:
            if not 0 <= count <= MAX_IMAGES - len(self):
                raise ValueError(f"a gallery of {len(self)} images cannot take {count} more")
            first = self._first - count
            self._ranks.update({_media_key(rank): rank for rank in range(first, self._first)})
            self._first = first

    def page(self, cursor: str | None, size: int) -> tuple[list[DemoImage], str | None]:
        """Up to `size` images, newest first, and the cursor of the next page, None on the last one.

        A cursor names the last image of the page before it, so images added in front move nothing.
        Raises UnknownCursorError.
        """
        start = self._first if cursor is None else self._rank_at(cursor) + 1
        stop = min(start + size, self._end)
        images = [_image(rank) for rank in range(start, stop)]
        return images, _cursor_after(images[-1]) if images and stop < self._end else None

    @property
    def end_cursor(self) -> str | None:
        """The cursor of the page behind the last image, None where there is no image."""
        return _cursor_after(_image(self._end - 1)) if len(self) else None

    def by_media_key(self, media_key: str) -> DemoImage | None:
        """The image with this media key, if there is one."""
        rank = self._ranks.get(media_key)
        return None if rank is None else _image(rank)

    def by_name(self, name: str) -> DemoImage | None:
        """The image with exactly this name, if there is one."""
        image = self.by_media_key(_last_key(name))
        return image if image is not None and image.name == name else None

    def share(self, part: int, parts: int) -> Iterator[DemoImage]:
        """Every `parts`-th image, newest first: the images of which `part_of` says `part`."""
        first = self._first + (part - self._first) % parts
        return (_image(rank) for rank in range(first, self._end, parts))

    def part_of(self, media_key: str, parts: int) -> int:
        """Which of `parts` shares holds this image, for ever. Raises KeyError when there is none such."""
        return self._ranks[media_key] % parts

    def is_recorded(self, media_key: str) -> bool:
        """Whether this is one of the 42 recorded images. Raises KeyError when there is none such."""
        return 0 <= self._ranks[media_key] < len(_recorded())

    def _rank_at(self, cursor: str) -> int:
        image = self.by_media_key(_last_key(cursor))
        if image is None or _cursor_after(image) != cursor:
            raise UnknownCursorError(UNKNOWN_CURSOR)
        return self._ranks[image.media_key]


_Kind = TypeVar("_Kind")

_ACCOUNT_ID = 100_000_000_001
_CURSOR_HEADER = b"\xaa\x01\x92\x01\x0a\x8f\x01"  # two nested protobuf fields of 146 and 143 bytes
_MEDIA_KEY_AT_END = re.compile(rb'([0-9a-f-]{36})"?\Z')
_RATIOS = (
    "LANDSCAPE",
    "PORTRAIT",
    "SQUARE",
    "LANDSCAPE",
    "PORTRAIT",
    "LANDSCAPE_FOUR_THREE",
    "PORTRAIT_THREE_FOUR",
)
_DELIVERIES = (
    (70, Delivery.UPLOAD),
    (84, Delivery.GENERATED),
    (93, Delivery.GENERATED_2026),
    (100, Delivery.URL_ONLY),
)
_FORMATS = ((60, PictureFormat.JPEG), (85, PictureFormat.PNG), (100, PictureFormat.WEBP))


@cache
def _recorded() -> tuple[DemoImage, ...]:
    """The images of the recorded pages, newest first, read when the first gallery opens."""
    text = resources.files(__package__).joinpath("gallery.json").read_text(encoding="utf-8")
    return tuple(
        DemoImage(workflow_id, media_key, f"IMAGE_ASPECT_RATIO_{ratio}", created)
        for workflow_id, media_key, ratio, created in json.loads(text)
    )


def _media_key(rank: int) -> str:
    recorded = _recorded()
    return recorded[rank].media_key if 0 <= rank < len(recorded) else uuid4_text(f"media {rank}")


def _image(rank: int) -> DemoImage:
    recorded = _recorded()
    if 0 <= rank < len(recorded):
        return recorded[rank]
    return DemoImage(
        uuid4_text(f"workflow {rank}"),
        _media_key(rank),
        f"IMAGE_ASPECT_RATIO_{_RATIOS[_number(f'ratio {rank}') % len(_RATIOS)]}",
        _created(rank),
    )


def _created(rank: int) -> str:
    recorded = _recorded()
    steps, neighbour = (-rank, recorded[0]) if rank < 0 else (len(recorded) - 1 - rank, recorded[-1])
    # Each image has twenty minutes of its own, so that the order of the ranks is the order of the times.
    seed = _number(f"created {rank}")
    moment = datetime.fromisoformat(neighbour.created) + timedelta(
        minutes=20 * steps, microseconds=seed % 10**9
    )
    # Protobuf's JSON writes a time with 0, 3, 6 or 9 fractional digits, and recordings differ in it.
    digits = (0, 6, 6, 3, 9)[seed % 5]
    text = f"{moment:%Y-%m-%dT%H:%M:%S.%f}{seed % 1000:03}"
    return f"{text[: 20 + digits] if digits else text[:19]}Z"


def uuid4_text(seed: str) -> str:
    """The UUID that `seed` always gives."""
    digits = hashlib.sha256(seed.encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"


def _number(seed: str) -> int:
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big")


def _cursor_after(image: DemoImage) -> str:
    seconds, fraction = image.created[:19].replace("T", " "), image.created[20:-1][:6].ljust(6, "0")
    text = (
        f'0,TIMESTAMP "{seconds}.{fraction}+00",{_ACCOUNT_ID},"",'
        f'"{image.workflow_id}","CAE","{image.media_key}"'
    )
    return unpadded_base64(_CURSOR_HEADER + text.encode("ascii"))


def unpadded_base64(message: bytes) -> str:
    """Standard base64 without its `=`."""
    return base64.b64encode(message).decode("ascii").rstrip("=")


def _last_key(text: str) -> str:
    """The media key at the end of a name or a cursor, or an empty text."""
    try:
        message = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return ""
    found = _MEDIA_KEY_AT_END.search(message)
    return found[1].decode("ascii") if found else ""


def _share(bounds: tuple[tuple[int, _Kind], ...], seed: str) -> _Kind:
    percent = _number(seed) % 100
    return next(kind for bound, kind in bounds if percent < bound)
