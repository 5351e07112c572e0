"""AVIF and WebP inputs: lossy and lossless, 8 to 12 bits, with alpha and profiles."""

from __future__ import annotations

from functools import partial

from support.avif_boxes import clap, with_property

from imagebatch_processor.policy import ImageFormat
from matrix.inputs import Input
from matrix.profiles import wide_gamut
from matrix.scene import Numbers, colours, cover, pillow, saved, shades, vips, with_alpha

CHROMA = "of colour stored at half the size libheif repeats samples, where libavif blends them as browsers do"
_ROUNDING = "libheif keeps the lower bits through the conversion to RGB, libavif gives 8"
P3 = wide_gamut()


def inputs() -> list[Input]:
    """Return the AVIF and WebP inputs."""
    avif, webp = partial(Input, auto=ImageFormat.AVIF), partial(Input, auto=ImageFormat.WEBP)
    blended = partial(avif, allowance=1.5, why=CHROMA)
    shine = with_alpha(colours(), cover())
    return [
        webp("webp-lossy", partial(_saved, colours(), "WEBP", quality=95)),
        webp("webp-lossy-alpha", partial(_saved, shine, "WEBP", quality=95), alpha=True),
        webp("webp-lossless", partial(_saved, colours(), "WEBP", lossless=True)),
        webp("webp-lossless-alpha", partial(_saved, shine, "WEBP", lossless=True), alpha=True),
        webp("webp-gray", partial(_saved, shades(), "WEBP", quality=95)),
        webp("webp-p3", partial(_saved, colours(), "WEBP", quality=95, icc_profile=P3), profile=P3),
        webp("webp-p3-alpha", partial(_saved, shine, "WEBP", icc_profile=P3), alpha=True, profile=P3),
        avif("avif-8", partial(_by_libheif, colours(), 8)),
        *(
            avif(f"avif-{bits}", partial(_by_libheif, colours(), bits), allowance=0.5, why=_ROUNDING)
            for bits in (10, 12)
        ),
        avif("avif-lossless", partial(_by_libheif, colours(), 8, lossless=True)),
        avif("avif-alpha", partial(_by_libheif, shine, 8), alpha=True),
        avif("avif-alpha-10", partial(_by_libheif, shine, 10), alpha=True),
        avif("avif-gray", partial(_saved, shades(), "AVIF", quality=90), gray=True),
        blended("avif-420", partial(_saved, colours(), "AVIF", quality=90, subsampling="4:2:0")),
        blended("avif-cropped", _cropped),
        blended("avif-limited-range", partial(_saved, colours(), "AVIF", quality=90, range="limited")),
        blended("avif-p3", partial(_saved, colours(), "AVIF", quality=90, icc_profile=P3), profile=P3),
        blended("avif-p3-alpha", partial(_saved, shine, "AVIF", quality=90, icc_profile=P3), alpha=True, profile=P3),
        avif(
            "avif-premultiplied",
            partial(_saved, shine, "AVIF", quality=90, alpha_premultiplied=True),
            alpha=True,
            truth=lambda: shine,
            allowance=1.5,
            why="libvips leaves the colours multiplied by their alpha, though the file says that they are",
        ),
    ]


def _saved(numbers: Numbers, kind: str, **options: object) -> bytes:
    return saved(pillow(numbers), kind, **options)


def _cropped() -> bytes:
    """Return the scene's lower right part, by a clean aperture: as libheif sees to it, on whole samples of colour."""
    scene = colours()
    height, width = scene.shape[:2]
    crop = clap(width // 2, height // 2, width // 2, height // 2)
    return with_property(_saved(scene, "AVIF", quality=90, subsampling="4:4:4"), crop)


def _by_libheif(numbers: Numbers, bits: int, *, lossless: bool = False) -> bytes:
    picture = vips(numbers, 8 if bits == 8 else 16)
    return bytes(picture.heifsave_buffer(compression="av1", bitdepth=bits, Q=90, lossless=lossless, effort=2))
