"""Structural similarity as Wang et al. (2004) define it; 1 is the same picture."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity

if TYPE_CHECKING:
    from numpy.typing import NDArray


def luma_ssim(before: Image.Image, after: bytes | Image.Image) -> float:
    """Return the similarity of brightness; what has alpha is laid on white."""
    return _ssim(_channels(before)[0], _channels(_opened(after))[0])


def colour_ssim(before: Image.Image, after: bytes | Image.Image) -> float:
    """Return the mean similarity of the two colour differences, at full resolution."""
    pairs = zip(_channels(before)[1:], _channels(_opened(after))[1:], strict=True)
    return float(np.mean([_ssim(*pair) for pair in pairs]))


def on_white(picture: Image.Image) -> Image.Image:
    """Return the picture in RGB, laid on white where it has alpha."""
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    clear = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB")


def _opened(picture: bytes | Image.Image) -> Image.Image:
    return Image.open(io.BytesIO(picture)) if isinstance(picture, bytes) else picture


def _channels(picture: Image.Image) -> list[NDArray[np.uint8]]:
    return [np.asarray(channel) for channel in on_white(picture).convert("YCbCr").split()]


def _ssim(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> float:
    """The paper's own window: Gaussian, of 1.5 pixels, and the population's covariance."""
    return float(
        structural_similarity(
            before, after, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
    )
