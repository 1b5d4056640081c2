"""Every fault of a listing, in both generations: true words, the pages before it, and all of it in the end.

A table says with which exit code a sync ends when a fault has come to stay behind the first pages, and
whether it is waited out when it spoils only the first answer of each request. ``-``: there is no such thing.
"""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from flowimg_tui.demo.service import DemoOptions, DemoService
from tests.cli.helpers import Answer, Installation
from tests.conftest import SERVICES, cookies_of
from tests.faults.scene import Scene, installation_at

MATRIX: Final = """
fault                            labs  google  passes  why
loop_list                        7     7       no      names a next page that was|pages of projects repeat
repeat_list                      7     7       no      repeats images of earlier|pages of projects repeat
html                             7     7       yes     is a web page
garbage                          7     7       no      is not JSON
truncated                        1     1       yes     cut off after [0-9]+ b
empty                            1     1       yes     is empty
cut                              1     1       yes     without sending
cut_close                        1     1       yes     cut off after [0-9]+ b
cut_chunks                       1     1       yes     without sending
reset                            1     1       yes     connection .* broke
reset_mid                        1     1       yes     connection .* broke
stall                            1     1       yes     not answer in time
silence                          1     1       yes     not answer in time
oversized                        7     7       no      more than the limit
redirect                         8     7       no      elsewhere
status:code=400                  1     1       no      refuses.*HTTP 400
status:code=401                  3     3       no      not accept.*HTTP 401
status:code=403                  1     1       no      refuses.*HTTP 403
status:code=404                  8     7       no      retired.*HTTP 404|HTTP 404
status:code=429                  1     1       yes     for a pause.*HTTP 429
status:code=500                  1     1       yes     has trouble.*HTTP 500
status:code=503                  1     1       yes     has trouble.*HTTP 503
status:code=429,retry_after=0    1     1       yes     for a pause.*HTTP 429
status:code=503,retry_date=0     1     1       yes     has trouble.*HTTP 503
status:code=429,retry_after=960  1     1       no      16 min, until 20
status:code=503,retry_date=9000  1     1       no      2 h, until 20
inner_status                     3     3       no      not accept.*inside|no live session
inner_status:code=404            8     -       no      retired.*404
inner_status:code=429            1     1       yes     for a pause
inner_status:code=500            1     1       yes     has trouble
retired                          8     -       no      retired.*HTTP 404
refuse_cursor                    1     -       no      refuses.*HTTP 400
"""
KEPT: Final = {"labs": 1, "google": 2}
"""How many answers bring the first images: a page, or the projects and the contents of one."""


@dataclass(frozen=True)
class Cell:
    """One fault of one generation, and what becomes of the sync."""

    service: str
    fault: str
    code: int
    passes: bool
    why: str

    def __str__(self) -> str:
        return f"{self.service} {self.fault}"

    def spec(self, *keys: str) -> str:
        return f"{self.fault}{',' if ':' in self.fault else ':'}{','.join(('on=list', *keys))}"


def cells() -> Iterator[Cell]:
    for line in MATRIX.strip().splitlines()[1:]:
        fault, labs, google, passes, why = line.split(maxsplit=4)
        for service, code in zip(SERVICES, (labs, google), strict=True):
            if code != "-":
                yield Cell(service, fault, int(code), passes == "yes", why)


CELLS: Final = list(cells())


