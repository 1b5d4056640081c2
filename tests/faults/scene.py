"""A gallery whose service can fail, installations that know it and have no file yet, and what they hold."""

import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from flowimg_tui.demo.faults.other_pictures import other_picture
from flowimg_tui.demo.gallery import Delivery, DemoImage
from flowimg_tui.demo.home import demo_environment
from flowimg_tui.demo.service import DemoOptions, DemoService
from tests.cli.helpers import Answer, Installation
from tests.conftest import cookies_of
from tests.demo.faulty import Visitor

AT_ONCE: Final = {"page_delay": "0", "retry_base": "0"}


@dataclass(frozen=True)
class Scene:
    """One service, and of each generation a home that a sync has filled."""

    demo: DemoService
    homes: Path
    images: tuple[DemoImage, ...]
    """Those that the homes know of."""

    @property
    def media_keys(self) -> set[str]:
        return {image.media_key for image in self.images}

    @property
    def by_url_alone(self) -> set[str]:
        """The media keys of the images whose bytes no answer of ``labs`` holds."""
        no_bytes = (Delivery.URL_ONLY, Delivery.GENERATED_2026)
        return {image.media_key for image in self.images if image.delivery in no_bytes}

    def installation(self, service: str, folder: Path, **settings: str) -> Installation:
        """Return an installation below ``folder`` whose records have no files; nothing goes wrong yet."""
        self.demo.clear_faults()
        shutil.copytree(self.homes / service / "home", folder / "home")
        return installation_at(self.demo, folder, **settings)

    def tell_addresses(self, flowimg: Installation) -> None:
        """Let each record know a signed URL of its picture, as after a listing that has them."""
        visitor = Visitor(self.demo)
        addresses = [(self.demo.url + visitor.signed(image), image.media_key) for image in self.images]
        with closing(flowimg.database()) as database, database:
            database.executemany("UPDATE image SET fife_url = ? WHERE media_key = ?", addresses)

    def wrong_files(self, flowimg: Installation, *, replaced: bool = False) -> list[str]:
        """Return the files that are not, byte for byte, the picture that their name promises.

        With ``replaced`` the service's other picture is as good; a piece of one with a piece of the other is
        not.
        """
        return [
            str(path)
            for path in flowimg.files()
            if path.suffix not in (".jpg", ".png", ".webp")
            or path.read_bytes() not in self._pictures(path.stem, replaced=replaced)
        ]

    def _pictures(self, media_key: str, *, replaced: bool) -> tuple[bytes, ...]:
        original = self.demo.picture(media_key)
        return (original, other_picture(original)) if replaced else (original,)


@contextmanager
def scene(folder: Path, *services: str, places: Collection[int] = (0, 1, 2)) -> Iterator[Scene]:
    """Open a gallery; bring its images of these places, counted from the newest, into homes of ``services``.

    Number 1 comes only from its signed URL, and 4 is a WebP.
    """
    with DemoService(DemoOptions(images=max(places) + 1)) as demo:
        listed, _ = demo.gallery.page(None, len(demo.gallery))
        opened = Scene(demo, folder, tuple(listed[place] for place in places))
        for service in services:
            flowimg = installation_at(demo, folder / service)
            assert flowimg.add("studio", cookies_of(demo, service)).code == 0
            assert flowimg.quick("sync").code == 0
            others = [(image.media_key,) for image in listed if image not in opened.images]
            with closing(flowimg.database()) as database, database:
                database.executemany("DELETE FROM image WHERE media_key = ?", others)
        for image in opened.images:
            demo.picture(image.media_key)
        yield opened


def installation_at(demo: DemoService, folder: Path, **settings: str) -> Installation:
    """Return an installation at ``demo`` that waits for nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    return Installation(demo_environment(demo, folder), folder).with_settings(**AT_ONCE, **settings)


def sources(flowimg: Installation) -> dict[str, str]:
    """Return by media key which source delivered each saved file."""
    with closing(flowimg.database()) as database:
        return dict(database.execute("SELECT media_key, source FROM saved_file"))


def states(flowimg: Installation) -> dict[str, str]:
    """Return by media key how each image stands in the database itself."""
    with closing(flowimg.database()) as database:
        rows = database.execute("SELECT media_key, local_path, failure FROM image").fetchall()
    return {key: "downloaded" if path else "failed" if failure else "pending" for key, path, failure in rows}


def told(answer: Answer) -> dict[str, Any]:
    """Return the tally of a download; it balances, names each failure, and has no other words on stdout."""
    tally: dict[str, Any] = answer.json()
    ended = ("downloaded", "adopted", "failed", "cancelled")
    assert tally["pending"] == sum(tally[how] for how in ended)
    assert len(tally["failures"]) == tally["failed"]
    for failure in tally["failures"]:
        assert re.search(rf"failed (and parked )?{re.escape(failure['media_key'])}: ", answer.stderr)
    return tally


def failed(tally: dict[str, Any]) -> dict[str, str]:
    """Return the reason of each failure by media key."""
    return {failure["media_key"]: failure["reason"] for failure in tally["failures"]}
