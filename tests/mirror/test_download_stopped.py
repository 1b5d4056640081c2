"""What is under way in a download that is stopped, or whose disk is slow: no save is left half done."""

import asyncio
import os
import threading
from pathlib import Path

import pytest

from flowimg_tui.mirror.events import (
    DownloadEvent,
    DownloadFinished,
    ImageSaved,
    ImageStarted,
)
from flowimg_tui.mirror.stop import Stop
from tests.mirror.helpers import (
    Answer,
    Mirror,
    ScriptedFlow,
    collected,
    knows_many,
    names,
    of_kind,
    only,
    picture,
    turns,
    until,
)


def test_a_stop_keeps_what_is_saved_and_cancels_the_rest(mirror: Mirror) -> None:
    script = knows_many(mirror, 20)
    halting = {**script, **dict.fromkeys(names(20)[4:], Answer.HANG)}

    def stop_at_third(event: DownloadEvent, stop: Stop) -> None:
        if isinstance(event, ImageSaved) and len(mirror.pictures_by_name()) >= 3:
            stop.ask()

    finished = mirror.downloaded(ScriptedFlow(pictures=halting), workers=2, seen=stop_at_third)
    assert 3 <= finished.downloaded < 20
    assert (finished.error, finished.failed) == (None, 0)
    assert finished.downloaded + finished.cancelled == finished.pending == 20
    assert len(mirror.files()) == len(mirror.pictures_by_name()) == finished.downloaded
    rest = mirror.downloaded(ScriptedFlow(pictures=script))
    assert (rest.pending, rest.downloaded) == (finished.cancelled, finished.cancelled)


def test_a_stop_while_every_request_hangs_is_at_once(mirror: Mirror) -> None:
    script = {**knows_many(mirror, 6), **dict.fromkeys(names(5), Answer.HANG), "i5": Answer.STOP}
    events = mirror.download(ScriptedFlow(pictures=script), workers=6)
    assert len(of_kind(events, ImageStarted)) == 6
    assert only(events, DownloadFinished).cancelled == 6
    assert mirror.board.snapshot().transfers == ()
    assert mirror.gallery.counts(mirror.profile.id).pending == 6


class SlowDisk:
    """Holds the final name back until it may be given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.may_go_on = threading.Event(), threading.Event()
        true_link = os.link

        def link(source: Path, target: Path) -> None:
            self.reached.set()
            assert self.may_go_on.wait(20)
            true_link(source, target)

        monkeypatch.setattr(os, "link", link)


def test_while_a_slow_disk_saves_one_picture_the_next_one_comes_and_no_third(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = SlowDisk(monkeypatch)
    service = ScriptedFlow(pictures=knows_many(mirror, 4))

    async def run() -> DownloadFinished:
        running = asyncio.create_task(collected(mirror.downloads(service, Stop(), 1)))
        await until(disk.reached.is_set)
        await until(lambda: service.asked == ["i0", "i1"] and not service.running)
        await turns()
        assert service.asked == ["i0", "i1"]
        disk.may_go_on.set()
        return only(await running, DownloadFinished)

    assert asyncio.run(run()).downloaded == 4
    assert mirror.pictures_by_name() == {name: picture(number) for number, name in enumerate(names(4))}


@pytest.mark.parametrize("how", ["stop", "cancel"])
def test_a_save_that_has_begun_is_ended_with_its_row_whatever_stops_the_run(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    disk = SlowDisk(monkeypatch)
    script = {**knows_many(mirror, 3), "i1": Answer.HANG}

    async def run() -> None:
        stop = Stop()
        events = collected(mirror.downloads(ScriptedFlow(pictures=script), stop, 1))
        running = asyncio.create_task(events)
        await until(disk.reached.is_set)
        if how == "stop":
            stop.ask()
        else:
            running.cancel()
        await turns()
        assert not running.done()
        disk.may_go_on.set()
        if how == "stop":
            finished = only(await running, DownloadFinished)
            assert (finished.downloaded, finished.cancelled) == (1, 2)
        else:
            with pytest.raises(asyncio.CancelledError):
                await running
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())
    assert mirror.pictures_by_name() == {"i0": picture(0)}
    assert set(mirror.files().values()) == {picture(0)}


def test_cancelling_the_task_that_iterates_leaves_no_task_behind(mirror: Mirror) -> None:
    service = ScriptedFlow(pictures={**knows_many(mirror, 4), **dict.fromkeys(names(4), Answer.HANG)})

    async def run() -> None:
        running = asyncio.create_task(collected(mirror.downloads(service, Stop())))
        await until(lambda: service.running == 4)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert service.running == 0

    asyncio.run(run())
    assert mirror.board.snapshot().transfers == ()
