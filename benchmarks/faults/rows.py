"""The situations: which fault, and what happens to the downloader meanwhile."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

FILE_LIMIT: Final = 512 * 1024
"""Bytes that a file may have where the disk is full: less than a large picture, more than a database."""


class Course(Enum):
    """How a downloader is run. Where it leaves what is wrong, it is run once more, as its user would."""

    ALONE = auto()
    KILLED = auto()
    """kill -9 when the fault has come, then a second run in any case."""
    ON_A_FULL_DISK = auto()
    """The first run cannot write more than `FILE_LIMIT`; the second has room again."""
    TWICE_AT_ONCE = auto()
    """A second process at the same target, when the first is in mid-file."""


@dataclass(frozen=True, slots=True)
class Row:
    """One situation. `fault` is a spec of the demo service; empty: there is none.

    `linked_on` is the part of the service where it spoils the linked picture; the inline one is spoilt
    wherever it can be had. `fault_of_ours` is the fault that flowimg meets where it has means that no peer
    has, and `{elsewhere}` a signed URL of another picture at another host. `png` says that the URL ends so,
    `wait` how many seconds the service asks for, and `latency` how many it takes. A situation that depends on
    chance is tried up to so many `times`, until something is wrong.
    """

    name: str
    title: str
    fault: str = ""
    linked_on: str = "image"
    fault_of_ours: str = ""
    course: Course = Course.ALONE
    png: bool = False
    wait: float = 0.0
    latency: float = 0.0
    times: int = 1

    def specs(self, *, ours: bool, linked: str, inline: str, elsewhere: str) -> list[str]:
        """The faults to arm for a downloader; `linked` and `inline` are the media keys."""
        fault = self.fault_of_ours or self.fault if ours else self.fault
        if not fault:
            return []
        begun = fault.format(elsewhere=elsewhere) + ("," if ":" in fault else ":")
        specs = [f"{begun}on={self.linked_on},key={linked}"]
        return [*specs, f"{begun}on=pictures,key={inline}"] if ours else specs


ROWS: Final = (
    Row("short", "body short of its Content-Length, each time", "cut"),
    Row("short-once", "body short of its Content-Length, once", "cut:each=1"),
    Row("chunks", "chunked, the last chunk never comes", "cut_chunks"),
    Row("no-length", "no Content-Length, closed in mid-body", "cut_close"),
    Row("reset", "reset before the answer, twice, then fine", "reset:each=2"),
    Row("reset-mid", "reset in mid-body, each time", "reset_mid"),
    Row("stall", "silence in mid-body, each time", "stall:at=0.2"),
    Row("changed", "cut; the next try finds another picture, as long, with a new ETag", "changed"),
    Row("html", "200 with text/html", "html"),
    Row("json", "JSON error labelled image/png", "json"),
    Row("empty", "Content-Length: 0", "empty"),
    Row("extension", "JPEG bytes at a .png address", "wrong_label", linked_on="pictures", png=True),
    Row("429", "429 with Retry-After: 3, once", "status:code=429,retry_after=3,each=1", wait=3.0),
    Row("503", "503 twice, then fine", "status:code=503,each=2"),
    Row(
        "expired",
        "403, the URL has expired; the API has a new one",
        "expired_url:code=403",
        # A peer has but the URL that it was given. flowimg asks for a new one, and that one is good; it
        # differs from the old one when a second has passed.
        fault_of_ours="expired_url:code=403,each=1",
        latency=1.0,
    ),
    Row("kill", "kill -9 in mid-file, then again", "stall:each=1", course=Course.KILLED),
    Row("disk", "disk full in mid-file, then room", course=Course.ON_A_FULL_DISK),
    Row(
        "twice",
        "two processes at one target, the second in mid-file",
        "drip:bytes=250,every=0.05",
        course=Course.TWICE_AT_ONCE,
        # Who writes when is chance: now and then wget leaves a whole picture.
        times=3,
    ),
    Row(
        "redirect",
        "redirect to a foreign host, which has another picture",
        "redirect:to={elsewhere}",
    ),
)
