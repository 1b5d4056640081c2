"""Whose galleries are mirrored: adding, listing, showing and removing profiles; and the care for cookies."""

import re
import stat
from contextlib import closing
from pathlib import Path

import pytest

from flowimg_tui.demo.service import DemoService
from tests.cli.helpers import Answer, Installation

SESSION = "__Secure-next-auth.session-token"
CANARY = "canary-1f0e9d8c7b6a"
USABLE = f"{SESSION}={CANARY}"


def add(flowimg: Installation, name: str, cookies: str | bytes = USABLE, *more: str) -> Answer:
    return flowimg.quick("profile", "add", name, "--cookies", "-", *more, stdin=cookies)


def left_behind(flowimg: Installation) -> list[object]:
    """Return the profiles and the credentials that are there, by name."""
    with closing(flowimg.database()) as database:
        rows: list[object] = [row[0] for row in database.execute("SELECT name FROM profile ORDER BY name")]
    return rows + sorted(path.name for path in (flowimg.home / "credentials").glob("*"))


# Adding


def test_a_profile_comes_from_a_file_and_a_sync_can_follow(flowimg: Installation, demo: DemoService) -> None:
    file = flowimg.folder / "cookies.txt"
    file.write_text(f"Cookie: NID=511; {demo.cookie_header}; _ga=GA1\n", "utf-8")

    answer = flowimg.quick("profile", "add", "studio", "--cookies", str(file))

    assert (answer.code, answer.stdout) == (0, "")
    assert "Added studio" in answer.stderr
    assert str(flowimg.pictures) in answer.stderr
    assert "flowimg sync --profile studio" in answer.stderr
    assert flowimg.quick("sync", "--profile", "studio").code == 0


def test_a_profile_comes_from_stdin_and_tells_of_itself_in_json(flowimg: Installation) -> None:
    answer = flowimg.quick("profile", "add", "studio", "--cookies", "-", "--json", stdin=USABLE)

    assert answer.code == 0
    described = answer.json()
    assert described["name"] == "studio"
    assert described["output"] == str(flowimg.pictures)
    assert described["synced_at"] is None
    assert CANARY not in answer.stdout + answer.stderr


def test_a_profile_can_have_a_folder_of_its_own(flowimg: Installation) -> None:
    own = Installation({**flowimg.environment, "FLOWIMG_OUTPUT": ""}, flowimg.folder)

    assert add(own, "studio", USABLE, "--output", str(flowimg.folder / "elsewhere")).code == 0

    shown = own.quick("profile", "show", "studio", "--json").json()
    assert shown["output"] == str(flowimg.folder / "elsewhere")


