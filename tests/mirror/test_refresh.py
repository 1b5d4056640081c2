"""Force refresh: the records go, the files and their ledger stay, and nothing is fetched twice."""

import logging
from pathlib import Path

import pytest

from flowimg_tui.mirror.events import DownloadFinished, RecordsDeleted
from tests.mirror.helpers import NOON, Mirror, ScriptedFlow, new_image, only, page, picture


def test_the_records_go_and_the_files_and_the_ledger_stay(
    mirror: Mirror, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    mirror.knows(new_image("a"), new_image("b"), new_image("c"))
    script = {name: picture(number) for number, name in enumerate("abc")}
    mirror.download(ScriptedFlow(pictures=script))
    files = mirror.files()
    ledger = mirror.query("SELECT * FROM saved_file")
    assert mirror.refreshed() == [RecordsDeleted(3)]
    assert mirror.rows() == {}
    assert mirror.files() == files
    assert mirror.query("SELECT * FROM saved_file") == ledger
    assert len(ledger) == 3
    assert "Deleted 3 image records (files preserved on disk)" in caplog.text


def test_an_empty_profile_has_nothing_to_delete(mirror: Mirror) -> None:
    assert mirror.refreshed() == [RecordsDeleted(0)]


def test_the_records_of_another_profile_stay(mirror: Mirror) -> None:
    other = mirror.gallery.add_profile("other", "labs", None, NOON)
    mirror.gallery.store_page(other.id, 1, [new_image("a")])
    mirror.knows(new_image("a"))
    mirror.refreshed()
    assert mirror.gallery.counts(other.id).images == 1


def test_after_a_refresh_a_sync_brings_all_back_and_a_download_adopts_them(mirror: Mirror) -> None:
    mirror.sync(ScriptedFlow(pages=[page("a", "b")]))
    mirror.download(ScriptedFlow(pictures={"a": picture(1), "b": picture(2)}))
    pictures = mirror.pictures_by_name()
    mirror.refreshed()
    assert mirror.synced(ScriptedFlow(pages=[page("a", "b")])).new == 2
    service = ScriptedFlow()
    finished = only(mirror.download(service), DownloadFinished)
    assert (finished.pending, finished.adopted, finished.downloaded) == (2, 2, 0)
    assert service.asked == []
    assert mirror.pictures_by_name() == pictures


def test_after_a_refresh_a_file_that_vanished_is_downloaded_again(mirror: Mirror) -> None:
    mirror.sync(ScriptedFlow(pages=[page("a", "b")]))
    script = {"a": picture(1), "b": picture(2)}
    mirror.download(ScriptedFlow(pictures=dict(script)))
    Path(str(mirror.row("a").local_path)).unlink()
    mirror.refreshed()
    mirror.sync(ScriptedFlow(pages=[page("a", "b")]))
    service = ScriptedFlow(pictures=dict(script))
    finished = only(mirror.download(service), DownloadFinished)
    assert (finished.adopted, finished.downloaded) == (1, 1)
    assert service.asked == ["a"]
    assert mirror.pictures_by_name() == script
