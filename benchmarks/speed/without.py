"""flowimg without a part of its work, to see what it costs: ``python -m benchmarks.speed.without PART …``."""

import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from types import MappingProxyType
from typing import Final
from unittest.mock import patch

from flowimg_tui.cli.app import main
from flowimg_tui.mirror import fetch
from flowimg_tui.mirror.pictures import PictureFormat


class _NoHash:
    def __init__(self, _data: bytes) -> None:
        pass

    def hexdigest(self) -> str:
        return "0" * 64


async def _nothing_from_the_api(_errand: fetch.Errand) -> fetch._Answer:
    return fetch._Answer(None, None, can_answer=False)


_EACH: Final[Mapping[str, tuple[str, Callable[..., object]]]] = MappingProxyType(
    {
        "fsync": ("os.fsync", lambda _: None),
        "hash": ("hashlib.sha256", _NoHash),
        "structure": ("flowimg_tui.mirror.fetch.identify", lambda _: PictureFormat.JPEG),
        # The listing names a URL as well, which real ones let expire within the hour.
        "the API": ("flowimg_tui.mirror.fetch.Errand._ask_api", _nothing_from_the_api),
    }
)
"""What stands for each of them, and what is put in its place."""
PARTS: Final = MappingProxyType({**{part: (part,) for part in _EACH}, "all of them": tuple(_EACH)})
"""What can be left out, with what belongs to it."""


def short(part: str) -> str:
    """Return one word for what is left out."""
    return part.removeprefix("the ").partition(" ")[0].lower()


if __name__ == "__main__":
    with ExitStack() as patches:
        for part in PARTS[sys.argv.pop(1)]:
            patches.enter_context(patch(*_EACH[part]))
        main()
