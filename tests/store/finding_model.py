"""What finding means, told once more without a database: plain Python over plain records."""

import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Final

from hypothesis import strategies as st

from flowimg_tui.humane import format_moment, format_ratio
from flowimg_tui.store.finding import Order, SortKey
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import ImageRecord, ImageState, NewImage
from tests.mirror.helpers import NOON, file_record

Holds = Callable[[ImageRecord], bool]

KEYS: Final = ("0ccf-aa", "0ccf-ab", "7FB7", "boat", "Key_1", "key.2")
TEXTS: Final = (
    None,
    "",
    "a paper boat on a still lake",
    "Boat, close-up (35mm)",
    "Été à la mer",
    "夏の山 boat",
    "🛶 on IMG_2041",
    'say "boat lake"; 100 % a_b',
)
RATIOS: Final = (
    None,
    "SQUARE",
    "LANDSCAPE",
    "PORTRAIT",
    "LANDSCAPE_FOUR_THREE",
    "PORTRAIT_THREE_FOUR",
    "WIDE",
)
FILES: Final = ("{key}.png", "{key}-2.jpg", "other boat.webp", "{key}")
WORDS: Final = (
    *(
        "b",
        "BOAT",
        "boat",
        "boat,",
        "oat",
        "0ccf",
        "0CCF-A",
        "7fb7",
        "7FB",
        "key_",
        "key.2",
        "name-1",
        "Name",
    ),
    *(
        "ete",
        "ÉTÉ",
        "mer",
        "夏",
        "山",
        "山 ",
        "🛶",
        "up",
        "close-up",
        "close-l",
        "35",
        "IMG_2",
        "2041",
        "_",
        "a_b",
    ),
    *("png", "webp", "other", "100", "%", '"', "夏の山", "の%", "の山"),
    *(
        "jpg",
        "web",
        "ebp",
        "0ccf-aa.",
        "0ccf-aa.pn",
        "0ccf-aa.png",
        "0ccf-a.png",
        "2026-03-1",
        "2026-03-14",
        "1000-",
    ),
)
PHRASES: Final = (
    "paper boat",
    "boat lake",
    "close up",
    "boat on a",
    "boat on a s",
    "0ccf-aa",
    "山 boat",
    "mer",
)
DATES: Final = ("2026", "2026-03", "2026-03-14", "2026-03-15", "2025")
STATES: Final[dict[str, set[ImageState]]] = {
    **{state.value: {state} for state in ImageState},
    "saved": {ImageState.DOWNLOADED},
    "missing": set(ImageState) - {ImageState.DOWNLOADED},
}
SHOWN_RATIOS: Final = ("16:9", "4:3", "1:1", "3:4", "9:16")


@dataclass(frozen=True)
class Made:
    """An image of a made-up gallery."""

    key: str
    text: str | None
    project: str | None
    ratio: str | None
    hours: int | None
    state: ImageState
    file: str
    size: int


images: Final = st.builds(
    Made,
    key=st.sampled_from(KEYS),
    text=st.sampled_from(TEXTS),
    project=st.sampled_from(TEXTS),
    ratio=st.sampled_from(RATIOS),
    hours=st.none() | st.integers(-30, 30),
    state=st.sampled_from(ImageState),
    file=st.sampled_from(FILES),
    size=st.integers(1, 3),
)


@contextmanager
def a_gallery(made: Sequence[Made]) -> Iterator[tuple[Gallery, int]]:
    """A profile with these images, and another one that has them too."""
    with tempfile.TemporaryDirectory() as folder:
        gallery = Gallery(Path(folder) / "gallery.db")
        for profile_name in ("other", "studio"):
            profile_id = gallery.add_profile(profile_name, "labs", None, NOON).id
            fill(gallery, profile_id, made)
        yield gallery, profile_id
        gallery.close()


def fill(gallery: Gallery, profile_id: int, made: Sequence[Made]) -> None:
    gallery.store_page(profile_id, 1, [_as_listed(number, image) for number, image in enumerate(made)])
    ids = {image.name: image.id for image in gallery.images(profile_id)}
    for number, image in enumerate(made):
        become(gallery, profile_id, ids[f"name-{number}"], image)


def become(gallery: Gallery, profile_id: int, image_id: int, image: Made) -> None:
    """Bring an image to the state that it is made for."""
    match image.state:
        case ImageState.DOWNLOADED:
            path = f"/out/{profile_id}/2026-03-1{image_id % 3 + 3}/{image.file.format(key=image.key)}"
            gallery.record_saved(profile_id, image_id, file_record(image.key, path, image.size))
        case ImageState.FAILED:
            gallery.record_failure(image_id, "gone", NOON)
        case ImageState.PARKED:
            for _ in range(10):
                gallery.record_failure(image_id, "gone", NOON)


def _as_listed(number: int, image: Made) -> NewImage:
    return NewImage(
        name=f"name-{number}",
        media_key=image.key,
        workflow_id=None,
        aspect_ratio=image.ratio and f"IMAGE_ASPECT_RATIO_{image.ratio}",
        fife_url=None,
        created_at=None if image.hours is None else NOON + timedelta(hours=image.hours),
        title=None if image.text is None else image.text[:9],
        prompt=image.text,
        project_title=image.project,
    )


# What is looked for: a piece of filter text, and when it holds for an image


def _word(word: str) -> tuple[str, Holds]:
    return word, lambda image: _has_word(image, word)


