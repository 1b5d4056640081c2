"""What a typed filter means: ``boat "paper sky" -fog state:failed ratio:16:9 date:2026-10``.

Words are prefixes and must all be met; a phrase in quotes is met word for word; a minus excludes. Facets of
one kind widen, those of different kinds narrow. Nothing that can be typed is an error: what is wrong has a
sentence in :attr:`Filter.problem`.

A facet is applied as far as it is finished: while somebody types on, the table does not go empty and come
back at each key. One that no more typing can finish finds nothing, so that nobody takes a whole gallery for
its failed images.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias, TypeVar

from flowimg_tui.store.records import ImageState

MOST_ITEMS: Final = 32
MOST_CHARACTERS: Final = 1000

_RATIO_PREFIX: Final = "IMAGE_ASPECT_RATIO_"
RATIOS: Final[Mapping[str, str]] = {
    "16:9": f"{_RATIO_PREFIX}LANDSCAPE",
    "4:3": f"{_RATIO_PREFIX}LANDSCAPE_FOUR_THREE",
    "1:1": f"{_RATIO_PREFIX}SQUARE",
    "3:4": f"{_RATIO_PREFIX}PORTRAIT_THREE_FOUR",
    "9:16": f"{_RATIO_PREFIX}PORTRAIT",
}
"""From wide to tall: what is shown, and the wire's word for it."""

_RATIO_WORDS: Final = {
    **RATIOS,
    **{word.removeprefix(_RATIO_PREFIX).lower(): word for word in RATIOS.values()},
}
_STATES: Final[Mapping[str, frozenset[ImageState]]] = {
    "saved": frozenset({ImageState.DOWNLOADED}),
    "downloaded": frozenset({ImageState.DOWNLOADED}),
    "pending": frozenset({ImageState.PENDING}),
    "failed": frozenset({ImageState.FAILED}),
    "parked": frozenset({ImageState.PARKED}),
    "missing": frozenset(ImageState) - {ImageState.DOWNLOADED},
}
_STATE_HINT: Final = "state: one of saved, pending, failed, parked, missing"
_RATIO_HINT: Final = f"ratio: one of {', '.join(RATIOS)}"
_DATE_HINT: Final = "date: a year, a month or a day, as 2026, 2026-10 or 2026-10-31"
_NO_FACET: Final = "facets are state:, ratio: and date:; everything else is looked for as text"
_TOO_MUCH: Final = f"only the first {MOST_ITEMS} words of the first {MOST_CHARACTERS} characters count"

_ITEM: Final = re.compile(r'(?P<minus>-?)(?:"(?P<phrase>[^"]*)(?P<closed>"?)|(?P<word>\S+))')
_FACET: Final = re.compile(r"(?P<name>[^\W\d_]+):(?!//)(?P<value>.*)", re.DOTALL)
_DATE: Final = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_MORE_OF_A_DATE: Final = ("2001", "001", "01", *"0123456789")
_BEGINNING_OF_TIME: Final = datetime.min.replace(tzinfo=UTC)
_END_OF_TIME: Final = datetime.max.replace(tzinfo=UTC)
_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Thai, Lao, Burmese, Khmer, Kana, Han: their words are not set apart by spaces."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Word:
    """Text that an image must have: words one after the other, of which the last may go on."""

    text: str
    whole: bool = False
    """Whether the last word ends where it ends here."""

    @property
    def anywhere(self) -> bool:
        """Whether a word of its script has no beginning that could be looked for."""
        return _UNSPACED.search(self.text) is not None


@dataclass(frozen=True, slots=True)
class States:
    """The image is in one of these states."""

    states: frozenset[ImageState]


@dataclass(frozen=True, slots=True)
class Ratio:
    """The image has this aspect ratio, as the wire says it."""

    word: str


@dataclass(frozen=True, slots=True)
class Days:
    """The image was made in this span of time, of which ``end`` is the first moment behind it."""

    begin: datetime
    end: datetime


Condition: TypeAlias = Word | States | Ratio | Days
Group: TypeAlias = tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """What a typed filter means."""

    wanted: tuple[Group, ...] = ()
    """Of each group one condition must hold; of an empty group none can."""
    unwanted: Group = ()
    """None of them may hold."""
    problem: str | None = None
    """What is wrong with what was typed, or is not finished: a sentence for a person."""

    @property
    def finds_all(self) -> bool:
        return not self.wanted and not self.unwanted

    @property
    def depends_on_files(self) -> bool:
        """Whether what becomes of an image's file can change whether the image is found."""
        conditions = (*self.unwanted, *(condition for group in self.wanted for condition in group))
        return any(isinstance(condition, States | Word) for condition in conditions)


