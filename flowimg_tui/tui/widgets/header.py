"""The first line: whose gallery this is."""

from datetime import datetime

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from flowimg_tui.humane import format_moment
from flowimg_tui.safe_text import safe_text
from flowimg_tui.store.records import ProfileRecord


class HeaderLine(Horizontal):
    """The app's name, the profile with its account, and the service that it is on."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._shown = ("", "", "")

    def compose(self) -> ComposeResult:
        yield Static("flowimg", id="header-name")
        yield Static(id="header-who")
        yield Static(id="header-session")
        yield Static(id="header-service")

    def show(self, profile: ProfileRecord | None, session_end: datetime | None) -> None:
        """``session_end`` is when the session ends, where that is known."""
        who = session = service = ""
        if profile is not None:
            who = " · ".join(part for part in (profile.name, profile.account) if part)
            session = f"session until {format_moment(session_end)}  " if session_end else ""
            service = f"Flow · {profile.service}"
        # It is told with each count that is new, and a text lays out the whole screen.
        if (who, session, service) == self._shown:
            return
        self._shown = (who, session, service)
        self.query_one("#header-who", Static).update(Content(safe_text(who, 120)))
        self.query_one("#header-session", Static).update(Content(session))
        self.query_one("#header-service", Static).update(Content(safe_text(service, 40)))
