"""The profiles, each with how many images it has and how many of them have no file yet."""

from collections.abc import Sequence
from typing import Final

from rich.cells import set_cell_size
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from flowimg_tui.safe_text import safe_text
from flowimg_tui.store.records import Counts, ProfileRecord

_NAME_WIDTH: Final = 10
_COUNT_WIDTH: Final = 7
_MISSING_WIDTH: Final = 9


class ProfilePane(OptionList):
    """A list of profiles; the highlighted one is the one that the app shows."""

    class Chosen(Message):
        """Another profile is highlighted."""

        def __init__(self, profile_id: int) -> None:
            super().__init__()
            self.profile_id = profile_id

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, markup=False)
        self.border_title = "Profiles"

    def show(self, profiles: Sequence[tuple[ProfileRecord, Counts]], chosen: int | None) -> None:
        """Show all profiles, with the one of id ``chosen`` highlighted."""
        with self.prevent(OptionList.OptionHighlighted):
            self.clear_options()
            self.add_options(Option(_line(*entry), id=str(entry[0].id)) for entry in profiles)
            if chosen is not None:
                self.highlighted = self.get_option_index(str(chosen))

    def show_counts(self, profile: ProfileRecord, counts: Counts) -> None:
        """Bring one profile's line up to date."""
        self.replace_option_prompt(str(profile.id), _line(profile, counts))

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if event.option_id is not None:
            self.post_message(self.Chosen(int(event.option_id)))


def _line(profile: ProfileRecord, counts: Counts) -> Content:
    name = set_cell_size(safe_text(profile.name), _NAME_WIDTH)
    missing = f"{counts.missing} ↓" if counts.missing else ""
    return Content.assemble(
        name,
        f"{counts.images:>{_COUNT_WIDTH}}",
        (f"{missing:>{_MISSING_WIDTH}}", "$error" if counts.failed else "$secondary"),
    )