def _phrase(phrase: str) -> tuple[str, Holds]:
    return f'"{phrase}"', lambda image: _has_phrase(image, phrase)


def _date(date: str) -> tuple[str, Holds]:
    return f"date:{date}", lambda image: format_moment(image.created_at).startswith(date)


def _state(name: str) -> tuple[str, Holds]:
    return f"state:{name}", lambda image: image.state in STATES[name]


def _ratio(shown: str) -> tuple[str, Holds]:
    return f"ratio:{shown}", lambda image: format_ratio(image.aspect_ratio) == shown


# A word with its quotes or a space in it would be two.
words: Final = st.sampled_from([word.strip() for word in WORDS if word != '"']).map(_word)
facets: Final = st.one_of(
    st.sampled_from(DATES).map(_date),
    st.sampled_from(tuple(STATES)).map(_state),
    st.sampled_from(SHOWN_RATIOS).map(_ratio),
)
pieces: Final = words | st.sampled_from(PHRASES).map(_phrase) | facets
orders: Final = st.builds(Order, st.sampled_from(SortKey), st.booleans())


def says_something(piece: str) -> bool:
    """Whether there is anything in it to be looked for."""
    return bool(_tokens(piece))


def _tokens(text: str) -> list[str]:
    """The words of a text as the index has them: letters, numbers and emoji, without case and accents."""
    plain = "".join(each for each in unicodedata.normalize("NFD", text) if unicodedata.category(each) != "Mn")
    kept = (
        each if unicodedata.category(each)[0] in "LN" or unicodedata.category(each) == "So" else " "
        for each in plain.lower()
    )
    return "".join(kept).split()


def _fields(image: ImageRecord) -> list[str]:
    name = PurePosixPath(image.local_path).name if image.local_path else ""
    file = "" if name.startswith(f"{image.media_key}.") else name
    return [image.title or "", image.prompt or "", image.project_title or "", file]


def _follow(sought: list[str], words: list[str], *, whole: bool) -> bool:
    """Whether ``sought`` stands in ``words`` one after the other; unless ``whole``, the last may go on."""
    for start in range(len(words) - len(sought) + 1):
        *before, last = words[start : start + len(sought)]
        ends = last == sought[-1] if whole else last.startswith(sought[-1])
        if before == sought[:-1] and ends:
            return True
    return False


def _has_word(image: ImageRecord, word: str) -> bool:
    unspaced = re.search("[\u3040-\u30ff\u4e00-\u9fff]", word) is not None
    path = image.local_path or ""
    return (
        image.media_key.startswith((word, word.lower()))
        or image.name.startswith(word)
        or any(_follow(_tokens(word), _tokens(field), whole=False) for field in _fields(image))
        or (unspaced and any(word in field for field in _fields(image)[:3]))
        or ("." in word and f"/{word}" in path and image.media_key == word.rpartition(".")[0])
        or (re.fullmatch("[0-9]{4}-[0-9-]*", word) is not None and f"/{word}" in path)
        or (len(word) >= 3 and "webp png jpg jpeg".find(word) in (0, 5, 9, 13) and f".{word}" in path)
    )


def _has_phrase(image: ImageRecord, phrase: str) -> bool:
    unspaced = re.search("[\u3040-\u30ff\u4e00-\u9fff]", phrase) is not None
    return (
        phrase in (image.media_key, image.name)
        or any(_follow(_tokens(phrase), _tokens(field), whole=True) for field in _fields(image))
        or (unspaced and any(phrase in field for field in _fields(image)[:3]))
    )


# Orders


def in_order(images: list[ImageRecord], order: Order) -> list[ImageRecord]:
    """The images in this order; what has no value in its column is last, whichever way it goes."""
    beginning = datetime.min.replace(tzinfo=UTC)
    newest = sorted(images, key=lambda image: (image.created_at or beginning, image.id), reverse=True)
    down = order.descending
    match order.key:
        case SortKey.CREATED:
            dated = [image for image in newest if image.created_at]
            undated = [image for image in newest if not image.created_at]
            return (dated if down else dated[::-1]) + undated
        case SortKey.KEY:
            return sorted(images, key=lambda image: (image.media_key, image.id), reverse=down)
        case SortKey.FILE:
            saved = [image for image in images if image.local_path]
            saved.sort(key=lambda image: (image.local_path, image.id), reverse=down)
            return saved + [image for image in newest if not image.local_path]
        case SortKey.SIZE:
            sized = [image for image in newest if image.size is not None]
            sized.sort(key=lambda image: image.size or 0)
            return (sized[::-1] if down else sized) + [image for image in newest if image.size is None]
        case SortKey.STATE:
            states = (ImageState.FAILED, ImageState.PARKED, ImageState.PENDING, ImageState.DOWNLOADED)
            return _by([image.state for image in newest], newest, states[::-1] if down else states)
        case SortKey.RATIO:
            ranked = SHOWN_RATIOS[::-1] if down else SHOWN_RATIOS
            return _by([format_ratio(image.aspect_ratio) for image in newest], newest, (*ranked, "wide", ""))


def _by(values: Sequence[str], images: list[ImageRecord], ranks: Sequence[str]) -> list[ImageRecord]:
    pairs = sorted(zip(values, images, strict=True), key=lambda pair: ranks.index(pair[0]))
    return [image for _, image in pairs]
