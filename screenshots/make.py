"""Make the pictures of this folder anew, from the app itself on the demo service.

``python screenshots/make.py``; it takes half a minute, because the demo is paced as a network is.
"""

import asyncio
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from flowimg_tui.demo.home import demo_workspace
from flowimg_tui.demo.service import DemoOptions, DemoService
from flowimg_tui.tui.app import FlowimgApp
from flowimg_tui.tui.widgets.status_line import StatusLine

HERE = Path(__file__).parent
PATIENCE = 60.0
SIZES = {"120x40": (120, 40), "80x24": (80, 24)}


async def main() -> None:
    os.environ["FLOWIMG_PAGE_DELAY"] = "0"
    for name, size in SIZES.items():
        with (
            DemoService(DemoOptions(rate=16_000)) as service,
            tempfile.TemporaryDirectory() as folder,
            demo_workspace(service, Path(folder), service.cookie_header) as workspace,
        ):
            app = FlowimgApp(workspace)
            async with app.run_test(size=size) as pilot:
                await play(pilot, app, name)


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
