"""What stands on stdout and stderr besides the answers: progress, hostile text, readers that went away."""

import json
import re
import subprocess
from typing import Any

import pytest

from flowimg_tui.demo.service import DemoService
from tests.cli.helpers import COMMAND, INVENTED, Installation, ScriptedFlow, listing, recorded, screen_of

pytestmark = pytest.mark.waits

CLEAR = "\r\x1b[K"
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
TITLE = "\x1b]0;owned\x07"
CLIPBOARD = "\x1b]52;c;b3duZWQ=\x1b\\"
BIDI = "\u202egpj.exe\u2069"
C1 = "\x9b31m"
HOSTILE = f"one{TITLE}two{CLIPBOARD}three{BIDI}four{C1}five\nsix\u2028seven\r\x1b[2Jeight"
STEERS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What must never reach a terminal; a line break ends a line of ours."""


# Progress


@pytest.fixture
def paced(small: Installation, small_demo: DemoService) -> Installation:
    """An installation whose three downloads take about half a second each: long enough to be shown."""
    small_demo.options.rate = 60_000
    return small


def test_at_a_terminal_progress_is_one_line_that_replaces_itself_and_is_cleared(paced: Installation) -> None:
    answer, shown = paced.at_terminal("download", "--workers", "1", "--json")

    assert answer.json()["downloaded"] == 3
    assert len(set(re.findall(r"studio: downloading \d of 3", shown))) > 1
    assert shown.count(CLEAR) > 3
    (summary, after) = screen_of(shown)
    assert summary.startswith("Downloaded 3 of 3 images")
    assert after == ""


def test_at_a_terminal_a_pause_of_all_is_told_with_its_end_and_its_reason(
    small: Installation, small_demo: DemoService
) -> None:
    small_demo.add_fault("status:code=503,on=media,each=1,retry_after=1")
    answer, shown = small.at_terminal("download", "--json", columns=120)

    assert answer.json()["downloaded"] == 3
    assert re.search(r"studio: downloading 0 of 3 · try 2 of 5 in \d s: 127.0.0.1 has trouble", shown)


def test_at_a_terminal_the_pages_of_a_sync_replace_each_other_too(small: Installation) -> None:
    answer, shown = small.with_settings(page_size="1").at_terminal("sync", "--json")

    assert answer.json()["pages"] == 3
    assert f"{CLEAR}studio: page 2, 2 images so far" in shown
    assert screen_of(shown) == ["Synced 0 new images, updated 3 existing", ""]


def test_at_a_terminal_a_failure_stays_above_the_line_that_replaces_itself(small: Installation) -> None:
    small.insert_images(("Z29uZQ", "gone"))

    answer, shown = small.at_terminal("download", "--json")

    assert answer.code == 4
    failed, summary, after = screen_of(shown)
    assert failed.startswith("studio: failed gone: ")
    assert summary.startswith("Downloaded 3 of 4 images")
    assert after == ""


def test_in_a_narrow_terminal_the_progress_line_does_not_wrap_while_stdout_goes_elsewhere(
    small: Installation,
) -> None:
    _, shown = small.at_terminal("sync", "--json", columns=24)

    progress = [line for line in re.split("[\r\n]+", shown.replace("\x1b[K", "")) if "studio: " in line]
    assert len(progress) >= 2
    assert max(map(len, progress)) < 24


def test_in_a_pipe_progress_is_plain_lines(small: Installation) -> None:
    answer = small.quick("download")

    first, second, *paths, last = answer.stderr.splitlines()
    assert first == "studio: 3 images to download"
    assert second == "studio: signed in as ada@example.com"
    assert sorted(paths) == sorted(str(path) for path in small.files())
    assert last.startswith("Downloaded 3 of 3 images")
    assert not STEERS.search(answer.stderr)


# Hostile text


def test_names_from_the_service_cannot_steer_the_terminal(flowimg: Installation) -> None:
    names = ["bmFtZQ", HOSTILE]
    media = (500, _refusal(HOSTILE))
    keys = {"bmFtZQ": HOSTILE, HOSTILE: f"key {HOSTILE}"}
    with ScriptedFlow(pages=(200, listing(*names, media_keys=keys)), media=media, email=HOSTILE) as flow:
        flowimg = flowimg.with_settings(**flow.settings, retries="2")
        answers = {"profile add": flowimg.add("studio", INVENTED)} | {
            command: flowimg.quick(*command.split())
            for command in (
                *("sync", "download", "list", "status"),
                *("profile list", "profile show studio", "profile check studio"),
            )
        }

    assert [answer.code for answer in answers.values()] == [0, 0, 4, 0, 0, 0, 0, 0]
    for answer in answers.values():
        assert not STEERS.search(answer.stdout + answer.stderr)
    for command in ("profile add", "profile check studio", "sync", "download"):
        assert f"one{REPLACEMENT}]0;owned" in answers[command].stderr
    assert f"one{REPLACEMENT}]0;owned" in answers["list"].stdout
    assert f"one{REPLACEMENT}]0;owned" in answers["profile list"].stdout
    assert len(answers["list"].stdout.splitlines()) == 2
    assert not STEERS.search((flowimg.home / "flowimg.log").read_text("utf-8"))


def test_records_in_the_database_cannot_steer_the_terminal(small: Installation) -> None:
    small.insert_images((HOSTILE, HOSTILE), failure=HOSTILE)

    text, answer = small.quick("list"), small.quick("list", "--json")

    assert not STEERS.search(text.stdout + text.stderr)
    assert f"✗ one{REPLACEMENT}]0;owned" in text.stdout
    assert len(text.stdout.splitlines()) == 4
    assert not STEERS.search(answer.stdout)
    assert HOSTILE in [image["name"] for image in answer.json()["images"]]


def test_the_events_of_hostile_images_stay_one_line_each_and_hold_no_escape(signed_in: Installation) -> None:
    with ScriptedFlow(
        pages=(200, listing("bmFtZQ", media_keys={"bmFtZQ": HOSTILE})), media=(500, _refusal(HOSTILE))
    ) as flow:
        flowimg = signed_in.with_settings(**flow.settings, retries="1")
        assert flowimg.quick("sync").code == 0
        answer = flowimg.quick("download", "--jsonl")

    assert answer.code == 4
    assert [event["event"] for event in answer.events()] == [
        "download_started",
        "image_started",
        "signed_in",
        "image_failed",
        "download_finished",
    ]
    assert "\x1b" not in answer.stdout + answer.stderr


def test_a_hostile_media_key_stays_inside_the_output_folder(signed_in: Installation) -> None:
    picture = (signed_in.folder / "picture.png").resolve()
    keys = {"bmFtZQ": f"../../..{picture}"}
    media = (200, recorded("media_uploaded_image_png.json"))
    with ScriptedFlow(pages=(200, listing("bmFtZQ", media_keys=keys)), media=media) as flow:
        flowimg = signed_in.with_settings(**flow.settings)
        assert flowimg.quick("sync").code == 0
        answer = flowimg.quick("download", "--json")

    assert (answer.code, answer.json()["downloaded"]) == (0, 1)
    (file,) = flowimg.files()
    assert file.parent.parent == flowimg.pictures
    assert not picture.exists()


# Readers that went away, and words that a terminal cannot show


@pytest.mark.parametrize("command", ["list", "download --jsonl"])
def test_a_reader_of_stdout_that_went_away_is_no_traceback(small: Installation, command: str) -> None:
    process = subprocess.Popen(
        [*COMMAND, *command.split()],
        env=small.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, stderr = process.communicate(timeout=20)

    for trace in (b"Traceback", b"BrokenPipeError", b"Exception ignored", b"should not happen"):
        assert trace not in stderr
    assert process.returncode == 1
    assert [path for path in small.files() if path.suffix == ".part"] == []


def test_list_piped_into_head_gives_its_first_line(small: Installation) -> None:
    small.insert_images(*((f"name-{number}", f"key-{number}") for number in range(2000)))
    errors = small.folder / "stderr"
    script = f'{{ "$@" 2> "{errors}"; echo "ended with $?" >&2; }} | head -1'

    done = subprocess.run(
        ["sh", "-c", script, "sh", *COMMAND, "list"],
        env=small.environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=20,
        check=True,
    )

    assert re.fullmatch(r"· key-\d+ .*\n", done.stdout)
    assert errors.read_text("utf-8") == ""
    assert done.stderr == "ended with 1\n"


def test_where_stdout_knows_only_ascii_the_list_is_still_a_list(small: Installation) -> None:
    answer = Installation({**small.environment, "PYTHONIOENCODING": "ascii"}, small.folder).run("list")

    assert answer.code == 0
    assert len(answer.stdout.splitlines()) == 3
    assert "should not happen" not in answer.stderr


def _refusal(message: str) -> bytes:
    said: dict[str, Any] = {"error": {"code": 500, "message": message, "status": "INTERNAL"}}
    return json.dumps(said).encode()
