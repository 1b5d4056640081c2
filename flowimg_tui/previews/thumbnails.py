"""Thumbnails, from the disk where they were drawn before: each picture is decoded once for each size.

They are kept under the SHA-256 of the saved file, so that a picture which is moved, or saved anew, is known
again. Its size on disk belongs to the key too: what was cut off or emptied since is looked at itself. A file
that was written at another time than the one that is known is hashed once: its bytes may be others by now.
"""

from pathlib import Path

from flowimg_tui.previews.decoding import Cancelled, decode, found_on_disk, never, sha256_of
from flowimg_tui.previews.geometry import Size
from flowimg_tui.previews.picture import NoPicture, Thumbnail
from flowimg_tui.previews.thumbnail_cache import Key, ThumbnailCache


class Thumbnails:
    """Where a pane gets its pictures. For worker threads, as many as there are."""

    def __init__(self, cache: ThumbnailCache) -> None:
        self._cache = cache

    def of(
        self, path: Path | None, sha256: str, box: Size, cancelled: Cancelled = never
    ) -> Thumbnail | NoPicture:
        """Return the picture as :func:`decode` does; ``sha256`` is that of the saved file. Raises nothing."""
        if path is None:
            return decode(path, box, cancelled)
        found = found_on_disk(path)
        if isinstance(found, NoPicture):
            return found
        key = Key(sha256, found.st_size, box)
        kept = self._cache.get(key)
        if kept is not None and self._cache.written_at(key) == found.st_mtime_ns:
            return kept
        is_as_saved = bool(sha256) and sha256_of(path, cancelled) == sha256
        if kept is None or not is_as_saved:
            outcome = decode(path, box, cancelled)
            if isinstance(outcome, NoPicture) or not is_as_saved:
                return outcome
            self._cache.put(key, kept := outcome)
        self._cache.note_written(key, found.st_mtime_ns)
        return kept
