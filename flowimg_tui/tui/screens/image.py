"""One image as large as the window allows, with all that is known of it."""

from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import Screen

from flowimg_tui.store.database import StoreError
from flowimg_tui.store.records import ImageDetails, ImageRecord, ProfileRecord
from flowimg_tui.tui.pictures import Drawn
from flowimg_tui.tui.refusals import busy
from flowimg_tui.tui.widgets.details_pane import DetailsPane, Known
from flowimg_tui.tui.widgets.image_view import ImageView
from flowimg_tui.tui.widgets.key_line import KeyLine
from flowimg_tui.tui.widgets.picture_view import PictureView
from flowimg_tui.tui.widgets.status_line import Mood, Sentence, StatusLine
from flowimg_tui.tui.widgets.too_small import TooSmall
from flowimg_tui.workspace import Workspace

if TYPE_CHECKING:
    from textual.widget import Widget

    from flowimg_tui.tui.app import FlowimgApp
    from flowimg_tui.tui.screens.main import MainScreen

_GONE: Final = "The record of this image is gone."
_HERE: Final = "This picture is here already."
_DIMMABLE: Final = ("download", "copy", "stop")


class ImageScreen(Screen[None]):
    """Goes through the rows of a view, whose cursor goes along. What is done, the main screen does.

    It stays on its image, whatever becomes of the rows, until a key leads to another one.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "download", "Download", tooltip="Fetch this picture, a parked one too"),
        Binding("y", "copy", "Copy", tooltip="Copy the path of the file, or the image's name"),
        Binding("x", "stop", "Stop", tooltip="Stop what is running; what is done stays done"),
        Binding("escape,enter,q", "dismiss", "Back", tooltip="Go back to the row of the image"),
        Binding("down,right,j", "move(1)", "Next", tooltip="Next image"),
        Binding("up,left,k", "move(-1)", "Previous", tooltip="Previous image"),
        Binding("home,g", "top", "First image", show=False),
        Binding("end,G", "bottom", "Last image", show=False),
        Binding("pageup,ctrl+u", "scroll(-1)", "Up", show=False, tooltip="Scroll what is known of it up"),
        Binding("pagedown,ctrl+d", "scroll(1)", "Down", show=False, tooltip="Scroll it down"),
        Binding("B", "cost", "Bytes", show=False, tooltip="Tell how many bytes pictures have cost so far"),
        Binding("question_mark", "help", "Help", key_display="?", tooltip="Show this list of keys"),
    ]

    def __init__(
        self,
        workspace: Workspace,
        main: "MainScreen",
        view: ImageView,
        profile: ProfileRecord,
        image: ImageRecord,
    ) -> None:
        """Show ``image``, on which the cursor of ``view`` stands."""
        super().__init__()
        self._workspace = workspace
        self._main = main
        self._view = view
        self._profile = profile
        self._image: ImageRecord | None = image
        self._details = ImageDetails(None, [])
        self._runnable: tuple[str, ...] = ()
        self._is_there = False

    @property
    def _app(self) -> "FlowimgApp":
        return cast("FlowimgApp", self.app)

    def compose(self) -> ComposeResult:
        with Container(id="page"):
            yield PictureView(self._workspace, lambda: self._image, id="picture")
            yield DetailsPane(id="details")
        yield StatusLine(id="status")
        yield KeyLine()
        yield TooSmall(id="too-small")

    def on_mount(self) -> None:
        self._picture = self.query_one(PictureView)
        self._pane = self.query_one(DetailsPane)
        self._status = self.query_one(StatusLine)
        self._is_there = True
        self.watch(self._main.query_one(StatusLine), "said", self._say)
        self.redraw_picture()
        self.look_again()

    def on_screen_suspend(self) -> None:
        self._picture.redraw_overlay()

    def on_screen_resume(self) -> None:
        if self._is_there:
            self._picture.redraw_overlay()

    def _say(self, said: Sentence) -> None:
        self._status.say(*said)

    # What is shown

    def redraw_picture(self) -> None:
        """Draw the picture as pictures are drawn now, or say why there are none."""
        self._picture.give_up()
        refusal = self._picture.begin()
        if refusal is None:
            self._picture.look()
        else:
            self._picture.show(Drawn(sentence=refusal))

    def look_again(self) -> None:
        """Show what became of the image."""
        if not self._is_there:
            return  # it is being put together, and looks then
        try:
            self._read()
        except StoreError as error:
            self._status.say(str(error), Mood.BAD)
            return
        self._picture.look()
        self._show()

    def on_picture_view_changed(self) -> None:
        self._show()

    def _read(self) -> None:
        if self._image is None:
            return
        gallery, before = self._workspace.gallery, self._image
        self._image, details = gallery.image(before.id), gallery.details(before.id)
        # An id is given anew, after all records of a profile went.
        if self._image is None or details is None or self._image.name != before.name:
            self._image = None
        else:
            self._details = details

    def _show(self) -> None:
        """Show what is known, which costs nothing where that is what is shown."""
        if self._image is None:
            self._pane.say(_GONE)
        else:
            transfer = self._view.transfer_of(self._image.id)
            self._pane.show(Known(self._image, self._details, transfer, self._picture.pixels))
        place = f"{self._view.cursor + 1} of {self._view.count}"
        self._pane.write_titles(f"Image  {place if self._is_at_cursor else 'no longer in the list'}", "")
        runnable = tuple(action for action in _DIMMABLE if self.why_not(action) is None)
        if runnable != self._runnable:
            self._runnable = runnable
            self.refresh_bindings()

    @property
    def _is_at_cursor(self) -> bool:
        found = self._view.image_at(self._view.cursor)
        return found is not None and self._image is not None and found.id == self._image.id

    # Through the list

    def action_move(self, rows: int) -> None:
        # What stood behind an image that has left the list stands under the cursor now.
        if self._is_at_cursor or rows < 0:
            self._view.cursor += rows
        self._go_to_cursor()

    def action_top(self) -> None:
        self._view.action_top()
        self._go_to_cursor()

    def action_bottom(self) -> None:
        self._view.action_bottom()
        self._go_to_cursor()

    def _go_to_cursor(self) -> None:
        found = self._view.image_at(self._view.cursor)
        if found is None or (self._image is not None and found.id == self._image.id):
            return
        self._image = found
        self._pane.scroll_home(animate=False)
        self._picture.image_changed()
        self.look_again()

    def action_scroll(self, pages: int) -> None:
        self._pane.scroll_relative(y=pages * max(self._pane.size.height - 1, 1), animate=False)

    # Other keys

    @property
    def keys(self) -> "list[tuple[Widget, Binding]]":
        """What the keys of this screen do, each with the one that does it."""
        return [(self, binding) for binding in self.BINDINGS if isinstance(binding, Binding)]

    def why_not(self, action: str) -> str | None:
        """Return why ``action`` cannot run now, or ``None`` where it can."""
        run = self._app.run_of(self._profile)
        match action:
            case "stop" if run is None:
                return f"Nothing works for {self._profile.name} now."
            case "download" | "copy" if self._image is None:
                return _GONE
            case "download" if self._image is not None and self._image.local_path is not None:
                return _HERE
            case "download" if run is not None:
                return busy(run)
            case _:
                return None

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        return None if self._is_there and self.why_not(action) is not None else True

    def on_key(self, event: events.Key) -> None:
        """Say why a dimmed key does nothing."""
        active = self.active_bindings.get(event.key)
        reason = None if active is None or active.enabled else self.why_not(active.binding.action)
        if reason is not None:
            event.stop()
            self._status.say(reason, Mood.WARNING)

    def action_download(self) -> None:
        if self._image is not None:
            self._main.download_one(self._image.id)

    def action_copy(self) -> None:
        from flowimg_tui.tui.screens.copy import CopyScreen

        if self._image is not None:
            self._app.push_screen(CopyScreen([self._image]))

    def action_stop(self) -> None:
        self._main.action_stop()

    def action_cost(self) -> None:
        self._status.say(self._app.picture_link.report)

    def action_help(self) -> None:
        from flowimg_tui.tui.screens.help import HelpScreen

        groups = (("On the page of an image", (ImageScreen,)), ("Everywhere", (type(self._app), Screen)))
        self._app.push_screen(HelpScreen(groups))
