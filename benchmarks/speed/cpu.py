"""What of the processor a thousand pictures take, from either source, beside aria2c; and for what."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.speed import sampled
from benchmarks.speed.figures import Figure
from benchmarks.speed.installation import fresh_folder
from benchmarks.speed.nginx import Delivery, needed, tls_server
from benchmarks.speed.peers import Peers, in_turns
from benchmarks.speed.rounds import Amount
from benchmarks.speed.signed_urls import SIZES

_TOLD: Final = "300 KB"
_SOURCES: Final = {Delivery.URL: "signed URLs", Delivery.API: "the API"}


def figures(scratch: Path, amount: Amount) -> Iterator[Figure]:
    """Measure it; the start of the program is in it. Raises ProgramMissing."""
    needed("aria2c")
    with tls_server([size for size, _ in SIZES.values()]) as server:
        size, images = SIZES[_TOLD]
        yield from _seconds(Peers(scratch, server, size, amount.of(images)), amount)
        for told, (size, images) in SIZES.items():
            peers = Peers(scratch, server, size, amount.of(images))
            for delivery in Delivery:
                yield _shares(peers, told, delivery)


def _seconds(peers: Peers, amount: Amount) -> Iterator[Figure]:
    work = {str(source): partial(peers.flowimg, peers.home(source)) for source in _SOURCES}
    runs = in_turns({**work, "aria2c": peers.aria2c}, amount.rounds)
    titles = (*_SOURCES.values(), "signed URLs, aria2c")
    for (name, ended), title in zip(runs.items(), titles, strict=True):
        yield Figure(
            f"cpu-{name}",
            f"CPU of 1,000 pictures of {_TOLD} from {title}",
            "s",
            tuple(each.cpu / peers.images * 1000 for each in ended),
        )


def _shares(peers: Peers, told: str, delivery: Delivery) -> Figure:
    """Return how busy flowimg's first thread is, and with what."""
    file = fresh_folder(peers.scratch) / "shares"
    peers.flowimg(peers.home(delivery), (sys.executable, "-m", sampled.__name__, str(file)))
    answer = json.loads(file.read_text("ascii"))
    parts = Counter[str](answer["parts"])
    return Figure(
        f"cpu-{delivery}-{told.replace(' ', '').lower()}-shares",
        f"pictures of {told} from {_SOURCES[delivery]}: how busy the loop's thread is",
        "%",
        (100 * answer["busy"],),
        ", ".join(f"{part} {100 * times / parts.total():.0f} %" for part, times in parts.most_common()),
        digits=0,
    )
