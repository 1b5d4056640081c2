"""One person's day, command by command: sync, download, ten more images, a force refresh.

The day is lived once; each test looks at another side of it.
"""

import json
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flowimg_tui.demo.home import demo_environment
from flowimg_tui.demo.service import DemoService
from tests.cli.conftest import AT_ONCE
from tests.cli.helpers import Answer, Installation

pytestmark = pytest.mark.waits  # its day is lived once, by whoever begins it: not by four at the end

SYNC_KEYS = {"schema", "profile", "pages", "new", "updated", "skipped", "videos", "complete", "resumed"}
DOWNLOAD_KEYS = {
    *("schema", "profile", "pending", "downloaded", "adopted", "failed", "cancelled", "bytes", "seconds"),
    *("failures", "parked"),
}
STATUS_KEYS = {"name", "images", "downloaded", "pending", "failed", "parked", "synced_at"}
LIST_KEYS = {
    *("name", "media_key", "workflow_id", "aspect_ratio", "created_at", "state", "local_path"),
}
MAY_BE_THERE = {"error", "profile"}


@dataclass
class Day:
    flowimg: Installation
    demo: DemoService
    answers: dict[str, Answer]
    seen: dict[str, Any]

    def __getitem__(self, step: str) -> Answer:
        return self.answers[step]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    folder = tmp_path_factory.mktemp("day")
    with DemoService() as demo:
        variables = {**demo_environment(demo, folder), **AT_ONCE, "FLOWIMG_LOG_LEVEL": "debug"}
        yield _lived(Day(Installation(variables, folder), demo, {}, {}))


def _lived(day: Day) -> Day:
    run, quick, demo, answers, seen = day.flowimg.run, day.flowimg.quick, day.demo, day.answers, day.seen
    seen["secrets"] = [demo.cookie_header.partition("=")[2]]
    answers["add"] = quick("profile", "add", "studio", "--cookies", "-", stdin=demo.cookie_header)
    answers["first sync"] = run("sync", "--json")
    answers["status after the sync"] = quick("status", "--json")
    answers["list after the sync"] = quick("list", "--json")
    answers["first download"] = run("download", "--json")
    seen["first files"] = {path: path.read_bytes() for path in day.flowimg.files()}
    answers["list after the download"] = quick("list", "--json")
    answers["second sync"] = quick("sync")
    answers["empty download"] = quick("download")
    demo.gallery.add(10)
    answers["sync of ten more"] = run("sync", "--jsonl")
    answers["download of ten more"] = quick("download", "--jsonl")
    answers["refresh not meant"] = quick("refresh", "--profile", "studio", "--json")
    answers["status after that"] = quick("status", "--json")
    answers["refresh"] = quick("refresh", "--profile", "studio", "--yes", "--json")
    answers["status after the refresh"] = quick("status", "--json")
    answers["sync after the refresh"] = quick("sync", "--json")
    seen["requests"] = len(demo.requests)
    answers["adopting download"] = quick("download", "--json")
    seen["requests while adopting"] = demo.requests[seen["requests"] :]
    seen["last files"] = {path: path.read_bytes() for path in day.flowimg.files()}
    answers["status as text"] = quick("status")
    answers["list as text"] = quick("list")
    answers["refresh as text"] = quick("refresh", "--profile", "studio", "--yes")
    answers["sync as text"] = quick("sync")
    answers["adopting download as text"] = quick("download")
    return day


def test_every_step_of_the_day_ends_with_0_except_the_refresh_that_nobody_meant(day: Day) -> None:
    assert {step for step, answer in day.answers.items() if answer.code != 0} == {"refresh not meant"}


# Numbers


def test_the_first_sync_brings_42_new_images(day: Day) -> None:
    answer = day["first sync"].json()

    assert (answer["profile"], answer["new"], answer["updated"], answer["skipped"]) == ("studio", 42, 0, 0)
    assert (answer["pages"], answer["complete"]) == (3, True)


def test_the_first_download_brings_42_pictures_byte_for_byte(day: Day) -> None:
    answer, files = day["first download"].json(), day.seen["first files"]

    assert (answer["pending"], answer["downloaded"], answer["failures"]) == (42, 42, [])
    assert (answer["adopted"], answer["failed"], answer["cancelled"]) == (0, 0, 0)
    assert {path.stem: data for path, data in files.items()} == {
        key: day.demo.picture(key) for key in _keys(day["list after the sync"])
    }
    assert answer["bytes"] == sum(len(data) for data in files.values())


