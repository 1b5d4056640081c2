"""Pictures in base64 from the API over TLS, beside a pipeline of curl, jq and base64."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.speed.figures import Figure
from benchmarks.speed.nginx import Delivery, needed, tls_server
from benchmarks.speed.peers import Peers, in_turns
from benchmarks.speed.rounds import Amount, ratios, side_by_side
from benchmarks.speed.signed_urls import SIZES

_MOST: Final = 400
"""Pictures for the pipeline: it takes as long for each of them, and long for each."""


def figures(scratch: Path, amount: Amount) -> Iterator[Figure]:
    """Measure it. Raises ProgramMissing."""
    needed("curl", "jq")
    with tls_server([size for size, _ in SIZES.values()]) as server:
        for told, (size, images) in SIZES.items():
            yield from _figures(Peers(scratch, server, size, amount.of(images)), told, amount)


def _figures(peers: Peers, told: str, amount: Amount) -> Iterator[Figure]:
    fewer = replace(peers, images=min(peers.images, _MOST))
    runs = in_turns(
        {
            "api": partial(peers.flowimg, peers.home(Delivery.API)),
            "url": partial(peers.flowimg, peers.home(Delivery.URL)),
            "pipeline": fewer.curl_and_jq,
        },
        amount.rounds,
    )
    api, url = ([peers.speed(ended) for ended in runs[name]] for name in ("api", "url"))
    pipeline = [fewer.speed(ended) for ended in runs["pipeline"]]
    name = told.replace(" ", "").lower()
    yield Figure(
        f"api-{name}",
        f"base64 from the API, {told}, speed of `curl | jq | base64 -d`'s",
        "×",
        ratios(api, pipeline),
        f"{side_by_side('MB/s', 0, flowimg=api, the_pipeline=pipeline)} with {fewer.images:,} of them",
        at_least=5,
        digits=1,
    )
    yield Figure(
        f"api-{name}-of-urls",
        "the same, of flowimg's from signed URLs",
        "×",
        ratios(api, url),
        side_by_side("MB/s", 0, from_URLs=url),
        at_least=0.6,
    )
