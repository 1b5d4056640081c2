"""Landscapes drawn from a media key: real JPEG, PNG and WebP files, always the same for one key."""

import io
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from flowimg_tui.demo.gallery import PictureFormat

Colour: TypeAlias = tuple[int, int, int]


class PictureSize(StrEnum):
    """`SMALL` has a long side of 320 px (10 to 60 KB), `LARGE` about one megapixel (1 to 2 MB)."""

    SMALL = "small"
    LARGE = "large"


@dataclass(frozen=True, slots=True)
class _Palette:
    """The colours of one hour of the day."""

    sky: tuple[str, str, str]  # zenith, middle, horizon
    light: str  # sun or moon
    hills: tuple[str, str]  # farthest, nearest
    night: bool = False


_LARGE_PIXELS = {
    "IMAGE_ASPECT_RATIO_SQUARE": (1024, 1024),
    "IMAGE_ASPECT_RATIO_LANDSCAPE": (1344, 756),
    "IMAGE_ASPECT_RATIO_PORTRAIT": (756, 1344),
    "IMAGE_ASPECT_RATIO_LANDSCAPE_FOUR_THREE": (1184, 888),
    "IMAGE_ASPECT_RATIO_PORTRAIT_THREE_FOUR": (888, 1184),
}
_SMALL_LONG_SIDE = 320
_SOFTNESS = 8
_SUPERSAMPLING = 2  # Pillow draws polygons without anti-aliasing

_PALETTES = (
    _Palette(("#1d3a6b", "#7f8fc0", "#ffd3a8"), "#fff1d0", ("#9a8fb5", "#1a2238")),  # first light
    _Palette(("#33305e", "#c4647a", "#ffc56e"), "#fff0b8", ("#a8567a", "#20142e")),  # red evening
    _Palette(("#2f7fc4", "#8cc4e8", "#eef6f4"), "#fffdf0", ("#9fc0cf", "#1f4a3c")),  # clear morning
    _Palette(("#0a1230", "#1c2c5e", "#46609a"), "#f4f1dc", ("#37507f", "#070b18"), night=True),  # moonlight
    _Palette(("#f2a65a", "#f7c98b", "#fff0d0"), "#ffffff", ("#dfa777", "#5c2e2a")),  # desert noon
    _Palette(("#6d8a96", "#b7c8c8", "#eef0e6"), "#ffffff", ("#a9bcba", "#2c403c")),  # fog
    _Palette(("#3a1c5c", "#a2488e", "#ff9d8a"), "#ffe3c4", ("#844a86", "#1b0f2c")),  # violet dusk
    _Palette(
        ("#05202c", "#0f5560", "#5fb79c"), "#eafff0", ("#23666a", "#03131a"), night=True
    ),  # northern night
    _Palette(("#f6b6c1", "#fbd9d3", "#fff6e6"), "#ffffff", ("#dba9b8", "#6a4a6a")),  # cherry spring
    _Palette(("#1f4e5f", "#79a8a0", "#f4d58d"), "#fff3c0", ("#7d9a8a", "#1c2f2b")),  # late summer
    _Palette(("#8fb3d9", "#d3e0ee", "#ffffff"), "#ffffff", ("#c3d3e4", "#3f5873")),  # snow light
    _Palette(("#161a3a", "#5b3a6e", "#e8836b"), "#ffd9a0", ("#5d3b66", "#0f0d1f"), night=True),  # last glow
)


def dimensions(aspect_ratio: str, size: PictureSize) -> tuple[int, int]:
    """The (width, height) in pixels of a picture with this `aspect_ratio`; an unknown one is square."""
    width, height = _LARGE_PIXELS.get(aspect_ratio, _LARGE_PIXELS["IMAGE_ASPECT_RATIO_SQUARE"])
    if size is PictureSize.LARGE:
        return width, height
    long_side = max(width, height)
    return round(width * _SMALL_LONG_SIDE / long_side), round(height * _SMALL_LONG_SIDE / long_side)


def draw(media_key: str, aspect_ratio: str, picture_format: PictureFormat, *, size: PictureSize) -> bytes:
    """A whole picture file of at most 2 MB (2,000,000 bytes). The same arguments give the same bytes."""
    rng = random.Random(media_key)  # noqa: S311 - a picture, not a secret
    width, height = dimensions(aspect_ratio, size)
    scene = _Scene(rng, width * _SUPERSAMPLING, height * _SUPERSAMPLING).paint().reduce(_SUPERSAMPLING)
    grain, quality = _FILM[size, picture_format]
    return _encode(_with_grain(scene, rng, grain), picture_format, quality)


