"""Thumbnails, from the disk where they were drawn before: each picture is decoded once for each size.

They are kept under the SHA-256 of the saved file, so that a picture which is moved, or saved anew, is known
again. Its size on disk belongs to the key too: what was cut off or emptied since is looked at itself.
"""

from pathlib import Path

from flowimg_tui.previews.decoding import Cancelled, decode, never, size_on_disk
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
        size = size_on_disk(path)
        if isinstance(size, NoPicture):
            return size
        key = Key(sha256, size, box)
        kept = self._cache.get(key)
        if kept is not None:
            return kept
        outcome = decode(path, box, cancelled)
        if isinstance(outcome, Thumbnail):
            self._cache.put(key, outcome)
        return outcome
