"""What the store keeps of each image, whatever comes twice, late or half."""

import sqlite3
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, astuple, fields
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from peewee import IntegrityError

from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import Counts, ImageState, NewImage, PageCounts, ProfileRecord, SyncPlace
from tests.mirror.helpers import NOON, ages, file_record, new_image
from tests.store.field import Statements, ask, ids, most_rows, plans

TOLD: Final[dict[str, object]] = {
    "workflow_id": "w",
    "aspect_ratio": "IMAGE_ASPECT_RATIO_SQUARE",
    "fife_url": "https://flow-content.google/image/a",
    "created_at": NOON,
    "title": "Paper boat",
    "prompt": "ein Boot 🛶\n",
    "seed": -(2**63),
    "width": 1376,
    "height": 768,
    "project_title": "Boats",
    "legacy_name": "CAMa",
}
"""All that a page can tell of an image besides its name and its media key."""


# Pages


def test_a_page_can_tell_nothing_that_is_not_known_here() -> None:
    assert {column.name for column in fields(NewImage)} == {"name", "media_key", *TOLD}


def test_a_page_counts_what_is_new_what_is_known_and_what_comes_again(
    gallery: Gallery, studio: ProfileRecord
) -> None:
    first = gallery.begin_sync(studio.id)
    assert gallery.store_page(studio.id, first, [new_image("a"), new_image("b")]) == PageCounts(2, 0, 0)
    assert gallery.store_page(studio.id, first, [new_image("b"), new_image("c")]) == PageCounts(1, 0, 1)
    second = gallery.begin_sync(studio.id)
    assert gallery.store_page(studio.id, second, [new_image("a"), new_image("d")]) == PageCounts(1, 1, 0)
    assert gallery.store_page(studio.id, second, [new_image("a")]) == PageCounts(0, 0, 1)


def test_an_image_twice_on_one_page_counts_once(gallery: Gallery, studio: ProfileRecord) -> None:
    images = [new_image("a"), new_image("b"), new_image("a")]
    assert gallery.store_page(studio.id, 1, images) == PageCounts(2, 0, 1)
    assert gallery.store_page(studio.id, 2, images) == PageCounts(0, 2, 1)
    assert gallery.counts(studio.id).images == 2


def test_a_page_of_more_images_than_one_statement_takes_is_stored_whole(
    gallery: Gallery, studio: ProfileRecord
) -> None:
    """A project can hold the whole gallery of the time before, and comes as one page."""
    images = [new_image(str(number)) for number in range(17_000)]
    assert gallery.store_page(studio.id, 1, images) == PageCounts(17_000, 0, 0)
    assert gallery.store_page(studio.id, 2, images[::-1]) == PageCounts(0, 17_000, 0)
    assert gallery.counts(studio.id).images == 17_000


def test_an_empty_page_changes_nothing(gallery: Gallery, studio: ProfileRecord) -> None:
    assert gallery.store_page(studio.id, 1, []) == PageCounts(0, 0, 0)
    assert gallery.counts(studio.id) == Counts(0, 0, 0, 0)


def test_what_a_later_page_does_not_mention_is_kept(
    path: Path, gallery: Gallery, studio: ProfileRecord
) -> None:
    gallery.store_page(studio.id, 1, [new_image("a", **TOLD)])
    described = f"SELECT media_key, {', '.join(TOLD)} FROM image"  # noqa: S608
    before = ask(path, described)
    gallery.store_page(studio.id, 2, [new_image("a", **dict.fromkeys(TOLD))])
    assert ask(path, described) == before
    assert None not in before[0]


def test_what_a_later_page_does_mention_replaces_the_old(
    path: Path, gallery: Gallery, studio: ProfileRecord
) -> None:
    gallery.store_page(studio.id, 1, [new_image("a", **TOLD)])
    changed = {
        **{column: f"another {column}" for column in TOLD},
        "created_at": NOON + timedelta(days=1),
        "seed": 0,
        "width": 1,
        "height": 2,
    }
    gallery.store_page(studio.id, 2, [new_image("a", media_key="another key", **changed)])
    (image,) = gallery.images(studio.id)
    seen = {column: value for column, value in asdict(image).items() if column in TOLD}
    assert seen == {column: changed[column] for column in seen}
    assert set(TOLD) - set(seen) == {"fife_url", "legacy_name"}
    assert ask(path, "SELECT media_key, fife_url, legacy_name FROM image") == [
        ("another key", "another fife_url", "another legacy_name")
    ]


