"""Pictures on disk: whole under their final name, never over another file, never outside their folder."""

import errno
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowimg_tui.mirror import exclusive_rename
from flowimg_tui.mirror.errors import DiskError
from flowimg_tui.mirror.files import StoredPicture, safe_stem, save
from flowimg_tui.mirror.pictures import PictureFormat
from tests.mirror.helpers import Mirror, ScriptedFlow, new_image, picture

HOSTILE = [
    "../../x",
    "a/b",
    "/etc/passwd",
    "..",
    ".",
    "a\x00b",
    "x" * 400,
    "",
    "con",
    "🦆",
    "\x1b]52;c;ZXZpbA==\x07",
    "a\nb",
    "-rf",
    ".hidden",
    "a\\b",
    "a‮gpj.exe",
    " ",
    "é" * 200,
]


def kept(folder: Path, data: bytes, key: str = "key", owner: str = "studio-1") -> StoredPicture:
    return save(folder, key, owner, PictureFormat.PNG, data)


@pytest.fixture
def durable(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What the disk was made to have, file or folder, in this order."""
    paths: list[Path] = []
    true_fsync = os.fsync

    def fsync(descriptor: int) -> None:
        true_fsync(descriptor)
        paths.append(Path(f"/proc/self/fd/{descriptor}").readlink())

    monkeypatch.setattr(os, "fsync", fsync)
    return paths


def refuse_links(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)


def refuse_links_and_exclusive_renames(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    refuse_links(monkeypatch, errno.EPERM)
    monkeypatch.setattr(exclusive_rename, "_renamed", lambda *_: number)


without_links = pytest.mark.parametrize(
    "prepare",
    [
        lambda _: None,
        lambda patch: refuse_links(patch, errno.EPERM),
        lambda patch: refuse_links(patch, errno.EOPNOTSUPP),
        lambda patch: refuse_links_and_exclusive_renames(patch, errno.EINVAL),
        lambda patch: refuse_links_and_exclusive_renames(patch, errno.ENOSYS),
    ],
    ids=["hard links", "EPERM", "EOPNOTSUPP", "a look and a rename", "an old kernel"],
)
Prepare = Callable[[pytest.MonkeyPatch], None]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@without_links
def test_a_picture_stands_under_its_key_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prepare: Prepare
) -> None:
    prepare(monkeypatch)
    folder = tmp_path / "2026-03-14"
    stored = kept(folder, b"one")
    assert stored.path == folder / "key.png"
    assert stored.size == 3
    assert stored.sha256 == "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
    assert contents(folder) == {"key.png": b"one"}


@without_links
def test_another_file_under_the_name_is_never_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prepare: Prepare
) -> None:
    prepare(monkeypatch)
    (tmp_path / "key.png").write_bytes(b"somebody's own")
    assert kept(tmp_path, b"one").path.name == "key-2.png"
    assert kept(tmp_path, b"two").path.name == "key-3.png"
    assert contents(tmp_path) == {"key.png": b"somebody's own", "key-2.png": b"one", "key-3.png": b"two"}


def test_a_file_that_comes_between_the_look_and_the_naming_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_links(monkeypatch, errno.EPERM)
    # Whoever looks, looks too early.
    monkeypatch.setattr(os.path, "lexists", lambda _: False)
    (tmp_path / "key.png").write_bytes(b"somebody's own")
    assert kept(tmp_path, b"one").path.name == "key-2.png"
    assert contents(tmp_path) == {"key.png": b"somebody's own", "key-2.png": b"one"}


def test_an_error_of_the_rename_that_stands_for_a_hard_link_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_links_and_exclusive_renames(monkeypatch, errno.ENOSPC)
    with pytest.raises(DiskError, match="The disk is full"):
        kept(tmp_path, b"one")
    assert contents(tmp_path) == {}


@without_links
def test_the_same_picture_under_the_name_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prepare: Prepare
) -> None:
    prepare(monkeypatch)
    (tmp_path / "key.png").write_bytes(b"other")
    first = kept(tmp_path, b"one")
    standing = first.path.stat()
    assert kept(tmp_path, b"one") == first
    assert (first.path.stat().st_ino, first.path.stat().st_mtime_ns) == (
        standing.st_ino,
        standing.st_mtime_ns,
    )
    assert set(contents(tmp_path)) == {"key.png", "key-2.png"}


def identity(path: Path) -> tuple[int, ...]:
    """What is the same as long as nobody has written; to read it is allowed."""
    status = path.lstat()
    return status.st_ino, status.st_mode, status.st_nlink, status.st_size, status.st_mtime_ns


@without_links
@pytest.mark.parametrize("what", ["a folder", "a link to nowhere", "a file of the same size"])
def test_whatever_has_the_name_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prepare: Prepare, what: str
) -> None:
    prepare(monkeypatch)
    taken = tmp_path / "key.png"
    if what == "a folder":
        taken.mkdir()
    elif what == "a link to nowhere":
        taken.symlink_to(tmp_path / "nowhere")
    else:
        taken.write_bytes(b"eno")
    before = identity(taken)
    assert kept(tmp_path, b"one").path.name == "key-2.png"
    assert identity(taken) == before
    assert not (tmp_path / "nowhere").exists()


def test_a_file_of_the_same_size_that_may_not_be_read_keeps_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key.png").write_bytes(b"eno")
    opened = Path.open

    def refused(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.name == "key.png":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return opened(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refused)
    assert kept(tmp_path, b"one").path.name == "key-2.png"


@pytest.mark.parametrize("key", HOSTILE)
def test_a_hostile_key_stays_inside_the_output_folder(mirror: Mirror, key: str) -> None:
    outside = set(mirror.output.parent.rglob("*"))
    mirror.knows(new_image("a", media_key=key))
    mirror.download(ScriptedFlow(pictures={"a": picture(1)}))
    (path,) = mirror.files()
    day, _, name = path.partition("/")
    assert "/" not in name
    assert name.isprintable()
    assert name.isascii()
    assert not name.startswith((".", "-"))
    assert len(name) <= 120
    assert mirror.pictures_by_name() == {"a": picture(1)}
    new = set(mirror.output.parent.rglob("*")) - outside
    assert {path for path in new if "gallery.db" not in path.name} == {
        mirror.output,
        mirror.output / day,
        mirror.output / day / name,
    }


@given(st.text(max_size=600))
def test_any_key_is_one_plain_name(key: str) -> None:
    stem = safe_stem(key)
    assert stem.isascii()
    assert stem.replace("-", "").replace("_", "").isalnum()
    assert 1 <= len(stem) <= 100
    assert safe_stem(key) == stem


@given(st.text(max_size=30), st.text(max_size=30))
def test_two_keys_never_become_one_name(one: str, other: str) -> None:
    assert (safe_stem(one) == safe_stem(other)) == (one == other)


def test_hostile_keys_that_look_alike_get_names_of_their_own() -> None:
    assert len({safe_stem(key) for key in ("a/b", "a_b", "a?b", "a b", "a//b", "a/b/")}) == 6


DEVICES = ("CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(10)))


@pytest.mark.parametrize("change", [str.upper, str.lower, str.title])
def test_no_file_is_named_like_a_device_of_windows(change: Callable[[str], str]) -> None:
    for key in map(change, DEVICES):
        # There even an extension behind it leads to the device, and a blank or a dot counts as nothing.
        for form in (key, f"{key}.txt", f"{key}.", f"{key} ", f" {key}"):
            assert safe_stem(form).startswith(f"{key}-" if form != f"{key}.txt" else f"{key}_txt-")
    assert [safe_stem(key) for key in ("console", "com10", "nul-1")] == ["console", "com10", "nul-1"]


def test_the_bytes_are_durable_before_the_final_name_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    durable: dict[int, int] = {}
    true_fsync, true_link = os.fsync, os.link

    def fsync(descriptor: int) -> None:
        true_fsync(descriptor)
        status = os.fstat(descriptor)
        durable[status.st_ino] = status.st_size
        happened.append("folder durable" if Path(f"/proc/self/fd/{descriptor}").is_dir() else "file durable")

    def link(source: Path, target: Path) -> None:
        assert durable[source.stat().st_ino] == len(data) == source.stat().st_size
        assert not target.exists()
        true_link(source, target)
        happened.append("named")

    data = b"picture" * 1000
    kept(tmp_path, b"before", "before")
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "link", link)
    kept(tmp_path, data)
    assert happened == ["file durable", "named", "folder durable"]


def test_a_new_day_s_folder_is_durable_in_its_parent(durable: list[Path], tmp_path: Path) -> None:
    kept(tmp_path / "2026-03-14", b"one")
    assert tmp_path in durable
    assert durable[-1] == tmp_path / "2026-03-14"


def test_a_folder_is_durable_in_its_parent_whoever_made_it(durable: list[Path], tmp_path: Path) -> None:
    (tmp_path / "2026-03-14").mkdir()
    kept(tmp_path / "2026-03-14", b"one")
    assert tmp_path in durable
    durable.clear()
    kept(tmp_path / "2026-03-14", b"two", "other")
    assert tmp_path not in durable
    (tmp_path / "2026-03-14").rename(tmp_path / "elsewhere")
    kept(tmp_path / "2026-03-14", b"three", "third")
    assert tmp_path in durable


def test_every_folder_that_was_missing_is_durable_in_its_parent(durable: list[Path], tmp_path: Path) -> None:
    kept(tmp_path / "pictures" / "of-studio" / "2026-03-14", b"one")
    assert {tmp_path, tmp_path / "pictures", tmp_path / "pictures" / "of-studio"} <= set(durable)


def test_a_picture_that_somebody_else_has_written_is_durable_before_it_is_taken(
    durable: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "key.png").write_bytes(b"one")
    assert kept(tmp_path, b"one").path == tmp_path / "key.png"
    assert tmp_path / "key.png" in durable


@pytest.mark.parametrize(
    ("number", "full"),
    [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EIO, False), (errno.EROFS, False)],
)
def test_an_error_of_the_disk_is_told_with_its_folder_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, full: bool
) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(DiskError) as failure:
        kept(tmp_path, b"one")
    assert failure.value.full is full
    assert str(tmp_path) in str(failure.value)
    assert os.strerror(number) in str(failure.value)
    assert contents(tmp_path) == {}


def test_an_error_at_the_naming_leaves_no_temp_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_links(monkeypatch, errno.EIO)
    with pytest.raises(DiskError):
        kept(tmp_path, b"one")
    assert contents(tmp_path) == {}


def test_two_profiles_can_save_the_same_key_into_one_folder(tmp_path: Path) -> None:
    (tmp_path / ".key.home-1.part").write_bytes(b"the other one is at work")
    assert kept(tmp_path, b"one").path.name == "key.png"
    assert contents(tmp_path) == {"key.png": b"one", ".key.home-1.part": b"the other one is at work"}


def test_a_run_that_died_between_file_and_row_is_mended_by_the_next(mirror: Mirror) -> None:
    mirror.knows(new_image("a"))
    mirror.download(ScriptedFlow(pictures={"a": picture(1)}))
    before = mirror.files()
    with closing(sqlite3.connect(mirror.database)) as connection, connection:
        connection.execute("DELETE FROM saved_file")
        connection.execute("UPDATE image SET local_path = NULL")
    mirror.download(ScriptedFlow(pictures={"a": picture(1)}))
    assert mirror.files() == before
    assert mirror.pictures_by_name() == {"a": picture(1)}
