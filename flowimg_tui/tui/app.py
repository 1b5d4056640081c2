"""The app: it owns the workspace and the runs; the screens show them."""

import gc
import logging
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Set
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from rich.console import RenderableType
from textual import events
from textual.app import App
from textual.binding import Binding
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Region
from textual.screen import Screen
from textual.theme import Theme
from textual.worker import Worker, WorkerFailed, WorkerState

from flowimg_tui.config.app_state import AppState
from flowimg_tui.config.reports import report_error
from flowimg_tui.mirror.progress import ProgressBoard
from flowimg_tui.mirror.stop import Stop
from flowimg_tui.previews.probing import NOTHING
from flowimg_tui.previews.protocol import HALF_BLOCKS, Choice
from flowimg_tui.store.database import StoreError
from flowimg_tui.store.records import ProfileRecord
from flowimg_tui.tui.commands import FlowimgCommands
from flowimg_tui.tui.differences import ShownCells
from flowimg_tui.tui.ending import SHUTDOWN_SECONDS, EndFromOutside
from flowimg_tui.tui.messages import RunEnded, RunProgressed
from flowimg_tui.tui.picture_link import QUESTION, SECONDS_BETWEEN_TRIES, PictureLink
from flowimg_tui.tui.runs import Run, RunKind
from flowimg_tui.tui.screens.main import MainScreen
from flowimg_tui.tui.terminal import PROGRESS_RATE, Ending
from flowimg_tui.tui.theme import FLOWIMG_DARK, FLOWIMG_LIGHT
from flowimg_tui.tui.widgets.too_small import HORIZONTAL, VERTICAL, is_too_small
from flowimg_tui.workspace import Workspace, WorkspaceError

if TYPE_CHECKING:
    from flowimg_tui.mirror.events import MirrorEvent

log = logging.getLogger(__name__)

_QUIT: Final = "ctrl+q"


