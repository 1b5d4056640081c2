"""What Flow asks of one worker holds for all: to wait, to be fewer, to sign in again."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flowimg_tui.config.locations import Locations
from flowimg_tui.demo.service import DemoOptions, DemoService
from flowimg_tui.mirror.events import DownloadEvent, DownloadFinished, ImageSaved
from flowimg_tui.mirror.progress import Phase, ProgressBoard
from flowimg_tui.mirror.stop import Stop
from flowimg_tui.store.records import Counts
from flowimg_tui.workspace import Workspace
from tests.cli.helpers import Installation
from tests.conftest import SERVICES, cookies_of
from tests.faults.scene import Scene, scene, told
from tests.mirror.helpers import collected, of_kind, only, until
from tests.workspace.helpers import picture_requests

WORKERS = 4
IMAGES = 12


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A dozen images: several for each worker."""
    with scene(tmp_path_factory.mktemp("many"), *SERVICES, places=range(IMAGES)) as opened:
        yield opened


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    generation: str = request.param
    return generation


@pytest.fixture
def flowimg(many: Scene, service: str, tmp_path: Path) -> Installation:
    return many.installation(service, tmp_path)


def asked(demo: DemoService, beginning: str, since: int = 0) -> int:
    """Count the requests that begin so, after the first ``since`` of all."""
    lines = [f"{each.method} {each.raw_path}" for each in demo.requests[since:]]
    return sum(line.startswith(beginning) for line in lines)


class Watching:
    """A download in this process that a test sees from inside."""

    def __init__(self, flowimg: Installation) -> None:
        self.board = ProgressBoard()
        self.stop = Stop()
        self._flowimg = flowimg

    def run(
        self,
        meanwhile: Callable[["Watching"], "asyncio.Future[None] | None"] = lambda _: None,
        seen: Callable[[DownloadEvent], object] = lambda _: None,
    ) -> tuple[list[DownloadEvent], Counts]:
        """Return what the download told, and how the images stand afterwards."""

        async def main() -> list[DownloadEvent]:
            studio = workspace.profiles.named("studio")
            download = asyncio.ensure_future(
                collected(workspace.download(studio, self.stop, self.board), seen)
            )
            if (other := meanwhile(self)) is not None:
                await other
            return await download

        environment = self._flowimg.environment
        with Workspace(Locations.from_environment(environment), environment=environment) as workspace:
            events = asyncio.run(main())
            return events, workspace.gallery.counts(workspace.profiles.named("studio").id)

    @property
    def all_wait(self) -> bool:
        transfers = self.board.snapshot().transfers
        return len(transfers) == WORKERS and all(each.phase is Phase.WAITING for each in transfers)


# To wait


@pytest.mark.parametrize("asks", ["code=429,retry_after=600", "code=503,retry_date=600"])
@pytest.mark.parametrize("route", ["media", "image"])
def test_a_pause_that_one_worker_is_asked_for_is_one_of_all_workers(
    many: Scene, flowimg: Installation, asks: str, route: str
) -> None:
    many.demo.add_fault(f"status:{asks},times=1,on={route}")
    requests: list[int] = []

    async def look_and_stop(download: Watching) -> None:
        await until(lambda: download.all_wait)
        for transfer in download.board.snapshot().transfers:
            assert transfer.resumes_at is not None
            assert 500 < transfer.resumes_at - download.board.snapshot().now <= 600
        requests.append(len(picture_requests(many.demo)))
        for _ in range(200):
            await asyncio.sleep(0)
        download.stop.ask()

    events, counts = Watching(flowimg).run(lambda download: asyncio.ensure_future(look_and_stop(download)))

    assert len(picture_requests(many.demo)) == requests[0]
    finished = only(events, DownloadFinished)
    assert finished.cancelled >= WORKERS
    assert (finished.failed, finished.error, counts.failed) == (0, None, 0)
    many.demo.clear_faults()
    assert flowimg.quick("download").code == 0
    assert many.wrong_files(flowimg) == []


def test_a_pause_that_the_listing_asks_for_in_a_download_is_one_of_all_workers(
    many: Scene, tmp_path: Path
) -> None:
    flowimg = many.installation("labs", tmp_path)
    # Where one picture is sent elsewhere, the listing is asked whether Flow has moved.
    many.demo.add_fault("redirect:on=media,times=1")
    many.demo.add_fault("status:code=429,retry_after=600,on=list")
    reasons: list[str | None] = []

    async def look_and_stop(download: Watching) -> None:
        await until(lambda: download.all_wait)
        reasons.extend(transfer.reason for transfer in download.board.snapshot().transfers)
        download.stop.ask()

    events, counts = Watching(flowimg).run(lambda download: asyncio.ensure_future(look_and_stop(download)))

    assert reasons.count("Flow asks for a pause") == WORKERS - 1
    assert only(events, DownloadFinished).cancelled >= WORKERS
    assert counts.failed == 0


