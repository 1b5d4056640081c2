"""One mirror for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mirror.helpers import Mirror


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    opened = Mirror(tmp_path)
    yield opened
    opened.close()
