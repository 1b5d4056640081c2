"""An output folder that cannot be written: told once, nothing has failed, and the next run has it all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from flowimg_tui.demo.service import DemoOptions, DemoService
from tests.faults.small_disk import SmallDisk, small_disk
from tests.faults.soundness import assert_mirrored, unfinished
from tests.faults.test_disk_full import synced

IMAGES = 6


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as mounted:
        yield mounted


@pytest.fixture
def service() -> Iterator[DemoService]:
    with DemoService(DemoOptions(images=IMAGES)) as running:
        yield running


def test_a_disk_that_is_read_only_ends_the_run_with_1(
    disk: SmallDisk, service: DemoService, tmp_path: Path
) -> None:
    flowimg = synced(service, tmp_path, output=str(disk.path / "pictures"))
    disk.write_protect()
    answer = flowimg.quick("download", "--json")
    disk.allow_writing()
    told = answer.json()
    assert answer.code == 1
    assert (told["failed"], told["cancelled"], told["failures"]) == (0, IMAGES, [])
    (line,) = (line for line in answer.stderr.splitlines() if "cannot be written" in line)
    assert "Read-only file system" in line
    assert str(disk.path) in line
    assert "choose another folder" in line
    assert unfinished(flowimg) == []
    assert flowimg.quick("download").code == 0
    assert_mirrored(flowimg, service)


@pytest.mark.parametrize("reason", ["Permission denied", "Operation not permitted"])
def test_a_folder_that_is_somebody_elses_ends_the_run_with_1(
    service: DemoService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    flowimg = synced(service, tmp_path)

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, reason)

    with monkeypatch.context() as patch:
        # Whoever runs the tests may be allowed to write everywhere.
        patch.setattr("flowimg_tui.mirror.files._make_folder", refused)
        answer = flowimg.quick("download", "--json")
    told = answer.json()
    assert (answer.code, told["failed"], told["cancelled"]) == (1, 0, IMAGES)
    assert answer.stderr.count(f"cannot be written: {reason}") == 1
    assert flowimg.quick("download").code == 0
    assert_mirrored(flowimg, service)
