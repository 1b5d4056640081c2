"""Whatever goes wrong on the wire, no secret gets into log, records, output, or to another host."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from flowimg_tui.demo.home import demo_environment
from flowimg_tui.demo.service import DemoOptions, DemoService
from tests.canary import BEARER, COOKIE, FLOW_KEY, SIGNATURE, Asked, Between, Reply, Script, Watched
from tests.canary_services import PLACES, message, whole
from tests.cli.helpers import Installation
from tests.conftest import SERVICES, cookies_of

IMAGES: Final = 4
FAULTS: Final = (
    "cut_close:on=all",
    "reset_mid:on=all",
    "html:on=all",
    "redirect:to=ELSEWHERE/taken,on=all",
    "expired_token:times=2,on=media",
    "expired_url",
    "bad_base64:on=media",
    "half_picture",
    "inner_status:code=401,on=list",
    "retired:on=list",
    "refuse_cursor",
    "flaky:share=0.5",
)
STATUSES: Final = (401, 403, 503)
COMMANDS: Final = (("sync", "--jsonl"), ("download", "--jsonl"))
KINDS: Final = {"labs": {COOKIE, BEARER, FLOW_KEY, SIGNATURE}, "google": {COOKIE, FLOW_KEY, SIGNATURE}}


@pytest.fixture
def demo() -> Iterator[DemoService]:
    with DemoService(DemoOptions(images=IMAGES)) as service:
        yield service


@pytest.fixture
def between(demo: DemoService) -> Iterator[Between]:
    with Between(demo) as opened:
        yield opened


@pytest.fixture
def elsewhere(demo: DemoService) -> Iterator[Between]:
    """Another host."""
    with Between(demo) as opened:
        yield opened


@pytest.mark.parametrize("service", SERVICES)
def test_a_day_on_which_everything_goes_wrong_shows_no_secret(
    demo: DemoService, between: Between, elsewhere: Between, tmp_path: Path, service: str
) -> None:
    cookies = cookies_of(demo, service)
    settings = {"page_delay": "0", "retry_base": "0", "retries": "2", "page_size": "2", "log_level": "debug"}
    flowimg = Watched(demo_environment(demo, tmp_path), tmp_path)
    # Through the one all is seen that is asked; what the wire spoils reaches the other as it is.
    direct = flowimg.with_settings(**settings)
    seen = flowimg.with_settings(**between.settings, **settings)
    assert seen.add("studio", cookies).code == 0
    assert seen.quick("sync").code == 0
    assert seen.quick("download").code == 0

    for fault in FAULTS:
        lose_all_files(seen)
        demo.clear_faults()
        demo.add_fault(fault.replace("ELSEWHERE", elsewhere.url))
        for command in COMMANDS:
            direct.quick(*command)
        assert all(demo.fault_hits.values()) or service not in only_of(fault)
    demo.clear_faults()
    for status in STATUSES:
        for place in PLACES[service]:
            lose_all_files(seen)
            between.scripts = {place: quoting(status)}
            for command in COMMANDS:
                seen.quick(*command)
        seen.quick("list", "--json")
        seen.quick("profile", "check", "studio")
    between.scripts = {}
    lose_all_files(seen)
    assert seen.quick("sync").code == 0
    assert seen.quick("download", "--json").json()["downloaded"] == IMAGES

    canaries = between.canaries(cookies)
    for request in demo.requests:
        for kind, value in Asked(request.method, request.raw_path, request.headers, b"").secrets():
            canaries.add(kind, value)
    images, _ = demo.gallery.page(None, IMAGES)
    canaries.spare(text for image in images for text in (image.name, image.media_key, image.workflow_id))
    assert canaries.kinds >= KINDS[service]
    assert elsewhere.asked == []
    assert {f"HTTP {status}" for status in STATUSES} <= set(re.findall(r"HTTP \d+", seen.log()))
    assert canaries.found_among(seen.places()) == {}


def lose_all_files(flowimg: Installation) -> None:
    """Let each image be one that has never been fetched."""
    for picture in flowimg.files():
        picture.unlink()
    with closing(flowimg.database()) as database, database:
        database.execute(
            "UPDATE image SET local_path = NULL, failure = NULL, failed_at = NULL, failed_runs = 0"
        )
        database.execute("DELETE FROM saved_file")


def only_of(fault: str) -> tuple[str, ...]:
    """Return the generations whose answers the fault can spoil."""
    of_labs = ("expired_url", "bad_base64", "retired", "refuse_cursor")
    return ("labs",) if fault.startswith(of_labs) else SERVICES


def quoting(status: int) -> Script:
    """Answer with a refusal that quotes a secret of the request."""

    def answer(asked: Asked) -> Reply:
        return message(status, whole(asked) if asked.secrets() else "nothing")

    return answer
