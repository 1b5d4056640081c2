"""Canary secrets: whatever is run, and whatever Flow answers, none of them is ever seen anywhere."""

import base64
import json
import secrets
import shlex
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from flowimg_tui.cli.app import main
from flowimg_tui.config.locations import Locations
from flowimg_tui.demo.home import demo_environment
from flowimg_tui.demo.service import DemoOptions, DemoService
from flowimg_tui.flow.service import FlowService
from flowimg_tui.secret import redact
from flowimg_tui.workspace import Connection, ServiceFactory, Workspace
from flowimg_tui.workspace.access import flow_service
from tests.canary import (
    ACCOUNT_ID,
    AT,
    BEARER,
    COOKIE,
    CURSOR,
    FLOW_KEY,
    PIECE,
    RE_ENCODING,
    SESSION_ID,
    SIGNATURE,
    Asked,
    Between,
    Canaries,
    Reply,
    Script,
    Watched,
)
from tests.canary_services import ECHOES, ECHOES_OF, PLACES, quoting, service_with_a_bug
from tests.cli.helpers import cookie_values, nobody_there
from tests.cli.terminal import ENTER
from tests.conftest import SERVICES, cookies_of
from tests.workspace.helpers import downloaded, synced

IMAGES = 2
LOG_BYTES = 2 * 1024 * 1024
"""At this size the log is rotated."""

KINDS = {
    "labs": {COOKIE, BEARER, FLOW_KEY, CURSOR, ACCOUNT_ID, SIGNATURE},
    "google": {COOKIE, FLOW_KEY, CURSOR, AT, SESSION_ID, SIGNATURE, RE_ENCODING},
}
"""What a sync and a download of either generation have to do with."""


@pytest.fixture
def demo() -> Iterator[DemoService]:
    with DemoService(DemoOptions(images=IMAGES)) as service:
        yield service


@pytest.fixture
def between(demo: DemoService) -> Iterator[Between]:
    with Between(demo) as opened:
        yield opened


@pytest.fixture
def elsewhere(demo: DemoService) -> Iterator[Between]:
    """Another host."""
    with Between(demo) as opened:
        yield opened


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    generation: str = request.param
    return generation


@pytest.fixture
def flowimg(between: Between, tmp_path: Path) -> Watched:
    """An installation without any profile that logs all it can."""
    quick = {"page_delay": "0", "retry_base": "0", "retries": "2", "page_size": "1", "log_level": "debug"}
    here = tmp_path / "here"
    here.mkdir()
    return Watched(demo_environment(between.demo, here), here).with_settings(**between.settings, **quick)


@pytest.fixture
def cookies(demo: DemoService, service: str) -> str:
    """The Cookie header of a browser that is signed in."""
    return cookies_of(demo, service)


@pytest.fixture
def signed_in(flowimg: Watched, cookies: str) -> Watched:
    """The same installation with the profile ``studio``."""
    assert flowimg.add("studio", cookies).code == 0
    return flowimg


# The look itself

PIECE_OF_A_LINE = 100_000
"""As much as a system takes for one argument."""

SECRET = 'tIdF6kPd_9vQ1"xZ/7bN+mWs8'


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        SECRET.upper(),
        f"before{SECRET}after",
        SECRET[3 : 3 + PIECE],
        quote(SECRET, safe=""),
        quote(quote(SECRET, safe=""), safe=""),
        json.dumps({"a": SECRET}),
        repr([f"{SECRET}'"]),
        SECRET.replace('"', "&quot;"),
        *(base64.b64encode(f"{before}{SECRET}~~".encode()).decode() for before in ("", "a", "ab", "abc")),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
    ],
)
def test_a_canary_is_found_however_it_is_written(written: str) -> None:
    canaries = Canaries()
    canaries.add(COOKIE, SECRET)
    assert canaries.found_in(written) == canaries.found_in(f"\0{written}".encode()) == {COOKIE}
    assert canaries.found_in(SECRET[: PIECE - 1]) == set()


