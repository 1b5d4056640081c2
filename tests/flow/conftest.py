"""The web of the real hosts, played by respx: no test of this folder can reach them."""

from collections.abc import Iterator

import pytest
import respx


@pytest.fixture
def web() -> Iterator[respx.MockRouter]:
    """Every request goes here; one that no route expects is an error of the test."""
    with respx.mock(assert_all_called=False, using="httpx") as router:
        yield router
