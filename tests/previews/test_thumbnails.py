"""A picture is decoded once for each size; what is kept stays within its limit, and never in the way."""

import errno
import hashlib
import logging
import os
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from flowimg_tui.previews.picture import Lack, Thumbnail
from flowimg_tui.previews.thumbnail_cache import Key, ThumbnailCache
from flowimg_tui.previews.thumbnails import Thumbnails
from tests.mirror.odd_pictures import PICTURES, foreign_pictures
from tests.previews.samples import BOX, corners, encoded, lack_of, quarters

LIMIT = 1_000_000
ONE = Thumbnail(quarters(), (640, 320))


def key_of(number: int) -> Key:
    return Key(f"{number:064x}", 1000, BOX)


def weigh(folder: Path) -> int:
    return sum(-(-path.stat().st_size // 4096) * 4096 for path in folder.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "thumbnails"


@pytest.fixture
def cache(folder: Path) -> ThumbnailCache:
    return ThumbnailCache(folder, LIMIT)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "picture"


@pytest.fixture
def thumbnails(cache: ThumbnailCache) -> Thumbnails:
    return Thumbnails(cache)


def save(path: Path, image: Image.Image, kind: str = "PNG") -> str:
    """Save the picture, and return its hash as the ledger has it."""
    path.write_bytes(encoded(image, kind))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def seen(outcome: object) -> list[tuple[int, ...]]:
    assert isinstance(outcome, Thumbnail), outcome
    return corners(outcome.image)


def make_illegible(path: Path) -> None:
    """Leave as many bytes as there were, and their time: whoever decodes them finds no picture."""
    found = path.stat()
    path.write_bytes(bytes(found.st_size))
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


# A picture is decoded once


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_what_was_seen_once_is_not_decoded_again(thumbnails: Thumbnails, path: Path, mode: str) -> None:
    image = quarters((640, 320)).convert(mode)
    if mode == "RGBA":
        image.putalpha(100)
    sha256 = save(path, image)
    first = thumbnails.of(path, sha256, BOX)
    make_illegible(path)
    again = thumbnails.of(path, sha256, BOX)
    assert isinstance(first, Thumbnail)
    assert isinstance(again, Thumbnail)
    assert corners(again.image) == corners(first.image)
    assert (again.image.mode, again.image.size, again.original) == (mode, (80, 40), (640, 320))
    if mode == "RGBA":
        assert again.image.getpixel((3, 3)) == (255, 0, 0, 100)


def test_another_process_finds_it_too(thumbnails: Thumbnails, folder: Path, path: Path) -> None:
    sha256 = save(path, quarters())
    thumbnails.of(path, sha256, BOX)
    make_illegible(path)
    code = (
        "import sys; from pathlib import Path\n"
        "from flowimg_tui.previews.thumbnail_cache import ThumbnailCache\n"
        "from flowimg_tui.previews.thumbnails import Thumbnails\n"
        "folder, path, sha256 = sys.argv[1:]\n"
        f"print(Thumbnails(ThumbnailCache(Path(folder), 10**6)).of(Path(path), sha256, {BOX}).original)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, folder, path, sha256], capture_output=True, text=True, check=True
    )
    assert done.stdout == "(64, 32)\n"


def test_each_size_is_drawn_from_the_picture_itself(thumbnails: Thumbnails, path: Path) -> None:
    sha256 = save(path, quarters((640, 320)))
    sizes = [(80, 40), (320, 320), (16, 16)]
    outcomes = [thumbnails.of(path, sha256, box) for box in sizes]
    assert [outcome.image.size for outcome in outcomes if isinstance(outcome, Thumbnail)] == [
        (80, 40),
        (320, 160),
        (16, 8),
    ]


def test_a_picture_that_has_gone_is_not_shown_from_memory(thumbnails: Thumbnails, path: Path) -> None:
    sha256 = save(path, quarters())
    thumbnails.of(path, sha256, BOX)
    path.unlink()
    assert lack_of(thumbnails.of(path, sha256, BOX)) is Lack.MISSING
    path.touch()
    assert lack_of(thumbnails.of(path, sha256, BOX)) is Lack.EMPTY
    path.write_bytes(encoded(quarters())[:100])
    assert lack_of(thumbnails.of(path, sha256, BOX)) is Lack.DAMAGED
    assert lack_of(thumbnails.of(None, sha256, BOX)) is Lack.NOT_DOWNLOADED


def test_a_file_that_was_damaged_without_a_change_of_size_is_not_shown_from_memory(
    thumbnails: Thumbnails, path: Path
) -> None:
    sha256 = save(path, quarters())
    whole = path.read_bytes()
    assert seen(thumbnails.of(path, sha256, BOX)) == corners(quarters())
    path.write_bytes(whole[:60] + bytes(len(whole) - 60))
    for _ in range(2):
        assert lack_of(thumbnails.of(path, sha256, BOX)) is Lack.DAMAGED
    path.write_bytes(whole)
    assert seen(thumbnails.of(path, sha256, BOX)) == corners(quarters())


def test_another_picture_in_the_place_of_a_file_is_shown_and_not_taken_for_it(
    thumbnails: Thumbnails, path: Path
) -> None:
    sha256 = save(path, quarters())
    whole, mirrored = path.read_bytes(), encoded(ImageOps.mirror(quarters()))
    size = max(len(whole), len(mirrored))
    path.write_bytes(mirrored.ljust(size, b"\0"))
    assert seen(thumbnails.of(path, sha256, BOX)) == corners(ImageOps.mirror(quarters()))
    path.write_bytes(whole.ljust(size, b"\0"))
    assert seen(thumbnails.of(path, sha256, BOX)) == corners(quarters())


def test_a_picture_that_was_moved_or_copied_is_hashed_once_and_not_decoded(
    thumbnails: Thumbnails, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = save(path, quarters())
    thumbnails.of(path, sha256, BOX)
    monkeypatch.setattr("flowimg_tui.previews.thumbnails.decode", None)
    moved = path.rename(path.with_name("moved"))
    copied = path.with_name("copied")
    copied.write_bytes(moved.read_bytes())
    os.utime(copied, (1000, 1000))
    for there in (moved, copied):
        assert seen(thumbnails.of(there, sha256, BOX)) == corners(quarters())
    monkeypatch.setattr("flowimg_tui.previews.thumbnails.sha256_of", None)
    assert seen(thumbnails.of(copied, sha256, BOX)) == corners(quarters())


def test_a_picture_whose_bytes_cannot_be_read_is_named_though_it_was_seen(
    thumbnails: Thumbnails, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = save(path, quarters())
    thumbnails.of(path, sha256, BOX)
    os.utime(path, (1000, 1000))

    def failing(*_: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("flowimg_tui.previews.decoding._Watched.readinto", failing)
    assert lack_of(thumbnails.of(path, sha256, BOX)) is Lack.UNREADABLE


def test_what_cannot_be_shown_is_looked_at_again(thumbnails: Thumbnails, folder: Path, path: Path) -> None:
    sha256 = save(path, quarters())
    picture = path.read_bytes()
    make_illegible(path)
    assert lack_of(thumbnails.of(path, sha256, BOX)) is Lack.UNKNOWN_FORMAT
    assert not folder.exists()
    path.write_bytes(picture)
    assert isinstance(thumbnails.of(path, sha256, BOX), Thumbnail)


def test_nobody_waits_for_a_picture_that_is_not_wanted(thumbnails: Thumbnails, path: Path) -> None:
    assert lack_of(thumbnails.of(path, save(path, quarters()), BOX, lambda: True)) is Lack.CANCELLED


def test_no_saved_file_changes(thumbnails: Thumbnails) -> None:
    saved = [PICTURES / name for name in foreign_pictures()]

    def state() -> list[tuple[bytes, int, int]]:
        return [(path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode) for path in saved]

    before = state()
    for _ in range(2):
        for path in saved:
            sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
            assert isinstance(thumbnails.of(path, sha256, BOX), Thumbnail)
    assert state() == before


# Where it is kept


def test_it_is_readable_by_its_owner_alone(cache: ThumbnailCache, folder: Path) -> None:
    old = os.umask(0)
    try:
        cache.put(key_of(1), ONE)
    finally:
        os.umask(old)
    (kept,) = folder.iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_looking_makes_no_folder(cache: ThumbnailCache, folder: Path) -> None:
    assert cache.get(key_of(1)) is None
    assert not folder.parent.exists()


@pytest.mark.parametrize("sha256", ["", "../../etc/passwd", "A" * 64, "f" * 63, "f" * 64 + "\n"])
def test_what_is_no_hash_names_no_file(cache: ThumbnailCache, folder: Path, sha256: str) -> None:
    key = Key(sha256, 1, BOX)
    cache.put(key, ONE)
    assert cache.get(key) is None
    assert not folder.exists()


def test_with_a_limit_of_nothing_nothing_is_kept_and_pictures_are_seen(folder: Path, path: Path) -> None:
    thumbnails = Thumbnails(ThumbnailCache(folder, 0))
    sha256 = save(path, quarters())
    for _ in range(2):
        assert isinstance(thumbnails.of(path, sha256, BOX), Thumbnail)
    assert not folder.exists()


# The limit


def test_it_never_takes_more_than_its_limit(folder: Path) -> None:
    cache = ThumbnailCache(folder, 50_000)
    for number in range(60):
        cache.put(key_of(number), ONE)
        assert 0 < weigh(folder) <= 50_000
    assert weigh(folder) > 35_000
    assert cache.get(key_of(59)) is not None
    assert cache.get(key_of(0)) is None


def test_what_was_not_seen_for_longest_goes_first(folder: Path) -> None:
    cache = ThumbnailCache(folder, 50_000)
    for number in range(12):
        cache.put(key_of(number), ONE)
    for age, kept in enumerate(sorted(folder.iterdir(), reverse=True)):
        os.utime(kept, (1000 - age, 1000 - age))  # number 0 is the oldest
    assert cache.get(key_of(0)) is not None  # and is seen now
    cache.put(key_of(12), ONE)
    assert cache.get(key_of(0)) is not None
    assert cache.get(key_of(1)) is None
    assert cache.get(key_of(11)) is not None


def test_a_smaller_limit_holds_from_the_next_picture_on(cache: ThumbnailCache, folder: Path) -> None:
    for number in range(30):
        cache.put(key_of(number), ONE)
    ThumbnailCache(folder, 20_000).put(key_of(30), ONE)
    assert 0 < weigh(folder) <= 20_000


def test_what_is_larger_than_the_limit_drives_nothing_out(cache: ThumbnailCache) -> None:
    cache.put(key_of(1), ONE)
    large = Thumbnail(Image.effect_noise((1500, 1500), 80).convert("RGB"), (1500, 1500))
    cache.put(key_of(2), large)
    assert cache.get(key_of(2)) is None
    assert cache.get(key_of(1)) is not None


def test_what_others_put_into_the_folder_stays(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "a letter").write_bytes(bytes(100_000))
    cache = ThumbnailCache(folder, 20_000)
    for number in range(20):
        cache.put(key_of(number), ONE)
    assert (folder / "a letter").exists()
    assert cache.get(key_of(19)) is not None


def test_what_a_process_left_as_it_died_is_taken_away_and_what_one_is_writing_is_not(
    cache: ThumbnailCache, folder: Path
) -> None:
    folder.mkdir(parents=True)
    left, written = folder / "left.tmp", folder / "written.tmp"
    left.touch()
    written.touch()
    os.utime(left, (1000, 1000))
    cache.put(key_of(1), ONE)
    assert (left.exists(), written.exists()) == (False, True)


# What goes wrong with it


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:0],
        lambda data: data[:5],
        lambda data: data[:100],
        lambda data: data[:300] + bytes([data[300] ^ 1]) + data[301:],
        lambda data: b"x" + data[1:],
        lambda data: bytes(len(data)),
    ],
)
def test_a_damaged_thumbnail_is_drawn_anew(
    thumbnails: Thumbnails, folder: Path, path: Path, damage: Callable[[bytes], bytes]
) -> None:
    sha256 = save(path, quarters())
    thumbnails.of(path, sha256, BOX)
    (kept,) = folder.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(damage(whole))
    assert seen(thumbnails.of(path, sha256, BOX)) == corners(quarters())
    assert kept.read_bytes() == whole


def full_disk(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    "what", ["tempfile.mkstemp", "pathlib.Path.replace", "os.scandir", "pathlib.Path.mkdir"]
)
def test_where_the_disk_takes_nothing_pictures_are_seen_and_the_log_says_it_once(
    thumbnails: Thumbnails,
    folder: Path,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    what: str,
) -> None:
    sha256 = save(path, quarters())
    with monkeypatch.context() as patch:
        patch.setattr(what, full_disk)
        for _ in range(3):
            assert seen(thumbnails.of(path, sha256, BOX)) == corners(quarters())
    assert not folder.exists() or list(folder.iterdir()) == []
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        f"Thumbnails cannot be kept in {folder}: No space left on device."
    ]


def test_a_file_in_the_place_of_the_folder_is_said_once(
    cache: ThumbnailCache, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder.parent.mkdir()
    folder.touch()
    for number in range(3):
        cache.put(key_of(number), ONE)
        assert cache.get(key_of(number)) is None
    assert len(caplog.records) == 1


def test_a_folder_that_is_cleared_meanwhile_is_made_anew(cache: ThumbnailCache, folder: Path) -> None:
    cache.put(key_of(1), ONE)
    shutil.rmtree(folder)
    assert cache.get(key_of(1)) is None
    cache.put(key_of(1), ONE)
    assert cache.get(key_of(1)) is not None


# Several at once


def test_many_threads_of_two_caches_share_a_folder(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caches = [ThumbnailCache(folder, 100_000) for _ in range(2)]

    def work(number: int) -> bool:
        cache = caches[number % 2]
        cache.put(key_of(number % 40), ONE)
        kept = cache.get(key_of(number * 7 % 40))
        return kept is None or corners(kept.image) == corners(ONE.image)

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(work, range(400)))
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert not [path for path in folder.iterdir() if path.suffix == ".tmp"]
    # Each of the two looks again before it has written a tenth of the limit.
    assert weigh(folder) <= 120_000


def test_while_one_thread_looks_through_the_folder_no_other_one_waits(
    folder: Path, cache: ThumbnailCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir
    looking, go_on = threading.Event(), threading.Event()

    def slow(path: Path) -> object:
        looking.set()
        assert go_on.wait(30)
        return scandir(path)

    monkeypatch.setattr("flowimg_tui.previews.thumbnail_cache.os.scandir", slow)
    first = threading.Thread(target=cache.put, args=(key_of(1), ONE))
    first.start()
    assert looking.wait(30)
    cache.put(key_of(2), ONE)
    assert list(folder.iterdir()) == []
    go_on.set()
    first.join()
    cache.put(key_of(2), ONE)
    assert cache.get(key_of(1)) is not None
    assert cache.get(key_of(2)) is not None
