"""What must hold of an installation at every moment, whatever happened to the run that worked on it."""

import hashlib
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from flowimg_tui.demo.service import DemoService
from tests.cli.helpers import Installation

_ROWS: Final = """
    SELECT image.media_key, image.local_path, saved_file.sha256, saved_file.size
    FROM image LEFT JOIN saved_file ON saved_file.path = image.local_path
    WHERE image.local_path IS NOT NULL
"""
_LEDGER: Final = "SELECT media_key, path, sha256, size FROM saved_file"
_OF_A_HOME: Final = (
    "gallery.db",
    "gallery.db-shm",
    "gallery.db-wal",
    "flowimg.log",
    "studio.json",
    "studio.lock",
)


def assert_sound(flowimg: Installation, service: DemoService) -> None:
    """Every row and every ledger entry has its whole file, and each file with a picture's name is whole."""
    assert ask(flowimg, "PRAGMA integrity_check") == [("ok",)]
    assert ask(flowimg, "PRAGMA foreign_key_check") == []
    for media_key, path, sha256, size in ask(flowimg, _ROWS) + ask(flowimg, _LEDGER):
        data = Path(path).read_bytes()
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (sha256, size), path
        assert data == service.picture(media_key), path
    for file in flowimg.files():
        if not file.name.startswith("."):
            assert file.read_bytes() == service.picture(file.stem), file


def assert_mirrored(flowimg: Installation, service: DemoService) -> None:
    """The whole gallery is here, each picture once, and nothing else is."""
    assert_sound(flowimg, service)
    counts = flowimg.counts()
    assert counts["downloaded"] == counts["images"] == len(service.gallery)
    assert len(flowimg.files()) == len(service.gallery)
    assert unfinished(flowimg) == []


def unfinished(flowimg: Installation) -> list[str]:
    """Return every file in home and output that is neither a picture nor one that a home has."""
    home = [path for path in flowimg.home.rglob("*") if path.is_file() and path.name not in _OF_A_HOME]
    odd = [path for path in home if path.parent.name != "kept" or path.suffix != ".db"]
    return sorted(path.name for path in odd + [file for file in flowimg.files() if file.name[0] == "."])


def ask(flowimg: Installation, sql: str) -> list[tuple[Any, ...]]:
    """Ask the database itself."""
    with closing(flowimg.database()) as database:
        return database.execute(sql).fetchall()
