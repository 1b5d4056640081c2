"""``flowimg demo --serve``: a service to try things on, from a script or from a shell."""

import json
import re
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.cli.helpers import Installation
from tests.conftest import SERVICES


def test_serve_tells_its_address_in_one_json_object_and_answers_there(flowimg: Installation) -> None:
    with flowimg.start("demo", "--serve", "--json", "--latency", "0") as running:
        running.wait_for("\n")
        answer = json.loads(running.stdout)
        status = httpx.get(f"{answer['url']}/fx").status_code
        session = httpx.get(
            f"{answer['labs_url']}/api/auth/session", headers={"Cookie": answer["cookies"]}
        ).json()
        running.send(signal.SIGTERM)
        ended = running.answer()

    assert answer["schema"] == 1
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", answer["url"])
    assert (answer["labs_url"], answer["media_url"]) == (f"{answer['url']}/fx", f"{answer['url']}/v1")
    assert status == 200
    assert session["user"]["email"] == "ada@example.com"
    assert ended.code == 143
    assert len(ended.stdout.splitlines()) == 1
    assert ended.stderr == ""
    assert not flowimg.home.exists()


def test_serve_of_the_google_generation_tells_its_address_and_its_cookies(flowimg: Installation) -> None:
    with flowimg.start(
        *("demo", "--serve", "--service", "google", "--json", "--images", "3", "--latency", "0")
    ) as running:
        running.wait_for("\n")
        answer = json.loads(running.stdout)
        at_demo = flowimg.with_settings(google_url=answer["google_url"])
        added = at_demo.add("demo", answer["cookies"], "--json").json()
        synced = at_demo.quick("sync", "--json").json()

    assert answer["google_url"] == f"{answer['url']}/flow"
    assert (added["service"], added["account"]) == ("google", "ada@example.com")
    assert (synced["new"], synced["videos"]) == (3, 15)


@pytest.mark.skipif(
    not Path("/proc/self/task").is_dir(), reason="only Linux tells which signals a thread takes"
)
def test_no_thread_of_the_service_takes_a_signal_from_the_one_that_waits_for_it(
    flowimg: Installation,
) -> None:
    with flowimg.start("demo", "--serve", "--json") as running:
        running.wait_for("\n")
        tasks = sorted(Path(f"/proc/{running.pid}/task").iterdir(), key=lambda task: int(task.name))
        statuses = [(task / "status").read_text("ascii") for task in tasks]

    blocked = [int(found[1], 16) for text in statuses if (found := re.search(r"SigBlk:\s+(\w+)", text))]
    # The first thread is in sigwait, where the kernel may show the awaited ones as open.
    assert len(blocked) > 1
    for mask in blocked[1:]:
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            assert mask & 1 << (number - 1)


