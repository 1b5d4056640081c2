"""The app: it owns the workspace and the runs; the screens show them."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, Final, cast

from rich.text import Text
from textual.app import App
from textual.binding import Binding
from textual.worker import Worker, WorkerState

from flowimg_tui.mirror.events import MirrorEvent
from flowimg_tui.mirror.progress import ProgressBoard
from flowimg_tui.mirror.stop import LastResort, Stop
from flowimg_tui.store.database import StoreError
from flowimg_tui.store.records import ProfileRecord
from flowimg_tui.tui.messages import RunEnded, RunProgressed
from flowimg_tui.tui.runs import Run, RunKind
from flowimg_tui.tui.screens.main import MainScreen
from flowimg_tui.tui.theme import FLOWIMG_DARK
from flowimg_tui.workspace import Workspace, WorkspaceError

log = logging.getLogger(__name__)

ENDING_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SHUTDOWN_SECONDS: Final = 1.2
GRACE_SECONDS: Final = 0.6


class FlowimgApp(App[None]):
    """The gallery of all profiles of one installation."""

    TITLE = "flowimg"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [Binding("ctrl+q", "screen.leave", "Quit", show=False, system=True)]

    def __init__(self, workspace: Workspace, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Make the app; it closes neither the workspace nor anything else that it was given."""
        super().__init__()
        self.workspace = workspace
        self.clock = clock
        self._runs: dict[int, Run] = {}
        self._exit_code: int | None = None
        self._earlier_handlers: dict[int, Any] = {}
        self.register_theme(FLOWIMG_DARK)
        self.theme = os.environ.get("TEXTUAL_THEME", FLOWIMG_DARK.name)

    def run_to_exit_code(self) -> int:
        """Run the app until it ends, and return the exit code for the process."""
        self.run()
        return self.return_code or 0

    def get_default_screen(self) -> MainScreen:
        return MainScreen(self.workspace)

    def on_unmount(self) -> None:
        # However the app ends: a run that nobody stops would keep the process alive.
        self._stop_all()
        self._last_resort.dismiss()
        for number, handler in self._earlier_handlers.items():
            signal.signal(number, handler)

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        # The screen's loop may never run again; runs have threads of their own.
        self._last_resort = LastResort(SHUTDOWN_SECONDS + GRACE_SECONDS, self._stop_all)

        # Not the loop's own handlers: a terminal that has gone can block the loop in the middle of a write.
        def end(number: int, _frame: object) -> None:
            self._last_resort.end_with(128 + number)
            loop.call_soon_threadsafe(self._end_by_signal, number)

        for number in ENDING_SIGNALS:
            self._earlier_handlers[number] = signal.signal(number, end)

    # Runs

    def run_of(self, profile: ProfileRecord) -> Run | None:
        """Return the run that works for this profile now."""
        return self._runs.get(profile.id)

    @property
    def runs(self) -> list[Run]:
        """What works now, for all profiles."""
        return list(self._runs.values())

    def start(self, kind: RunKind, profile: ProfileRecord) -> Run:
        """Begin a run in a thread of its own.

        Raises ``RuntimeError`` where one works for the profile, and ``WorkspaceError``.
        """
        if profile.id in self._runs:
            raise RuntimeError(f"a run for {profile.name} is still going on")
        begin = partial(self._begin, kind, profile)
        run = Run(kind, profile, begin, ProgressBoard(self.clock), self.workspace.workers(profile))
        self._runs[profile.id] = run
        self.run_worker(
            partial(self._work, run),
            name=f"{kind} {profile.name}",
            group=f"profile-{profile.id}",
            thread=True,
            exit_on_error=False,
        )
        return run

    def end_when_stopped(self, exit_code: int = 0) -> None:
        """Ask every run to stop, and end the app when the last one has."""
        self._exit_code = exit_code
        self._stop_all()
        self._end_if_idle()

    def _stop_all(self) -> None:
        for run in self.runs:
            run.ask_to_stop()

    def _begin(
        self, kind: RunKind, profile: ProfileRecord, stop: Stop, board: ProgressBoard
    ) -> AsyncIterator[MirrorEvent]:
        match kind:
            case RunKind.SYNC:
                return self.workspace.sync(profile, stop, wait_for_cookies=True)
            case RunKind.DOWNLOAD | RunKind.RETRY:
                return self.workspace.download(
                    profile, stop, board, wait_for_cookies=True, failed_only=kind is RunKind.RETRY
                )
            case RunKind.VERIFY:
                return self.workspace.verify(profile, stop)
            case RunKind.REFRESH:
                return self.workspace.refresh(profile)
            case RunKind.UNDO:
                return self.workspace.undo_refresh(profile)

    def _work(self, run: Run) -> None:
        """Do the whole run, in a worker's thread; only messages leave it."""
        error: str | None = "An unexpected error ended it; the log tells more."
        try:
            with self.workspace.gallery.in_this_thread():
                run.work(lambda event: self.post_message(RunProgressed(run, event)))
            error = None
        except (WorkspaceError, StoreError) as expected:
            error = str(expected)
        finally:
            self.post_message(RunEnded(run, error))

    def on_run_progressed(self, message: RunProgressed) -> None:
        if self._main_screen is not None:
            self._main_screen.show_event(message.run, message.event)

    def on_run_ended(self, message: RunEnded) -> None:
        self._runs.pop(message.run.profile.id, None)
        if self._main_screen is not None:
            self._main_screen.show_end(message.run, message.error)
        self._end_if_idle()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR:
            log.error("%s failed", event.worker.name, exc_info=event.worker.error)

    @property
    def _main_screen(self) -> MainScreen | None:
        """The screen that shows the runs; what they tell while the app ends is shown by nothing."""
        return cast("MainScreen", self.screen_stack[0]) if self.screen_stack else None

    # The end

    def _end_by_signal(self, number: int) -> None:
        """End as the signal asks: stop the work, restore the terminal, and exit with 128 + its number."""
        log.info("Ended by %s", signal.Signals(number).name)
        self.set_timer(SHUTDOWN_SECONDS, partial(self.exit, return_code=128 + number))
        self.end_when_stopped(128 + number)

    def _fatal_error(self) -> None:
        """End after an unexpected error, without the tables of local variables that Textual would print.

        Textual has no public place for this. The log gets the traceback, redacted.
        """
        error = self._exception
        log.error("Unexpected error on the screen", exc_info=error)
        self._exit_renderables.append(
            Text(f"flowimg: An error that should not happen: {type(error).__name__}. The log tells more.")
        )
        self._close_messages_no_wait()

    def _end_if_idle(self) -> None:
        if self._exit_code is not None and not self._runs:
            self.exit(return_code=self._exit_code)
