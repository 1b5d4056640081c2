"""The index of words and the sizes of files are kept by the database itself, whatever is done to an image."""

import itertools
import sqlite3
import tempfile
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from flowimg_tui.store.finding import Finding
from flowimg_tui.store.gallery import Gallery
from flowimg_tui.store.records import ProfileRecord
from tests.mirror.helpers import NOON, file_record, names, new_image
from tests.store.field import ask, check_words_and_sizes, ids

texts: Final = st.none() | st.sampled_from(["", "paper boat", "paper sky", "Été 夏 🛶"])
profiles: Final = st.sampled_from(["studio", "home"])
file_names: Final = st.sampled_from(["key-i0.png", "key-i0-2.png", "other.png"])
image_names: Final = st.sampled_from(names(4))


def found(gallery: Gallery, profile: ProfileRecord, text: str) -> list[str]:
    images = gallery.find(profile.id, Finding(text))
    images.refresh()
    return sorted(image.name for image in images.window(0, images.count))


@pytest.mark.parametrize("damage", ["a word", "a size"])
def test_the_check_finds_what_is_not_true(
    gallery: Gallery, studio: ProfileRecord, path: Path, damage: str
) -> None:
    gallery.store_page(studio.id, 1, [new_image("a", prompt="boat")])
    check_words_and_sizes(path)
    if damage == "a word":
        ask(path, "INSERT INTO image_text (rowid, prompt) VALUES (1, 'ship')")
    else:
        ask(path, "UPDATE image SET file_size = 3")
    with pytest.raises((sqlite3.DatabaseError, AssertionError)):
        check_words_and_sizes(path)


