"""Is every saved file what it was? What is missing or damaged is named, and comes again."""

import asyncio
import hashlib
import os
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowimg_tui.mirror.errors import DiskError
from flowimg_tui.mirror.events import (
    FileProblem,
    FilesVerified,
    Problem,
    VerifyEvent,
    VerifyFinished,
    VerifyStarted,
)
from flowimg_tui.mirror.stop import Stop
from flowimg_tui.mirror.sums import writing_sums
from flowimg_tui.mirror.verify import verify
from flowimg_tui.store.database import StoreError
from tests.mirror.helpers import Mirror, ScriptedFlow, collected, knows_many, names, of_kind, only, picture


@pytest.fixture
def full(mirror: Mirror) -> Mirror:
    """A mirror with five images that have their files."""
    mirror.download(ScriptedFlow(pictures=knows_many(mirror, 5)))
    return mirror


def verified(
    mirror: Mirror, sums: Path | None = None, seen: Callable[[VerifyEvent, Stop], object] = lambda *_: None
) -> list[VerifyEvent]:
    async def run() -> list[VerifyEvent]:
        stop = Stop()
        with nullcontext(lambda *_: None) if sums is None else writing_sums(sums) as add_sum:
            events = verify(mirror.gallery, mirror.profile.id, stop, add_sum)
            return await collected(events, lambda event: seen(event, stop))

    return asyncio.run(run())


def file_of(mirror: Mirror, name: str) -> Path:
    return Path(str(mirror.row(name).local_path))


