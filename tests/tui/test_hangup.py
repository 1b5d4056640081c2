"""Waiting for a terminal to go: at once where the system can tell, and by looking now and then elsewhere."""

import os
import pty
import select
import threading
from collections.abc import Iterator

import pytest

from flowimg_tui.tui import terminal
from flowimg_tui.tui.terminal import wait_for_hangup
from tests.tui.terminal import PATIENCE

pytestmark = pytest.mark.waits

NEVER = 3600.0


class Ended(threading.Event):
    """Tells whether the app has ended, and of the first pause that somebody makes until then."""

    def __init__(self) -> None:
        super().__init__()
        self.pause: float | None = None
        self.paused = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        self.pause = timeout
        self.paused.set()
        return super().wait(timeout)


class Waiting:
    """A thread that waits for the terminal whose other end is ``master``."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        self.ended = Ended()
        self._told: list[bool] = []
        self._thread = threading.Thread(target=self._wait, daemon=True)
        self._thread.start()

    def hang_up(self) -> None:
        os.close(self.master)
        self.master = -1

    def told(self) -> bool:
        """Wait for the answer and return it."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        return self._told[0]

    def close(self) -> None:
        if self.master >= 0:
            self.hang_up()
        self._thread.join(PATIENCE)
        os.close(self.slave)

    def _wait(self) -> None:
        self._told.append(wait_for_hangup(self.slave, self.ended))


@pytest.fixture
def a_system_that_cannot_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    class Poll:
        def register(self, descriptor: int, events: int) -> None:
            self.descriptor = descriptor
            assert events == 0

        def poll(self, patience: float) -> list[tuple[int, int]]:
            assert patience > 0
            return [(self.descriptor, select.POLLNVAL)]

    monkeypatch.setattr(select, "poll", Poll)


@pytest.fixture
def waiting(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Waiting]:
    monkeypatch.setattr(terminal, "_LOOK_EVERY", request.param)
    opened = Waiting()
    yield opened
    opened.close()


@pytest.mark.parametrize("waiting", [NEVER], indirect=True)
def test_what_is_typed_ends_no_wait_and_a_hangup_ends_it_at_once(waiting: Waiting) -> None:
    os.write(waiting.master, b"typed\n")
    assert select.select([waiting.slave], [], [], PATIENCE)[0]
    assert waiting._thread.is_alive()
    waiting.hang_up()
    assert waiting.told() is True


@pytest.mark.usefixtures("a_system_that_cannot_watch")
@pytest.mark.parametrize("waiting", [0.01], indirect=True)
def test_where_the_system_cannot_watch_a_look_finds_the_terminal_gone(waiting: Waiting) -> None:
    waiting.hang_up()
    assert waiting.told() is True


@pytest.mark.usefixtures("a_system_that_cannot_watch")
@pytest.mark.parametrize("waiting", [NEVER], indirect=True)
def test_where_the_system_cannot_watch_there_is_a_pause_between_two_looks(waiting: Waiting) -> None:
    assert waiting.ended.paused.wait(PATIENCE)
    assert waiting.ended.pause == NEVER
    waiting.ended.set()
    assert waiting.told() is False


@pytest.mark.parametrize("waiting", [0.01], indirect=True)
def test_the_wait_ends_with_the_app(waiting: Waiting) -> None:
    waiting.ended.set()
    assert waiting.told() is False
