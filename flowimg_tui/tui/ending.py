"""The end from outside: by a signal, or because the terminal has gone. It comes whatever the screen does."""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable
from functools import partial
from typing import Final

from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver

from flowimg_tui.mirror.stop import LastResort
from flowimg_tui.tui.terminal import wait_for_hangup

ENDING_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SHUTDOWN_SECONDS: Final = 1.2
GRACE_SECONDS: Final = 0.6


class EndFromOutside:
    """Listens for it from the app's first moment to its last, and sees to it that the process ends."""

    def __init__(self, stop_work: Callable[[], None], end: Callable[[signal.Signals], None]) -> None:
        """``end`` is called in the screen's loop; ``stop_work`` in a thread, as the loop may stand still."""
        self.reason: signal.Signals | None = None
        """The first signal; a terminal that has gone counts as SIGHUP."""
        self._stop_work = stop_work
        self._end = end
        self._ended = threading.Event()
        self._undo = contextlib.ExitStack()

    def listen(self, driver: Driver | None) -> None:
        """Begin; to be called in the screen's loop."""
        last_resort = LastResort(SHUTDOWN_SECONDS + GRACE_SECONDS, self._stop_work)
        self._undo.callback(last_resort.dismiss)
        come = partial(self._come, asyncio.get_running_loop(), last_resort)
        # Not the loop's own handlers: a terminal that has gone can block the loop in the middle of a write.
        for number in ENDING_SIGNALS:
            earlier = signal.signal(number, lambda came, _: come(came))
            self._undo.callback(self._leave, number, earlier)
        if isinstance(driver, LinuxDriver):
            self._undo.callback(self._ended.set)
            watch = partial(self._watch_terminal, driver, come)
            threading.Thread(target=watch, name="terminal-watch", daemon=True).start()

    def listen_no_more(self) -> None:
        """Leave the signals to whom they belonged before; nothing happens where nobody has listened."""
        self._undo.close()

    def _leave(self, number: signal.Signals, earlier: "signal._HANDLER") -> None:
        """Give a signal back, unless one of them ends the process: then its exit code stays what it is."""
        signal.signal(number, earlier if self.reason is None else signal.SIG_IGN)

    def _come(self, loop: asyncio.AbstractEventLoop, last_resort: LastResort, number: int) -> None:
        came = signal.Signals(number)
        self.reason = self.reason or came
        last_resort.end_with(128 + came)
        # A loop that is closed has nothing left to end.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(self._end, came)

    def _watch_terminal(self, driver: LinuxDriver, come: Callable[[int], None]) -> None:
        if wait_for_hangup(driver.fileno, self._ended):
            # The thread that reads the keys would read nothing, again and again, as fast as it can.
            driver.exit_event.set()
            come(signal.SIGHUP)
