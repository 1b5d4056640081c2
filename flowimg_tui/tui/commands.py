"""What the command palette offers: ``area: Verb object``, so that a word of either finds it."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

if TYPE_CHECKING:
    from flowimg_tui.tui.app import FlowimgApp

_ACTIONS: Final = {
    "sync": "gallery: Sync metadata",
    "download": "gallery: Download pictures",
    "retry": "gallery: Retry what failed",
    "verify": "gallery: Verify saved files",
    "stop": "gallery: Stop the work",
    "refresh": "gallery: Force refresh",
    "undo_refresh": "gallery: Undo the force refresh",
    "filter": "view: Filter the images",
    "next_order": "view: Sort by the next column",
    "turn_order": "view: Turn the order round",
    "select_all": "select: Select all that are shown, or none",
    "invert": "select: Invert the selection",
    "range": "select: Begin or end a range",
    "copy": "gallery: Copy the path or name",
    "new": "profile: Add a profile",
    "edit": "profile: Edit the profile",
    "remove": "profile: Remove the profile",
    "profiles": "view: Go to the profiles",
    "show_image": "view: Show the image",
    "preview": "view: Show or hide the picture",
    "cost": "view: Tell what pictures cost",
    "sheet": "view: Show the contact sheet or the table",
    "log": "view: Unfold or fold the log",
    "help": "app: Show all keys",
    "leave": "app: Quit flowimg",
}
_PICTURES: Final = {
    "auto": "as the settings say",
    "kitty": "with kitty's protocol",
    "sixel": "as Sixel",
    "halfcell": "in half blocks",
    "off": "none",
}


class _Command(NamedTuple):
    name: str
    help: str
    run: Callable[[], object]


class FlowimgCommands(Provider):
    """The keys of the screen that can do something now, and the themes."""

    async def discover(self) -> Hits:
        for command in self._commands():
            yield DiscoveryHit(command.name, command.run, help=command.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for command in self._commands():
            score = matcher.match(command.name)
            if score > 0:
                yield Hit(score, matcher.highlight(command.name), command.run, help=command.help)

    def _commands(self) -> Iterator[_Command]:
        from flowimg_tui.tui.screens.image import ImageScreen
        from flowimg_tui.tui.screens.main import MainScreen

        screen = self.screen
        if isinstance(screen, MainScreen | ImageScreen):  # a dialog wants its own keys first
            for owner, binding in screen.keys:
                name = _ACTIONS.get(binding.action)
                if name is not None and screen.why_not(binding.action) is None:
                    yield _Command(name, binding.tooltip, getattr(owner, f"action_{binding.action}"))
        for how, name in _PICTURES.items():
            yield _Command(
                f"pictures: Draw {name}",
                "Until the app ends; preview in the settings",
                partial(self._draw, how),
            )
        for theme in sorted(self.app.available_themes):
            yield _Command(f"theme: Use {theme}", "It comes back the next time", partial(self._use, theme))

    def _draw(self, how: str) -> None:
        from flowimg_tui.previews.probing import Answers
        from flowimg_tui.previews.protocol import AUTO, choose
        from flowimg_tui.previews.textual_images import are_installed

        app = cast("FlowimgApp", self.app)
        settled = app.settled_pictures
        known = Answers(cell=settled.cell)
        app.draw_pictures(
            settled if how == AUTO else choose(how, {}, has_images=are_installed(), answers=known)
        )

    def _use(self, theme: str) -> None:
        self.app.theme = theme