def test_each_picture_stands_in_a_folder_of_its_day_under_its_media_key(day: Day) -> None:
    relative = [path.relative_to(day.flowimg.pictures).as_posix() for path in day.seen["first files"]]

    assert len(relative) == 42
    for path in relative:
        assert re.fullmatch(r"\d{4}-\d\d-\d\d/[0-9a-f-]{36}\.(jpg|png|webp)", path)


def test_the_second_sync_finds_nothing_new_and_42_known(day: Day) -> None:
    assert day["second sync"].stderr.splitlines()[-1] == "Synced 0 new images, updated 42 existing"


def test_a_download_with_nothing_to_do_says_so(day: Day) -> None:
    assert day["empty download"].stderr.splitlines()[-1].startswith("Nothing to download")


def test_of_ten_images_more_a_sync_brings_ten_and_a_download_fetches_ten(day: Day) -> None:
    synced, downloaded = day["sync of ten more"].events()[-1], day["download of ten more"].events()[-1]

    assert (synced["new"], synced["updated"], synced["complete"]) == (10, 42, True)
    assert (downloaded["pending"], downloaded["downloaded"], downloaded["failed"]) == (10, 10, 0)


def test_after_a_force_refresh_the_download_adopts_52_files_and_asks_for_no_picture(day: Day) -> None:
    answer = day["adopting download"].json()

    assert day["refresh"].json()["deleted"] == 52
    assert day["sync after the refresh"].json()["new"] == 52
    assert (answer["pending"], answer["adopted"], answer["downloaded"], answer["bytes"]) == (52, 52, 0, 0)
    asked = [request.raw_path.split("?")[0] for request in day.seen["requests while adopting"]]
    assert [path for path in asked if path.startswith(("/v1/media/", "/image/"))] == []


def test_no_step_of_the_day_changes_or_removes_a_picture(day: Day) -> None:
    first, last = day.seen["first files"], day.seen["last files"]

    assert len(last) == 52
    assert {path: last.get(path) for path in first} == first


# The JSON answers


@pytest.mark.parametrize(
    ("step", "keys"),
    [
        ("first sync", SYNC_KEYS),
        ("sync after the refresh", SYNC_KEYS),
        ("first download", DOWNLOAD_KEYS),
        ("adopting download", DOWNLOAD_KEYS),
        ("refresh", {"schema", "profile", "deleted"}),
        ("status after the sync", {"schema", "profiles"}),
        ("list after the sync", {"schema", "images"}),
    ],
)
def test_json_answers_with_one_object_of_the_fixed_keys_and_nothing_else(
    day: Day, step: str, keys: set[str]
) -> None:
    answer = day[step].json()

    assert keys <= set(answer) <= keys | MAY_BE_THERE
    assert answer["schema"] == 1


def test_status_counts_the_images_of_each_profile(day: Day) -> None:
    (before,) = day["status after the sync"].json()["profiles"]
    (after,) = day["status after the refresh"].json()["profiles"]

    assert set(before) == STATUS_KEYS
    assert (before["name"], before["images"], before["downloaded"]) == ("studio", 42, 0)
    assert (before["pending"], before["failed"]) == (42, 0)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", before["synced_at"])
    assert after["images"] == 0


def test_list_tells_of_each_image_newest_first_and_where_its_file_is(day: Day) -> None:
    before, after = (day[f"list after the {step}"].json()["images"] for step in ("sync", "download"))

    for image in [*before, *after]:
        assert set(image) >= LIST_KEYS
    assert {image["state"] for image in before} == {"pending"}
    assert {image["local_path"] for image in before} == {None}
    assert {image["state"] for image in after} == {"downloaded"}
    assert {Path(image["local_path"]) for image in after} == set(day.seen["first files"])
    times = [image["created_at"] for image in after]
    assert times == sorted(times, reverse=True)
    assert {image["name"] for image in after} == {
        image.name
        for key in _keys(day["list after the sync"])
        if (image := day.demo.gallery.by_media_key(key))
    }


def test_the_words_for_people_stand_on_stderr_while_stdout_has_the_json(day: Day) -> None:
    assert "Synced 42 new images, updated 0 existing" in day["first sync"].stderr.splitlines()
    assert day["first download"].stderr.splitlines()[-1].startswith("Downloaded 42 of 42 images")
    assert "files preserved on disk" in day["refresh"].stderr


# The streams of events


@pytest.mark.parametrize("step", ["sync of ten more", "download of ten more"])
def test_each_line_of_jsonl_is_an_object_that_names_its_event_and_its_profile(day: Day, step: str) -> None:
    events = day[step].events()

    assert len(events) > 3
    for event in events:
        assert isinstance(event["event"], str)
        assert event["profile"] == "studio"


