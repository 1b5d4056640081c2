"""What a terminal answers after nobody waited for it any more must not be taken for keys.

The wait before the start is short. Where the way is longer, an answer comes while the app reads the keys
already, and Textual hands on what it does not know letter by letter: its question mark opened the help.
Textual has no public place for this.
"""

import re
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, cast

from textual import constants, events
from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.message import Message

from flowimg_tui.previews.probing import NOTHING, Unread

if TYPE_CHECKING:
    from flowimg_tui.tui.app import FlowimgApp

_ESCAPE: Final = "\x1b"
_KITTY: Final = "\x1b_Gi=31"
_ANSWER: Final = re.compile(rf"{_KITTY}[^\x1b]*\x1b\\|\x1b\[6;[0-9]+;[0-9]+t|\x1b\[\?[0-9;]*c")
_BEGIN: Final = re.compile(rf"{_KITTY}[^\x1b]*\x1b?|\x1b\[6;[0-9]*(;[0-9]*)?|\x1b\[\?[0-9;]*")
_BEGINS: Final = (_KITTY, "\x1b[6;", "\x1b[?")
_LAST: Final = "c"
"""How the answer ends that comes last."""
_PATIENCE: Final = 0.5
"""Seconds until what may be the begin of an answer is a key, where nothing more of it comes."""


class PatientParser(XTermParser):
    """Understands what a person types, and passes over what the terminal still owes until that has come."""

    def __init__(self, unread: Unread, debug: bool = False) -> None:
        super().__init__(debug)
        self._is_owed = unread.is_owed
        self._unread = unread.data.decode(errors="ignore")
        self._held = ""
        """What may be the begin of an answer."""
        self._held_since = 0.0

    def feed(self, data: str) -> Iterable[Message]:
        unread, self._unread = self._unread, ""
        data, is_end = unread + data, not data
        while data and self._is_owed:
            yield from self._take(data[0])
            data = data[1:]
        if data or is_end:
            yield from super().feed(data)

    def tick(self) -> Iterable[Message]:
        if self._unread:
            unread, self._unread = self._unread, ""
            yield from self.feed(unread)
        # What is longer nobody types.
        if self._held and not _BEGIN.fullmatch(self._held) and self._held_for(_PATIENCE):
            yield from self._let_go()
        yield from super().tick()

    def _held_for(self, seconds: float) -> bool:
        return time.monotonic() - self._held_since >= seconds

    def _take(self, character: str) -> Iterator[Message]:
        so_far = self._held + character
        if _ANSWER.fullmatch(so_far):
            self._held = ""
            self._is_owed = character != _LAST
        elif _BEGIN.fullmatch(so_far) or any(begin.startswith(so_far) for begin in _BEGINS):
            self._held_since = time.monotonic()
            self._held = so_far
        elif self._held:
            is_alone = character == _ESCAPE or self._held_for(constants.ESCAPE_DELAY)
            if self._held == _ESCAPE and not is_alone:
                self._held = ""
                yield from super().feed(so_far)
            else:
                yield from self._let_go()
                yield from self._take(character)
        else:
            yield from super().feed(character)

    def _let_go(self) -> Iterator[Message]:
        held, self._held = self._held, ""
        if held == _ESCAPE:
            yield events.Key("escape", _ESCAPE)
        else:
            yield from super().feed(held)


class PatientDriver(linux_driver.LinuxDriver):
    """Reads from a terminal that owes an answer, or from which more came than its answers."""

    def run_input_thread(self) -> None:
        app = cast("FlowimgApp", self._app)
        # Once: the keys are read anew after the app was suspended.
        unread, app.unread = app.unread, NOTHING
        setattr(linux_driver, "XTermParser", lambda debug: PatientParser(unread, debug))  # noqa: B010
        try:
            super().run_input_thread()
        finally:
            setattr(linux_driver, "XTermParser", XTermParser)  # noqa: B010
