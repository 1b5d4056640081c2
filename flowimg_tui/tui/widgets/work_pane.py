"""What is shown of one profile: its images, the picture of one, what is on its way, and the log."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.containers import Container, Vertical

from flowimg_tui.tui.pictures import pictures_of
from flowimg_tui.tui.profile_state import ProfileState
from flowimg_tui.tui.widgets.gallery_pane import GalleryPane
from flowimg_tui.tui.widgets.image_view import ImageView
from flowimg_tui.tui.widgets.preview_pane import PreviewPane
from flowimg_tui.tui.widgets.transfers import TransfersPane
from flowimg_tui.workspace import Workspace

if TYPE_CHECKING:
    from flowimg_tui.tui.app import FlowimgApp
    from flowimg_tui.tui.runs import Run


class WorkPane(Vertical):
    """Shows one profile at a time, and what works for it."""

    def __init__(self, workspace: Workspace, *, id: str) -> None:
        super().__init__(id=id)
        self._workspace = workspace
        self._state: ProfileState | None = None
        self._run: Run | None = None

    @property
    def _app(self) -> "FlowimgApp":
        return cast("FlowimgApp", self.app)

    def compose(self) -> ComposeResult:
        with Container(id="look"):
            yield GalleryPane(self._workspace.gallery, id="gallery")
            yield PreviewPane(self._workspace, lambda: self.images.current, id="preview")
        yield TransfersPane(id="transfers")

    def on_mount(self) -> None:
        self.images = self.query_one(GalleryPane)
        self._preview = self.query_one(PreviewPane)
        self._transfers = self.query_one(TransfersPane)
        if self._app.state.preview:
            self._preview.open()
        if self._app.state.sheet:
            self._show_sheet()

    @property
    def view(self) -> ImageView:
        """The images as they are seen: a table, or a contact sheet."""
        return self.images.view

    # Whose

    def open(self, state: ProfileState | None, output: Path) -> None:
        """Show the gallery of a profile, or that there is none; its files stand below ``output``."""
        self._state = state
        self.images.open(state, output)

    def on_image_view_cursor_moved(self) -> None:
        self._preview.image_changed()

    def on_image_view_current_changed(self) -> None:
        self._preview.look()

    def uncovered(self) -> None:
        """Look at what changed while another screen stood before it."""
        self._preview.look()

    # What works for it

    def follow(self, run: "Run | None") -> None:
        """Show the transfers of ``run`` while it goes on; without one, how the last download ended."""
        self._run = run if run is not None and run.kind.downloads else None
        tally = self._state.tally if self._state is not None and self._run is None else None
        self.set_class(self._run is not None or tally is not None, "-transferring")
        if self._run is not None:
            self._transfers.begin(self._run.workers)
            self.show_progress()
            return
        self.view.show_transfers(())
        if tally is not None:
            self._transfers.show_tally(tally)

    def show_progress(self) -> None:
        """Show how far the transfers are now."""
        if self._run is not None:
            snapshot = self._run.board.snapshot()
            self._transfers.show(snapshot)
            self.view.show_transfers(snapshot.transfers)

    def show_image(self, image_id: int) -> None:
        """Show what became of one image, where it is among what the table has read."""
        if self.view.holds(image_id):
            image = self._workspace.gallery.image(image_id)
            if image is not None:
                self.view.show_image(image)

    def dismiss_tally(self) -> None:
        """Show no more how the last download ended."""
        if self._state is not None and self._run is None:
            self._state.tally = None
            self.follow(None)

    # What unfolds

    def toggle_preview(self) -> str | None:
        """Unfold the picture of the image under the cursor, or fold it. Return why it stays folded."""
        refusal = self._preview.toggle()
        if refusal is None:
            self._app.remember_preview(self._preview.is_open)
        return refusal

    def redraw_pictures(self) -> None:
        """Draw pictures anew, as the way to draw them has changed."""
        self._preview.begin_again()
        if self.images.shows_sheet and self._show_sheet() is not None:
            self.images.show_table()

    def redraw_overlays(self) -> None:
        """Draw anew what does not stand in cells, as a dialog came before it or went."""
        self._preview.redraw_overlay()

    def toggle_sheet(self) -> str | None:
        """Show the images as a contact sheet, or as a table again. Return why the table stays."""
        refusal = None
        if self.images.shows_sheet:
            self.images.show_table()
        else:
            refusal = self._show_sheet()
        if refusal is None:
            self._app.remember_sheet(self.images.shows_sheet)
        return refusal

    def _show_sheet(self) -> str | None:
        pictures = pictures_of(self._workspace, self._app.pictures)
        if isinstance(pictures, str):
            return pictures
        self._app.picture_link.open()
        self.images.show_sheet(pictures)
        return None

    async def toggle_log(self) -> None:
        """Unfold the log and go to it, or fold it and go back to the images."""
        from flowimg_tui.tui.widgets.log_pane import LogPane

        if not self.query(LogPane):
            await self.mount(LogPane(id="log"))
        pane = self.query_one(LogPane)
        unfold = not self.has_class("-log")
        self.set_class(unfold, "-log")
        if unfold:
            pane.follow(self._workspace.recent_log)
            pane.focus()
        else:
            pane.rest()
            self.view.focus()
