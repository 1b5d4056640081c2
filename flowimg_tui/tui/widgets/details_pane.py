"""All that is known of one image, a line for each; what is long wraps, and what does not fit scrolls."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, NamedTuple

from rich.style import Style
from rich.table import Table
from rich.text import Text
from textual.geometry import Size
from textual.reactive import Reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from flowimg_tui.humane import count_of, format_bytes, format_moment, format_ratio
from flowimg_tui.mirror.progress import Phase, Transfer
from flowimg_tui.safe_text import safe_text
from flowimg_tui.store.records import Ending, ImageDetails, ImageRecord, ImageState, Outcome
from flowimg_tui.tui.widgets.image_columns import Row, symbol_of
from flowimg_tui.tui.widgets.titled import TitledWidget

_LABEL_WIDTH: Final = 8
_PROMPT: Final = 10_000
"""Characters. Flow takes some thousand of them."""
_PATH: Final = 4_000
_FORMATS: Final = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WebP"}
_OUTCOMES: Final = {
    Outcome.SAVED: ("✓ saved from", "table--saved"),
    Outcome.ADOPTED: ("✓ was here:", "table--saved"),
    Outcome.FAILED: ("✗", "table--failed"),
    Outcome.LOST: ("✗ lost:", "table--failed"),
}


class _Part(NamedTuple):
    """Harmless text, and the component class of its colour."""

    text: str
    colour: str = "table--text"


class _Line(NamedTuple):
    label: str
    parts: tuple[_Part, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """An image with all that is known of it at one moment."""

    image: ImageRecord
    details: ImageDetails
    transfer: Transfer | None
    pixels: tuple[int, int] | None
    """Those of the saved picture."""


class DetailsPane(ScrollView, TitledWidget, can_focus=False):
    """Shows one image at a time, or a sentence where there is none.

    It draws its lines itself: a text that changes its height lays out the whole screen, and has the picture
    beside it sent again.
    """

    COMPONENT_CLASSES = {
        "table--text",
        "table--dim",
        "table--saved",
        "table--running",
        "table--waiting",
        "table--failed",
    }

    virtual_size = Reactive(Size(0, 0))
    """Without Textual's ``layout``, as in the table of images."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._shown: tuple[_Line, ...] = ()
        self._strips: list[Strip] = []

    def show(self, known: Known) -> None:
        """Show what is known of an image; it is drawn only where that is something else than before."""
        self._show(tuple(_lines(known)))

    def say(self, sentence: str) -> None:
        """Show a sentence of this program in place of an image."""
        self._show((_Line("", (_Part(sentence, "table--dim"),)),))

    def on_resize(self) -> None:
        self._draw()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._draw()

    def watch_virtual_size(self, size: Size) -> None:
        # It lays out the screen where the scroll bar comes or goes. Textual has no public place for this.
        self._scroll_update(size)

    def _show(self, lines: tuple[_Line, ...]) -> None:
        if lines != self._shown:
            self._shown = lines
            self._draw()

    def _draw(self) -> None:
        width = self.scrollable_content_region.width
        if not self._shown or not width:
            return
        table = Table.grid(padding=(0, 1, 0, 0), expand=True)
        table.add_column(width=_LABEL_WIDTH, style=self._style("table--dim"))
        table.add_column(ratio=1, overflow="fold")
        for line in self._shown:
            text = Text.assemble(*((part.text, self._style(part.colour)) for part in line.parts))
            table.add_row(Text(line.label), text)
        console = self.app.console
        options = console.options.update(width=width, height=None, highlight=False, markup=False)
        self._strips = [Strip(line) for line in console.render_lines(table, options)]
        self.virtual_size = Size(width, len(self._strips))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        at = y + self.scroll_offset.y
        strip = self._strips[at] if at < len(self._strips) else Strip([])
        own = self.visual_style.rich_style
        return strip.adjust_cell_length(self.size.width, own).apply_style(Style(bgcolor=own.bgcolor))

    def _style(self, component: str) -> Style:
        return self.get_component_rich_style(component)


