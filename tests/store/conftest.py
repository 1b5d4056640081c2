"""A gallery in a file of its own for each test, and a witness of its statements."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import ProfileRecord
from tests.mirror.helpers import NOON
from tests.store.field import Statements


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "gallery.db"


@pytest.fixture
def gallery(path: Path) -> Iterator[Gallery]:
    opened = Gallery(path)
    yield opened
    opened.close()


@pytest.fixture
def studio(gallery: Gallery) -> ProfileRecord:
    return gallery.add_profile("studio", "labs", None, NOON)


@pytest.fixture
def statements() -> Iterator[Statements]:
    handler, logger = Statements(), logging.getLogger("peewee")
    former = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler
    logger.setLevel(former)
    logger.removeHandler(handler)
