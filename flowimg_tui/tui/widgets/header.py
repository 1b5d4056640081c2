"""The first line: whose gallery this is."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from flowimg_tui.safe_text import safe_text
from flowimg_tui.store.records import ProfileRecord


class HeaderLine(Horizontal):
    """The app's name, the profile with its account, and the service that it is on."""

    def compose(self) -> ComposeResult:
        yield Static("flowimg", id="header-name")
        yield Static(id="header-who")
        yield Static(id="header-service")

    def show(self, profile: ProfileRecord | None) -> None:
        who = service = ""
        if profile is not None:
            who = " · ".join(part for part in (profile.name, profile.account) if part)
            service = f"Flow · {profile.service}"
        self.query_one("#header-who", Static).update(Content(safe_text(who, 120)))
        self.query_one("#header-service", Static).update(Content(safe_text(service, 40)))