def test_a_long_pause_ends_the_run_with_the_time_and_what_to_do(many: Scene, flowimg: Installation) -> None:
    many.demo.add_fault("status:code=429,retry_after=7200,after=3,on=pictures")

    answer = flowimg.quick("download", "--json")

    assert answer.code == 1
    assert told(answer)["failed"] == flowimg.counts()["failed"] == 0
    assert "It asks to wait 2 h, until 20" in answer.stderr
    assert "Run it again then: what is done stays done." in answer.stderr


# To be fewer


def test_a_pool_that_is_asked_for_less_shrinks_to_one_and_grows_again(
    many: Scene, flowimg: Installation
) -> None:
    # So many that the last of the warned ones is alone: four, four, two, one.
    many.demo.add_fault("status:code=429,times=11,on=pictures")

    answer = flowimg.with_settings(retries="20").quick("download", "--json")

    assert answer.code == 0
    assert told(answer)["downloaded"] == IMAGES
    lines = [line.split(": ")[-1] for line in flowimg.log().splitlines() if "Requests at a time" in line]
    assert lines[:2] == ["2 of 4", "1 of 4"]
    assert lines[-3:] == ["2 of 4", "3 of 4", "4 of 4"]


# To sign in again


OF_THE_SESSION = {"labs": "GET /fx/api/auth/session", "google": "GET /flow/"}
TIMES_ASKED = {"labs": 2, "google": 1}
"""Once for the run, and ``labs`` once for another Bearer; ``google`` names the other token by itself."""


def test_a_token_that_expires_on_the_way_is_renewed_once_for_all(
    many: Scene, flowimg: Installation, service: str
) -> None:
    many.demo.add_fault("expired_token:after=5,times=1,on=media")
    since = len(many.demo.requests)

    answer = flowimg.quick("download", "--json")

    assert many.demo.fault_hits == {"expired_token:after=5,times=1,on=media": 1}
    assert (answer.code, told(answer)["downloaded"]) == (0, IMAGES)
    assert asked(many.demo, OF_THE_SESSION[service], since) == TIMES_ASKED[service]
    assert many.wrong_files(flowimg) == []


@pytest.fixture
def own_demo() -> Iterator[DemoService]:
    with DemoService(DemoOptions(images=IMAGES)) as opened:
        yield opened


def test_a_session_that_ends_on_the_way_ends_the_run_and_nothing_has_failed(
    many: Scene, own_demo: DemoService, service: str, tmp_path: Path
) -> None:
    flowimg = Scene(own_demo, many.homes, many.images).installation(service, tmp_path, workers="1")
    assert flowimg.edit("studio", cookies_of(own_demo, service)).code == 0
    since = len(own_demo.requests)
    # Slow enough for each picture to be told of before the next one has come.
    own_demo.options.rate = 200_000

    def sign_out_after_three(event: DownloadEvent) -> None:
        if isinstance(event, ImageSaved) and len(flowimg.files()) == 3:
            own_demo.sign_out()
            own_demo.sign_out_google()
            own_demo.revoke_bearer()

    events, counts = Watching(flowimg).run(seen=sign_out_after_three)

    finished = only(events, DownloadFinished)
    assert "no session" in str(finished.error) or "no live session" in str(finished.error)
    assert finished.downloaded == len(of_kind(events, ImageSaved)) == counts.downloaded >= 3
    assert finished.downloaded + finished.cancelled == IMAGES
    assert (finished.failed, counts.failed) == (0, 0)
    # Once to begin with, once for the token that was refused; of a session that is over nobody asks for more.
    assert asked(own_demo, OF_THE_SESSION[service], since) == 2
    assert flowimg.quick("download", "--json").code == 3
    assert flowimg.edit("studio", cookies_of(own_demo, service)).code == 0
    assert flowimg.quick("download").code == 0
    assert len(flowimg.files()) == IMAGES


def test_the_command_ends_with_3_where_the_session_ends_in_mid_run(
    many: Scene, own_demo: DemoService, tmp_path: Path
) -> None:
    own_demo.options.rate = 50_000
    flowimg = Scene(own_demo, many.homes, many.images).installation("labs", tmp_path, workers="1")
    assert flowimg.edit("studio", own_demo.cookie_header).code == 0
    with flowimg.start("download", "--jsonl") as running:
        running.wait_for('"event":"image_saved"')
        own_demo.sign_out()
        own_demo.revoke_bearer()
        answer = running.answer()

    assert answer.code == 3
    finished = answer.events()[-1]
    assert finished["downloaded"] + finished["cancelled"] == IMAGES
    assert (finished["failed"], flowimg.counts()["failed"]) == (0, 0)
    assert "Sign in to Flow in the browser" in answer.stderr
