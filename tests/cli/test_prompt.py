"""Cookies that are pasted at the prompt: all of them arrive, and none is ever shown."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from flowimg_tui.cli.profiles import COOKIES_LIMIT
from flowimg_tui.demo.service import DemoService
from tests.cli.helpers import INVENTED, Installation, cookie_values
from tests.cli.terminal import CTRL_C, CTRL_D, ENTER, Terminal

QUESTION = "Paste the cookies of studio; nothing is shown. Then ctrl+d (or Enter after a paste): "
BRACKETED_ON, BRACKETED_OFF = "\x1b[?2004h", "\x1b[?2004l"
LONG = 6000
"""Bytes of one line, more than a terminal keeps of a line while it is edited."""


def pasted(text: str) -> str:
    """Return what a terminal that knows bracketed paste sends for ``text``."""
    # It sends a line break as the key that makes one.
    return "\x1b[200~" + text.replace("\n", "\r") + "\x1b[201~"


def long_line(header: str) -> str:
    return f"NID={'n' * LONG}; {header}"


def curl(header: str) -> str:
    return f"curl 'https://labs.google/fx' \\\n  -H 'accept: */*' \\\n  -b '{header}' \\\n  --compressed"


@contextmanager
def asked(flowimg: Installation, *command: str) -> Iterator[Terminal]:
    """Run a command at a terminal to its question; afterwards the terminal must be as it was."""
    with flowimg.terminal(*(command or ("profile", "add", "studio"))) as terminal:
        terminal.wait_for(QUESTION)
        assert not terminal.echoes()
        yield terminal
        assert terminal.settings == terminal.first_settings
        assert terminal.echoes()
        assert terminal.shown.count(BRACKETED_ON) == terminal.shown.count(BRACKETED_OFF) == 1
        assert terminal.shown.index(BRACKETED_ON) < terminal.shown.index(BRACKETED_OFF)


def told(terminal: Terminal) -> list[str]:
    """Return the lines that followed the answer, of which the prompt itself showed nothing."""
    _, _, after = terminal.shown.partition(QUESTION)
    silence, *lines = after.replace(BRACKETED_OFF, "").splitlines()
    assert silence == ""
    return lines


@pytest.mark.parametrize(
    ("form", "paste", "end"),
    [
        ("Cookie header", lambda header: pasted(header), ENTER),
        ("Cookie header", lambda header: pasted(f"{header}\n"), ENTER),
        ("Cookie header", lambda header: pasted(long_line(header)), ENTER),
        ("cURL command (bash)", lambda header: pasted(curl(header)), ENTER),
        ("cURL command (bash)", lambda header: pasted(curl(header)), CTRL_D),
        ("Cookie header", lambda header: header, CTRL_D),
        ("Cookie header", lambda header: header + ENTER, CTRL_D),
        ("Cookie header", lambda header: long_line(header), CTRL_D),
        ("cURL command (bash)", lambda header: curl(header).replace("\n", ENTER), CTRL_D),
    ],
    ids=[
        *("paste", "paste with a line break", "long paste", "paste of lines", "paste of lines, ctrl+d"),
        *("typed", "typed with Enter", "long and typed", "typed lines"),
    ],
)
def test_what_is_pasted_arrives_whole_and_is_not_shown(
    flowimg: Installation, demo: DemoService, form: str, paste: Callable[[str], str], end: str
) -> None:
    (secret,) = cookie_values(demo.cookie_header)

    with asked(flowimg) as terminal:
        terminal.type(paste(demo.cookie_header))
        terminal.type(end)
        code, stdout = terminal.ended()

    assert (code, stdout) == (0, "")
    kept, live, *_ = told(terminal)
    assert kept.startswith(f"{form}: kept __Secure-next-auth.session-token for labs.google")
    assert live.startswith("Live: signed in as ada@example.com")
    for piece in (secret, secret[:20], "nnnn", "200~"):
        assert piece not in terminal.shown
    assert secret in flowimg.credentials().read_text("utf-8")
    assert secret not in flowimg.log()


def test_an_edit_asks_as_well(signed_in: Installation, demo: DemoService) -> None:
    demo.sign_out()

    with asked(signed_in, "profile", "edit", "studio") as terminal:
        terminal.type(pasted(demo.cookie_header) + ENTER)
        code, _ = terminal.ended()

    assert code == 0
    assert signed_in.quick("sync").code == 0


def test_ctrl_c_adds_nothing_and_leaves_the_terminal_as_it_was(
    flowimg: Installation, demo: DemoService
) -> None:
    with asked(flowimg) as terminal:
        terminal.type(demo.cookie_header)
        terminal.type(CTRL_C)
        code, stdout = terminal.ended()

    assert (code, stdout) == (130, "")
    assert cookie_values(demo.cookie_header)[0] not in terminal.shown
    assert "Traceback" not in terminal.shown
    assert flowimg.left_behind() == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_the_question_and_leaves_the_terminal_as_it_was(
    flowimg: Installation, number: signal.Signals, code: int
) -> None:
    with asked(flowimg) as terminal:
        terminal.send(number)
        ended, stdout = terminal.ended()

    assert (ended, stdout) == (code, "")
    assert "Traceback" not in terminal.shown
    assert flowimg.left_behind() == []


def test_of_two_pastes_the_last_one_counts(flowimg: Installation, demo: DemoService) -> None:
    with asked(flowimg) as terminal:
        terminal.type(pasted(INVENTED))
        terminal.type(pasted(demo.cookie_header) + ENTER)
        code, _ = terminal.ended()

    assert code == 0
    kept = flowimg.credentials().read_text("utf-8")
    assert cookie_values(demo.cookie_header)[0] in kept
    assert "invented" not in kept


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        (CTRL_D, 1, "The input is empty."),
        (pasted("") + ENTER, 1, "The input is empty."),
        (pasted("NID=canary") + ENTER, 1, "a Cookie header with 1 cookie, but none of a session of Flow"),
        ("x" * (COOKIES_LIMIT + 1), 2, "those are no cookies of one site"),
    ],
    ids=["nothing", "an empty paste", "other cookies", "far too much"],
)
def test_an_answer_that_is_no_use_adds_nothing_and_says_why(
    flowimg: Installation, typed: str, code: int, said: str
) -> None:
    with asked(flowimg) as terminal:
        terminal.type(typed)
        ended, stdout = terminal.ended()

    assert (ended, stdout) == (code, "")
    assert said in "".join(told(terminal))
    assert "canary" not in terminal.shown
    assert flowimg.left_behind() == []


@pytest.mark.parametrize("command", ["profile add studio", "profile edit holiday"])
def test_without_a_terminal_there_is_a_hint_in_place_of_a_question(
    signed_in: Installation, demo: DemoService, command: str
) -> None:
    assert signed_in.add("holiday", demo.cookie_header).code == 0
    assert signed_in.quick("profile", "remove", "studio", "--yes").code == 0

    answer = signed_in.forked(*command.split())

    assert (answer.code, answer.stdout) == (2, "")
    assert "Say --cookies FILE, or --cookies - for stdin" in answer.stderr
    assert signed_in.left_behind() == ["holiday", "holiday.json"]
