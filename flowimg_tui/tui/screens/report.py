"""What a verification has found, a line for each file."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from flowimg_tui.humane import count_of
from flowimg_tui.mirror.events import FileProblem, Problem
from flowimg_tui.safe_text import safe_text

LINES_SHOWN: Final = 200


class ReportScreen(ModalScreen[None]):
    """The files that are not what they were. Beyond :data:`LINES_SHOWN` the log names the rest."""

    BINDINGS = [Binding("escape,q,enter", "dismiss", "Close", show=False)]

    def __init__(self, problems: Sequence[FileProblem], output: PurePath) -> None:
        """Show ``problems``; paths below ``output`` are shown without it."""
        super().__init__()
        self._problems = problems
        self._output = output

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog") as dialog:
            dialog.border_title = f"{count_of(len(self._problems), 'file')} not as saved"
            dialog.border_subtitle = "esc closes"
            for problem in self._problems[:LINES_SHOWN]:
                yield Static(self._line(problem))
            more = len(self._problems) - LINES_SHOWN
            if more > 0:
                yield Static(Content(f"… and {more} more; the log names each."))
            yield Static("")
            yield Static(
                Content(
                    "The images of missing, damaged and unknown files are pending again: press d to download "
                    "them. The files themselves were left as they are."
                )
            )

    def _line(self, problem: FileProblem) -> Content:
        colour = "$warning" if problem.problem is Problem.UNREADABLE else "$error"
        path = PurePath(problem.path)
        shown = path.relative_to(self._output) if path.is_relative_to(self._output) else path
        return Content.assemble(
            (f"{problem.problem:<11}", colour),
            safe_text(str(shown), 1000),
            (f"\n{'':<11}{safe_text(problem.reason)}", "$text-muted"),
        )
