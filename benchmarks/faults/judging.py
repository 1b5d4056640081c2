"""What lies under a picture's final name, told by its bytes, and whether that is right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath
from typing import Final

_BEGINNING: Final = 16
_PARTIAL: Final = frozenset({".aria2", ".part"})


class Found(StrEnum):
    """What there is, in the words of the table."""

    WHOLE = "whole"
    NOTHING = "nothing"
    PARTIAL = "a marked partial"
    HALF = "half at the final name"
    HALF_BESIDE_ARIA2 = "half at the final name, .aria2 beside it"
    SPLICED = "spliced"
    EMPTY = "empty"
    WEB_PAGE = "a web page"
    ERROR_MESSAGE = "an error message"
    WRONG_EXTENSION = "wrong extension"
    ANOTHER = "another picture"
    DAMAGED = "damaged"
    SOMETHING_ELSE = "something else"


HONEST: Final = frozenset({Found.NOTHING, Found.PARTIAL})
"""What may be left by a run that says that it failed."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture that is asked for.

    `stem` begins every name of its file. The service serves one of `versions`, of which all are whole, and
    never one of `others`.
    """

    stem: str
    extension: str
    versions: tuple[bytes, ...]
    others: tuple[bytes, ...] = ()


def found(files: Mapping[str, bytes], picture: Picture) -> Found:
    """What `files`, bytes by name, have of `picture`; of several files, of one that is not whole."""
    own = {name: data for name, data in files.items() if name.lstrip(".").startswith(picture.stem)}
    final = {name: data for name, data in own.items() if not _is_partial(name)}
    if not final:
        return Found.PARTIAL if own else Found.NOTHING
    seen = {_found_in(name, data, picture) for name, data in final.items()} - {Found.WHOLE}
    if Found.HALF in seen and any(name.endswith(".aria2") for name in own):
        return Found.HALF_BESIDE_ARIA2
    return min(seen, default=Found.WHOLE)


def is_right(codes: Sequence[int | None], pictures: Sequence[Found]) -> bool:
    """Whether exit codes say what is there: success that all is whole, a failure that something is missing.

    Of several processes at one target one that succeeds is enough. A code of None is no end at all.
    """
    if None in codes:
        return False
    if 0 in codes:
        return set(pictures) == {Found.WHOLE}
    return bool(HONEST.intersection(pictures)) and HONEST.union({Found.WHOLE}).issuperset(pictures)


def _is_partial(name: str) -> bool:
    return name.startswith(".") or PurePath(name).suffix in _PARTIAL


def _found_in(name: str, data: bytes, picture: Picture) -> Found:
    if data in picture.versions:
        # Where nobody chooses a name, it is the end of the URL with all of its query.
        extension = PurePath(name.partition("?")[0]).suffix.lstrip(".")
        return Found.WHOLE if extension in ("", picture.extension) else Found.WRONG_EXTENSION
    if not data:
        return Found.EMPTY
    if data in picture.others:
        return Found.ANOTHER
    if any(version.startswith(data) for version in picture.versions + picture.others):
        return Found.HALF
    if any(_is_spliced(data, old, new) for old in picture.versions for new in picture.versions):
        return Found.SPLICED
    start = data[:256].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return Found.WEB_PAGE
    if start.startswith((b"{", b"[", b"<?xml")):
        return Found.ERROR_MESSAGE
    begins = any(version.startswith(data[:_BEGINNING]) for version in picture.versions)
    return Found.DAMAGED if begins else Found.SOMETHING_ELSE


def _is_spliced(data: bytes, old: bytes, new: bytes) -> bool:
    """Whether `data` begins as `old` and goes on as `new`."""
    if len(data) != len(new):
        return False
    return _equal_at_start(data, old) + _equal_at_start(data[::-1], new[::-1]) >= len(data)


def _equal_at_start(one: bytes, other: bytes) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (mine, its) in pairs if mine != its), min(len(one), len(other)))
