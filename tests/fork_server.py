"""A process that has the package in memory and becomes ``flowimg`` in a child for each request.

A start costs milliseconds, and what runs is the command from its entry to the end of its interpreter. The
process has no threads, so that its children can be forked safely. Requests come on a socket, one JSON object
a line behind a byte that brings the descriptors along, and each is answered in the same way; it ends when the
other end is closed.
"""

import contextlib
import faulthandler
import functools
import gc
import importlib
import io
import json
import os
import socket
import sys
import time
from typing import Any, Final

import httpx
import typer.main

from flowimg_tui.cli.app import main

ROOM: Final = 4
"""As many descriptors come with a request: the three streams, and what tells of the child's end."""
_MADE_ONCE: Final = ((typer.main, "get_command"), (httpx, "create_ssl_context"))
"""What reads the signatures of all commands, and what reads the certificates, though no child speaks TLS."""
_IMPORTED_LATE: Final = (
    "flowimg_tui.flow.google",
    "flowimg_tui.flow.labs",
    "flowimg_tui.flow.pasted",
    "flowimg_tui.flow.transport",
    "flowimg_tui.workspace.actions",
    "httpcore",
    "anyio._backends._asyncio",
    "_strptime",
)
"""What a command imports with what it does first, a client with its first request, and both with a date.

Each would otherwise be read anew in each child, and take longer than most of what the child is there for.
"""


def _serve(line: socket.socket, modules: list[str]) -> None:
    _warm_up(modules)
    while received := socket.recv_fds(line, 1, ROOM):
        prefix, descriptors, _, _ = received
        if not prefix:
            return
        with line.makefile("rb", buffering=0) as stream:
            request = json.loads(stream.readline())
        answer = _started(line, descriptors, request) if descriptors else _ended(**request)
        line.sendall(json.dumps(answer).encode() + b"\n")


def _warm_up(modules: list[str]) -> None:
    """Have in memory, once for all children, what a command needs."""
    for module in (*_IMPORTED_LATE, *modules):
        importlib.import_module(module)
    for module_of, name in _MADE_ONCE:
        setattr(module_of, name, functools.cache(getattr(module_of, name)))
    httpx.create_ssl_context()
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


def _started(line: socket.socket, descriptors: list[int], request: dict[str, Any]) -> dict[str, int]:
    pid = os.fork()
    if pid == 0:
        line.close()
        _become_flowimg(descriptors, **request)
    for descriptor in descriptors:
        os.close(descriptor)
    return {"pid": pid}


def _become_flowimg(
    descriptors: list[int],
    program: str,
    arguments: list[str],
    environment: dict[str, str],
    cwd: str,
    own_session: bool,
    controlled: bool,
) -> None:
    *streams, until_the_end = descriptors
    os.set_inheritable(until_the_end, False)
    if own_session:
        os.setsid()
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    if controlled:
        # The first terminal that the leader of a session opens is the one that ctrl+c of it reaches.
        os.close(os.open(os.ttyname(0), os.O_RDWR))
    _open_streams()
    faulthandler.enable()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.argv = ["flowimg", *arguments]
    exec(program, {"__name__": "__main__"})  # noqa: S102 - a test's own program
    # By this, or by its own, this process goes the whole way of a command's end.
    raise SystemExit


def _open_streams() -> None:
    """Open the streams on what they are now, as the interpreter does when it starts."""
    for number, (name, mode) in enumerate((("stdin", "rb"), ("stdout", "wb"), ("stderr", "wb"))):
        former: io.TextIOWrapper = getattr(sys, name)
        binary = open(number, mode, closefd=False)  # noqa: SIM115 - a descriptor
        by_line = name == "stderr" or os.isatty(number)
        stream = io.TextIOWrapper(
            binary, encoding=former.encoding, errors=former.errors, line_buffering=by_line
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _ended(pid: int) -> dict[str, int]:
    return {"code": os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as near:
        _serve(near, sys.argv[2:])
