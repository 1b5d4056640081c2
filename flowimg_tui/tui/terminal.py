"""How the app uses the terminal that it is on: how often it draws, with what movement, with the mouse or not.

Textual reads its own variables while it is imported. So this is settled before, and nothing here imports it.
"""

import gc
import os
import select
import threading
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from flowimg_tui.config.settings import Settings
from flowimg_tui.previews.protocol import settle
from flowimg_tui.workspace import Workspace

_KEYS: Final = 0
_SCREEN: Final = 2
"""The descriptors that Textual reads the keys from and draws on: those of stdin and stderr."""
_LOOK_EVERY: Final = 5.0
_GONE: Final = select.POLLHUP | select.POLLERR

PROGRESS_RATE: Final = 8
_OVER_SSH: Final[Mapping[str, str]] = {
    "TEXTUAL_FPS": "20",
    "TEXTUAL_ANIMATIONS": "none",
    "TEXTUAL_SMOOTH_SCROLL": "0",
}
_PROGRESS_RATE_OVER_SSH: Final = 4


@dataclass(frozen=True, slots=True)
class TerminalUse:
    """What the app may ask of the terminal."""

    textual: Mapping[str, str]
    """Textual's own variables, to be set before it is imported."""
    progress_rate: int
    """How often a second the progress of a run is drawn."""
    mouse: bool
    few_colours: bool
    """Whether pictures make do with 256 colours: a quarter of the bytes."""

    @classmethod
    def of(cls, settings: Settings, environment: Mapping[str, str]) -> Self:
        """Return what the settings say, then Textual's own variables, then what suits the way to the user."""
        over_ssh = bool(environment.get("SSH_CONNECTION"))
        said = {"TEXTUAL_FPS": settings.fps, "TEXTUAL_ANIMATIONS": settings.animations}
        textual = {key: value for key, value in _OVER_SSH.items() if over_ssh and not environment.get(key)}
        textual |= {key: str(value) for key, value in said.items() if value is not None}
        usual_rate = _PROGRESS_RATE_OVER_SSH if over_ssh else PROGRESS_RATE
        few_colours = over_ssh and settings.preview == "auto"
        return cls(textual, settings.progress_rate or usual_rate, settings.mouse, few_colours)


@dataclass(frozen=True, slots=True)
class Ending:
    """How the app ended: the exit code of the process, and what there is to tell on the restored terminal."""

    code: int
    lines: tuple[str, ...] = ()


def run_app(
    workspace: Workspace,
    *,
    reports: Path | None = None,
    environment: MutableMapping[str, str] = os.environ,
) -> Ending:
    """Run the app on this terminal until it ends. Raises ``WorkspaceError`` for settings that cannot be used.

    ``reports`` is the folder for the report of an unexpected error where it cannot stay beside the log.
    """
    settings = workspace.resolved_settings().settings
    use = TerminalUse.of(settings, environment)
    environment.update(use.textual)
    # Before the screen starts, which reads whatever the terminal says.
    pictures = settle(settings.preview, environment, _KEYS, _SCREEN)
    # What is imported stays to the end. To search it for garbage meanwhile would delay the first screen, and
    # stood the screen still for 100 ms afterwards.
    gc.disable()
    # The screen's library is large, and reads the variables now.
    from flowimg_tui.tui.app import FlowimgApp

    gc.freeze()
    gc.enable()
    app = FlowimgApp(
        workspace,
        progress_rate=use.progress_rate,
        few_colours=use.few_colours,
        pictures=pictures,
        reports=reports,
    )
    return app.run_to_ending(use.mouse)


def wait_for_hangup(descriptor: int, ended: threading.Event) -> bool:
    """Wait until the terminal has gone, and tell so; ``False`` where ``ended`` comes first.

    It sends nothing. A terminal can go without a signal: where the shell does not pass it on, or in a session
    that the terminal does not control. Its reader would then get an empty answer at once, for ever.
    """
    watched = select.poll()
    watched.register(descriptor, 0)
    while not ended.is_set():
        states = watched.poll(_LOOK_EVERY * 1000)
        if any(state & _GONE for _, state in states) or not os.isatty(descriptor):
            return True
        if states:
            # A system that cannot wait for a terminal says so at once, and again and again.
            ended.wait(_LOOK_EVERY)
    return False