class _Scene:
    """A sky over hills, over water more often than not, painted from back to front."""

    def __init__(self, rng: random.Random, width: int, height: int) -> None:
        self.rng = rng
        self.width = width
        self.height = height
        self.unit = min(width, height)
        self.palette = rng.choice(_PALETTES)
        self.water = rng.random() < 0.65
        self.shore = round(height * rng.uniform(0.6, 0.72)) if self.water else height
        self.light_x = round(width * rng.uniform(0.18, 0.82))
        self.light_y = round(self.shore * rng.uniform(0.25, 0.62 if self.water else 0.45))
        self.canvas = _gradient(self.palette.sky, width, height)

    def paint(self) -> Image.Image:
        """Draw the whole scene and give the canvas back."""
        if self.palette.night:
            self._stars()
        self._light()
        self._clouds()
        self._hills()
        if self.water:
            self._reflection()
            self._glitter()
        return self.canvas

    def _stars(self) -> None:
        pen = ImageDraw.Draw(self.canvas)
        for _ in range(110):
            x, y = self.rng.uniform(0, self.width), self.shore * self.rng.random() ** 1.6 * 0.8
            radius = self.unit * self.rng.choice((0.0009, 0.0012, 0.0022))
            colour = _mix(self.palette.sky[1], "#ffffff", self.rng.uniform(0.35, 0.95))
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    def _light(self) -> None:
        radius = self.unit * self.rng.uniform(0.035, 0.085)
        mask, reach = self._soft_mask(), round(radius * 15 / _SOFTNESS)
        centre = (self.light_x // _SOFTNESS - reach, self.light_y // _SOFTNESS - reach)
        mask.paste(_GLOW.resize((2 * reach, 2 * reach)), centre)
        self._lay_softly(self.palette.light, mask)
        x, y = self.light_x, self.light_y
        pen = ImageDraw.Draw(self.canvas)
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=self.palette.light)

    def _clouds(self) -> None:
        mask = self._soft_mask()
        pen = ImageDraw.Draw(mask)
        for _ in range(self.rng.randint(1, 6)):
            left, top = self.rng.uniform(-0.3, 0.9) * mask.width, self.rng.uniform(0.04, 0.5) * mask.height
            length, depth = (
                self.rng.uniform(0.2, 0.7) * mask.width,
                self.rng.uniform(0.01, 0.025) * self.unit / 8,
            )
            for _ in range(9):
                x, y = left + self.rng.random() * length, top + self.rng.gauss(0, depth)
                half = self.rng.uniform(0.15, 0.4) * length
                pen.ellipse((x - half, y - depth, x + half, y + depth), fill=self.rng.randint(60, 150))
        mask = mask.filter(ImageFilter.GaussianBlur(max(1.0, mask.width / 90)))
        self._lay_softly(_mix(self.palette.sky[2], self.palette.light, 0.5), mask)

    def _soft_mask(self) -> Image.Image:
        # Light and clouds have no edges: an eighth of the resolution is enough, and costs next to nothing.
        return Image.new("L", (-(-self.width // _SOFTNESS), -(-self.height // _SOFTNESS)))

    def _lay_softly(self, colour: str | Colour, mask: Image.Image) -> None:
        paint = Image.new("RGB", self.canvas.size, colour)
        self.canvas.paste(paint, (0, 0), mask.resize(paint.size, Image.Resampling.BILINEAR))

    def _hills(self) -> None:
        far, near = self.palette.hills
        count = self.rng.randint(3, 5)
        top, bottom = self.shore * 0.62, self.shore * (0.97 if self.water else 0.9)
        roughness = self.rng.uniform(0.42, 0.56)
        for layer in range(count):
            nearness = layer / (count - 1)
            colour = _mix(far, near, nearness**1.3 * (0.8 if self.water else 1.0))
            base = top + (bottom - top) * nearness
            heights = _ridge(self.rng, roughness, self.unit * (0.24 - 0.16 * nearness))
            if layer == count - 1:
                self._trees(base, heights, _hex(colour))
            # Mist gathers in the valleys, so a hill fades towards its foot, the nearest one least.
            self._hill(base, heights, colour, 0.4 * (1 - nearness * (0.6 if self.water else 1.0)))

    def _hill(self, base: float, heights: list[float], colour: Colour, mist: float) -> None:
        crest = max(0, int(base - max(heights)))
        size = (self.width, max(1, self.shore - crest))
        step = self.width / (len(heights) - 1)
        outline = [(i * step, base - rise - crest) for i, rise in enumerate(heights)]
        mask = Image.new("L", size)
        ImageDraw.Draw(mask).polygon([(0, size[1]), *outline, (self.width, size[1])], fill=255)
        foot = _mix(_hex(colour), self.palette.sky[2], mist)
        self.canvas.paste(_gradient((colour, colour, foot), *size), (0, crest), mask)

    def _trees(self, base: float, heights: list[float], colour: str) -> None:
        pen = ImageDraw.Draw(self.canvas)
        step = self.width / (len(heights) - 1)
        for _ in range(self.rng.choice((0, 24, 60))):
            place = self.rng.randrange(len(heights))
            x, foot = place * step, base - heights[place] + self.unit * 0.01
            tall = self.unit * self.rng.uniform(0.03, 0.085)
            for tier in (0.0, 0.28, 0.54):
                half, tip = tall * (0.1 + tier * 0.24), foot - tall * (1 - tier)
                pen.polygon(
                    [(x, tip), (x - half, tip + tall * 0.46), (x + half, tip + tall * 0.46)], fill=colour
                )

    def _reflection(self) -> None:
        depth = self.height - self.shore
        above = ImageOps.flip(self.canvas.crop((0, self.shore - depth, self.width, self.shore)))
        # Squeezing the width and stretching it again smears the mirror sideways, as wind on water does.
        smear = above.resize((max(1, self.width // 14), depth), Image.Resampling.BOX)
        calm = Image.blend(above, smear.resize(above.size, Image.Resampling.BICUBIC), 0.6)
        deep = _gradient((self.palette.sky[1], self.palette.sky[0], self.palette.hills[1]), self.width, depth)
        self.canvas.paste(Image.blend(calm, deep, 0.3), (0, self.shore))

    def _glitter(self) -> None:
        pen = ImageDraw.Draw(self.canvas, "RGBA")
        depth = self.height - self.shore
        light = _mix(self.palette.light, self.palette.sky[2], 0.3)
        for _ in range(90):
            away = self.rng.random()
            y = self.shore + depth * away
            x = self.light_x + self.rng.gauss(0, self.unit * (0.03 + 0.09 * away))
            half = self.unit * self.rng.uniform(0.006, 0.03) * (0.4 + away)
            thick = max(1.0, self.unit * 0.0022 * (0.6 + away))
            pen.ellipse((x - half, y - thick, x + half, y + thick), fill=(*light, self.rng.randint(40, 150)))


def _ridge(rng: random.Random, roughness: float, rise: float) -> list[float]:
    """257 heights in pixels by midpoint displacement."""
    heights, spread = [rng.uniform(0, rise), rng.uniform(0, rise)], rise
    while len(heights) < 257:
        spread *= roughness
        middles = [(a + b) / 2 + rng.uniform(-spread, spread) for a, b in itertools.pairwise(heights)]
        heights = [height for pair in zip(heights, middles, strict=False) for height in pair] + heights[-1:]
    return heights


def _gradient(stops: Sequence[str | Colour], width: int, height: int) -> Image.Image:
    """A vertical gradient from the first colour at the top to the last at the bottom."""
    strip = Image.new("RGB", (1, len(stops)))
    for row, colour in enumerate(stops):
        strip.paste(colour, (0, row, 1, row + 1))
    column = strip.resize((1, height), Image.Resampling.BICUBIC)
    return column.resize((width, height), Image.Resampling.NEAREST)


def _with_grain(picture: Image.Image, rng: random.Random, amount: int) -> Image.Image:
    """Film grain of up to ±`amount` levels: it hides the banding of gradients, and weighs."""
    noise = Image.frombytes("RGB", picture.size, rng.randbytes(3 * picture.width * picture.height))
    grain = noise.point([round(value * 2 * amount / 255) for value in range(256)] * 3)
    return ImageChops.add(picture, grain, 1, -amount)


def _encode(picture: Image.Image, picture_format: PictureFormat, quality: int) -> bytes:
    file = io.BytesIO()
    match picture_format:
        case PictureFormat.JPEG:
            picture.save(file, "JPEG", quality=quality, subsampling=0)
        case PictureFormat.PNG:
            picture.save(file, "PNG", compress_level=quality)
        case PictureFormat.WEBP:
            picture.save(file, "WEBP", quality=quality, method=0)
    return file.getvalue()


def _mix(first: str, second: str, share: float) -> Colour:
    """`share` (0 to 1) of the second colour in the first."""
    one, two = bytes.fromhex(first[1:]), bytes.fromhex(second[1:])
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, two, strict=True))
    return red, green, blue


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


# A bright core in a wide, faint halo. Pillow's radial gradient has 181 where its circle meets the sides.
_NEARNESS = [max(0.0, 1 - distance / 181) for distance in range(256)]
_GLOW = Image.radial_gradient("L").point([round(110 * near**2 + 120 * near**9) for near in _NEARNESS])
# Film grain in levels and the encoder's quality (for PNG its compression level) make the weight of a file.
_FILM = {
    (PictureSize.SMALL, PictureFormat.JPEG): (5, 90),
    (PictureSize.SMALL, PictureFormat.PNG): (0, 4),
    (PictureSize.SMALL, PictureFormat.WEBP): (6, 92),
    (PictureSize.LARGE, PictureFormat.JPEG): (10, 97),
    (PictureSize.LARGE, PictureFormat.PNG): (3, 4),
    (PictureSize.LARGE, PictureFormat.WEBP): (20, 100),
}
