"""What an import brings along, seen from a fresh interpreter: no screen, no drawing, no file."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import flowimg_tui

PACKAGE = Path(flowimg_tui.__file__).parent
HEAVY = ("textual", "PIL", "aiohttp")
# The screen is imported by the command that opens it, and belongs to other tests.
WITHOUT_SCREEN = sorted(
    ".".join(("flowimg_tui", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if path.relative_to(PACKAGE).parts[0] != "tui"
)


def in_a_fresh_interpreter(code: str, home: Path) -> str:
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    return ended.stdout


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home."""
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    "modules",
    [
        ["flowimg_tui.mirror.sync", "flowimg_tui.mirror.download", "flowimg_tui.mirror.refresh"],
        ["flowimg_tui.workspace"],
        ["flowimg_tui.cli.app", "flowimg_tui.cli.commands"],
        ["flowimg_tui.__main__"],
    ],
    ids=lambda modules: modules[0],
)
def test_the_mirror_and_the_commands_load_neither_screen_nor_drawing_nor_server(
    home: Path, modules: list[str]
) -> None:
    code = f"import json, sys, {', '.join(modules)}\nprint(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(in_a_fresh_interpreter(code, home)))
    assert set(modules) <= loaded
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.parametrize("module", ["httpx", "typer", "flowimg_tui.cli.commands"])
def test_the_app_is_opened_without_what_its_start_has_no_need_of(home: Path, module: str) -> None:
    code = f"import sys, flowimg_tui.cli.app, flowimg_tui.tui.app\nprint({module!r} in sys.modules)"
    assert in_a_fresh_interpreter(code, home) == "False\n"


def test_importing_every_module_creates_no_file_and_says_nothing(home: Path) -> None:
    assert "flowimg_tui.workspace" in WITHOUT_SCREEN
    code = f"import importlib\nfor name in {WITHOUT_SCREEN!r}: importlib.import_module(name)"
    assert in_a_fresh_interpreter(code, home) == ""
    assert list(home.rglob("*")) == []


def test_importing_starts_no_thread_and_opens_no_log(home: Path) -> None:
    code = (
        "import logging, threading, flowimg_tui.cli.app\n"
        "print(threading.active_count(), logging.getLogger('flowimg_tui').handlers, logging.root.handlers)"
    )
    assert in_a_fresh_interpreter(code, home) == "1 [] []\n"
