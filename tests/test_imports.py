"""What an import brings along, seen from a fresh interpreter: no screen, no drawing, no file."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pytest

import flowimg_tui
from flowimg_tui.config.locations import Locations
from flowimg_tui.workspace import Workspace
from tests.conftest import add_profile
from tests.mirror.helpers import NOON, file_record, new_image, picture

PACKAGE = Path(flowimg_tui.__file__).parent
HEAVY = ("textual", "PIL", "aiohttp", "pydantic", "textual_image", "flowimg_tui.previews")
# The screen is imported by the command that opens it, and belongs to other tests.
WITHOUT_SCREEN = sorted(
    ".".join(("flowimg_tui", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if path.relative_to(PACKAGE).parts[0] != "tui"
)
NOT_FOR_THE_GALLERY = (
    # The commands, the HTTP client, and what others bring along that takes long.
    "typer",
    "flowimg_tui.cli.commands",
    "httpx",
    "importlib.metadata",
    "rich.pretty",
    "tomllib",
    # What draws pictures; how they are drawn is settled before the screen starts.
    "PIL",
    "flowimg_tui.previews.picture",
    "flowimg_tui.previews.thumbnails",
    # What works on a gallery, and what it tells.
    "flowimg_tui.workspace.actions",
    "flowimg_tui.mirror.events",
    "flowimg_tui.mirror.files",
    "flowimg_tui.flow.pasted",
    "flowimg_tui.flow.service",
    # What a key opens.
    "flowimg_tui.tui.screens.confirm",
    "flowimg_tui.tui.screens.copy",
    "flowimg_tui.tui.screens.help",
    "flowimg_tui.tui.screens.profile",
    "flowimg_tui.tui.screens.report",
    "flowimg_tui.tui.widgets.log_pane",
)
AT_THE_GALLERY = """
import asyncio, json, sys
from datetime import UTC, datetime

import flowimg_tui.cli.app
from flowimg_tui.config.locations import Locations
from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.workspace import Workspace

async def loaded():
    with Workspace(Locations.from_environment()) as workspace:
        workspace.gallery.add_profile("studio", "labs", None, datetime.now(UTC))
        async with FlowimgApp(workspace).run_test() as pilot:
            await pilot.pause()
            return sorted(sys.modules)

print(json.dumps(asyncio.run(loaded())))
"""


AFTER_A_COMMAND = """
import contextlib, io, json, sys

from flowimg_tui.cli import app

sys.argv[1:] = {arguments!r}
told = io.StringIO()
with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told), contextlib.suppress(SystemExit):
    app.main()
print(json.dumps({{"loaded": sorted(sys.modules), "told": told.getvalue()}}))
"""
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


def in_a_fresh_interpreter(code: str, home: Path, variables: Mapping[str, str] = NOTHING) -> str:
    own = {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=home,
        env={**own, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    return ended.stdout


def after(arguments: list[str], home: Path, variables: Mapping[str, str] = NOTHING) -> tuple[set[str], str]:
    """Return the modules that a command has loaded, and what it has told."""
    code = AFTER_A_COMMAND.format(arguments=arguments)
    answer: dict[str, Any] = json.loads(in_a_fresh_interpreter(code, home, variables))
    return set(answer["loaded"]), answer["told"]


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


@pytest.mark.parametrize(
    ("arguments", "needed", "not_needed"),
    [
        (["--version"], "flowimg_tui.cli.output", ("asyncio", "peewee", "typer", "flowimg_tui.workspace")),
        (["status"], "flowimg_tui.cli.views", ("httpx", *HEAVY)),
    ],
    ids=["version", "status"],
)
def test_a_command_that_asks_nobody_loads_little(
    home: Path, arguments: list[str], needed: str, not_needed: tuple[str, ...]
) -> None:
    loaded, _ = after(arguments, home)
    assert needed in loaded
    assert loaded.isdisjoint(not_needed)


def test_a_status_of_images_with_and_without_files_loads_as_little(home: Path) -> None:
    saved = home / "pictures" / "0.png"
    saved.parent.mkdir()
    saved.write_bytes(picture(0))
    with Workspace(Locations.at(home), environment={}) as workspace:
        studio = add_profile(workspace, "studio", f"__Secure-next-auth.session-token={'studio' * 30}")
        gallery = workspace.gallery
        gallery.store_page(studio.id, gallery.begin_sync(studio.id), [new_image(name) for name in "0123"])
        gallery.record_saved(studio.id, 1, file_record("key-0", saved, saved.stat().st_size))
        gallery.record_failure(2, "gone", NOON)
        gallery.finish_sync(studio.id, NOON)

    loaded, told = after(["status"], home, {"FLOWIMG_HOME": str(home)})
    assert told.splitlines()[-1].split()[:6] == ["studio", "4", "1", "2", "1", "0"]
    assert loaded.isdisjoint(("httpx", *HEAVY))


def test_the_app_shows_its_gallery_without_what_that_has_no_need_of(home: Path) -> None:
    loaded = set(json.loads(in_a_fresh_interpreter(AT_THE_GALLERY, home)))
    assert {"flowimg_tui.cli.app", "flowimg_tui.tui.screens.main"} <= loaded
    assert loaded.intersection(NOT_FOR_THE_GALLERY) == set()


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
