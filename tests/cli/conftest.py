"""The command line on an installation of its own that points to the demo service."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from flowimg_tui.demo.home import demo_environment
from flowimg_tui.demo.service import DemoOptions, DemoService
from tests.cli.helpers import Installation

AT_ONCE = {"FLOWIMG_PAGE_DELAY": "0", "FLOWIMG_RETRY_BASE": "0"}


@pytest.fixture
def flowimg(environment: dict[str, str], tmp_path: Path) -> Installation:
    """An installation without any profile."""
    return Installation(environment, tmp_path)


@pytest.fixture
def signed_in(flowimg: Installation, demo: DemoService) -> Installation:
    """An installation with the profile ``studio``, signed in and never synced."""
    assert flowimg.add("studio", demo.cookie_header).code == 0
    return flowimg


@pytest.fixture
def synced(signed_in: Installation) -> Installation:
    """The same after a sync: 42 images without files."""
    assert signed_in.quick("sync").code == 0
    return signed_in


@pytest.fixture
def small_demo() -> Iterator[DemoService]:
    """A service whose gallery has three images."""
    with DemoService(DemoOptions(images=3)) as service:
        yield service


@pytest.fixture
def small(small_demo: DemoService, tmp_path: Path) -> Installation:
    """An installation with the profile ``studio`` and the records of three images without files."""
    folder = tmp_path / "small"
    folder.mkdir()
    installation = Installation({**demo_environment(small_demo, folder), **AT_ONCE}, folder)
    assert installation.add("studio", small_demo.cookie_header).code == 0
    assert installation.quick("sync").code == 0
    return installation
