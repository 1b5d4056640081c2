"""An account that Google moved: it is told so, and with new cookies it keeps every file it has.

The move is lived once for each way to go on; each test looks at another side of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from flowimg_tui.demo.home import demo_environment
from flowimg_tui.demo.service import DemoService
from tests.cli.conftest import AT_ONCE
from tests.cli.helpers import Answer, Installation

IMAGES = 42


@dataclass
class Move:
    flowimg: Installation
    demo: DemoService
    answers: dict[str, Answer] = field(default_factory=dict)
    files: dict[str, dict[Path, bytes]] = field(default_factory=dict)
    asked_before: int = 0

    def __getitem__(self, step: str) -> Answer:
        return self.answers[step]

    def step(self, name: str, *command: str) -> None:
        self.answers[name] = self.flowimg.quick(*command)

    def keep(self, when: str) -> None:
        self.files[when] = {path: path.read_bytes() for path in self.flowimg.files()}

    def images(self, step: str) -> list[dict[str, Any]]:
        images: list[dict[str, Any]] = self[step].json()["images"]
        return images


@pytest.fixture(scope="module", params=["synced on", "refreshed first"])
def move(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Move]:
    folder = tmp_path_factory.mktemp("move")
    with DemoService() as demo:
        lived = Move(Installation({**demo_environment(demo, folder), **AT_ONCE}, folder), demo)
        _live(lived, refreshes=request.param == "refreshed first")
        yield lived


def _live(move: Move, *, refreshes: bool) -> None:
    flowimg, demo = move.flowimg, move.demo
    move.answers["add"] = flowimg.add("studio", demo.cookie_header)
    move.step("first sync", "sync", "--json")
    move.step("first download", "download", "--json")
    move.step("list before", "list", "--json")
    move.keep("before")
    demo.move_account()
    move.asked_before = len(demo.requests)
    move.step("sync after the move", "sync", "--json")
    move.step("download after the move", "download", "--json")
    move.step("list after the move", "list", "--json")
    move.answers["edit"] = flowimg.edit("studio", demo.google_cookie_header, "--json")
    if refreshes:
        move.step("refresh", "refresh", "--profile", "studio", "--yes", "--json")
    move.step("new sync", "sync", "--json")
    move.step("new download", "download", "--json")
    move.step("list at the end", "list", "--json")
    move.keep("at the end")


def test_the_profile_has_its_gallery_before_the_move(move: Move) -> None:
    assert move["first sync"].json()["new"] == IMAGES
    assert move["first download"].json()["downloaded"] == IMAGES
    assert len(move.files["before"]) == IMAGES


def test_a_sync_after_the_move_ends_with_8_and_says_what_to_do(move: Move) -> None:
    answer = move["sync after the move"]

    assert answer.code == 8
    assert not answer.json()["complete"]
    assert "Google moved Flow to https://flow.google.com" in answer.stderr
    assert "signing in again on labs.google does not help" in answer.stderr
    assert "flowimg profile edit NAME --cookies FILE" in answer.stderr


def test_the_move_itself_takes_nothing_away(move: Move) -> None:
    assert move.images("list after the move") == move.images("list before")
    assert move["download after the move"].json()["pending"] == 0


def test_an_edit_with_the_new_cookies_brings_the_profile_to_the_other_generation(move: Move) -> None:
    assert move["edit"].code == 0
    assert (move["edit"].json()["service"], move["edit"].json()["account"]) == ("google", move.demo.account)


def test_the_new_listing_is_that_of_the_same_42_images(move: Move) -> None:
    answer = move["new sync"]
    counts = answer.json()["new"], answer.json()["updated"]

    assert (answer.code, answer.json()["complete"]) == (0, True)
    assert counts == ((IMAGES, 0) if "refresh" in move.answers else (0, IMAGES))
    assert len(move.images("list at the end")) == IMAGES
    for image in move.images("list at the end"):
        assert image["name"] == image["media_key"]


def test_each_of_the_42_keeps_its_file(move: Move) -> None:
    before = {image["media_key"]: image["local_path"] for image in move.images("list before")}
    after = {image["media_key"]: image["local_path"] for image in move.images("list at the end")}

    assert len(before) == IMAGES
    assert after == before
    assert {Path(path) for path in after.values()} == set(move.files["before"])


def test_a_download_after_the_move_downloads_nothing(move: Move) -> None:
    answer = move["new download"]
    adopted = IMAGES if "refresh" in move.answers else 0

    assert answer.code == 0
    told = answer.json()
    assert (told["pending"], told["adopted"]) == (adopted, adopted)
    assert (told["downloaded"], told["failed"], told["bytes"]) == (0, 0, 0)


def test_no_picture_is_asked_for_after_the_move(move: Move) -> None:
    paths = [request.raw_path for request in move.demo.requests[move.asked_before :]]

    assert [path for path in paths if "rpcids=Zzl0ze" in path]
    pictures = ("/v1/media/", "/image/", "/asb/")
    assert [path for path in paths if path.startswith(pictures) or "rpcids=as29s" in path] == []


def test_no_file_is_changed_removed_or_added(move: Move) -> None:
    assert move.files["at the end"] == move.files["before"]
