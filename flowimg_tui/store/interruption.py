"""How one thread ends the query of another."""

import contextlib
import sqlite3
import threading
from collections.abc import Iterator

from flowimg_tui.store.database import Interrupted


class Interruption:
    """Given to a query in another thread; :meth:`begin` ends it and all that would follow."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begun = False
        self._running: sqlite3.Connection | None = None

    def begin(self) -> None:
        """End what runs, and let nothing begin. Returns at once."""
        with self._lock:
            self._begun = True
            if self._running is not None:
                self._running.interrupt()

    @contextlib.contextmanager
    def of(self, connection: sqlite3.Connection) -> Iterator[None]:
        """Let the statement inside be ended. Raises :class:`Interrupted` where that has begun before."""
        with self._lock:
            if self._begun:
                raise Interrupted
            self._running = connection
        try:
            yield
        finally:
            with self._lock:
                self._running = None
