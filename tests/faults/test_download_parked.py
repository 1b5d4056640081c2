"""An image that ten runs could not have is parked, for everybody to see, until somebody asks for it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.helpers import Installation
from tests.faults.scene import Scene, failed, scene, told
from tests.workspace.helpers import picture_requests

RUNS = 10


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("three"), "labs") as opened:
        yield opened


@pytest.fixture
def flowimg(three: Scene, tmp_path: Path) -> Installation:
    return three.installation("labs", tmp_path, retries="2")


@pytest.fixture
def hopeless(three: Scene, flowimg: Installation) -> str:
    """The media key of the one picture that the service does not give; its API is asked twice in each run."""
    del flowimg
    media_key = three.images[0].media_key
    three.demo.add_fault(f"status:code=503,on=pictures,key={media_key}")
    return media_key


def described(flowimg: Installation, media_key: str) -> dict[str, Any]:
    images = flowimg.quick("list", "--json").json()["images"]
    return dict(next(image for image in images if image["media_key"] == media_key))


def test_each_failed_run_is_counted_with_its_requests_its_reason_and_its_time(
    flowimg: Installation, hopeless: str
) -> None:
    before = datetime.now(UTC)
    for runs in (1, 2, 3):
        assert flowimg.quick("download").code == 4
        image = described(flowimg, hopeless)
        assert (image["state"], image["failed_runs"], image["tries"]) == ("failed", runs, 2 * runs)
        assert "HTTP 503" in image["failure"]
        assert image["parked_at"] is None
        failed_at = datetime.fromisoformat(image["failed_at"])
        assert before <= failed_at <= datetime.now(UTC) + timedelta(seconds=1)
        before = failed_at


def test_ten_failed_runs_park_an_image_and_retry_tries_again(
    three: Scene, flowimg: Installation, hopeless: str
) -> None:
    for run in range(1, RUNS + 1):
        answer = flowimg.quick("download", "--json")
        assert (answer.code, set(failed(told(answer)))) == (4, {hopeless})
        assert told(answer)["parked"] == (run == RUNS)
    assert f"failed and parked {hopeless}: " in answer.stderr
    assert "1 image is parked after ten failed runs; retry (key r) tries again" in answer.stderr
    counts = flowimg.counts()
    assert (counts["failed"], counts["parked"], counts["pending"]) == (1, 1, 0)
    image = described(flowimg, hopeless)
    assert (image["state"], image["failed_runs"], image["tries"]) == ("parked", RUNS, 2 * RUNS)
    assert image["parked_at"] == image["failed_at"]
    assert [line for line in flowimg.quick("list").stdout.splitlines() if line.startswith(f"⊘ {hopeless}")]

    asked = len(picture_requests(three.demo))
    answer = flowimg.quick("download", "--json")
    assert (answer.code, told(answer)["pending"], told(answer)["parked"]) == (0, 0, 1)
    assert "Nothing to download: 1 image is parked" in answer.stderr
    assert len(picture_requests(three.demo)) == asked

    again = flowimg.quick("retry", "--json")
    assert (again.code, set(failed(told(again))), told(again)["parked"]) == (4, {hopeless}, 0)
    assert described(flowimg, hopeless)["failed_runs"] == 1
    three.demo.clear_faults()
    assert flowimg.quick("retry", "--json").code == 0
    image = described(flowimg, hopeless)
    assert (image["state"], image["failed_runs"], image["parked_at"]) == ("downloaded", 0, None)
    assert three.wrong_files(flowimg) == []
    assert "Nothing to try again" in flowimg.quick("retry").stderr


def test_a_run_that_ends_early_brings_no_image_nearer_to_being_parked(
    three: Scene, flowimg: Installation
) -> None:
    three.demo.add_fault("status:code=401,on=media")
    for _ in range(RUNS + 1):
        assert flowimg.quick("download").code == 3
    assert flowimg.counts()["parked"] == flowimg.counts()["failed"] == 0


def test_a_success_ends_the_row_of_failed_runs(three: Scene, flowimg: Installation, hopeless: str) -> None:
    for _ in range(RUNS - 1):
        assert flowimg.quick("download").code == 4
    three.demo.clear_faults()
    assert flowimg.quick("download").code == 0
    assert described(flowimg, hopeless)["failed_runs"] == 0
