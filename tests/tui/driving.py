"""Driving the app as a user does: keys, and a look at the screen."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import pytest
from textual import events
from textual.drivers.headless_driver import HeadlessDriver
from textual.keys import _character_to_key
from textual.pilot import Pilot

from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.tui.widgets.gallery_pane import GalleryPane
from flowimg_tui.tui.widgets.image_table import ImageTable
from flowimg_tui.tui.widgets.status_line import StatusLine

PATIENCE = 20.0

AppPilot: TypeAlias = Pilot[None]


class Recorder(HeadlessDriver):
    """Stands for a terminal that answers nothing, and keeps what it is sent."""

    is_headless = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.data: list[str] = []

    def write(self, data: str) -> None:
        self.data.append(data)


def drive(
    app: FlowimgApp,
    script: Callable[[AppPilot], Awaitable[None]],
    size: tuple[int, int] = (120, 40),
    *,
    draws: bool = False,
) -> None:
    """Run the app without a terminal and let ``script`` use it; one that ``draws`` has :func:`written`."""
    app.driver_class = Recorder

    async def main() -> None:
        async with app.run_test(headless=not draws, size=size, notifications=True, tooltips=True) as pilot:
            await pilot.pause()
            await script(pilot)

    asyncio.run(main())


def written(pilot: AppPilot) -> str:
    """Return all that the terminal was sent by an app that draws."""
    assert isinstance(pilot.app._driver, Recorder)
    return "".join(pilot.app._driver.data)


async def until(pilot: AppPilot, holds: Callable[[], bool]) -> None:
    """Wait until ``holds``, looking whenever the app has come to rest."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while True:
        await pilot.pause()
        if holds():
            return
        if asyncio.get_running_loop().time() > deadline:
            pytest.fail(f"waited in vain; the screen says:\n{text_of(pilot)}")
        await asyncio.sleep(0.01)


async def press_and_wait(pilot: AppPilot, key: str, *words: str) -> None:
    """Press ``key`` and wait until all ``words`` stand on the screen, and nothing runs or is counted.

    While images are counted, no key is dimmed for want of them.
    """
    await pilot.press(key)

    def done() -> bool:
        return not app_of(pilot).runs and not is_counting(pilot) and shows(pilot, *words)

    await until(pilot, done)


def is_counting(pilot: AppPilot) -> bool:
    """Tell whether the images of a profile are being counted."""
    return any(worker.group == "counts" and not worker.is_finished for worker in pilot.app.workers)


async def type_in(pilot: AppPilot, text: str) -> None:
    """Type ``text`` as a terminal hands on what comes at once, with the key Enter for a line break."""
    driver = pilot.app._driver
    assert driver is not None
    for character in text:
        key, typed = ("enter", "\r") if character == "\n" else (_character_to_key(character), character)
        driver.send_message(events.Key(key, typed))
    await pilot.pause()


def shows(pilot: AppPilot, *words: str) -> bool:
    """Tell whether all ``words`` stand on the screen."""
    text = text_of(pilot)
    return all(word in text for word in words)


def app_of(pilot: AppPilot) -> FlowimgApp:
    assert isinstance(pilot.app, FlowimgApp)
    return pilot.app


def text_of(pilot: AppPilot) -> str:
    """Return the screen as lines of text."""
    return "\n".join(
        "".join(segment.text for segment in strip) for strip in pilot.app.screen._compositor.render_strips()
    )


def status_of(pilot: AppPilot) -> str:
    return str(pilot.app.screen_stack[0].query_one(StatusLine).content)


def table_of(pilot: AppPilot) -> ImageTable:
    return pilot.app.screen_stack[0].query_one(ImageTable)


def gallery_of(pilot: AppPilot) -> GalleryPane:
    return pilot.app.screen_stack[0].query_one(GalleryPane)


def keys_shown(pilot: AppPilot) -> list[str]:
    """Return the keys of the rows that are on the screen."""
    table = table_of(pilot)
    top = table.scroll_offset.y
    rows = range(top, min(top + table.size.height - 1, table.count))
    return [image.media_key[:8] for row in rows if (image := table.image_at(row)) is not None]
