"""The picture of the image under the cursor, beside the table or below it. The table never waits for it."""

from collections.abc import Callable
from typing import Final

from flowimg_tui.store.records import ImageRecord
from flowimg_tui.tui.pictures import Drawn
from flowimg_tui.tui.widgets.picture_view import PictureView
from flowimg_tui.tui.widgets.too_small import ROOM_FOR_PICTURES
from flowimg_tui.workspace import Workspace

_NO_ROOM: Final = f"A picture needs a window of at least {ROOM_FOR_PICTURES} lines."


class PreviewPane(PictureView):
    """Follows the cursor while it is unfolded, and asks for nothing while it is not."""

    def __init__(
        self,
        workspace: Workspace,
        current: Callable[[], ImageRecord | None],
        *,
        id: str,
    ) -> None:
        """``current`` returns the image under the cursor."""
        super().__init__(workspace, current, closes="p closes", id=id)

    @property
    def is_open(self) -> bool:
        return self.has_class("-open")

    @property
    def is_seen(self) -> bool:
        """Whether it is unfolded, in a window that has room for it, and nothing covers it."""
        return self.is_open and self.display and super().is_seen

    def toggle(self) -> str | None:
        """Unfold it, or fold it. Return why it can be neither, or ``None``."""
        if self.app.size.height < ROOM_FOR_PICTURES:
            return _NO_ROOM
        if not self.is_open:
            return self.open()
        self.remove_class("-open")
        self.give_up()
        self.show(Drawn())
        return None

    def begin_again(self) -> None:
        """Draw as pictures are drawn now; where that is not at all, fold."""
        if self.is_open:
            self.give_up()
            if self.begin() is None:
                self.look()
            else:
                self.remove_class("-open")
                self.show(Drawn())

    def open(self) -> str | None:
        """Unfold it. Return why it stays folded, or ``None``."""
        refusal = self.begin()
        if refusal is None:
            self.add_class("-open")
        return refusal
