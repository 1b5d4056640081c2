"""Which profile a command means, and which options go together."""

import pytest

from flowimg_tui.demo.service import DemoService
from tests.cli.helpers import Installation


@pytest.fixture
def two(small: Installation, small_demo: DemoService) -> Installation:
    """An installation with the profiles ``holiday``, which was never synced, and ``studio``."""
    assert small.add("holiday", small_demo.cookie_header).code == 0
    return small.with_settings(output=str(small.folder / "pictures" / "{profile}"))


@pytest.mark.parametrize("command", ["sync", "download", "list", "status"])
def test_the_only_profile_needs_no_naming(small: Installation, command: str) -> None:
    assert small.quick(command, "--json").code == 0


@pytest.mark.parametrize("command", ["sync", "download", "list"])
def test_of_two_profiles_one_must_be_named(two: Installation, command: str) -> None:
    answer = two.quick(command, "--json")

    assert (answer.code, answer.stdout) == (2, "")
    assert "holiday, studio" in answer.stderr
    assert "--profile NAME or --all" in answer.stderr


@pytest.mark.parametrize("command", ["sync", "download", "list", "status", "refresh --yes"])
def test_a_profile_that_is_not_there_ends_with_2_and_the_names_of_those_that_are(
    two: Installation, command: str
) -> None:
    answer = two.quick(*command.split(), "--profile", "stduio", "--json")

    assert (answer.code, answer.stdout) == (2, "")
    assert "no profile stduio" in answer.stderr
    assert "holiday, studio" in answer.stderr


@pytest.mark.parametrize("command", ["profile show", "profile remove --yes"])
def test_showing_or_removing_a_profile_that_is_not_there_names_those_that_are(
    two: Installation, command: str
) -> None:
    answer = two.quick(*command.split(), "stduio")

    assert (answer.code, answer.stdout) == (2, "")
    assert "holiday, studio" in answer.stderr


@pytest.mark.parametrize("command", ["sync", "download", "list", "status"])
def test_without_any_profile_a_command_ends_with_2_and_says_how_to_add_one(
    flowimg: Installation, command: str
) -> None:
    answer = flowimg.quick(command)

    assert (answer.code, answer.stdout) == (2, "")
    assert "flowimg profile add NAME --cookies FILE" in answer.stderr


def test_a_name_from_outside_cannot_steer_the_terminal(flowimg: Installation) -> None:
    answer = flowimg.quick("sync", "--profile", "a\x1b]0;title\x07\u202eb\nc")

    assert answer.code == 2
    assert answer.stderr.splitlines() == [
        "flowimg: There is no profile a\N{REPLACEMENT CHARACTER}]0;title\N{REPLACEMENT CHARACTER}"
        "\N{REPLACEMENT CHARACTER}b c. Add it: flowimg profile add NAME --cookies FILE"
    ]


def test_the_variable_names_the_profile_as_the_option_does(two: Installation) -> None:
    answer = two.with_settings(profile="holiday").quick("sync", "--json")

    assert answer.json()["profile"] == "holiday"


def test_all_syncs_and_downloads_one_profile_after_the_other(two: Installation) -> None:
    synced, downloaded = two.quick("sync", "--all", "--json"), two.quick("download", "--all", "--json")

    assert (synced.code, downloaded.code) == (0, 0)
    assert set(synced.json()) == {"schema", "profiles"}
    assert [(one["profile"], one["new"], one["updated"]) for one in synced.json()["profiles"]] == [
        ("holiday", 3, 0),
        ("studio", 0, 3),
    ]
    assert [(one["profile"], one["downloaded"]) for one in downloaded.json()["profiles"]] == [
        ("holiday", 3),
        ("studio", 3),
    ]
    for profile in ("holiday", "studio"):
        assert len(list((two.folder / "pictures" / profile).glob("*/*.*"))) == 3


def test_all_streams_the_events_of_each_profile_under_its_name(two: Installation) -> None:
    events = two.quick("sync", "--all", "--jsonl").events()

    finished = [event["profile"] for event in events if event["event"] == "sync_finished"]
    assert finished == ["holiday", "studio"]
    assert events[-1]["event"] == "sync_finished"


def test_all_with_a_single_profile_still_answers_with_a_list(small: Installation) -> None:
    (only,) = small.quick("sync", "--all", "--json").json()["profiles"]

    assert only["profile"] == "studio"


def test_the_trouble_of_one_profile_is_not_that_of_the_next(
    two: Installation, small_demo: DemoService
) -> None:
    small_demo.sign_out()
    assert two.edit("studio", small_demo.cookie_header).code == 0

    answer = two.quick("sync", "--all", "--json")

    assert answer.code == 3
    assert [(one["profile"], one["complete"]) for one in answer.json()["profiles"]] == [
        ("holiday", False),
        ("studio", True),
    ]


def test_status_tells_of_every_profile_and_list_of_all_where_asked(two: Installation) -> None:
    assert two.quick("sync", "--all").code == 0

    statuses = two.quick("status", "--json").json()["profiles"]
    images = two.quick("list", "--all", "--json").json()["images"]

    assert [(one["name"], one["images"]) for one in statuses] == [("holiday", 3), ("studio", 3)]
    assert [image["profile"] for image in images] == 3 * ["holiday"] + 3 * ["studio"]


@pytest.mark.parametrize("command", ["sync", "download", "refresh --profile studio --yes"])
def test_json_and_jsonl_together_end_with_2(small: Installation, command: str) -> None:
    answer = small.quick(*command.split(), "--json", "--jsonl")

    assert (answer.code, answer.stdout) == (2, "")
    assert "--json or --jsonl, not both" in answer.stderr
    assert small.quick("status", "--json").json()["profiles"][0]["images"] == 3


@pytest.mark.parametrize("command", ["sync", "download", "list"])
def test_a_name_and_all_together_end_with_2(signed_in: Installation, command: str) -> None:
    answer = signed_in.quick(command, "--all", "--profile", "studio")

    assert (answer.code, answer.stdout) == (2, "")
    assert "--profile or --all, not both" in answer.stderr
