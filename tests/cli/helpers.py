"""The command as a user has it: a process, at a terminal, stopped half-way; and a service that misbehaves."""

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import certifi
from typer.testing import CliRunner

from flowimg_tui.cli.commands import app
from tests.cli.terminal import PATIENCE, Terminal
from tests.forks import MAIN, Forked, forks

COMMAND: Final = (sys.executable, "-W", "error", "-m", "flowimg_tui")
RECORDED: Final = Path(__file__).parents[1] / "data" / "flow_service" / "labs"

SESSION: Final = "__Secure-next-auth.session-token"
INVENTED: Final = f"{SESSION}=invented"
"""Cookies of no account: the demo service refuses them, a scripted one takes any."""

_LIVE_SESSION: Final = "2099-01-01T00:00:00.000Z"
_NOT_INHERITED: Final = re.compile(r"(?i)FLOWIMG_|PYTHON|COLUMNS$|LINES$|.*_proxy$")


@dataclass(frozen=True)
class Answer:
    """How a command ended, and what it wrote."""

    code: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        """Return the one JSON object on stdout; there must be nothing else."""
        line, end = self.stdout.split("\n")
        assert end == ""
        answer = json.loads(line)
        assert isinstance(answer, dict)
        assert answer["schema"] == 1
        return answer

    def events(self) -> list[Any]:
        """Return the events of ``--jsonl``."""
        *lines, end = self.stdout.split("\n")
        assert end == ""
        return [json.loads(line) for line in lines]


class Installation:
    """One home, and the command ``flowimg`` on it."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self.folder = folder
        inherited = {key: value for key, value in os.environ.items() if not _NOT_INHERITED.match(key)}
        self.environment = {**inherited, "HOME": str(folder), "TERM": "xterm", **environment}
        self.environment.setdefault("SSL_CERT_FILE", _one_certificate(folder))

    @property
    def home(self) -> Path:
        return Path(self.environment["FLOWIMG_HOME"])

    @property
    def pictures(self) -> Path:
        return Path(self.environment["FLOWIMG_OUTPUT"])

    def files(self) -> list[Path]:
        """Return every file below the output folder, hidden ones too."""
        return [path for path in self.pictures.rglob("*") if path.is_file()]

    def with_settings(self, **settings: str) -> "Installation":
        """Return the same installation with other variables: ``page_delay="60"``."""
        changed = {f"FLOWIMG_{key.upper()}": value for key, value in settings.items()}
        return Installation({**self.environment, **changed}, self.folder)

    def run(self, *arguments: str, stdin: str | bytes = b"") -> Answer:
        """Run the command as a user does: an interpreter that starts, without a terminal."""
        done = subprocess.run(
            [*COMMAND, *arguments],
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            env=self.environment,
            capture_output=True,
            timeout=3 * PATIENCE,
            check=False,
        )
        return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())

    def forked(self, *arguments: str, program: str = MAIN) -> Answer:
        """Run the command as a process of its own, without a terminal and without anything on stdin."""
        with self.start(*arguments, program=program) as running:
            return running.answer()

    def quick(self, *arguments: str, stdin: str | bytes = b"") -> Answer:
        """Run the command in this process: the same, but for the start of an interpreter."""
        foreign = {key: None for key in os.environ if _NOT_INHERITED.match(key)}
        variables = {key: value for key, value in self.environment.items() if key.startswith("FLOWIMG_")}
        result = CliRunner(env={**foreign, **variables}).invoke(
            app, list(arguments), input=stdin, catch_exceptions=False
        )
        return Answer(result.exit_code, result.stdout, result.stderr)

    def add(self, name: str, cookies: str | bytes, *more: str) -> Answer:
        """Add a profile with ``cookies`` from stdin."""
        return self.quick("profile", "add", name, "--cookies", "-", *more, stdin=cookies)

    def edit(self, name: str, cookies: str | bytes, *more: str) -> Answer:
        """Give a profile other ``cookies`` from stdin."""
        return self.quick("profile", "edit", name, "--cookies", "-", *more, stdin=cookies)

    def profile(self, name: str = "studio") -> dict[str, Any]:
        """Return what ``flowimg profile show`` tells of a profile."""
        shown: dict[str, Any] = self.quick("profile", "show", name, "--json").json()
        return shown

    def counts(self) -> dict[str, Any]:
        """Return what ``flowimg status`` tells of the only profile."""
        (profile,) = self.quick("status", "--json").json()["profiles"]
        assert profile["images"] == profile["downloaded"] + profile["pending"] + profile["failed"]
        return dict(profile)

    def left_behind(self) -> list[str]:
        """Return the profiles and the credentials that are there, by name."""
        with closing(self.database()) as database:
            names = [str(row[0]) for row in database.execute("SELECT name FROM profile ORDER BY name")]
        return names + sorted(path.name for path in (self.home / "credentials").glob("*"))

    def credentials(self, name: str = "studio") -> Path:
        """Return the file of a profile's cookies."""
        return self.home / "credentials" / f"{name}.json"

    def log(self) -> str:
        return (self.home / "flowimg.log").read_text("utf-8")

    def start(self, *arguments: str, before: str = "", program: str = MAIN) -> "Running":
        """Start the command; ``before`` is what the shell does before it becomes the command."""
        if before:
            return Running(partial(_after, before, arguments, self.environment))
        return Running(partial(_forked, program, arguments, self.environment))

    def terminal(self, *arguments: str, columns: int = 80, term: str = "xterm") -> Terminal:
        """Start the command at a terminal, with stdout in a pipe."""
        return Terminal(arguments, {**self.environment, "TERM": term}, columns)

    def at_terminal(
        self, *arguments: str, typed: str = "", columns: int = 80, term: str = "xterm"
    ) -> tuple[Answer, str]:
        """Run the command with stdin and stderr at a terminal and stdout in a pipe.

        Return its answer and everything that went to the terminal.
        """
        with self.terminal(*arguments, columns=columns, term=term) as terminal:
            terminal.type(typed)
            code, stdout = terminal.ended()
        return Answer(code, stdout, terminal.shown), terminal.shown

    def database(self) -> sqlite3.Connection:
        return sqlite3.connect(self.home / "gallery.db")

    def insert_images(self, *images: tuple[str, str], failure: str | None = None) -> None:
        """Put records (name, media key) into the only profile's gallery that no service knows of."""
        statement = (
            "INSERT INTO image (profile_id, name, media_key, created_at, failure, last_sync)"
            " SELECT id, ?, ?, '2099-01-01T00:00:00.000000Z', ?, syncs FROM profile"
        )
        with closing(self.database()) as database, database:
            database.executemany(statement, [(*image, failure) for image in images])


