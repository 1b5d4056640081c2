"""The three actions of a workspace, run to their end, and what they left on disk and at the service."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from flowimg_tui.demo.service import DemoService
from flowimg_tui.mirror.events import DownloadFinished, RefreshEvent, SyncFinished
from flowimg_tui.mirror.progress import ProgressBoard
from flowimg_tui.mirror.stop import Stop
from flowimg_tui.store.records import ProfileRecord
from flowimg_tui.workspace import Workspace
from tests.mirror.helpers import collected, only

E = TypeVar("E")

few = pytest.mark.parametrize("images", [12], ids=["12 images"])
"""Tests that need no whole gallery: pictures take their time to be drawn."""


def run(events: AsyncIterator[E], seen: Callable[[E], object] = lambda _: None) -> list[E]:
    return asyncio.run(collected(events, seen))


def synced(workspace: Workspace, profile: ProfileRecord) -> SyncFinished:
    return only(run(workspace.sync(profile, Stop())), SyncFinished)


def downloaded(workspace: Workspace, profile: ProfileRecord) -> DownloadFinished:
    return only(run(workspace.download(profile, Stop(), ProgressBoard())), DownloadFinished)


def refreshed(workspace: Workspace, profile: ProfileRecord) -> list[RefreshEvent]:
    return run(workspace.refresh(profile, Stop()))


def picture_requests(demo: DemoService) -> list[str]:
    return [ask.raw_path for ask in demo.requests if ask.raw_path.startswith(("/v1/media/", "/image/"))]


def all_files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
