"""Small pictures, the same bytes at every call: photo-like (gradients, shapes, grain), so that quality matters."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
import pillow_heif
from PIL import Image, ImageCms

ORIENTATION_TAG = 0x0112


@cache
def photo(width: int = 320, height: int = 240, seed: int = 0) -> Image.Image:
    """Return an RGB picture: two gradients, a disc with a soft edge and some grain."""
    noise = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    x, y = x / max(width - 1, 1), y / max(height - 1, 1)
    centre_x, centre_y, radius = noise.uniform(0.3, 0.7, 3) * (1, 1, 0.5)
    disc = 1 / (1 + np.exp(40 * (np.hypot(x - centre_x, y - centre_y) - radius)))
    base = np.stack([200 * x + 30, 200 * y + 30, 120 + 100 * np.sin(6 * x * y)], axis=-1)
    tint = noise.uniform(20, 235, 3)
    pixels = base * (1 - disc[..., None]) + tint * disc[..., None] + noise.normal(0, 6, base.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def photo_with_alpha(width: int = 320, height: int = 240, seed: int = 0) -> Image.Image:
    """Return an RGBA picture that fades out from left to right, fully transparent and fully opaque at the edges."""
    picture = photo(width, height, seed).convert("RGBA")
    ramp = np.tile(np.linspace(0, 255, width).astype(np.uint8), (height, 1))
    picture.putalpha(Image.fromarray(ramp))
    return picture


def jpeg(
    width: int = 320,
    height: int = 240,
    *,
    seed: int = 0,
    quality: int = 95,
    orientation: int | None = None,
    icc_profile: bytes | None = None,
) -> bytes:
    """Return a JPEG; with an orientation (1 to 8) its EXIF says how to turn the stored pixels."""
    options: dict[str, object] = {"quality": quality}
    if orientation is not None:
        options["exif"] = exif(orientation)
    return encode(photo(width, height, seed), "JPEG", icc_profile=icc_profile, **options)


def png(
    width: int = 320, height: int = 240, *, seed: int = 0, alpha: bool = False, icc_profile: bytes | None = None
) -> bytes:
    """Return a PNG, RGB or RGBA."""
    make = photo_with_alpha if alpha else photo
    return encode(make(width, height, seed), "PNG", icc_profile=icc_profile)


def webp(width: int = 320, height: int = 240, *, seed: int = 0, alpha: bool = False, quality: int = 95) -> bytes:
    """Return a lossy WebP, RGB or RGBA."""
    make = photo_with_alpha if alpha else photo
    return encode(make(width, height, seed), "WEBP", quality=quality)


def encode(picture: Image.Image, kind: str, *, icc_profile: bytes | None = None, **options: object) -> bytes:
    """Return a picture as a file of Pillow's format `kind`, or as HEIC."""
    if kind == "HEIC":
        return heic(picture, icc_profile=icc_profile, **options)
    if icc_profile is not None:
        options["icc_profile"] = icc_profile
    with io.BytesIO() as file:
        picture.save(file, kind, **options)
        return file.getvalue()


def heic(picture: Image.Image, *, raw: tuple[str, bytes] | None = None, quality: int = 90, **options: object) -> bytes:
    """Return a HEIC file; `raw` gives mode and pixels that Pillow has no name for, such as `RGB;16`."""
    source = pillow_heif.from_bytes(raw[0], picture.size, raw[1]) if raw else pillow_heif.from_pillow(picture)
    with io.BytesIO() as file:
        source.save(file, quality=quality, enc_params={"preset": "ultrafast"}, **options)
        return file.getvalue()


def exif(orientation: int) -> bytes:
    """Return an EXIF block with an orientation."""
    tags = Image.Exif()
    tags[ORIENTATION_TAG] = orientation
    return tags.tobytes()


def srgb_profile() -> bytes:
    """Return an sRGB profile without the date of its making."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile[:24] + bytes(12) + profile[36:]
