"""Cookies from a program of the user's: what it is given, and how it fails without giving anything away."""

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from flowimg_tui.config.cookie_command import output_of
from flowimg_tui.config.credentials import CredentialsError
from tests.lifeline import Lifeline

CANARY = "canary-secret"
LIMIT = 256 * 1024
PATIENCE = 20.0
"""Seconds until a test gives up on something that must happen."""

Script = Callable[..., list[str]]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Write a program, and return the command that runs it."""

    def write(code: str, *arguments: str) -> list[str]:
        file = tmp_path / "cookies.py"
        file.write_text(code, "utf-8")
        return [sys.executable, "-S", str(file), *arguments]

    return write


def output(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    return asyncio.run(output_of(command, environment))


def refusal(command: Sequence[str], timeout: float = PATIENCE) -> str:
    """Return why the command is refused: told by its program alone."""
    with pytest.raises(CredentialsError) as refused:
        asyncio.run(output_of(command, timeout=timeout))
    said = str(refused.value)
    assert said.startswith(f"cookie_command: {command[0]} ")
    assert not any(argument in said for argument in command[1:])
    assert CANARY not in said
    return said


# What it is given


def test_what_the_program_writes_is_returned(script: Script) -> None:
    assert output(script("print('a=1; b=2')")) == "a=1; b=2\n"


def test_no_shell_reads_the_arguments(script: Script) -> None:
    arguments = ["$HOME", "; echo no", "`id`", "a  b", ""]
    assert (
        json.loads(output(script("import json, sys\nprint(json.dumps(sys.argv[1:]))", *arguments)))
        == arguments
    )


def test_the_program_gets_no_input(script: Script) -> None:
    assert output(script("import sys\nprint(repr(sys.stdin.read()))")) == "''\n"


@pytest.mark.parametrize("given", [False, True])
def test_the_program_gets_the_environment_but_not_the_flow_key(
    script: Script, monkeypatch: pytest.MonkeyPatch, given: bool
) -> None:
    monkeypatch.setenv("FLOWIMG_FLOW_KEY", CANARY)
    monkeypatch.setenv("PASSWORD_STORE_DIR", "/store")
    environment = {"FLOWIMG_FLOW_KEY": CANARY, "FLOWIMG_HOME": "/home"} if given else None
    said = output(script("import json, os\nprint(json.dumps(dict(os.environ)))"), environment)
    passed_on = json.loads(said)
    assert CANARY not in said
    assert passed_on.get("FLOWIMG_HOME" if given else "PASSWORD_STORE_DIR") == (
        "/home" if given else "/store"
    )


def test_bytes_that_are_no_text_are_replaced(script: Script) -> None:
    assert output(script("import sys\nsys.stdout.buffer.write(b'a=\\xff')")) == "a=\N{REPLACEMENT CHARACTER}"


def test_as_much_as_256_kib_is_returned(script: Script) -> None:
    assert output(script(f"print('x' * {LIMIT - 1})")) == "x" * (LIMIT - 1) + "\n"


# How it fails


def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    for program in ("no-such-program-of-flowimg", str(tmp_path / "no such"), "~/cookies"):
        assert "was not found. Install it, or give its full path" in refusal([program, CANARY])


def test_a_file_that_is_no_program_is_told(tmp_path: Path) -> None:
    file = tmp_path / "cookies.txt"
    file.write_text(CANARY)
    assert "cannot be run: Permission denied. It must be a program" in refusal([str(file), CANARY])
    file.chmod(0o700)
    assert "cannot be run: Exec format error" in refusal([str(file), CANARY])


@pytest.mark.parametrize(
    "cookies",
    [
        f"__Secure-next-auth.session-token={CANARY}",
        f"SID={CANARY}; HSID={CANARY}",
        f"APISID={CANARY}; SAPISID={CANARY}",
        f"OSID={CANARY}; SIDCC={CANARY}",
        f"eyJhbGciOiJkaXIiLCJlbmMi{CANARY}",
        f"SID={CANARY * 100}",
    ],
    ids=lambda cookies: cookies[:20],
)
def test_cookies_in_place_of_a_program_are_not_repeated(cookies: str) -> None:
    with pytest.raises(CredentialsError, match="cookie_command: ") as refused:
        output([cookies, "x"])
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (f"print('{CANARY}')\nraise SystemExit(3)", "ended with exit code 3. Run the command in a terminal"),
        ("import os\nos.kill(os.getpid(), 15)", "was ended by signal 15. Run the command in a terminal"),
        (f"print('{CANARY}' * {LIMIT})", "wrote more than 256 KiB"),
        (f"print('x' * {LIMIT})", "wrote more than 256 KiB"),
        ("", "wrote nothing. It must write the cookies to its standard output."),
        (f"import sys\nprint(' ')\nprint('{CANARY}', file=sys.stderr)", "wrote nothing"),
    ],
)
def test_a_program_that_fails_is_told_without_what_it_wrote(
    script: Script,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    code: str,
    said: str,
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert said in refusal(script(code, CANARY))
    assert CANARY not in caplog.text
    assert capfd.readouterr() == ("", "")


def test_a_program_without_end_is_killed_when_its_time_is_over(script: Script) -> None:
    said = refusal(script("import signal\nsignal.pause()", CANARY), timeout=0.1)
    assert "did not end within 0.1 seconds. Nobody can answer it here" in said


def test_a_program_that_writes_without_end_is_killed(script: Script, tmp_path: Path) -> None:
    lifeline = Lifeline(tmp_path / "lifeline")
    assert "wrote more than" in refusal(
        script(
            "import sys\nwith open(sys.argv[1], 'w'):\n    while True: print('x' * 9999)",
            str(tmp_path / "lifeline"),
        )
    )
    assert lifeline.read() == b""
    lifeline.close()


def test_a_program_that_leaves_its_output_to_another_is_not_waited_for_longer(script: Script) -> None:
    code = (
        "import os, signal, sys\n"
        "if os.fork():\n"
        "    raise SystemExit\n"
        "os.setsid()\n"
        "signal.alarm(5)\n"
        "signal.pause()\n"
    )
    assert "did not end within 0.1 seconds" in refusal(script(code), timeout=0.1)


@pytest.mark.parametrize("at_once", [True, False], ids=["while it starts", "while it runs"])
def test_when_the_run_is_stopped_the_program_dies_with_all_that_it_started(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    lifeline = Lifeline(tmp_path / "lifeline")
    code = (
        "import os, signal, sys\n"
        "held = os.open(sys.argv[1], os.O_WRONLY)\n"
        "if os.fork(): os.write(held, str(os.getpid()).encode())\n"
        "signal.pause()\n"
    )
    pids: list[int] = []

    async def stopped() -> None:
        running = asyncio.create_task(output_of(script(code, str(tmp_path / "lifeline"))))

        class Started(subprocess.Popen[bytes]):
            """Comes back when the program is well under way, to a task that was cancelled meanwhile."""

            def __init__(self, *arguments: Any, **options: Any) -> None:
                super().__init__(*arguments, **options)
                pids.append(int(lifeline.read()))
                running.cancel()

        if at_once:
            monkeypatch.setattr("subprocess.Popen", Started)
        else:
            pids.append(int(await asyncio.to_thread(lifeline.read)))
            running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(stopped())
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)
    assert lifeline.read() == b""
    lifeline.close()
