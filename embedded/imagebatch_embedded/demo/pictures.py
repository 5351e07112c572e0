"""Makes the sample pictures, the same at every run, and looks at pictures. Beside the codec the only user of Pillow.

The pictures stand for product photos: soft light, a few objects, fine grain, so that quality costs bytes as in a photo.
"""

from __future__ import annotations

import io
import random
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageDraw, ImageFilter

ORIENTATION_TAG = 0x0112
DETAIL_SIDES = (6, 24, 96)  # cells along the long side of each layer of random light, coarse to fine
GRAIN_SHARE = 0.05
COLOUR_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class Look:
    """What a picture file is: Pillow's name of the format, width and height as displayed, alpha, frames."""

    format: str
    width: int
    height: int
    has_alpha: bool
    frames: int


def look(data: bytes) -> Look:
    """Decode a picture whole and return what it is. Raises OSError when it cannot be decoded."""
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        turned = picture.getexif().get(ORIENTATION_TAG, 1) in (5, 6, 7, 8)
        width, height = reversed(picture.size) if turned else picture.size
        has_alpha = "A" in picture.getbands() or "transparency" in picture.info
        return Look(str(picture.format), width, height, has_alpha, getattr(picture, "n_frames", 1))


def photo(width: int, height: int, seed: int) -> Image.Image:
    """Return an RGB picture of `width` × `height` pixels."""
    dice = random.Random(seed)  # noqa: S311 - a picture, no secret
    layers = [_light(width, height, cells, dice) for cells in DETAIL_SIDES]
    picture = layers[0]
    for number, layer in enumerate(layers[1:], 2):
        picture = Image.blend(picture, layer, 0.5 / number)
    picture = Image.composite(_object(width, height, dice), picture, _outline(width, height, dice))
    grain = Image.frombytes("RGB", (512, 512), dice.randbytes(512 * 512 * 3))
    return Image.blend(picture, _tiled(grain, width, height), GRAIN_SHARE)


def cut_out(width: int, height: int, seed: int) -> Image.Image:
    """Return an RGBA picture of one object with a soft edge on nothing."""
    picture = photo(width, height, seed).convert("RGBA")
    picture.putalpha(_outline(width, height, random.Random(seed)))  # noqa: S311 - a picture, no secret
    return picture


def drawing(width: int, height: int, seed: int) -> Image.Image:
    """Return an RGB picture of flat areas and lines, as a size chart or a screenshot has them."""
    dice = random.Random(seed)  # noqa: S311 - a picture, no secret
    picture = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(picture)
    for row in range(8):
        top, length = row * height // 8, dice.randint(width // 5, width)
        colour = tuple(dice.randrange(256) for _ in range(3))
        pen.rectangle((0, top + 4, length, top + height // 12), fill=colour)
        pen.text((8, top + 6), f"Size {row + 36}: {length / 10:.1f} cm", fill="black")
    return picture


def animation(width: int, height: int, seed: int, frames: int = 8) -> bytes:
    """Return a GIF in which an object turns up bit by bit."""
    first, last = drawing(width, height, seed), photo(width, height, seed)
    stages = [Image.blend(first, last, step / (frames - 1)).convert("P") for step in range(frames)]
    with io.BytesIO() as file:
        stages[0].save(file, "GIF", save_all=True, append_images=stages[1:], duration=120, loop=0)
        return file.getvalue()


def encode(picture: Image.Image, kind: str, *, orientation: int | None = None, **options: object) -> bytes:
    """Return a picture as a file of Pillow's format `kind`; with an orientation (1 to 8) it says how to turn it."""
    if orientation is not None:
        tags = Image.Exif()
        tags[ORIENTATION_TAG] = orientation
        options["exif"] = tags.tobytes()
    with io.BytesIO() as file:
        picture.save(file, kind, **options)
        return file.getvalue()


def _light(width: int, height: int, cells: int, dice: random.Random) -> Image.Image:
    columns = max(2, cells * width // max(width, height))
    rows = max(2, cells * height // max(width, height))
    coloured = Image.frombytes("RGB", (columns, rows), dice.randbytes(columns * rows * 3))
    coarse = Image.blend(coloured.convert("L").convert("RGB"), coloured, COLOUR_SHARE)
    return coarse.resize((width, height), Image.Resampling.BICUBIC)


def _object(width: int, height: int, dice: random.Random) -> Image.Image:
    light, dark = (tuple(dice.randint(low, low + 90) for _ in range(3)) for low in (150, 20))
    shade = Image.linear_gradient("L").resize((width, height))
    return Image.composite(Image.new("RGB", (width, height), dark), Image.new("RGB", (width, height), light), shade)


def _outline(width: int, height: int, dice: random.Random) -> Image.Image:
    """Return the mask of a few overlapping shapes with soft edges; made small, since it is soft."""
    small = Image.new("L", (256, 256), 0)
    pen = ImageDraw.Draw(small)
    for left, top in pairwise(sorted(dice.randint(30, 120) for _ in range(4))):
        box = (left, top, left + dice.randint(70, 130), top + dice.randint(70, 130))
        dice.choice((pen.ellipse, pen.rectangle))(box, fill=255)
    return small.filter(ImageFilter.GaussianBlur(2)).resize((width, height), Image.Resampling.BICUBIC)


def _tiled(tile: Image.Image, width: int, height: int) -> Image.Image:
    picture = Image.new("RGB", (width, height))
    for top in range(0, height, tile.height):
        for left in range(0, width, tile.width):
            picture.paste(tile, (left, top))
    return picture
