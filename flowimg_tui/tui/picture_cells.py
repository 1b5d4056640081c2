"""The cells of pictures in what is sent to the terminal: what they take, and the same without them."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from flowimg_tui.previews.marking import is_marked

_NOTHING: Final = Style()


class Run(NamedTuple):
    """From where to where cells of a picture stand side by side in a line."""

    begin: int
    end: int


def has_picture(strip: Strip) -> bool:
    """Tell whether a cell of a picture is in the line."""
    return any(is_marked(style) for _, style, _ in strip)


def runs_in(strip: Strip) -> list[Run]:
    """Return the runs of a line."""
    runs: list[Run] = []
    x = 0
    for segment in strip:
        begin, x = x, x + segment.cell_length
        if not is_marked(segment.style):
            continue
        if runs and runs[-1].end == begin:
            begin = runs.pop().begin
        runs.append(Run(begin, x))
    return runs


def without(strip: Strip, runs: Sequence[Run]) -> Strip:
    """Return the line with blank cells in the place of these runs."""
    plain = Strip([segment for segment in strip if not segment.control])
    grounds = (style.bgcolor for _, style, _ in plain if style is not None and not is_marked(style))
    ground = Style(bgcolor=next(grounds, None))
    parts, at = [], 0
    for begin, end in runs:
        parts += [plain.crop(at, begin), Strip([Segment(" " * (end - begin), ground)])]
        at = end
    return Strip.join([*parts, plain.crop(at, plain.cell_length)])


def cost_of(piece: Strip, console: Console) -> int:
    """Return the bytes that a console writes for the cells of pictures, and for what stands over them."""
    if not has_picture(piece):
        return 0
    system = COLOR_SYSTEMS.get(console.color_system or "", ColorSystem.TRUECOLOR)
    # The others are the fewer.
    others = (
        (style or _NOTHING).render(text, color_system=system)
        for text, style, control in piece
        if not control and not is_marked(style)
    )
    return len(piece.render(console).encode()) - sum(len(other.encode()) for other in others)


class Tally:
    """Counts what pictures take of one update, whose lines come from the top to the bottom."""

    def __init__(self, console: Console) -> None:
        """``console`` is the one that writes the update."""
        self.bytes = self.pictures = 0
        self._console = console
        self._above: dict[int, list[tuple[Run, bool]]] = {}
        """By the line below: the runs, and whether something of their picture is sent."""

    def add(self, y: int, x: int, strip: Strip, sent: Sequence[Run]) -> None:
        """Count a line that stands at ``x``, of which these parts are sent."""
        cost = sum(cost_of(strip.crop(*part), self._console) for part in sent)
        self.bytes += cost
        runs = runs_in(strip) if cost or y in self._above else ()
        for begin, end in runs:
            run = Run(x + begin, x + end)
            is_counted = any(counted for other, counted in self._above.get(y, ()) if _overlap(run, other))
            is_sent = any(_overlap(Run(begin, end), part) for part in sent)
            self.pictures += is_sent and not is_counted
            self._above.setdefault(y + 1, []).append((run, is_sent or is_counted))


def _overlap(one: Run, other: Run) -> bool:
    return one.begin < other.end and other.begin < one.end