def test_a_canary_is_found_in_a_file_its_name_the_database_and_in_what_was_written(
    signed_in: Watched,
) -> None:
    canaries = Canaries()
    canaries.add(SIGNATURE, SECRET)
    canaries.add(CURSOR, "another-secret-of-this-test")
    signed_in.insert_images((SECRET, "key"))
    (signed_in.home / SECRET.replace("/", "_")).write_text(SECRET)
    signed_in.quick("list", "--json")
    places = signed_in.places()
    found = canaries.found_among(places)
    assert {"image.name"} < set(found)
    assert set(found) - {"image.name"} == {
        next(place for place in places if place.endswith("list --json")),
        "names of files",
        f"home/{SECRET.replace('/', '_')}",
    }


# A whole day


TELLING = (
    ("profile", "show", "studio"),
    ("profile", "list"),
    ("profile", "check", "studio"),
    ("config", "show"),
    ("config", "show", "--profile", "studio"),
    ("status",),
    ("list",),
)


def all_that_tells(flowimg: Watched) -> None:
    for command in TELLING:
        flowimg.quick(*command)
        flowimg.quick(*command, "--json")


def about_to_rotate(log: Path) -> None:
    """Leave a log of yesterday with room for a few lines more."""
    log.parent.mkdir(mode=0o700)
    log.write_text("yesterday\n" * (LOG_BYTES // 10 - 40))


def test_a_day_at_the_command_line_shows_no_secret(
    flowimg: Watched, between: Between, demo: DemoService, service: str, tmp_path: Path
) -> None:
    stranger, first = cookies_of(DemoService(), service), cookies_of(demo, service)
    file = tmp_path / "pasted"
    file.write_text(f"Cookie: _ga=GA1; {first}")
    about_to_rotate(flowimg.home / "flowimg.log")

    assert flowimg.forked("profile", "add", "studio", "--cookies", str(file), "--json").code == 0
    assert flowimg.add("studio", first).code == 1
    assert flowimg.add("stranger", stranger).code == 3
    with flowimg.terminal("profile", "add", "typed") as terminal:
        terminal.wait_for("nothing is shown")
        terminal.type(f"\x1b[200~{first}\x1b[201~{ENTER}")
        code, stdout = terminal.ended()
        flowimg.keep("the terminal", terminal.shown + stdout)
    assert code == 0
    assert flowimg.forked("sync", "--all", "--jsonl").code == 0
    assert flowimg.forked("download", "--profile", "studio", "--jsonl").code == 0
    assert flowimg.quick("profile", "remove", "typed", "--yes", "--json").code == 0
    all_that_tells(flowimg)
    assert flowimg.quick("refresh", "--profile", "studio", "--yes", "--json").code == 0
    assert flowimg.quick("sync").code == 0
    assert flowimg.quick("download", "--json").json()["adopted"] == IMAGES

    demo.rotate_psidts()
    assert flowimg.quick("profile", "check", "studio").code == 0
    demo.use_account("eve@example.com")
    all_that_tells(flowimg)
    assert flowimg.quick("sync", "--json").code == 3
    assert flowimg.edit("studio", cookies_of(demo, service)).code == 3
    assert flowimg.edit("studio", cookies_of(demo, service), "--account-changed", "--json").code == 0
    all_that_tells(flowimg.with_settings(**nobody_there()))

    slow = flowimg.with_settings(page_delay="1", page_size="1")
    # Behind a shell it is a program that the system has started, and shows.
    with slow.start("sync", "--jsonl", before=":") as running:
        running.wait_for('"event":"page_synced"')
        flowimg.keep("the process", running_as(running.pid))
        demo.sign_out()
        demo.sign_out_google()
        assert flowimg.heard(running.answer(), "sync").code == 3
    all_that_tells(flowimg)
    assert flowimg.quick("download", "--json").code in (0, 3)
    demo.move_account()
    all_that_tells(flowimg)
    if service == "google":
        assert flowimg.edit("studio", cookies_of(demo, service), "--json").code == 0

    assert (flowimg.home / "flowimg.log.1").exists()
    canaries = between.canaries(first, stranger, cookies_of(demo, service))
    assert canaries.kinds == KINDS[service]
    assert canaries.found_among(flowimg.places()) == {}
    assert flowimg.quick("profile", "remove", "studio", "--yes").code == 0
    assert canaries.found_among(flowimg.places()) == {}


def running_as(pid: int) -> str:
    """Return what ``ps`` shows of a process and its children: arguments and environment."""
    process = Path("/proc") / str(pid)
    children = " ".join(task.read_text() for task in process.glob("task/*/children")).split()
    own = (process / "cmdline").read_text() + (process / "environ").read_text()
    assert "flowimg_tui" in own
    return "\n".join([own, *(running_as(int(child)) for child in children)])


# Input that is of no use, or in the wrong place


def rows(header: str) -> list[dict[str, str]]:
    pairs = [cookie.split("=", 1) for cookie in header.split("; ")]
    return [{"name": name, "value": value} for name, value in pairs]


def request_of(header: str) -> dict[str, Any]:
    return {"method": "GET", "headers": [{"name": "Cookie", "value": header}]}


RUBBISH: dict[str, Callable[[str], str]] = {
    "without its beginning": lambda header: header[len(header) // 2 :],
    "without its end": lambda header: header[: len(header) // 2],
    "without its names": lambda header: " ".join(cookie_values(header)),
    "one value": lambda header: cookie_values(header)[0],
    "half a value": lambda header: cookie_values(header)[0][40:80],
    "values for names": lambda header: "; ".join(f"{value}=1" for value in cookie_values(header)),
    "other names": lambda header: header.replace("SID", "_id").replace("__Secure", "x"),
    "HAR": lambda header: json.dumps({"log": {"entries": [{"request": request_of(header)}]}}),
    "JSON of another kind": lambda header: json.dumps([request_of(header)]),
    "JSON that is cut": lambda header: json.dumps(rows(header))[:-10],
    "cookies of other sites": lambda header: json.dumps([{**row, "domain": "a.b"} for row in rows(header)]),
    "session page": lambda header: json.dumps({"access_token": cookie_values(header)[0]}),
    "Bearer": lambda header: f"Authorization: Bearer {cookie_values(header)[0]}",
    "headers": lambda header: f"Host: labs.google\nX-Token: {cookie_values(header)[0]}\n",
    "web page": lambda header: f'<html><script>{{"SNlM0e":"{cookie_values(header)[0]}"}}</script>',
    "address": lambda header: f"https://labs.google/fx?token={cookie_values(header)[0]}",
    "fetch": lambda header: f'fetch("https://labs.google", {json.dumps({"headers": {"x": header}})});',
    "curl without cookies": lambda header: f"curl 'https://labs.google/' -H 'x-token: {header}'",
    "base64": lambda header: base64.b64encode(header.encode()).decode(),
    "percent-encoded": lambda header: quote(header, safe=""),
    "far too long": lambda header: header.replace("=", "-") * 2000,
}


@pytest.mark.parametrize("rubbish", RUBBISH)
def test_input_that_is_refused_is_not_repeated(
    signed_in: Watched, between: Between, cookies: str, rubbish: str
) -> None:
    given = RUBBISH[rubbish](cookies)
    for form in ((), ("--json",)):
        signed_in.edit("studio", given, *form)
        signed_in.add("another", given, *form)
        signed_in.quick("profile", "add", "another", "--cookies", given[:PIECE_OF_A_LINE], *form)
        signed_in.quick("profile", "add", cookies, "--cookies", given[:PIECE_OF_A_LINE], *form)
    signed_in.with_settings(flow_key=given).quick("sync")
    signed_in.with_settings(labs_url=given).quick("config", "show")
    (signed_in.home / "config.toml").write_text(f"workers = {json.dumps(given)}\n")
    signed_in.quick("status")
    (signed_in.home / "config.toml").unlink()

    assert between.canaries(cookies).found_among(signed_in.places()) == {}


# A program that knows the cookies

MANAGER = """
import json, os, sys
from pathlib import Path
does, kept, saw = sys.argv[1:]
processes = [Path(f"/proc/{one}/cmdline").read_text() for one in ("self", os.getppid())]
with open(saw, "a") as file:
    print(json.dumps([dict(os.environ), processes]), file=file)
cookies = Path(kept).read_text()
for stream in (sys.stdout, sys.stderr):
    print(cookies[len(cookies) // 2 :] if does == "gives half" else cookies, file=stream)
    print(cookies * (does == "gives too much") * 2000, file=stream)
sys.exit(does == "fails")
"""


@pytest.mark.parametrize("does", ["gives all", "gives half", "gives too much", "fails"])
def test_a_cookie_command_is_told_no_secret_and_what_it_says_is_not_told(
    flowimg: Watched, between: Between, cookies: str, tmp_path: Path, does: str
) -> None:
    program, kept, saw = tmp_path / "manager.py", tmp_path / "kept", tmp_path / "saw"
    program.write_text(MANAGER)
    kept.write_text(cookies)
    command = shlex.join([sys.executable, "-S", str(program), does, str(kept), str(saw)])
    key = "AIza" + secrets.token_urlsafe(30)[:35]
    managed = flowimg.with_settings(cookie_command=command, flow_key=key)

    added = managed.quick("profile", "add", "studio").code
    run = managed.run if does == "gives all" else managed.forked
    run("sync", "--jsonl")
    managed.quick("download", "--json")
    all_that_tells(managed)

    assert (added == 0) is (does == "gives all")
    canaries = between.canaries(cookies)
    canaries.add(FLOW_KEY, key)
    managed.keep("the command", saw.read_text())
    assert canaries.found_among(managed.places()) == {}


# Other hosts


def kinds_in(requests: Iterable[Asked]) -> set[str]:
    return {kind for asked in requests for kind, _ in asked.secrets()}


def of_pictures(between: Between) -> list[Asked]:
    return [asked for asked in between.asked if asked.path.startswith(("/image/", "/asb/"))]


def test_each_host_gets_its_own_credentials_and_no_others(
    flowimg: Watched, between: Between, elsewhere: Between, demo: DemoService
) -> None:
    split = flowimg.with_settings(media_url=elsewhere.settings["media_url"])
    assert split.add("studio", demo.cookie_header).code == 0
    assert split.quick("sync").code == 0
    assert split.quick("download").code == 0

    assert kinds_in(between.asked) == {COOKIE, CURSOR}
    assert kinds_in(elsewhere.asked) == {BEARER, FLOW_KEY, SIGNATURE}
    assert between.canaries().found_in(repr(elsewhere.asked)) == {BEARER, FLOW_KEY}


def leading_to(host: Between, status: int = 302) -> Script:
    return lambda asked: Reply(status, headers=(("Location", f"{host.url}{asked.path}"),))


def test_a_signed_url_takes_no_credentials_along_wherever_it_leads(
    flowimg: Watched, between: Between, elsewhere: Between, demo: DemoService
) -> None:
    split = flowimg.with_settings(media_url=elsewhere.settings["media_url"])
    elsewhere.scripts["GET /image/"] = leading_to(between)
    assert split.add("studio", demo.cookie_header).code == 0
    assert split.quick("sync").code == 0
    assert split.quick("download").code == 0

    assert of_pictures(elsewhere)
    assert len(of_pictures(between)) == len(of_pictures(elsewhere))
    assert kinds_in([*of_pictures(between), *of_pictures(elsewhere)]) == {SIGNATURE}


def with_urls_of(host: Between, between: Between) -> Script:
    """Let every picture have a signed URL at ``host``, in the listing too, and no other source."""
    listed = f'"userUploadedImage": {{"fifeUrl": "{host.url}/image/x?Signature={SIGNED}", '

    def answer(asked: Asked) -> Reply:
        reply = between.passed_on(asked)
        body = reply.body.replace(f"{between.url}/image/".encode(), f"{host.url}/image/".encode())
        body = body.replace(b"ncodedImage", b"o").replace(b'"image": "', b'"o": "')
        return Reply(reply.status, body.replace(b'"userUploadedImage": {', listed.encode()))

    return answer


SIGNED = "c0nVeyedByTheListing%2Bi0Y2q"
DATA = {"labs": ("GET /fx/api/trpc/", "GET /v1/media/"), "google": ("POST /flow/",)}


def test_a_signed_url_on_a_foreign_host_is_kept_to_itself_and_not_asked(
    signed_in: Watched, between: Between, elsewhere: Between, service: str
) -> None:
    between.scripts = dict.fromkeys(DATA[service], with_urls_of(elsewhere, between))
    assert signed_in.quick("sync").code == 0
    for form in ("--json", "--jsonl"):
        assert signed_in.quick("download", form).code == 4
    signed_in.quick("list", "--json")

    assert elsewhere.asked == []
    canaries, places = between.canaries(), signed_in.places()
    canaries.add(SIGNATURE, SIGNED)
    assert canaries.found_in(places["image.fife_url"]) == ({SIGNATURE} if service == "labs" else set())
    assert canaries.found_among(places) == {}


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_host_that_flow_sends_to_is_not_asked(
    signed_in: Watched, between: Between, elsewhere: Between, service: str, status: int
) -> None:
    assert signed_in.quick("sync").code == 0
    by_url_alone = dict.fromkeys(DATA[service][1:], with_urls_of(between, between))
    for place in reversed(PLACES[service]):
        between.scripts = {**by_url_alone, place: leading_to(elsewhere, status)}
        for command in (("sync",), ("download",), ("profile", "check", "studio")):
            signed_in.quick(*command)

    assert elsewhere.asked == []
    assert "127.0.0.1 is not a host that Flow keeps pictures on" in signed_in.log()
    assert between.canaries().found_among(signed_in.places()) == {}


# A service that says what it was asked with

SYNC, CHECK = ("sync", "--jsonl"), ("profile", "check", "studio", "--json")
DOWNLOADS = (("download", "--json"), ("download", "--jsonl"), ("list", "--json"))
ASKED_BY = {
    "labs": dict(
        zip(PLACES["labs"], ((SYNC, *DOWNLOADS, CHECK), (SYNC,), DOWNLOADS, DOWNLOADS), strict=True)
    ),
    "google": dict(
        zip(PLACES["google"], ((SYNC, *DOWNLOADS, CHECK), (SYNC, *DOWNLOADS, CHECK), DOWNLOADS), strict=True)
    ),
}
"""The commands that ask each place, or show what it said."""


@pytest.mark.parametrize(
    ("service", "echo"),
    [(service, echo) for service in SERVICES for echo in (*ECHOES, *ECHOES_OF[service])],
)
def test_a_service_that_quotes_the_request_is_not_quoted(
    signed_in: Watched, between: Between, cookies: str, service: str, echo: str
) -> None:
    assert signed_in.quick("sync").code == 0
    for place, commands in reversed(ASKED_BY[service].items()):
        between.scripts = {place: quoting({**ECHOES, **ECHOES_OF[service]}[echo])}
        before = len(between.asked)
        for command in commands:
            signed_in.quick(*command)
        if CHECK in commands:
            signed_in.edit("studio", cookies)
        assert any(asked.line.startswith(place) for asked in between.asked[before:])

    assert between.canaries().found_among(signed_in.places()) == {}


# Errors that nobody expects


BUGS = [
    (service, line, moment)
    for service in SERVICES
    for line in (*PLACES[service], *(["GET /fx"] if service == "labs" else []))
    for moment in ("before", "in the answer")
]


@pytest.fixture
def without_files(signed_in: Watched) -> Watched:
    assert signed_in.quick("sync").code == 0
    return signed_in


def trace_of_a_bug(flowimg: Watched, service: ServiceFactory) -> str:
    """Return the traceback with the locals of each frame, ours and those of the libraries."""
    locations = Locations.from_environment(flowimg.environment)
    traces = []
    with Workspace(locations, environment=flowimg.environment, service=service) as workspace:
        studio = workspace.profiles.named("studio")
        for action in (synced, downloaded):
            try:
                action(workspace, studio)
            except Exception as error:  # noqa: BLE001 - of which kind it is is not the question
                trace = traceback.TracebackException.from_exception(error, capture_locals=True)
                traces.append("".join(trace.format()))
    return "\n".join(traces)


@pytest.mark.parametrize(("service", "line", "moment"), BUGS)
def test_a_bug_shows_no_secret(
    without_files: Watched,
    between: Between,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    line: str,
    moment: str,
) -> None:
    service = partial(service_with_a_bug, line, moment)
    monkeypatch.setattr("flowimg_tui.cli.diagnostics.Workspace", partial(Workspace, service=service))
    for name, value in without_files.environment.items():
        monkeypatch.setenv(name, value)
    for command in (("sync", "--json"), ("download", "--jsonl"), ("profile", "check", "studio")):
        monkeypatch.setattr("sys.argv", ["flowimg", *command])
        with pytest.raises(SystemExit):
            main()
        without_files.keep("flowimg", "".join(capsys.readouterr()))

    assert "a bug" in without_files.log()
    assert "An error that should not happen: " in "".join(without_files.written.values())
    assert between.canaries().found_among(without_files.places()) == {}


@pytest.mark.parametrize(("service", "line", "moment"), BUGS)
def test_the_locals_in_a_traceback_show_no_secret_once_they_are_redacted(
    without_files: Watched, between: Between, service: str, line: str, moment: str
) -> None:
    trace = trace_of_a_bug(without_files, partial(service_with_a_bug, line, moment))

    assert "RuntimeError: a bug" in trace
    # The cursor of the later generation is a moment, and has no form by which it could be known.
    formless = {CURSOR} if service == "google" else set()
    assert between.canaries().found_in(redact(trace)) <= formless


# Whatever is looked at


def test_no_object_shows_a_secret_that_it_holds(
    flowimg: Watched, between: Between, demo: DemoService, service: str
) -> None:
    key = "AIza" + secrets.token_urlsafe(30)[:35]
    environment = {**flowimg.environment, "FLOWIMG_FLOW_KEY": key}
    seen: list[object] = []

    def watched(connection: Connection) -> FlowService:
        made = flow_service(connection)
        seen.extend((connection, connection.cookies, made))
        return made

    with Workspace(
        Locations.from_environment(environment), environment=environment, service=watched
    ) as opened:
        given = opened.profiles.read_cookies("studio", cookies_of(demo, service))
        studio = opened.profiles.add("studio", given)
        synced(opened, studio)
        downloaded(opened, studio)
        studio = opened.profiles.named("studio")
        resolved = opened.resolved_settings(studio)
        images = opened.gallery.window(studio.id, 0, IMAGES)
        seen += [opened, opened.profiles, opened.gallery, studio, images, given, given.pasted, given.cookies]
        seen += [resolved, resolved.settings, *seen[1:]]
        shown = "\n".join(f"{one} {one!r} {vars(one) if hasattr(one, '__dict__') else ''}" for one in seen)

    canaries = between.canaries(cookies_of(demo, service))
    canaries.add(FLOW_KEY, key)
    assert canaries.kinds == KINDS[service]
    assert canaries.found_in(shown) == set()
