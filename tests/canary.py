"""Every secret that a run has to do with, every place where one could turn up, and a look for them there."""

import base64
import html
import http.client
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self, TypeAlias
from urllib.parse import parse_qs, quote, unquote, urlsplit

from flowimg_tui.demo.service import DemoService
from tests.cli.helpers import Answer, Installation, cookie_values
from tests.cli.terminal import PATIENCE
from tests.forks import MAIN

PIECE: Final = 16
"""As many characters of a secret in a row are a leak."""
HALF: Final = PIECE // 2

COOKIE, BEARER, FLOW_KEY, CURSOR = "cookie", "Bearer", "Flow key", "cursor"
AT, SESSION_ID, SIGNATURE, RE_ENCODING = "at", "f.sid", "signature", "re-encoding"
ACCOUNT_ID = "account id"

_HELD_BY_DESIGN: Final = {
    "image.fife_url": {SIGNATURE},
    "profile.flow_key": {FLOW_KEY},
    "profile.place": {CURSOR, ACCOUNT_ID},
}
_ACCOUNT_ID_IN_CURSOR: Final = re.compile(r",(\d{12,}),")
_IN_ANSWERS: Final = {
    BEARER: re.compile(r"\bya29\.[\w.-]+"),
    FLOW_KEY: re.compile(r"\bAIza[\w-]{35}"),
    CURSOR: re.compile(r'"nextPageToken":\s*"([^"]+)"'),
    AT: re.compile(r'"(?:SNlM0e":|xsrf", ?)"([^"]+)"'),
    SESSION_ID: re.compile(r'"FdrFJe":"([^"]+)"'),
    SIGNATURE: re.compile(r"\bSignature=([\w%.~-]+)"),
    RE_ENCODING: re.compile(r"/asb/([\w-]{30,})"),
}


# What to look for


class Canaries:
    """Secrets by their kind, known by each piece of them, in whatever way it is written."""

    def __init__(self) -> None:
        self._pieces: dict[str, str] = {}
        self._halves: set[str] = set()
        self._short: dict[str, str] = {}

    @property
    def kinds(self) -> set[str]:
        return {*self._pieces.values(), *self._short.values()}

    def add(self, kind: str, value: str) -> None:
        assert len(value) > 8, "it would be found everywhere"
        if len(value) < PIECE:
            self._short[value.lower()] = kind
        for form in {*_written(value), *_written(unquote(value))}:
            for piece in _pieces(form):
                self._pieces.setdefault(piece, kind)
            self._halves.update(_pieces(form, HALF))

    def spare(self, texts: Iterable[str]) -> None:
        """Take out the pieces that stand in what is no secret: a cursor holds the key of a picture."""
        for text in texts:
            for piece in _pieces(text):
                self._pieces.pop(piece, None)

    def found_in(self, data: str | bytes) -> set[str]:
        """Return the kinds of the secrets in ``data``."""
        text = (data if isinstance(data, str) else data.decode("latin-1")).lower()
        found = {kind for value, kind in self._short.items() if value in text}
        # Wherever a piece begins, one of these steps takes a half of it: the others need no look.
        for at in range(0, len(text) - HALF + 1, HALF):
            if text[at : at + HALF] in self._halves:
                around = text[max(at - HALF, 0) : at + PIECE]
                found.update(self._pieces[piece] for piece in _pieces(around) if piece in self._pieces)
        return found

    def found_among(self, places: Mapping[str, str | bytes]) -> dict[str, set[str]]:
        """Return the places with secrets that must not be there, and the kinds of those."""
        found = {place: self.found_in(data) - _held_at(place) for place, data in places.items()}
        return {place: kinds for place, kinds in found.items() if kinds}


def _pieces(text: str, length: int = PIECE) -> Iterator[str]:
    text = text.lower()
    return (text[at : at + length] for at in range(len(text) - length + 1))


