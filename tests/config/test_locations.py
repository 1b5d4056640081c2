"""Where things belong on this machine."""

from pathlib import Path

import pytest

from flowimg_tui.config.locations import Locations


def test_one_home_holds_everything(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert Locations.from_environment({"FLOWIMG_HOME": str(home)}) == Locations(
        config=home / "config.toml",
        credentials=home / "credentials",
        database=home / "gallery.db",
        log=home / "flowimg.log",
        locks=home / "locks",
        kept=home / "kept",
        state=home / "app.json",
        thumbnails=home / "thumbnails",
    )


def test_a_home_may_be_relative_or_below_the_own_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert Locations.from_environment({"FLOWIMG_HOME": "here"}).database == tmp_path / "here" / "gallery.db"
    below = Locations.from_environment({"FLOWIMG_HOME": "~/flow"})
    assert below.config == tmp_path / "me" / "flow" / "config.toml"


@pytest.mark.parametrize("environment", [{}, {"FLOWIMG_HOME": ""}])
def test_without_a_home_the_platform_s_own_folders_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    found = Locations.from_environment(environment)
    assert found.config == tmp_path / "XDG_CONFIG_HOME" / "flowimg" / "config.toml"
    assert found.database == tmp_path / "XDG_DATA_HOME" / "flowimg" / "gallery.db"
    assert found.credentials == tmp_path / "XDG_DATA_HOME" / "flowimg" / "credentials"
    assert found.state == tmp_path / "XDG_DATA_HOME" / "flowimg" / "app.json"
    assert found.thumbnails == tmp_path / "XDG_CACHE_HOME" / "flowimg" / "thumbnails"
    assert tmp_path / "XDG_STATE_HOME" / "flowimg" in found.log.parents


def test_asking_creates_nothing(tmp_path: Path) -> None:
    Locations.from_environment({"FLOWIMG_HOME": str(tmp_path / "home")})
    assert list(tmp_path.iterdir()) == []
