"""What is found, in which order, and how a table reads it."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from peewee import SqliteDatabase

from flowimg_tui.humane import format_moment
from flowimg_tui.store.database import StoreError
from flowimg_tui.store.finding import NEWEST_FIRST, Finding, Order, SortKey
from flowimg_tui.store.found_images import FoundImages
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import ImageRecord, ImageState, ProfileRecord
from tests.mirror.helpers import NOON, ages, file_record, names, new_image
from tests.store import finding_model as model
from tests.store.field import ask, ids


def found(
    gallery: Gallery, profile_id: int, text: str = "", order: Order = NEWEST_FIRST
) -> list[ImageRecord]:
    images = gallery.find(profile_id, Finding(text, order))
    assert images.refresh()
    shown = images.window(0, images.count + 1)
    assert len(shown) == images.count
    return shown


def found_names(gallery: Gallery, profile: ProfileRecord, text: str) -> list[str]:
    return sorted(image.name for image in found(gallery, profile.id, text))


# Against the model


@settings(max_examples=50, deadline=None)
@given(
    st.lists(model.images, max_size=12),
    st.lists(st.tuples(st.lists(model.pieces, max_size=2), st.lists(model.pieces, max_size=1), model.orders)),
)
def test_what_is_found_is_what_the_model_finds(
    made: list[model.Made],
    sought: list[tuple[list[tuple[str, model.Holds]], list[tuple[str, model.Holds]], Order]],
) -> None:
    with model.a_gallery(made) as (gallery, profile_id):
        whole = list(gallery.images(profile_id))
        for wanted, unwanted, order in sought:
            refusing = [holds for text, holds in unwanted if model.says_something(text)]
            text = " ".join((*(text for text, _ in wanted), *(f"-{text}" for text, _ in unwanted)))
            expected = [
                image
                for image in model.in_order(whole, order)
                if _holds(wanted, image) and not any(holds(image) for holds in refusing)
            ]
            assert found(gallery, profile_id, text, order) == expected, text


def _holds(wanted: list[tuple[str, model.Holds]], image: ImageRecord) -> bool:
    """Facets of one kind widen; all else must hold."""
    kinds: dict[str, list[bool]] = {}
    for text, holds in wanted:
        if not model.says_something(text):
            continue
        facet = text.partition(":")[0]
        kinds.setdefault(facet if facet in ("state", "ratio", "date") else text, []).append(holds(image))
    return all(any(kind) for kind in kinds.values())


@settings(max_examples=20, deadline=None)
@given(st.lists(model.images, min_size=1, max_size=12), model.orders)
def test_every_image_stands_where_its_position_says(made: list[model.Made], order: Order) -> None:
    with model.a_gallery(made) as (gallery, profile_id):
        images = gallery.find(profile_id, Finding("-ratio:1:1", order))
        images.refresh()
        whole = list(gallery.images(profile_id))
        rows = [images.position(image.id) for image in whole]
        for image, row in zip(whole, rows, strict=True):
            if row is not None:
                assert images.window(row, 1) == [image]
        assert sorted(row for row in rows if row is not None) == list(range(images.count))


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu"])
def test_a_date_finds_what_the_table_shows_with_it(
    gallery: Gallery, studio: ProfileRecord, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    images = [model.Made("k", None, None, None, hours, ImageState.PENDING, "", 1) for hours in range(-48, 48)]
    model.fill(gallery, studio.id, images)
    for date in ("2026-03-13", "2026-03-14", "2026-03-15", "2026-03"):
        shown = [name for name, moment in _moments(gallery, studio).items() if moment.startswith(date)]
        assert found_names(gallery, studio, f"date:{date}") == sorted(shown)
        assert shown


def _moments(gallery: Gallery, profile: ProfileRecord) -> dict[str, str]:
    return {image.name: format_moment(image.created_at) for image in gallery.images(profile.id)}


# Text that is meant to do harm

HOSTILE = (
    *(
        '"',
        '""',
        '" OR "',
        "' OR 1=1 --",
        "'); DROP TABLE image; --",
        "NEAR(a b)",
        "a AND",
        "NOT",
        "OR",
        "^a",
        "*",
    ),
    *(
        "prompt:boat",
        "{prompt}:boat",
        "-{prompt title} : boat",
        "rank:1",
        "a\x00b",
        "\x00",
        "%",
        "_",
        "\\",
        "?1",
    ),
    *(":profile", "$1", "\ud800", "\U0010ffff", "👩‍🚀", "\u202eboat", "\x1b]52;c;Ym9hdA==\x07", "🛶" * 5000),
    *("(" * 5000, "a " * 5000, "a" * 10_000, "a." * 500, '"' + "a " * 480 + '"', "-" * 1000, "夏%" * 400),
)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A gallery that no test changes."""
    gallery = Gallery(tmp_path_factory.mktemp("lasting") / "gallery.db")
    profile = gallery.add_profile("studio", "labs", None, NOON)
    gallery.store_page(profile.id, 1, [new_image(name, prompt=f"{name} boat a") for name in names(5)])
    yield gallery, profile
    gallery.close()