class WhateverIsDone(RuleBasedStateMachine):
    """All that the mirror does to images and files, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "gallery.db"
        self.gallery = Gallery(self.path)
        self.profiles = {
            name: self.gallery.add_profile(name, "labs", None, NOON) for name in ("studio", "home")
        }
        self.copies: dict[str, Path] = {}
        self.numbers = itertools.count()

    def teardown(self) -> None:
        self.gallery.close()
        self.folder.cleanup()

    def image_of(self, profile: str, number: int) -> int | None:
        found = list(ids(self.gallery, self.profiles[profile]).values())
        return found[number % len(found)] if found else None

    @rule(profile=profiles, page=st.lists(st.tuples(image_names, texts, texts), max_size=3))
    def sync(self, profile: str, page: list[tuple[str, str | None, str | None]]) -> None:
        images = [
            new_image(name, prompt=prompt, title=title, project_title=title) for name, prompt, title in page
        ]
        profile_id = self.profiles[profile].id
        self.gallery.store_page(profile_id, self.gallery.begin_sync(profile_id), images)

    @rule(profile=profiles, old=image_names, key=st.sampled_from(["key-i0", "moved"]))
    def move(self, profile: str, old: str, key: str) -> None:
        """The image comes under the name of the later generation, and its key changes."""
        profile_id = self.profiles[profile].id
        moved = new_image(key, media_key=key, legacy_name=old)
        self.gallery.store_page(profile_id, self.gallery.begin_sync(profile_id), [moved])

    @rule(profile=profiles, number=st.integers(0, 9), file=file_names, size=st.integers(1, 3))
    def save(self, profile: str, number: int, file: str, size: int) -> None:
        image_id = self.image_of(profile, number)
        if image_id is not None:
            record = file_record("key-i0", f"/{profile}/{file}", size)
            self.gallery.record_saved(self.profiles[profile].id, image_id, record)

    @rule(profile=profiles, number=st.integers(0, 9), file=file_names)
    def adopt(self, profile: str, number: int, file: str) -> None:
        image_id = self.image_of(profile, number)
        if image_id is not None:
            self.gallery.record_adopted(image_id, f"/{profile}/{file}")

    @rule(profile=profiles, number=st.integers(0, 9))
    def fail(self, profile: str, number: int) -> None:
        image_id = self.image_of(profile, number)
        if image_id is not None:
            self.gallery.record_failure(image_id, "gone", NOON)

    @rule(profile=profiles, file=file_names)
    def forget(self, profile: str, file: str) -> None:
        self.gallery.forget_file(self.profiles[profile].id, f"/{profile}/{file}", "gone", NOON)

    @rule(profile=profiles)
    def force_refresh(self, profile: str) -> None:
        copy = Path(self.folder.name) / f"{profile}-{next(self.numbers)}.copy"
        self.gallery.copy_to(copy)
        self.copies[profile] = copy
        self.gallery.delete_images(self.profiles[profile].id)

    @rule(profile=profiles)
    def undo(self, profile: str) -> None:
        copy = self.copies.pop(profile, None)
        if copy is not None:
            self.gallery.restore_images(self.profiles[profile].id, copy)
            copy.unlink()

    @rule(profile=profiles)
    def remove_and_add_again(self, profile: str) -> None:
        self.gallery.remove_profile(self.profiles[profile].id)
        self.profiles[profile] = self.gallery.add_profile(profile, "labs", None, NOON)
        self.copies.pop(profile, None)

    @invariant()
    def words_and_sizes_are_true(self) -> None:
        check_words_and_sizes(self.path)

    @invariant()
    def what_is_found_is_there(self) -> None:
        for profile in self.profiles.values():
            images = list(self.gallery.images(profile.id))
            with_it = [image.name for image in images if "boat" in (image.prompt or "") + (image.title or "")]
            assert found(self.gallery, profile, "boat") == sorted(with_it)


WhateverIsDone.TestCase.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)
TestWhateverIsDone = WhateverIsDone.TestCase


@pytest.mark.parametrize("by", ["saving", "adopting", "forgetting", "saving again"])
def test_the_size_follows_the_file(gallery: Gallery, studio: ProfileRecord, path: Path, by: str) -> None:
    gallery.store_page(studio.id, 1, [new_image("a"), new_image("b")])
    first, second = ids(gallery, studio).values()
    gallery.record_saved(studio.id, first, file_record("key-a", "/p/a.png", 5))
    expected: list[tuple[int, int | None]] = [(first, 5), (second, None)]
    match by:
        case "adopting":
            gallery.record_adopted(second, "/p/a.png")
            expected = [(first, 5), (second, 5)]
        case "forgetting":
            gallery.forget_file(studio.id, "/p/a.png", "gone", NOON)
            expected = [(first, None), (second, None)]
        case "saving again":
            gallery.record_saved(studio.id, first, file_record("key-a", "/p/a.png", 6))
            expected = [(first, 6), (second, None)]
    assert ask(path, "SELECT id, file_size FROM image ORDER BY file_size IS NULL, id") == sorted(
        expected, key=lambda pair: (pair[1] is None, pair[0])
    )


def test_a_file_with_the_name_of_its_key_is_not_indexed_anew(
    gallery: Gallery, studio: ProfileRecord, path: Path
) -> None:
    """The words of a prompt are many, and a download saves thousands of files."""
    gallery.store_page(studio.id, 1, [new_image("a", prompt="boat"), new_image("b", prompt="boat")])
    before = ask(path, "SELECT * FROM image_text_data")
    known = ids(gallery, studio)
    gallery.record_saved(studio.id, known["a"], file_record("key-a", "/p/key-a.png"))
    gallery.record_failure(known["b"], "gone", NOON)
    assert ask(path, "SELECT * FROM image_text_data") == before
    gallery.record_saved(studio.id, known["b"], file_record("key-b", "/p/other.png"))
    assert ask(path, "SELECT * FROM image_text_data") != before


def test_a_sync_that_tells_nothing_new_does_not_index_anew(
    gallery: Gallery, studio: ProfileRecord, path: Path
) -> None:
    gallery.store_page(studio.id, 1, [new_image("a", prompt="boat")])
    before = ask(path, "SELECT * FROM image_text_data")
    gallery.store_page(studio.id, 2, [new_image("a", prompt="boat", fife_url="https://flow/new")])
    assert ask(path, "SELECT * FROM image_text_data") == before
