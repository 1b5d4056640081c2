"""A process that has the package in memory and becomes ``flowimg`` in a child for each request.

A start costs milliseconds, and what runs is the command from its entry to the end of its interpreter. The
process has no threads, so that its children can be forked safely. It reads requests from stdin, one JSON
object a line, and answers each on stdout in the same way; it ends when stdin does.
"""

import contextlib
import gc
import importlib
import io
import json
import os
import signal
import sys
import time
from typing import Any, Final

from flowimg_tui.cli.app import main
from tests.faults.changes import CHANGES

_LOOK_EVERY: Final = 0.002
_IMPORTED_LATE: Final = ("httpcore", "anyio._backends._asyncio")
"""What a client imports with its first request."""


def _serve() -> None:
    _warm_up()
    for line in sys.stdin:
        request = json.loads(line)
        answer = _started(request) if "arguments" in request else _ended(request)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _warm_up() -> None:
    """Have in memory, once for all children, what a command needs."""
    for module in _IMPORTED_LATE:
        importlib.import_module(module)
    # The command-line library imports what it needs while it reads arguments.
    sys.argv = ["flowimg", "config", "path"]
    nowhere = io.StringIO()
    with (
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
        contextlib.suppress(SystemExit),
    ):
        main()
    # No child's collector has to touch, and thereby copy, what all of them share.
    gc.collect()
    gc.freeze()


def _started(request: dict[str, Any]) -> dict[str, int]:
    pid = os.fork()
    if pid == 0:
        _become_flowimg(**request)
    return {"pid": pid}


def _become_flowimg(
    arguments: list[str], environment: dict[str, str], stdout: str, stderr: str, change: list[Any]
) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    for descriptor, path in enumerate((os.devnull, stdout, stderr)):
        opened = os.open(path, flags if descriptor else os.O_RDONLY, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.argv = ["flowimg", *arguments]
    if change:
        CHANGES[change[0]](*change[1:])
    # It raises SystemExit: this process goes the whole way of a command's end.
    main()


def _ended(request: dict[str, Any]) -> dict[str, int]:
    """Wait for the end of the child ``pid``, and kill it after ``patience`` seconds."""
    pid, deadline = request["pid"], time.monotonic() + request["patience"]
    killed = False
    while (found := os.waitpid(pid, os.WNOHANG))[0] == 0:
        if not killed and time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            killed = True
        time.sleep(_LOOK_EVERY)
    return {"code": os.waitstatus_to_exitcode(found[1])}


if __name__ == "__main__":
    _serve()