def _does_nothing(gallery: Gallery, profile: ProfileRecord, text: str) -> None:
    before = list(gallery.images(profile.id))
    shown = found(gallery, profile.id, text)
    assert [image for image in before if image in shown] == shown
    gallery.set_finding(profile.id, Finding(text))
    again = gallery.finding(profile.id)
    assert found(gallery, profile.id, again.text) == shown
    assert list(gallery.images(profile.id)) == before


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_filter_can_do_nothing(lasting: tuple[Gallery, ProfileRecord], text: str) -> None:
    _does_nothing(*lasting, text)


@settings(max_examples=100, deadline=None)
@given(text=st.text(st.characters(exclude_categories=())) | st.text('"*()-:^{}+ aANDOR\x00'))
def test_no_filter_can_do_anything(lasting: tuple[Gallery, ProfileRecord], text: str) -> None:
    _does_nothing(*lasting, text)


@settings(max_examples=30, deadline=None)
@given(prompt=st.text(st.characters(exclude_categories=["Cs"]), min_size=1), data=st.data())
def test_any_prompt_is_found_by_the_beginning_of_any_of_its_ascii_words(
    prompt: str, data: st.DataObject
) -> None:
    words = [word for word in prompt.split() if word.isascii() and word.isalnum()]
    with model.a_gallery([]) as (gallery, profile_id):
        gallery.store_page(profile_id, 1, [new_image("one", prompt=f"{prompt} plain")])
        word = data.draw(st.sampled_from([*words, "plain"]))
        begun = word[: data.draw(st.integers(1, len(word)))]
        assert [image.name for image in found(gallery, profile_id, begun)] == ["one"]


# Keys


@pytest.mark.parametrize(
    ("typed", "those"),
    [
        ("0ccf", ["long", "short"]),
        ("0CCF", ["long", "short"]),
        ('"0ccf"', ["short"]),
        ("Qx", ["capital"]),
        ("qx", []),
    ],
)
def test_a_key_is_found_by_its_beginning_and_in_quotes_as_a_whole(
    gallery: Gallery, studio: ProfileRecord, typed: str, those: list[str]
) -> None:
    keys = {"short": "0ccf", "long": "0ccf-aa", "capital": "Qx-7"}
    gallery.store_page(studio.id, 1, [new_image(name, media_key=key) for name, key in keys.items()])
    assert found_names(gallery, studio, typed) == those


# Files by their paths


@pytest.mark.parametrize(
    "pasted", ["/p/2026-03-14/key-i1.png", "2026-03-14/key-i1.png", "key-i1.png", "key-i1"]
)
def test_a_pasted_path_finds_its_image(gallery: Gallery, studio: ProfileRecord, pasted: str) -> None:
    gallery.store_page(studio.id, 1, [new_image(name) for name in names(3)])
    for name, image_id in ids(gallery, studio).items():
        path = f"/p/2026-03-14/key-{name}.png"
        gallery.record_saved(studio.id, image_id, file_record(f"key-{name}", path))
    assert found_names(gallery, studio, pasted) == ["i1"]


@pytest.mark.parametrize("typed", ["odd", "dig", "/p/odd name-digest.png", "name-digest.png"])
def test_a_file_that_has_another_name_than_its_key_is_found_by_it(
    gallery: Gallery, studio: ProfileRecord, typed: str
) -> None:
    gallery.store_page(studio.id, 1, [new_image(name) for name in names(3)])
    gallery.record_saved(
        studio.id, ids(gallery, studio)["i1"], file_record("key-i1", "/p/odd name-digest.png")
    )
    assert found_names(gallery, studio, f'"{typed}' if " " in typed else typed) == ["i1"]


# Opening, refreshing, closing


@pytest.fixture
def large(gallery: Gallery, studio: ProfileRecord) -> ProfileRecord:
    times = ages(300)
    gallery.store_page(studio.id, 1, [new_image(str(age), created_at=times[age]) for age in range(300)])
    return studio


