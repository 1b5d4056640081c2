"""The first line: whose gallery this is."""

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.widgets import Static

from flowimg_tui.safe_text import safe_text
from flowimg_tui.store.records import ProfileRecord


class HeaderLine(Static):
    """The app's name, the profile with its account, and the service that it is on."""

    _profile: ProfileRecord | None = None

    def show(self, profile: ProfileRecord | None) -> None:
        self._profile = profile
        self.update(self._line())

    def on_resize(self) -> None:
        self.update(self._line())

    def _line(self) -> Content:
        if self._profile is None:
            return Content.assemble(("flowimg", "bold $primary"))
        account = f" · {self._profile.account}" if self._profile.account else ""
        who = safe_text(f"{self._profile.name}{account}", 120)
        service = safe_text(f"Flow · {self._profile.service}", 40)
        room = self.size.width - len("flowimg") - 3 - cell_len(service)
        return Content.assemble(
            ("flowimg", "bold $primary"),
            "   ",
            (set_cell_size(who, max(room, 0)), "$foreground"),
            (service, "$text-muted"),
        )