def _one_certificate(folder: Path) -> str:
    """Return a trust store that is read at once: no command here speaks TLS, and the usual one is large."""
    store = folder / "one-certificate.pem"
    if not store.exists():
        first, end, _ = Path(certifi.where()).read_text("utf-8").partition("-----END CERTIFICATE-----\n")
        store.write_text(first + end, "utf-8")
    return str(store)


def _after(
    before: str, arguments: Sequence[str], environment: Mapping[str, str], stdout: int, stderr: int
) -> subprocess.Popen[bytes]:
    shell = ("sh", "-c", f'{before}; exec "$@"', "sh")
    return subprocess.Popen(
        [*shell, *COMMAND, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
    )


def _forked(
    program: str, arguments: Sequence[str], environment: Mapping[str, str], stdout: int, stderr: int
) -> Forked:
    with Path(os.devnull).open("rb") as nothing:
        streams = nothing.fileno(), stdout, stderr
        return forks().start(arguments, environment, streams, program=program)


class Running:
    """A command that runs. As a context manager it is killed where it has not ended by itself."""

    def __init__(self, start: Callable[[int, int], Forked | subprocess.Popen[bytes]]) -> None:
        pipes = {name: os.pipe() for name in ("stdout", "stderr")}
        try:
            self._process = start(*(writer for _, writer in pipes.values()))
        finally:
            for _, writer in pipes.values():
                os.close(writer)
        self._changed = threading.Condition()
        self._written = {"stdout": "", "stderr": ""}
        self._readers = [threading.Thread(target=self._read, args=(name, pipes[name][0])) for name in pipes]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._end()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def stdout(self) -> str:
        with self._changed:
            return self._written["stdout"]

    @property
    def stderr(self) -> str:
        with self._changed:
            return self._written["stderr"]

    def wait_for(self, text: str, *, on: str = "stdout", times: int = 1, patience: float = PATIENCE) -> None:
        """Wait until ``text`` was written ``times`` times, in whole lines."""

        def written() -> bool:
            return self._written[on].count(text) >= times

        with self._changed:
            assert self._changed.wait_for(written, patience), f"no {text!r} in {self._written}"

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def answer(self) -> Answer:
        """Wait for the end, and return how it was."""
        try:
            code = self._process.wait(PATIENCE)
        finally:
            self._process.kill()
            self._end()
        return Answer(code, self._written["stdout"], self._written["stderr"])

    def _read(self, name: str, pipe: int) -> None:
        with open(pipe, encoding="utf-8") as lines:
            for line in lines:
                with self._changed:
                    self._written[name] += line
                    self._changed.notify_all()

    def _end(self) -> None:
        self._process.wait(PATIENCE)
        for reader in self._readers:
            reader.join()


def eventually(what: str, predicate: Callable[[], bool]) -> None:
    """Wait for something that tells nobody when it happens."""
    deadline = time.monotonic() + PATIENCE
    while not predicate():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.005)


