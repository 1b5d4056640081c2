"""A session with pictures: the one under the cursor, and pages of them in the contact sheet."""

import io
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from itertools import cycle
from pathlib import Path
from typing import Final

from PIL import Image

from benchmarks.screen.scene import SIGN
from benchmarks.screen.session import Amount, Person, Session, Sign
from benchmarks.screen.terminal import Terminal
from benchmarks.screen.watched import DRIVER, LOG_VARIABLE, Notes

_SIZE: Final = (160, 40)
_TILES: Final = 24
"""On a page of the contact sheet in a window of that size."""
_KINDS: Final = 6
_GRAIN: Final = 36
"""With that much of it a JPEG of that size has 2 MB."""
_DOWN: Final = b"\x1b[B"
_PAGE_DOWN: Final = b"\x1b[6~"
_FIRST_PAGE: Final = r"(?s)\A[^…]*(?:↑|↓)   1 of \d[^…]*\Z"


def look(variables: Mapping[str, str], folder: Path, amount: Amount) -> Session:
    """Look at pictures with an app of its own, in an installation whose newest images get files."""
    _save(Path(variables["FLOWIMG_HOME"], "gallery.db"), folder, (amount.pages + 1) * _TILES)
    log = folder / "notes.json"
    watched = {"TEXTUAL_DRIVER": DRIVER, LOG_VARIABLE: str(log), "COLORTERM": "truecolor"}
    with Terminal(("flowimg_tui",), {**variables, **watched}, _SIZE) as terminal:
        had = _Looker(terminal, amount).work()
    had.notes = Notes.read(log)
    return had


class _Looker(Person):
    def work(self) -> Session:
        self.had.size = _SIZE
        self.terminal.wait_for(SIGN)
        self.terminal.wait_for_quiet(self.amount.calm)
        self.press(b"p", Sign.PIXELS)
        for _ in range(self.amount.pictures):
            self.change(_DOWN, Sign.PIXELS)
        self.press(b"p")
        self.press(b"g")
        self.press(b"t", Sign.PAGE)
        for _ in range(self.amount.pages):
            self.change(_PAGE_DOWN, Sign.PAGE)
        # By now the app has let go of the first pages: what comes again comes from the disk.
        self.press(b"g", _FIRST_PAGE)
        for _ in range(self.amount.pages):
            self.change(_PAGE_DOWN, Sign.PAGE)
        self.press(b"q")
        self.terminal.wait_for_end()
        return self.had


def _save(database: Path, folder: Path, count: int) -> None:
    """Give the newest images files of their own, of a few pictures whose sizes differ."""
    kinds = [folder / f"kind{number}.jpg" for number in range(_KINDS)]
    for number, kind in enumerate(kinds):
        kind.write_bytes(_jpeg(number))
    with closing(sqlite3.connect(database)) as connection, connection:
        newest = "SELECT id, profile_id, media_key FROM image ORDER BY created_at DESC LIMIT ?"
        rows = connection.execute(newest, (count,)).fetchall()
        for (image_id, profile_id, key), kind in zip(rows, cycle(kinds), strict=False):
            path = folder / f"{key}.jpg"
            os.link(kind, path)
            connection.execute("UPDATE image SET local_path = ? WHERE id = ?", (str(path), image_id))
            connection.execute("DELETE FROM saved_file WHERE media_key = ?", (key,))
            connection.execute(
                "INSERT INTO saved_file (profile_id, media_key, path, size, sha256, mime, source, saved_at)"
                " VALUES (?, ?, ?, ?, ?, 'image/jpeg', 'api', '2026-01-01T00:00:00.000000Z')",
                (profile_id, key, str(path), path.stat().st_size, f"{image_id:064x}"),
            )


def _jpeg(number: int) -> bytes:
    """Return a JPEG of about 2 MB; noise takes its place in it as the grain of a photograph does."""
    width, height = 2400 + 8 * number, 1600
    grain = Image.effect_noise((width, height), _GRAIN)
    hill = Image.linear_gradient("L").resize((width, height)).rotate(60 * number)
    file = io.BytesIO()
    Image.merge("RGB", (grain, hill, grain)).save(file, "JPEG", quality=90)
    return file.getvalue()
