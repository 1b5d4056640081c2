"""An answer that comes drop by drop is never late for a read; as a whole it has its time, and no more."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.helpers import Installation
from tests.conftest import SERVICES
from tests.faults.scene import Scene, scene, told

pytestmark = pytest.mark.waits

DRIPS = "drip:bytes=1,every=0.05"


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("three"), *SERVICES) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _short_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowimg_tui.flow.http.ANSWER_SECONDS", 0.5)


@pytest.fixture(params=SERVICES)
def flowimg(three: Scene, request: pytest.FixtureRequest, tmp_path: Path) -> Installation:
    return three.installation(request.param, tmp_path, retries="2")


@pytest.mark.parametrize("route", ["list", "session"])
def test_a_sync_does_not_wait_for_the_last_drop(three: Scene, flowimg: Installation, route: str) -> None:
    three.demo.add_fault(f"{DRIPS},on={route}")

    answer = flowimg.quick("sync", "--json")

    assert answer.code == 1
    assert answer.json()["complete"] is False
    assert answer.json()["error"] == "127.0.0.1 did not answer in time."
    three.demo.clear_faults()
    assert flowimg.with_settings(retries="5").quick("sync", "--json").json()["complete"] is True


def test_a_download_does_not_wait_for_the_last_drop_of_a_sign_in(three: Scene, flowimg: Installation) -> None:
    three.demo.add_fault(f"{DRIPS},on=session")

    answer = flowimg.quick("download", "--json")

    assert answer.code == 1
    assert told(answer)["error"] == "127.0.0.1 did not answer in time."
    assert told(answer)["cancelled"] == 3


def test_a_picture_may_take_longer(three: Scene, flowimg: Installation) -> None:
    drips = f"drip:bytes=2048,every=0.2,on=image,key={three.images[1].media_key}"
    three.demo.add_fault(drips)

    assert flowimg.with_settings(retries="5").quick("download").code == 0

    assert three.demo.fault_hits[drips] == 1
    assert three.wrong_files(flowimg) == []