@dataclass(frozen=True, slots=True)
class _Read:
    """What became of one facet: a condition, or with none, whether it may still become one."""

    condition: Condition | None
    problem: str | None = None
    unfinished: bool = False


def parse_filter(text: str) -> Filter:
    """Return what ``text`` means."""
    groups: dict[object, list[Condition]] = {}
    unwanted: list[Condition] = []
    problem = _TOO_MUCH if len(text) > MOST_CHARACTERS else None
    for number, item in enumerate(_ITEM.finditer(_printable(text[:MOST_CHARACTERS]))):
        if number == MOST_ITEMS:
            problem = _TOO_MUCH
            break
        read, kind = _read(item)
        problem = read.problem or problem
        if not read.unfinished:
            group = unwanted if item["minus"] else groups.setdefault(kind or read.condition, [])
            if read.condition is not None and read.condition not in group:
                group.append(read.condition)
    return Filter(tuple(map(tuple, groups.values())), tuple(unwanted), problem)


def _printable(text: str) -> str:
    """Return ``text`` with a space for each control character and lone surrogate: no query can hold those."""
    return "".join(" " if unicodedata.category(each) in ("Cc", "Cs") else each for each in text)


def _read(item: re.Match[str]) -> tuple[_Read, str | None]:
    """Return what one item means, and of which kind of facet it is."""
    if item["word"] is None:
        return _read_word(item["phrase"], whole=bool(item["closed"])), None
    facet = _FACET.fullmatch(item["word"])
    if facet is None:
        return _read_word(item["word"]), None
    name, value = facet["name"].lower(), facet["value"].strip('"').lower()
    match name:
        case "state":
            return _read_state(value), name
        case "ratio":
            return _read_ratio(value), name
        case "date":
            return _read_date(value), name
        case _:
            return _read_word(item["word"], problem=_NO_FACET), None


def _read_word(text: str, *, whole: bool = False, problem: str | None = None) -> _Read:
    # Punctuation alone is in no index of words: it says nothing, rather than that nothing is found.
    if not any(map(_is_of_a_word, text)):
        return _Read(None, unfinished=True)
    return _Read(Word(text, whole), problem)


def _is_of_a_word(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "LN" or category in ("Co", "So")


def _read_state(value: str) -> _Read:
    chosen = _choices(value, _STATES)
    if len(chosen) == 1:
        return _Read(States(*chosen))
    return _Read(None, _STATE_HINT, unfinished=bool(chosen))


def _read_ratio(value: str) -> _Read:
    word = value.upper().removeprefix(_RATIO_PREFIX)
    chosen = _choices(word.lower(), _RATIO_WORDS)
    if len(chosen) == 1:
        return _Read(Ratio(*chosen))
    # A word that Flow has only just invented is shown as it is, and can be looked for.
    return _Read(None if chosen else Ratio(f"{_RATIO_PREFIX}{word}"), _RATIO_HINT, unfinished=bool(chosen))


def _choices(value: str, options: Mapping[str, T]) -> set[T]:
    """Return the one option of this name, or else all whose names begin so."""
    if value in options:
        return {options[value]}
    return {option for name, option in options.items() if name.startswith(value)}


def _read_date(value: str) -> _Read:
    """Read a date; one that is not finished yet counts as far as it is."""
    days = _days(value)
    if days is not None:
        return _Read(days)
    if not any(_days(value + more) for more in _MORE_OF_A_DATE):
        return _Read(None, _DATE_HINT)
    finished = _days(value[:7]) or _days(value[:4])
    return _Read(finished, _DATE_HINT, unfinished=finished is None)


def _days(date: str) -> Days | None:
    """Return a year, a month or a day in the machine's own zone, as the table shows times."""
    found = _DATE.fullmatch(date)
    if found is None:
        return None
    parts = [int(part) for part in found.groups() if part]
    year, month, day = (*parts, 1, 1)[:3]
    try:
        begin = datetime(year, month, day)  # noqa: DTZ001 - the machine's own zone is meant
    except ValueError:
        return None
    try:
        match len(parts):
            case 3:
                end = begin + timedelta(days=1)
            case 2:
                end = (begin + timedelta(days=31)).replace(day=1)
            case _:
                end = begin.replace(year=year + 1)
    except (OverflowError, ValueError):
        return Days(_moment(begin), _END_OF_TIME)
    return Days(_moment(begin), _moment(end))


def _moment(local: datetime) -> datetime:
    """Return the moment in UTC; the first and the last days there are have no other time zones."""
    try:
        return local.astimezone(UTC)
    except (OverflowError, ValueError):
        return _BEGINNING_OF_TIME if local.year == 1 else _END_OF_TIME
