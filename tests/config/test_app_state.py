"""What the app remembers: whole or as at the first start, for its owner alone, and never in the way."""

import json
import logging
import os
import stat
from pathlib import Path

import pytest

from flowimg_tui.config.app_state import AppState


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "app.json"


def test_what_is_saved_comes_back(path: Path) -> None:
    state = AppState.load(path)
    assert state.theme is None
    state.theme = "nord"
    state.save()
    assert AppState.load(path).theme == "nord"


def test_the_first_start_leaves_no_file_and_says_nothing(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    AppState.load(path)
    assert not path.parent.exists()
    assert caplog.records == []


def test_only_the_owner_can_read_it_and_nothing_else_is_left(path: Path) -> None:
    AppState(path, theme="nord").save()
    AppState(path, theme="flowimg-light").save()
    assert [each.name for each in path.parent.iterdir()] == ["app.json"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_is_replaced_as_a_whole_or_not_at_all(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    AppState(path, theme="nord").save()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        AppState(path, theme="flowimg-light").save()
    assert AppState.load(path).theme == "nord"
    assert [each.name for each in path.parent.iterdir()] == ["app.json"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"theme": "no',
        b'{"theme": 7}',
        b"[]",
        b"\xff\xfe",
        b'{"theme": "\xff"}',
        b'{"other": ' + b"[" * 60_000,
        b'{"theme": "' + b"x" * 10_000_000 + b'"}',
    ],
    ids=["empty", "cut", "a number", "a list", "binary", "no text", "deep", "long"],
)
def test_a_damaged_file_costs_what_was_remembered_and_one_line_of_the_log(
    path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with caplog.at_level(logging.INFO):
        state = AppState.load(path)
    assert state.theme is None
    (record,) = caplog.records
    assert str(path) in record.getMessage()
    state.theme = "nord"
    state.save()
    assert AppState.load(path).theme == "nord"


def test_a_folder_in_its_place_is_not_fatal(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.mkdir(parents=True)
    assert AppState.load(path).theme is None
    assert len(caplog.records) == 1


def test_what_a_later_version_has_added_is_no_damage(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.parent.mkdir()
    path.write_text(json.dumps({"theme": "nord", "columns": ["key"]}))
    assert AppState.load(path).theme == "nord"
    assert caplog.records == []
