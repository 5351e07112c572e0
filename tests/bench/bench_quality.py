"""What a quality means: bytes and similarity of every encoder's settings, over photographs and graphics.

The figures behind `policy.py` and "Quality" in docs/reference/images.md: `make bench-quality`, some minutes.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from functools import cache
from statistics import mean
from typing import TYPE_CHECKING, Any

import numpy as np
from bench.graphics import graphics
from bench.real_photographs import names, origin, photograph
from bench.report import text_table
from bench.similarity import colour_ssim, luma_ssim, on_white
from PIL import Image, ImageOps
from support.pictures import encode

from imagebatch_processor.codec.writing import in_palette
from imagebatch_processor.policy import ImageFormat, comparable_quality, encoder_settings, keeps_all_colour

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MEGAPIXELS = 0.5
PIXELS = 500_000
JPEG_QUALITIES = (1, 10, 25, 35, 50, 60, 75, 85, 90, 95, 100)
GRID = {
    ImageFormat.WEBP: (1, 3, 6, 10, 16, 22, 28, 36, 45, 55, 65, 75, 80, 85, 90, 95, 100),
    ImageFormat.AVIF: (1, 5, 10, 16, 22, 28, 34, 40, 46, 52, 58, 64, 70, 76, 79, 80, 88, 94, 100),
}
SMALL_SIDES = (64, 100, 150, 200, 300, 400, 600, 800)

Cells = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Loss:
    """What a setting costs, as means over pictures: bits and similarity a pixel, and the seconds for one picture."""

    bits_per_pixel: float
    ssim: float
    seconds: float


@cache
def photographs() -> tuple[Image.Image, ...]:
    """Return every photograph in the size of a shop's picture."""
    return tuple(photograph(name, MEGAPIXELS) for name in names())


def loss(pictures: Iterable[Image.Image], encoder: Callable[[Image.Image], bytes]) -> Loss:
    """Return what an encoder makes of the pictures."""
    found = [_one_loss(picture, encoder) for picture in pictures]
    return Loss(*(mean(column) for column in zip(*found, strict=True)))


def _one_loss(picture: Image.Image, encoder: Callable[[Image.Image], bytes]) -> tuple[float, float, float]:
    started = time.perf_counter()
    data = encoder(picture)
    seconds = time.perf_counter() - started
    return 8 * len(data) / (picture.width * picture.height), luma_ssim(picture, data), seconds


def setting(target: ImageFormat, **settings: Any) -> Callable[[Image.Image], bytes]:
    """Return an encoder with Pillow's settings."""
    return lambda picture: encode(picture, target.value, **settings)


def product(target: ImageFormat, quality: int) -> Callable[[Image.Image], bytes]:
    """Return the encoder that the product uses for a quality."""
    return setting(target, **encoder_settings(target, quality, PIXELS))


def comparable() -> str:
    """Return for each quality which setting of WebP and AVIF loses as much as JPEG, and which one the policy takes."""
    jpeg = {quality: loss(photographs(), product(ImageFormat.JPEG, quality)) for quality in JPEG_QUALITIES}
    curves = {target: _curve(target, grid) for target, grid in GRID.items()}
    lines = []
    for quality, at in jpeg.items():
        line = [str(quality), f"{at.ssim:.3f}", f"{at.bits_per_pixel:.2f}"]
        for target, curve in curves.items():
            found = np.interp(at.ssim, [point.ssim for point in curve.values()], list(curve))
            bits = np.interp(found, list(curve), [point.bits_per_pixel for point in curve.values()])
            line += [f"{found:.0f}", str(comparable_quality(target, quality)), f"{bits:.2f}"]
        lines.append(tuple(line))
    headings = ("JPEG", "SSIM", "bits", "WebP", "policy", "bits", "AVIF", "policy", "bits")
    return text_table(headings, lines)


def _curve(target: ImageFormat, grid: tuple[int, ...]) -> dict[int, Loss]:
    full_colour = next(quality for quality in JPEG_QUALITIES if keeps_all_colour(ImageFormat.AVIF, quality, PIXELS))
    low, high = (encoder_settings(target, quality, PIXELS) for quality in (50, full_colour))
    from_here = comparable_quality(target, full_colour)
    settings = {quality: {**(low if quality < from_here else high), "quality": quality} for quality in grid}
    return {quality: loss(photographs(), setting(target, **each)) for quality, each in settings.items()}


def of_graphics() -> str:
    """Return what quality 50 does to each graphic, and what subsampling does to JPEG there and to AVIF at 90."""
    ways: dict[str, Callable[[Image.Image], bytes]] = {
        "JPEG": lambda picture: product(ImageFormat.JPEG, 50)(on_white(picture)),
        "JPEG 4:4:4": lambda picture: setting(ImageFormat.JPEG, quality=50, subsampling=0)(on_white(picture)),
        "WebP": product(ImageFormat.WEBP, 50),
        "AVIF": product(ImageFormat.AVIF, 50),
        "AVIF at 90": product(ImageFormat.AVIF, 90),
        "AVIF at 90, 4:2:0": setting(
            ImageFormat.AVIF, **{**encoder_settings(ImageFormat.AVIF, 90, PIXELS), "subsampling": "4:2:0"}
        ),
        "PNG": lambda picture: product(ImageFormat.PNG, 50)(in_palette(picture)),
        "PNG, lossless": product(ImageFormat.PNG, 100),
    }
    pictures = {**graphics(), "13 photographs" if len(names()) > 2 else "photographs": None}
    lines = []
    for name, picture in pictures.items():
        for way, encoder in ways.items():
            lines.append((name, way, *alike([picture] if picture else photographs(), encoder)))
    return text_table(("picture", "encoder", "kB", "SSIM of luma", "of colour", "ms"), lines)


