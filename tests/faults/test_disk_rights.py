"""An output folder that may not be written ends the run once, with exit code 1, and no image has failed."""

import os
import shutil
from pathlib import Path
from typing import Final

import pytest

from flowimg_tui.demo.home import demo_environment
from flowimg_tui.demo.service import DemoOptions, DemoService
from tests.cli.conftest import AT_ONCE
from tests.cli.helpers import Answer, Installation
from tests.faults.small_disk import small_disk
from tests.faults.soundness import assert_mirrored, unfinished

IMAGES: Final = 5
OBEYING_RIGHTS: Final = 'set -- setpriv --bounding-set=-dac_override,-dac_read_search -- "$@"'
"""For the shell: even the superuser may write only where the rights of a file say so."""


@pytest.fixture
def service() -> DemoService:
    return DemoService(DemoOptions(images=IMAGES))


def synced(service: DemoService, folder: Path, output: Path) -> Installation:
    flowimg = Installation(
        {**demo_environment(service, folder), **AT_ONCE, "FLOWIMG_OUTPUT": str(output)}, folder
    )
    assert flowimg.add("studio", service.cookie_header).code == 0
    assert flowimg.quick("sync").code == 0
    return flowimg


def download(flowimg: Installation) -> Answer:
    """Download as somebody for whom rights count."""
    if os.geteuid() != 0:
        return flowimg.forked("download", "--json")
    if shutil.which("setpriv") is None:
        pytest.skip("the superuser may write everywhere, and nothing here can take that right away")
    with flowimg.start("download", "--json", before=OBEYING_RIGHTS) as running:
        return running.answer()


def assert_ended_once(flowimg: Installation, answer: Answer, reason: str, where: Path) -> None:
    assert answer.code == 1, answer.stderr
    assert answer.stderr.count("cannot be written") == 1
    assert f"{where}" in answer.stderr
    assert f"cannot be written: {reason}. Mend that or choose another folder." in answer.stderr
    assert "Traceback" not in answer.stderr
    told = answer.json()
    assert (told["pending"], told["failed"], told["cancelled"], told["failures"]) == (IMAGES, 0, IMAGES, [])
    assert flowimg.counts()["failed"] == 0
    assert flowimg.files() == []
    assert unfinished(flowimg) == []


@pytest.mark.parametrize("day", ["today is there", "today is not there"])
def test_a_disk_that_is_mounted_for_reading(service: DemoService, tmp_path: Path, day: str) -> None:
    with service, small_disk(tmp_path / "disk") as disk:
        flowimg = synced(service, tmp_path, disk.path / "pictures").with_settings(folder_date="created")
        flowimg.pictures.mkdir()
        if day == "today is there":
            for image in service.gallery.page(None, IMAGES)[0]:
                (flowimg.pictures / image.created[:10]).mkdir(exist_ok=True)
        disk.write_protect()
        assert_ended_once(
            flowimg, flowimg.forked("download", "--json"), "Read-only file system", flowimg.pictures
        )
        disk.allow_writing()
        assert flowimg.quick("download").code == 0
        assert_mirrored(flowimg, service)


@pytest.mark.parametrize("mode", [0o500, 0o000], ids=["that others may write", "that others may enter"])
def test_a_folder(service: DemoService, tmp_path: Path, mode: int) -> None:
    with service:
        flowimg = synced(service, tmp_path, tmp_path / "theirs" / "pictures")
        theirs = tmp_path / "theirs"
        theirs.mkdir()
        theirs.chmod(mode)
        try:
            answer = download(flowimg)
        finally:
            theirs.chmod(0o700)
        assert_ended_once(flowimg, answer, "Permission denied", theirs)
        assert flowimg.quick("download").code == 0
        assert_mirrored(flowimg, service)
