"""The keys of the main screen, in the order in which the last line, the help and the palette show them."""

from typing import Final

from textual.binding import Binding

KEYS: Final = (
    Binding("s", "sync", "Sync", tooltip="Bring the metadata of the whole gallery in"),
    Binding("d", "download", "Download", tooltip="Fetch every picture not here yet, or the selected"),
    Binding(
        "ctrl+x",
        "refresh",
        "Force refresh",
        key_display="^x",
        tooltip="Delete the image records (asks first); files stay",
    ),
    Binding("r", "retry", "Retry", show=False, tooltip="Fetch again what failed, parked images too"),
    Binding("v", "verify", "Verify", show=False, tooltip="Look at every saved file: is it what it was?"),
    Binding("u", "undo_refresh", "Undo", show=False, tooltip="Undo the latest force refresh (asks first)"),
    Binding(
        "ctrl+p",
        "app.command_palette",
        "Palette",
        show=False,
        tooltip="Find a command or a theme by its name",
    ),
    Binding(
        "slash",
        "filter",
        "Filter",
        key_display="/",
        tooltip="Show only the images you look for",
        # What is typed in the same breath is for the filter, and no keys of the table.
        priority=True,
    ),
    Binding("question_mark", "help", "Help", key_display="?", tooltip="Show this list of keys"),
    Binding("q", "leave", "Quit", tooltip="Quit; asks first while something works"),
    Binding("x", "stop", "Stop", tooltip="Stop what is running; what is done stays done"),
    Binding("e", "edit", "Edit", tooltip="Give the profile other cookies or another folder"),
    Binding("n", "new", "New", tooltip="Add a profile"),
    Binding("y", "copy", "Copy", show=False, tooltip="Copy the path of the file, or the image's name"),
    Binding(
        "escape",
        "back",
        "Back",
        show=False,
        tooltip="End the range, then the filter, the selection, the sum of a download",
    ),
    Binding(
        "enter",
        "show_image",
        "View",
        show=False,
        tooltip="Open the page of this image: its picture large, and all that is known of it",
    ),
    Binding("p", "preview", "Picture", show=False, tooltip="Unfold the picture under the cursor, or fold it"),
    Binding("B", "cost", "Bytes", show=False, tooltip="Tell how many bytes pictures have cost so far"),
    Binding("t", "sheet", "Contact sheet", show=False, tooltip="Show a contact sheet, or the table again"),
    Binding("l", "log", "Log", show=False, tooltip="Unfold the log below the table, or fold it"),
    Binding("P", "profiles", "Profiles", tooltip="Go to the profiles, or back to the images"),
    Binding("delete", "remove", "Remove", show=False, tooltip="Remove the profile (asks first); files stay"),
)