def test_only_the_session_is_kept_in_a_file_that_its_owner_alone_can_read(flowimg: Installation) -> None:
    assert add(flowimg, "studio", f"SID=another-{CANARY}; {SESSION}.0=a; {SESSION}.1=b").code == 0

    folder = flowimg.home / "credentials"
    stored = (folder / "studio.json").read_text("utf-8")
    assert CANARY not in stored
    assert f'"{SESSION}.0":"a"' in stored
    assert f'"{SESSION}.1":"b"' in stored
    assert stat.S_IMODE((folder / "studio.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_second_profile_of_that_name_is_refused_and_the_first_keeps_its_cookies(
    flowimg: Installation,
) -> None:
    assert add(flowimg, "studio").code == 0
    before = (flowimg.home / "credentials" / "studio.json").read_bytes()

    answer = add(flowimg, "studio", f"{SESSION}=other")

    assert (answer.code, answer.stdout) == (1, "")
    assert "already a profile studio" in answer.stderr
    assert (flowimg.home / "credentials" / "studio.json").read_bytes() == before
    assert left_behind(flowimg) == ["studio", "studio.json"]


@pytest.mark.parametrize("name", ["", "a b", "../studio", "studio/", ".hidden", "ä", "x" * 41, "a\x1b[31m"])
def test_a_name_that_cannot_name_a_file_is_refused(flowimg: Installation, name: str) -> None:
    answer = add(flowimg, name)

    assert (answer.code, answer.stdout) == (1, "")
    assert "1 to 40 letters, digits, - and _" in answer.stderr
    assert "\x1b" not in answer.stderr
    assert left_behind(flowimg) == []


@pytest.mark.parametrize(
    ("cookies", "looks_like"),
    [
        ("", "is empty"),
        (" \r\n\t", "is empty"),
        (f"<!DOCTYPE html><html><body>{CANARY}</body></html>", "does not look like a Cookie header"),
        (f"{CANARY}", "does not look like a Cookie header"),
        (b"\xff\xfe\x00" + CANARY.encode(), "does not look like a Cookie header"),
        (f"SID={CANARY}; HSID={CANARY}; APISID=x", "header with 3 cookies, but without a usable"),
        (f"{SESSION}=", "header with 1 cookies, but without a usable"),
        (f"{SESSION}={CANARY} with spaces", "header with 1 cookies, but without a usable"),
        (f"{SESSION}={CANARY}\x1b]52;c;AAAA\x07", "header with 1 cookies, but without a usable"),
    ],
)
def test_unusable_cookies_leave_nothing_and_the_message_tells_what_they_look_like(
    flowimg: Installation, cookies: str | bytes, looks_like: str
) -> None:
    answer = add(flowimg, "studio", cookies)

    assert (answer.code, answer.stdout) == (1, "")
    assert looks_like in answer.stderr
    assert CANARY not in answer.stderr
    assert CANARY not in (flowimg.home / "flowimg.log").read_text("utf-8")
    assert left_behind(flowimg) == []


@pytest.mark.parametrize("cookies", ["", "<html></html>", "SID=1"])
def test_the_message_on_unusable_cookies_names_the_cookie_that_is_missing(
    flowimg: Installation, cookies: str
) -> None:
    assert SESSION in add(flowimg, "studio", cookies).stderr


def test_a_file_that_is_far_too_large_is_no_cookie_header(flowimg: Installation) -> None:
    file = flowimg.folder / "large"
    file.write_bytes(b"a=b; " * 60_000)

    answer = flowimg.quick("profile", "add", "studio", "--cookies", str(file))

    assert (answer.code, answer.stdout) == (2, "")
    assert "that is no Cookie header" in answer.stderr


def test_a_file_that_cannot_be_read_ends_with_2_and_the_reason(flowimg: Installation) -> None:
    missing, folder = flowimg.folder / "missing", flowimg.folder

    for path, reason in ((missing, "No such file or directory"), (folder, "Is a directory")):
        answer = flowimg.quick("profile", "add", "studio", "--cookies", str(path))
        assert (answer.code, answer.stdout) == (2, "")
        assert f"--cookies names no file that can be read: {reason}." in answer.stderr


@pytest.mark.parametrize("pasted", [USABLE, f"SID={CANARY}; {SESSION}=x", f"SID={CANARY}; {'x' * 300}"])
def test_cookies_pasted_in_place_of_the_file_are_not_repeated(flowimg: Installation, pasted: str) -> None:
    answer = flowimg.quick("profile", "add", "studio", "--cookies", pasted)

    assert answer.code == 2
    assert CANARY not in answer.stdout + answer.stderr


def test_where_the_credentials_cannot_be_kept_safe_no_profile_is_added(flowimg: Installation) -> None:
    folder = flowimg.home / "credentials"
    folder.mkdir(parents=True)
    folder.chmod(0o755)

    answer = add(flowimg, "studio")

    assert answer.code == 1
    assert f"Other users can reach {folder}" in answer.stderr
    assert "chmod 700" in answer.stderr
    assert left_behind(flowimg) == []


# Cookies that ended


def test_credentials_that_others_can_read_are_not_used(signed_in: Installation) -> None:
    file = signed_in.home / "credentials" / "studio.json"
    file.chmod(0o644)

    answer = signed_in.quick("sync")

    assert answer.code == 3
    assert f"chmod 600 '{file}'" in answer.stderr


def test_the_advice_on_missing_cookies_can_be_followed(synced: Installation, demo: DemoService) -> None:
    (synced.home / "credentials" / "studio.json").unlink()
    file = synced.folder / "cookies.txt"
    file.write_text(demo.cookie_header, "utf-8")

    answer = synced.quick("sync")
    advised = re.search(r"flowimg (profile .*--cookies) FILE", answer.stderr)

    assert answer.code == 3
    assert advised is not None
    assert synced.quick(*advised[1].split(), str(file)).code == 0
    assert synced.quick("sync", "--json").json()["updated"] == 42


# Listing and showing


def test_profiles_are_listed_by_name(signed_in: Installation, demo: DemoService) -> None:
    assert add(signed_in, "holiday").code == 0
    assert signed_in.quick("sync", "--profile", "studio").code == 0

    text, answer = signed_in.quick("profile", "list"), signed_in.quick("profile", "list", "--json").json()

    assert set(answer) == {"schema", "profiles"}
    assert [(one["name"], one["service"], one["account"]) for one in answer["profiles"]] == [
        ("holiday", "labs", None),
        ("studio", "labs", demo.account),
    ]
    header, holiday, studio = text.stdout.splitlines()
    assert header.split() == ["profile", "service", "account", "last", "sync"]
    assert holiday.split() == ["holiday", "labs"]
    assert studio.split()[:3] == ["studio", "labs", demo.account]
    assert (text.code, text.stderr) == (0, "")


def test_where_there_is_no_profile_the_list_says_how_to_add_one(flowimg: Installation) -> None:
    text, answer = flowimg.quick("profile", "list"), flowimg.quick("profile", "list", "--json")

    assert (text.code, text.stdout) == (0, "")
    assert "flowimg profile add NAME --cookies FILE" in text.stderr
    assert answer.json() == {"schema": 1, "profiles": []}


def test_a_profile_is_shown_without_its_credentials(flowimg: Installation) -> None:
    assert add(flowimg, "studio").code == 0

    text, answer = (
        flowimg.quick("profile", "show", "studio"),
        flowimg.quick("profile", "show", "studio", "--json"),
    )

    assert set(answer.json()) >= {"schema", "name", "service", "account", "output", "created_at", "synced_at"}
    assert re.search(r"(?m)^name +studio$", text.stdout)
    assert re.search(rf"(?m)^output +{re.escape(str(flowimg.pictures))}$", text.stdout)
    for shown in (text, answer):
        assert shown.code == 0
        assert shown.stderr == ""
        assert SESSION not in shown.stdout
        assert CANARY not in shown.stdout


# Removing


def test_without_yes_and_without_a_terminal_nothing_is_removed(synced: Installation) -> None:
    answer = synced.quick("profile", "remove", "studio")

    assert (answer.code, answer.stdout) == (2, "")
    assert "Nothing was removed" in answer.stderr
    assert "42 image records" in answer.stderr
    assert "--yes" in answer.stderr
    assert left_behind(synced) == ["studio", "studio.json"]
    assert synced.quick("status", "--json").json()["profiles"][0]["images"] == 42


def test_a_removed_profile_leaves_its_files_and_nothing_else(small: Installation) -> None:
    assert small.quick("download").code == 0
    files = {path: path.read_bytes() for path in small.files()}

    answer = small.quick("profile", "remove", "studio", "--yes", "--json")

    assert answer.code == 0
    assert answer.json() == {"schema": 1, "profile": "studio", "deleted": 3}
    assert left_behind(small) == []
    assert len(files) == 3
    assert {path: path.read_bytes() for path in small.files()} == files


@pytest.mark.parametrize(("typed", "code", "left"), [("y\n", 0, []), ("n\n", 2, ["studio", "studio.json"])])
def test_at_a_terminal_remove_asks_first(
    signed_in: Installation, typed: str, code: int, left: list[str]
) -> None:
    answer, shown = signed_in.at_terminal("profile", "remove", "studio", typed=typed)

    assert (answer.code, answer.stdout) == (code, "")
    assert "Remove studio with its credentials" in shown
    assert left_behind(signed_in) == left


def test_a_removed_name_is_free_again_and_starts_empty(synced: Installation, demo: DemoService) -> None:
    assert synced.quick("profile", "remove", "studio", "--yes").code == 0

    assert add(synced, "studio", demo.cookie_header).code == 0

    assert synced.quick("status", "--json").json()["profiles"][0]["images"] == 0
    assert Path(synced.home / "credentials" / "studio.json").is_file()
