"""A bare Textual app with one DataTable, to be compared with: ``python -m benchmarks.screen.bare``."""

from typing import Final

from textual.app import App, ComposeResult
from textual.widgets import DataTable

ROWS: Final = 100
SIGN: Final = "bare-000"
"""What it shows when it shows its rows."""


class BareApp(App[None]):
    """As little as there can be around a table."""

    def compose(self) -> ComposeResult:
        yield DataTable()

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        table.add_columns("key", "ratio", "created", "size", "file")
        table.add_rows(
            (f"bare-{row:03}", "16:9", "2026-01-01 00:00", "1.4 MB", f"{row}.jpg") for row in range(ROWS)
        )


if __name__ == "__main__":
    BareApp().run()