def alike(pictures: Iterable[Image.Image], encoder: Callable[[Image.Image], bytes]) -> Cells:
    """Return kilobytes, similarity of luma and of colour, and milliseconds, as means over pictures."""
    found = []
    for picture in pictures:
        started = time.perf_counter()
        data = encoder(picture)
        seconds = time.perf_counter() - started
        found.append((len(data) / 1000, luma_ssim(picture, data), colour_ssim(picture, data), 1000 * seconds))
    size, luma, colour, milliseconds = (mean(column) for column in zip(*found, strict=True))
    return f"{size:.1f}", f"{luma:.3f}", f"{colour:.3f}", f"{milliseconds:.0f}"


def efforts() -> str:
    """Return what more effort would save, over the photographs: bytes, similarity, time."""
    webp, avif = (encoder_settings(target, 50, PIXELS) for target in (ImageFormat.WEBP, ImageFormat.AVIF))
    rgb = photographs()
    small = [in_palette(picture) for picture in rgb]
    ways: list[tuple[str, Callable[[Image.Image], bytes], Iterable[Image.Image]]] = [
        *((f"WebP, method {n}", setting(ImageFormat.WEBP, **{**webp, "method": n}), rgb) for n in (2, 4, 6)),
        *((f"AVIF, speed {n}", setting(ImageFormat.AVIF, **{**avif, "speed": n}), rgb) for n in (9, 8, 6)),
        *((f"PNG of 256 colours, level {n}", setting(ImageFormat.PNG, compress_level=n), small) for n in (4, 6, 9)),
        *((f"PNG, lossless, level {n}", setting(ImageFormat.PNG, compress_level=n), rgb) for n in (4, 6, 9)),
    ]
    lines = [(name, *alike(pictures, encoder)) for name, encoder, pictures in ways]
    return text_table(("setting", "kB", "SSIM of luma", "of colour", "ms"), lines)


def palettes() -> str:
    """Return what ways to 256 colours lose and cost, PNG's packing included."""
    median_cut, octree = Image.Quantize.MEDIANCUT, Image.Quantize.FASTOCTREE

    def dithered(picture: Image.Image) -> Image.Image:
        palette = picture.quantize(256, median_cut)
        return picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)

    ways: dict[str, Callable[[Image.Image], Image.Image]] = {
        "median cut": lambda picture: picture.quantize(256, median_cut),
        "median cut, dithered": dithered,
        "median cut, 128 colours": lambda picture: picture.quantize(128, median_cut),
        "median cut, 64 colours": lambda picture: picture.quantize(64, median_cut),
        "octree": lambda picture: picture.quantize(256, octree),
        "maximum coverage": lambda picture: picture.quantize(256, Image.Quantize.MAXCOVERAGE),
    }
    png = product(ImageFormat.PNG, 50)
    lines = []
    for name, way in ways.items():
        lines.append((name, *alike(photographs(), lambda picture, way=way: png(way(picture)))))
        white = way(graphics()["logo"]).convert("RGB").getpixel((0, 0))
        lines[-1] += (str(white),)
    return text_table(("way", "kB", "SSIM of luma", "of colour", "ms", "white of the logo"), lines)


def small_pictures() -> str:
    """Return what optimized Huffman tables save of JPEGs, by the picture's longer side."""
    lines = []
    for side in SMALL_SIDES:
        pictures = [ImageOps.contain(picture, (side, side)) for picture in photographs()]
        plain, best = (
            [
                _one_loss(picture, setting(ImageFormat.JPEG, quality=50, subsampling=2, optimize=each))
                for picture in pictures
            ]
            for each in (False, True)
        )
        pixels = mean(picture.width * picture.height for picture in pictures)
        sizes = [mean(loss[0] for loss in losses) * pixels / 8 for losses in (plain, best)]
        times = [1000 * mean(loss[2] for loss in losses) for losses in (plain, best)]
        saved = f"{100 * (1 - sizes[1] / sizes[0]):.1f} %"
        lines.append((str(side), *(f"{size:.0f}" for size in sizes), saved, *(f"{ms:.2f}" for ms in times)))
    return text_table(("side", "bytes", "optimized", "saved", "ms", "optimized"), lines)


TABLES = {
    "comparable": comparable,
    "graphics": of_graphics,
    "palettes": palettes,
    "efforts": efforts,
    "small": small_pictures,
}


def main() -> None:
    """Print the tables that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", help=" ".join(TABLES))
    print(f"photographs: {len(names())} of {MEGAPIXELS} megapixels, {origin()}")
    for name in parser.parse_args().tables or TABLES:
        print(f"\n{name}\n\n{TABLES[name]()}", flush=True)


if __name__ == "__main__":
    main()
