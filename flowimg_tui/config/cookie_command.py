"""A program of the user's that knows the cookies, as a password manager does: run, and listened to."""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from typing import Final

from flowimg_tui.config.credentials import CredentialsError
from flowimg_tui.safe_text import safe_text
from flowimg_tui.secret import redact

_OUTPUT_LIMIT: Final = 256 * 1024
_NAME_LIMIT: Final = 200
_NOT_PASSED_ON: Final = "FLOWIMG_FLOW_KEY"
_LOOK: Final = "Run the command in a terminal to see why."


async def output_of(
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    timeout: float = 60.0,  # noqa: ASYNC109 - the time is part of the error's sentence
) -> str:
    """Run a program with its arguments, without a shell, and return what it writes to its standard output.

    ``environment`` is the process's own by default; the Flow key in it is not passed on. ``timeout`` is in
    seconds. A program that is not waited for any more, for whatever reason, is killed with its group.
    Raises :class:`CredentialsError` for everything but some text and exit code 0; neither the output nor an
    argument is ever in its message.
    """
    # Somebody may have set the cookies themselves in place of a command that tells them.
    name = f"cookie_command: {redact(safe_text(command[0], _NAME_LIMIT))}"
    try:
        transport, child = await _started(command, os.environ if environment is None else environment)
    except FileNotFoundError:
        raise CredentialsError(
            f"{name} was not found. Install it, or give its full path; no shell reads the command."
        ) from None
    except OSError as error:
        raise CredentialsError(
            f"{name} cannot be run: {error.strerror}. It must be a program that you may execute."
        ) from None
    try:
        async with asyncio.timeout(timeout):
            await child.heard.wait()
    except TimeoutError:
        raise CredentialsError(
            f"{name} did not end within {timeout:g} seconds. Nobody can answer it here: unlock what it needs."
        ) from None
    finally:
        await _end(transport, child)
    return _checked(name, child.output, transport.get_returncode() or 0)


async def _started(
    command: Sequence[str], environment: Mapping[str, str]
) -> tuple[asyncio.SubprocessTransport, "_Child"]:
    starting = asyncio.ensure_future(
        asyncio.get_running_loop().subprocess_exec(
            _Child,
            *command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={key: environment[key] for key in environment if key != _NOT_PASSED_ON},
            start_new_session=True,
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        # Cancelled itself, a start kills the program alone, and waits for all that have its output.
        with contextlib.suppress(OSError):
            await _end(*await starting)
        raise


class _Child(asyncio.SubprocessProtocol):
    """Keeps what the program writes, up to one byte more than it may write.

    The streams of asyncio cannot do this: a full one stops reading, and then never hears of the end.
    """

    def __init__(self) -> None:
        self.output = bytearray()
        self.heard = asyncio.Event()
        """The output is complete and the program has ended, or it wrote too much."""
        self.exited = asyncio.Event()

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # noqa: ARG002 - there is one pipe
        self.output += data[: _OUTPUT_LIMIT + 1 - len(self.output)]
        if len(self.output) > _OUTPUT_LIMIT:
            self.heard.set()

    def process_exited(self) -> None:
        self.exited.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - a pipe's end is no error
        self.heard.set()


async def _end(transport: asyncio.SubprocessTransport, child: _Child) -> None:
    # What runs with the rights of another user, as below sudo, cannot be killed, and is not waited for.
    with contextlib.suppress(PermissionError):
        try:
            # A number that has been waited for may be another process by now.
            if transport.get_returncode() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(transport.get_pid(), signal.SIGKILL)
            await child.exited.wait()
        finally:
            transport.close()


def _checked(name: str, output: bytearray, code: int) -> str:
    if len(output) > _OUTPUT_LIMIT:
        raise CredentialsError(
            f"{name} wrote more than {_OUTPUT_LIMIT // 1024} KiB, far more than cookies are. {_LOOK}"
        )
    if code < 0:
        raise CredentialsError(f"{name} was ended by signal {-code}. {_LOOK}")
    if code:
        raise CredentialsError(f"{name} ended with exit code {code}. {_LOOK}")
    if not output.strip():
        raise CredentialsError(f"{name} wrote nothing. It must write the cookies to its standard output.")
    return output.decode("utf-8", "replace")
