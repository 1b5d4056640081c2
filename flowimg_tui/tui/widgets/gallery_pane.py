"""A profile's gallery: what is looked for in it, in which order, which of it is selected, and the table."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message

from flowimg_tui.store.database import StoreError
from flowimg_tui.store.finding import Finding, Order, SortKey
from flowimg_tui.store.found_images import FoundImages
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import Counts, ImageRecord
from flowimg_tui.tui.profile_state import NO_COUNTS, ProfileState
from flowimg_tui.tui.refusals import NO_IMAGES, NO_PROFILE
from flowimg_tui.tui.widgets.filter_line import FilterLine
from flowimg_tui.tui.widgets.image_columns import arrow_of
from flowimg_tui.tui.widgets.image_table import ImageTable

_LARGEST_OR_NEWEST_FIRST: Final = (SortKey.CREATED, SortKey.SIZE)
_NOTHING_FOUND: Final = "Nothing is found. Press esc to clear the filter."


class GalleryPane(Vertical):
    """Shows one profile at a time. What takes longer than a frame is read in threads."""

    BINDINGS = [
        Binding("o", "next_order", "Order", show=False, tooltip="Sort by the next column"),
        Binding("O", "turn_order", "Turn", show=False, tooltip="Turn the order round"),
        Binding("space", "select", "Select", show=False, tooltip="Select the image, or no longer"),
        Binding("a", "select_all", "All", show=False, tooltip="Select all that are shown, or none of them"),
        Binding("V", "range", "Range", show=False, tooltip="Begin a range of rows; again selects it"),
        Binding("asterisk", "invert", "Invert", show=False, key_display="*", tooltip="Invert the selection"),
    ]

    @dataclass
    class ProblemChanged(Message):
        """Something else is wrong with what is looked for, or not finished; or nothing any more."""

        problem: str | None

    class SelectionChanged(Message):
        """Other images are selected."""

    @dataclass
    class Failed(Message):
        """The database could not be read, or written."""

        error: StoreError

    def __init__(self, gallery: Gallery, *, id: str) -> None:
        super().__init__(id=id)
        self._gallery = gallery
        self._state: ProfileState | None = None
        self._finding = Finding()
        self._problem: str | None = None
        self._found: FoundImages | None = None
        self._sought: FoundImages | None = None
        self._changes = 0
        """How often rows changed; what was sought, and what is found, are as of one of these."""
        self._sought_at = self._found_at = 0
        self._to_remember: dict[int, Finding] = {}
        self._remembering = threading.Lock()

    def compose(self) -> ComposeResult:
        yield FilterLine(id="filter")
        yield ImageTable(id="images")

    def on_mount(self) -> None:
        self._filter = self.query_one(FilterLine)
        self.table = self.query_one(ImageTable)

    def open(self, state: ProfileState | None, output: Path) -> None:
        """Show the gallery of a profile from its top as it was seen last, or that there is none."""
        self._state = state
        self._give_up()
        self._found = None
        self.table.show(output, state.selected if state else frozenset())
        if state is None:
            self._filter.show("")
            self.table.replace(None, self._finding.order, NO_PROFILE)
            self.show_counts()
            return
        finding = self._gallery.finding(state.record.id)
        self._filter.show(finding.text)
        self._seek(finding)
        self.show_counts()

    # What is shown

    @property
    def images(self) -> FoundImages | None:
        """What is found, and shown."""
        return self._found

    @property
    def current(self) -> ImageRecord | None:
        """The image under the cursor."""
        return self.table.image_at(self.table.cursor)

    def show_counts(self) -> None:
        """Write the numbers of the profile, of what is found and of what is selected on the border."""
        counts = self._state.counts if self._state else NO_COUNTS
        finding = self._found.finding if self._found is not None else Finding()
        found = self.table.count if finding.text.strip() else None
        place = f"{self.table.cursor + 1} of {self.table.count}" if self.table.count else ""
        self.table.write_titles(
            _title(counts, found, len(self._selected)),
            f"{finding.order.key} {arrow_of(finding.order)}   {place}" if place else "",
        )

    @property
    def _selected(self) -> set[int]:
        return self._state.selected if self._state else set()

    def on_image_table_cursor_moved(self) -> None:
        self.show_counts()

    # Finding

    @property
    def is_typed_in(self) -> bool:
        """Whether a filter is being typed."""
        return self._filter.is_typed_in

    def action_filter(self) -> None:
        """Let a filter be typed."""
        if self._state is not None:
            self._filter.edit()

    def on_filter_line_changed(self, message: FilterLine.Changed) -> None:
        self._find(Finding(message.text, self._finding.order))

    def action_next_order(self) -> None:
        keys = list(SortKey)
        key = keys[(keys.index(self._finding.order.key) + 1) % len(keys)]
        self._find(Finding(self._finding.text, _first_order(key)))

    def action_turn_order(self) -> None:
        self._find(Finding(self._finding.text, _turned(self._finding.order)))

    def on_image_table_title_clicked(self, message: ImageTable.TitleClicked) -> None:
        order = self._finding.order
        turned = _turned(order) if message.key is order.key else _first_order(message.key)
        self._find(Finding(self._finding.text, turned))

    def _find(self, finding: Finding) -> None:
        """Look for something else, and remember it for the profile."""
        if self._state is not None and finding != self._finding:
            before = self._problem
            self._seek(finding)
            if self._problem != before:
                self.post_message(self.ProblemChanged(self._problem))
            self._to_remember[self._state.record.id] = finding
            self._remember(self._state.record.id)

    def _seek(self, finding: Finding) -> None:
        """Show what ``finding`` finds as soon as it is found; what was looked for before is given up."""
        if self._state is None:
            return
        self._finding = finding
        self._give_up()
        # Where no row changed since, the order of what is shown is still the order of all.
        before = self._found if self._found_at == self._changes else None
        self._sought_at = self._changes
        self._sought = self._gallery.find(self._state.record.id, finding, before)
        self._problem = self._sought.problem
        if self._sought.is_ready:
            self._show_found(self._sought)
        else:
            self._read(self._sought)

    def _give_up(self) -> None:
        if self._sought is not None:
            self._sought.close()
            self._sought = None

    def rows_changed(self) -> None:
        """Find anew what is looked for, as rows came, went or changed; no row moves before that."""
        self._changes += 1
        if self._sought is None:  # what is being read would never be shown if each change began anew
            self._find_anew()

    def _find_anew(self) -> None:
        if self._state is not None:
            self._sought_at = self._changes
            self._sought = self._gallery.find(self._state.record.id, self._finding)
            self._read(self._sought, stay_at_row=True)

    @property
    def depends_on_files(self) -> bool:
        """Whether a file that comes or fails can change which rows there are."""
        return self._found is not None and self._found.depends_on_files

    @work(group="find")
    async def _read(self, images: FoundImages, *, stay_at_row: bool = False) -> None:
        if not images.is_ready:
            try:
                is_whole = await asyncio.to_thread(images.refresh)
            except StoreError as error:
                if images is self._sought:
                    self._give_up()
                self.post_message(self.Failed(error))
                return
            if not is_whole:
                return  # something else is looked for by now
        if images is self._sought and self.is_attached:
            self._show_found(images, stay_at_row=stay_at_row)

    def _show_found(self, images: FoundImages, *, stay_at_row: bool = False) -> None:
        self._found, self._found_at, self._sought = images, self._sought_at, None
        self._show_rows(images, stay_at_row=stay_at_row)
        if self._found_at != self._changes:
            self._find_anew()

    def _show_rows(self, images: FoundImages, *, stay_at_row: bool) -> None:
        hint = _NOTHING_FOUND if images.finding.text.strip() else NO_IMAGES
        self.table.replace(images, images.finding.order, hint, stay_at_row=stay_at_row)
        self.show_counts()

    @work(group="remember")
    async def _remember(self, profile_id: int) -> None:
        try:
            await asyncio.to_thread(self._set_finding, profile_id)
        except StoreError as error:
            self.post_message(self.Failed(error))

    def _set_finding(self, profile_id: int) -> None:
        """Write what was looked for last: of the threads of two keys the later one's may come first."""
        with self._remembering, self._gallery.in_this_thread():
            finding = self._to_remember.pop(profile_id, None)
            if finding is not None:
                self._gallery.set_finding(profile_id, finding)

    # Selecting

    def action_select(self) -> None:
        """Select the image under the cursor, or no longer, and go on to the next; or end a range."""
        if self.table.range is not None:
            self.action_range()
            return
        image = self.current
        if image is not None:
            self._selected.symmetric_difference_update({image.id})
            self.table.show_image(image)
            self.table.action_move(1)
            self._tell_selection()

    def action_select_all(self) -> None:
        def all_or_none(selected: set[int], shown: list[int]) -> None:
            if selected.issuperset(shown):
                selected.difference_update(shown)
            else:
                selected.update(shown)

        self._select_among(all_or_none)

    def action_invert(self) -> None:
        self._select_among(lambda selected, shown: selected.symmetric_difference_update(shown))

    def action_range(self) -> None:
        rows = self.table.range
        if rows is None:
            if self.table.count:
                self.table.begin_range()
            return
        # Rows may come before all ids are read: what was marked is known by its ends.
        first, last = self.table.image_at(rows.start), self.table.image_at(rows.stop - 1)
        self.table.end_range()
        if first is not None and last is not None:
            self._select_among(partial(_select_range, first.id, last.id))

    def show_selection(self) -> None:
        """Show that other images are selected now."""
        self.table.refresh()
        self._tell_selection()

    @work(group="select")
    async def _select_among(self, select: Callable[[set[int], list[int]], None]) -> None:
        """Let ``select`` change the selection, given the ids of all rows, which a thread reads."""
        state, images = self._state, self._found
        if state is None or images is None:
            return
        try:
            shown = await asyncio.to_thread(images.ids)
        except StoreError as error:
            self.post_message(self.Failed(error))
            return
        if state is self._state and images is self._found and self.is_attached:
            select(state.selected, shown)
            # Rows may have come since the window was read: what is selected is what is seen.
            self._show_rows(images, stay_at_row=True)
            self._tell_selection()

    def chosen(self, most: int) -> list[ImageRecord]:
        """Return up to ``most`` of the images that are selected, or that under the cursor where none is."""
        if self._selected:
            return self._gallery.records(sorted(self._selected)[:most])
        return [self.current] if self.current is not None else []

    def _tell_selection(self) -> None:
        self.show_counts()
        self.post_message(self.SelectionChanged())

    # Back

    def step_back(self) -> bool:
        """End what was begun last of a range, a filter and a selection; return whether there was one."""
        if self.table.range is not None:
            self.table.end_range()
        elif self._finding.text or self.is_typed_in:
            self.screen.set_focus(self.table)
            self._filter.show("")
            self._find(Finding(order=self._finding.order))
        elif self._selected:
            self._selected.clear()
            self.show_selection()
        else:
            return False
        return True


def _select_range(first: int, last: int, selected: set[int], shown: list[int]) -> None:
    """Select what stands from one image to another, both among them, unless one has gone."""
    if first in shown and last in shown:
        selected.update(shown[shown.index(first) : shown.index(last) + 1])


def _first_order(key: SortKey) -> Order:
    """Return the direction in which a column is more often wanted."""
    return Order(key, descending=key in _LARGEST_OR_NEWEST_FIRST)


def _turned(order: Order) -> Order:
    return Order(order.key, descending=not order.descending)


def _title(counts: Counts, found: int | None, selected: int) -> str:
    parts = [f"Images  {counts.images}" if found is None else f"Images  {found} found of {counts.images}"]
    if selected:
        parts.append(f"{selected} selected")
    if counts.pending:
        parts.append(f"{counts.pending} pending")
    if counts.failed:
        parked = f" ({counts.parked} parked)" if counts.parked else ""
        parts.append(f"{counts.failed} failed{parked}")
    return " · ".join(parts)
