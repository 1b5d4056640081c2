"""The gallery screen: the keys, over what :mod:`.display` shows.

What a key opens is imported with that: the first screen comes the sooner.
"""

from typing import TYPE_CHECKING, ClassVar, Final

from textual import events, work
from textual.binding import Binding, BindingType
from textual.screen import Screen

from flowimg_tui.humane import count_of
from flowimg_tui.store.database import StoreError
from flowimg_tui.store.records import ProfileRecord
from flowimg_tui.tui.keys import KEYS
from flowimg_tui.tui.profile_state import ProfileState
from flowimg_tui.tui.refusals import NO_IMAGE_HERE, NO_PROFILE
from flowimg_tui.tui.runs import RunKind
from flowimg_tui.tui.screens.display import GalleryDisplay
from flowimg_tui.tui.widgets.gallery_pane import GalleryPane
from flowimg_tui.tui.widgets.image_view import ImageView
from flowimg_tui.tui.widgets.status_line import Mood
from flowimg_tui.workspace import Workspace, WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Callable, Set

    from textual.widget import Widget

    from flowimg_tui.tui.questions import Question
    from flowimg_tui.tui.screens.profile import SavedProfile

_GO_TO_IMAGES: Final = "This key is for the images: press tab to go to them, then again."


class MainScreen(GalleryDisplay):
    """Works on the profile that is shown; runs of other profiles go on unseen."""

    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._asking = False

    def on_mount(self) -> None:
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """Begin with the form where there is no profile yet."""
        if self._shown is None:
            self.action_new()

    # Keys

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        if action == "filter" and self.is_mounted and self._images.is_typed_in:
            return False
        dimmed = self._asking or (self.is_mounted and self.why_not(action) is not None)
        return None if dimmed else True

    def on_key(self, event: events.Key) -> None:
        """Say why a key does nothing: it is dimmed, or it is one of the images', which have not the focus."""
        active = self.active_bindings.get(event.key)
        if active is None:
            if any(event.key in binding.key.split(",") for binding in GalleryPane.KEYS):
                self._status.say(_GO_TO_IMAGES, Mood.WARNING)
        elif not active.enabled:
            reason = self.why_not(active.binding.action)
            if reason is not None:
                event.stop()
                self._status.say(reason, Mood.WARNING)

    def action_sync(self) -> None:
        self._start(RunKind.SYNC)

    @work(group="download")
    async def action_download(self) -> None:
        """Download what is selected, or all that is pending where nothing is."""
        state = self._shown
        selected = await self._images.selection()
        if state is not None and state is self._shown:
            self._start(RunKind.DOWNLOAD, only=selected)

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
        state = self._states.get(saved.profile.id)
        if state is None:
            self._status.say(f"{saved.profile.name} was removed meanwhile.", Mood.WARNING)
            return
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
        to_profiles = not self._profiles.has_focus
        self.set_class(to_profiles, "-profiles")
        (self._profiles if to_profiles else self._work.view).focus()

    def on_option_list_option_selected(self) -> None:
        self.action_profiles()

    async def action_log(self) -> None:
        await self._work.toggle_log()

    def action_preview(self) -> None:
        refusal = self._work.toggle_preview()
        if refusal is not None:
            self._status.say(refusal, Mood.WARNING)
        elif self._app.pictures.lacks_extra:
            self._status.say(self._app.pictures.why)

    def redraw_pictures(self) -> None:
        """Draw pictures as they are drawn now, and say how that is."""
        self._work.redraw_pictures()
        if self._page is not None:
            self._page.redraw_picture()
        self._status.say(self._app.pictures.why)

    def action_cost(self) -> None:
        self._status.say(self._app.picture_link.report)

    def action_sheet(self) -> None:
        refusal = self._work.toggle_sheet()
        if refusal is not None:
            self._status.say(refusal, Mood.WARNING)

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
        from flowimg_tui.tui.screens.confirm import ConfirmScreen
        from flowimg_tui.tui.screens.help import HelpScreen
        from flowimg_tui.tui.screens.image import ImageScreen
        from flowimg_tui.tui.screens.profile import ProfileScreen
        from flowimg_tui.tui.widgets.contact_sheet import ContactSheet
        from flowimg_tui.tui.widgets.filter_line import FilterField
        from flowimg_tui.tui.widgets.log_pane import LogPane

        groups = (
            ("Keys", (MainScreen,)),
            ("Sort and select", (GalleryPane,)),
            ("Move in the table and in the contact sheet", (ImageView,)),
            ("In the contact sheet", (ContactSheet,)),
            ("On the page of an image", (ImageScreen,)),
            ("While a filter is typed", (FilterField,)),
            ("In the log", (LogPane,)),
            ("In the form of a profile", (ProfileScreen,)),
            ("Before a question", (ConfirmScreen,)),
            ("Everywhere", (type(self._app), Screen)),
        )
        self._app.push_screen(HelpScreen(groups))

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
                self._beat.resume()
            except WorkspaceError as error:
                self._say_of(state, str(error), Mood.BAD)
            self._show_keys()

    def download_one(self, image_id: int) -> None:
        """Download the picture of one image, selected or not."""
        self._start(RunKind.DOWNLOAD, only={image_id})

    # On the images

    def action_show_image(self) -> None:
        """Open the page of the image under the cursor."""
        from flowimg_tui.tui.screens.image import ImageScreen

        image = self._images.current
        if image is None or self._shown is None:
            self._status.say(self._images.why_empty, Mood.WARNING)
        elif self._page is None:
            self._page = ImageScreen(self._workspace, self, self._work.view, self._shown.record, image)
            self._app.push_screen(self._page, self._page_closed)

    def _page_closed(self, _: None) -> None:
        self._page = None

    def action_back(self) -> None:
        """End what was begun last: a range, a filter, a selection, the sum of the last download."""
        if not self._images.step_back():
            self._work.dismiss_tally()
            self._show_keys()

    def action_filter(self) -> None:
        if self._shown is None:
            self._status.say(NO_PROFILE, Mood.WARNING)
        self._images.action_filter()

    @work(group="copy", exclusive=True)
    async def action_copy(self) -> None:
        """Copy what is selected, or the image under the cursor."""
        from flowimg_tui.tui.screens.copy import MOST_LINES, CopyScreen

        selected = len(await self._images.selection())
        if selected > MOST_LINES:
            self._status.say(
                f"{selected} lines are too many for a clipboard (at most {MOST_LINES}); "
                "flowimg list --json names every image.",
                Mood.WARNING,
            )
            return
        images = await self._images.chosen(MOST_LINES)
        if images:
            self._app.push_screen(CopyScreen(images))
        else:
            self._status.say(NO_IMAGE_HERE, Mood.WARNING)
