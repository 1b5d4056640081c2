"""Pictures from signed URLs over TLS, beside aria2c; and what each part of the work costs of that."""

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.speed import without
from benchmarks.speed.figures import Figure
from benchmarks.speed.nginx import Delivery, needed, tls_server
from benchmarks.speed.peers import Peers, in_turns
from benchmarks.speed.rounds import Amount, ratios, side_by_side

SIZES: Final = {"300 KB": (300_000, 2000), "2 MB": (2_000_000, 400)}
"""Bytes of a picture, and how many are brought."""


def figures(scratch: Path, amount: Amount) -> Iterator[Figure]:
    """Measure it. Raises ProgramMissing."""
    needed("aria2c")
    with tls_server([size for size, _ in SIZES.values()]) as server:
        for told, (size, images) in SIZES.items():
            peers = Peers(scratch, server, size, amount.of(images))
            yield from _figures(peers, told, amount)


def _figures(peers: Peers, told: str, amount: Amount) -> Iterator[Figure]:
    home = peers.home(Delivery.URL)
    crippled = {
        part: partial(peers.flowimg, home, (sys.executable, "-m", without.__name__, part))
        for part in without.PARTS
    }
    runs = in_turns(
        {
            "flowimg": partial(peers.flowimg, home),
            "aria2c": peers.aria2c,
            **crippled,
        },
        amount.rounds,
    )
    speeds = {name: [peers.speed(ended) for ended in each] for name, each in runs.items()}
    name = told.replace(" ", "").lower()
    yield Figure(
        f"signed-urls-{name}",
        f"signed URLs, {told}, speed of aria2c's",
        "×",
        ratios(speeds["flowimg"], speeds["aria2c"]),
        side_by_side("MB/s", 0, flowimg=speeds["flowimg"], aria2c=speeds["aria2c"]),
        at_least=0.5,
    )
    for part in crippled:
        more = ratios(speeds[part], speeds["flowimg"])
        yield Figure(
            f"signed-urls-{name}-without-{without.short(part)}",
            f"the same without {part}, of flowimg's",
            "×",
            more,
            side_by_side("MB/s", 0, flowimg=speeds[part]),
        )