def test_files_that_are_what_they_were_are_whole(full: Mirror) -> None:
    events = verified(full)
    finished = only(events, VerifyFinished)
    assert events[0] == VerifyStarted(5)
    assert finished.checked == 5
    assert finished.bytes == sum(len(data) for data in full.files().values())
    assert finished.complete
    assert finished.all_well
    assert of_kind(events, FileProblem) == []


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _turn_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _make_a_folder_of_it(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _let_a_link_lead_nowhere(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.parent / "nowhere")


@pytest.mark.parametrize(
    ("harm", "problem", "reason"),
    [
        (Path.unlink, Problem.MISSING, "gone"),
        (_let_a_link_lead_nowhere, Problem.MISSING, "gone"),
        (_cut, Problem.DAMAGED, "bytes instead of"),
        (_turn_a_bit, Problem.DAMAGED, "other bytes"),
        (lambda path: path.write_bytes(b""), Problem.DAMAGED, "0 bytes instead of"),
        (_make_a_folder_of_it, Problem.DAMAGED, "no file"),
    ],
)
def test_a_file_that_is_not_what_it_was_is_named_and_comes_again(
    full: Mirror, harm: Callable[[Path], object], problem: Problem, reason: str
) -> None:
    path = file_of(full, "i2")
    harm(path)
    events = verified(full)
    found, finished = only(events, FileProblem), only(events, VerifyFinished)
    assert (found.problem, found.path, found.media_key, found.name) == (problem, str(path), "key-i2", "i2")
    assert reason in found.reason
    assert (finished.missing + finished.damaged, finished.pending_again, finished.checked) == (1, 1, 5)
    assert not finished.all_well
    assert full.row("i2").local_path is None
    again = ScriptedFlow(pictures={"i2": picture(2)})
    assert full.downloaded(again).downloaded == 1
    assert again.asked == ["i2"]
    assert full.pictures_by_name()["i2"] == picture(2)
    assert only(verified(full), VerifyFinished).all_well


def test_a_damaged_file_is_left_as_it_is(full: Mirror) -> None:
    path = file_of(full, "i2")
    path.write_bytes(b"somebody's own work")
    verified(full)
    full.download(ScriptedFlow(pictures={"i2": picture(2)}))
    assert path.read_bytes() == b"somebody's own work"
    assert file_of(full, "i2").name == "key-i2-2.png"


@pytest.mark.parametrize("mount_point", ["gone", "empty"])
def test_a_disk_that_is_not_there_makes_nothing_pending(
    full: Mirror, tmp_path: Path, mount_point: str
) -> None:
    full.output.rename(tmp_path / "unplugged")
    if mount_point == "empty":
        full.output.mkdir()
    events = verified(full)
    assert {problem.problem for problem in of_kind(events, FileProblem)} == {Problem.UNREADABLE}
    assert all("is its disk" in problem.reason for problem in of_kind(events, FileProblem))
    finished = only(events, VerifyFinished)
    assert (finished.unreadable, finished.pending_again) == (5, 0)
    assert not finished.all_well
    if mount_point == "empty":
        full.output.rmdir()
    (tmp_path / "unplugged").rename(full.output)
    assert only(verified(full), VerifyFinished).all_well


def test_a_day_that_was_deleted_comes_again(full: Mirror) -> None:
    day = file_of(full, "i0").parent
    for path in day.iterdir():
        path.unlink()
    day.rmdir()
    (full.output / "another day").mkdir()
    finished = only(verified(full), VerifyFinished)
    assert (finished.missing, finished.pending_again) == (5, 5)
    assert full.downloaded(ScriptedFlow(pictures=dict(zip(names(5), map(picture, range(5)), strict=True))))
    assert len(full.pictures_by_name()) == 5


def test_a_file_that_cannot_be_read_is_named_and_kept(full: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    unreadable, read = file_of(full, "i1"), Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path == unreadable:
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    events = verified(full)
    assert only(events, FileProblem).problem is Problem.UNREADABLE
    assert "Permission denied" in only(events, FileProblem).reason
    assert full.row("i1").local_path is not None


def test_a_file_that_may_not_be_looked_at_is_not_taken_for_one_that_is_gone(
    full: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden, look = file_of(full, "i1"), Path.stat

    def refuse(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path == hidden:
            raise PermissionError(13, "Permission denied")
        return look(path, follow_symlinks=follow_symlinks)

    def as_since_python_3_14(path: Path) -> bool:
        return path != hidden

    monkeypatch.setattr(Path, "stat", refuse)
    for method in ("is_file", "exists"):
        monkeypatch.setattr(Path, method, as_since_python_3_14)
    events = verified(full)
    assert only(events, FileProblem).problem is Problem.UNREADABLE
    assert "Permission denied" in only(events, FileProblem).reason
    assert full.row("i1").local_path is not None


def test_an_image_whose_file_the_ledger_does_not_know_is_named_and_comes_again(full: Mirror) -> None:
    with full.gallery.in_this_thread():
        full.gallery.record_adopted(full.row("i3").id, "/nobody/knows.png")
    events = verified(full)
    found, finished = only(events, FileProblem), only(events, VerifyFinished)
    assert (found.problem, found.path, found.name) == (Problem.UNKNOWN, "/nobody/knows.png", "i3")
    assert (finished.pending_again, finished.all_well) == (1, False)
    assert full.row("i3").local_path is None


def test_a_file_that_two_images_share_makes_both_pending(full: Mirror) -> None:
    full.gallery.record_adopted(full.row("i1").id, str(file_of(full, "i0")))
    file_of(full, "i0").unlink()
    assert only(verified(full), VerifyFinished).pending_again == 2


def test_a_stop_ends_it_with_what_was_seen(full: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowimg_tui.mirror.verify._TELL_EVERY", 0.0)

    def stop_it(event: VerifyEvent, stop: Stop) -> None:
        if isinstance(event, FilesVerified) and event.checked == 2:
            stop.ask()

    finished = only(verified(full, seen=stop_it), VerifyFinished)
    assert (finished.checked, finished.complete, finished.error) == (2, False, None)


def test_a_database_that_breaks_is_told_by_the_last_event(full: Mirror) -> None:
    def break_it(event: VerifyEvent, _: Stop) -> None:
        if isinstance(event, VerifyStarted):
            full.query("DROP TABLE saved_file")

    finished = only(verified(full, seen=break_it), VerifyFinished)
    assert isinstance(finished.error, StoreError)
    assert not finished.complete


# SHA256SUMS


def checked_by_coreutils(sums: Path) -> subprocess.CompletedProcess[str]:
    command = ["sha256sum", "-c", str(sums)]
    return subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)


def test_the_sums_are_those_that_sha256sum_accepts(full: Mirror, tmp_path: Path) -> None:
    sums = tmp_path / "SHA256SUMS"
    verified(full, sums)
    assert len(sums.read_text().splitlines()) == 5
    assert checked_by_coreutils(sums).returncode == 0
    _turn_a_bit(file_of(full, "i4"))
    assert checked_by_coreutils(sums).returncode == 1


def test_only_whole_files_are_among_the_sums(full: Mirror, tmp_path: Path) -> None:
    sums = tmp_path / "SHA256SUMS"
    _cut(file_of(full, "i0"))
    file_of(full, "i1").unlink()
    verified(full, sums)
    assert len(sums.read_text().splitlines()) == 3
    assert checked_by_coreutils(sums).returncode == 0


@given(st.text(st.characters(exclude_characters="\0/", codec="utf-8"), min_size=1, max_size=50))
@settings(max_examples=25, deadline=None)
def test_a_file_of_any_name_can_stand_in_the_sums(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.png"
        path.write_bytes(b"x")
        sums = Path(folder) / "SHA256SUMS"
        with writing_sums(sums) as add_sum:
            add_sum(str(path), hashlib.sha256(b"x").hexdigest())
        answer = checked_by_coreutils(sums)
        assert answer.returncode == 0, answer.stderr


def test_sums_that_are_not_finished_leave_those_that_are_there(tmp_path: Path) -> None:
    sums = tmp_path / "SHA256SUMS"
    sums.write_text("as before\n")
    with suppress(KeyError), writing_sums(sums) as add_sum:
        add_sum("/p/a.png", "00")
        raise KeyError
    assert sums.read_text() == "as before\n"
    assert [path.name for path in tmp_path.iterdir()] == ["SHA256SUMS"]


def test_sums_that_cannot_be_written_say_why(tmp_path: Path) -> None:
    nowhere = writing_sums(tmp_path / "no" / "SUMS")
    with pytest.raises(DiskError, match="cannot be written: No such file"):
        nowhere.__enter__()
