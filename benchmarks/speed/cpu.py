"""What of the processor a thousand pictures take, from either source, beside aria2c."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.speed.figures import Figure
from benchmarks.speed.nginx import Delivery, needed, tls_server
from benchmarks.speed.peers import Peers, in_turns
from benchmarks.speed.rounds import Amount
from benchmarks.speed.signed_urls import ROUNDS, SIZES

_TOLD: Final = "300 KB"


def figures(scratch: Path, amount: Amount) -> Iterator[Figure]:
    """Measure it; the start of the program is in it. Raises ProgramMissing."""
    needed("aria2c")
    size, images = SIZES[_TOLD]
    with tls_server([size]) as server:
        peers = Peers(scratch, server, size, amount.of(images))
        runs = in_turns(
            {
                "signed URLs": partial(peers.flowimg, peers.home(Delivery.URL)),
                "the API": partial(peers.flowimg, peers.home(Delivery.API)),
                "signed URLs, aria2c": peers.aria2c,
            },
            min(amount.rounds, ROUNDS),
        )
    for number, (name, ended) in enumerate(runs.items()):
        yield Figure(
            f"cpu-{('url', 'api', 'aria2c')[number]}",
            f"CPU of 1,000 pictures of {_TOLD} from {name}",
            "s",
            tuple(each.cpu / peers.images * 1000 for each in ended),
        )
