"""Lists that loop, repeat themselves, or hide their trouble, in both generations."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowimg_tui.demo.service import DemoOptions, DemoService
from tests.demo.faulty import Reply, Visitor
from tests.demo.test_google_routes import FIRST_PROJECTS, Browser, is_video

RECORDED = Path(__file__).parents[1] / "data" / "flow_service" / "labs"


@pytest.fixture
def service() -> Iterator[DemoService]:
    with DemoService() as running:
        yield running


@pytest.fixture
def visitor(service: DemoService) -> Visitor:
    return Visitor(service)


@pytest.fixture
def browser(service: DemoService) -> Iterator[Browser]:
    with Browser(service) as opened:
        yield opened


def recorded(name: str) -> Any:
    return json.loads((RECORDED / name).read_text("utf-8"))


def page_in(answer: Reply) -> tuple[list[str], str | None]:
    assert answer.status == 200
    result = answer.json["result"]["data"]["json"]["result"]
    return [item["name"] for item in result.get("userWorkflows", [])], result.get("nextPageToken")


def pages_of(visitor: Visitor, count: int) -> list[tuple[list[str], str | None]]:
    """The first `count` pages, each asked for with the token of the one before it."""
    pages = [page_in(visitor.list())]
    while len(pages) < count:
        pages.append(page_in(visitor.list(pages[-1][1])))
    return pages


def projects_of(browser: Browser, count: int) -> list[tuple[list[str], str | None]]:
    pages: list[tuple[list[str], str | None]] = []
    while len(pages) < count:
        cursor = pages[-1][1] if pages else None
        cards, *after = browser.result("UpteDb", ["projects/*", 21, cursor, None, None, None, [1]])
        pages.append(([card[0] for card in cards], after[0] if after else None))
    return pages


class TestLoopList:
    def test_every_page_names_the_second_one_as_its_next(
        self, service: DemoService, visitor: Visitor
    ) -> None:
        honest = pages_of(visitor, 2)
        service.add_fault("loop_list")
        first, *others = pages_of(visitor, 4)
        assert first == honest[0]
        assert others == [(honest[1][0], honest[0][1])] * 3

    def test_a_gallery_of_one_page_loops_behind_its_end(self) -> None:
        with DemoService(DemoOptions(images=3, faults=("loop_list",))) as service:
            first, *others = pages_of(Visitor(service), 3)
        assert (len(first[0]), others) == (3, [([], first[1])] * 2)
        assert first[1]

    def test_the_projects_loop_as_well(self, service: DemoService, browser: Browser) -> None:
        honest = projects_of(browser, 2)
        service.add_fault("loop_list")
        first, *others = projects_of(browser, 4)
        assert first == honest[0]
        assert others == [(honest[1][0], honest[0][1])] * 3

    def test_one_page_of_projects_loops_behind_its_end(self) -> None:
        faulty = DemoOptions(images=3, projects=2, faults=("loop_list",))
        with DemoService(faulty) as service, Browser(service) as browser:
            first, *others = projects_of(browser, 3)
        assert (len(first[0]), others) == (2, [([], first[1])] * 2)


class TestRepeatList:
    def test_every_page_is_the_first_under_a_token_that_is_new(
        self, service: DemoService, visitor: Visitor
    ) -> None:
        names, _ = page_in(visitor.list())
        service.add_fault("repeat_list")
        pages = pages_of(visitor, 6)
        assert [page for page, _ in pages] == [names] * 6
        assert len({token for _, token in pages}) == 6

    def test_the_projects_repeat_as_well(self, service: DemoService, browser: Browser) -> None:
        names, _ = projects_of(browser, 1)[0]
        service.add_fault("repeat_list")
        pages = projects_of(browser, 4)
        assert [page for page, _ in pages] == [names] * 4
        assert len({token for _, token in pages}) == 4

    def test_the_projects_repeat_though_their_contents_are_asked_for_between(
        self, service: DemoService, browser: Browser
    ) -> None:
        service.add_fault("repeat_list")
        first, token, *_ = browser.result("UpteDb", ["projects/*", 21, None, None, None, None, [1]])
        browser.contents(first[0][0])
        again, *_ = browser.result("UpteDb", ["projects/*", 21, token, None, None, None, [1]])
        assert again == first

    def test_a_list_that_goes_on_from_a_place_gets_that_page_again_and_again(
        self, service: DemoService, visitor: Visitor
    ) -> None:
        _, cursor = page_in(visitor.list())
        later, _ = page_in(visitor.list(cursor))
        service.add_fault("repeat_list")
        names, token = page_in(visitor.list(cursor))
        assert names == page_in(visitor.list(token))[0] == later

    def test_a_token_that_nobody_gave_out_is_still_refused(
        self, service: DemoService, visitor: Visitor
    ) -> None:
        service.add_fault("repeat_list")
        assert visitor.list().status == 200
        assert visitor.list("unknown").status == 400
        assert service.fault_hits == {"repeat_list": 1}


class TestDuplicates:
    def test_each_page_has_some_of_the_page_before_and_all_of_its_own(
        self, service: DemoService, visitor: Visitor
    ) -> None:
        honest = pages_of(visitor, 3)
        service.add_fault("duplicates")
        pages = pages_of(visitor, 3)
        assert [token for _, token in pages] == [token for _, token in honest]
        assert pages[0][0] == honest[0][0]
        assert pages[1][0] == honest[0][0][9:] + honest[1][0]
        assert pages[2][0] == honest[1][0][9:] + honest[2][0]
        assert service.fault_hits == {"duplicates": 2}

    def test_projects_and_their_contents_have_them_as_well(
        self, service: DemoService, browser: Browser
    ) -> None:
        honest, records = projects_of(browser, 2), browser.records()
        service.add_fault("duplicates")
        pages = projects_of(browser, 2)
        assert pages[1][0] == honest[0][0][2:] + honest[1][0]
        projects = [card for page, _ in honest for card in page]
        repeated = [record for project in projects for record in (browser.contents(project) or [0, 0, []])[2]]
        assert len(repeated) > len(records)
        assert {record[0] for record in repeated} == {record[0] for record in records}


class TestMissingField:
    def test_items_of_the_list_have_no_name(self, service: DemoService, visitor: Visitor) -> None:
        service.add_fault("missing_field:on=list")
        items = visitor.list().json["result"]["data"]["json"]["result"]["userWorkflows"]
        assert len(items) == 18
        assert not any("name" in item or "name" in item["media"] for item in items)
        assert all(item["createTime"] for item in items)

    def test_or_only_some_of_them(self, service: DemoService, visitor: Visitor) -> None:
        service.add_fault("missing_field:on=list,every=3")
        items = visitor.list().json["result"]["data"]["json"]["result"]["userWorkflows"]
        assert ["name" in item for item in items] == [False, True, True] * 6

    def test_records_of_a_project_lack_a_slot(self, service: DemoService, browser: Browser) -> None:
        project = browser.projects()[0][0]
        whole = browser.contents(project)[2]
        service.add_fault("missing_field:on=list")
        records = browser.contents(project)[2]
        assert [len(record) for record in records] == [len(record) - 1 for record in whole]
        assert [record[:6] for record in records] == [record[:6] for record in whole]
        assert {is_video(record) for record in whole} == {True, False}


class TestRefusals:
    def test_an_inner_status_hides_behind_200(self, service: DemoService, visitor: Visitor) -> None:
        service.add_fault("inner_status")
        answer = visitor.list()
        assert (answer.status, answer.json) == (200, recorded("list_inner_status_401.json"))

    def test_another_inner_status_is_told(self, service: DemoService, visitor: Visitor) -> None:
        service.add_fault("inner_status:code=404")
        assert visitor.list().json["result"]["data"]["json"]["status"] == 404

    @pytest.mark.parametrize(
        ("spec", "error"),
        [("inner_status", [16]), ("inner_status:code=429", [8]), ("inner_status:code=418", [2])],
    )
    def test_a_call_has_the_grpc_code_in_its_error_slot(
        self, service: DemoService, browser: Browser, spec: str, error: list[int]
    ) -> None:
        service.add_fault(spec)
        assert browser.error("UpteDb", FIRST_PROJECTS) == error

    def test_retired_says_that_flow_has_moved_as_recorded(
        self, service: DemoService, visitor: Visitor, browser: Browser
    ) -> None:
        service.add_fault("retired:times=1")
        answer = visitor.list()
        assert (answer.status, answer.json) == (404, recorded("list_trpc_error_404_retired.json"))
        assert visitor.list().status == 200
        assert browser.projects()

    def test_a_refused_cursor_is_answered_as_an_unknown_one(
        self, service: DemoService, visitor: Visitor, browser: Browser
    ) -> None:
        _, token = page_in(visitor.list())
        _, cursor = projects_of(browser, 1)[0]
        unknown = visitor.list("unknown")
        service.add_fault("refuse_cursor:times=2")
        refused = visitor.list(token)
        assert (refused.status, refused.body) == (unknown.status, unknown.body)
        assert page_in(visitor.list())[1] == token
        assert browser.error("UpteDb", ["projects/*", 21, cursor, None, None, None, [1]]) == [3]
        assert projects_of(browser, 2)[1][0]
        assert page_in(visitor.list(token))[0]
