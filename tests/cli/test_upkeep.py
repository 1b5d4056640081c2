"""``verify``, ``retry`` and ``refresh --undo``: is all well, once more, and take it back."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.helpers import Installation


@pytest.fixture
def full(small: Installation) -> Installation:
    """Three images with their files."""
    assert small.quick("download").code == 0
    return small


def images_of(flowimg: Installation) -> list[dict[str, Any]]:
    images: list[dict[str, Any]] = flowimg.quick("list", "--json").json()["images"]
    return images


def rows(flowimg: Installation) -> list[tuple[Any, ...]]:
    return flowimg.database().execute("SELECT * FROM image ORDER BY id").fetchall()


# verify


def test_where_all_is_well_verify_says_so_and_ends_with_0(full: Installation) -> None:
    answer = full.quick("verify", "--json")
    told = answer.json()
    assert answer.code == 0
    assert (told["checked"], told["missing"], told["damaged"], told["unreadable"]) == (3, 0, 0, 0)
    assert (told["profile"], told["problems"], told["complete"], told["error"]) == ("studio", [], True, None)
    assert answer.stderr.splitlines()[-1].startswith("Verified 3 files")
    assert answer.stderr.splitlines()[-1].endswith(": all are whole")


def test_what_is_missing_or_damaged_is_named_ends_with_4_and_comes_again(full: Installation) -> None:
    gone, damaged, _ = sorted(full.files())
    gone.unlink()
    damaged.write_bytes(damaged.read_bytes()[:-9])
    answer = full.quick("verify", "--json")
    told = answer.json()
    assert (answer.code, told["missing"], told["damaged"], told["pending_again"]) == (4, 1, 1, 2)
    assert {(each["problem"], each["path"], each["media_key"]) for each in told["problems"]} == {
        ("missing", str(gone), gone.stem),
        ("damaged", str(damaged), damaged.stem),
    }
    assert f"missing {gone}: the file is gone" in answer.stderr
    assert "2 images are pending again: download" in answer.stderr
    assert full.counts()["pending"] == 2
    assert full.quick("download", "--json").json()["downloaded"] == 2
    assert full.quick("verify").code == 0


def test_verify_writes_sums_that_sha256sum_accepts(full: Installation, tmp_path: Path) -> None:
    sums = tmp_path / "SHA256SUMS"
    assert full.quick("verify", "--sums", str(sums)).code == 0
    checked = subprocess.run(["sha256sum", "-c", str(sums)], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout.count(": OK")) == (0, 3)


def test_sums_that_are_a_folder_are_refused_before_any_file_is_read(
    full: Installation, tmp_path: Path
) -> None:
    answer = full.quick("verify", "--sums", str(tmp_path), "--jsonl")
    assert answer.code == 1
    assert f"{tmp_path} cannot be written: Is a directory" in answer.stderr
    assert answer.stdout == ""


def test_sums_are_kept_where_the_disk_of_the_pictures_is_gone(full: Installation, tmp_path: Path) -> None:
    sums = tmp_path / "SHA256SUMS"
    assert full.quick("verify", "--sums", str(sums)).code == 0
    before = sums.read_text()
    full.pictures.rename(tmp_path / "unplugged")
    answer = full.quick("verify", "--sums", str(sums))
    assert answer.code == 4
    assert f"{sums} stays as it was" in answer.stderr
    assert sums.read_text() == before
    assert full.counts()["pending"] == 0


def test_sums_that_cannot_be_written_end_with_1_and_say_where(full: Installation, tmp_path: Path) -> None:
    answer = full.quick("verify", "--sums", str(tmp_path / "nowhere" / "SUMS"))
    assert answer.code == 1
    assert str(tmp_path / "nowhere") in answer.stderr
    assert "Traceback" not in answer.stderr


def test_verify_streams_what_it_finds(full: Installation) -> None:
    next(iter(full.files())).unlink()
    events = full.quick("verify", "--jsonl").events()
    assert [event["event"] for event in events] == ["verify_started", "file_problem", "verify_finished"]
    assert (events[0]["files"], events[1]["problem"], events[2]["checked"]) == (3, "missing", 3)


# retry


def parked(flowimg: Installation) -> None:
    """Put an image in that no service knows of, as ten failed runs have left it."""
    flowimg.insert_images(("Z29uZQ", "gone"), failure="api: HTTP 404")
    with flowimg.database() as database:
        database.execute(
            "UPDATE image SET failed_runs = 10, tries = 10, failed_at = '2026-03-14T12:00:00.000000Z',"
            " parked_at = '2026-03-14T12:00:00.000000Z' WHERE name = 'Z29uZQ'"
        )


def test_a_parked_image_is_seen_left_alone_and_tried_again_on_request(full: Installation) -> None:
    parked(full)
    assert (full.counts()["failed"], full.counts()["parked"]) == (1, 1)
    (image,) = [image for image in images_of(full) if image["state"] == "parked"]
    assert (image["failed_runs"], image["tries"], image["failure"]) == (10, 10, "api: HTTP 404")
    assert image["parked_at"] == image["failed_at"] == "2026-03-14T12:00:00Z"
    assert [line for line in full.quick("list").stdout.splitlines() if line.startswith("⊘ gone")]

    nothing = full.quick("download", "--json")
    assert (nothing.code, nothing.json()["pending"], nothing.json()["parked"]) == (0, 0, 1)
    assert "1 image is parked after ten failed runs; retry" in nothing.stderr

    again = full.quick("retry", "--json")
    told = again.json()
    assert (again.code, told["pending"], told["failed"], told["parked"]) == (4, 1, 1, 0)
    assert [failure["media_key"] for failure in told["failures"]] == ["gone"]
    (image,) = [image for image in images_of(full) if image["name"] == "Z29uZQ"]
    assert (image["state"], image["failed_runs"]) == ("failed", 1)
    assert image["tries"] > 10


def test_retry_takes_what_failed_and_nothing_else(small: Installation) -> None:
    small.insert_images(("Z29uZQ", "gone"), failure="HTTP 404")
    told = small.quick("retry", "--json").json()
    assert (told["pending"], told["failed"]) == (1, 1)
    assert small.counts()["pending"] == 3


def test_where_nothing_has_failed_retry_says_so(full: Installation) -> None:
    answer = full.quick("retry")
    assert answer.code == 0
    assert answer.stderr.splitlines()[-1] == "Nothing to try again: no image has failed"


# refresh --undo


def test_a_refresh_is_taken_back_exactly(full: Installation) -> None:
    before = rows(full)
    refreshed = full.quick("refresh", "--profile", "studio", "--yes")
    assert rows(full) == []
    assert "flowimg refresh --profile studio --undo" in refreshed.stderr
    answer = full.quick("refresh", "--undo", "--json")
    assert (answer.code, answer.json()["profile"], answer.json()["restored"]) == (0, "studio", 3)
    assert answer.json()["at"].endswith("Z")
    assert rows(full) == before
    assert "Brought back 3 image records of studio" in answer.stderr
    assert full.counts()["downloaded"] == 3


def test_without_a_refresh_there_is_nothing_to_take_back(full: Installation) -> None:
    before = rows(full)
    answer = full.quick("refresh", "--profile", "studio", "--undo")
    assert (answer.code, answer.stdout) == (1, "")
    assert "no force refresh of studio to undo" in answer.stderr
    assert rows(full) == before


def test_a_refresh_whose_copy_cannot_be_kept_deletes_nothing(full: Installation) -> None:
    (full.home / "kept").write_text("a file in the way")
    before = rows(full)
    answer = full.quick("refresh", "--profile", "studio", "--yes")
    assert answer.code == 1
    assert str(full.home / "kept") in answer.stderr
    assert rows(full) == before


@pytest.mark.parametrize("command", ["verify", "retry", "refresh"])
def test_the_answers_name_their_schema(full: Installation, command: str) -> None:
    yes = ["--profile", "studio", "--yes"] if command == "refresh" else []
    assert json.loads(full.quick(command, *yes, "--json").stdout)["schema"] == 1
