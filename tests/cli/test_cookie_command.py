"""``cookie_command``: cookies that stay with a program of the user's, and come from there each time."""

import json
import shlex
import signal
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from flowimg_tui.demo.service import DemoService
from tests.cli.helpers import Answer, Installation, cookie_values
from tests.conftest import SERVICES, cookies_of
from tests.lifeline import BEGUN, Lifeline

CANARY = "canary-1f0e9d8c7b6a"
PROGRAM = """
import sys
from pathlib import Path
told = Path(sys.argv[1])
with told.with_suffix(".asked").open("a") as asked:
    asked.write("asked\\n")
print(told.read_text())
"""


@dataclass(frozen=True)
class PasswordManager:
    """A program that knows cookies, and how often it was asked for them."""

    installation: Installation
    told: Path

    def keeps(self, cookies: str) -> None:
        self.told.write_text(cookies, "utf-8")

    @property
    def times_asked(self) -> int:
        asked = self.told.with_suffix(".asked")
        return len(asked.read_text("utf-8").splitlines()) if asked.exists() else 0


@pytest.fixture
def manager(flowimg: Installation) -> PasswordManager:
    """A password manager, and an installation that asks it and logs all it can."""
    program, told = flowimg.folder / "manager.py", flowimg.folder / "told"
    program.write_text(PROGRAM, "utf-8")
    command = shlex.join([sys.executable, "-S", str(program), str(told)])
    return PasswordManager(flowimg.with_settings(cookie_command=command, log_level="debug"), told)


def failing(flowimg: Installation, code: str) -> Installation:
    """Return the installation with a command that does not do its duty."""
    return flowimg.with_settings(cookie_command=shlex.join([sys.executable, "-S", "-c", code]))


@pytest.mark.parametrize("service", SERVICES)
def test_add_check_and_sync_ask_the_command_and_keep_nothing_of_it(
    manager: PasswordManager, demo: DemoService, service: str
) -> None:
    flowimg, cookies = manager.installation, cookies_of(demo, service)
    manager.keeps(cookies)

    answers: list[Answer] = []
    for number, command in enumerate(("profile add studio", "profile check studio", "sync", "sync"), 1):
        answers.append(flowimg.quick(*command.split()))
        assert manager.times_asked == number

    assert [answer.code for answer in answers] == [0, 0, 0, 0]
    assert flowimg.profile()["service"] == service
    assert flowimg.counts()["images"] == 42
    assert flowimg.left_behind() == ["studio"]
    everything = "".join(answer.stdout + answer.stderr for answer in answers).encode()
    everything += b"".join(path.read_bytes() for path in flowimg.home.rglob("*") if path.is_file())
    assert [value for value in cookie_values(cookies) if value.encode() in everything] == []


def test_what_the_command_gives_next_is_used_next(manager: PasswordManager, demo: DemoService) -> None:
    manager.keeps(demo.cookie_header)
    assert manager.installation.quick("profile", "add", "studio").code == 0
    demo.sign_out()
    assert manager.installation.quick("sync").code == 3

    manager.keeps(demo.cookie_header)

    assert manager.installation.quick("sync").code == 0


def test_an_account_that_moved_is_told_and_an_edit_takes_the_command_s_new_cookies(
    manager: PasswordManager, demo: DemoService
) -> None:
    manager.keeps(demo.cookie_header)
    assert manager.installation.quick("profile", "add", "studio").code == 0
    demo.move_account()
    assert manager.installation.quick("sync").code == 8
    manager.keeps(demo.google_cookie_header)

    unedited = manager.installation.quick("sync")
    edited = manager.installation.quick("profile", "edit", "studio")

    assert unedited.code == 3
    assert "a session of flow.google.com, but this profile is one of labs.google" in unedited.stderr
    assert edited.code == 0
    assert manager.installation.profile()["service"] == "google"
    assert manager.installation.quick("sync", "--json").json()["new"] == 42
    assert manager.installation.left_behind() == ["studio"]


def test_a_command_can_be_that_of_one_profile_alone(signed_in: Installation, demo: DemoService) -> None:
    told = signed_in.folder / "told"
    told.write_text(demo.google_cookie_header, "utf-8")
    command = [sys.executable, "-S", "-c", "import sys; print(open(sys.argv[1]).read())", str(told)]
    (signed_in.home / "config.toml").write_text(
        f"[profile.kept-elsewhere]\ncookie_command = {json.dumps(command)}\n", "utf-8"
    )

    assert signed_in.quick("profile", "add", "kept-elsewhere").code == 0

    assert signed_in.quick("sync", "--all").code == 0
    assert signed_in.left_behind() == ["kept-elsewhere", "studio", "studio.json"]


@pytest.mark.parametrize(
    "command", ["profile add holiday", "profile edit studio", "sync", "profile check studio"]
)
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (f"print('{CANARY}'); raise SystemExit(7)", "ended with exit code 7"),
        (f"import sys; print('{CANARY}', file=sys.stderr)", "wrote nothing"),
    ],
    ids=["fails", "is silent"],
)
def test_a_command_that_fails_is_told_by_its_name_and_never_by_its_output(
    signed_in: Installation, command: str, code: str, reason: str
) -> None:
    before = signed_in.credentials().read_bytes()

    answer = failing(signed_in, code).quick(*command.split())

    assert (answer.code, answer.stdout) == (3, "")
    assert f"cookie_command: {sys.executable} {reason}" in answer.stderr
    assert CANARY not in answer.stderr + signed_in.log()
    assert signed_in.credentials().read_bytes() == before
    assert signed_in.left_behind() == ["studio", "studio.json"]


@pytest.mark.parametrize("command", ["profile add holiday", "sync"])
def test_a_command_that_gives_no_cookies_is_told_by_what_it_looks_like(
    signed_in: Installation, command: str
) -> None:
    answer = failing(signed_in, f"print('{CANARY}')").quick(*command.split())

    assert (answer.code, answer.stdout) == (3, "")
    assert "a single word: perhaps a value without the name of its cookie" in answer.stderr
    assert CANARY not in answer.stderr + signed_in.log()


@pytest.mark.parametrize("command", ["profile add holiday", "profile edit studio"])
def test_a_command_and_cookies_besides_are_one_too_many(
    signed_in: Installation, demo: DemoService, command: str
) -> None:
    told = signed_in.folder / "told"
    told.write_text(demo.cookie_header, "utf-8")
    both = signed_in.with_settings(cookie_command=f"cat {shlex.quote(str(told))}")

    answer = both.quick(*command.split(), "--cookies", "-", stdin=demo.cookie_header)

    assert (answer.code, answer.stdout) == (2, "")
    assert "cookie_command is set" in answer.stderr
    assert signed_in.left_behind() == ["studio", "studio.json"]


@pytest.mark.parametrize("command", ["profile check studio", "profile add holiday"])
def test_a_signal_ends_a_command_that_waits_for_a_program_and_the_program_too(
    signed_in: Installation, command: str
) -> None:
    with closing(Lifeline(signed_in.folder / "lifeline")) as lifeline:
        waiting = signed_in.with_settings(cookie_command=shlex.join(lifeline.endless_program))
        with waiting.start(*command.split()) as running:
            assert lifeline.read() == BEGUN
            running.send(signal.SIGTERM)
            answer = running.answer()
        assert lifeline.read() == b""

    assert (answer.code, answer.stdout) == (143, "")
    assert "Traceback" not in answer.stderr
    assert signed_in.left_behind() == ["studio", "studio.json"]
