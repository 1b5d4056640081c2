"""How the database came to its present shape, one version after the other.

``PRAGMA user_version`` counts the steps that a file has behind it. A step is never changed once it was
released; a new shape is a new step.
"""

from typing import Any, Final

from peewee import SqliteDatabase

STEPS: Final[tuple[tuple[str, ...], ...]] = (
    (
        """
        CREATE TABLE profile (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            service TEXT NOT NULL,
            account TEXT,
            output TEXT,
            flow_key TEXT,
            created_at TEXT NOT NULL,
            synced_at TEXT,
            syncs INTEGER NOT NULL DEFAULT 0
        )
        """,
        """
        CREATE TABLE image (
            id INTEGER PRIMARY KEY,
            profile_id INTEGER NOT NULL REFERENCES profile (id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            workflow_id TEXT,
            media_key TEXT NOT NULL,
            aspect_ratio TEXT,
            fife_url TEXT,
            local_path TEXT,
            created_at TEXT,
            last_sync INTEGER NOT NULL,
            failure TEXT,
            failed_at TEXT,
            tries INTEGER NOT NULL DEFAULT 0,
            UNIQUE (profile_id, name)
        )
        """,
        "CREATE INDEX image_by_age ON image (profile_id, created_at DESC, id DESC)",
        # local_path and failure stand in these indexes so that counting never reads a row.
        """
        CREATE INDEX image_missing ON image (profile_id, created_at DESC, id DESC, local_path)
        WHERE local_path IS NULL
        """,
        """
        CREATE INDEX image_failed ON image (profile_id, local_path, failure)
        WHERE local_path IS NULL AND failure IS NOT NULL
        """,
        """
        CREATE TABLE saved_file (
            id INTEGER PRIMARY KEY,
            profile_id INTEGER NOT NULL REFERENCES profile (id) ON DELETE CASCADE,
            media_key TEXT NOT NULL,
            path TEXT NOT NULL,
            size INTEGER NOT NULL,
            sha256 TEXT NOT NULL,
            mime TEXT NOT NULL,
            source TEXT NOT NULL,
            saved_at TEXT NOT NULL,
            UNIQUE (profile_id, path)
        )
        """,
        "CREATE INDEX saved_file_by_key ON saved_file (profile_id, media_key)",
    ),
    (
        "ALTER TABLE image ADD COLUMN title TEXT",
        "ALTER TABLE image ADD COLUMN prompt TEXT",
        "ALTER TABLE image ADD COLUMN seed INTEGER",
        "ALTER TABLE image ADD COLUMN width INTEGER",
        "ALTER TABLE image ADD COLUMN height INTEGER",
        "ALTER TABLE image ADD COLUMN project_title TEXT",
        "ALTER TABLE image ADD COLUMN legacy_name TEXT",
        "CREATE INDEX image_by_key ON image (profile_id, media_key)",
        "CREATE INDEX image_by_path ON image (profile_id, local_path) WHERE local_path IS NOT NULL",
        # A picture that moved is known by the name it had before, also after its record went.
        "ALTER TABLE saved_file ADD COLUMN name TEXT",
        # The image that points to the file first: two images can have one key, and a file each.
        """
        UPDATE saved_file SET name = (
            SELECT image.name FROM image
            WHERE image.profile_id = saved_file.profile_id AND image.media_key = saved_file.media_key
            AND image.local_path = saved_file.path
        )
        """,
        """
        UPDATE saved_file SET name = (
            SELECT image.name FROM image
            WHERE image.profile_id = saved_file.profile_id AND image.media_key = saved_file.media_key
        ) WHERE name IS NULL
        """,
        "CREATE INDEX saved_file_by_name ON saved_file (profile_id, name)",
    ),
    (
        # Each failed run had counted one try.
        "ALTER TABLE image ADD COLUMN failed_runs INTEGER NOT NULL DEFAULT 0",
        "UPDATE image SET failed_runs = tries WHERE tries > 0",
        "ALTER TABLE image ADD COLUMN parked_at TEXT",
        "DROP INDEX image_missing",
        """
        CREATE INDEX image_missing ON image (profile_id, created_at DESC, id DESC, local_path, parked_at)
        WHERE local_path IS NULL
        """,
        """
        CREATE INDEX image_parked ON image (profile_id, local_path, parked_at)
        WHERE local_path IS NULL AND parked_at IS NOT NULL
        """,
        "ALTER TABLE profile ADD COLUMN place TEXT",
        "ALTER TABLE profile ADD COLUMN place_at TEXT",
    ),
)

VERSION: Final = len(STEPS)


class FutureDatabase(Exception):
    """The file was written by a newer version of this program. It was not touched."""


def migrate(database: SqliteDatabase) -> None:
    """Bring an open database to :data:`VERSION`. Raises :class:`FutureDatabase`."""
    if _version(database) == VERSION:
        return
    # The lock comes before the look: another process may be migrating the same file.
    with database.atomic("IMMEDIATE"):
        version = _version(database)
        if version > VERSION:
            raise FutureDatabase(
                f"{database.database} has version {version}; this flowimg-tui knows up to {VERSION}. "
                "Install the newer flowimg-tui that wrote it. Nothing was changed."
            )
        for statement in (statement for step in STEPS[version:] for statement in step):
            _execute(database, statement)
        _execute(database, f"PRAGMA user_version = {VERSION}")


def _version(database: SqliteDatabase) -> int:
    return int(_execute(database, "PRAGMA user_version").fetchone()[0])


def _execute(database: SqliteDatabase, statement: str) -> Any:
    return database.execute_sql(statement)  # type: ignore[no-untyped-call]
