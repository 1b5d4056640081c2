"""What many tests stand on: a demo service that runs, and an installation that points to it."""

import functools
import gc
import itertools
import logging
import os
import shutil
import ssl
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from flowimg_tui.config.locations import Locations
from flowimg_tui.demo.home import demo_environment
from flowimg_tui.demo.pictures import draw
from flowimg_tui.demo.service import DemoService
from flowimg_tui.store.records import ProfileRecord
from flowimg_tui.workspace import Workspace
from tests.forks import end_forks

SERVICES = ("labs", "google")
"""The two generations of Flow."""

WIRE = Path(__file__).parent / "data" / "flow_service" / "labs"
"""The recorded answers of the labs generation."""


# To read the asserts of all test modules takes each worker 4 s: what was read is kept in __pycache__, even
# where the environment tells programs to keep nothing there.
sys.dont_write_bytecode = False

_HOMES = itertools.count(1)

_MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a folder of the user's own in it
_ENOUGH = 2 * 1024**3
"""Bytes, many times of what all workers have there at once."""


def _take_no_disk() -> None:
    """Have the tests' folders in memory: thousands of small files that nobody reads after their test."""
    roomy = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ENOUGH
    if "TMPDIR" not in os.environ and roomy:
        # Pytest itself has had a file in the usual place before.
        tempfile.tempdir = os.environ["TMPDIR"] = str(_MEMORY)


_take_no_disk()


def pytest_xdist_auto_num_workers() -> int:
    """Two workers for each core: much of the suite is waiting for silence, a frame, a signal, a child."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return 2 * cores


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what mostly waits: others have the processors meanwhile, and none is left for the end."""
    items.sort(key=lambda item: item.get_closest_marker("waits") is None)


def pytest_collection_finish() -> None:
    """Leave thousands of tests out of every search for garbage: they stay to the end."""
    gc.collect()
    gc.freeze()
    # A test's own garbage is worth a search less often than a program's.
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the developer's own settings, home and time zone out of every test."""
    # Only a test that asks for a folder gets one made: among thousands each next one takes longer to name.
    home = tmp_path_factory.getbasetemp() / f"own-home-{next(_HOMES)}"
    for variable in ("HOME", "FLOWIMG_HOME"):
        monkeypatch.setenv(variable, str(home))
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """Take back what a test's installation did to the loggers of this process."""
    yield
    for name in ("flowimg_tui", "httpx", "httpcore", "asyncio", "peewee"):
        logger = logging.getLogger(name)
        for handler in logger.handlers[:]:
            logger.removeHandler(handler)
            handler.close()
        logger.propagate = True
        logger.setLevel(logging.NOTSET)


@pytest.fixture(scope="session", autouse=True)
def _one_trust_store() -> Iterator[None]:
    """Load the certificates once: each client would read them again, and no test needs one of them."""
    context = ssl.create_default_context()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ssl.create_default_context", lambda *_, **__: context)
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_command_line() -> Iterator[None]:
    """Make the command once: each call in this process would read the signatures of all commands again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.testing._get_command", functools.cache(get_command))
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_search_for_what_is_not_there() -> Iterator[None]:
    """Say once that sniffio is not installed: httpcore looks for it in every folder with every request."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "sniffio", None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _each_picture_is_drawn_once() -> Iterator[None]:
    """Keep the demo's pictures from one service to the next: drawing them costs more than bringing them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flowimg_tui.demo.account.draw", functools.lru_cache(maxsize=128)(draw))
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_fork_server_stays_behind() -> Iterator[None]:
    yield
    end_forks()


@pytest.fixture
def demo() -> Iterator[DemoService]:
    with DemoService() as service:
        yield service


@pytest.fixture
def environment(demo: DemoService, tmp_path: Path) -> dict[str, str]:
    """The variables of an installation at the demo service that waits for nothing."""
    quick = {"FLOWIMG_PAGE_DELAY": "0", "FLOWIMG_RETRY_BASE": "0"}
    return {**demo_environment(demo, tmp_path), **quick}


@pytest.fixture
def workspace(environment: dict[str, str]) -> Iterator[Workspace]:
    with Workspace(Locations.from_environment(environment), environment=environment) as opened:
        yield opened


@pytest.fixture
def studio(workspace: Workspace, demo: DemoService) -> ProfileRecord:
    """A profile that is signed in to the demo service."""
    return add_profile(workspace, "studio", demo.cookie_header)


def cookies_of(demo: DemoService, service: str) -> str:
    """Return the Cookie header of a browser that is signed in now to that generation."""
    return {"labs": demo.cookie_header, "google": demo.google_cookie_header}[service]


def add_profile(
    workspace: Workspace, name: str, cookies: str, output: str | None = None, account: str | None = None
) -> ProfileRecord:
    """Add a profile with cookies as people paste them, without asking Flow what they are worth."""
    given = workspace.profiles.read_cookies(name, cookies)
    return workspace.profiles.add(name, given, output, account)


def give_cookies(workspace: Workspace, name: str, cookies: str) -> ProfileRecord:
    """Give a profile other cookies as people paste them, without asking Flow what they are worth."""
    profile = workspace.profiles.named(name)
    return workspace.profiles.replace_cookies(profile, workspace.profiles.read_cookies(name, cookies))
