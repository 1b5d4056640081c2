"""Make the pictures of this folder anew, from the app itself on the demo service.

``python screenshots/make.py``; it takes a minute, because the demo is paced as a network is.
"""

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from recording import Recording
from textual.pilot import Pilot

from flowimg_tui.demo.home import demo_workspace
from flowimg_tui.demo.service import DemoOptions, DemoService
from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.tui.widgets.contact_sheet import ContactSheet
from flowimg_tui.tui.widgets.status_line import StatusLine

HERE = Path(__file__).parent
PATIENCE = 60.0
PACED, FAST = 16_000, 10_000_000
"""Bytes a second of each picture."""
SIZES = {"120x40": (120, 40), "80x24": (80, 24)}


async def main() -> None:
    os.environ |= {"FLOWIMG_PAGE_DELAY": "0", "COLORTERM": "truecolor", "TERM": "xterm-256color"}
    for name, size in SIZES.items():
        with demo_app() as app:
            async with app.run_test(size=size) as pilot:
                await play(pilot, app, name)
    with demo_app(google=True, rate=FAST) as app:
        async with app.run_test(size=SIZES["120x40"]) as pilot:
            await look(pilot, app)
    with demo_app(google=True) as app:
        async with app.run_test(size=SIZES["80x24"]) as pilot:
            await record(pilot, app)


@contextmanager
def demo_app(*, google: bool = False, rate: int = PACED) -> Iterator[FlowimgApp]:
    """Give the app over a demo service of its own; that of the google generation knows prompts."""
    with (
        DemoService(DemoOptions(rate=rate)) as service,
        tempfile.TemporaryDirectory() as folder,
        demo_workspace(
            service, Path(folder), service.google_cookie_header if google else service.cookie_header
        ) as workspace,
    ):
        yield FlowimgApp(workspace)


async def play(pilot: Pilot[None], app: FlowimgApp, size: str) -> None:
    """Use the app as a person does on the first day, and take a picture at each step."""

    def status() -> str:
        return str(app.screen_stack[0].query_one(StatusLine).content)

    def downloaded(images: int) -> bool:
        return sum(run.board.snapshot().finished for run in app.runs) >= images

    await pilot.press("s")
    await until(pilot, lambda: status().startswith("Synced"))
    await pilot.press("d")
    await until(pilot, lambda: downloaded(9))
    take(app, f"downloading-{size}")
    await pilot.press("x")
    await until(pilot, lambda: status().startswith("Downloaded"))
    await pilot.pause()
    take(app, f"gallery-{size}")
    await pilot.press("ctrl+x")
    await pilot.pause()
    take(app, f"force-refresh-{size}")
    await pilot.press("escape")


async def look(pilot: Pilot[None], app: FlowimgApp) -> None:
    """Look at the pictures, as a contact sheet."""
    await pilot.press("s")
    await until(pilot, lambda: not app.runs)
    await pilot.press("d")
    await until(pilot, lambda: not app.runs)
    await pilot.press("escape", "t", "right", "right", "down")
    sheet = app.screen.query_one(ContactSheet)

    def drawn() -> bool:
        text = "".join(segment.text for line in sheet.render_lines(sheet.size.region) for segment in line)
        return "▀" in text and " … " not in text

    await until(pilot, drawn)
    take(app, "contact-sheet-120x40")


async def record(pilot: Pilot[None], app: FlowimgApp) -> None:
    """Use the app as a person does on another day, and make a film of it."""
    film = Recording()

    async def see(seconds: float) -> None:
        await pilot.pause()
        film.add(app.export_screenshot(), seconds)

    async def follow(done: Callable[[], bool]) -> None:
        """Look four times a second at what changes by itself."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not done():
            if asyncio.get_running_loop().time() > deadline:
                raise TimeoutError("the run did not end")
            await see(0.25)
            await asyncio.sleep(0.25)

    async def press(*keys: str, seconds: float = 0.5) -> None:
        for key in keys:
            await pilot.press(key)
            await asyncio.sleep(0.1)
            await see(seconds)

    await see(1.0)
    await pilot.press("s")
    await follow(lambda: not app.runs)
    await see(1.5)
    await press("slash", *"harbour", seconds=0.25)
    await see(1.5)
    await press("enter", "a", "escape", seconds=1.0)
    await pilot.press("d")
    await follow(lambda: not app.runs)
    await see(2.0)
    await press("o", "o", "o", seconds=0.8)
    await press(*"jjjjjj", seconds=0.15)
    await see(2.0)
    (HERE / "film.svg").write_text(film.svg(), encoding="utf-8")
    print("film.svg")


def take(app: FlowimgApp, name: str) -> None:
    (HERE / f"{name}.svg").write_text(app.export_screenshot(title="flowimg"), encoding="utf-8")
    print(f"{name}.svg")


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while not holds():
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError("the app did not come to the next picture")
        await pilot.pause(0.05)


if __name__ == "__main__":
    asyncio.run(main())
