"""A demo service whose gallery is as large as a test wants it."""

from collections.abc import Iterator

import pytest

from flowimg_tui.demo.service import DemoOptions, DemoService


@pytest.fixture
def images() -> int:
    return 42


@pytest.fixture
def demo(images: int) -> Iterator[DemoService]:
    with DemoService(DemoOptions(images)) as service:
        yield service