@pytest.mark.parametrize("text", ["", "  ", "state:"])
def test_the_whole_gallery_is_there_before_anything_was_read(
    gallery: Gallery, large: ProfileRecord, text: str
) -> None:
    images = gallery.find(large.id, Finding(text))
    assert images.is_ready
    assert images.count == 300
    before = (images.window(290, 20), images.position(images.window(7, 1)[0].id), images.position(999))
    assert images.refresh()
    assert (
        images.window(290, 20),
        images.position(images.window(7, 1)[0].id),
        images.position(999),
    ) == before
    assert before[1:] == (7, None)


def test_another_finding_is_there_when_it_was_read(gallery: Gallery, large: ProfileRecord) -> None:
    images = gallery.find(large.id, Finding("29", Order(SortKey.KEY)))
    assert (images.is_ready, images.count, images.window(0, 9), images.position(1)) == (False, 0, [], None)
    assert images.refresh()
    assert images.is_ready
    assert [image.name for image in images.window(0, 3)] == ["29", "290", "291"]
    assert images.count == 11


def test_rows_stay_where_they_are_until_the_next_refresh(gallery: Gallery, large: ProfileRecord) -> None:
    images = gallery.find(large.id, Finding())
    images.refresh()
    top = images.window(0, 1)[0]
    gallery.store_page(large.id, 2, [new_image("newer", created_at=NOON.replace(year=2030))])
    assert (images.count, images.position(top.id), images.window(0, 1)) == (300, 0, [top])
    images.refresh()
    assert (images.count, images.position(top.id), images.window(0, 1)[0].name) == (301, 1, "newer")


def test_what_an_image_is_shows_at_once(gallery: Gallery, large: ProfileRecord) -> None:
    images = gallery.find(large.id, Finding("state:pending"))
    images.refresh()
    (image,) = images.window(5, 1)
    gallery.record_failure(image.id, "gone", NOON)
    assert images.window(5, 1)[0].failure == "gone"
    images.refresh()
    assert (images.count, images.position(image.id)) == (299, None)


def test_images_that_went_are_left_out(gallery: Gallery, large: ProfileRecord) -> None:
    images = gallery.find(large.id, Finding())
    images.refresh()
    gallery.delete_images(large.id)
    assert images.window(0, 300) == []
    images.refresh()
    assert images.count == 0


@pytest.mark.parametrize("text", ["", "29"])
def test_all_that_is_found_can_be_selected(gallery: Gallery, large: ProfileRecord, text: str) -> None:
    images = gallery.find(large.id, Finding(text))
    selected = images.ids()
    assert selected == [image.id for image in images.window(0, 300)]
    assert len(selected) == images.count > 0


@pytest.mark.parametrize(
    ("finding", "depends"),
    [
        (Finding(), False),
        (Finding("ratio:1:1"), False),
        (Finding("state:failed"), True),
        (Finding("", Order(SortKey.SIZE)), True),
        (Finding("", Order(SortKey.FILE)), True),
        (Finding("", Order(SortKey.STATE)), True),
        (Finding("", Order(SortKey.KEY)), False),
    ],
)
def test_it_is_known_where_a_file_that_comes_moves_rows(
    gallery: Gallery, large: ProfileRecord, finding: Finding, depends: bool
) -> None:
    assert gallery.find(large.id, finding).depends_on_files is depends


def test_what_is_wrong_with_a_filter_is_said(gallery: Gallery, studio: ProfileRecord) -> None:
    assert (gallery.find(studio.id, Finding("state:gone")).problem or "").startswith("state: one of")
    assert gallery.find(studio.id, Finding("state:failed")).problem is None