def test_a_sync_streams_from_its_start_over_its_pages_to_its_finish(day: Day) -> None:
    kinds = [event["event"] for event in day["sync of ten more"].events()]

    page = ["page_synced", "page_delayed"]
    assert kinds == ["sync_started", "signed_in", *page, *page, "page_synced", "sync_finished"]


def test_a_download_streams_a_start_and_an_end_of_each_image_and_then_its_finish(day: Day) -> None:
    events = day["download of ten more"].events()
    ids = {kind: [event["image_id"] for event in events if event["event"] == kind] for kind in _IMAGE_EVENTS}

    assert (events[0]["event"], events[-1]["event"]) == ("download_started", "download_finished")
    assert len(events) == 23
    assert [event["email"] for event in events if event["event"] == "signed_in"] == [day.demo.account]
    assert len(set(ids["image_saved"])) == 10
    assert sorted(ids["image_started"]) == sorted(ids["image_saved"])


_IMAGE_EVENTS = ("image_started", "image_saved")


# Text


@pytest.mark.parametrize(
    "step", ["second sync", "empty download", "refresh as text", "sync as text", "adopting download as text"]
)
def test_without_json_an_action_writes_nothing_to_stdout(day: Day, step: str) -> None:
    assert day[step].stdout == ""
    assert day[step].stderr.endswith("\n")


def test_a_text_run_ends_with_one_sentence_whose_numbers_add_up(day: Day) -> None:
    assert day["sync as text"].stderr.splitlines()[-1] == "Synced 52 new images, updated 0 existing"
    assert day["adopting download as text"].stderr.splitlines()[-1] == (
        "Downloaded 0 of 52 images, 52 adopted from disk"
    )
    assert (
        day["refresh as text"]
        .stderr.splitlines()[-1]
        .startswith("Deleted 52 image records of studio (files preserved on disk).")
    )


def test_status_as_text_is_a_table(day: Day) -> None:
    header, row = day["status as text"].stdout.splitlines()

    assert header.split() == [
        "profile",
        "images",
        "downloaded",
        "pending",
        "failed",
        "parked",
        "last",
        "sync",
    ]
    assert row.split()[:6] == ["studio", "52", "52", "0", "0", "0"]
    assert day["status as text"].stderr == ""


def test_list_as_text_has_a_line_for_each_image_with_its_key_and_its_file(day: Day) -> None:
    lines = day["list as text"].stdout.splitlines()

    assert len(lines) == 52
    for line, path in ((line, Path(line.split()[-1])) for line in lines):
        assert line.startswith(f"✓ {path.stem} ")
        assert path in day.seen["last files"]


# A refresh that nobody meant


def test_refresh_without_yes_ends_with_2_and_deletes_nothing(day: Day) -> None:
    answer = day["refresh not meant"]
    (profile,) = day["status after that"].json()["profiles"]

    assert answer.code == 2
    assert answer.stdout == ""
    assert "52 image records of studio" in answer.stderr
    assert "Nothing was deleted: say --yes" in answer.stderr
    assert (profile["images"], profile["downloaded"]) == (52, 52)


# Secrets


def test_no_credential_appears_in_any_answer_nor_in_the_log(day: Day) -> None:
    log = (day.flowimg.home / "flowimg.log").read_text("utf-8")
    everything = log + "".join(answer.stdout + answer.stderr for answer in day.answers.values())

    assert "Total pages processed: 3" in log
    for secret in [*day.seen["secrets"], "ya29.", "Signature=", "AIza"]:
        assert secret not in everything


def test_the_cookie_is_in_the_credentials_file_alone(day: Day) -> None:
    (secret,) = day.seen["secrets"]
    holders = [
        path.relative_to(day.flowimg.folder).as_posix()
        for path in day.flowimg.folder.rglob("*")
        if path.is_file() and secret.encode() in path.read_bytes()
    ]

    assert holders == ["home/credentials/studio.json"]


@pytest.mark.parametrize("name", ["credentials/studio.json", "gallery.db", "flowimg.log"])
def test_nobody_else_can_read_what_stands_in_the_home(day: Day, name: str) -> None:
    assert stat.S_IMODE((day.flowimg.home / name).stat().st_mode) == 0o600


def test_the_log_tells_what_was_done(day: Day) -> None:
    log = (day.flowimg.home / "flowimg.log").read_text("utf-8")

    assert "Deleted 52 image records (files preserved on disk)" in log
    assert re.search(r"Waiting \d+ ms before fetching next page", log)


def _keys(answer: Answer) -> set[str]:
    return {image["media_key"] for image in json.loads(answer.stdout)["images"]}
