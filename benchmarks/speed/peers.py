"""The same pictures from the same server, brought by flowimg and by its peers."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.processes import FLOWIMG, CommandFailed, Ended, taken
from benchmarks.speed import rounds
from benchmarks.speed.installation import Prepared, fresh_folder, make_empty
from benchmarks.speed.nginx import Delivery, TlsServer, needed

WORKERS: Final = 4
_ARIA2C: Final = (
    *("--no-conf=true", "--quiet=true", f"--max-concurrent-downloads={WORKERS}", "--split=1"),
    "--max-connection-per-server=1",
    # What makes it fastest here: nothing is allocated before it comes, and no state of it is kept meanwhile.
    *("--file-allocation=none", "--auto-save-interval=0"),
)
_PIPELINE: Final = (
    "curl --silent --show-error --fail --cacert {certificate} {url}/media/{{}}"
    " | jq --raw-output .image.encodedImage | base64 --decode > {folder}/{{}}.jpg"
)


def in_turns(work: Mapping[str, Callable[[], Ended]], times: int) -> dict[str, list[Ended]]:
    """Return what each of ``work`` has taken in each round; in a round, each is done once."""
    return rounds.in_turns(work, times)


@dataclass(frozen=True, slots=True)
class Peers:
    """Who brings ``images`` pictures of ``size`` bytes, each with :data:`WORKERS` at a time.

    Each call brings all of them once more, and raises CommandFailed unless all are there and whole.
    """

    scratch: Path
    server: TlsServer
    size: int
    images: int

    def home(self, delivery: Delivery) -> Prepared:
        """Return a home whose gallery has them."""
        settings, listed = self.server.settings(delivery, self.size), self.server.picture_url(self.size, 0)
        return Prepared.of(self.scratch, settings, self.images, listed)

    def flowimg(self, home: Prepared, command: Sequence[str] = FLOWIMG) -> Ended:
        with home.installation(workers=str(WORKERS)) as installation:
            ended, answer = installation.download(command=command)
        if answer["bytes"] != self.size * self.images:
            raise CommandFailed(f"flowimg has brought {answer['bytes']} bytes")
        return ended

    def aria2c(self) -> Ended:
        """From signed URLs, which somebody must have given it."""
        folder = fresh_folder(self.scratch)
        urls = folder / "urls"
        lines = (
            f"{self.server.picture_url(self.size, number)}\n  out={number}.jpg\n"
            for number in range(self.images)
        )
        urls.write_text("".join(lines), "ascii")
        pictures = folder / "pictures"
        where = (f"--input-file={urls}", f"--dir={pictures}", f"--ca-certificate={self.server.certificate}")
        return self._whole(taken([needed("aria2c"), *_ARIA2C, *where], {}), pictures)

    def curl_and_jq(self) -> Ended:
        """From the API's answers: ``curl | jq | base64 -d`` under xargs."""
        needed("curl", "jq")
        folder = fresh_folder(self.scratch)
        pipeline = _PIPELINE.format(
            certificate=shlex.quote(str(self.server.certificate)),
            url=self.server.media_url(Delivery.API, self.size),
            folder=shlex.quote(str(folder)),
        )
        command = ["xargs", "-P", str(WORKERS), "-I", "{}", "sh", "-c", pipeline]
        names = "\n".join(map(str, range(self.images)))
        return self._whole(taken(command, {}, names.encode("ascii")), folder)

    def speed(self, ended: Ended) -> float:
        """Return the million bytes of pictures that have come each second."""
        return self.size * self.images / ended.seconds / 1e6

    def _whole(self, ended: Ended, folder: Path) -> Ended:
        whole = sum(path.stat().st_size == self.size for path in folder.iterdir())
        if whole != self.images:
            raise CommandFailed(f"{whole} of {self.images} pictures are there")
        make_empty(folder)
        return ended
