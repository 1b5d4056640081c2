"""Whose galleries are mirrored here: listing, showing and removing profiles."""

import re

import pytest

from flowimg_tui.demo.service import DemoService
from tests.cli.helpers import SESSION, Installation

# Listing and showing


def test_profiles_are_listed_by_name(signed_in: Installation, demo: DemoService) -> None:
    assert signed_in.add("holiday", demo.google_cookie_header).code == 0
    assert signed_in.quick("sync", "--profile", "studio").code == 0

    text, answer = signed_in.quick("profile", "list"), signed_in.quick("profile", "list", "--json").json()

    assert set(answer) == {"schema", "profiles"}
    assert [(one["name"], one["service"], one["account"]) for one in answer["profiles"]] == [
        ("holiday", "google", demo.account),
        ("studio", "labs", demo.account),
    ]
    header, holiday, studio = text.stdout.splitlines()
    assert header.split() == ["profile", "service", "account", "last", "sync"]
    assert holiday.split() == ["holiday", "google", demo.account]
    assert studio.split()[:3] == ["studio", "labs", demo.account]
    assert (text.code, text.stderr) == (0, "")


def test_where_there_is_no_profile_the_list_says_how_to_add_one(flowimg: Installation) -> None:
    text, answer = flowimg.quick("profile", "list"), flowimg.quick("profile", "list", "--json")

    assert (text.code, text.stdout) == (0, "")
    assert "flowimg profile add NAME --cookies FILE" in text.stderr
    assert answer.json() == {"schema": 1, "profiles": []}


def test_a_profile_is_shown_without_its_credentials(signed_in: Installation, demo: DemoService) -> None:
    text, answer = (
        signed_in.quick("profile", "show", "studio"),
        signed_in.quick("profile", "show", "studio", "--json"),
    )

    assert set(answer.json()) >= {"schema", "name", "service", "account", "output", "created_at", "synced_at"}
    assert re.search(r"(?m)^name +studio$", text.stdout)
    assert re.search(rf"(?m)^output +{re.escape(str(signed_in.pictures))}$", text.stdout)
    for shown in (text, answer):
        assert shown.code == 0
        assert shown.stderr == ""
        assert SESSION not in shown.stdout
        assert demo.cookie_header.partition("=")[2] not in shown.stdout


# Removing


def test_without_yes_and_without_a_terminal_nothing_is_removed(synced: Installation) -> None:
    answer = synced.quick("profile", "remove", "studio")

    assert (answer.code, answer.stdout) == (2, "")
    assert "Nothing was removed" in answer.stderr
    assert "42 image records" in answer.stderr
    assert "--yes" in answer.stderr
    assert synced.left_behind() == ["studio", "studio.json"]
    assert synced.counts()["images"] == 42


def test_a_removed_profile_leaves_its_files_and_nothing_else(small: Installation) -> None:
    assert small.quick("download").code == 0
    files = {path: path.read_bytes() for path in small.files()}

    answer = small.quick("profile", "remove", "studio", "--yes", "--json")

    assert answer.code == 0
    assert answer.json() == {"schema": 1, "profile": "studio", "deleted": 3}
    assert small.left_behind() == []
    assert len(files) == 3
    assert {path: path.read_bytes() for path in small.files()} == files


@pytest.mark.parametrize(("typed", "code", "left"), [("y\n", 0, []), ("n\n", 2, ["studio", "studio.json"])])
def test_at_a_terminal_remove_asks_first(
    signed_in: Installation, typed: str, code: int, left: list[str]
) -> None:
    answer, shown = signed_in.at_terminal("profile", "remove", "studio", typed=typed)

    assert (answer.code, answer.stdout) == (code, "")
    assert "Remove studio with its credentials" in shown
    assert signed_in.left_behind() == left


def test_a_removed_name_is_free_again_and_starts_empty(synced: Installation, demo: DemoService) -> None:
    assert synced.quick("profile", "remove", "studio", "--yes").code == 0

    assert synced.add("studio", demo.cookie_header).code == 0

    assert synced.counts()["images"] == 0
    assert synced.credentials().is_file()
