"""What a terminal says is understood, and one that says nothing keeps nobody waiting."""

import errno
import fcntl
import os
import pty
import struct
import termios
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowimg_tui.previews.probing import Answers, Unread, answers_in, ask, cell_of
from tests.previews.answering import answering

XTERM = b"\x1b[6;16;8t\x1b[?64;1;2;4;6;9;15;18;21;22c"
KITTY = b"\x1b_Gi=31;OK\x1b\\\x1b[6;20;10t\x1b[?62;52;c"
GHOSTTY = b"\x1b_Gi=31,p=1;OK\x1b\\\x1b[?62;22;52c"
ALACRITTY = b"\x1b[?6c"
KONSOLE = b"\x1b_Gi=31;OK\x1b\\\x1b[6;19;9t\x1b[?62;1;4c"
REFUSING = b"\x1b_Gi=31;ENOTSUPPORTED:no\x1b\\\x1b[?62;44c"


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    """The two ends of a terminal, of which the second one is the program's."""
    master, slave = pty.openpty()
    yield master, slave
    os.close(master)
    os.close(slave)


def state_of(terminal: int) -> list[Any]:
    return termios.tcgetattr(terminal)


@pytest.mark.parametrize(
    ("said", "answers"),
    [
        (XTERM, Answers(sixel=True, cell=(8, 16))),
        (KITTY, Answers(kitty=True, cell=(10, 20))),
        (GHOSTTY, Answers(kitty=True)),
        (ALACRITTY, Answers()),
        (KONSOLE, Answers(kitty=True, sixel=True, cell=(9, 19))),
        (REFUSING, Answers()),
        (b"", Answers()),
        (KITTY[:12], Answers(kitty=True)),
        (KITTY[:11], Answers()),
        (b"jj\x1b[A" + XTERM + b"q", Answers(sixel=True, cell=(8, 16))),
        (b"\x1b[6;0;0t\x1b[?4;40c", Answers(sixel=True)),
    ],
)
def test_what_a_terminal_says_is_understood(ends: tuple[int, int], said: bytes, answers: Answers) -> None:
    assert answers_in(said) == answers
    if b"c" in said:
        master, slave = ends
        with answering(master, said):
            assert ask(slave, slave, patience=30) == answers


@given(st.binary())
def test_whatever_a_terminal_says_nothing_is_raised(said: bytes) -> None:
    assert answers_in(said).kitty is False


def test_the_last_answer_ends_the_waiting_and_the_terminal_is_as_before(ends: tuple[int, int]) -> None:
    master, slave = ends
    before = state_of(slave)
    with answering(master, KITTY) as sent:
        assert ask(slave, slave, patience=3600).kitty
    assert state_of(slave) == before
    # The answers were not shown as if somebody had typed them.
    assert b"OK" not in sent


def test_a_terminal_that_says_nothing_can_nothing_and_is_as_before(ends: tuple[int, int]) -> None:
    _, slave = ends
    before = state_of(slave)
    assert ask(slave, slave, patience=0.01) == Answers()
    assert state_of(slave) == before


def test_what_is_no_answer_is_handed_on_and_so_is_that_one_is_late(ends: tuple[int, int]) -> None:
    master, slave = ends
    with answering(master, b"jj" + KITTY + b"q"):
        assert ask(slave, slave, patience=30).unread == Unread(b"jjq")
    with answering(master, b"j" + KITTY[:20]):
        answers = ask(slave, slave, patience=0.3)
    assert answers.kitty
    assert answers.unread == Unread(b"j" + KITTY[len(b"\x1b_Gi=31;OK\x1b\\") : 20], is_owed=True)


def test_a_terminal_that_has_gone_can_nothing() -> None:
    master, slave = pty.openpty()
    os.close(master)
    assert ask(slave, slave, patience=30) == Answers()
    os.close(slave)


def test_what_is_no_terminal_is_sent_nothing(ends: tuple[int, int]) -> None:
    master, slave = ends
    reader, writer = os.pipe()
    assert ask(reader, slave) == ask(slave, writer) == Answers()
    os.set_blocking(master, False)
    os.set_blocking(reader, False)
    for empty in (master, reader):
        with pytest.raises(BlockingIOError) as nothing:
            os.read(empty, 1)
        assert nothing.value.errno == errno.EAGAIN
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize(
    ("window", "cell"),
    [
        ((40, 120, 1200, 800), (10, 20)),
        ((40, 120, 1205, 815), (10, 20)),
        ((40, 120, 0, 0), None),
        ((0, 0, 1200, 800), None),
        ((40, 120, 10, 10), None),
    ],
)
def test_the_driver_may_know_the_size_of_a_cell(
    ends: tuple[int, int], window: tuple[int, ...], cell: tuple[int, int] | None
) -> None:
    master, slave = ends
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *window))
    assert cell_of(slave) == cell
    with answering(master, XTERM):
        assert ask(slave, slave, patience=30).cell == (cell or (8, 16))


def test_what_is_no_terminal_has_no_cells() -> None:
    reader, writer = os.pipe()
    assert cell_of(reader) is None
    os.close(reader)
    os.close(writer)
