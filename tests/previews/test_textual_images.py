"""textual-image comes in silently: it asks the terminal nothing, and knows what that has said before."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from flowimg_tui.previews import textual_images

DRAWING = """
import os, sys
from PIL import Image
from flowimg_tui.previews.textual_images import sixel_of
before = (sys.__stdout__, dict(os.environ))
sixel = sixel_of(Image.new("RGB", (70, 70), "red"), (4, 2), {cell})
assert (sys.__stdout__, dict(os.environ)) == before
with open(sys.argv[1], "w") as file:
    file.write(sixel)
"""


@pytest.mark.parametrize(("cell", "size"), [((9, 19), "36;38"), (None, "40;40")])
def test_on_a_terminal_it_draws_without_a_word_to_it(
    tmp_path: Path, cell: tuple[int, int] | None, size: str
) -> None:
    told = tmp_path / "told"
    master, slave = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", DRAWING.format(cell=cell), told],
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
    sixel = told.read_text()
    assert sixel.startswith("\x1bP")
    assert sixel.endswith("\x1b\\")
    assert f'"1;1;{size}' in sixel


def test_one_can_tell_whether_it_is_there_without_importing_it() -> None:
    code = (
        "import sys\n"
        "from flowimg_tui.previews import textual_images\n"
        "print(textual_images.are_installed(), 'textual_image' in sys.modules, 'textual' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True False False\n"


def test_where_it_is_missing_one_can_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    # A test before may have drawn with it.
    for name in {"textual_image", *(name for name in sys.modules if name.startswith("textual_image."))}:
        monkeypatch.setitem(sys.modules, name, None)
    assert not textual_images.are_installed()
    with pytest.raises(ImportError):
        textual_images.sixel_of(Image.new("RGB", (1, 1)), (1, 1), None)
    assert sys.__stdout__ is not None
