"""Pictures of the app one after the other, as one SVG that plays in a browser and on a page of a repository.

Each line of the screen stands in the file once for each time that it stays the same, as in a film.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final
from xml.etree import ElementTree

_NAMESPACE: Final = "http://www.w3.org/2000/svg"
_LINE: Final = 24.4
"""The height of a line in the pictures of Rich; a text stands on its base line."""
_BASE: Final = {"rect": 1.5, "text": 20.0}
_RULE: Final = re.compile(r"\.(terminal-\d+-r\d+) \{ (.*?) \}")
_KEPT: Final = ("x", "y", "width", "height", "fill", "textLength")


@dataclass
class _Stretch:
    """A line that is seen from one moment to another, in seconds from the start."""

    line: int
    content: str
    begin: float
    end: float


@dataclass
class Recording:
    """Takes pictures as ``App.export_screenshot`` makes them, all of one size."""

    seconds: float = 0.0
    _size: tuple[str, str] = ("0", "0")
    _background: str = ""
    _stretches: list[_Stretch] = field(default_factory=list)
    _last: dict[int, _Stretch] = field(default_factory=dict)

    def add(self, picture: str, seconds: float) -> None:
        """Show ``picture`` for so long."""
        root = ElementTree.fromstring(picture)  # noqa: S314 - made by the app a moment ago
        rules = dict(_RULE.findall(picture))
        screen = root.findall(f"{{{_NAMESPACE}}}g")[-1]
        if not self._stretches:
            self._begin(root, screen)
        end = self.seconds + seconds
        for line, content in self._lines(screen, rules).items():
            last = self._last.get(line)
            if last is not None and last.content == content:
                last.end = end
            else:
                self._last[line] = _Stretch(line, content, self.seconds, end)
                self._stretches.append(self._last[line])
        self.seconds = end

    def _begin(self, root: ElementTree.Element, screen: ElementTree.Element) -> None:
        _, _, width, height = root.attrib["viewBox"].split()
        self._size = (width, height)
        self._background = screen[0].attrib["fill"]

    def _lines(self, screen: ElementTree.Element, rules: dict[str, str]) -> dict[int, str]:
        lines: defaultdict[int, list[str]] = defaultdict(list)
        for element in screen.iter():
            kind = element.tag.removeprefix(f"{{{_NAMESPACE}}}")
            if kind not in _BASE or (kind == "rect" and element.attrib.get("fill") == self._background):
                continue
            line = round((float(element.attrib["y"]) - _BASE[kind]) / _LINE)
            lines[line].append(_written(kind, element, rules))
        return {line: "".join(parts) for line, parts in lines.items()}

    def svg(self) -> str:
        """Return the film. It begins anew when it has ended."""
        intervals = sorted({(each.begin, each.end) for each in self._stretches})
        names = {interval: f"f{number}" for number, interval in enumerate(intervals)}
        width, height = self._size
        inner = float(height) - 50
        return "\n".join(
            (
                f'<svg viewBox="0 0 {width} {height}" xmlns="{_NAMESPACE}">',
                "<style>",
                "text { font-family: 'Fira Code', monospace; font-size: 20px; white-space: pre }",
                "g g { visibility: hidden }",
                *(self._rule(name, *interval) for interval, name in names.items()),
                "</style>",
                f'<rect fill="{self._background}" x="1" y="1" width="{float(width) - 2}" '
                f'height="{float(height) - 2}" rx="8"/>',
                f'<g transform="translate(9, 25)"><svg width="{float(width) - 18}" height="{inner}">',
                *(f'<g class="{names[each.begin, each.end]}">{each.content}</g>' for each in self._stretches),
                "</svg></g>",
                "</svg>",
            )
        )

    def _rule(self, name: str, begin: float, end: float) -> str:
        """Return the rules of what is seen from ``begin`` to ``end``."""
        if begin == 0 and end == self.seconds:
            return f".{name} {{ visibility: visible }}"
        first, last = (f"{100 * moment / self.seconds:.3f}%" for moment in (begin, end))
        steps = "" if begin == 0 else "0% { visibility: hidden } "
        steps += f"{first} {{ visibility: visible }}"
        steps += "" if end == self.seconds else f" {last} {{ visibility: hidden }}"
        return (
            f"@keyframes {name} {{ {steps} }} "
            f".{name} {{ animation: {name} {self.seconds:.2f}s step-end infinite }}"
        )


def _written(kind: str, element: ElementTree.Element, rules: dict[str, str]) -> str:
    kept = {name: element.attrib[name] for name in _KEPT if name in element.attrib}
    style = rules.get(element.attrib.get("class", ""), "")
    if style:
        kept["style"] = style
    attributes = " ".join(f'{name}="{value}"' for name, value in kept.items())
    if kind == "rect":
        return f'<rect {attributes} shape-rendering="crispEdges"/>'
    text = (element.text or "").replace("&", "&amp;").replace("<", "&lt;")
    return f"<text {attributes}>{text}</text>" if text.strip() else ""