def test_a_known_image_keeps_its_file_when_a_sync_meets_it_again(
    gallery: Gallery, studio: ProfileRecord
) -> None:
    gallery.store_page(studio.id, 1, [new_image("a"), new_image("b")])
    gallery.record_saved(studio.id, ids(gallery, studio)["a"], file_record("key-a", "/pictures/a.png"))
    gallery.store_page(studio.id, 2, [new_image("a"), new_image("b")])
    paths = {image.name: image.local_path for image in gallery.images(studio.id)}
    assert paths == {"a": "/pictures/a.png", "b": None}


def test_a_known_image_keeps_its_failure_when_a_sync_meets_it_again(
    path: Path, gallery: Gallery, studio: ProfileRecord
) -> None:
    gallery.store_page(studio.id, 1, [new_image("a")])
    gallery.record_failure(ids(gallery, studio)["a"], "api: gone", NOON)
    gallery.store_page(studio.id, 2, [new_image("a")])
    (image,) = gallery.images(studio.id)
    assert (image.failure, image.state) == ("api: gone", ImageState.FAILED)
    assert ask(path, "SELECT tries, failed_at IS NOT NULL FROM image") == [(1, 1)]


def test_the_database_itself_holds_an_image_of_a_profile_once(
    path: Path, gallery: Gallery, studio: ProfileRecord
) -> None:
    gallery.store_page(studio.id, 1, [new_image("a")])
    insert = "INSERT INTO image (profile_id, name, media_key, last_sync) VALUES ({}, 'a', 'k', 1)"
    with pytest.raises(sqlite3.IntegrityError):
        ask(path, insert.format(studio.id))


def test_two_profiles_with_the_same_names_are_two_galleries(gallery: Gallery, studio: ProfileRecord) -> None:
    home = gallery.add_profile("home", "labs", None, NOON)
    gallery.store_page(studio.id, 1, [new_image("a"), new_image("b")])
    assert gallery.store_page(home.id, 1, [new_image("a")]) == PageCounts(1, 0, 0)
    gallery.record_saved(home.id, ids(gallery, home)["a"], file_record("key-a", "/pictures/a.png"))
    assert gallery.counts(studio.id) == Counts(2, 0, 2, 0)
    assert gallery.files_of(studio.id, "key-a") == []
    assert gallery.delete_images(home.id) == 1
    assert gallery.counts(studio.id).images == 2


@pytest.mark.parametrize("trigger", ["INSERT", "UPDATE"])
def test_an_error_in_the_middle_of_a_page_leaves_nothing_of_it(
    path: Path, gallery: Gallery, studio: ProfileRecord, trigger: str
) -> None:
    gallery.store_page(studio.id, 1, [new_image("known", fife_url="old")])
    before = ask(path, "SELECT * FROM image")
    ask(
        path,
        f"CREATE TRIGGER stumble BEFORE {trigger} ON image WHEN new.name IN ('third', 'known') "
        "BEGIN SELECT RAISE(ABORT, 'stumbled'); END",
    )
    images = [new_image("first"), new_image("second"), new_image("known", fife_url="new"), new_image("third")]
    with pytest.raises(IntegrityError, match="stumbled"):
        gallery.store_page(studio.id, 2, images)
    assert ask(path, "SELECT * FROM image") == before


def test_a_page_is_committed_when_the_call_returns(
    path: Path, gallery: Gallery, studio: ProfileRecord
) -> None:
    gallery.store_page(studio.id, 1, [new_image("a"), new_image("b")])
    assert ask(path, "SELECT name FROM image ORDER BY name") == [("a",), ("b",)]


def test_times_come_back_as_the_same_moment_in_utc(gallery: Gallery, studio: ProfileRecord) -> None:
    zone = timezone(timedelta(hours=5, minutes=45))
    moment = datetime(2025, 10, 29, 23, 59, 59, 123456, tzinfo=zone)
    gallery.store_page(studio.id, 1, [new_image("a", created_at=moment)])
    (image,) = gallery.images(studio.id)
    assert image.created_at == moment
    assert image.created_at is not None
    assert image.created_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize("year", [1, 970, 9999])
