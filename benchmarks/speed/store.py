"""What the statements of a run and of a face take, as a gallery grows to a million images."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count, cycle
from pathlib import Path
from statistics import median
from typing import Final
from uuid import NAMESPACE_OID, uuid5

from benchmarks.filling import fill, key_of
from benchmarks.speed.figures import Figure
from benchmarks.speed.installation import fresh_folder
from benchmarks.speed.rounds import Amount
from flowimg_tui.store.finding import Finding
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import FileRecord, NewImage

_SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)
_TIMES: Final = 5
"""Each statement in each round."""
_WINDOW: Final = 100
_PAGE: Final = 18
_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Statement:
    """What is measured, and either the most of the largest gallery beside the smallest, or why it grows."""

    title: str
    at_most: float | None = None
    grows: str = ""


_STATEMENTS: Final[Mapping[str, _Statement]] = {
    "window": _Statement("the first window of a gallery", 3),
    "page-new": _Statement("a page of new images", 3),
    "page-known": _Statement("a page of known images", 3),
    "image": _Statement("the records of one download", 3),
    "opening": _Statement("opening a gallery", grows="counts its images in an index"),
    "counts": _Statement("the counts of a gallery", grows="counts in indexes"),
    "middle": _Statement("a window in the middle", grows="counts the images before it in an index"),
    "filter": _Statement("a filter of two words", grows="by what is found"),
}


def figures(scratch: Path, amount: Amount) -> Iterator[Figure]:
    """Measure it."""
    sizes = [amount.of(size) for size in _SIZES]
    taken = {size: _measured(fresh_folder(scratch) / "gallery.db", size, amount.rounds) for size in sizes}
    for name, statement in _STATEMENTS.items():
        medians = [median(taken[size][name]) for size in sizes]
        told = " / ".join(f"{1000 * each:.1f}" for each in medians)
        yield Figure(
            f"store-{name}",
            f"{statement.title}, at {_short(sizes[-1])} images of that at {_short(sizes[0])}",
            "×",
            (medians[-1] / medians[0],),
            f"{told} ms at {' / '.join(map(_short, sizes))}"
            + (f": {statement.grows}" if statement.grows else ""),
            at_most=statement.at_most,
            digits=1,
        )


def _short(size: int) -> str:
    """Return a number of images as people say it, as in ``100k``."""
    for unit, letter in ((1_000_000, "M"), (1_000, "k")):
        if size >= unit:
            return f"{size // unit}{letter}"
    return str(size)


def _measured(database: Path, images: int, rounds: int) -> dict[str, list[float]]:
    with closing(Gallery(database)) as gallery:
        profile = gallery.add_profile("benchmark", "labs", None, _NOW)
        fill(database, images)
        sync = gallery.begin_sync(profile.id)
        runs = _runs(gallery, profile.id, sync, images)
        return {name: [_seconds(run) for _ in range(1 + _TIMES * rounds)][1:] for name, run in runs.items()}


def _runs(gallery: Gallery, profile: int, sync: int, images: int) -> dict[str, Callable[[], object]]:
    numbers = count()
    missing = cycle(gallery.missing_ids(profile))

    def page_of_new() -> None:
        page = [_new_image(f"{uuid5(NAMESPACE_OID, str(next(numbers)))}") for _ in range(_PAGE)]
        gallery.store_page(profile, sync, page, ("cursor", _NOW))

    def page_of_known() -> None:
        first = next(numbers) * _PAGE % (images - _PAGE + 1)
        page = [_new_image(f"name-{number}", key_of(number)) for number in range(first, first + _PAGE)]
        gallery.store_page(profile, sync, page, ("cursor", _NOW))

    def one_download() -> None:
        image = gallery.pending_image(next(missing))
        if image is not None:
            gallery.files_of(profile, image.media_key)
            gallery.record_saved(profile, image.id, _file(image.media_key, image.name))

    return {
        "opening": lambda: gallery.find(profile, gallery.finding(profile)).window(0, _WINDOW),
        "window": lambda: gallery.window(profile, 0, _WINDOW),
        "counts": lambda: gallery.counts(profile),
        "middle": lambda: gallery.window(profile, images // 2, _WINDOW),
        "filter": gallery.find(profile, Finding("misty boat")).refresh,
        "page-known": page_of_known,
        "page-new": page_of_new,
        "image": one_download,
    }


def _seconds(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def _new_image(name: str, media_key: str | None = None) -> NewImage:
    return NewImage(name, media_key or name, "workflow", "IMAGE_ASPECT_RATIO_SQUARE", None, _NOW)


def _file(media_key: str, name: str) -> FileRecord:
    path = f"/pictures/2026-01-01/{media_key}.jpg"
    return FileRecord(media_key, path, 300_000, "0" * 64, "image/jpeg", "api", _NOW, name)
