"""How the database came to its present shape, one version after the other.

``PRAGMA user_version`` counts the steps that a file has behind it. A step is never changed once it was
released; a new shape is a new step.
"""

from typing import Any, Final

from peewee import SqliteDatabase

# What is left of a path when all that stands before its last "/" goes.
_BASE_NAME: Final = "replace({0}.local_path, rtrim({0}.local_path, replace({0}.local_path, '/', '')), '')"


def _words_of(row: str) -> str:
    """Return the columns of ``image_text`` as a row of ``image`` gives them.

    A file that has the name of its key, as nearly all have, is found by the key: its image is not indexed
    anew when it is saved.
    """
    name = _BASE_NAME.format(row)
    by_key = f"substr({name}, 1, length({row}.media_key) + 1) = {row}.media_key || '.'"
    file = f"CASE WHEN {by_key} THEN NULL ELSE {name} END"
    return f"{row}.id, {row}.title, {row}.prompt, {row}.project_title, {file}"


def _trigger(name: str, event: str, *statements: str) -> str:
    return f"CREATE TRIGGER {name} AFTER {event} BEGIN {'; '.join(statements)}; END"


_TEXT_COLUMNS: Final = "rowid, title, prompt, project_title, file"
_INDEX_NEW: Final = f"INSERT INTO image_text ({_TEXT_COLUMNS}) VALUES ({_words_of('new')})"  # noqa: S608
# The index has no copy of the texts: it is told what to forget.
_FORGET_OLD: Final = (
    f"INSERT INTO image_text (image_text, {_TEXT_COLUMNS}) VALUES ('delete', {_words_of('old')})"  # noqa: S608
)
_SIZE_NEW: Final = """
    UPDATE image SET file_size = (
        SELECT size FROM saved_file WHERE profile_id = new.profile_id AND path = new.local_path
    ) WHERE id = new.id
"""
_SIZE_THOSE_AT_NEW: Final = """
    UPDATE image SET file_size = new.size WHERE profile_id = new.profile_id AND local_path = new.path
"""
_UNSIZE_THOSE_AT_OLD: Final = """
    UPDATE image SET file_size = NULL WHERE profile_id = old.profile_id AND local_path = old.path
"""

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
    (
        "ALTER TABLE profile ADD COLUMN filter_text TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE profile ADD COLUMN sort_key TEXT NOT NULL DEFAULT 'created'",
        "ALTER TABLE profile ADD COLUMN descending INTEGER NOT NULL DEFAULT 1",
        # A gallery has an index for each order: nothing is sorted when somebody looks.
        """
        ALTER TABLE image ADD COLUMN state TEXT GENERATED ALWAYS AS (
            CASE WHEN local_path IS NOT NULL THEN 'downloaded' WHEN parked_at IS NOT NULL THEN 'parked'
            WHEN failure IS NOT NULL THEN 'failed' ELSE 'pending' END
        ) VIRTUAL
        """,
        "ALTER TABLE image ADD COLUMN file_size INTEGER",
        """
        UPDATE image SET file_size = (
            SELECT size FROM saved_file
            WHERE saved_file.profile_id = image.profile_id AND saved_file.path = image.local_path
        ) WHERE local_path IS NOT NULL
        """,
        "CREATE INDEX image_by_state ON image (profile_id, state, created_at DESC, id DESC)",
        "CREATE INDEX image_by_ratio ON image (profile_id, aspect_ratio, created_at DESC, id DESC)",
        "CREATE INDEX image_by_size ON image (profile_id, file_size, created_at DESC, id DESC)",
        _trigger("image_came_with_file", "INSERT ON image WHEN new.local_path IS NOT NULL", _SIZE_NEW),
        _trigger(
            "image_got_file",
            "UPDATE OF local_path ON image WHEN new.local_path IS NOT old.local_path",
            _SIZE_NEW,
        ),
        _trigger("file_came", "INSERT ON saved_file", _SIZE_THOSE_AT_NEW),
        _trigger(
            "file_changed",
            "UPDATE OF profile_id, path, size ON saved_file",
            _UNSIZE_THOSE_AT_OLD,
            _SIZE_THOSE_AT_NEW,
        ),
        _trigger("file_went", "DELETE ON saved_file", _UNSIZE_THOSE_AT_OLD),
        # Words are looked for in an index that has no copy of the texts.
        f"""
        CREATE VIEW image_words (id, title, prompt, project_title, file)
        AS SELECT {_words_of("image")} FROM image
        """,  # noqa: S608
        """
        CREATE VIRTUAL TABLE image_text USING fts5 (
            title, prompt, project_title, file, content = 'image_words', content_rowid = 'id',
            columnsize = 0, prefix = '1', tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co So'"
        )
        """,
        "INSERT INTO image_text (image_text) VALUES ('rebuild')",
        _trigger("words_came", "INSERT ON image", _INDEX_NEW),
        _trigger("words_went", "DELETE ON image", _FORGET_OLD),
        _trigger(
            "words_changed",
            "UPDATE OF id, media_key, title, prompt, project_title, local_path ON image "
            f"WHEN ({_words_of('new')}) IS NOT ({_words_of('old')})",
            _FORGET_OLD,
            _INDEX_NEW,
        ),
    ),
    (
        "ALTER TABLE image ADD COLUMN endings TEXT",
        # The one that is known of.
        """
        UPDATE image SET endings = json_array(
            json_object('at', failed_at, 'outcome', 'failed', 'told', failure)
        ) WHERE local_path IS NULL AND failure IS NOT NULL AND failed_at IS NOT NULL
        """,
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