def _written(value: str) -> Iterator[str]:
    yield from (value, quote(value, safe=""), quote(quote(value, safe=""), safe=""))
    yield from (json.dumps(value)[1:-1], html.escape(value), repr(value)[1:-1])
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + value.encode()).decode()
        # At the ends a character tells of the neighbours too.
        inner = encoded[4 if before else 0 : len(encoded) // 4 * 4 - 4]
        yield from (inner, inner.replace("+", "-").replace("/", "_"))


def _held_at(place: str) -> set[str]:
    """Return what the database holds by design, in three of its columns and thus in its files and copies."""
    is_database = "gallery.db" in place or "home/kept/" in place
    in_the_file = set().union(*_HELD_BY_DESIGN.values()) if is_database else set()
    return in_the_file | _HELD_BY_DESIGN.get(place, set())


# Who hands them out


@dataclass(frozen=True)
class Asked:
    """A request as it came; header names are lower-case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def line(self) -> str:
        """The beginning of the request line: ``GET /fx/api``."""
        return f"{self.method} {self.path}"

    def secrets(self) -> list[tuple[str, str]]:
        """Return the kind and the value of each secret in it."""
        query, form = parse_qs(urlsplit(self.path).query), parse_qs(self.body.decode())
        _, bearer, token = self.headers.get("authorization", "").partition("Bearer ")
        found = [(BEARER, token)] if bearer else []
        found += [(AT, value) for value in form.get("at", [])]
        found += [(SESSION_ID, value) for value in query.get("f.sid", [])]
        found += [(FLOW_KEY, value) for value in query.get("key", [])]
        found += [(SIGNATURE, value) for value in query.get("Signature", [])]
        found += [(CURSOR, cursor) for cursor in self._cursors(query, form)]
        return found + [(COOKIE, value) for value in cookie_values(self.headers.get("cookie", "")) if value]

    def _cursors(self, query: Mapping[str, list[str]], form: Mapping[str, list[str]]) -> Iterator[str]:
        for text in query.get("input", []):
            yield from filter(None, [json.loads(text)["json"]["cursor"]])
        for text in form.get("f.req", []):
            call, arguments, *_ = json.loads(text)[0][0]
            yield from filter(None, [json.loads(arguments)[2]] if call == "UpteDb" else [])


@dataclass(frozen=True)
class Reply:
    """An answer; ``headers`` come beside the length of the body."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    def secrets(self) -> list[tuple[str, str]]:
        """Return the kind and the value of each secret that it hands out."""
        text = self.body.decode("latin-1")
        found = [(kind, value) for kind, form in _IN_ANSWERS.items() for value in form.findall(text)]
        cookies = [value.partition(";")[0] for name, value in self.headers if name.lower() == "set-cookie"]
        return found + [(COOKIE, value) for cookie in cookies for value in cookie_values(cookie) if value]


Script: TypeAlias = Callable[[Asked], Reply | bytes | None]
"""Answers a request: with bytes as they are, with ``None`` as the demo service does."""


class Between(ThreadingHTTPServer):
    """Stands before the demo service on a port of its own: sees all, and answers as a test wants."""

    daemon_threads = True

    def __init__(self, demo: DemoService) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.demo = demo
        self.scripts: dict[str, Script] = {}
        """By the beginning of a request line: ``GET /fx/api``."""
        self.asked: list[Asked] = []
        self.replies: list[Reply] = []
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def settings(self) -> dict[str, str]:
        """The settings that lead here."""
        return {"labs_url": f"{self.url}/fx", "media_url": f"{self.url}/v1", "google_url": f"{self.url}/flow"}

    def canaries(self, *cookies: str) -> Canaries:
        """Return every secret that came by, and those in the Cookie headers ``cookies``."""
        found = Canaries()
        messages: list[Asked | Reply] = [*self.asked, *self.replies]
        passed = {secret for message in messages for secret in message.secrets()}
        given = {(COOKIE, value) for header in cookies for value in cookie_values(header)}
        # Sent back as a cookie, a secret of another kind is still of that kind.
        for kind, value in sorted(passed | given, key=lambda secret: secret[0] == COOKIE):
            found.add(kind, value)
            if kind == CURSOR:
                for account in _ACCOUNT_ID_IN_CURSOR.findall(_decoded(value)):
                    found.add(ACCOUNT_ID, account)
        gallery = self.demo.gallery
        images, _ = gallery.page(None, len(gallery))
        found.spare(text for image in images for text in (image.name, image.media_key, image.workflow_id))
        return found

    def passed_on(self, asked: Asked) -> Reply:
        """Return what the demo service answers."""
        address = urlsplit(self.demo.url)
        with closing(http.client.HTTPConnection(address.netloc, timeout=PATIENCE)) as connection:
            connection.putrequest(asked.method, asked.path, skip_host=True, skip_accept_encoding=True)
            for name, value in asked.headers.items():
                connection.putheader(name, value)
            connection.endheaders(asked.body or None)
            answer = connection.getresponse()
            headers = [pair for pair in answer.getheaders() if pair[0].lower() not in _OF_THE_WAY]
            return Reply(answer.status, answer.read(), tuple(headers))


def _decoded(base64_text: str) -> str:
    return base64.b64decode(base64_text + "=" * (-len(base64_text) % 4)).decode("latin-1")


_OF_THE_WAY: Final = ("content-length", "transfer-encoding", "connection", "server", "date")


class _Passing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Between)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", "0")))
        asked = Asked(self.command, self.path, headers, body)
        self.server.asked.append(asked)
        scripts = self.server.scripts.items()
        script = next((script for begin, script in scripts if asked.line.startswith(begin)), None)
        answer = script(asked) if script else None
        # Who asked may have gone meanwhile.
        with suppress(ConnectionError):
            if isinstance(answer, bytes):
                self.wfile.write(answer)
            else:
                reply = answer or self.server.passed_on(asked)
                self.server.replies.append(reply)
                self._reply(reply)

    def _reply(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in (("Content-Length", str(len(reply.body))), *reply.headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    do_POST = do_GET  # noqa: N815 - the server's own name

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the server's own name
        """Write nothing to the tests' stderr."""


# Where to look


class Watched(Installation):
    """An installation of which everything is kept that its commands write."""

    def __init__(
        self, environment: Mapping[str, str], folder: Path, written: dict[str, str] | None = None
    ) -> None:
        super().__init__(environment, folder)
        self.written = {} if written is None else written
        """What each command wrote to stdout and stderr, by its number and its words."""

    def with_settings(self, **settings: str) -> "Watched":
        return Watched(super().with_settings(**settings).environment, self.folder, self.written)

    def run(self, *arguments: str, stdin: str | bytes = b"") -> Answer:
        return self.heard(super().run(*arguments, stdin=stdin), *arguments)

    def forked(self, *arguments: str, program: str = MAIN) -> Answer:
        return self.heard(super().forked(*arguments, program=program), *arguments)

    def quick(self, *arguments: str, stdin: str | bytes = b"") -> Answer:
        return self.heard(super().quick(*arguments, stdin=stdin), *arguments)

    def heard(self, answer: Answer, *arguments: str) -> Answer:
        """Keep what a command wrote that was not run here, and return it."""
        self.keep(" ".join(word for word in arguments if len(word) < PIECE), answer.stdout + answer.stderr)
        return answer

    def keep(self, whose: str, text: str) -> None:
        self.written[f"{len(self.written)}: {whose}"] = text

    def places(self) -> dict[str, str | bytes]:
        """Return everything that the commands left behind but the cookies in ``credentials``.

        The database is there as its files, and value by value: ``image.name``.
        """
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        named = {str(path.relative_to(self.folder)): path for path in files}
        kept = self.home.relative_to(self.folder) / "credentials"
        contents = {name: named[name].read_bytes() for name in named if not name.startswith(str(kept))}
        return {"names of files": "\n".join(named), **contents, **self._columns(), **self.written}

    def _columns(self) -> dict[str, str]:
        found: dict[str, list[str]] = {}
        with closing(self.database()) as database:
            tables = [
                str(row[0]) for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            ]
            for table in tables:
                rows = database.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - SQLite's own name
                columns = [f"{table}.{column[0]}" for column in rows.description]
                for row in rows:
                    for column, value in zip(columns, row, strict=True):
                        found.setdefault(column, []).append(str(value))
        return {column: "\n".join(values) for column, values in found.items()}