class Held:
    """Holds the query of a thread in its midst, until it is let go."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        self.reached, self.go_on = threading.Event(), threading.Event()

    def refresh(self, images: FoundImages, answers: list[object]) -> None:
        connection = self._gallery._connection()
        connection.set_progress_handler(self._hold, 1)
        try:
            answers.append(images.refresh())
        except StoreError as error:
            answers.append(error)

    def _hold(self) -> int:
        self.reached.set()
        self.go_on.wait(20)
        return 0


@pytest.mark.parametrize("text", ["", "2"])
def test_closing_ends_a_query_in_its_midst(gallery: Gallery, large: ProfileRecord, text: str) -> None:
    images, answers = gallery.find(large.id, Finding(text, Order(SortKey.KEY))), list[object]()
    held = Held(gallery)
    thread = threading.Thread(target=held.refresh, args=(images, answers))
    thread.start()
    assert held.reached.wait(20)
    images.close()
    held.go_on.set()
    thread.join()
    assert answers == [False]
    assert not images.is_ready
    assert gallery.counts(large.id).images == 300


def test_closing_just_when_the_answer_is_there_is_no_error(
    gallery: Gallery, large: ProfileRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = gallery.find(large.id, Finding("", Order(SortKey.KEY)))
    execute: Any = SqliteDatabase.execute_sql

    def execute_and_close(*arguments: Any) -> Any:
        cursor = execute(*arguments)
        images.close()
        return cursor

    monkeypatch.setattr(SqliteDatabase, "execute_sql", execute_and_close)
    assert images.refresh() is False


def test_what_was_found_can_be_read_after_closing(gallery: Gallery, large: ProfileRecord) -> None:
    images = gallery.find(large.id, Finding("29"))
    images.refresh()
    images.close()
    assert images.refresh() is False
    assert (images.count, len(images.window(0, 99))) == (11, 11)


def test_a_database_that_breaks_is_no_interruption(
    gallery: Gallery, large: ProfileRecord, path: Path
) -> None:
    images = gallery.find(large.id, Finding("29"))
    ask(path, "DROP TABLE image_text")
    with pytest.raises(StoreError, match="image_text"):
        images.refresh()


def test_windows_can_be_read_while_another_thread_finds_anew(gallery: Gallery, large: ProfileRecord) -> None:
    images = gallery.find(large.id, Finding("", Order(SortKey.KEY)))
    images.refresh()
    whole, errors = images.window(0, 300), list[BaseException]()

    def refresh() -> None:
        try:
            for _ in range(30):
                images.refresh()
        except BaseException as error:  # noqa: BLE001 - the test's own thread must see it
            errors.append(error)

    threads = [threading.Thread(target=refresh) for _ in range(2)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert images.window(100, 50) == whole[100:150]
    for thread in threads:
        thread.join()
    assert errors == []


# What a profile remembers


def test_a_profile_remembers_what_was_looked_for_last(
    gallery: Gallery, studio: ProfileRecord, path: Path
) -> None:
    other = gallery.add_profile("other", "labs", None, NOON)
    assert gallery.finding(studio.id) == Finding()
    sought = Finding('state:failed "boat', Order(SortKey.SIZE, descending=True))
    gallery.set_finding(studio.id, sought)
    again = Gallery(path)
    assert (again.finding(studio.id), again.finding(other.id)) == (sought, Finding())
    again.close()
    gallery.set_finding(studio.id, Finding(order=Order(SortKey.CREATED)))
    assert gallery.finding(studio.id) == Finding(order=Order(SortKey.CREATED))


def test_a_force_refresh_and_its_undo_leave_what_was_looked_for(
    gallery: Gallery, studio: ProfileRecord, tmp_path: Path
) -> None:
    gallery.copy_to(tmp_path / "copy.db")
    gallery.set_finding(studio.id, Finding("boat"))
    gallery.delete_images(studio.id)
    gallery.restore_images(studio.id, tmp_path / "copy.db")
    assert gallery.finding(studio.id) == Finding("boat")


# What was found before


@pytest.mark.parametrize("order", [NEWEST_FIRST, Order(SortKey.KEY), Order(SortKey.RATIO, True)])
def test_what_was_found_before_changes_nothing_of_what_is_found(
    gallery: Gallery, studio: ProfileRecord, order: Order
) -> None:
    gallery.store_page(studio.id, 1, [new_image(name) for name in ("pier", "boat", "pierrot")])
    before = gallery.find(studio.id, Finding("", order))
    before.refresh()
    for text in ("pier", "-pier", "nothing"):
        images = gallery.find(studio.id, Finding(text, order), before)
        images.refresh()
        assert images.window(0, 9) == found(gallery, studio.id, text, order)
        before = images


def test_the_order_of_before_is_not_taken_for_another(gallery: Gallery, studio: ProfileRecord) -> None:
    gallery.store_page(studio.id, 1, [new_image(name) for name in ("b", "c", "a")])
    before = gallery.find(studio.id, Finding("", Order(SortKey.KEY)))
    before.refresh()
    images = gallery.find(studio.id, Finding("", Order(SortKey.KEY, descending=True)), before)
    images.refresh()
    assert [image.name for image in images.window(0, 9)] == ["c", "b", "a"]
