"""textual-image comes in silently: it asks the terminal nothing, and knows what that has said before."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from flowimg_tui.previews import textual_images

LOADING = """
import json, os, sys
from flowimg_tui.previews.textual_images import load
before = (sys.__stdout__, dict(os.environ))
widgets = load({cell})
assert (sys.__stdout__, dict(os.environ)) == before
from textual_image._terminal import get_cell_size
from textual.widget import Widget
told = [widgets.kitty.__name__, widgets.sixel.__module__, issubclass(widgets.kitty, Widget), *get_cell_size()]
with open(sys.argv[1], "w") as file:
    json.dump(told, file)
"""


@pytest.mark.parametrize(("cell", "size"), [((9, 19), [9, 19]), (None, [10, 20])])
def test_on_a_terminal_it_is_imported_without_a_word(
    tmp_path: Path, cell: tuple[int, int] | None, size: list[int]
) -> None:
    told = tmp_path / "told"
    master, slave = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LOADING.format(cell=cell), told],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "TEXTUAL_CELL_WIDTH": "3"},
        check=False,
    )
    os.set_blocking(master, False)
    with pytest.raises(BlockingIOError):
        pytest.fail(os.read(master, 10_000).decode())
    os.close(slave)
    os.close(master)
    assert done.returncode == 0
    assert json.loads(told.read_text()) == ["TGPImage", "textual_image.widget.sixel", True, *size]


def test_one_can_tell_whether_it_is_there_without_importing_it() -> None:
    code = (
        "import sys\n"
        "from flowimg_tui.previews import textual_images\n"
        "print(textual_images.are_installed(), 'textual_image' in sys.modules, 'textual' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True False False\n"


def test_where_it_is_missing_one_can_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "textual_image", None)
    assert not textual_images.are_installed()
    with pytest.raises(ImportError):
        textual_images.load(None)
    assert sys.__stdout__ is not None
