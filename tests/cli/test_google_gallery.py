"""A gallery of flow.google.com, from its cookies to its files: 60 images and 15 videos in 8 projects.

It is mirrored once; each test looks at another side of it.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from flowimg_tui.demo.home import demo_environment
from flowimg_tui.demo.service import DemoOptions, DemoService
from tests.cli.conftest import AT_ONCE
from tests.cli.helpers import Answer, Installation, cookie_values

IMAGES, VIDEOS, PROJECTS = 60, 15, 8


@dataclass
class Mirrored:
    flowimg: Installation
    demo: DemoService
    answers: dict[str, Answer] = field(default_factory=dict)

    def __getitem__(self, step: str) -> Answer:
        return self.answers[step]

    @property
    def listed(self) -> list[dict[str, Any]]:
        images: list[dict[str, Any]] = self["list"].json()["images"]
        return images

    def wire_records(self) -> dict[str, tuple[list[Any], str]]:
        """Return what the service lists of each image, by its id: the record's last slot, and its project."""
        shown = self.demo.projects
        projects, _ = shown.page(None, PROJECTS)
        return {
            image.media_key: (shown.image_record(image, project, "", None, (0, 0))[6], project.title)
            for project in projects
            for image in shown.images(project)
        }


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirrored]:
    folder = tmp_path_factory.mktemp("google")
    with DemoService(DemoOptions(images=IMAGES, videos=VIDEOS, projects=PROJECTS)) as demo:
        variables = {**demo_environment(demo, folder), **AT_ONCE, "FLOWIMG_LOG_LEVEL": "debug"}
        flowimg = Installation(variables, folder)
        run = Mirrored(flowimg, demo)
        run.answers["add"] = flowimg.add("studio", demo.google_cookie_header)
        run.answers["sync"] = flowimg.forked("sync", "--json")
        run.answers["download"] = flowimg.forked("download", "--json")
        run.answers["list"] = flowimg.quick("list", "--json")
        run.answers["second sync"] = flowimg.quick("sync", "--json")
        run.answers["second download"] = flowimg.quick("download", "--json")
        yield run


def test_every_step_ends_with_0(mirrored: Mirrored) -> None:
    assert {step: answer.code for step, answer in mirrored.answers.items() if answer.code} == {}


def test_the_first_sync_brings_60_images_and_counts_15_videos_as_skipped(mirrored: Mirrored) -> None:
    answer = mirrored["sync"].json()

    assert (answer["new"], answer["updated"], answer["complete"]) == (IMAGES, 0, True)
    assert (answer["skipped"], answer["videos"]) == (VIDEOS, VIDEOS)
    assert mirrored["sync"].stderr.splitlines()[-1] == (
        "Synced 60 new images, updated 0 existing, skipped 15 videos"
    )


def test_the_download_brings_60_files_with_exactly_the_bytes_of_the_originals(mirrored: Mirrored) -> None:
    answer = mirrored["download"].json()
    files = {path.stem: path.read_bytes() for path in mirrored.flowimg.files()}

    assert (answer["pending"], answer["downloaded"], answer["failed"]) == (IMAGES, IMAGES, 0)
    assert len(files) == IMAGES
    assert files == {key: mirrored.demo.picture(key) for key in files}
    assert answer["bytes"] == sum(map(len, files.values()))


def test_no_re_encoded_picture_is_ever_asked_for(mirrored: Mirrored) -> None:
    paths = [request.raw_path.split("?")[0] for request in mirrored.demo.requests]

    assert sum(path.startswith("/image/") for path in paths) == IMAGES
    assert [path for path in paths if path.startswith("/asb/")] == []


def test_the_second_sync_finds_60_known_images_and_the_same_videos(mirrored: Mirrored) -> None:
    answer = mirrored["second sync"].json()

    assert (answer["new"], answer["updated"], answer["complete"]) == (0, IMAGES, True)
    assert (answer["skipped"], answer["videos"]) == (VIDEOS, VIDEOS)
    assert mirrored["second download"].json()["pending"] == 0


def test_list_tells_of_each_image_where_its_file_is(mirrored: Mirrored) -> None:
    assert {image["state"] for image in mirrored.listed} == {"downloaded"}
    assert {Path(image["local_path"]) for image in mirrored.listed} == set(mirrored.flowimg.files())
    for image in mirrored.listed:
        assert image["size"] == len(mirrored.demo.picture(image["media_key"]))
        assert image["created_at"] is not None


def test_list_tells_prompt_seed_size_and_project_where_flow_does(mirrored: Mirrored) -> None:
    told = {image["media_key"]: image for image in mirrored.listed}
    records = mirrored.wire_records()

    assert told.keys() == records.keys()
    for key, (made, project) in records.items():
        recipe = made[0] or [None] * 8
        assert (told[key]["prompt"], told[key]["seed"]) == (recipe[7], recipe[1])
        assert told[key]["project"] == project
        assert min(told[key]["width"], told[key]["height"]) > 0
    known = Counter(image["prompt"] is not None for image in told.values())
    assert known[True] > known[False] > 0


def test_an_upload_is_listed_with_its_file_name(mirrored: Mirrored) -> None:
    uploads = [image for image in mirrored.listed if image["prompt"] is None]

    assert uploads
    for image in uploads:
        assert image["title"].rpartition(".")[2] in {"jpg", "png", "webp"}


def test_the_images_stand_in_7_of_the_8_projects_since_one_is_empty(mirrored: Mirrored) -> None:
    projects, _ = mirrored.demo.projects.page(None, PROJECTS)
    holders = {project.id for project in projects if any(mirrored.demo.projects.images(project))}

    assert len(projects) == PROJECTS
    assert len(holders) == PROJECTS - 1
    assert mirrored["sync"].json()["pages"] == PROJECTS


@pytest.mark.parametrize("kind", ["cookies", "page tokens", "signed urls"])
def test_no_secret_of_the_account_is_told_or_logged(mirrored: Mirrored, kind: str) -> None:
    everything = mirrored.flowimg.log() + "".join(
        answer.stdout + answer.stderr for answer in mirrored.answers.values()
    )
    secrets = {
        "cookies": cookie_values(mirrored.demo.google_cookie_header),
        "page tokens": ["SNlM0e", "f.sid=-", "&at="],
        "signed urls": ["Signature=", "GoogleAccessId"],
    }

    assert [secret for secret in secrets[kind] if secret in everything] == []


def test_the_cookies_go_to_the_service_alone_and_never_with_a_signed_url(mirrored: Mirrored) -> None:
    for request in mirrored.demo.requests:
        assert ("cookie" in request.headers) == request.raw_path.startswith("/flow/")
        assert "authorization" not in request.headers
