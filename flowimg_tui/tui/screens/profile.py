"""The form of a profile: its name, its cookies, its folder; and what Flow says of the session."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Checkbox, Input, Static

from flowimg_tui.flow.session import SessionCheck, SessionState
from flowimg_tui.safe_text import safe_text
from flowimg_tui.store.database import StoreError
from flowimg_tui.store.records import ProfileRecord
from flowimg_tui.tui.widgets.line_input import LineInput
from flowimg_tui.tui.widgets.paste_field import PasteField
from flowimg_tui.tui.widgets.status_line import Mood
from flowimg_tui.workspace import NewCookies, Workspace, WorkspaceError

_COOKIES_LIMIT: Final = 256 * 1024
_NAME_LIMIT: Final = 40
# Also keeps out cookies that are pasted into the wrong field, where they could be read.
_FOLDER_LIMIT: Final = 255
_MOODS: Final = {SessionState.LIVE: Mood.GOOD, SessionState.UNKNOWN: Mood.WARNING}
_HELP: Final = (
    "1  Sign in to Flow in your browser; F12, Network, reload the page.\n"
    "2  Right-click a request to flow.google.com: “Copy as cURL”.\n"
    "3  Paste it here. Only what the session needs is kept."
)


@dataclass(frozen=True, slots=True)
class SavedProfile:
    """What came of the form. ``check`` is ``None`` where no cookies were given."""

    profile: ProfileRecord
    check: SessionCheck | None


class ProfileScreen(ModalScreen[SavedProfile | None]):
    """Adds a profile, or edits the one that it is given."""

    BINDINGS = [
        Binding("escape", "cancel", "Cancel", show=False),
        Binding("ctrl+s", "save", "Save", show=False),
    ]

    def __init__(self, workspace: Workspace, profile: ProfileRecord | None = None, says: str = "") -> None:
        """``says`` is what the form begins with: why it was opened, if that is worth a word."""
        super().__init__()
        self._workspace = workspace
        self._profile = profile
        self._says = says
        self._given: NewCookies | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            title = f"Edit {self._profile.name}" if self._profile else "New profile"
            dialog.border_title = Content(safe_text(title))
            yield Static(Content(_HELP), classes="form-help")
            with Horizontal(classes="form-row"):
                yield Static("Name", classes="form-label")
                yield LineInput(
                    value=self._profile.name if self._profile else "",
                    placeholder="letters, digits, - and _",
                    max_length=_NAME_LIMIT,
                    disabled=self._profile is not None,
                    compact=True,
                    id="form-name",
                )
            with Horizontal(classes="form-row"):
                yield Static("Cookies", classes="form-label")
                yield PasteField(_COOKIES_LIMIT, id="form-cookies")
            with Horizontal(classes="form-row"):
                yield Static("Pictures", classes="form-label")
                own = self._profile.output if self._profile else None
                yield LineInput(value=own or "", max_length=_FOLDER_LIMIT, compact=True, id="form-output")
            yield Checkbox("The account has another address now", compact=True, id="form-account-changed")
            yield Static(id="form-says")
            with Horizontal(id="dialog-buttons"):
                yield Button("Check", id="form-check", compact=True)
                yield Button("Save  ^s", id="form-save", variant="primary", compact=True)
                yield Button("Cancel  esc", id="form-cancel", compact=True)

    def on_mount(self) -> None:
        self._show_default_folder()
        self._say(self._says, Mood.WARNING)
        self.query_one("#form-cookies" if self._profile else "#form-name").focus()

    @property
    def _typed_name(self) -> str:
        return self.query_one("#form-name", Input).value.strip()

    @property
    def _expected_account(self) -> str | None:
        changed = self.query_one("#form-account-changed", Checkbox).value
        return self._profile.account if self._profile and not changed else None

    @on(Input.Changed, "#form-name")
    def _name_changed(self) -> None:
        # The name that an edit begins with is a change too, to the field.
        if self._profile is None:
            self._given = None
            self._show_default_folder()
            self._say("", Mood.PLAIN)

    @on(Input.Submitted, "#form-name")
    def _name_done(self) -> None:
        if self._refusal_of_name() is None:
            self.query_one(PasteField).focus()

    @on(Input.Submitted, "#form-output")
    def _output_done(self) -> None:
        self.action_save()

    @on(PasteField.Changed)
    def _cookies_changed(self) -> None:
        self.workers.cancel_group(self, "flow")
        self._given = None
        if not self.query_one(PasteField).content:
            self._say("", Mood.PLAIN)
        elif self._refusal_of_name() is None:
            self._read_paste()

    @on(PasteField.Submitted)
    def _cookies_done(self) -> None:
        self.action_save()

    @on(Button.Pressed, "#form-check")
    def _check_pressed(self) -> None:
        self.action_check()

    @on(Button.Pressed, "#form-save")
    def _save_pressed(self) -> None:
        self.action_save()

    @on(Button.Pressed, "#form-cancel")
    def action_cancel(self) -> None:
        self._close(None)

    def _close(self, saved: SavedProfile | None) -> None:
        """Close the form, and before it what has come to stand above it."""
        while self.app.screen is not self and self in self.app.screen_stack:
            self.app.pop_screen()
        self.dismiss(saved)

    @work(group="flow", exclusive=True)
    async def action_check(self) -> None:
        """Ask Flow whose session the cookies are; those of the profile itself where none were pasted."""
        if self._refusal_of_name() is not None:
            return
        try:
            given = await self._cookies()
            if given is not None:
                await self._checked(given)
            elif self._profile is not None:
                self._say("Asking Flow", Mood.PLAIN)
                self._show(await self._workspace.profiles.check(self._profile))
            else:
                self._say("There is nothing to check yet: paste the cookies first.", Mood.WARNING)
        except (WorkspaceError, StoreError) as error:
            self._say(str(error), Mood.BAD)

    @work(group="flow", exclusive=True)
    async def action_save(self) -> None:
        """Keep what the form says, unless Flow says that the cookies are of no use."""
        if self._refusal_of_name() is not None:
            return
        try:
            output = self._workspace.profiles.usable_folder(self.query_one("#form-output", Input).value)
            given = await self._cookies()
            check = None if given is None else await self._checked(given)
            if check is None or check.is_usable:
                self._close(SavedProfile(self._kept(given, check, output), check))
        except (WorkspaceError, StoreError) as error:
            self._say(str(error), Mood.BAD)

    async def _cookies(self) -> NewCookies | None:
        """Return the pasted cookies, or those of the profile's command; ``None`` where there are neither.

        Raises ``WorkspaceError``, also where there are both.
        """
        paste, profiles = self.query_one(PasteField).content, self._workspace.profiles
        if paste:
            profiles.refuse_besides_command(self._typed_name)
            # A check may have rotated them: the paste alone would be older.
            self._given = self._given or profiles.read_cookies(self._typed_name, paste.reveal())
            return self._given
        return await profiles.cookies_of_command(self._typed_name)

    async def _checked(self, given: NewCookies) -> SessionCheck:
        self._say("Asking Flow", Mood.PLAIN)
        check = await self._workspace.profiles.check_cookies(self._typed_name, given, self._expected_account)
        self._show(check)
        return check

    def _kept(
        self, given: NewCookies | None, check: SessionCheck | None, output: str | None
    ) -> ProfileRecord:
        """Store what the form says, and return the profile as it is now. Raises ``WorkspaceError``."""
        profiles, profile = self._workspace.profiles, self._profile
        account = check.account.email if check is not None and check.account is not None else None
        if given is not None and profile is None:
            return profiles.add(self._typed_name, given, output, account)
        if given is not None and profile is not None:
            forget = self._expected_account is None
            profile = profiles.replace_cookies(profile, given, account, forget_account=forget)
        if profile is None:
            raise WorkspaceError("The cookies are missing: paste them first.")
        return profile if output == profile.output else profiles.set_output(profile, output)

    def _read_paste(self) -> None:
        """Tell what the pasted cookies are, or why they are none."""
        try:
            paste = self.query_one(PasteField).content.reveal()
            given = self._workspace.profiles.read_cookies(self._typed_name, paste)
            self._say(given.pasted.told(), Mood.PLAIN)
        except WorkspaceError as error:
            self._say(str(error), Mood.BAD)

    def _refusal_of_name(self) -> str | None:
        """Return why no profile can have this name, and say it."""
        if self._profile is not None:
            return None
        try:
            self._workspace.profiles.refuse_taken(self._typed_name)
        except WorkspaceError as error:
            self._say(str(error), Mood.BAD)
            return str(error)
        return None

    def _show_default_folder(self) -> None:
        name = self._typed_name or "NAME"
        try:
            folder = str(self._workspace.default_output(name))
        except WorkspaceError as error:
            folder = str(error)
        self.query_one("#form-output", Input).placeholder = safe_text(folder)

    def _show(self, check: SessionCheck) -> None:
        self.set_class(check.state is SessionState.WRONG_ACCOUNT, "-other-account")
        self._say(check.told(datetime.now(UTC)), _MOODS.get(check.state, Mood.BAD))

    def _say(self, sentence: str, mood: Mood) -> None:
        says = self.query_one("#form-says", Static)
        for other in Mood:
            says.set_class(other is mood, other)
        says.update(Content(safe_text(sentence, 600)))
