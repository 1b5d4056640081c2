"""How pictures are drawn on this terminal: the one place that decides."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from flowimg_tui.previews import textual_images
from flowimg_tui.previews.geometry import Size
from flowimg_tui.previews.probing import NOTHING, Answers, Unread, ask, cell_of

AUTO: Final = "auto"

_HOW_TO_GET: Final = "pip install 'flowimg-tui[images]'"
_SSH: Final = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")
_MULTIPLEXERS: Final = ("TMUX", "STY", "ZELLIJ")
# Inside a multiplexer on another machine only this is left of it.
_MULTIPLEXERS_TERMS: Final = ("tmux", "screen")
# They are known to show half blocks, and would show the question itself.
_NOT_ASKED_TERMS: Final = frozenset({"linux", "dumb", ""})
_NOT_ASKED_PROGRAMS: Final = frozenset({"Apple_Terminal"})


class Protocol(StrEnum):
    """A way to draw a picture, by its word in the settings."""

    KITTY = "kitty"
    SIXEL = "sixel"
    HALF_BLOCKS = "halfcell"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Choice:
    """How pictures are drawn, and a sentence for the user that says why."""

    protocol: Protocol
    why: str
    cell: Size | None = None
    """The pixels of a cell, where they are known."""
    lacks_extra: bool = False
    """Whether an optional extra would show them better."""
    unread: Unread = NOTHING
    """What came from the terminal, or will, beside the answers that this goes by."""

    @property
    def is_off(self) -> bool:
        return self.protocol is Protocol.OFF


HALF_BLOCKS: Final = Choice(Protocol.HALF_BLOCKS, "Half blocks: they pass wherever text does.")
OFF: Final = Choice(Protocol.OFF, "Pictures are switched off: preview = off.")


def settle(setting: str, environment: Mapping[str, str], source: int, sink: int) -> Choice:
    """Decide for the terminal that ``source`` reads from and ``sink`` writes to; ask it where that matters.

    It is for the moment before the screen starts, which then reads whatever the terminal says.
    """
    asked = is_worth_asking(setting, environment)
    answers = ask(source, sink) if asked else Answers(cell=cell_of(sink))
    choice = choose(setting, environment, has_images=textual_images.are_installed(), answers=answers)
    return replace(choice, unread=answers.unread)


def is_worth_asking(setting: str, environment: Mapping[str, str]) -> bool:
    """Tell whether the choice depends on what the terminal says."""
    return setting == AUTO and _given(environment) is None


def choose(setting: str, environment: Mapping[str, str], *, has_images: bool, answers: Answers) -> Choice:
    """Return how pictures are drawn: as it is set, or as suits the way to the user and the terminal."""
    if setting == Protocol.OFF:
        return OFF
    if setting == AUTO:
        return _suitable(environment, has_images=has_images, answers=answers)
    protocol = Protocol(setting)
    if protocol is Protocol.SIXEL and not has_images:
        why = f"Half blocks, as preview = sixel needs an extra: {_HOW_TO_GET}"
        return Choice(Protocol.HALF_BLOCKS, why, lacks_extra=True)
    return Choice(protocol, f"As it is set: preview = {protocol}.", answers.cell)


def _suitable(environment: Mapping[str, str], *, has_images: bool, answers: Answers) -> Choice:
    given = _given(environment)
    if given is not None:
        return given
    # Where both are there, kitty's is not to be trusted: Konsole and WezTerm name it and lack the
    # placeholders that are needed here. kitty itself knows no Sixel.
    if answers.sixel and not has_images:
        why = f"Half blocks. For Sixel pictures: {_HOW_TO_GET}"
        return Choice(Protocol.HALF_BLOCKS, why, lacks_extra=True)
    if answers.sixel:
        return Choice(Protocol.SIXEL, "The terminal draws Sixel pictures.", answers.cell)
    if answers.kitty:
        return Choice(Protocol.KITTY, "The terminal draws pictures in kitty's protocol.", answers.cell)
    return Choice(Protocol.HALF_BLOCKS, "Half blocks: the terminal names nothing better.")


def _given(environment: Mapping[str, str]) -> Choice | None:
    """Return what is settled without a question to the terminal, and shall not be asked."""
    if any(environment.get(name) for name in _SSH):
        return Choice(Protocol.HALF_BLOCKS, "Half blocks over SSH: they cost few bytes.")
    term = environment.get("TERM", "")
    if any(environment.get(name) for name in _MULTIPLEXERS) or term.startswith(_MULTIPLEXERS_TERMS):
        return Choice(
            Protocol.HALF_BLOCKS, "Half blocks inside tmux and its like, which lose pictures as such."
        )
    if term in _NOT_ASKED_TERMS or environment.get("TERM_PROGRAM") in _NOT_ASKED_PROGRAMS:
        return Choice(Protocol.HALF_BLOCKS, "Half blocks: this terminal shows nothing better.")
    return None
