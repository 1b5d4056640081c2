"""The gallery screen: profiles, images, transfers, and the keys that work on them.

What a key opens, and what a run can tell, is imported with that: the first screen comes the sooner.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.screen import Screen

from flowimg_tui.humane import count_of
from flowimg_tui.safe_text import safe_text
from flowimg_tui.store.database import StoreError
from flowimg_tui.store.records import Counts, ProfileRecord
from flowimg_tui.tui.keys import KEYS
from flowimg_tui.tui.profile_state import NO_COUNTS, ProfileState
from flowimg_tui.tui.refusals import DIMMABLE, NO_PROFILE, why_not
from flowimg_tui.tui.runs import Run, RunKind
from flowimg_tui.tui.widgets.gallery_pane import GalleryPane
from flowimg_tui.tui.widgets.header import HeaderLine
from flowimg_tui.tui.widgets.image_table import ImageTable
from flowimg_tui.tui.widgets.key_line import KeyLine
from flowimg_tui.tui.widgets.preview_pane import PreviewPane
from flowimg_tui.tui.widgets.profile_pane import ProfilePane
from flowimg_tui.tui.widgets.status_line import Mood, StatusLine
from flowimg_tui.tui.widgets.too_small import TooSmall
from flowimg_tui.tui.widgets.transfers import TransfersPane
from flowimg_tui.workspace import Workspace, WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Callable, Set

    from textual.timer import Timer
    from textual.widget import Widget

    from flowimg_tui.mirror.events import MirrorEvent
    from flowimg_tui.tui.app import FlowimgApp
    from flowimg_tui.tui.questions import Question
    from flowimg_tui.tui.screens.profile import SavedProfile

_SECONDS_BETWEEN_FINDS: Final = 1.0
"""While pictures arrive: to find anew with each of them would take the processor from who types a filter."""


class MainScreen(Screen[None]):
    """Shows one profile's gallery at a time; runs of other profiles go on unseen."""

    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self._states: dict[int, ProfileState] = {}
        self._shown: ProfileState | None = None
        self._output = Path()
        self._ticker: Timer | None = None  # runs only while there is something to draw
        self._counts_are_old = self._finds_are_old = False
        self._found_at = 0.0
        self._runnable: tuple[str, ...] = ()
        self._asking = False

    @property
    def _app(self) -> "FlowimgApp":
        return cast("FlowimgApp", self.app)

    def compose(self) -> ComposeResult:
        yield HeaderLine(id="header")
        with Horizontal(id="panes"):
            yield ProfilePane(id="profiles")
            with Vertical(id="work"):
                with Container(id="look"):
                    yield GalleryPane(self._workspace.gallery, id="gallery")
                    yield PreviewPane(
                        self._workspace,
                        lambda: self._images.current,
                        few_colours=self._app.few_colours,
                        id="preview",
                    )
                yield TransfersPane(id="transfers")
        yield StatusLine(id="status")
        yield KeyLine()
        yield TooSmall(id="too-small")

    def on_mount(self) -> None:
        self._images = self.query_one(GalleryPane)
        self._table = self._images.table
        self._preview = self.query_one(PreviewPane)
        self._transfers = self.query_one(TransfersPane)
        self._status = self.query_one(StatusLine)
        self._ticker = self.set_interval(1 / self._app.progress_rate, self._tick, pause=True)
        self._read_profiles()
        self._table.focus()
        self._open_first()
        if self._app.state.preview:
            self._preview.open()
        if self._shown is None:
            self.call_after_refresh(self.action_new)

    # Which profile

    def _read_profiles(self) -> None:
        """Take the profiles as they are now, with what is known of each."""
        gallery = self._workspace.gallery
        read = {}
        for profile in gallery.profiles():
            state = self._states.get(profile.id) or ProfileState(profile, NO_COUNTS)
            state.record, state.counts = profile, gallery.counts(profile.id)
            read[profile.id] = state
        self._states = read

    def _open_first(self) -> None:
        """Show the first profile, or that there is none."""
        first = next(iter(self._states.values()), None)
        if first is not None:
            self._open(first)
            return
        self._shown = None
        self.query_one(ProfilePane).show((), None)
        self._images.open(None, Path())
        self._status.say(NO_PROFILE, Mood.WARNING)
        self._show_profile()
        self._follow(None)

    def _open(self, state: ProfileState) -> None:
        """Show the gallery of a profile, and what works for it."""
        self._shown, profile = state, state.record
        self._status.say(*state.said)
        self._output = Path()
        try:
            self._output = self._workspace.output_folder(profile)
        except WorkspaceError as error:
            self._status.say(str(error), Mood.BAD)
        state.refreshed_at = self._workspace.last_refresh(profile)
        self._images.open(state, self._output)
        self.query_one(ProfilePane).show(
            [(each.record, each.counts) for each in self._states.values()], profile.id
        )
        self._show_profile()
        self._follow(self._app.run_of(profile))

    def on_profile_pane_chosen(self, message: ProfilePane.Chosen) -> None:
        if self._shown is None or message.profile_id != self._shown.record.id:
            self._open(self._states[message.profile_id])

    def on_option_list_option_selected(self) -> None:
        self.action_profiles()

    @property
    def _profile(self) -> ProfileRecord | None:
        """The profile that is shown."""
        return self._shown.record if self._shown else None

    @property
    def _shown_counts(self) -> Counts:
        return self._shown.counts if self._shown else NO_COUNTS

    @property
    def _shown_run(self) -> Run | None:
        return self._app.run_of(self._shown.record) if self._shown else None

    def _is_shown(self, profile: ProfileRecord) -> bool:
        return self._shown is not None and self._shown.record.id == profile.id

    def _show_profile(self) -> None:
        """Bring the header, the titles and the dimmed keys up to date."""
        session_end = self._shown.session_end if self._shown else None
        self.query_one(HeaderLine).show(self._profile, session_end)
        self._images.show_counts()
        self._show_keys()

    def _show_keys(self) -> None:
        """Dim and light the keys; the footer is made anew for it, so only where one of them changed."""
        runnable = tuple(action for action in DIMMABLE if self.why_not(action) is None)
        if runnable != self._runnable:
            self._runnable = runnable
            self.refresh_bindings()

    def on_gallery_pane_problem_changed(self, message: GalleryPane.ProblemChanged) -> None:
        if message.problem is not None:
            self._status.say(f"{message.problem[0].upper()}{message.problem[1:]}.", Mood.WARNING)
        elif self._shown is not None:
            self._status.say(*self._shown.said)

    def on_gallery_pane_selection_changed(self) -> None:
        self._show_keys()

    def on_gallery_pane_failed(self, message: GalleryPane.Failed) -> None:
        self._status.say(str(message.error), Mood.BAD)

    def on_image_table_cursor_moved(self) -> None:
        self._preview.cursor_moved()

    def on_image_table_current_changed(self) -> None:
        self._preview.look()

    # What a run tells

    def show_event(self, run: Run, event: "MirrorEvent") -> None:
        """Show an event of any profile's run; the app calls this for each."""
        from flowimg_tui.mirror import events as told
        from flowimg_tui.mirror.summary import space_warning
        from flowimg_tui.tui.sentences import sentence_of

        state = self._states[run.profile.id]
        match event:
            case told.SignedIn(expires=expires):
                state.session_end = expires
                self._read_again(state)
            case told.DownloadStarted():
                state.tally = None
                if state is self._shown:
                    self._follow(run)
            case told.DownloadFinished():
                state.tally = event if event.pending else None
                if run.only and not event.cancelled:
                    self._deselect(state, run.only)
            case told.LowSpace():
                self._toast(space_warning(event))
            case told.ImageSaved() | told.ImageAdopted() | told.ImageFailed():
                self._counts_are_old = self._finds_are_old = True
                self._show_image(run, event.image_id)
            case told.SyncStarted():
                state.met = 0
            case told.PageSynced():
                state.met += event.new + event.updated
                self._recount(state)
            case told.RecordsDeleted() | told.RecordsRestored():
                state.refreshed_at = self._workspace.last_refresh(run.profile)
                state.rows_are_old = True
                # Their ids are not those of the same images any more.
                self._deselect(state, state.selected.copy())
                self._recount(state)
            case told.VerifyStarted():
                state.met, state.problems = event.files, []
            case told.FileProblem():
                state.problems.append(event)
            case told.VerifyFinished() if state.problems and state is self._shown:
                from flowimg_tui.tui.screens.report import ReportScreen

                self._app.push_screen(ReportScreen(state.problems, self._output))
        sentence = sentence_of(run.profile.name, event, state.met)
        if sentence is not None:
            self._say_of(state, *sentence)

    def _deselect(self, state: ProfileState, images: "Set[int]") -> None:
        state.selected.difference_update(images)
        if state is self._shown:
            self._images.show_selection()

    def _toast(self, sentence: str) -> None:
        """Tell what nobody asked for; whoever found it has logged it, as a toast is soon gone."""
        self.notify(safe_text(sentence), severity="warning", markup=False)

    def _say_of(self, state: ProfileState, sentence: str, mood: Mood) -> None:
        """Say something of one profile: now where it is shown, else when it is."""
        state.said = (sentence, mood)
        if state is self._shown:
            self._status.say(sentence, mood)

    def show_end(self, run: Run, error: str | None) -> None:
        """Show that a run's thread is done; the app calls this for each."""
        state = self._states[run.profile.id]
        if error is not None:
            self._say_of(state, f"{run.profile.name}: {error}", Mood.BAD)
        if state is self._shown:
            self._follow(None)
        state.rows_are_old = True
        self._recount(state)

    def _read_again(self, state: ProfileState) -> None:
        """Take what a run or a form has changed of the profile."""
        found = self._workspace.gallery.find_profile(state.record.name)
        if found is not None:
            state.record = found
            if state is self._shown:
                self._show_profile()

    def _show_image(self, run: Run, image_id: int) -> None:
        if self._is_shown(run.profile) and self._table.holds(image_id):
            image = self._workspace.gallery.image(image_id)
            if image is not None:
                self._table.show_image(image)

    def _follow(self, run: Run | None) -> None:
        """Show the transfers of ``run`` while it goes on; without one, how the last download ended."""
        downloading = run is not None and run.kind.downloads
        tally = self._shown.tally if self._shown is not None and not downloading else None
        self.set_class(downloading or tally is not None, "-transferring")
        if self._ticker is not None:
            self._ticker.resume() if downloading else self._ticker.pause()
        if run is not None and downloading:
            self._transfers.begin(run.workers)
            self._tick()
        else:
            self._table.show_transfers(())
            if tally is not None:
                self._transfers.show_tally(tally)
        self._show_keys()

    def action_back(self) -> None:
        """End what was begun last: a range, a filter, a selection, the sum of the last download."""
        run = self._shown_run
        downloading = run is not None and run.kind.downloads
        if not self._images.step_back() and self._shown is not None and not downloading:
            self._shown.tally = None
            self._follow(None)

    def action_filter(self) -> None:
        if self._shown is None:
            self._status.say(NO_PROFILE, Mood.WARNING)
        self._images.action_filter()

    def action_copy(self) -> None:
        """Copy what is selected, or the image under the cursor."""
        from flowimg_tui.tui.screens.copy import MOST_LINES, CopyScreen

        selected = len(self._shown.selected) if self._shown else 0
        if selected > MOST_LINES:
            self._status.say(
                f"{selected} lines are too many for a clipboard (at most {MOST_LINES}); "
                "flowimg list --json names every image.",
                Mood.WARNING,
            )
            return
        images = self._images.chosen(MOST_LINES)
        if images:
            self._app.push_screen(CopyScreen(images))

    def _tick(self) -> None:
        run = self._shown_run
        if run is None or self._shown is None:
            return
        snapshot = run.board.snapshot()
        self._transfers.show(snapshot)
        self._table.show_transfers(snapshot.transfers)
        now = self._app.clock()
        may_find = self._finds_are_old and now - self._found_at >= _SECONDS_BETWEEN_FINDS
        if may_find:
            self._found_at, self._finds_are_old = now, False
            self._shown.rows_are_old |= self._images.depends_on_files
        if self._counts_are_old or may_find:
            self._counts_are_old = False
            self._recount(self._shown)

    @work(group="counts")
    async def _recount(self, state: ProfileState) -> None:
        """Count again, in a thread: a hundred thousand rows take longer than a frame."""
        state.counted += 1
        turn = state.counted
        try:
            counts = await asyncio.to_thread(self._count, state.record.id)
        except StoreError as error:
            self._say_of(state, str(error), Mood.BAD)
            return
        if turn != state.counted or state.record.id not in self._states:
            return  # a later count is on its way, and this one may be the older; or the profile is gone
        if not self.query(ProfilePane):
            return  # the app was quit meanwhile, and what would show it has been taken down
        before, state.counts = state.counts, counts
        self.query_one(ProfilePane).show_counts(state.record, counts)
        if state is self._shown:
            if state.rows_are_old or counts.images != before.images:
                state.rows_are_old = False
                self._images.rows_changed()
            self._show_profile()

    def _count(self, profile_id: int) -> Counts:
        with self._workspace.gallery.in_this_thread():
            return self._workspace.gallery.counts(profile_id)

    # Keys

    def why_not(self, action: str) -> str | None:
        """Return why ``action`` cannot run now, or ``None`` where it can."""
        undoable = self._shown is not None and self._shown.refreshed_at is not None
        selected = len(self._shown.selected) if self._shown else 0
        return why_not(
            action,
            self._profile,
            self._shown_run,
            self._shown_counts,
            selected=selected,
            undoable=undoable,
        )

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        if action == "filter" and self.is_mounted and self._images.is_typed_in:
            return False
        dimmed = self._asking or (self.is_mounted and self.why_not(action) is not None)
        return None if dimmed else True

    def on_key(self, event: events.Key) -> None:
        """Say why a dimmed key does nothing."""
        active = self.active_bindings.get(event.key)
        if active is not None and not active.enabled:
            reason = self.why_not(active.binding.action)
            if reason is not None:
                event.stop()
                self._status.say(reason, Mood.WARNING)

    def action_sync(self) -> None:
        self._start(RunKind.SYNC)

    def action_download(self) -> None:
        """Download what is selected, or all that is pending where nothing is."""
        self._start(RunKind.DOWNLOAD, only=frozenset(self._shown.selected) if self._shown else None)

    def action_retry(self) -> None:
        self._start(RunKind.RETRY)

    def action_verify(self) -> None:
        self._start(RunKind.VERIFY)

    def action_stop(self) -> None:
        run = self._shown_run
        if run is not None:
            run.ask_to_stop()
            self._status.say(f"Stopping the {run.kind} of {run.profile.name}", Mood.WARNING)

    # The state is taken with the key: another profile may be shown before a question is answered.

    def action_refresh(self) -> None:
        from flowimg_tui.tui.questions import before_force_refresh

        state = self._shown
        if state is not None:
            question = before_force_refresh(state.record, state.counts)
            self._ask(question, lambda: self._start(RunKind.REFRESH, state))

    def action_undo_refresh(self) -> None:
        from flowimg_tui.tui.questions import before_undoing_a_refresh

        state = self._shown
        if state is not None and state.refreshed_at is not None:
            question = before_undoing_a_refresh(state.record, state.refreshed_at)
            self._ask(question, lambda: self._start(RunKind.UNDO, state))

    def action_new(self) -> None:
        self._open_form()

    def action_edit(self) -> None:
        if self._shown is not None:
            says, _ = self._shown.said
            self._open_form(self._shown.record, says)

    def _open_form(self, profile: ProfileRecord | None = None, says: str = "") -> None:
        from flowimg_tui.tui.screens.profile import ProfileScreen

        self._app.push_screen(ProfileScreen(self._workspace, profile, says), self._show_saved)

    def _show_saved(self, saved: "SavedProfile | None") -> None:
        """Show the profile that the form has added or changed."""
        from flowimg_tui.tui.sentences import sentence_of_saved

        if saved is None:
            return
        if saved.profile.id not in self._states:
            self._read_profiles()
        state = self._states[saved.profile.id]
        if saved.check is not None and saved.check.account is not None:
            state.session_end = saved.check.account.expires
        state.said = sentence_of_saved(saved)
        before = state.record.output
        if state is self._shown:
            self._read_again(state)
            self._status.say(*state.said)
        if state is not self._shown or state.record.output != before:
            self._open(state)

    def action_remove(self) -> None:
        from flowimg_tui.tui.questions import before_removing

        state = self._shown
        if state is not None:
            question = before_removing(state.record, state.counts)
            self._ask(question, lambda: self._remove(state))

    def _remove(self, state: ProfileState) -> None:
        name = state.record.name
        try:
            images = self._workspace.profiles.remove(state.record)
        except (WorkspaceError, StoreError) as error:
            self._say_of(state, str(error), Mood.BAD)
            return
        self._read_profiles()
        self._open_first()
        self._status.say(f"Removed {name} with {count_of(images, 'image record')}, no file.", Mood.GOOD)

    def action_profiles(self) -> None:
        """Go to the profiles, or from them back to the images; where they are folded, open or fold them."""
        pane = self.query_one(ProfilePane)
        to_profiles = not pane.has_focus
        self.set_class(to_profiles, "-profiles")
        (pane if to_profiles else self._table).focus()

    async def action_log(self) -> None:
        """Unfold the log and go to it, or fold it and go back to the images."""
        from flowimg_tui.tui.widgets.log_pane import LogPane

        if not self.query(LogPane):
            await self.query_one("#work").mount(LogPane(id="log"))
        pane = self.query_one(LogPane)
        unfold = not self.has_class("-log")
        self.set_class(unfold, "-log")
        if unfold:
            pane.follow(self._workspace.recent_log)
            pane.focus()
        else:
            pane.rest()
            self._table.focus()

    def action_preview(self) -> None:
        """Unfold the picture of the image under the cursor, or fold it."""
        refusal = self._preview.toggle()
        if refusal is not None:
            self._status.say(refusal, Mood.WARNING)
        else:
            self._app.remember_preview(self._preview.is_open)

    @property
    def keys(self) -> "list[tuple[Widget, Binding]]":
        """What the keys of this screen and of the gallery do, each with the one that does it."""
        return [
            (owner, binding)
            for owner in (self, self._images)
            for binding in owner.BINDINGS
            if isinstance(binding, Binding)
        ]

    def action_help(self) -> None:
        from flowimg_tui.tui.screens.help import HelpScreen

        moves = [binding for binding in ImageTable.BINDINGS if isinstance(binding, Binding)]
        of = {owner: [binding for each, binding in self.keys if each is owner] for owner, _ in self.keys}
        self._app.push_screen(
            HelpScreen(
                (("Keys", of[self]), ("Sort and select", of[self._images]), ("Move in the table", moves))
            )
        )

    def action_leave(self) -> None:
        if self._app.runs:
            from flowimg_tui.tui.questions import before_quitting

            self._ask(before_quitting(self._app.runs), self._leave)
        else:
            self._leave()

    def _leave(self) -> None:
        self._status.say("Stopping", Mood.WARNING)
        self._app.end_when_stopped()

    def _ask(self, question: "Question", act: "Callable[[], None]") -> None:
        """Ask, and ``act`` on yes. Until the answer no other key of this screen does anything."""
        from flowimg_tui.tui.screens.confirm import ConfirmScreen

        def answered(yes: bool | None) -> None:
            self._asking = False
            if yes:
                act()

        if not self._asking:
            self._asking = True
            self._app.push_screen(ConfirmScreen(question, self._app.clock), answered)

    def _start(
        self, kind: RunKind, state: ProfileState | None = None, only: "Set[int] | None" = None
    ) -> None:
        """Begin a run for a profile, the one that is shown unless another is given.

        A download brings ``only`` these images, or all where there are none.
        """
        state = state or self._shown
        if state is not None and self._app.run_of(state.record) is None:
            try:
                self._app.start(kind, state.record, only or None)
            except WorkspaceError as error:
                self._say_of(state, str(error), Mood.BAD)
            self._show_keys()