def cookie_values(header: str) -> list[str]:
    """Return the values in a Cookie header: what must never be seen anywhere."""
    return [cookie.partition("=")[2] for cookie in header.split("; ")]


def nobody_there() -> dict[str, str]:
    """Return the settings that lead to a port where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    return {"labs_url": f"{url}/fx", "media_url": f"{url}/v1", "google_url": f"{url}/flow"}


def screen_of(written: str) -> list[str]:
    """Return the lines that a terminal shows after ``written``: lines, CR and "clear to the end"."""
    lines = [""]
    column = 0
    for token in re.findall(r"\x1b\[K|\r\n|\n|\r|\x1b|[^\x1b\r\n]+", written):
        match token:
            case "\r\n" | "\n":
                lines.append("")
                column = 0
            case "\r":
                column = 0
            case "\x1b[K":
                lines[-1] = lines[-1][:column]
            case _:
                assert token != "\x1b", f"an escape sequence that no progress line needs: {written!r}"
                lines[-1] = lines[-1][:column] + token + lines[-1][column + len(token) :]
                column += len(token)
    return lines


def recorded(name: str) -> bytes:
    return (RECORDED / name).read_bytes()


def listing(*names: str, media_keys: Mapping[str, str] | None = None) -> bytes:
    """Return a last page of the listing with these images."""
    keys = media_keys or {}
    items = [
        {
            "name": name,
            "media": {"name": name, "mediaGenerationId": {"mediaKey": keys.get(name, f"key-{name}")}},
        }
        for name in names
    ]
    answer = {"result": {"userWorkflows": items}, "status": 200, "statusText": "OK"}
    return json.dumps({"result": {"data": {"json": answer}}}).encode()


class ScriptedFlow(ThreadingHTTPServer):
    """A service with a live session that answers the list and the media as a test wants."""

    daemon_threads = True

    def __init__(
        self,
        *,
        pages: tuple[int, bytes] = (200, b""),
        media: tuple[int, bytes] = (404, b"{}"),
        email: str = "ada@example.com",
    ) -> None:
        super().__init__(("127.0.0.1", 0), _ScriptedAnswers)
        session = {"user": {"email": email}, "expires": _LIVE_SESSION, "access_token": "ya29.scripted"}
        self.answers = {
            "/fx/api/auth/session": (200, json.dumps(session).encode()),
            "/fx/api/trpc/": pages,
            "/v1/media/": media,
        }
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    @property
    def settings(self) -> dict[str, str]:
        """The settings that lead here."""
        url = f"http://127.0.0.1:{self.server_address[1]}"
        return {"labs_url": f"{url}/fx", "media_url": f"{url}/v1"}


class _ScriptedAnswers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, ScriptedFlow)
        answers = self.server.answers.items()
        status, body = next((said for path, said in answers if self.path.startswith(path)), (404, b""))
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "https://flow.google.com/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the server's own name
        """Write nothing to the tests' stderr."""
