"""What the main screen shows of all profiles and their runs; :mod:`.main` adds the keys.

What a run can tell is imported with the first that does: the first screen comes the sooner.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen

from flowimg_tui.safe_text import safe_text
from flowimg_tui.store.database import StoreError
from flowimg_tui.store.records import Counts, ProfileRecord
from flowimg_tui.tui.messages import StoreFailed
from flowimg_tui.tui.profile_state import NO_COUNTS, ProfileState
from flowimg_tui.tui.refusals import DEPENDING_ON_COUNTS, DIMMABLE, NO_PROFILE, busy, why_not
from flowimg_tui.tui.runs import Run
from flowimg_tui.tui.widgets.gallery_pane import GalleryPane
from flowimg_tui.tui.widgets.header import HeaderLine
from flowimg_tui.tui.widgets.key_line import KeyLine
from flowimg_tui.tui.widgets.profile_pane import ProfilePane
from flowimg_tui.tui.widgets.status_line import Mood, Sentence, StatusLine
from flowimg_tui.tui.widgets.too_small import TooSmall
from flowimg_tui.tui.widgets.work_pane import WorkPane
from flowimg_tui.workspace import Workspace, WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Set

    from flowimg_tui.mirror.events import MirrorEvent
    from flowimg_tui.tui.app import FlowimgApp
    from flowimg_tui.tui.screens.image import ImageScreen

_SECONDS_BETWEEN_FINDS: Final = 1.0
"""While pictures arrive: to find anew with each of them would take the processor from who types a filter."""
_SECONDS_BETWEEN_LOOKS: Final = 2.0
"""How soon it is seen that another process has changed the database."""


class GalleryDisplay(Screen[None]):
    """Shows one profile's gallery at a time; of the others it shows how much of them is here."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self._states: dict[int, ProfileState] = {}
        self._shown: ProfileState | None = None
        self._output = Path()
        self._runnable: tuple[str, ...] = ()
        self._page: ImageScreen | None = None
        self._paused: Sentence | None = None
        """What was said last of pictures that are paused."""

    @property
    def _app(self) -> "FlowimgApp":
        return cast("FlowimgApp", self.app)

    def compose(self) -> ComposeResult:
        yield HeaderLine(id="header")
        with Horizontal(id="panes"):
            yield ProfilePane(id="profiles")
            yield WorkPane(self._workspace, id="work")
        yield StatusLine(id="status")
        yield KeyLine()
        yield TooSmall(id="too-small")

    def on_mount(self) -> None:
        self._work = self.query_one(WorkPane)
        self._images = self._work.images
        self._profiles = self.query_one(ProfilePane)
        self._status = self.query_one(StatusLine)
        self._beat = self.set_interval(1 / self._app.progress_rate, self._show_progress, pause=True)
        self._data_version = 0
        self._take_version()
        # A timer of its own would have a screen below a dialog drawn anew each time that it looks.
        self._app.set_interval(_SECONDS_BETWEEN_LOOKS, self._look_for_changes)
        self._read_profiles()
        self._work.view.focus()
        self._open_first()

    @property
    def is_current(self) -> bool:
        """Whether it is seen, behind a dialog too.

        To Textual it is as well below the page of an image, which hides it: that page would be sent as a
        whole whenever something changes here.
        """
        return self._page is None and super().is_current

    def on_screen_suspend(self) -> None:
        self._work.redraw_overlays()

    def on_screen_resume(self) -> None:
        if self.is_mounted:
            self._work.redraw_overlays()
            self._work.uncovered()
            if self._shown is not None:
                self._show_report(self._shown)

    # Which profile

    @property
    def _profile(self) -> ProfileRecord | None:
        """The profile that is shown."""
        return self._shown.record if self._shown else None

    @property
    def _shown_run(self) -> Run | None:
        return self._app.run_of(self._shown.record) if self._shown else None

    def _read_profiles(self) -> None:
        """Take the profiles as they are now, with what is known of each."""
        gallery = self._workspace.gallery
        read = {}
        for profile in gallery.profiles():
            state = self._states.get(profile.id) or ProfileState(profile, gallery.counts(profile.id))
            state.record = profile
            read[profile.id] = state
        self._states = read

    def _open_first(self) -> None:
        """Show the first profile, or that there is none."""
        first = next(iter(self._states.values()), None)
        if first is not None:
            self._open(first)
            return
        self._shown = None
        self._profiles.show((), None)
        self._work.open(None, Path())
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
        self._work.open(state, self._output)
        self._show_profiles()
        self._show_profile()
        self._follow(self._app.run_of(profile))
        self._show_report(state)

    def on_profile_pane_chosen(self, message: ProfilePane.Chosen) -> None:
        if self._shown is None or message.profile_id != self._shown.record.id:
            self._open(self._states[message.profile_id])

    def _show_profiles(self) -> None:
        """Bring the list of profiles up to date."""
        lines = [(each.record, each.counts) for each in self._states.values()]
        self._profiles.show(lines, self._shown.record.id if self._shown else None)

    def _show_profile(self) -> None:
        """Bring the header, the titles and the dimmed keys up to date."""
        session_end = self._shown.session_end if self._shown else None
        self.query_one(HeaderLine).show(self._profile, session_end)
        self._images.show_counts()
        self._show_keys()

    def _read_again(self, state: ProfileState) -> None:
        """Take what a run or a form has changed of the profile."""
        found = self._workspace.gallery.find_profile(state.record.name)
        if found is not None:
            state.record = found
            if state is self._shown:
                self._show_profile()

    # What is said

    def _say_of(self, state: ProfileState, sentence: str, mood: Mood) -> None:
        """Say something of one profile: now where it is shown, else when it is."""
        state.said = (sentence, mood)
        if state is self._shown:
            self._status.say(sentence, mood)

    def on_gallery_pane_problem_changed(self, message: GalleryPane.ProblemChanged) -> None:
        if message.problem is not None:
            self._status.say(f"{message.problem[0].upper()}{message.problem[1:]}.", Mood.WARNING)
        elif self._shown is not None:
            self._status.say(*self._shown.said)

    def on_gallery_pane_refused(self, message: GalleryPane.Refused) -> None:
        self._status.say(message.reason, Mood.WARNING)

    def say_paused(self, note: str) -> None:
        """Say why pictures are paused."""
        self._paused = (note, Mood.WARNING)
        self._status.say(*self._paused)

    def say_paused_no_more(self) -> None:
        """Say what there is to say of the profile, where pictures are what was spoken of last."""
        if self._status.said == self._paused and self._shown is not None:
            self._status.say(*self._shown.said)

    def on_store_failed(self, message: StoreFailed) -> None:
        self._status.say(str(message.error), Mood.BAD)

    # Keys that can do something

    def why_not(self, action: str) -> str | None:
        """Return why ``action`` cannot run now, or ``None`` where it can, or may: keys can be quicker than
        the count of what a run has brought.
        """
        if action in DEPENDING_ON_COUNTS and self._shown is not None and self._shown.counting:
            run = self._shown_run
            return busy(run) if run is not None and action != "copy" else None
        return why_not(
            action,
            self._profile,
            self._shown_run,
            self._shown.counts if self._shown else NO_COUNTS,
            selected=len(self._shown.selected) if self._shown else 0,
            undoable=self._shown is not None and self._shown.refreshed_at is not None,
        )

    def _show_keys(self) -> None:
        """Dim and light the keys; the footer is made anew for it, so only where one of them changed."""
        self._tell_page()
        runnable = tuple(action for action in DIMMABLE if self.why_not(action) is None)
        if runnable != self._runnable:
            self._runnable = runnable
            self.refresh_bindings()

    def on_gallery_pane_selection_changed(self) -> None:
        self._show_keys()

    def on_image_view_current_changed(self) -> None:
        self._tell_page()

    def _tell_page(self) -> None:
        """Let the page of an image look at what became of it, where one is open."""
        if self._page is not None:
            self._page.look_again()

    # What a run tells

    def show_event(self, run: Run, event: "MirrorEvent") -> None:
        """Show an event of any profile's run; the app calls this for each."""
        from flowimg_tui.mirror import events as told
        from flowimg_tui.mirror.summary import space_warning
        from flowimg_tui.tui.sentences import sentence_of

        state = self._states.get(run.profile.id)
        if state is None:
            return  # another process has removed the profile
        state.take(event)
        match event:
            case told.SignedIn():
                self._read_again(state)
            case told.DownloadStarted() if state is self._shown:
                self._follow(run)
            case told.DownloadFinished() if run.only and not event.cancelled:
                self._deselect(state, run.only)
            case told.LowSpace():
                self._toast(space_warning(event))
            case told.ImageSaved() | told.ImageAdopted() | told.ImageFailed() if state is self._shown:
                self._work.show_image(event.image_id)
            case told.PageSynced():
                self._recount(state)
            case told.RecordsDeleted() | told.RecordsRestored():
                state.refreshed_at = self._workspace.last_refresh(run.profile)
                self._deselect(state, frozenset())
                self._recount(state)
            case told.VerifyFinished():
                self._show_report(state)
        sentence = sentence_of(run.profile.name, event, state.met)
        if isinstance(event, told.LastEvent):
            state.last_words = sentence
        elif sentence is not None:
            self._say_of(state, *sentence)

    def show_end(self, run: Run, error: str | None) -> None:
        """Show that a run's thread is done; the app calls this for each."""
        if not self._app.runs:
            self._beat.pause()
        # Others may have changed something meanwhile.
        self._look_for_changes()
        state = self._states.get(run.profile.id)
        if state is None:
            return
        last_words, state.last_words = state.last_words, None
        if error is not None:
            last_words = f"{run.profile.name}: {error}", Mood.BAD
        if last_words is not None:
            self._say_of(state, *last_words)
        if state is self._shown:
            self._follow(None)
        state.rows_are_old = True
        self._recount(state)

    def _deselect(self, state: ProfileState, images: "Set[int]") -> None:
        state.selected.difference_update(images)
        if state is self._shown:
            self._images.show_selection()

    def _toast(self, sentence: str) -> None:
        """Tell what nobody asked for; whoever found it has logged it, as a toast is soon gone."""
        self.notify(safe_text(sentence), severity="warning", markup=False)

    def _show_report(self, state: ProfileState) -> None:
        """Show what a verification has found, once its profile is shown and nothing stands before it."""
        if state.is_report_due and state is self._shown and self.is_active:
            from flowimg_tui.tui.screens.report import ReportScreen

            state.is_report_due = False
            self._app.push_screen(ReportScreen(state.problems, self._output))

    def _follow(self, run: Run | None) -> None:
        self._work.follow(run)
        self._show_keys()

    def _show_progress(self) -> None:
        """Draw how far the runs are now, and count what they have changed."""
        self._work.show_progress()
        self._tell_page()
        now = self._app.clock()
        for state in self._states.values():
            is_shown = state is self._shown
            if state.files_changed and now - state.found_at >= _SECONDS_BETWEEN_FINDS:
                state.found_at, state.files_changed = now, False
                state.rows_are_old |= is_shown and self._images.depends_on_files
                self._recount(state)
            elif state.counts_are_old and is_shown:
                self._recount(state)

    # Counting

    @work(group="counts")
    async def _recount(self, state: ProfileState, *, from_outside: bool = False) -> None:
        """Count again, in a thread: a hundred thousand rows take longer than a frame."""
        state.counts_are_old = False
        state.counted += 1
        turn = state.counted
        state.counting += 1
        try:
            counts = await asyncio.to_thread(self._count, state.record.id)
        except StoreError as error:
            self._say_of(state, str(error), Mood.BAD)
            return
        finally:
            state.counting -= 1
            # Also where the count is thrown away: the later one may have ended first, with this one awaited.
            if state is self._shown:
                self._show_keys()
        if turn != state.counted or state.record.id not in self._states:
            return  # a later count is on its way, and this one may be the older; or the profile is gone
        if not self.query(ProfilePane):
            return  # the app was quit meanwhile, and what would show it has been taken down
        before, state.counts = state.counts, counts
        if from_outside:
            state.rows_are_old |= counts != before
            self._take_refresh(state)
        state.rows_are_old |= counts.images != before.images
        if counts != before:
            self._profiles.show_counts(state.record, counts)
        if state is self._shown:
            if state.rows_are_old:
                state.rows_are_old = False
                self._images.rows_changed()
            elif from_outside:
                self._work.view.read_again()
            self._show_profile()

    def _take_refresh(self, state: ProfileState) -> None:
        """Take into account that another process may have force-refreshed the profile, or undone that."""
        before, state.refreshed_at = state.refreshed_at, self._workspace.last_refresh(state.record)
        if state.refreshed_at != before:
            state.rows_are_old = True
            # Their ids are not those of the same images any more.
            self._deselect(state, state.selected.copy())

    def _count(self, profile_id: int) -> Counts:
        with self._workspace.gallery.in_this_thread():
            return self._workspace.gallery.counts(profile_id)

    # What others change

    def _look_for_changes(self) -> None:
        """Notice what another process has changed; a run of this one tells by itself what it does."""
        if not self._take_version():
            return
        try:
            found = self._workspace.gallery.profiles()
            if [_face(profile) for profile in found] != [
                _face(each.record) for each in self._states.values()
            ]:
                self._take_other_profiles()
        except StoreError as error:
            self._status.say(str(error), Mood.BAD)
            return
        for state in self._states.values():
            if self._app.run_of(state.record) is None:
                self._recount(state, from_outside=True)

    def _take_version(self) -> bool:
        """Take the database as it is for seen; return whether it has changed since the last time."""
        before = self._data_version
        try:
            self._data_version = self._workspace.gallery.data_version()
        except StoreError as error:
            self._status.say(str(error), Mood.BAD)
        return self._data_version != before

    def _take_other_profiles(self) -> None:
        """Show the profiles as another process has left them."""
        shown, output = self._shown, self._profile.output if self._profile else None
        self._read_profiles()
        if shown is None or shown.record.id not in self._states:
            self._open_first()
        elif shown.record.output != output:
            self._open(shown)
        else:
            self._show_profiles()
            self._show_profile()


def _face(profile: ProfileRecord) -> tuple[object, ...]:
    """Return what is seen of a profile."""
    return profile.id, profile.name, profile.service, profile.account, profile.output
