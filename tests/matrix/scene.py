"""One small picture as numbers from 0 to 1, brought to the depth and channels that a file wants."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pyvips
from PIL import Image

WIDTH, HEIGHT = 64, 48
Numbers = npt.NDArray[Any]


def colours() -> Numbers:
    """Return smooth RGB without symmetry, so that every turn and every exchange of channels shows."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] / np.array([HEIGHT - 1, WIDTH - 1]).reshape(2, 1, 1)
    return 0.06 + 0.88 * np.stack([x, 0.25 + 0.75 * y * (1 - x / 2), (1 - x) * (1 - y)], axis=-1)


def shades() -> Numbers:
    """Return one smooth channel, lighter to the right and more so at the bottom."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] / np.array([HEIGHT - 1, WIDTH - 1]).reshape(2, 1, 1)
    return (0.9 * x * (0.4 + 0.6 * y) + 0.05)[..., None]


def cover() -> Numbers:
    """Return alpha that is 0 at the top, 1 at the bottom and everything between."""
    y = np.linspace(-0.25, 1.25, HEIGHT).reshape(HEIGHT, 1, 1)
    return np.broadcast_to(y.clip(0, 1), (HEIGHT, WIDTH, 1))


def hole() -> Numbers:
    """Return alpha of 0 in one corner and 1 elsewhere, for files that know nothing between."""
    alpha = np.ones((HEIGHT, WIDTH, 1))
    alpha[: HEIGHT // 3, : WIDTH // 4] = 0
    return alpha


def with_alpha(channels: Numbers, alpha: Numbers) -> Numbers:
    """Return the channels with one more."""
    return np.concatenate([channels, alpha], axis=-1)


def stepped(numbers: Numbers, steps: int) -> Numbers:
    """Return the numbers on `steps` even levels, so that a few colours or bits hold them exactly."""
    return np.round(numbers * (steps - 1)) / (steps - 1)


def integers(numbers: Numbers, bits: int) -> Numbers:
    """Return the numbers as integers of 8 or 16 bits."""
    return np.round(numbers * (2**bits - 1)).astype(np.uint8 if bits == 8 else np.uint16)


def pillow(numbers: Numbers) -> Image.Image:
    """Return the numbers as a picture of Pillow's, 8 bits a channel: L, LA, RGB or RGBA."""
    pixels = integers(numbers, 8)
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def vips(numbers: Numbers, bits: int = 8) -> Any:
    """Return the numbers as a picture of libvips', which writes what Pillow does not."""
    gray = numbers.shape[-1] <= 2
    meaning = {(8, True): "b-w", (8, False): "srgb", (16, True): "grey16", (16, False): "rgb16"}[bits, gray]
    return pyvips.Image.new_from_array(np.ascontiguousarray(integers(numbers, bits))).copy(interpretation=meaning)


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    """Return a file of Pillow's format `kind`."""
    with io.BytesIO() as file:
        picture.save(file, kind, **options)
        return file.getvalue()
