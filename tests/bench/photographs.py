"""The source pictures of the measurements: photographs of 2 megapixels as JPEG, made of scikit-learn's two samples."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_image
from support.pictures import encode

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH, HEIGHT = 1632, 1224
QUALITY = 90  # what cameras and shops write
COUNT = 6


@cache
def photographs() -> tuple[bytes, ...]:
    """Return JPEG files (4:2:0, quality 90), all different."""
    return tuple(encode(_photograph(n), "JPEG", quality=QUALITY) for n in range(COUNT))


def _photograph(number: int) -> Image.Image:
    """Return a mosaic of both samples at 1.5 times their size, shifted: scaled up more, they would lack detail."""
    tiles = [_enlarged(name) for name in ("china.jpg", "flower.jpg")]
    if number % 2:
        tiles.reverse()
    upper = np.concatenate(tiles, axis=1)
    lower = np.concatenate([tile[:, ::-1] for tile in reversed(tiles)], axis=1)
    wall = np.concatenate([upper, lower], axis=0)
    wall = np.roll(wall, (37 * number, 151 * number), axis=(0, 1))
    return Image.fromarray(np.ascontiguousarray(wall[:HEIGHT, :WIDTH]))


def _enlarged(name: str) -> NDArray[np.uint8]:
    sample = Image.fromarray(load_sample_image(name))
    size = (sample.width * 3 // 2, sample.height * 3 // 2)
    return np.asarray(sample.resize(size, Image.Resampling.LANCZOS))