def test_an_image_of_any_year_can_be_read_again(gallery: Gallery, studio: ProfileRecord, year: int) -> None:
    """Protobuf's zero time, 0001-01-01T00:00:00Z, is one that a service sends for "not known"."""
    moment = datetime(year, 1, 1, tzinfo=UTC)
    gallery.store_page(studio.id, 1, [new_image("odd", created_at=moment), new_image("usual")])
    assert {image.name: image.created_at for image in gallery.images(studio.id)} == {
        "odd": moment,
        "usual": NOON,
    }


# Files and failures


def test_a_saved_picture_has_a_ledger_row_and_its_image_the_path(
    gallery: Gallery, studio: ProfileRecord
) -> None:
    gallery.store_page(studio.id, 1, [new_image("a")])
    file = file_record("key-a", "/p/a.webp", 77, sha256="ab", mime="image/webp", source="signed url")
    gallery.record_saved(studio.id, ids(gallery, studio)["a"], file)
    assert gallery.files_of(studio.id, "key-a") == [file]
    (image,) = gallery.images(studio.id)
    assert (image.local_path, image.size, image.state) == ("/p/a.webp", 77, ImageState.DOWNLOADED)


def test_a_picture_saved_again_under_its_path_replaces_the_ledger_row(
    gallery: Gallery, studio: ProfileRecord
) -> None:
    gallery.store_page(studio.id, 1, [new_image("a")])
    image_id = ids(gallery, studio)["a"]
    gallery.record_saved(studio.id, image_id, file_record("key-a", "/p/a.png", 1))
    newer = file_record("key-a", "/p/a.png", 2, sha256="ff", mime="image/jpeg", source="signed url")
    gallery.record_saved(studio.id, image_id, newer)
    assert gallery.files_of(studio.id, "key-a") == [newer]


def test_the_ledger_gives_the_latest_file_of_a_picture_first(gallery: Gallery, studio: ProfileRecord) -> None:
    gallery.store_page(studio.id, 1, [new_image("a")])
    image_id = ids(gallery, studio)["a"]
    for number in range(3):
        gallery.record_saved(studio.id, image_id, file_record("key-a", f"/p/a-{number}.png"))
    assert [file.path for file in gallery.files_of(studio.id, "key-a")] == [
        "/p/a-2.png",
        "/p/a-1.png",
        "/p/a-0.png",
    ]


def test_a_ledger_row_and_its_path_are_written_together_or_not_at_all(
    path: Path, gallery: Gallery, studio: ProfileRecord
) -> None:
    gallery.store_page(studio.id, 1, [new_image("a")])
    ask(
        path,
        "CREATE TRIGGER stumble BEFORE UPDATE OF local_path ON image "
        "BEGIN SELECT RAISE(ABORT, 'stumbled'); END",
    )
    with pytest.raises(IntegrityError, match="stumbled"):
        gallery.record_saved(studio.id, ids(gallery, studio)["a"], file_record("key-a", "/p/a.png"))
    assert gallery.files_of(studio.id, "key-a") == []


@pytest.mark.parametrize("by", ["saving", "adopting"])
def test_a_file_clears_the_failure_of_its_image(gallery: Gallery, studio: ProfileRecord, by: str) -> None:
    gallery.store_page(studio.id, 1, [new_image("a")])
    image_id = ids(gallery, studio)["a"]
    gallery.record_failure(image_id, "api: gone", NOON)
    if by == "saving":
        gallery.record_saved(studio.id, image_id, file_record("key-a", "/p/a.png"))
    else:
        gallery.record_adopted(image_id, "/p/a.png")
    image = gallery.image(image_id)
    assert image is not None
    assert (image.failure, image.state) == (None, ImageState.DOWNLOADED)


def test_each_failure_counts_a_try_and_the_last_reason_is_kept(
    path: Path, gallery: Gallery, studio: ProfileRecord
) -> None:
    gallery.store_page(studio.id, 1, [new_image("a")])
    image_id = ids(gallery, studio)["a"]
    gallery.record_failure(image_id, "first", NOON)
    gallery.record_failure(image_id, "second", NOON + timedelta(hours=1))
    assert ask(path, "SELECT tries, failure, failed_at FROM image") == [
        (2, "second", "2026-03-14T13:00:00.000000Z")
    ]


