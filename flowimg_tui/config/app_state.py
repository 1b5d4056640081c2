"""What the app itself remembers from one time to the next: a small file beside the database.

It holds preferences alone. So whatever is wrong with it costs those, and never the start of the app.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import msgspec

from flowimg_tui.config.private_file import write_private

_FILE_LIMIT: Final = 64 * 1024

log = logging.getLogger(__name__)


class _Kept(msgspec.Struct):
    theme: str | None = None
    preview: bool = False
    sheet: bool = False


_DECODER: Final = msgspec.json.Decoder(_Kept)


@dataclass(slots=True)
class AppState:
    """What is remembered; a change counts from :meth:`save` on."""

    path: Path
    theme: str | None = None
    """A theme's name; there need be no such theme any more."""
    preview: bool = False
    """Whether the picture under the cursor is shown."""
    sheet: bool = False
    """Whether the images are shown as a contact sheet."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return what stands in the file; where it cannot be used, what a first start has."""
        try:
            with path.open("rb") as file:
                kept = _DECODER.decode(file.read(_FILE_LIMIT))
        except FileNotFoundError:
            kept = _Kept()
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            log.warning("What the app remembers in %s cannot be used: %s", path, error)
            kept = _Kept()
        return cls(path, theme=kept.theme, preview=kept.preview, sheet=kept.sheet)

    def save(self) -> None:
        """Write all of it, atomically. Raises ``OSError``."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = _Kept(theme=self.theme, preview=self.preview, sheet=self.sheet)
        write_private(self.path, msgspec.json.format(msgspec.json.encode(kept)))
