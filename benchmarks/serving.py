"""A stand-in service in a process of its own."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Final

from benchmarks.processes import SOURCES, inherited

_DEMO: Final = ("flowimg_tui", "demo", "--serve", "--json", "--port", "0")


class ServiceUnusable(Exception):
    """The service is not what a benchmark is made for."""


@contextlib.contextmanager
def serving(*options: str, module: Sequence[str] = _DEMO) -> Iterator[dict[str, str]]:
    """Run ``flowimg demo --serve`` with these options on a port of its own, and end it afterwards.

    Or another ``module`` that serves. Gives what it tells: its addresses, and of the demo the cookies of a
    browser that is signed in. Raises ServiceUnusable where it does not start.
    """
    command = [sys.executable, "-m", *module, *options]
    environment = {**inherited(), "PYTHONPATH": str(SOURCES)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        try:
            line = process.stdout.readline() if process.stdout else b""
            if not line:
                raise ServiceUnusable(f"{module[0]} has ended without telling its address")
            told: dict[str, str] = json.loads(line)
            yield told
        finally:
            process.terminate()


def settings_of(told: dict[str, str]) -> dict[str, str]:
    """The variables that lead flowimg to a service that has told this."""
    return {f"FLOWIMG_{key.upper()}": told[key] for key in ("labs_url", "media_url", "google_url")}
