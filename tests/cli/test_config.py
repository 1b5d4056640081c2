"""``flowimg config``: where the settings are written, which of them hold, and who said so."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from flowimg_tui.config.settings import Settings
from flowimg_tui.demo.service import DemoService
from flowimg_tui.secret import MASK
from tests.cli.helpers import Answer, Installation

KEY = "AIza" + "k" * 35


@pytest.fixture
def bare(flowimg: Installation) -> Installation:
    """An installation whose home alone is set."""
    home = {"FLOWIMG_HOME": flowimg.environment["FLOWIMG_HOME"]}
    installation = Installation(home, flowimg.folder)
    installation.home.mkdir()
    return installation


def file_of(flowimg: Installation, text: str = "") -> Path:
    file = flowimg.home / "config.toml"
    file.write_text(text, "utf-8")
    return file


def row(answer: Answer, setting: str) -> list[str]:
    """Return the cells of a setting in the table, of which none has two spaces in it."""
    (line,) = (line for line in answer.stdout.splitlines() if line.split()[0] == setting)
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


# Where to write them


def test_path_tells_where_the_settings_are_written(bare: Installation) -> None:
    file = file_of(bare)

    answer = bare.quick("config", "path")

    assert (answer.code, answer.stdout, answer.stderr) == (0, f"{file}\n", "")
    assert bare.quick("config", "path", "--json").json() == {"schema": 1, "file": str(file), "exists": True}


def test_path_of_a_file_that_is_not_there_yet_makes_nothing(flowimg: Installation) -> None:
    text, answer = flowimg.quick("config", "path"), flowimg.quick("config", "path", "--json")

    assert (text.code, text.stdout) == (0, f"{flowimg.home / 'config.toml'}\n")
    assert "does not exist yet" in text.stderr
    assert answer.json() == {"schema": 1, "file": str(flowimg.home / "config.toml"), "exists": False}
    assert not flowimg.home.exists()


@pytest.mark.parametrize("text", ["workers = =", "workesr = 1", "workers = 99", "\0"])
def test_path_works_where_the_file_and_the_database_are_broken(bare: Installation, text: str) -> None:
    file = file_of(bare, text)
    (bare.home / "gallery.db").write_text("no database")

    answer = bare.quick("config", "path")

    assert (answer.code, answer.stdout, answer.stderr) == (0, f"{file}\n", "")


def test_path_works_where_no_file_can_be(bare: Installation) -> None:
    elsewhere = bare.with_settings(home=str(bare.folder / ("x" * 300)))

    answer = elsewhere.quick("config", "path")

    assert (answer.code, answer.stdout) == (0, f"{elsewhere.home / 'config.toml'}\n")
    assert answer.stderr == "This file cannot be read: File name too long.\n"


# Which of them hold


def test_show_names_every_setting_with_its_default(bare: Installation) -> None:
    answer = bare.quick("config", "show")

    assert (answer.code, answer.stderr) == (0, "")
    header, *lines = answer.stdout.splitlines()
    assert header.split() == ["setting", "value", "origin"]
    assert [line.split()[0] for line in lines] == [field.name for field in fields(Settings)]
    assert row(answer, "workers") == ["workers", "4", "default"]
    assert row(answer, "page_delay") == ["page_delay", "1-2", "default"]
    assert row(answer, "output") == ["output", "~/Pictures/flowimg/{profile}", "default"]
    assert row(answer, "cookie_command") == ["cookie_command", "not set", "default"]
    assert row(answer, "mouse") == ["mouse", "true", "default"]


def test_show_tells_who_set_what(bare: Installation, demo: DemoService) -> None:
    added = bare.quick(
        "profile", "add", "studio", "--cookies", "-", "--output", "/kept", stdin=demo.cookie_header
    )
    assert added.code == 0
    text = "workers = 2\nretries = 2\npage_size = 2\n[profile.studio]\nretries = 3\npage_size = 3\n"
    file = file_of(bare, text)

    answer = bare.with_settings(page_size="4").quick("config", "show", "--profile", "studio")

    assert (answer.code, answer.stderr) == (0, "")
    assert row(answer, "workers") == ["workers", "2", str(file)]
    assert row(answer, "output") == ["output", "/kept", "the profile"]
    assert row(answer, "retries") == ["retries", "3", f"{file} [profile.studio]"]
    assert row(answer, "page_size") == ["page_size", "4", "FLOWIMG_PAGE_SIZE"]
    assert row(answer, "retry_base") == ["retry_base", "1.0", "default"]


def test_show_without_a_profile_tells_what_no_profile_has_changed(signed_in: Installation) -> None:
    file = file_of(signed_in, "workers = 2\n[profile.studio]\nworkers = 3\n")

    assert row(signed_in.quick("config", "show"), "workers") == ["workers", "2", str(file)]


def test_show_as_json_has_values_and_origins(signed_in: Installation) -> None:
    file = file_of(signed_in, "workers = 2\n[profile.studio]\nworkers = 3\n")

    without = signed_in.quick("config", "show", "--json").json()
    of_studio = signed_in.quick("config", "show", "--json", "--profile", "studio").json()

    assert (without["file"], without["profile"]) == (str(file), None)
    assert (of_studio["file"], of_studio["profile"]) == (str(file), "studio")
    assert without["settings"]["workers"] == {"value": 2, "origin": str(file)}
    assert of_studio["settings"]["workers"] == {"value": 3, "origin": f"{file} [profile.studio]"}
    assert of_studio["settings"]["page_delay"] == {"value": "0", "origin": "FLOWIMG_PAGE_DELAY"}
    assert of_studio["settings"]["service"] == {"value": "labs", "origin": "the profile's cookies"}
    assert of_studio["settings"]["cookie_command"] == {"value": None, "origin": "default"}
    assert list(of_studio["settings"]) == [field.name for field in fields(Settings)]


@pytest.mark.parametrize(
    ("setting", "written", "shown"),
    [
        ("page_delay", "0.5-2", "0.5-2"),
        ("page_delay", 2, "2"),
        ("page_delay", 0.00001, "0.00001"),
        ("service", "google", "google"),
        ("cookie_command", "pass  show 'my flow'", "pass show 'my flow'"),
        ("cookie_command", ["pass", "a b"], "pass 'a b'"),
    ],
)
def test_a_value_that_is_shown_can_be_written_into_the_file(
    bare: Installation, setting: str, written: object, shown: str
) -> None:
    def show() -> Any:
        return bare.quick("config", "show", "--json").json()["settings"][setting]["value"]

    file_of(bare, f"{setting} = " + (f'"{written}"' if isinstance(written, str) else str(written)))
    assert show() == shown
    file_of(bare, f'{setting} = "{shown}"')
    assert show() == shown


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_secrets_are_not_shown(bare: Installation, as_json: list[str]) -> None:
    file_of(bare, f'flow_key = "{KEY}"\ncookie_command = "curl -H \'Authorization: Bearer {KEY}\'"')

    answer = bare.quick("config", "show", *as_json)

    assert answer.code == 0
    assert answer.stdout.count(MASK) == 2
    assert KEY not in answer.stdout + answer.stderr


def test_values_of_the_file_cannot_steer_the_terminal(bare: Installation) -> None:
    file_of(bare, 'cookie_command = "pass \\u001b]0;owned\\u0007"')

    answer = bare.quick("config", "show")

    assert "owned" in answer.stdout
    assert "\x1b" not in answer.stdout


def test_a_profile_that_is_not_there_ends_with_2(signed_in: Installation) -> None:
    answer = signed_in.quick("config", "show", "--profile", "stduio")

    assert (answer.code, answer.stdout) == (2, "")
    assert "There are: studio." in answer.stderr


@pytest.mark.parametrize("text", ["workesr = 1", "[profile.studio]\nlog_level = 1"])
def test_a_file_that_cannot_be_used_is_refused_by_its_path(bare: Installation, text: str) -> None:
    file = file_of(bare, text)

    answer = bare.quick("config", "show")

    assert (answer.code, answer.stdout) == (1, "")
    assert answer.stderr.startswith(f"flowimg: {file}")


@pytest.mark.parametrize("command", ["config", "config show", "config path"])
def test_config_explains_itself(flowimg: Installation, command: str) -> None:
    answer = flowimg.quick(*command.split(), "-h")

    assert (answer.code, answer.stderr) == (0, "")
    assert not flowimg.home.exists()
