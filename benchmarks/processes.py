"""A command as a process of its own: how long it takes, and what of the processor."""

import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SOURCES: Final = Path(__file__).parents[1]
FLOWIMG: Final = (sys.executable, "-m", "flowimg_tui")
_OF_THE_USER: Final = re.compile(r"(?i)FLOWIMG_|XDG_|SSL_CERT_|.*_proxy$")
# An installed package has its bytecode, and so have the sources after the first start.
_OF_PYTHON: Final = re.compile(r"PYTHON")


class CommandFailed(Exception):
    """What should be measured has not done its work."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What a process has taken until its end, those that it has waited for included; times in seconds."""

    seconds: float
    cpu: float
    output: bytes


def inherited() -> dict[str, str]:
    """Return the variables of this process without settings and proxies of its user."""
    return {key: value for key, value in os.environ.items() if not _OF_THE_USER.match(key)}


def taken(command: Sequence[str], variables: Mapping[str, str], standard_input: bytes = b"") -> Ended:
    """Run a command to its end. Raises CommandFailed where it ends with anything but 0.

    What it writes to stdout is returned, what it writes to stderr is told where it fails.
    """
    environment = {key: value for key, value in inherited().items() if not _OF_PYTHON.match(key)}
    begun, before = time.perf_counter(), _cpu_of_children()
    ended = subprocess.run(
        command,
        input=standard_input,
        env={**environment, "PYTHONPATH": str(SOURCES), **variables},
        capture_output=True,
        check=False,
    )
    seconds = time.perf_counter() - begun
    if ended.returncode:
        told = ended.stderr.decode(errors="replace")[-2000:]
        raise CommandFailed(f"{command[0]} ended with {ended.returncode}: {told}")
    return Ended(seconds, _cpu_of_children() - before, ended.stdout)


def _cpu_of_children() -> float:
    """Return the seconds of all that have ended and were waited for."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime
