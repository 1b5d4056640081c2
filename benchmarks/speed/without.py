"""flowimg without one of its checks, to see what it costs: ``python -m benchmarks.speed.without CHECK …``."""

import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final
from unittest.mock import patch

from flowimg_tui.cli.app import main
from flowimg_tui.mirror.pictures import PictureFormat


class _NoHash:
    def __init__(self, _data: bytes) -> None:
        pass

    def hexdigest(self) -> str:
        return "0" * 64


CHECKS: Final[Mapping[str, tuple[str, Callable[..., object]]]] = MappingProxyType(
    {
        "fsync": ("os.fsync", lambda _: None),
        "hash": ("hashlib.sha256", _NoHash),
        "structure": ("flowimg_tui.mirror.fetch.identify", lambda _: PictureFormat.JPEG),
    }
)
"""What stands for each of them, and what is put in its place."""

if __name__ == "__main__":
    with patch(*CHECKS[sys.argv.pop(1)]):
        main()