@pytest.fixture(scope="module")
def twelve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Twelve images on three pages, or in two projects with an empty one between them."""
    folder = tmp_path_factory.mktemp("twelve")
    with DemoService(DemoOptions(images=12, projects=3, videos=2)) as demo:
        for service in SERVICES:
            assert installation_at(demo, folder / service).add("studio", cookies_of(demo, service)).code == 0
        listed, _ = demo.gallery.page(None, 12)
        yield Scene(demo, folder, tuple(listed))


@pytest.fixture(autouse=True)
def _impatient(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    cell = getattr(request.node, "callspec", None)
    if cell and re.search("stall|silence", str(cell.params.get("cell"))):
        monkeypatch.setattr("flowimg_tui.flow.http.TIMEOUT", httpx.Timeout(0.15))


def new_installation(scene: Scene, service: str, folder: Path) -> Installation:
    return scene.installation(service, folder, page_size="4", retries="2")


def known(flowimg: Installation) -> set[str]:
    """Return the media keys in the database itself."""
    with closing(flowimg.database()) as database:
        return {key for (key,) in database.execute("SELECT media_key FROM image")}


def told(answer: Answer) -> dict[str, Any]:
    """Return the tally of a sync: only with all of it done is there no error and the code 0."""
    tally: dict[str, Any] = answer.json()
    assert tally["complete"] == (answer.code == 0) == (tally["error"] is None)
    if tally["error"]:
        assert tally["error"] in answer.stderr
    return tally


def is_whole(scene: Scene, flowimg: Installation, answer: Answer) -> dict[str, Any]:
    tally = told(answer)
    assert answer.code == 0
    assert known(flowimg) == scene.media_keys
    assert flowimg.counts()["synced_at"] is not None
    return tally


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_a_fault_behind_the_first_images(
    twelve: Scene, cell: Cell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flowimg = new_installation(twelve, cell.service, tmp_path)
    spec = cell.spec(f"after={KEPT[cell.service]}")
    if cell.fault in ("loop_list", "repeat_list"):
        spec = cell.spec()
    twelve.demo.add_fault(spec)

    answer = flowimg.quick("sync", "--json")

    tally = told(answer)
    assert twelve.demo.fault_hits[spec]
    assert (answer.code, tally["resumed"]) == (cell.code, False)
    assert re.search(cell.why, tally["error"])
    kept = known(flowimg)
    assert kept < twelve.media_keys or cell.fault in ("loop_list", "repeat_list")
    assert len(kept) == tally["new"] > 0
    if cell.service == "labs":
        assert {image.media_key for image in twelve.images[:4]} <= kept
    assert flowimg.counts()["synced_at"] is None

    twelve.demo.clear_faults()
    monkeypatch.undo()
    is_whole(twelve, flowimg, flowimg.quick("sync", "--json"))


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell.passes], ids=str)
def test_a_fault_that_passes(twelve: Scene, cell: Cell, tmp_path: Path) -> None:
    flowimg = new_installation(twelve, cell.service, tmp_path).with_settings(retries="4")
    specs = [cell.spec(f"after={after}", "times=1") for after in (0, 1, 2)]
    for spec in specs:
        twelve.demo.add_fault(spec)
    tally = is_whole(twelve, flowimg, flowimg.quick("sync", "--json"))
    assert [twelve.demo.fault_hits[spec] for spec in specs] == [1, 1, 1]
    assert (tally["new"], tally["updated"], tally["resumed"]) == (12, 0, False)


FIRST: Final = ("html", "garbage", "truncated", "empty", "status:code=404", "inner_status", "retired")


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell.fault in FIRST], ids=str)
def test_a_fault_from_the_first_answer_on_is_no_empty_gallery(
    twelve: Scene, cell: Cell, tmp_path: Path
) -> None:
    flowimg = new_installation(twelve, cell.service, tmp_path)
    twelve.demo.add_fault(cell.spec())
    answer = flowimg.quick("sync", "--json")
    tally = told(answer)
    assert (answer.code, tally["pages"]) == (cell.code, 0)
    assert re.search(cell.why, tally["error"])
    assert known(flowimg) == set()


@pytest.mark.parametrize("service", SERVICES)
def test_images_that_stand_on_two_pages_come_once(twelve: Scene, service: str, tmp_path: Path) -> None:
    flowimg = new_installation(twelve, service, tmp_path)
    twelve.demo.add_fault("duplicates")
    tally = is_whole(twelve, flowimg, flowimg.quick("sync", "--json"))
    assert twelve.demo.fault_hits["duplicates"]
    assert (tally["new"], tally["updated"]) == (12, 0)


@pytest.mark.parametrize("service", SERVICES)
def test_a_list_of_items_without_names_is_no_empty_gallery(
    twelve: Scene, service: str, tmp_path: Path
) -> None:
    flowimg = new_installation(twelve, service, tmp_path)
    twelve.demo.add_fault("missing_field:on=list")
    answer = flowimg.quick("sync", "--json")
    assert answer.code == 7
    assert re.search("None of the [0-9]+ items .* understood", told(answer)["error"])
    assert known(flowimg) == set()


def test_items_without_names_among_others_are_counted(twelve: Scene, tmp_path: Path) -> None:
    flowimg = new_installation(twelve, "labs", tmp_path)
    twelve.demo.add_fault("missing_field:on=list,every=2")
    answer = flowimg.quick("sync", "--json")
    tally = told(answer)
    assert (tally["new"], tally["skipped"]) == (6, 6)
    assert "skipped 6 items that were not understood" in answer.stderr


def test_a_project_that_is_gone_is_counted_among_what_is_skipped(twelve: Scene, tmp_path: Path) -> None:
    flowimg = new_installation(twelve, "google", tmp_path)
    twelve.demo.add_fault("inner_status:code=404,after=2")
    answer = flowimg.quick("sync", "--json")
    assert answer.code == 0
    assert told(answer)["skipped"] > 0
    assert "a whole project: " in flowimg.log()
    twelve.demo.clear_faults()
    is_whole(twelve, flowimg, flowimg.quick("sync", "--json"))


def test_a_cursor_that_is_refused_when_it_is_gone_on_with_starts_the_sync_over(
    twelve: Scene, tmp_path: Path
) -> None:
    flowimg = new_installation(twelve, "labs", tmp_path)
    twelve.demo.add_fault("status:code=500,on=list,after=1")
    assert flowimg.quick("sync").code == 1
    twelve.demo.clear_faults()
    twelve.demo.add_fault("refuse_cursor:times=1")
    answer = flowimg.quick("sync", "--json")
    tally = is_whole(twelve, flowimg, answer)
    assert "begins at the first page again: " in answer.stderr
    assert (tally["pages"], tally["new"], tally["updated"], tally["resumed"]) == (3, 8, 4, False)


def test_a_page_of_projects_whose_cursor_is_refused_leaves_what_came_before(tmp_path: Path) -> None:
    with DemoService(DemoOptions(images=12, videos=0)) as demo:
        flowimg = installation_at(demo, tmp_path, retries="2")
        assert flowimg.add("studio", cookies_of(demo, "google")).code == 0
        demo.add_fault("refuse_cursor")
        answer = flowimg.quick("sync", "--json")
        tally = told(answer)
        assert answer.code == 1
        kept = known(flowimg)
        assert len(kept) == tally["new"] > 0
        answer = flowimg.quick("sync", "--json")
        assert (answer.code, known(flowimg)) == (1, kept)
        assert "begins at the first page again: " in answer.stderr
        demo.clear_faults()
        assert told(flowimg.quick("sync", "--json"))["complete"]
        assert known(flowimg) == {image.media_key for image in demo.gallery.page(None, 12)[0]}


@pytest.mark.parametrize("service", SERVICES)
def test_a_sync_that_a_fault_ended_goes_on_behind_its_last_page(
    twelve: Scene, service: str, tmp_path: Path
) -> None:
    flowimg = new_installation(twelve, service, tmp_path)
    twelve.demo.add_fault(f"status:code=500,on=list,after={KEPT[service]}")
    assert flowimg.quick("sync").code == 1
    kept = known(flowimg)
    twelve.demo.clear_faults()
    answer = flowimg.quick("sync", "--json")
    tally = is_whole(twelve, flowimg, answer)
    assert "goes on where a sync was interrupted" in answer.stderr
    assert (tally["new"], tally["updated"], tally["resumed"]) == (12 - len(kept), 0, True)
