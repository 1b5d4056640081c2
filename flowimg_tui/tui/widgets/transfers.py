"""The running transfers: a row for each image that is on its way, and their total."""

import textwrap
from typing import TYPE_CHECKING, Final

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

from flowimg_tui.humane import count_of, format_bytes, format_duration
from flowimg_tui.mirror.progress import BoardSnapshot, Phase, Transfer
from flowimg_tui.safe_text import safe_text
from flowimg_tui.tui.widgets.titled import TitledWidget

if TYPE_CHECKING:
    from flowimg_tui.mirror.events import DownloadFinished

_KEY_WIDTH: Final = 8
_WIDEST_BAR: Final = 32
_FIXED_WIDTH: Final = 68
"""Everything in a row but its bar."""
_PACE_WIDTH: Final = 12
_AMOUNT_WIDTH: Final = 8
_NARROW: Final = 70
"""Below this width a row has no bar, and says how much there is of the image, not of how much."""
_FEWEST_ROWS: Final = 4
_STALLS_AFTER: Final = 3.0
_FULL, _HALF, _TRACK = "━", "╸", "─"


class TransfersPane(TitledWidget):
    """Drawn line by line: only a line that changed is sent to the terminal."""

    COMPONENT_CLASSES = {
        "transfers--bar",
        "transfers--total",
        "transfers--track",
        "transfers--dim",
        "transfers--wait",
    }

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._slots: list[int | None] = []
        self._strips: list[Strip] = []
        self._snapshot: BoardSnapshot | None = None
        self._tally: DownloadFinished | None = None

    def begin(self, workers: int) -> None:
        """Forget the rows of an earlier run, and make a place for each worker of this one.

        While a worker fetches, another picture of its own may be saved: that one gives its place up.
        """
        self._slots = [None] * workers
        self._strips = []
        self._tally = None

    def show_tally(self, finished: "DownloadFinished") -> None:
        """Show what became of the images of a run that has ended."""
        self._tally = finished
        size = f"  {format_bytes(finished.bytes)} in {format_duration(finished.seconds)}"
        self.write_titles(f"Download ended{size if finished.bytes else ''}", "esc dismisses")
        self._draw()

    def show(self, snapshot: BoardSnapshot) -> None:
        """Show the board; an image keeps its row as long as it runs."""
        self._snapshot = snapshot
        self._assign_slots(snapshot)
        left = "" if snapshot.seconds_left is None else f"   {format_duration(snapshot.seconds_left)} left"
        self.write_titles(
            f"Downloading  {snapshot.finished} of {snapshot.pending}",
            f"{format_bytes(snapshot.speed)}/s{left}" if snapshot.speed else "",
        )
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._draw()

    def render_line(self, y: int) -> Strip:
        if y < len(self._strips):
            return self._strips[y]
        return Strip.blank(self.size.width, self._own_style)

    def _assign_slots(self, snapshot: BoardSnapshot) -> None:
        running = {transfer.image_id: transfer.phase for transfer in snapshot.transfers}
        self._slots = [image_id if image_id in running else None for image_id in self._slots]
        fetched = {image_id for image_id, phase in running.items() if phase is Phase.SAVING}
        for image_id in sorted(running.keys() - set(self._slots), key=fetched.__contains__):
            for slot, other in enumerate(self._slots):
                if other is None or (other in fetched and image_id not in fetched):
                    self._slots[slot] = image_id
                    break

    def _draw(self) -> None:
        width = self.size.width
        rows = self._rows()
        if not rows or not width:
            return
        strips = [Strip(segments).adjust_cell_length(width, self._own_style) for segments in rows]
        changed = [y for y, strip in enumerate(strips) if y >= len(self._strips) or strip != self._strips[y]]
        self._strips = strips
        self.styles.height = len(strips) + self.gutter.height
        if changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def _rows(self) -> list[list[Segment]]:
        if self._tally is not None:
            return [[self._plain(line)] for line in self._balance(self._tally)]
        if self._snapshot is None:
            return []
        by_id = {transfer.image_id: transfer for transfer in self._snapshot.transfers}
        shown, more = self._slots_in_sight()
        rows = [self._row(by_id.get(image_id or 0), self._snapshot.now) for image_id in shown]
        if more:
            rows.append([self._dim(f"… and {more} more")])
        return [*rows, self._total(self._snapshot)]

    def _slots_in_sight(self) -> tuple[list[int | None], int]:
        """Return what stands in the rows, and how many more run: the images keep two thirds of the screen."""
        room = max(self.app.size.height // 3 - 1, _FEWEST_ROWS)
        if len(self._slots) <= room:
            return self._slots, 0
        running = [image_id for image_id in self._slots if image_id is not None]
        rest = [None] * (len(self._slots) - len(running))
        return [*running, *rest][: room - 1], max(len(running) - room + 1, 0)

    def _balance(self, tally: "DownloadFinished") -> list[str]:
        """Return the lines of a sum: each pending image ended in one of its parts."""
        parts = (
            (tally.downloaded, "downloaded"),
            (tally.adopted, "adopted"),
            (tally.failed, "failed"),
            (tally.cancelled, "cancelled"),
        )
        told = " + ".join(f"{number} {word}" for number, word in parts if number)
        return textwrap.wrap(f"{told} = {count_of(tally.pending, 'image')}", max(self.size.width, 1))

    def _row(self, transfer: Transfer | None, now: float) -> list[Segment]:
        if transfer is None:
            return []
        key = self._plain(f"{set_cell_size(safe_text(transfer.label, 100), _KEY_WIDTH)}  ")
        if transfer.phase is Phase.PAUSED:
            return [key, self._wait("paused until the profile has new cookies")]
        if transfer.phase is Phase.WAITING:
            seconds = "" if transfer.resumes_at is None else f" in {max(transfer.resumes_at - now, 0):.0f} s"
            reason = safe_text(transfer.reason or "", 200)
            this = f"try {transfer.next_try} of {transfer.tries}{seconds}"
            return [key, self._wait(f"waiting  {this}"), self._dim(f"  {reason}")]
        fraction = transfer.fraction
        percent = "" if fraction is None else f"{fraction * 100:.0f} %"
        amount = format_bytes(transfer.done) if transfer.done else str(transfer.phase)
        room = _AMOUNT_WIDTH if self._is_narrow else 2 * _AMOUNT_WIDTH + 1
        if transfer.total and not self._is_narrow:
            amount = f"{format_bytes(transfer.done)} / {format_bytes(transfer.total)}"
        return [
            key,
            *([] if self._is_narrow else self._bar(fraction or 0.0, "transfers--bar")),
            self._plain(f"  {percent:>5}  {amount:<{room}}"),
            self._pace(transfer, now),
            self._dim(f"  {transfer.source}"),
            self._wait(f" {transfer.next_try}/{transfer.tries}" if transfer.next_try > 1 else ""),
        ]

    @property
    def _is_narrow(self) -> bool:
        return self.size.width < _NARROW

    def _pace(self, transfer: Transfer, now: float) -> Segment:
        """Return how fast the bytes come, or for how long none came."""
        stands = transfer.stands_for(now)
        if stands >= _STALLS_AFTER:
            return self._wait(f"{f'no byte {stands:.0f} s':>{_PACE_WIDTH}}")
        speed = f"{format_bytes(transfer.speed)}/s" if transfer.speed else ""
        return self._plain(f"{speed:>{_PACE_WIDTH}}")

    def _total(self, snapshot: BoardSnapshot) -> list[Segment]:
        done = snapshot.finished / snapshot.pending if snapshot.pending else 0.0
        failed = f" · {snapshot.failed} failed" if snapshot.failed else ""
        tally = f"{snapshot.finished} of {count_of(snapshot.pending, 'image')}{failed}"
        return [
            self._plain(f"{'total':<{_KEY_WIDTH}}  "),
            *([] if self._is_narrow else self._bar(done, "transfers--total")),
            self._plain(f"   {tally} · {format_bytes(snapshot.bytes)}"),
        ]

    def _bar(self, fraction: float, component: str) -> list[Segment]:
        width = max(min(self.size.width - _FIXED_WIDTH, _WIDEST_BAR), 8)
        halves = round(fraction * width * 2)
        full, half = divmod(halves, 2)
        return [
            Segment(_FULL * full + _HALF * half, self._style(component)),
            Segment(_TRACK * (width - full - half), self._style("transfers--track")),
        ]

    def _plain(self, text: str) -> Segment:
        return Segment(text, self._own_style)

    @property
    def _own_style(self) -> Style:
        # Textual keeps this one; ``rich_style`` it works out anew each time.
        return self.visual_style.rich_style

    def _dim(self, text: str) -> Segment:
        return Segment(text, self._style("transfers--dim"))

    def _wait(self, text: str) -> Segment:
        return Segment(text, self._style("transfers--wait"))

    def _style(self, component: str) -> Style:
        return self.get_component_rich_style(component)
