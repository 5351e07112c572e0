"""libvips as the judge: it decodes what goes in and what comes out, and brings both to sRGB by itself.

The builds, the PNG and the GIF decoder, libheif and the colour conversion are other ones than Pillow's; what it
cannot read, or reads wrongly, the inputs say and bring the true numbers along.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyvips

from matrix.scene import Numbers, vips

if TYPE_CHECKING:
    from matrix.inputs import Input

_ICC = "icc-profile-data"
_CHANNELS_OF_SPACE = {b"GRAY": 1, b"RGB ": 3, b"CMYK": 4, b"Lab ": 3}
_LARGEST = {"uchar": 255, "ushort": 65_535}


@dataclass(frozen=True)
class Seen:
    """A picture as a viewer shows it: sRGB and alpha, both 0 to 255, and what its file says of itself."""

    rgb: Numbers
    alpha: Numbers
    loader: str = ""
    profile: bytes | None = None
    is_gray: bool = False
    orientation: int = 1

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, upright."""
        return self.rgb.shape[1], self.rgb.shape[0]

    @property
    def is_opaque(self) -> bool:
        """Whether nothing shines through."""
        return bool((self.alpha > 254).all())

    def in_or_out(self) -> Seen:
        """Return the picture with alpha as GIF has it: less than half is nothing, the rest is all."""
        return replace(self, alpha=np.where(self.alpha >= 128, 255.0, 0.0))

    def on(self, background: int) -> Numbers:
        """Return the picture laid on a gray background."""
        share = self.alpha / 255
        return self.rgb * share + background * (1 - share)


def seen(data: bytes) -> Seen:
    """Return a file's first picture as libvips shows it."""
    return shown(pyvips.Image.new_from_buffer(data, ""))


def wanted(one: Input, *, flat: bool, max_width: int | None) -> Seen:
    """Return what an input is to look like: on white where `flat`, resized by libvips where it is too wide."""
    picture = pyvips.Image.new_from_buffer(one.make(), "") if one.truth is None else vips(one.truth(), 16)
    picture = picture.autorot()
    if flat and picture.hasalpha():
        picture = picture.flatten(background=_LARGEST[picture.format])
    if max_width is not None and picture.width > max_width:
        picture = _resized(picture, max_width)
    return shown(picture)


def difference(found: Seen, expected: Seen) -> float:
    """Return the mean absolute difference (of 255) where it is larger: on white or on black."""
    return max(float(np.abs(found.on(ground) - expected.on(ground)).mean()) for ground in (255, 0))


def alpha_difference(found: Seen, expected: Seen) -> float:
    """Return the mean absolute difference of the alpha channels (of 255)."""
    return float(np.abs(found.alpha - expected.alpha).mean())


def shown(picture: Any) -> Seen:
    """Return a picture of libvips', upright and in sRGB by the profile it carries."""
    loader = picture.get("vips-loader") if picture.get_typeof("vips-loader") else ""
    profile = bytes(picture.get(_ICC)) if picture.get_typeof(_ICC) else None
    orientation = picture.get("orientation") if picture.get_typeof("orientation") else 1
    is_gray = picture.interpretation in ("b-w", "grey16")
    return _numbers(_in_srgb(picture.autorot(), profile), loader, profile, is_gray, orientation)


def _resized(picture: Any, width: int) -> Any:
    """Return the picture as wide as asked by libvips' resampling, alpha taken into account."""
    kind, height = picture.format, round(picture.height * width / picture.width)
    picture = picture.premultiply() if picture.hasalpha() else picture
    smaller = picture.resize(width / picture.width, vscale=height / picture.height, kernel="lanczos3")
    return (smaller.unpremultiply() if smaller.hasalpha() else smaller).cast(kind)


def _in_srgb(picture: Any, profile: bytes | None) -> Any:
    """Convert by a profile that fits the channels; without one by what libvips takes the numbers for."""
    channels = picture.bands - (1 if picture.hasalpha() else 0)
    if profile and _CHANNELS_OF_SPACE.get(profile[16:20]) == channels:
        picture = picture.icc_transform("srgb", embedded=True, intent="perceptual")
    return picture.colourspace("srgb")


def _numbers(picture: Any, loader: str, profile: bytes | None, is_gray: bool, orientation: int) -> Seen:
    pixels = picture.cast("uchar").numpy().astype(np.float64).reshape(picture.height, picture.width, -1)
    alpha = pixels[..., -1:] if picture.hasalpha() else np.full((*pixels.shape[:2], 1), 255.0)
    colour = pixels[..., :-1] if picture.hasalpha() else pixels
    if colour.shape[-1] == 1:
        colour = np.repeat(colour, 3, axis=-1)
    return Seen(colour, alpha, loader, profile, is_gray, orientation)
