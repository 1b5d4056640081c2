"""What holds: flag > variable > the profile's table > the file > default; and wrong values are refused."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowimg_tui.config.settings import SettingError, Settings, resolve_settings
from flowimg_tui.secret import Secret

KEY = "AIza" + "k" * 35
# Of each setting: its text in each of the places, from the strongest to the weakest, and how it is then read.
VALUES: dict[str, tuple[list[Any], list[Any]]] = {
    "workers": ([5, "6", 7, 8], [5, 6, 7, 8]),
    "page_delay": (["0", "1-3", "2", 3.5], [(0, 0), (1, 3), (2, 2), (3.5, 3.5)]),
    "page_size": ([1, "2", 3, 100], [1, 2, 3, 100]),
    "output": (["/a", "/b", "/c", "/d"], ["/a", "/b", "/c", "/d"]),
    "folder_date": (
        ["created", "downloaded", "created", "created"],
        ["created", "downloaded"] + ["created"] * 2,
    ),
    "service": (["labs", "google", "labs", "google"], ["labs", "google", "labs", "google"]),
    "cookie_command": (
        ["pass show flow", "pass show 'my flow'", ["pass", "$HOME;"], "pass"],
        [("pass", "show", "flow"), ("pass", "show", "my flow"), ("pass", "$HOME;"), ("pass",)],
    ),
    "labs_url": ([f"https://{host}/fx" for host in "abcd"], [f"https://{host}/fx" for host in "abcd"]),
    "media_url": ([f"https://{host}/v1/" for host in "abcd"], [f"https://{host}/v1" for host in "abcd"]),
    "google_url": ([f"http://{host}:8080" for host in "abcd"], [f"http://{host}:8080" for host in "abcd"]),
    "flow_key": (
        [f"AIza{letter * 35}" for letter in "abcd"],
        [Secret(f"AIza{letter * 35}") for letter in "abcd"],
    ),
    "retries": ([1, "20", 3, 4], [1, 20, 3, 4]),
    "retry_base": ([0, "0.5", 2, 3.5], [0.0, 0.5, 2.0, 3.5]),
    "image_timeout": ([1, "20", 180, 3600], [1, 20, 180, 3600]),
    "picture_limit": ([1, "20", 64, 1024], [1, 20, 64, 1024]),
    "fps": ([1, "20", 30, 60], [1, 20, 30, 60]),
    "animations": (["none", "basic", "full", "none"], ["none", "basic", "full", "none"]),
    "progress_rate": ([1, "4", 8, 30], [1, 4, 8, 30]),
    "mouse": ([False, "Off", True, False], [False, False, True, False]),
    "preview": (["kitty", "sixel", "halfcell", "off"], ["kitty", "sixel", "halfcell", "off"]),
    "thumbnail_cache": ([0, "20", 300, 100_000], [0, 20, 300, 100_000]),
    "log_level": (["debug", "info", "warning", "error"], ["debug", "info", "warning", "error"]),
}


def toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def load(path: Path, text: str = "", **options: Any) -> Settings:
    path.write_text(text)
    return resolve_settings(path, options.pop("environment", {}), **options).settings


def test_every_setting_is_in_this_table() -> None:
    assert set(VALUES) == set(Settings.__slots__)


def test_without_anything_the_defaults_hold(path: Path) -> None:
    settings = resolve_settings(path, {}).settings
    assert settings == Settings()
    assert (settings.workers, settings.page_delay, settings.page_size) == (4, (1.0, 2.0), 18)
    assert (settings.retries, settings.retry_base, settings.folder_date) == (5, 1.0, "downloaded")
    assert settings.output_folder("studio") == Path.home() / "Pictures" / "flowimg" / "studio"
    assert (settings.flow_key, settings.service, settings.cookie_command) == (None, None, None)
    assert (settings.preview, settings.thumbnail_cache) == ("auto", 200)
    assert (settings.fps, settings.animations, settings.progress_rate, settings.mouse) == (None,) * 3 + (
        True,
    )


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize("way", range(4))
def test_a_switch_can_be_written_in_the_usual_ways(path: Path, way: int, on: bool) -> None:
    written = ("true", "1", "YES", " on ") if on else ("false", "0", "No", "off")
    assert load(path, environment={"FLOWIMG_MOUSE": written[way]}).mouse is on


@pytest.mark.parametrize("setting", VALUES)
@pytest.mark.parametrize("strongest", range(5))
def test_the_strongest_place_that_says_something_decides(path: Path, setting: str, strongest: int) -> None:
    given_values, read = VALUES[setting]
    places: list[Any] = [None] * strongest + given_values[strongest:]
    flag, variable, table, file = places
    text = f"{setting} = {toml(file)}\n" if file is not None else ""
    text += f"[profile.studio]\n{setting} = {toml(table)}\n" if table is not None else "[profile.studio]\n"
    settings = load(
        path,
        text,
        environment={f"FLOWIMG_{setting.upper()}": variable} if variable is not None else {},
        flags={setting: flag},
        profile="studio",
    )
    expected = read[strongest] if strongest < 4 else getattr(Settings(), setting)
    assert getattr(settings, setting) == expected


def test_the_table_of_another_profile_says_nothing(path: Path) -> None:
    text = "workers = 2\n[profile.home]\nworkers = 3\n"
    assert load(path, text, profile="studio").workers == 2
    assert load(path, text).workers == 2
    assert load(path, text, profile="home").workers == 3


def test_what_is_kept_with_the_profile_stands_between_its_table_and_the_file(path: Path) -> None:
    stored = {"output": "/kept"}
    assert load(path, 'output = "/file"', stored=stored).output == "/kept"
    assert load(path, '[profile.p]\noutput = "/table"', stored=stored, profile="p").output == "/table"
    assert load(path, 'output = "/file"', stored={"output": None}).output == "/file"


def test_an_empty_variable_counts_as_not_given(path: Path) -> None:
    assert load(path, "workers = 2", environment={"FLOWIMG_WORKERS": ""}).workers == 2


WRONG: dict[str, tuple[str, list[Any]]] = {
    "workers": ("a whole number from 1 to 16", [0, 17, -1, "four", "4.5", 4.0, True, "0000000049", "٣"]),
    "page_delay": ("seconds, or two", ["2-1", "-1", "fast", "nan", "inf", "1-2-3", 3601, True, "1-"]),
    "page_size": ("a whole number from 1 to 100", [0, 101, "", " ", [18]]),
    "output": ("the path of a folder", ["", "  ", 7, "a\nb", "a\x1b[2J"]),
    "folder_date": ("one of downloaded, created", ["today", "Created", 1, ["created"]]),
    "service": ("one of labs, google", ["flow", "Labs", 1, ["labs"]]),
    "cookie_command": (
        "a program and its arguments, as in pass show flow",
        [
            "pass 'show",
            'pass "show',
            "pass \\",
            "  ",
            "",
            "''",
            "'' show",
            "pa\0ss",
            7,
            [],
            [""],
            ["pass", 7],
        ],
    ),
    "labs_url": (
        "an http or https URL without a query",
        [
            "labs.google/fx",
            "ftp://labs.google",
            "https://",
            "https://h/?x=1",
            "https://me@h/",
            "https://h:x/",
            1,
        ],
    ),
    "media_url": ("an http or https URL", ["https://[::1", "file:///etc/passwd", "javascript:alert(1)"]),
    "google_url": ("an http or https URL", ["https://h:99999", "//h/x"]),
    "flow_key": ("the 39 characters", ["AIza", "B" * 39, KEY + "x", 39]),
    "retries": ("a whole number from 1 to 20", [0, 21, "many"]),
    "retry_base": ("seconds, from 0 to 3600", [-0.5, 3600.5, "nan", "soon", True]),
    "image_timeout": ("a whole number from 1 to 3600", [0, 3601, 1.5, "long"]),
    "picture_limit": ("a whole number from 1 to 1024", [0, 1025, -1, "64 MiB"]),
    "fps": ("a whole number from 1 to 60", [0, 61, "fast", True]),
    "animations": ("one of none, basic, full", ["off", False, 0]),
    "progress_rate": ("a whole number from 1 to 30", [0, 31, 0.5]),
    "mouse": ("true or false", ["maybe", "", 0, 1, "2", [True]]),
    "preview": ("one of auto, kitty, sixel, halfcell, off", ["tgp", "Auto", True, "", ["off"]]),
    "thumbnail_cache": ("a whole number from 0 to 100000", [-1, 100_001, "200 MB", True]),
    "log_level": ("one of debug, info, warning, error", ["loud", "INFO", 10]),
}
wrong_values = pytest.mark.parametrize(
    ("setting", "value"), [(setting, value) for setting, (_, values) in WRONG.items() for value in values]
)


@wrong_values
def test_a_wrong_flag_is_refused_with_its_place_and_what_is_allowed(
    path: Path, setting: str, value: object
) -> None:
    with pytest.raises(SettingError) as refusal:
        load(path, flags={setting: value})
    assert str(refusal.value).startswith(f"--{setting.replace('_', '-')}: must be ")
    assert WRONG[setting][0] in str(refusal.value)


@wrong_values
def test_a_wrong_variable_is_refused_with_its_place_and_what_is_allowed(
    path: Path, setting: str, value: object
) -> None:
    if not isinstance(value, str) or value == "":
        value = "\x00"  # A variable is a text, and an empty one is none.
    variable = f"FLOWIMG_{setting.upper()}"
    with pytest.raises(SettingError) as refusal:
        load(path, environment={variable: value})
    assert str(refusal.value).startswith(f"{variable}: ")
    assert WRONG[setting][0] in str(refusal.value)


@pytest.mark.parametrize("table", ["", "[profile.studio]\n"])
@pytest.mark.parametrize(
    ("line", "setting"),
    [
        ("workers = 99", "workers"),
        ("workers = true", "workers"),
        ("page_delay = [1, 2]", "page_delay"),
        ('labs_url = "labs.google"', "labs_url"),
        ('retry_base = "soon"', "retry_base"),
        ('cookie_command = "pass \'show"', "cookie_command"),
        ('cookie_command = ["pass", 1]', "cookie_command"),
    ],
)
def test_a_wrong_value_in_the_file_is_refused_with_its_place_and_what_is_allowed(
    path: Path, table: str, line: str, setting: str
) -> None:
    with pytest.raises(SettingError) as refusal:
        load(path, table + line)
    place = f"{path} [profile.studio]" if table else str(path)
    assert str(refusal.value).startswith(f"{place}: {setting}: must be ")
    assert WRONG[setting][0] in str(refusal.value)


def test_a_wrong_value_in_the_table_of_any_profile_is_refused(path: Path) -> None:
    with pytest.raises(SettingError, match=r"\[profile\.home\]: workers: must be "):
        load(path, "[profile.home]\nworkers = 99", profile="studio")


@pytest.mark.parametrize(
    "variable", [f"FLOWIMG_{setting.upper()}" for setting in VALUES if setting != "output"]
)
def test_a_wrong_value_is_not_repeated_in_the_message(path: Path, variable: str) -> None:
    """It may be a secret that was put into the wrong place."""
    with pytest.raises(SettingError) as refusal:
        load(path, environment={variable: "canary-secret '"})
    assert "canary" not in str(refusal.value)


@pytest.mark.parametrize(
    ("key", "nearest"),
    [("worker", "workers"), ("pagedelay", "page_delay"), ("log-level", "log_level"), ("lab_url", "labs_url")],
)
@pytest.mark.parametrize("table", ["", "[profile.studio]\n"])
def test_an_unknown_key_is_refused_with_the_nearest_one(
    path: Path, table: str, key: str, nearest: str
) -> None:
    with pytest.raises(SettingError) as refusal:
        load(path, f"{table}{key} = 1")
    place = f"{path} [profile.studio]" if table else str(path)
    assert str(refusal.value).startswith(
        f"{place}: {key}: there is no such setting; did you mean {nearest}? Known are workers, page_delay, "
    )


def test_an_unknown_key_that_is_like_none_is_refused_with_all_of_them(path: Path) -> None:
    with pytest.raises(
        SettingError, match=r"xyzzy: there is no such setting\. Known are workers, .*log_level\."
    ):
        load(path, "xyzzy = 1")


def test_tables_of_profiles_by_another_word_are_refused_with_the_right_one(path: Path) -> None:
    with pytest.raises(SettingError, match=r"profiles: there is no such setting; did you mean profile\?"):
        load(path, "[profiles.studio]\nworkers = 1")


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ('log_level = "INFO"', "one of debug, info, warning, error (did you mean info?)."),
        ('log_level = "warn"', "one of debug, info, warning, error (did you mean warning?)."),
        ('folder_date = "create"', "one of downloaded, created (did you mean created?)."),
        ('service = "goggle"', "one of labs, google (did you mean google?)."),
        ('service = "youtube"', "one of labs, google."),
    ],
)
def test_a_wrong_word_is_refused_with_the_nearest_right_one(path: Path, line: str, meant: str) -> None:
    with pytest.raises(SettingError) as refusal:
        load(path, line)
    assert str(refusal.value).endswith(f": must be {meant}")


@pytest.mark.parametrize("text", ["profile = 1", "[profile]\nstudio = 1", "[[profile]]\nworkers = 1"])
def test_profiles_that_are_no_tables_are_refused(path: Path, text: str) -> None:
    with pytest.raises(SettingError, match=r"must be tables, as in \[profile\.studio\]"):
        load(path, text)


@pytest.mark.parametrize("content", [b"workers = = 4", b"\xff\xfe\x00", b"workers"])
def test_a_file_that_is_not_toml_is_refused_by_its_path(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(SettingError, match=f"{re.escape(str(path))} is not TOML"):
        resolve_settings(path, {})


def test_a_file_that_cannot_be_read_is_refused_by_its_path(path: Path) -> None:
    path.mkdir()
    with pytest.raises(SettingError, match=f"{re.escape(str(path))} cannot be read"):
        resolve_settings(path, {})


@pytest.mark.parametrize("slashes", ["", "/", "///"])
def test_a_url_ends_without_a_slash(path: Path, slashes: str) -> None:
    assert load(path, environment={"FLOWIMG_LABS_URL": f"https://h/fx{slashes}"}).labs_url == "https://h/fx"


@pytest.mark.parametrize("url", ["https://h/fx#part", "https://h/fx?", "https://h/f x", "https://h\n/fx"])
def test_a_url_to_which_no_path_can_be_added_is_refused(path: Path, url: str) -> None:
    with pytest.raises(SettingError, match="an http or https URL"):
        load(path, environment={"FLOWIMG_LABS_URL": url})


@pytest.mark.parametrize("delay", [0.001, 0.00001])
def test_a_very_short_delay_is_a_delay(path: Path, delay: float) -> None:
    assert load(path, f"page_delay = {delay}").page_delay == (delay, delay)


@pytest.mark.parametrize(
    ("output", "folder"),
    [
        ("/pictures/{profile}", "/pictures/studio"),
        ("/pictures", "/pictures"),
        ("/{profile}/{profile}/x", "/studio/studio/x"),
        ("/{other}", "/{other}"),
    ],
)
def test_the_output_folder_can_be_named_for_its_profile(path: Path, output: str, folder: str) -> None:
    assert load(path, f'output = "{output}"').output_folder("studio") == Path(folder)


def test_the_output_folder_can_stand_below_the_own_home_or_the_working_folder(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    monkeypatch.chdir(tmp_path)
    assert load(path, 'output = "~/pics"').output_folder("p") == tmp_path / "me" / "pics"
    assert load(path, 'output = "pics"').output_folder("p") == tmp_path / "pics"


def test_an_output_folder_below_the_home_of_nobody_is_refused(path: Path) -> None:
    with pytest.raises(SettingError):
        load(path, 'output = "~nobody-of-that-name/pics"').output_folder("p")


@pytest.mark.parametrize("setting", VALUES)
@pytest.mark.parametrize("strongest", range(6))
def test_of_each_setting_the_place_that_decides_is_told(path: Path, setting: str, strongest: int) -> None:
    flag, variable, table, file = VALUES[setting][0]
    text = f"{setting} = {toml(file)}\n" if strongest <= 4 else ""
    text += f"[profile.studio]\n{setting} = {toml(table)}\n" if strongest <= 2 else ""
    path.write_text(text)
    resolved = resolve_settings(
        path,
        {f"FLOWIMG_{setting.upper()}": variable if strongest <= 1 else ""},
        profile="studio",
        flags={setting: flag if strongest == 0 else None},
        stored={setting: table if strongest <= 3 else None},
    )
    expected = (
        f"--{setting.replace('_', '-')}",
        f"FLOWIMG_{setting.upper()}",
        f"{path} [profile.studio]",
        "the profile",
        str(path),
        "default",
    )
    others = {other: "default" for other in VALUES if other != setting}
    assert resolved.origins == {setting: expected[strongest], **others}


def test_a_wrong_value_that_is_kept_with_the_profile_is_refused_with_its_place(path: Path) -> None:
    with pytest.raises(SettingError, match=r"^the profile: service: must be one of labs, google\.$"):
        load(path, stored={"service": "flow"})


def test_a_key_is_not_in_the_repr_of_the_settings(path: Path) -> None:
    settings = load(path, f'flow_key = "{KEY}"')
    assert settings.flow_key == Secret(KEY)
    assert KEY not in repr(settings)


@given(st.dictionaries(st.sampled_from(sorted(VALUES)), st.text(max_size=12), max_size=3))
def test_any_text_in_a_variable_is_a_setting_or_refused_by_its_name(values: dict[str, str]) -> None:
    environment = {f"FLOWIMG_{setting.upper()}": text for setting, text in values.items()}
    try:
        settings = resolve_settings(Path("/no/such/file"), environment).settings
    except SettingError as refusal:
        assert str(refusal).startswith(tuple(environment))  # noqa: PT017 - both outcomes are right
    else:
        assert 1 <= settings.workers <= 16
        assert 0 <= settings.page_delay[0] <= settings.page_delay[1] <= 3600
