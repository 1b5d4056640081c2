"""flowimg, and at its end what its first thread was at: ``python -m benchmarks.speed.sampled FILE COMMAND…``.

Each millisecond of the process asks where the thread stands. The innermost function counts that belongs to a
part of the work: what it calls of Python's own belongs to the same.
"""

import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import Final

from flowimg_tui.cli.app import main

_SECONDS: Final = 0.001
_OWN: Final = "flowimg's own"
_THREADS: Final = "threads"
"""The first thread waits, so that the time is that of another one: of a hash, a write, or what is large."""
_PARTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "/flowimg_tui/mirror/pictures.py": "structure",
        "/flowimg_tui/store/": "rows",
        "/peewee.py": "rows",
        "/flowimg_tui/cli/narration.py": "stderr and log",
        "/flowimg_tui/cli/diagnostics.py": "stderr and log",
        "/logging/__init__.py": "stderr and log",
        "/flowimg_tui/": _OWN,
        "/httpx/": "httpx",
        "/aiohttp/": "aiohttp",
        "/yarl/": "aiohttp",
        "/asyncio/sslproto.py": "TLS",
        "/ssl.py": "TLS",
        "/asyncio/": "asyncio",
        "/selectors.py": _THREADS,
        "<frozen importlib": "start",
    }
)
"""Of a path, what tells to which part of the work a function belongs."""


def _part_of(frame: FrameType | None) -> str:
    while frame is not None:
        path = frame.f_code.co_filename
        for sign, part in _PARTS.items():
            if sign in path:
                return part
        frame = frame.f_back
    return _OWN


def _sampled(file: Path) -> None:
    counts = Counter[str]()
    signal.signal(signal.SIGPROF, lambda _, frame: counts.update((_part_of(frame),)))
    signal.setitimer(signal.ITIMER_PROF, _SECONDS, _SECONDS)
    begun = time.perf_counter()
    try:
        main()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        told = {"busy": time.thread_time() / (time.perf_counter() - begun), "parts": counts}
        file.write_text(json.dumps(told), "ascii")


if __name__ == "__main__":
    _sampled(Path(sys.argv.pop(1)))
