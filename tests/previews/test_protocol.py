"""How pictures are drawn: as it is set, else as suits the way to the user and the terminal."""

import os
import pty
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowimg_tui.config.settings import SettingError, resolve_settings
from flowimg_tui.previews.probing import QUERY, Answers
from flowimg_tui.previews.protocol import AUTO, Choice, Protocol, choose, is_worth_asking, settle
from tests.previews.answering import answering

LOCAL = {"TERM": "xterm-256color"}
SSH = {**LOCAL, "SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}
TMUX = {**LOCAL, "TMUX": "/tmp/tmux-0/default,1,0"}  # noqa: S108
KITTY, SIXEL, HALF_BLOCKS, OFF = Protocol
ALL = Answers(kitty=True, sixel=True, cell=(9, 18))


def chosen(
    setting: str,
    environment: dict[str, str] = LOCAL,
    answers: Answers = ALL,
    *,
    has_images: bool = True,
) -> Protocol:
    choice = choose(setting, environment, has_images=has_images, answers=answers)
    assert choice.why
    return choice.protocol


@pytest.mark.parametrize("setting", [AUTO, *Protocol])
def test_the_settings_know_every_word_for_it(tmp_path: Path, setting: str) -> None:
    resolved = resolve_settings(tmp_path / "config.toml", {"FLOWIMG_PREVIEW": setting})
    assert resolved.settings.preview == setting


def test_the_settings_know_no_other_word_for_it(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=f"one of {', '.join([AUTO, *Protocol])}"):
        resolve_settings(tmp_path / "config.toml", {"FLOWIMG_PREVIEW": "none of them"})


@pytest.mark.parametrize(
    ("answers", "protocol"),
    [
        (Answers(), HALF_BLOCKS),
        (Answers(kitty=True), KITTY),
        (Answers(sixel=True), SIXEL),
        (ALL, SIXEL),
    ],
)
def test_by_itself_it_takes_the_best_that_the_terminal_names(answers: Answers, protocol: Protocol) -> None:
    assert chosen(AUTO, answers=answers) is protocol


@pytest.mark.parametrize(
    "environment",
    [
        SSH,
        {**LOCAL, "SSH_TTY": "/dev/pts/1"},
        {**LOCAL, "SSH_CLIENT": "192.0.2.1 50000 22"},
        TMUX,
        {**LOCAL, "STY": "1.pts"},
        {**LOCAL, "ZELLIJ": "0"},
        {"TERM": "tmux-256color"},
        {"TERM": "screen.xterm-256color"},
        {"TERM": "linux"},
        {"TERM": "dumb"},
        {},
        {**LOCAL, "TERM_PROGRAM": "Apple_Terminal"},
    ],
)
def test_over_ssh_in_tmux_and_where_nothing_better_is_known_it_is_half_blocks_unasked(
    environment: dict[str, str],
) -> None:
    assert chosen(AUTO, environment) is HALF_BLOCKS
    assert not is_worth_asking(AUTO, environment)
    # Whoever knows better says so.
    assert chosen("kitty", environment) is KITTY
    assert chosen("sixel", environment) is SIXEL


def test_an_empty_variable_says_nothing() -> None:
    assert chosen(AUTO, {**LOCAL, "SSH_CONNECTION": "", "TMUX": ""}) is SIXEL


@pytest.mark.parametrize("setting", Protocol)
@pytest.mark.parametrize("environment", [LOCAL, SSH, TMUX])
def test_what_is_set_holds_everywhere_and_no_terminal_is_asked(
    setting: Protocol, environment: dict[str, str]
) -> None:
    assert chosen(setting, environment, Answers()) is setting
    assert not is_worth_asking(setting, environment)


@pytest.mark.parametrize(
    ("setting", "answers", "protocol"),
    [
        ("sixel", ALL, HALF_BLOCKS),
        (AUTO, ALL, HALF_BLOCKS),
        (AUTO, Answers(kitty=True), KITTY),
        ("kitty", ALL, KITTY),
        ("halfcell", ALL, HALF_BLOCKS),
    ],
)
def test_without_the_extra_there_is_no_sixel_and_it_is_said_how_to_get_it(
    setting: str, answers: Answers, protocol: Protocol
) -> None:
    choice = choose(setting, LOCAL, has_images=False, answers=answers)
    assert choice.protocol is protocol
    assert choice.lacks_extra is (setting in (AUTO, "sixel") and protocol is HALF_BLOCKS)
    assert ("flowimg-tui[images]" in choice.why) is choice.lacks_extra


def test_what_is_switched_off_is_said_to_be() -> None:
    choice = choose("off", {**LOCAL, "NO_COLOR": "1"}, has_images=True, answers=ALL)
    assert choice == Choice(OFF, "Pictures are switched off: preview = off.")


@pytest.mark.parametrize(("setting", "cell"), [(AUTO, (9, 18)), ("kitty", (9, 18)), ("halfcell", (9, 18))])
def test_the_size_of_a_cell_goes_along(setting: str, cell: tuple[int, int]) -> None:
    assert choose(setting, LOCAL, has_images=True, answers=ALL).cell == cell


# On a terminal


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    """The two ends of a terminal of 120×40 cells, of which the second one is the program's."""
    master, slave = pty.openpty()
    yield master, slave
    os.close(master)
    os.close(slave)


def test_a_terminal_is_asked_where_it_matters(ends: tuple[int, int]) -> None:
    master, slave = ends
    with answering(master, b"\x1b[6;18;9t\x1b[?62;4c") as asked:
        choice = settle(AUTO, LOCAL, slave, slave)
    assert (choice.protocol, choice.cell) == (SIXEL, (9, 18))
    assert bytes(asked) == QUERY


@pytest.mark.parametrize(
    ("setting", "environment"),
    [(AUTO, SSH), (AUTO, TMUX), ("halfcell", LOCAL), ("kitty", LOCAL), ("off", LOCAL)],
)
def test_a_terminal_is_sent_nothing_where_it_does_not_matter(
    ends: tuple[int, int], setting: str, environment: dict[str, str]
) -> None:
    master, slave = ends
    with answering(master, b"\x1b[?62;4c") as asked:
        settle(setting, environment, slave, slave)
    assert bytes(asked) == b""
