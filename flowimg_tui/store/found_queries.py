"""Queries on what a person looks for: which images those are, in which order, and what a profile remembers.

Each condition and each part of an order is read from one index, as one row of JSON: SQLite does not hold the
interpreter's lock meanwhile, and can be interrupted. What the conditions find is met in sets, which took half
the time of SQLite's own.
"""

import re
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import filterfalse
from typing import Final, TypeAlias

from flowimg_tui.store.filters import RATIOS, Condition, Days, Filter, Group, Ratio, States, Word
from flowimg_tui.store.finding import Finding, Order, SortKey
from flowimg_tui.store.image_queries import ImageQueries
from flowimg_tui.store.interruption import Interruption
from flowimg_tui.store.models import Profile, UtcField
from flowimg_tui.store.records import ImageState

_NEWEST: Final = "created_at DESC, id DESC"
_STATES: Final = (ImageState.FAILED, ImageState.PARKED, ImageState.PENDING, ImageState.DOWNLOADED)
"""What needs somebody comes first."""
_SLICE: Final = 8192
_Sieve: TypeAlias = Callable[[Callable[[int], bool], Iterable[int]], Iterator[int]]
_DAY: Final = re.compile(r"\d{4}-[\d-]*\Z")
"""The folder of a day, or the begin of its name."""
_EXTENSIONS: Final = ("jpg", "jpeg", "png", "webp")
_SHORTEST_EXTENSION: Final = 3
_BEYOND: Final = "\U0010ffff"
"""Behind every character that stands in a key."""
_ANYWHERE: Final = " OR ".join(rf"{text} LIKE ? ESCAPE '\'" for text in ("title", "prompt", "project_title"))


@dataclass(frozen=True, slots=True)
class _Part:
    """Some of a profile's images in an order that an index has: nothing is sorted, and no row is read."""

    index: str
    order: str
    condition: str = "TRUE"
    parameters: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class _Query:
    """A query on the ids of images, with what stands for its question marks."""

    sql: str
    parameters: tuple[object, ...]


class FoundQueries(ImageQueries):
    """What is looked for in a gallery."""

    def finding(self, profile_id: int) -> Finding:
        """Return what was looked for in the profile's gallery last."""
        columns = (Profile.filter_text, Profile.sort_key, Profile.descending)
        query = Profile.select(*columns).where(Profile.id == profile_id).tuples()
        for text, key, descending in query.execute(self._database):
            return Finding(text, Order(SortKey(key), bool(descending)))
        return Finding()  # the profile is gone: another process has removed it

    def set_finding(self, profile_id: int, finding: Finding) -> None:
        """Remember what is looked for in the profile's gallery."""
        # A lone surrogate cannot be stored.
        text = finding.text.encode("utf-8", "replace").decode()
        Profile.update(
            filter_text=text, sort_key=finding.order.key.value, descending=finding.order.descending
        ).where(Profile.id == profile_id).execute(self._database)

    def ordered_ids(self, profile_id: int, order: Order, interruption: Interruption) -> "array[int]":
        """Return the ids of all images of the profile in their order, as of one moment.

        Takes some 10 ms for 100 000 images. Raises :class:`Interrupted`.
        """
        # A third of the memory of a list, for as long as they are shown.
        ids = array("q")
        with self._database.atomic():
            for part in _parts(order):
                ids.extend(self._read(_query_of(part, profile_id), interruption))
        return ids

    def found_ids(
        self, profile_id: int, wanted: Filter, ordered: "array[int]", interruption: Interruption
    ) -> "array[int]":
        """Return those of the ``ordered`` ids that ``wanted`` finds, as of one moment.

        Takes some 10 ms for each word that most of 100 000 images have. Raises :class:`Interrupted`.
        """
        ids = ordered
        with self._database.atomic():
            for group in wanted.wanted:
                if ids:
                    ids = _sifted(filter, self._any_of(profile_id, group, interruption), ids)
            for condition in wanted.unwanted:
                if ids:
                    ids = _sifted(filterfalse, self._any_of(profile_id, (condition,), interruption), ids)
        return ids

    def _any_of(self, profile_id: int, conditions: Group, interruption: Interruption) -> set[int]:
        found: set[int] = set()
        for condition in conditions:
            found.update(self._read(_ids_of(condition, profile_id), interruption))
        return found

    def _read(self, query: _Query, interruption: Interruption) -> list[int]:
        with interruption.of(self._connection()):
            return self._ids(f"SELECT json_group_array(id) FROM ({query.sql})", query.parameters)  # noqa: S608


def _sifted(sieve: _Sieve, met: set[int], ids: "array[int]") -> "array[int]":
    """Return what the sieve keeps, a slice at a time: between two of them other threads have their turn."""
    kept = array("q")
    for start in range(0, len(ids), _SLICE):
        kept.extend(sieve(met.__contains__, ids[start : start + _SLICE]))
    return kept


def _query_of(part: _Part, profile_id: int) -> _Query:
    sql = (
        f"SELECT id FROM image INDEXED BY {part.index} "  # noqa: S608
        f"WHERE profile_id = ? AND {part.condition} ORDER BY {part.order}"
    )
    return _Query(sql, (profile_id, *part.parameters))


