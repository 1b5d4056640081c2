"""A terminal that answers after the app has begun presses no keys by that, and takes none from who types."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual._xterm_parser import XTermParser
from textual.message import Message

from flowimg_tui.previews.probing import QUERY, Unread
from flowimg_tui.tui.late_answers import PatientParser
from tests.tui.scripted import Clock
from tests.tui.terminal import Terminal, demo_in

KITTY, CELL, NOBODY = "\x1b_Gi=31;OK\x1b\\", "\x1b[6;20;10t", "\x1b[?62;4;22c"
ALL = KITTY + CELL + NOBODY
REFUSAL = "\x1b_Gi=31;ENOTSUPPORTED:no\x1b\\"
OTHERS = ["\x1b[?2026;2$y", "\x1b[3;7R"]
KEYS = ["j", "?", "G", "_", "[", "\x1b[A", "\x1b[6~", "\x1b[6;5~", "\x1bOP", "\r", "é", *OTHERS]
CUTS: dict[str, Callable[[str], list[str]]] = {
    "byte by byte": list,
    "at once": lambda answers: [answers],
    "in two": lambda answers: [answers[:5], answers[5:]],
}


def keys_of(messages: Iterable[Message]) -> list[str]:
    return [message.key for message in messages if isinstance(message, events.Key)]


def fed(parser: XTermParser, *pieces: str) -> list[str]:
    return [key for piece in pieces if piece for key in keys_of(parser.feed(piece))]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("flowimg_tui.tui.late_answers.time.monotonic", clock)
    monkeypatch.setattr("textual._parser.get_time", clock)
    return clock


@pytest.fixture
def parser() -> PatientParser:
    return PatientParser(Unread(is_owed=True))


@pytest.mark.parametrize("answers", [ALL, NOBODY, CELL + NOBODY, REFUSAL + NOBODY])
@pytest.mark.parametrize("cut", CUTS)
def test_an_answer_presses_no_key_however_it_comes(
    parser: PatientParser, clock: Clock, answers: str, cut: str
) -> None:
    for piece in CUTS[cut](answers):
        assert fed(parser, piece) == []
        clock.now += 0.3
        assert keys_of(parser.tick()) == []
    assert fed(parser, "j", "?", "\x1b[A") == ["j", "question_mark", "up"]


@given(st.lists(st.sampled_from(KEYS), max_size=6), st.lists(st.sampled_from(KEYS), max_size=6), st.data())
def test_what_a_person_types_before_between_and_after_is_what_it_always_was(
    before: list[str], after: list[str], data: st.DataObject
) -> None:
    answers = data.draw(st.sampled_from([[KITTY, CELL, NOBODY], [NOBODY], []]))
    typed = "".join([*before, *(f"{answer}j" for answer in answers), *after])
    alone = "".join([*before, *("j" for _ in answers), *after])
    cut = data.draw(st.integers(0, len(typed)))
    parser, plain = PatientParser(Unread(is_owed=True)), XTermParser()
    assert fed(parser, typed[:cut], typed[cut:]) == fed(plain, alone)


def test_a_lone_escape_is_one_though_an_answer_is_owed(parser: PatientParser, clock: Clock) -> None:
    assert fed(parser, "\x1b") == []
    clock.now += 0.6
    assert keys_of(parser.tick()) == ["escape"]
    # And what is typed soon after it, though slower than a terminal, is no part of it.
    assert fed(parser, "\x1b") == []
    clock.now += 0.2
    assert fed(parser, "j") == ["escape", "j"]
    assert fed(parser, "\x1b", "\x1b[?62c", "j") == ["escape", "j"]


def test_what_only_begins_as_an_answer_does_is_what_it_always_was(
    parser: PatientParser, clock: Clock
) -> None:
    assert fed(parser, "\x1b[") == []
    clock.now += 0.6
    assert keys_of(parser.tick()) == []
    clock.now += 0.2
    assert keys_of(parser.tick()) == ["left_square_bracket"]


def test_what_came_before_the_app_is_read_by_it() -> None:
    parser = PatientParser(Unread(b"jk\x1b_Gi=31;", is_owed=True))
    assert keys_of(parser.tick()) == ["j", "k"]
    assert fed(parser, "OK\x1b\\", NOBODY, "l") == ["l"]
    assert fed(PatientParser(Unread(b"jk")), "\x1b[A") == ["j", "k", "up"]


class Late(Terminal):
    """A terminal that answers when the test says so."""

    def answer(self) -> None:
        """Leave the question open."""


def test_an_answer_that_comes_byte_by_byte_after_the_start_does_nothing(tmp_path: Path) -> None:
    with Late(*demo_in(tmp_path), variables={"TMUX": "", "STY": ""}) as terminal:
        terminal.wait_for(b"Press s to sync")
        terminal.press(b"s")
        terminal.wait_for(b"Synced 42 new images")
        terminal.written_within(1.0)
        for byte in ALL.encode():
            terminal.press(bytes([byte]))
            terminal.written_within(0.02)
        terminal.press(b"j")
        terminal.wait_for(b"2 of 42")
        assert QUERY in terminal.seen
        assert b"esc closes" not in terminal.seen
        terminal.press(b"?")
        terminal.wait_for(b"esc closes")
        terminal.press(b"\x1b")
        terminal.wait_for_quiet(0.5)
        terminal.press(b"j")
        terminal.wait_for(b"3 of 42")
        terminal.press(b"q")
        assert terminal.end() == 0