class FlowimgApp(App[None]):
    """The gallery of all profiles of one installation."""

    TITLE = "flowimg"
    CSS_PATH = "app.tcss"
    COMMANDS = {FlowimgCommands}
    HORIZONTAL_BREAKPOINTS = HORIZONTAL
    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS = [
        Binding(
            _QUIT,
            "leave",
            "Quit",
            show=False,
            system=True,
            priority=True,
            tooltip="Quit, from everywhere",
        )
    ]

    def __init__(
        self,
        workspace: Workspace,
        *,
        clock: Callable[[], float] = time.monotonic,
        progress_rate: int = PROGRESS_RATE,
        few_colours: bool = False,
        pictures: Choice = HALF_BLOCKS,
        reports: Path | None = None,
    ) -> None:
        """Make the app; it closes neither the workspace nor anything else that it was given.

        ``reports`` is where the report of an unexpected error goes instead of beside the log.
        """
        super().__init__()
        self.workspace = workspace
        self.clock = clock
        self.progress_rate = progress_rate
        """How often a second a screen may draw the progress of a run."""
        self.few_colours = few_colours
        """Whether pictures make do with 256 colours as long as they are drawn in the settled way."""
        self.pictures = pictures
        """How pictures are drawn."""
        self.settled_pictures: Final = pictures
        """How they are drawn by the settings and the terminal."""
        self.unread = pictures.unread
        """What there is to know for who reads from the terminal first."""
        self.picture_link = PictureLink(clock, lambda: self.send(QUESTION))
        self.state = AppState.load(workspace.locations.state)
        self._reports = reports
        self._runs: dict[int, Run] = {}
        self._exit_code: int | None = None
        self._from_outside = EndFromOutside(self._stop_all, self._end_by_signal)
        self._last_words: tuple[str, ...] = ()
        self._shown_cells = ShownCells(lambda: self.picture_link.is_paused)
        self._is_waiting_for_terminal = False
        self._has_process = False
        self._known_kinds: set[RunKind] = set()
        for theme in (FLOWIMG_DARK, FLOWIMG_LIGHT):
            self.register_theme(theme)
        self._begin_with(self._first_theme())

    def run_to_ending(self, mouse: bool = True) -> Ending:
        """Run the app until it ends, with this process for itself."""
        self._has_process = True
        if self.unread != NOTHING:
            from flowimg_tui.tui.late_answers import PatientDriver

            self.driver_class = PatientDriver
        self.run(mouse=mouse)
        if self._last_words:
            return Ending(1, self._last_words)
        if self._from_outside.reason is not None:
            return Ending(128 + self._from_outside.reason)
        return Ending(self.return_code or 0)

    def get_default_screen(self) -> MainScreen:
        return MainScreen(self.workspace)

    def on_mount(self) -> None:
        self._from_outside.listen(self._driver)
        self.theme_changed_signal.subscribe(self, self._remember_theme)

    def on_ready(self) -> None:
        self._settle()

    def _settle(self) -> None:
        """Take what there is for what stays: a search for garbage in it stood the screen still for 20 ms."""
        if self._has_process:
            gc.freeze()

    def on_unmount(self) -> None:
        # However the app ends: a run that nobody stops would keep the process alive.
        self._stop_all()
        self._from_outside.listen_no_more()

    async def on_event(self, event: events.Event) -> None:
        """Take nothing for an answer, nor for a command, to what a window that is too small does not show."""
        unseen = isinstance(event, events.Key | events.MouseEvent | events.Paste) and is_too_small(self.size)
        if not unseen or (isinstance(event, events.Key) and event.key == _QUIT):
            await super().on_event(event)

    # What is said

    def action_help_quit(self) -> None:
        """Tell who presses ctrl+c how to quit."""
        sentence = "Press ctrl+q to quit."
        log.info(sentence)
        self.notify(sentence, markup=False)

    def action_leave(self) -> None:
        """Quit, after a question where something works, whatever stands before the main screen."""
        if self._main_screen is not None:
            self._main_screen.action_leave()

    # What is remembered

    def _first_theme(self) -> str:
        """Return the theme that the environment names, else the one that was chosen last, else our own."""
        wanted = [name.strip() for name in os.environ.get("TEXTUAL_THEME", "").split(",")]
        known = (name for name in (*wanted, self.state.theme) if name in self.available_themes)
        return next(known, FLOWIMG_DARK.name)

    def _begin_with(self, theme: str) -> None:
        """Take the theme, which Textual was not told before, as if it had been there from the beginning.

        To change it would have all styles parsed a second time before anything is shown.
        """
        self.set_reactive(FlowimgApp.theme, theme)
        self.stylesheet.set_variables(self.get_css_variables())
        self.set_class(self.current_theme.dark, "-dark-mode", update=False)
        self.set_class(not self.current_theme.dark, "-light-mode", update=False)
        self._refresh_truecolor_filter(self.ansi_theme)

    def _remember_theme(self, theme: Theme) -> None:
        """Keep what the user has chosen for the next start."""
        self.state.theme = theme.name
        self._keep_state("The theme is not remembered")

    def remember_preview(self, is_open: bool) -> None:
        """Keep whether pictures are shown for the next start."""
        self.state.preview = is_open
        self._keep_state("That pictures are shown, or not, is not remembered")

    def remember_sheet(self, is_shown: bool) -> None:
        """Keep whether there is a contact sheet in place of the table for the next start."""
        self.state.sheet = is_shown
        self._keep_state("That there is a contact sheet, or a table, is not remembered")

    def _keep_state(self, if_not: str) -> None:
        try:
            self.state.save()
        except OSError as error:
            log.warning("%s: %s", if_not, error)

    # Runs

    def run_of(self, profile: ProfileRecord) -> Run | None:
        """Return the run that works for this profile now."""
        return self._runs.get(profile.id)

    @property
    def runs(self) -> list[Run]:
        """What works now, for all profiles."""
        return list(self._runs.values())

    def start(self, kind: RunKind, profile: ProfileRecord, only: Set[int] | None = None) -> Run:
        """Begin a run in a thread of its own; a download brings ``only`` the images with these ids.

        Raises ``RuntimeError`` where one works for the profile, and ``WorkspaceError``.
        """
        if profile.id in self._runs:
            raise RuntimeError(f"a run for {profile.name} is still going on")
        begin = partial(self._begin, kind, profile, only)
        run = Run(kind, profile, begin, ProgressBoard(self.clock), self.workspace.workers(profile), only)
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
        """Ask every run to stop, from any thread."""
        for run in self.runs:
            run.ask_to_stop()

    def _begin(
        self, kind: RunKind, profile: ProfileRecord, only: Set[int] | None, stop: Stop, board: ProgressBoard
    ) -> "AsyncIterator[MirrorEvent]":
        match kind:
            case RunKind.SYNC:
                return self.workspace.sync(profile, stop, wait_for_cookies=True)
            case RunKind.DOWNLOAD:
                return self.workspace.download(profile, stop, board, wait_for_cookies=True, only=only)
            case RunKind.RETRY:
                return self.workspace.download(profile, stop, board, wait_for_cookies=True, failed_only=True)
            case RunKind.VERIFY:
                return self.workspace.verify(profile, stop)
            case RunKind.REFRESH:
                return self.workspace.refresh(profile, stop)
            case RunKind.UNDO:
                return self.workspace.undo_refresh(profile, stop)

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
        if message.run.kind not in self._known_kinds:
            # It has imported what it needs: the HTTP client is as large as the app was before.
            self._known_kinds.add(message.run.kind)
            self._settle()
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

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        super()._display(screen, self._shown_cells.reduced(renderable))
        cost, pictures = self._shown_cells.take_drawn()
        if pictures:
            self.picture_link.sent(cost, pictures)
        if self._shown_cells.is_holding_back and not self._is_waiting_for_terminal:
            self._is_waiting_for_terminal = True
            if self._main_screen is not None:
                self._main_screen.say_paused(self.picture_link.note)
            self.set_timer(SECONDS_BETWEEN_TRIES, self._draw_held_back)

    def _draw_held_back(self) -> None:
        """Draw the pictures that were held back, once the terminal has caught up."""
        if self.picture_link.is_paused:
            self.set_timer(SECONDS_BETWEEN_TRIES, self._draw_held_back)
            return
        self._is_waiting_for_terminal = self._shown_cells.is_holding_back = False
        for screen in self.screen_stack:
            for view in screen.query("ContactSheet, PictureView"):
                view.refresh()
        if self._main_screen is not None:
            self._main_screen.say_paused_no_more()

    def draw_pictures(self, how: Choice) -> None:
        """Draw pictures in another way from now on; what the settings say holds again with the next start."""
        self.pictures = how
        if self._main_screen is not None:
            self._main_screen.redraw_pictures()

    def forget_cells(self, region: Region) -> None:
        """Draw what stands in a region of the screen anew, though it may not have changed."""
        self._shown_cells.forget(region)

    def send(self, data: str) -> None:
        """Send the terminal what shows nothing by itself."""
        if self._driver is not None and not self._driver.is_headless:
            self._driver.write(data)

    def on_cursor_position(self) -> None:
        self.picture_link.answered()
        self.picture_link.catch_up()

    # The end

    def _end_by_signal(self, number: signal.Signals) -> None:
        """Stop the work, restore the terminal, and exit with 128 + the signal's number."""
        log.info("Ended by %s", number.name)
        self.set_timer(SHUTDOWN_SECONDS, partial(self.exit, return_code=128 + number))
        self.end_when_stopped(128 + number)

    def _handle_exception(self, error: Exception) -> None:
        """End after an unexpected error, with a report instead of Textual's tables of local variables.

        Textual has no public place for this.
        """
        if self._exception is None:
            cause = error.error if isinstance(error, WorkerFailed) else error
            if self._from_outside.reason is None:
                self._last_words = self._words_for(cause)
            log.error("Unexpected error on the screen", exc_info=cause)
        super()._handle_exception(error)

    def _words_for(self, cause: BaseException) -> tuple[str, ...]:
        if isinstance(cause, StoreError):
            return (str(cause),)  # nothing that a report could help with
        return report_error(cause, self.workspace.locations.log, self._reports)

    def _fatal_error(self) -> None:
        self._close_messages_no_wait()

    def panic(self, *renderables: RenderableType) -> None:
        """End after an error of the thread that reads the keys: Textual would draw it, and return 0.

        Where the terminal has gone, its watch ends the app.
        """
        if isinstance(self._driver, LinuxDriver) and not os.isatty(self._driver.fileno):
            return
        if self._exception is None:
            from rich.traceback import Traceback

            pictures = [picture for picture in renderables if isinstance(picture, Traceback)]
            stacks = [stack for picture in pictures for stack in picture.trace.stacks]
            said = "; ".join(f"{stack.exc_type}: {stack.exc_value}" for stack in stacks)
            self._handle_exception(RuntimeError(f"The keys cannot be read any more: {said}"))
        self._fatal_error()

    def _end_if_idle(self) -> None:
        if self._exit_code is not None and not self._runs:
            self.exit(return_code=self._exit_code)
