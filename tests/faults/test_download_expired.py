"""A signed URL whose time is over is asked for anew, once."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.canary import Asked, Between, Reply, Script
from tests.cli.helpers import Installation
from tests.conftest import SERVICES
from tests.faults.scene import Scene, failed, scene, sources, told

MEDIA = {"labs": "GET /v1/media/", "google": "POST /flow/"}
STALE = b"Signature=Stale"


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("three"), *SERVICES) as opened:
        yield opened


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    generation: str = request.param
    return generation


@pytest.fixture
def between(three: Scene) -> Iterator[Between]:
    with Between(three.demo) as opened:
        yield opened


@pytest.fixture
def flowimg(three: Scene, between: Between, service: str, tmp_path: Path) -> Installation:
    """An installation that reaches the service through ``between``."""
    return three.installation(service, tmp_path, retries="2").with_settings(**between.settings)


@pytest.fixture
def from_url(three: Scene, service: str) -> set[str]:
    """The media keys of the pictures that are had from their signed URL."""
    return three.by_url_alone if service == "labs" else three.media_keys


def about(asked: Asked) -> str:
    """Return what tells apart the questions for one picture and for another, as they are asked twice."""
    return asked.path.partition("?")[0] if asked.method == "GET" else asked.body.decode().partition("&")[0]


def told_first(between: Between, changed: Callable[[bytes], bytes]) -> Script:
    """Change the first answer to each question."""
    met: Counter[str] = Counter()

    def answer(asked: Asked) -> Reply:
        reply = between.passed_on(asked)
        met[about(asked)] += 1
        return Reply(reply.status, changed(reply.body)) if met[about(asked)] == 1 else reply

    return answer


def stale(body: bytes) -> bytes:
    return body.replace(b"Signature=", STALE)


def of_the_past(body: bytes) -> bytes:
    return body.replace(b"&Expires=", b"&Expires=1&Signature=x&Was=")


def refused(status: int) -> Script:
    return lambda asked: Reply(status) if STALE.decode() in asked.path else None


def asked_for_urls(between: Between) -> list[str]:
    return [asked.path for asked in between.asked if asked.path.startswith("/image/")]


def asked_for_media(between: Between) -> Counter[str]:
    """Count the questions for each picture."""
    records = [
        asked for asked in between.asked if asked.path.startswith("/v1/media/") or b"as29s" in asked.body
    ]
    return Counter(map(about, records))


@pytest.mark.parametrize("status", [400, 403])
def test_a_url_that_is_refused_as_expired_is_renewed_once(
    three: Scene, flowimg: Installation, between: Between, service: str, from_url: set[str], status: int
) -> None:
    between.scripts = {MEDIA[service]: told_first(between, stale), "GET /image/": refused(status)}

    answer = flowimg.quick("download", "--json")

    assert answer.code == 0
    assert three.wrong_files(flowimg) == []
    assert {key for key, source in sources(flowimg).items() if source == "signed url"} == from_url
    urls = asked_for_urls(between)
    assert len([url for url in urls if STALE.decode() in url]) == len(from_url)
    assert len(urls) == 2 * len(from_url)
    assert Counter(asked_for_media(between).values()) == Counter(
        [2] * len(from_url) + [1] * (3 - len(from_url))
    )


def test_a_url_whose_time_is_over_is_renewed_without_being_asked(
    three: Scene, flowimg: Installation, between: Between, service: str, from_url: set[str]
) -> None:
    between.scripts = {MEDIA[service]: told_first(between, of_the_past)}

    assert flowimg.quick("download", "--json").code == 0

    assert three.wrong_files(flowimg) == []
    assert len(asked_for_urls(between)) == len(from_url)
    assert max(asked_for_media(between).values()) == 2


@pytest.mark.parametrize("status", [400, 403])
def test_a_url_that_is_refused_again_is_not_renewed_again(
    flowimg: Installation, between: Between, service: str, from_url: set[str], status: int
) -> None:
    numbers = iter(range(1000))

    def always_stale(asked: Asked) -> Reply:
        reply = between.passed_on(asked)
        return Reply(reply.status, reply.body.replace(b"Signature=", STALE + b"%d" % next(numbers)))

    between.scripts = {MEDIA[service]: always_stale, "GET /image/": refused(status)}

    answer = flowimg.quick("download", "--json")

    assert answer.code == 4
    assert set(failed(told(answer))) == from_url
    assert all(f"HTTP {status}" in reason for reason in failed(told(answer)).values())
    assert len(asked_for_urls(between)) == 2 * len(from_url)
    assert max(asked_for_media(between).values()) == 2


def test_where_every_url_is_born_expired_none_is_asked_and_a_later_run_has_them(
    three: Scene, flowimg: Installation, between: Between, from_url: set[str]
) -> None:
    three.demo.options.url_lifetime = 0
    try:
        answer = flowimg.quick("download", "--json")
    finally:
        three.demo.options.url_lifetime = 1200

    assert set(failed(told(answer))) == from_url
    assert all("the time of the address is over" in reason for reason in failed(told(answer)).values())
    assert asked_for_urls(between) == []
    assert flowimg.quick("download").code == 0
    assert three.wrong_files(flowimg) == []


def test_a_listed_url_whose_time_is_over_costs_no_request(
    three: Scene, between: Between, tmp_path: Path
) -> None:
    flowimg = three.installation("labs", tmp_path).with_settings(**between.settings)
    three.demo.options.url_lifetime = 0
    try:
        three.tell_addresses(flowimg)
    finally:
        three.demo.options.url_lifetime = 1200
    three.demo.add_fault("status:code=404,on=media")

    answer = flowimg.quick("download", "--json")

    assert set(failed(told(answer))) == three.media_keys
    assert asked_for_urls(between) == []
