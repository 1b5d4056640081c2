"""How SQLite finds what is looked for: in the order of an index, without sorting and without reading rows."""

from pathlib import Path
from typing import Final

import pytest

from flowimg_tui.store.finding import NEWEST_FIRST, Finding, Order, SortKey
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import ProfileRecord
from tests.mirror.helpers import ages, new_image
from tests.store.field import Statements, plans

ORDERS: Final = [Order(key, descending) for key in SortKey for descending in (False, True)]
INDEXES: Final = {
    SortKey.CREATED: {"image_by_age"},
    SortKey.KEY: {"image_by_key"},
    SortKey.RATIO: {"image_by_ratio"},
    SortKey.SIZE: {"image_by_size"},
    SortKey.FILE: {"image_by_path", "image_missing"},
    SortKey.STATE: {"image_by_state"},
}


@pytest.fixture
def large(gallery: Gallery, studio: ProfileRecord) -> ProfileRecord:
    times = ages(500)
    images = [new_image(str(age), created_at=times[age], prompt="boat") for age in range(500)]
    gallery.store_page(studio.id, 1, images)
    return studio


def steps(
    path: Path, gallery: Gallery, profile: ProfileRecord, statements: Statements, finding: Finding
) -> str:
    """How SQLite reads what is found, a line for each step."""
    images = gallery.find(profile.id, finding)
    statements.seen.clear()
    assert images.refresh()
    return plans(path, statements)


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_every_order_is_that_of_an_index(
    path: Path, gallery: Gallery, large: ProfileRecord, statements: Statements, order: Order
) -> None:
    plan = steps(path, gallery, large, statements, Finding("", order))
    used = {word for word in plan.split() if word.startswith("image_")}
    assert used == INDEXES[order.key]
    assert "SCAN image" not in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("state:failed", "image_by_state (profile_id=? AND state=?)"),
        ("state:missing", "image_by_state (profile_id=? AND state=?)"),
        ("ratio:16:9", "image_by_ratio (profile_id=? AND aspect_ratio=?)"),
        ("date:2026-10", "image_by_age (profile_id=? AND created_at>? AND created_at<?)"),
        ("boat", "image_by_key (profile_id=? AND media_key>? AND media_key<?)"),
        ("boat", "sqlite_autoindex_image_1 (profile_id=? AND name>? AND name<?)"),
        ("boat", "SCAN image_text VIRTUAL TABLE INDEX"),
        ("boat.png", "image_by_key (profile_id=? AND media_key=?)"),
        ("boat.png", "image_by_path (profile_id=? AND local_path=?)"),
    ],
)
def test_every_condition_is_looked_up(
    path: Path, gallery: Gallery, large: ProfileRecord, statements: Statements, text: str, index: str
) -> None:
    plan = steps(path, gallery, large, statements, Finding(text))
    assert index in plan
    assert "TEMP B-TREE" not in plan
    assert "SCAN image\n" not in f"{plan}\n"


def test_only_a_word_of_a_script_without_spaces_reads_every_row(
    path: Path, gallery: Gallery, large: ProfileRecord, statements: Statements
) -> None:
    assert "SCAN image\n" in f"{steps(path, gallery, large, statements, Finding('山'))}\n"


def test_a_window_reads_its_own_rows_alone(
    path: Path, gallery: Gallery, large: ProfileRecord, statements: Statements
) -> None:
    images = gallery.find(large.id, Finding("", NEWEST_FIRST))
    images.refresh()
    statements.seen.clear()
    assert len(images.window(400, 20)) == 20
    assert len(statements.seen) == 1
    plan = plans(path, statements)
    assert "SEARCH image USING INTEGER PRIMARY KEY" in plan
    assert "SEARCH saved_file USING INDEX" in plan
    assert "SCAN image" not in plan


def test_opening_the_default_view_counts_in_an_index_and_reads_nothing_else(
    path: Path, gallery: Gallery, large: ProfileRecord, statements: Statements
) -> None:
    statements.seen.clear()
    assert gallery.find(large.id, Finding()).count == 500
    (step,) = plans(path, statements).splitlines()
    assert "COVERING INDEX" in step


def test_opening_another_view_reads_nothing_yet(
    gallery: Gallery, large: ProfileRecord, statements: Statements
) -> None:
    statements.seen.clear()
    gallery.find(large.id, Finding("boat", Order(SortKey.SIZE)))
    assert statements.seen == []