@pytest.mark.parametrize("service", SERVICES)
def test_the_text_of_serve_can_be_evaluated_by_a_shell_and_makes_a_profile(
    flowimg: Installation, service: str
) -> None:
    unbuffered = Installation({**flowimg.environment, "PYTHONUNBUFFERED": "1"}, flowimg.folder)
    own = {"PATH": f"{_folder_with_the_command(flowimg.folder)}:{flowimg.environment['PATH']}"}
    serve = ("demo", "--serve", "--service", service, "--images", "3", "--latency", "0")
    with unbuffered.start(*serve) as running:
        running.wait_for("control/images")
        commands = "flowimg sync --json && flowimg profile list --json"
        script = f'{running.stdout}\n{commands} && echo "$FLOWIMG_OUTPUT"'
        done = subprocess.run(
            ["sh", "-eu", "-c", script],
            env={**flowimg.environment, **own, "TMPDIR": str(flowimg.folder), "FLOWIMG_PAGE_DELAY": "0"},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    assert done.returncode == 0, done.stderr
    assert "Added demo." in done.stderr
    synced, listed, output = done.stdout.splitlines()
    assert [profile["service"] for profile in json.loads(listed)["profiles"]] == [service]
    assert (json.loads(synced)["profile"], json.loads(synced)["new"]) == ("demo", 3)
    assert Path(output).parent.parent == flowimg.folder
    assert not flowimg.home.exists()


def test_the_text_of_serve_comes_at_once_into_a_file_or_a_pipe_too(flowimg: Installation) -> None:
    with flowimg.start("demo", "--serve") as running:
        running.wait_for("export FLOWIMG_LABS_URL=http://127.0.0.1:", patience=20)


def test_ten_more_images_come_with_the_command_that_serve_tells(flowimg: Installation) -> None:
    with flowimg.start("demo", "--serve", "--json", "--images", "0", "--latency", "0") as running:
        running.wait_for("\n")
        answer = json.loads(running.stdout)
        at_demo = flowimg.with_settings(labs_url=answer["labs_url"], media_url=answer["media_url"])
        added = at_demo.add("demo", answer["cookies"])
        empty = at_demo.quick("sync", "--json")
        more = httpx.post(f"{answer['url']}/control/images?add=10").json()
        full = at_demo.quick("sync", "--json")
        running.send(signal.SIGINT)
        ended = running.answer()

    assert added.code == 0
    assert (empty.code, empty.json()["new"], empty.json()["complete"]) == (0, 0, True)
    assert more == {"images": 10}
    assert (full.code, full.json()["new"]) == (0, 10)
    assert (ended.code, ended.stderr) == (130, "")


def test_a_port_that_is_taken_ends_with_1_and_the_reason(flowimg: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        # A process of its own: the command may change which signals its process takes.
        answer = flowimg.forked("demo", "--serve", "--port", str(port))

    assert (answer.code, answer.stdout) == (1, "")
    assert "The demo cannot start" in answer.stderr
    assert str(port) in answer.stderr


@pytest.mark.parametrize(
    "option",
    ["--images=-1", "--images=1000001", "--latency=-1", "--rate=-1", "--port=70000", "--service=flow"],
)
def test_options_out_of_range_end_with_2_and_name_the_option(flowimg: Installation, option: str) -> None:
    answer = flowimg.quick("demo", "--serve", option)

    assert (answer.code, answer.stdout) == (2, "")
    assert option.partition("=")[0] in answer.stderr


def test_faults_of_the_command_line_are_there_from_the_first_answer(flowimg: Installation) -> None:
    faults = ("--fault", "status:code=429,retry_after=0,on=list,times=1", "--fault", "cut:on=media")
    with flowimg.start("demo", "--serve", "--json", "--latency", "0", *faults) as running:
        running.wait_for("\n")
        answer = json.loads(running.stdout)
        added = httpx.post(f"{answer['url']}/control/faults", params={"spec": "html:on=image"}).json()
        at_demo = flowimg.with_settings(labs_url=answer["labs_url"], media_url=answer["media_url"])
        at_demo.add("demo", answer["cookies"])
        synced = at_demo.quick("sync", "--json").json()
        listed = httpx.get(f"{answer['url']}/control/faults").json()

    assert added == {"faults": {faults[1]: 0, faults[3]: 0, "html:on=image": 0}}
    assert (synced["new"], synced["complete"]) == (42, True)
    assert listed["faults"][faults[1]] == 1


@pytest.mark.parametrize(
    ("spec", "allowed"),
    [
        ("cat", "status, cut, cut_close"),
        ("cut:at=2", "at must be a number from 0 to 1"),
        ("cut:colour=red", "on, times, each, after, key, share, seed, at"),
    ],
)
def test_a_wrong_fault_ends_with_2_and_names_what_is_allowed(
    flowimg: Installation, spec: str, allowed: str
) -> None:
    answer = flowimg.quick("demo", "--serve", "--fault", "html", "--fault", spec)

    assert (answer.code, answer.stdout) == (2, "")
    assert answer.stderr.startswith("flowimg: --fault: ")
    assert allowed in answer.stderr


def _folder_with_the_command(folder: Path) -> Path:
    """Return a folder in which ``flowimg`` is the command under test, whatever else is installed."""
    command = folder / "bin" / "flowimg"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m flowimg_tui "$@"\n', "utf-8")
    command.chmod(0o755)
    return command.parent