def test_a_pending_image_tells_a_download_what_it_needs(gallery: Gallery, studio: ProfileRecord) -> None:
    gallery.store_page(studio.id, 1, [new_image("a", fife_url="https://u/1", legacy_name="before")])
    image_id = ids(gallery, studio)["a"]
    pending = gallery.pending_image(image_id)
    assert pending is not None
    assert astuple(pending) == (image_id, "a", "key-a", "https://u/1", NOON, "before")
    assert "https://u/1" not in repr(pending)


def test_an_image_that_has_its_file_or_is_gone_is_not_pending(
    gallery: Gallery, studio: ProfileRecord
) -> None:
    gallery.store_page(studio.id, 1, [new_image("a"), new_image("b")])
    known = ids(gallery, studio)
    gallery.record_adopted(known["a"], "/p/a.png")
    assert gallery.pending_image(known["a"]) is None
    assert gallery.missing_ids(studio.id) == [known["b"]]
    gallery.delete_images(studio.id)
    assert gallery.pending_image(known["b"]) is None
    assert gallery.image(known["b"]) is None


def test_missing_images_come_newest_first_failed_ones_too(gallery: Gallery, studio: ProfileRecord) -> None:
    times = ages(4)
    images = [new_image(str(age), created_at=times[age]) for age in (2, 0, 3, 1)]
    gallery.store_page(studio.id, 1, [*images, new_image("undated", created_at=None)])
    known = ids(gallery, studio)
    gallery.record_failure(known["3"], "gone", NOON)
    gallery.record_adopted(known["1"], "/p/1.png")
    assert gallery.missing_ids(studio.id) == [known[name] for name in ("0", "2", "3", "undated")]


def test_deleting_the_records_keeps_the_ledger(gallery: Gallery, studio: ProfileRecord) -> None:
    gallery.store_page(studio.id, 1, [new_image("a"), new_image("b")])
    file = file_record("key-a", "/p/a.png")
    gallery.record_saved(studio.id, ids(gallery, studio)["a"], file)
    assert gallery.delete_images(studio.id) == 2
    assert gallery.counts(studio.id) == Counts(0, 0, 0, 0)
    assert gallery.files_of(studio.id, "key-a") == [file]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["pending", "failed", "downloaded", "failed then downloaded"]), max_size=12))
