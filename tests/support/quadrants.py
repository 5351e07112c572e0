"""Pictures whose four corners have different colours, so that every turn and every loss of colour shows."""

from __future__ import annotations

import io

from PIL import Image

RED, GREEN, BLUE, YELLOW = (220, 40, 40), (40, 180, 60), (40, 60, 200), (230, 210, 50)
CORNERS = (RED, GREEN, BLUE, YELLOW)  # top left, top right, bottom left, bottom right
# What undoes each EXIF orientation: storing the picture this way and tagging it shows the original.
STORED_AS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def quadrants(width: int = 96, height: int = 64, mode: str = "RGB") -> Image.Image:
    """Return the picture; in RGBA its bottom right quarter is transparent, in LA too."""
    picture = Image.new("RGB", (width, height))
    halves = [(0, 0), (width // 2, 0), (0, height // 2), (width // 2, height // 2)]
    for colour, (left, top) in zip(CORNERS, halves, strict=True):
        picture.paste(colour, (left, top, left + width // 2, top + height // 2))
    if mode in ("RGBA", "LA"):
        picture = picture.convert(mode)
        alpha = Image.new("L", (width, height), 255)
        alpha.paste(0, (width // 2, height // 2, width, height))
        picture.putalpha(alpha)
        return picture
    return picture.convert(mode)


def stored_turned(orientation: int, mode: str = "RGB") -> Image.Image:
    """Return the pixels that a camera would store for an EXIF orientation of 1 to 8."""
    picture, turn = quadrants(mode=mode), STORED_AS[orientation]
    return picture if turn is None else picture.transpose(turn)


def opened(data: bytes) -> Image.Image:
    """Return a file's picture, decoded."""
    with io.BytesIO(data) as file:
        picture = Image.open(file)
        picture.load()
        return picture


def corner_colours(picture: Image.Image, mode: str = "RGB") -> list[tuple[int, ...]]:
    """Return the colours in the middle of the four quarters, in the order of `CORNERS`."""
    plain, (width, height) = picture.convert(mode), picture.size
    places = [(width // 4, height // 4), (width * 3 // 4, height // 4)]
    places += [(x, height * 3 // 4) for x, _ in places]
    pixels = [plain.getpixel(place) for place in places]
    return [pixel if isinstance(pixel, tuple) else (pixel,) for pixel in pixels]


def are_close(found: list[tuple[int, ...]], wanted: list[tuple[int, ...]], tolerance: int = 24) -> bool:
    """Return whether every channel of every colour is within the tolerance (of 255)."""
    pairs = [(a, b) for f, w in zip(found, wanted, strict=True) for a, b in zip(f, w, strict=True)]
    return all(abs(a - b) <= tolerance for a, b in pairs)