def _lines(known: Known) -> Iterator[_Line]:
    """Yield what is known; what is not known has no line."""
    image, file = known.image, known.details.file
    yield _Line("state", tuple(_state(known)))
    listed = None if image.width is None or image.height is None else (image.width, image.height)
    yield from _texts(
        ("prompt", safe_text(image.prompt or "", _PROMPT)),
        ("title", safe_text(image.title or "")),
        ("project", safe_text(image.project_title or "")),
        ("pixels", _pixels(known.pixels, listed)),
        ("bytes", "" if image.size is None else _bytes(image.size)),
        ("format", "" if file is None else _FORMATS.get(file.mime, safe_text(file.mime))),
        ("source", safe_text(image.source or "")),
        ("ratio", safe_text(format_ratio(image.aspect_ratio))),
        ("seed", "" if image.seed is None else str(image.seed)),
        ("created", format_moment(image.created_at)),
        ("saved", "" if file is None else format_moment(file.saved_at)),
    )
    for at, ending in enumerate(reversed(known.details.endings)):
        yield _Line("tries" if at == 0 else "", tuple(_ending(ending)))
    yield from _texts(
        ("path", safe_text(image.local_path or "", _PATH)),
        ("SHA-256", safe_text(image.sha256 or "")),
        ("key", safe_text(image.media_key)),
        ("name", safe_text(image.name)),
        ("workflow", safe_text(image.workflow_id or "")),
    )


def _texts(*values: tuple[str, str]) -> Iterator[_Line]:
    return (_Line(label, (_Part(text),)) for label, text in values if text)


def _state(known: Known) -> Iterator[_Part]:
    image = known.image
    # As in the table: a picture that is here is here, though the board may still hold its transfer.
    transfer = None if image.local_path else known.transfer
    symbol, colour = symbol_of(Row(image, transfer, PurePath()))
    if transfer is not None:
        yield _Part(f"{symbol} {_progress(transfer)}", colour)
        return
    word = image.state.value
    if image.state is ImageState.FAILED:
        word = f"failed in {count_of(image.failed_runs, 'run')}"
    elif image.state is ImageState.PARKED:
        word = f"parked after {count_of(image.failed_runs, 'failed run')}"
    yield _Part(f"{symbol} {word}", colour)
    if image.local_path is None and image.failure is not None:
        yield _Part(f": {safe_text(image.failure)}")


def _progress(transfer: Transfer) -> str:
    """Return how far a transfer is, or what it waits for."""
    if transfer.phase is Phase.PAUSED:
        return "paused until the profile has new cookies"
    if transfer.phase is Phase.WAITING:
        again = f"waits for try {transfer.next_try} of {transfer.tries}"
        return f"{again}: {safe_text(transfer.reason or '')}"
    if not transfer.done:
        return f"{transfer.phase}, {transfer.source}"
    percent = "" if transfer.fraction is None else f"{transfer.fraction * 100:.0f} %  "
    total = "" if transfer.total is None else f" / {format_bytes(transfer.total)}"
    return f"{percent}{format_bytes(transfer.done)}{total}, {transfer.source}"


def _bytes(size: int) -> str:
    return format_bytes(size) if size < 1000 else f"{format_bytes(size)}  {size:,} bytes"


def _pixels(saved: tuple[int, int] | None, listed: tuple[int, int] | None) -> str:
    """Return those of the saved picture, and those that the listing tells where they are others."""
    told = "" if listed is None or listed == saved else "{}×{} as listed".format(*listed)
    return "  ".join(filter(None, ("" if saved is None else "{}×{}".format(*saved), told)))


def _ending(ending: Ending) -> Iterator[_Part]:
    word, colour = _OUTCOMES[ending.outcome]
    yield _Part(f"{format_moment(ending.at)}  ", "table--dim")
    yield _Part(word, colour)
    yield _Part(f" {safe_text(ending.told)}")
