"""Galleries of any length, written past the store: a million images in half a minute."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

# Older than all of the demo's: a download begins with those that the service knows.
_NEWEST: Final = datetime(2025, 6, 1, tzinfo=UTC)
_FIRST_WORDS: Final = ("boat", "boar", "bold", "bay", "lake", "harbour", "meadow", "forest")
_SECOND_WORDS: Final = ("misty", "mist", "mission", "mild", "moon", "golden", "quiet", "stormy", "paper")
_RATIOS: Final = ("LANDSCAPE", "SQUARE", "PORTRAIT", "LANDSCAPE_FOUR_THREE", "PORTRAIT_THREE_FOUR")
_IMAGE: Final = """
    INSERT INTO image (
        profile_id, name, media_key, aspect_ratio, local_path, created_at, last_sync, failure, failed_at,
        failed_runs, parked_at, title, prompt, project_title
    ) SELECT id, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ? FROM profile
"""
_SIZES: Final = """
    UPDATE image SET file_size = (
        SELECT size FROM saved_file
        WHERE saved_file.profile_id = image.profile_id AND saved_file.path = image.local_path
    ) WHERE local_path IS NOT NULL
"""
_FILE: Final = """
    INSERT INTO saved_file (profile_id, media_key, path, size, sha256, mime, source, saved_at)
    SELECT id, ?, ?, ?, ?, 'image/jpeg', 'api', ? FROM profile
"""


def fill(database: Path, count: int) -> None:
    """Put images into a database with one profile, whose texts, states, sizes and times differ."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        # It can be made anew.
        connection.execute("PRAGMA synchronous = off")
        connection.execute("BEGIN")
        with without_indexes(connection):
            saved = filter(_is_saved, range(count))
            connection.executemany(_FILE, map(_file, saved))
            connection.executemany(_IMAGE, map(_image, range(count)))
            connection.execute(_SIZES)
        connection.execute("INSERT INTO image_text (image_text) VALUES ('rebuild')")
        connection.execute("COMMIT")


@contextmanager
def without_indexes(connection: sqlite3.Connection) -> Iterator[None]:
    """Let indexes and triggers be made anew afterwards: row by row they take four times as long.

    What the triggers do for each row is left to do.
    """
    found = connection.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
    ).fetchall()
    for kind, name, _ in found:
        connection.execute(f"DROP {kind} {name}")
    yield
    for _, _, sql in found:
        connection.execute(sql)


def _is_saved(number: int) -> bool:
    return number % 10 < 7


def key_of(number: int) -> str:
    """Return the media key of the image with this number, from the newest on."""
    # A multiplier without a common divisor with the modulus: the order of the keys is not that of the times.
    return f"{number * 2_654_435_761 % 2**32:08x}-{number:08x}"


def _path(number: int) -> str:
    return f"/pictures/{_NEWEST - timedelta(days=number // 300):%Y-%m-%d}/{key_of(number)}.jpg"


def _file(number: int) -> tuple[object, ...]:
    return (
        key_of(number),
        _path(number),
        200_000 + number * 7919 % 1_800_000,
        f"{number:064x}",
        _moment(number),
    )


def _image(number: int) -> tuple[object, ...]:
    """Of ten, seven are saved, one is pending, one has failed and one is parked."""
    moment = _moment(number)
    has_failed, is_parked = number % 10 >= 8, number % 10 == 9
    first, second = _FIRST_WORDS[number % 8], _SECOND_WORDS[number // 8 % 9]
    return (
        f"name-{number}",
        key_of(number),
        f"IMAGE_ASPECT_RATIO_{_RATIOS[number % 5]}",
        _path(number) if _is_saved(number) else None,
        moment,
        "404 not found" if has_failed else None,
        moment if has_failed else None,
        10 if is_parked else int(has_failed),
        moment if is_parked else None,
        f"{first} {number}",
        f"a {second} {first}, view {number} of a long series, film grain",
        f"Project {number % 50}",
    )


def _moment(number: int) -> str:
    return f"{_NEWEST - timedelta(minutes=5 * number):%Y-%m-%dT%H:%M:%S.%fZ}"