def test_the_counts_balance(states: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        gallery = Gallery(Path(folder) / "gallery.db")
        profile = gallery.add_profile("studio", "labs", None, NOON)
        gallery.store_page(profile.id, 1, [new_image(str(number)) for number in range(len(states))])
        known = ids(gallery, profile)
        for number, state in enumerate(states):
            if "failed" in state:
                gallery.record_failure(known[str(number)], "gone", NOON)
            if "downloaded" in state:
                gallery.record_adopted(known[str(number)], f"/p/{number}.png")
        counts = gallery.counts(profile.id)
        gallery.close()
    done = states.count("downloaded") + states.count("failed then downloaded")
    assert counts == Counts(len(states), done, states.count("pending"), states.count("failed"))
    assert counts.images == counts.downloaded + counts.pending + counts.failed
    assert counts.missing == len(states) - done


# Profiles


def test_a_profile_remembers_what_it_is_told(gallery: Gallery) -> None:
    profile = gallery.add_profile("studio", "labs", "/pictures", NOON)
    gallery.set_account(profile.id, "ada@example.com")
    gallery.set_flow_key(profile.id, "a-key")
    gallery.set_service(profile.id, "google")
    gallery.set_output(profile.id, "/elsewhere")
    gallery.finish_sync(profile.id, NOON + timedelta(hours=1))
    assert astuple(gallery.profile("studio")) == (
        profile.id,
        "studio",
        "google",
        "ada@example.com",
        "/elsewhere",
        "a-key",
        NOON,
        NOON + timedelta(hours=1),
    )


def test_the_account_of_a_profile_can_be_forgotten(gallery: Gallery, studio: ProfileRecord) -> None:
    assert gallery.account(studio.id) is None
    for account in ("ada@example.com", None):
        gallery.set_account(studio.id, account)
        assert gallery.account(studio.id) == account


def test_a_profile_that_is_not_there_is_named(gallery: Gallery) -> None:
    assert gallery.find_profile("studio") is None
    with pytest.raises(LookupError, match="studio"):
        gallery.profile("studio")


def test_a_name_is_given_once(gallery: Gallery, studio: ProfileRecord) -> None:
    with pytest.raises(ValueError, match="already a profile studio"):
        gallery.add_profile("studio", "labs", None, NOON)
    assert gallery.profiles() == [studio]


def test_profiles_come_by_name(gallery: Gallery) -> None:
    for name in ("beta", "alpha", "gamma"):
        gallery.add_profile(name, "labs", None, NOON)
    assert [profile.name for profile in gallery.profiles()] == ["alpha", "beta", "gamma"]


def test_removing_a_profile_takes_its_images_and_its_ledger_and_nobody_elses(
    path: Path, gallery: Gallery, studio: ProfileRecord
) -> None:
    home = gallery.add_profile("home", "labs", None, NOON)
    for profile in (studio, home):
        gallery.store_page(profile.id, 1, [new_image("a"), new_image("b")])
        gallery.record_saved(profile.id, ids(gallery, profile)["a"], file_record("key-a", "/p/a.png"))
    assert gallery.remove_profile(studio.id) == 2
    assert gallery.profiles() == [gallery.profile("home")]
    assert ask(path, "SELECT DISTINCT profile_id FROM image") == [(home.id,)]
    assert ask(path, "SELECT DISTINCT profile_id FROM saved_file") == [(home.id,)]


# Threads


def test_two_threads_write_at_the_same_time_and_nothing_is_lost(
    gallery: Gallery, studio: ProfileRecord
) -> None:
    pages, together, errors = 15, threading.Barrier(2), list[BaseException]()

    def write(letter: str) -> None:
        try:
            with gallery.in_this_thread():
                together.wait()
                for number in range(pages):
                    gallery.store_page(studio.id, 1, [new_image(f"{letter}{number}"), new_image("both")])
        except BaseException as error:  # noqa: BLE001 - the test's own thread must see it
            errors.append(error)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert gallery.counts(studio.id).images == 2 * pages + 1


def test_a_reader_in_another_thread_sees_whole_pages_only(gallery: Gallery, studio: ProfileRecord) -> None:
    seen: set[int] = set()
    written = threading.Event()

    def read() -> None:
        with gallery.in_this_thread():
            while not written.is_set():
                seen.add(gallery.counts(studio.id).images)
            seen.add(gallery.counts(studio.id).images)

    reader = threading.Thread(target=read)
    reader.start()
    for start in range(0, 200, 10):
        gallery.store_page(studio.id, 1, [new_image(str(number)) for number in range(start, start + 10)])
    written.set()
    reader.join()
    assert max(seen) == 200
    assert all(images % 10 == 0 for images in seen)


# How the queries find their rows


@pytest.fixture
def large(gallery: Gallery, studio: ProfileRecord) -> ProfileRecord:
    times = ages(500)
    gallery.store_page(
        studio.id, 1, [new_image(str(age), created_at=times[age]) for age in range(len(times))]
    )
    return studio


def test_a_window_skips_rows_in_the_index_alone(
    path: Path, gallery: Gallery, large: ProfileRecord, statements: Statements
) -> None:
    statements.seen.clear()
    assert len(gallery.window(large.id, 400, 20)) == 20
    plan = plans(path, statements)
    assert "COVERING INDEX image_by_age" in plan
    assert "SCAN t1" not in plan
    assert "SCAN image" not in plan


def test_missing_images_are_found_by_their_index_without_sorting(
    path: Path, gallery: Gallery, large: ProfileRecord, statements: Statements
) -> None:
    statements.seen.clear()
    assert len(gallery.missing_ids(large.id)) == 500
    plan = plans(path, statements)
    assert "image_missing" in plan
    assert "SCAN image" not in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize(
    "asked",
    [
        lambda gallery, profile_id: gallery.missing_ids(profile_id),
        lambda gallery, profile_id: gallery.missing_ids(profile_id, among=set(range(400))),
        lambda gallery, profile_id: list(gallery.images(profile_id)),
        lambda gallery, profile_id: gallery.saved_files(profile_id, 0, 50),
        lambda gallery, profile_id: gallery.images_without_ledger(profile_id),
        lambda gallery, profile_id: gallery.folders_of_files(profile_id),
    ],
)
def test_however_much_is_asked_for_sqlite_answers_with_one_row(
    path: Path,
    gallery: Gallery,
    large: ProfileRecord,
    statements: Statements,
    asked: Callable[[Gallery, int], Sequence[object]],
) -> None:
    missing = gallery.missing_ids(large.id)
    for number, image_id in enumerate(missing[:100]):
        if number % 2:
            gallery.record_adopted(image_id, f"/unknown/{number}.png")
        else:
            gallery.record_saved(large.id, image_id, file_record("key", f"/{number}/p.png"))
    statements.seen.clear()
    assert len(asked(gallery, large.id)) >= 50
    assert most_rows(path, statements) == 1


def test_counting_reads_indexes_only(
    path: Path, gallery: Gallery, large: ProfileRecord, statements: Statements
) -> None:
    gallery.record_failure(gallery.missing_ids(large.id)[0], "gone", NOON)
    statements.seen.clear()
    assert gallery.counts(large.id) == Counts(500, 0, 499, 1)
    details = plans(path, statements).splitlines()
    assert len(details) == 4
    assert all("SEARCH" in detail and "INDEX" in detail for detail in details)
    assert ["image_missing" in detail for detail in details] == [False, True, False, False]
    assert "image_failed" in details[2]
    assert "image_parked" in details[3]


def test_counts_add_up_at_every_moment_while_pages_come_in(gallery: Gallery, studio: ProfileRecord) -> None:
    def write() -> None:
        sync = gallery.begin_sync(studio.id)
        with gallery.in_this_thread():
            for number in range(300):
                gallery.store_page(studio.id, sync, [new_image(f"{number}-{item}") for item in range(18)])

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        assert gallery.counts(studio.id).downloaded == 0
    writer.join()
    assert gallery.counts(studio.id) == Counts(5400, 0, 5400, 0)


# Where an interrupted sync goes on


def test_the_place_of_a_sync_is_that_of_its_last_page(gallery: Gallery, studio: ProfileRecord) -> None:
    assert gallery.sync_place(studio.id) is None
    number = gallery.begin_sync(studio.id)
    for page, cursor in enumerate(("first", "second")):
        gallery.store_page(studio.id, number, [new_image(f"i{page}")], (cursor, NOON))
    assert gallery.sync_place(studio.id) == SyncPlace("second", NOON, number)


@pytest.mark.parametrize("end", ["finished", "refreshed", "service", "account", "last page", "begun", "told"])
def test_the_place_is_forgotten_where_nothing_can_go_on_there(
    gallery: Gallery, studio: ProfileRecord, end: str
) -> None:
    gallery.store_page(studio.id, gallery.begin_sync(studio.id), [new_image("one")], ("next", NOON))
    match end:
        case "finished":
            gallery.finish_sync(studio.id, NOON)
        case "refreshed":
            gallery.delete_images(studio.id)
        case "service":
            gallery.set_service(studio.id, "google")
        case "account":
            gallery.set_account(studio.id, "grace@example.com")
        case "begun":
            gallery.begin_sync(studio.id)
        case "told":
            gallery.forget_sync_place(studio.id)
        case _:
            gallery.store_page(studio.id, gallery.begin_sync(studio.id), [new_image("one")])
    assert gallery.sync_place(studio.id) is None


def test_the_same_account_and_service_again_leave_the_place(gallery: Gallery, studio: ProfileRecord) -> None:
    gallery.set_account(studio.id, "ada@example.com")
    gallery.store_page(studio.id, gallery.begin_sync(studio.id), [new_image("one")], ("next", NOON))
    gallery.set_account(studio.id, "ada@example.com")
    gallery.set_service(studio.id, "labs")
    assert gallery.sync_place(studio.id) is not None


def test_the_place_does_not_show_its_cursor(gallery: Gallery, studio: ProfileRecord) -> None:
    gallery.store_page(studio.id, gallery.begin_sync(studio.id), [new_image("one")], ("secret-cursor", NOON))
    assert "secret-cursor" not in repr(gallery.sync_place(studio.id))
