"""Pixels made fit for the target while looking the same: colour, alpha, size, orientation. Called by the codec.

Rules: grayscale stays grayscale; 16 bits a channel become 8 (except grayscale PNG without loss); CMYK and Lab
become sRGB, by the embedded profile where there is one; alpha is kept where the target can, else laid on white.
"""

from __future__ import annotations

import io
from typing import NamedTuple

from PIL import Image, ImageCms

from imagebatch.model.errors import ImageRejected
from imagebatch_processor.codec.decoding import in_eight_bits
from imagebatch_processor.policy import ImageFormat

_PROFILE_SPACE_AT = slice(16, 20)  # ICC.1:2022, 7.2: the header's data colour space
_SPACES = {"L": b"GRAY", "LA": b"GRAY", "1": b"GRAY", "I;16": b"GRAY", "RGB": b"RGB ", "RGBA": b"RGB ", "P": b"RGB "}
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_PLAIN_MODES = {"La": "LA", "RGBa": "RGBA", "PA": "RGBA", "RGBX": "RGB", "YCbCr": "RGB", "HSV": "RGB"}
_WITH_PALETTE = (ImageFormat.PNG, ImageFormat.GIF)
# WebP has no grayscale, and decoders of AVIF give colour: a profile for grayscale fits neither.
_WITHOUT_GRAY_PROFILE = (ImageFormat.WEBP, ImageFormat.AVIF)
_FINE = "I;16"


class Look(NamedTuple):
    """A picture and the colour profile its numbers are meant in; `converted` if colours were computed anew."""

    image: Image.Image
    profile: bytes | None
    converted: bool = False


def in_target_colours(image: Image.Image, target: ImageFormat, *, lossless: bool) -> Look:
    """Return the picture in a mode that the target's encoder writes. Raises `unsupported_format` for floats."""
    profile = image.info.get("icc_profile") or None
    look = _in_screen_colours(image, profile)
    plain = _in_eight_bits(look.image, keep_fine=lossless and target is ImageFormat.PNG)
    plain = _without_palette(plain, target)
    plain = _with_needed_alpha(plain, target)
    if target in _WITHOUT_GRAY_PROFILE and plain.mode in ("L", "LA") and _space(look.profile) == b"GRAY":
        return Look(_to_srgb(plain, look.profile).convert(plain.mode), None, converted=True)
    kept = look.profile if _SPACES.get(plain.mode) == _space(look.profile) else None
    return Look(plain, kept if target is not ImageFormat.GIF else None, look.converted)


def resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return the picture in another size (pixels); palette and one-bit pictures get the colours in between."""
    if image.size == size:
        return image
    if image.mode in ("1", "P"):
        image = image.convert("L" if image.mode == "1" else _palette_free_mode(image))
    return image.resize(size, Image.Resampling.LANCZOS)


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """Return the picture with its EXIF orientation (1-8) applied."""
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def hides_nothing(image: Image.Image) -> bool:
    """Return whether the picture is opaque, though it may have an alpha channel."""
    if not image.has_transparency_data:
        return True
    with_alpha = image if image.getbands()[-1] in ("A", "a") else image.convert("RGBA")
    return with_alpha.getchannel(len(with_alpha.getbands()) - 1).getextrema() == (255, 255)


def _space(profile: bytes | None) -> bytes:
    return profile[_PROFILE_SPACE_AT] if profile else b""


def _in_screen_colours(image: Image.Image, profile: bytes | None) -> Look:
    """Turn CMYK (YCCK arrives as CMYK) and Lab into RGB; everything else passes."""
    if image.mode == "CMYK":
        matching = profile if _space(profile) == b"CMYK" else None
        return Look(_to_srgb(image, matching), None, converted=True)
    if image.mode == "LAB":
        return Look(_lab_to_srgb(image), None, converted=True)
    if image.mode in _PLAIN_MODES:
        return Look(image.convert(_PLAIN_MODES[image.mode]), profile)
    return Look(image, profile)


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert by the profile, perceptually; without a usable one as Pillow does."""
    if profile:
        try:
            alpha = image.getchannel("A") if image.mode == "LA" else None
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            bare = image.convert("L") if alpha else image
            converted = ImageCms.profileToProfile(bare, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            converted = None
        if converted is not None:
            if alpha:
                converted.putalpha(alpha)
            return converted
    return image.convert("RGBA" if image.mode == "LA" else "RGB")


def _lab_to_srgb(image: Image.Image) -> Image.Image:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    return image.convert("RGB") if converted is None else converted


def _in_eight_bits(image: Image.Image, *, keep_fine: bool) -> Image.Image:
    """Scale 16-bit grayscale to 8 bits, unless it is to be kept; 32-bit numbers have no stated white."""
    if image.mode in ("I", "F"):
        raise ImageRejected("unsupported_format", "pictures of 32-bit numbers are not read")
    if not image.mode.startswith(_FINE):
        return image
    if keep_fine and image.mode == _FINE:
        return image
    return in_eight_bits(image)


def _palette_free_mode(image: Image.Image) -> str:
    return "RGBA" if image.has_transparency_data else "RGB"


def _without_palette(image: Image.Image, target: ImageFormat) -> Image.Image:
    if image.mode == "P" and target not in _WITH_PALETTE:
        return image.convert(_palette_free_mode(image))
    if image.mode == "1" and target is not ImageFormat.PNG:
        return image.convert("L")
    return image


def _with_needed_alpha(image: Image.Image, target: ImageFormat) -> Image.Image:
    """Drop an alpha channel that hides nothing; lay the picture on white where the target has no alpha."""
    if image.mode == "P" or image.mode == _FINE or not image.has_transparency_data:
        return image
    base = "L" if image.mode in ("1", "L", "LA") else "RGB"
    with_alpha = image if image.mode in ("LA", "RGBA") else image.convert(base + "A")
    alpha = with_alpha.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return with_alpha.convert(base)
    if target is not ImageFormat.JPEG:
        return with_alpha
    flat = Image.new(base, image.size, "white")
    flat.paste(with_alpha.convert(base), mask=alpha)
    return flat
