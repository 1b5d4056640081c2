"""What a script can tell from how a command ended, and what a person reads about it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowimg_tui.config.locations import Locations
from flowimg_tui.demo.pictures import PictureSize
from flowimg_tui.demo.service import DemoOptions, DemoService
from flowimg_tui.workspace.lock import holding
from tests.cli.helpers import Answer, Installation, ScriptedFlow, nobody_there, recorded


@pytest.fixture
def held(synced: Installation) -> Iterator[Installation]:
    """An installation whose profile this process holds, as another run would."""
    with holding(Locations.from_environment(synced.environment).locks, "studio"):
        yield synced


def incomplete_sync(answer: Answer) -> str:
    """Return the error of a sync that brought nothing; stdout and stderr must agree on it."""
    told = answer.json()
    assert (told["pages"], told["new"], told["updated"], told["complete"]) == (0, 0, 0, False)
    error = told["error"]
    assert isinstance(error, str)
    assert f"flowimg: {error}" in answer.stderr
    assert "incomplete" in answer.stderr.splitlines()[-1]
    return error


def nothing_downloaded(answer: Answer, pending: int) -> str:
    told = answer.json()
    assert (told["pending"], told["cancelled"], told["downloaded"], told["failed"]) == (
        pending,
        pending,
        0,
        0,
    )
    error = told["error"]
    assert isinstance(error, str)
    assert f"flowimg: {error}" in answer.stderr
    return error


# 3: sign in again


def test_a_sync_with_a_session_that_ended_ends_with_3_and_says_what_to_do(
    signed_in: Installation, demo: DemoService
) -> None:
    demo.sign_out()

    answer = signed_in.quick("sync", "--json")

    assert answer.code == 3
    assert "no session for these cookies" in incomplete_sync(answer)
    assert "Sign in to Flow in the browser" in answer.stderr


def test_a_download_with_a_session_that_ended_ends_with_3_and_fails_no_image(
    synced: Installation, demo: DemoService
) -> None:
    demo.sign_out()

    answer = synced.quick("download", "--json")

    assert answer.code == 3
    assert "no session" in nothing_downloaded(answer, 42)
    assert synced.quick("status", "--json").json()["profiles"][0]["pending"] == 42


# 4: finished, some failed


def test_where_some_pictures_are_not_to_be_had_the_download_fetches_the_others_and_ends_with_4(
    small: Installation,
) -> None:
    small.insert_images(("Z29uZQ", "gone"))

    answer = small.quick("download", "--json")

    assert answer.code == 4
    told = answer.json()
    assert (told["pending"], told["downloaded"], told["failed"], told["cancelled"]) == (4, 3, 1, 0)
    ((name, media_key, reason),) = [tuple(failure.values()) for failure in told["failures"]]
    assert (name, media_key) == ("Z29uZQ", "gone")
    assert "404" in reason
    assert "failed gone" in answer.stderr
    assert answer.stderr.splitlines()[-1].endswith(", 1 failed")


def test_what_failed_is_seen_in_status_and_list_and_tried_again(small: Installation) -> None:
    small.insert_images(("Z29uZQ", "gone"))
    assert small.quick("download").code == 4

    (counts,) = small.quick("status", "--json").json()["profiles"]
    assert (counts["images"], counts["downloaded"], counts["pending"], counts["failed"]) == (4, 3, 0, 1)
    (failed,) = [
        image for image in small.quick("list", "--json").json()["images"] if image["state"] == "failed"
    ]
    assert (failed["name"], failed["local_path"]) == ("Z29uZQ", None)
    assert [line for line in small.quick("list").stdout.splitlines() if re.match(r"✗ gone .*404", line)]
    again = small.quick("download", "--json")
    assert (again.code, again.json()["pending"], again.json()["failed"]) == (4, 1, 1)


def test_the_failures_of_jsonl_are_events_and_the_last_line_is_the_finish(small: Installation) -> None:
    small.insert_images(("Z29uZQ", "gone"))

    answer = small.quick("download", "--jsonl")

    assert answer.code == 4
    (failed,) = [event for event in answer.events() if event["event"] == "image_failed"]
    assert (failed["name"], failed["media_key"], failed["retryable"]) == ("Z29uZQ", "gone", False)
    assert answer.events()[-1]["event"] == "download_finished"
    assert answer.events()[-1]["failed"] == 1


# 5: another run holds the profile


def test_the_second_run_on_a_profile_ends_with_5_and_says_who_holds_it(held: Installation) -> None:
    holder = (held.home / "locks" / "studio.lock").read_text("utf-8")

    answer = held.forked("sync", "--json")

    assert (answer.code, answer.stdout) == (5, "")
    assert re.match(r"process \d+, since ", holder)
    assert f"Another run holds the profile studio: {holder}" in answer.stderr


@pytest.mark.parametrize(
    "command", ["sync --jsonl", "download", "refresh --profile studio --yes", "profile remove studio --yes"]
)
def test_while_a_run_holds_the_profile_no_other_command_changes_it(held: Installation, command: str) -> None:
    answer = held.quick(*command.split())

    assert (answer.code, answer.stdout) == (5, "")
    assert "Another run holds the profile studio" in answer.stderr
    assert held.quick("status", "--json").json()["profiles"][0]["images"] == 42


def test_looking_needs_no_lock(held: Installation) -> None:
    for command in ("status", "list", "profile list", "profile show studio"):
        assert held.quick(*command.split()).code == 0


def test_with_all_a_profile_that_is_held_does_not_keep_the_others_from_their_turn(
    held: Installation, demo: DemoService
) -> None:
    assert held.add("tower", demo.cookie_header).code == 0

    answer = held.quick("sync", "--all", "--json")

    assert answer.code == 5
    assert [one["complete"] for one in answer.json()["profiles"] if one["profile"] == "tower"] == [True]


# 6: disk full


def test_a_full_disk_ends_with_6_and_leaves_no_piece_of_a_picture(tmp_path: Path) -> None:
    with DemoService(DemoOptions(images=2, picture_size=PictureSize.LARGE)) as demo:
        variables = {"FLOWIMG_LABS_URL": demo.labs_url, "FLOWIMG_MEDIA_URL": demo.media_url}
        home = {"FLOWIMG_HOME": str(tmp_path / "home"), "FLOWIMG_OUTPUT": str(tmp_path / "pictures")}
        flowimg = Installation({**variables, **home}, tmp_path)
        assert flowimg.add("studio", demo.cookie_header).code == 0
        assert flowimg.quick("sync").code == 0
        # The shell's limit is in blocks of 512 bytes. No picture fits, the database does.
        with flowimg.start("download", "--json", before="ulimit -f 900") as running:
            answer = running.answer()

    assert answer.code == 6
    assert "The disk is full" in nothing_downloaded(answer, 2)
    assert str(flowimg.pictures) in answer.stderr
    assert flowimg.files() == []


# 7 and 8: the service


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\x00\xffgarbage", "is not JSON"),
        (recorded("app_html_instead_of_json.html"), "is a web page"),
        (b'{"result": {"data": {"json": {"result": {"userWorkflows": 7}}}}}', "another shape"),
        (b'{"unknown": true}', "another shape"),
    ],
)
def test_a_list_that_is_not_understood_ends_with_7_and_a_hint(
    signed_in: Installation, body: bytes, reason: str
) -> None:
    with ScriptedFlow(pages=(200, body)) as flow:
        answer = signed_in.with_settings(**flow.settings).quick("sync", "--json")

    assert answer.code == 7
    assert reason in incomplete_sync(answer)
    assert "look for a newer version" in answer.stderr


@pytest.mark.parametrize(
    "pages", [(404, recorded("list_trpc_error_404_retired.json")), (302, b"")], ids=["retired", "redirected"]
)
def test_a_service_that_has_moved_ends_with_8_and_says_that_signing_in_does_not_help(
    signed_in: Installation, pages: tuple[int, bytes]
) -> None:
    with ScriptedFlow(pages=pages) as flow:
        answer = signed_in.with_settings(**flow.settings).quick("sync", "--json")

    assert answer.code == 8
    assert incomplete_sync(answer)
    assert "https://flow.google.com" in answer.stderr
    assert "signing in again on labs.google does not help" in answer.stderr


# 1: everything else


@pytest.mark.parametrize("command", ["sync", "download"])
def test_a_service_that_cannot_be_reached_ends_with_1_and_a_hint_and_fails_no_image(
    synced: Installation, command: str
) -> None:
    answer = synced.with_settings(**nobody_there(), retries="2").quick(command, "--json")

    assert answer.code == 1
    error = incomplete_sync(answer) if command == "sync" else nothing_downloaded(answer, 42)
    assert "127.0.0.1 cannot be reached" in error
    assert "Check the network, then run it again" in answer.stderr
    assert synced.counts()["pending"] == 42


def test_an_output_folder_that_cannot_be_written_ends_with_1_and_names_it(small: Installation) -> None:
    file = small.folder / "a-file"
    file.write_text("not a folder", "utf-8")

    answer = small.with_settings(output=str(file / "pictures")).quick("download", "--json")

    assert answer.code == 1
    error = nothing_downloaded(answer, 3)
    assert str(file / "pictures") in error
    assert "choose another folder" in error
    assert small.quick("download", "--json").json()["downloaded"] == 3


@pytest.mark.parametrize("command", ["sync", "download", "status", "list", "profile list"])
def test_a_home_that_cannot_be_written_ends_with_1_and_names_it(flowimg: Installation, command: str) -> None:
    file = flowimg.folder / "a-file"
    file.write_text("not a folder", "utf-8")

    answer = flowimg.with_settings(home=str(file / "home")).quick(*command.split())

    assert (answer.code, answer.stdout) == (1, "")
    assert str(file / "home") in answer.stderr
    assert "Not a directory" in answer.stderr


@pytest.mark.parametrize("content", [b"this is no database", b"SQLite format 3\x00" + bytes(4096)])
def test_a_damaged_database_ends_with_1_and_is_not_touched(flowimg: Installation, content: bytes) -> None:
    flowimg.home.mkdir(parents=True)
    database = flowimg.home / "gallery.db"
    database.write_bytes(content)

    answer = flowimg.quick("status", "--json")

    assert (answer.code, answer.stdout) == (1, "")
    assert str(database) in answer.stderr
    assert database.read_bytes() == content


def test_a_database_of_a_newer_version_is_refused_and_not_touched(small: Installation) -> None:
    database = small.database()
    database.execute("PRAGMA user_version = 1000")
    database.close()

    answer = small.quick("sync", "--json")

    assert (answer.code, answer.stdout) == (1, "")
    assert "Install the newer flowimg-tui" in answer.stderr


@pytest.mark.parametrize(
    ("settings", "allowed"),
    [
        ({"workers": "99"}, "FLOWIMG_WORKERS: must be a whole number from 1 to 16"),
        ({"workers": "four"}, "FLOWIMG_WORKERS: must be a whole number from 1 to 16"),
        ({"page_delay": "2-1"}, "FLOWIMG_PAGE_DELAY: must be seconds, or two with a dash"),
        ({"page_size": "0"}, "FLOWIMG_PAGE_SIZE: must be a whole number from 1 to 100"),
        ({"folder_date": "today"}, "FLOWIMG_FOLDER_DATE: must be one of downloaded, created"),
        ({"labs_url": "labs.google"}, "FLOWIMG_LABS_URL: must be an http or https URL"),
        ({"log_level": "loud"}, "FLOWIMG_LOG_LEVEL: must be one of debug, info"),
        ({"flow_key": "secret-in-the-wrong-place"}, "FLOWIMG_FLOW_KEY: must be the 39 characters"),
    ],
)
def test_a_wrong_setting_ends_with_1_and_what_is_allowed_but_not_with_what_was_given(
    signed_in: Installation, settings: dict[str, str], allowed: str
) -> None:
    answer = signed_in.with_settings(**settings).quick("sync", "--json")

    assert (answer.code, answer.stdout) == (1, "")
    assert allowed in answer.stderr
    assert "secret-in-the-wrong-place" not in answer.stderr


def test_a_mistyped_setting_in_the_file_ends_with_1_and_the_name_that_was_meant(
    signed_in: Installation,
) -> None:
    (signed_in.home / "config.toml").write_text("workesr = 2\n", "utf-8")

    answer = signed_in.quick("download")

    assert answer.code == 1
    assert "config.toml: workesr: there is no such setting; did you mean workers?" in answer.stderr


@pytest.mark.parametrize(
    ("number", "allowed"),
    [("0", "not in the range 1<=x<=16"), ("17", "not in the range 1<=x<=16"), ("four", "not a valid int")],
)
def test_a_number_of_workers_out_of_range_is_a_usage_error(
    signed_in: Installation, number: str, allowed: str
) -> None:
    answer = signed_in.quick("download", "--workers", number)

    assert (answer.code, answer.stdout) == (2, "")
    assert "--workers" in answer.stderr
    assert allowed in answer.stderr