def _parts(order: Order) -> Iterator[_Part]:
    """Yield the parts of which the order is made, one behind the other."""
    descending = order.descending
    direction = "DESC" if descending else "ASC"
    match order.key:
        case SortKey.CREATED if descending:
            yield _Part("image_by_age", _NEWEST)
        case SortKey.CREATED:
            yield _Part("image_by_age", "created_at, id", "created_at IS NOT NULL")
            yield _Part("image_by_age", "id DESC", "created_at IS NULL")
        case SortKey.KEY:
            yield _Part("image_by_key", f"media_key {direction}, id {direction}")
        case SortKey.RATIO:
            words = tuple(RATIOS.values())
            for word in reversed(words) if descending else words:
                yield _Part("image_by_ratio", _NEWEST, "aspect_ratio = ?", (word,))
            others = f"aspect_ratio NOT IN ({', '.join('?' * len(words))})"
            yield _Part("image_by_ratio", f"aspect_ratio, {_NEWEST}", others, words)
            yield _Part("image_by_ratio", _NEWEST, "aspect_ratio IS NULL")
        case SortKey.SIZE:
            like_index = "created_at ASC, id ASC" if descending else _NEWEST
            yield _Part("image_by_size", f"file_size {direction}, {like_index}", "file_size IS NOT NULL")
            yield _Part("image_by_size", _NEWEST, "file_size IS NULL")
        case SortKey.FILE:
            yield _Part("image_by_path", f"local_path {direction}, id {direction}", "local_path IS NOT NULL")
            yield _Part("image_missing", _NEWEST, "local_path IS NULL")
        case SortKey.STATE:
            for state in reversed(_STATES) if descending else _STATES:
                yield _Part("image_by_state", _NEWEST, "state = ?", (state.value,))


def _ids_of(condition: Condition, profile_id: int) -> _Query:
    """Return the query on the ids of the images that the condition holds for."""
    ours = "SELECT id FROM image WHERE profile_id = ?"
    match condition:
        case States(states):
            places = ", ".join("?" * len(states))
            return _Query(f"{ours} AND state IN ({places})", (profile_id, *sorted(states)))
        case Ratio(word):
            return _Query(f"{ours} AND aspect_ratio = ?", (profile_id, word))
        case Days(begin, end):
            span = (UtcField().db_value(begin), UtcField().db_value(end))
            return _Query(f"{ours} AND created_at >= ? AND created_at < ?", (profile_id, *span))
        case Word():
            queries = tuple(_word_queries(condition, profile_id))
            parameters = tuple(value for query in queries for value in query.parameters)
            return _Query(" UNION ALL ".join(query.sql for query in queries), parameters)


def _word_queries(word: Word, profile_id: int) -> Iterator[_Query]:
    """Yield where a word is looked for: in the texts, at the beginning of key and name, among the files."""
    ours = "SELECT id FROM image WHERE profile_id = ?"
    phrase = '"' + word.text.replace('"', '""') + '"' + ("" if word.whole else " *")
    # Those of other profiles as well: they are in none of the orders of this one.
    yield _Query("SELECT rowid AS id FROM image_text WHERE image_text MATCH ?", (phrase,))
    spellings = dict.fromkeys((word.text, word.text.lower()))
    for column, begins in (*(("media_key", each) for each in spellings), ("name", word.text)):
        end = begins if word.whole else begins + _BEYOND
        yield _Query(f"{ours} AND {column} BETWEEN ? AND ?", (profile_id, begins, end))
    yield from _file_queries(word, profile_id)
    if word.anywhere:
        pattern = _literal(word.text)
        # Every row is read: in their own order that takes half the time of an index's.
        sql = f"SELECT id FROM image NOT INDEXED WHERE profile_id = ? AND ({_ANYWHERE})"  # noqa: S608
        yield _Query(sql, (profile_id, *(f"%{pattern}%",) * 3))


def _file_queries(word: Word, profile_id: int) -> Iterator[_Query]:
    """Yield where a word is looked for among the files that have the name of their key.

    They are in no index of texts. A path may be whole, or begin with one of its parts, and may not have
    come to its end yet.
    """
    ours = "SELECT id FROM image WHERE profile_id = ?"
    # Of all of them, the paths alone: they stand in an index.
    any_path = "SELECT id FROM image INDEXED BY image_by_path WHERE profile_id = ? AND local_path IS NOT NULL"
    pattern = _literal(word.text)
    if "." in word.text:
        stem = word.text.rpartition("/")[2].rpartition(".")[0]
        begins = "media_key = ? AND instr('/' || local_path, '/' || ?) > 0"
        yield _Query(f"{ours} AND {begins}", (profile_id, stem, word.text))
        yield _Query(f"{ours} AND local_path = ?", (profile_id, word.text))
    elif word.whole:
        return
    elif _DAY.match(word.text):
        yield _Query(rf"{any_path} AND local_path LIKE ? ESCAPE '\'", (profile_id, f"%/{pattern}%"))
    elif len(word.text) >= _SHORTEST_EXTENSION and any(
        each.startswith(word.text.lower()) for each in _EXTENSIONS
    ):
        yield _Query(rf"{any_path} AND local_path LIKE ? ESCAPE '\'", (profile_id, f"%.{pattern}%"))


def _literal(text: str) -> str:
    """Return ``text`` as LIKE takes it, after which no character stands for others."""
    return "".join(f"\\{each}" if each in "\\%_" else each for each in text)
