"""A profile's gallery: what is looked for in it, in which order, what is selected, and the view of it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message

from flowimg_tui.store.database import StoreError
from flowimg_tui.store.finding import NEWEST_FIRST, Finding, Order, SortKey
from flowimg_tui.store.found_images import FoundImages
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import Counts, ImageRecord
from flowimg_tui.tui.messages import StoreFailed
from flowimg_tui.tui.pictures import Pictures
from flowimg_tui.tui.profile_state import NO_COUNTS, ProfileState
from flowimg_tui.tui.refusals import NO_IMAGES, NO_PROFILE, NOTHING_FOUND
from flowimg_tui.tui.search import Search
from flowimg_tui.tui.widgets.contact_sheet import ContactSheet
from flowimg_tui.tui.widgets.filter_line import FilterLine
from flowimg_tui.tui.widgets.image_columns import arrow_of
from flowimg_tui.tui.widgets.image_table import ImageTable
from flowimg_tui.tui.widgets.image_view import ImageView

if TYPE_CHECKING:
    from textual.worker import Worker

_LARGEST_OR_NEWEST_FIRST: Final = (SortKey.CREATED, SortKey.SIZE)


class GalleryPane(Vertical):
    """Shows one profile at a time. What takes longer than a frame is read in threads."""

    KEYS: Final = (
        Binding("o", "next_order", "Order", show=False, tooltip="Sort by the next column"),
        Binding("O", "turn_order", "Turn", show=False, tooltip="Turn the order round"),
        Binding("space", "select", "Select", show=False, tooltip="Select the image, or no longer"),
        Binding("a", "select_all", "All", show=False, tooltip="Select all that are shown, or none of them"),
        Binding("V", "range", "Range", show=False, tooltip="Begin a range of rows; again selects it"),
        Binding("asterisk", "invert", "Invert", show=False, key_display="*", tooltip="Invert the selection"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]

    @dataclass
    class ProblemChanged(Message):
        """Something else is wrong with what is looked for, or not finished; or nothing any more."""

        problem: str | None

    class SelectionChanged(Message):
        """Other images are selected."""

    @dataclass
    class Refused(Message):
        """A key could do nothing, for this reason."""

        reason: str

    def __init__(self, gallery: Gallery, *, id: str) -> None:
        super().__init__(id=id)
        self._gallery = gallery
        self._state: ProfileState | None = None
        self._search = Search(gallery, self, self._show_found)
        self._problem: str | None = None
        self._selecting = asyncio.Lock()
        self._latest_key: Worker[None] | None = None
        """What the key does that has changed the selection last."""

    def compose(self) -> ComposeResult:
        yield FilterLine(id="filter")
        yield ImageTable(id="images")
        yield ContactSheet(id="sheet")

    def on_mount(self) -> None:
        self._filter = self.query_one(FilterLine)
        self._table, self._sheet = self.query_one(ImageTable), self.query_one(ContactSheet)
        self._sheet.display = False
        self.view: ImageView = self._table

    def open(self, state: ProfileState | None, output: Path) -> None:
        """Show the gallery of a profile from its top as it was seen last, or that there is none."""
        self._state = state
        self.view.show(output, state.selected if state else frozenset())
        self._search.open(state.record.id if state else None)
        self._filter.show(self._search.finding.text if state else "")
        if state is None:
            self.view.replace(None, NEWEST_FIRST, NO_PROFILE)
        self._tell_problem()
        self.show_counts()

    # What is shown

    @property
    def images(self) -> FoundImages | None:
        """What is found, and shown."""
        return self._search.found

    @property
    def current(self) -> ImageRecord | None:
        """The image under the cursor."""
        return self.view.image_at(self.view.cursor)

    @property
    def shows_sheet(self) -> bool:
        """Whether the images are seen as a contact sheet, and not as a table."""
        return self.view is self._sheet

    def show_sheet(self, pictures: Pictures) -> None:
        """Show the images as a contact sheet, whose thumbnails ``pictures`` draws."""
        self._sheet.begin(pictures)
        if not self.shows_sheet:
            self._show_in(self._sheet)

    def show_table(self) -> None:
        """Show the images as a table."""
        self._show_in(self._table)
        self._sheet.end()

    def _show_in(self, view: ImageView) -> None:
        """Go on where the other view is: at its image, in its order, with its range."""
        before, self.view = self.view, view
        view.display = True
        view.continue_from(before)
        if before.has_focus:
            self.screen.set_focus(view)
        before.display = False
        self.show_counts()

    @property
    def why_empty(self) -> str:
        """What to do where there is no image to be shown."""
        return NO_PROFILE if self._state is None else _hint_where_nothing_is_found(self._search.finding)

    def show_counts(self) -> None:
        """Write the numbers of the profile, of what is found and of what is selected on the border."""
        counts = self._state.counts if self._state else NO_COUNTS
        found_last = self._search.found
        finding = found_last.finding if found_last is not None else Finding()
        found = self.view.count if finding.text.strip() else None
        place = f"{self.view.cursor + 1} of {self.view.count}" if self.view.count else ""
        self.view.write_titles(
            _title(counts, found, len(self._selected)),
            f"{finding.order.key} {arrow_of(finding.order)}   {place}" if place else "",
        )

    @property
    def _selected(self) -> set[int]:
        return self._state.selected if self._state else set()

    def on_image_view_cursor_moved(self) -> None:
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

    def on_filter_line_changed(self) -> None:
        # Not as the message tells it: the line may have been cleared since.
        self._find(Finding(self._filter.text, self._order))

    def action_next_order(self) -> None:
        """Sort by the column to the right of the one that sorts, and behind the last one by the first."""
        keys = self.view.sort_keys
        at = keys.index(self._order.key) if self._order.key in keys else -1
        self._sort(_first_order(keys[(at + 1) % len(keys)]))

    def action_turn_order(self) -> None:
        self._sort(_turned(self._order))

    def on_image_table_title_clicked(self, message: ImageTable.TitleClicked) -> None:
        is_sorted_by = message.key is self._order.key
        self._sort(_turned(self._order) if is_sorted_by else _first_order(message.key))

    @property
    def _order(self) -> Order:
        return self._search.finding.order

    def _sort(self, order: Order) -> None:
        if self._state is None or not self._state.counts.images:
            self._refuse()
        else:
            self._find(Finding(self._search.finding.text, order))

    def _find(self, finding: Finding) -> None:
        self._search.find(finding)
        self._tell_problem()

    def _tell_problem(self) -> None:
        before, self._problem = self._problem, self._search.problem
        if self._problem != before:
            self.post_message(self.ProblemChanged(self._problem))

    def rows_changed(self) -> None:
        """Find anew what is looked for, as rows came, went or changed; no row moves before that."""
        self._search.rows_changed()

    @property
    def depends_on_files(self) -> bool:
        """Whether a file that comes or fails can change which rows there are."""
        return self._search.depends_on_files

    def _show_found(self, images: FoundImages, stay_at_row: bool) -> None:
        hint = _hint_where_nothing_is_found(images.finding)
        self.view.replace(images, images.finding.order, hint, stay_at_row=stay_at_row)
        self.show_counts()

    # Selecting

    def action_select(self) -> None:
        """Select the image under the cursor, or no longer, and go on to the next; or end a range."""
        if self.view.range is not None:
            self.action_range()
            return
        image = self.current
        if image is None or self._state is None:
            self._refuse()
        else:
            self._latest_key = self._toggle(self._state, image)
            self.view.action_step(1)

    @work(group="select")
    async def _toggle(self, state: ProfileState, image: ImageRecord) -> None:
        async with self._selecting:
            state.selected.symmetric_difference_update({image.id})
        if state is self._state:
            self.view.show_image(image)
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
        rows = self.view.range
        if rows is None:
            if self.view.count:
                self.view.begin_range()
            else:
                self._refuse()
            return
        # Rows may come before all ids are read: what was marked is known by its ends.
        first, last = self.view.image_at(rows.start), self.view.image_at(rows.stop - 1)
        self.view.end_range()
        if first is not None and last is not None:
            self._select_among(partial(_select_range, first.id, last.id))

    def show_selection(self) -> None:
        """Show that other images are selected now."""
        self.view.refresh()
        self._tell_selection()

    async def selection(self) -> frozenset[int]:
        """Return the ids that are selected, with those of a range that is marked, once each key before has
        done its work: a thread reads the ids of all rows for some.
        """
        if self.view.range is not None:
            self.action_range()
        if self._latest_key is not None:
            await self._latest_key.wait()
        return frozenset(self._selected)

    def _select_among(self, select: Callable[[set[int], list[int]], None]) -> None:
        self._latest_key = self._have_selected(select)

    @work(group="select")
    async def _have_selected(self, select: Callable[[set[int], list[int]], None]) -> None:
        """Let ``select`` change the selection, given the ids of all rows, which a thread reads."""
        async with self._selecting:
            state, images = self._state, self._search.found
            if state is None or images is None or not images.count:
                self._refuse()
                return
            shown: list[int] = []
            latest: FoundImages | None = None
            try:
                while images is not None and latest is not images:
                    shown = await asyncio.to_thread(images.ids)
                    # Rows may have come meanwhile: what is selected is what is seen.
                    latest, images = images, self._search.found
            except StoreError as error:
                self.post_message(StoreFailed(error))
                return
            if state is not self._state or latest is None or not self.is_attached:
                return  # another profile is shown
            if state.rows_are_old:
                self.post_message(self.Refused("The images were being replaced: nothing was selected."))
                return
            select(state.selected, shown)
            self._show_found(latest, stay_at_row=True)
        self._tell_selection()

    async def chosen(self, most: int) -> list[ImageRecord]:
        """Return up to ``most`` of the images that are selected, or that under the cursor where none is.

        They come in the order of the table, those that it does not show behind the others.
        """
        left = await self.selection()
        if not left:
            return [self.current] if self.current is not None else []
        try:
            images = self._search.found
            shown = [] if images is None else await asyncio.to_thread(images.ids)
            ids = [image_id for image_id in shown if image_id in left]
            return self._gallery.records([*ids, *sorted(left.difference(ids))][:most])
        except StoreError as error:
            self.post_message(StoreFailed(error))
            return []

    def _refuse(self) -> None:
        """Say why there is nothing to select, or to be sorted."""
        self.post_message(self.Refused(self.why_empty))

    def _tell_selection(self) -> None:
        self.show_counts()
        self.post_message(self.SelectionChanged())

    # Back

    def step_back(self) -> bool:
        """End what was begun last of a range, a filter and a selection; return whether there was one."""
        if self.view.range is not None:
            self.view.end_range()
        elif self._search.finding.text or self.is_typed_in:
            self.screen.set_focus(self.view)
            self._filter.show("")
            self._find(Finding(order=self._order))
        elif self._selected:
            self._selected.clear()
            self.show_selection()
        else:
            return False
        return True


def _hint_where_nothing_is_found(finding: Finding) -> str:
    return NOTHING_FOUND if finding.text.strip() else NO_IMAGES


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
