"""What comes of the wish to see a picture: a small copy of it, or the reason why there is none."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from PIL import Image

from flowimg_tui.previews.geometry import Colour, Size


class Lack(Enum):
    """Why there is no picture to see."""

    NOT_DOWNLOADED = auto()
    MISSING = auto()
    EMPTY = auto()
    UNREADABLE = auto()
    UNKNOWN_FORMAT = auto()
    DAMAGED = auto()
    TOO_LARGE = auto()
    NO_COLOUR = auto()
    CANCELLED = auto()


_WORDS: Final = {
    Lack.NOT_DOWNLOADED: "not here",
    Lack.MISSING: "missing",
    Lack.EMPTY: "empty",
    Lack.UNREADABLE: "unreadable",
    Lack.UNKNOWN_FORMAT: "unknown format",
    Lack.DAMAGED: "damaged",
    Lack.TOO_LARGE: "too large",
    Lack.NO_COLOUR: "no colour",
    Lack.CANCELLED: "not wanted",
}


@dataclass(frozen=True, slots=True)
class NoPicture:
    """There is nothing to see; ``sentence`` tells the user why, in words of this program alone."""

    lack: Lack
    sentence: str

    @property
    def words(self) -> str:
        """One or two words, where there is no room for the sentence."""
        return _WORDS[self.lack]


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small copy of a saved picture. Nobody changes it, so that every thread may read it."""

    image: Image.Image
    """In RGB, or in RGBA where one can see through the picture."""
    original: Size
    """The pixels of the saved picture, as it is seen: turned where it says so."""

    def on(self, background: Colour) -> Image.Image:
        """Return the picture in RGB, before a background of one colour."""
        if self.image.mode == "RGB":
            return self.image
        ground = Image.new("RGB", self.image.size, background)
        ground.paste(self.image, mask=self.image.getchannel("A"))
        return ground
