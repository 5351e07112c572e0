"""Peak memory of a codec child for pictures of 1, 12 and 50 megapixels, beside what the policy asks for them.

Each picture has a pool of its own, whose children keep as much pixel memory as in a pod of 1 GiB with two of them.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from functools import cache

from bench.memory import peak_mib
from bench.real_photographs import large_names, photograph
from bench.report import text_table
from PIL import Image, ImageDraw, ImageFilter
from support.pictures import encode, exif

from imagebatch.model.batch import OutputFormat, OutputOptions
from imagebatch_processor.codec import reading
from imagebatch_processor.codec_pool import CodecPool
from imagebatch_processor.policy import MEBIBYTE, ImageLimits, plan

MEGAPIXELS = (1, 12, 50)
LIMITS = ImageLimits(max_bytes=1024 * MEBIBYTE, max_pixels=51_000_000, decode_seconds=600)
WORKERS, MEMORY_BYTES = 8, 3500 * MEBIBYTE  # enough for any of them, and 4 blocks of 16 MiB kept by each child
HEADINGS = ("picture", *(f"{size} MP, MiB" for size in MEGAPIXELS), *(f"asked for {size} MP" for size in MEGAPIXELS))


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of file and what is made of it."""

    name: str
    kind: str
    output: OutputFormat = OutputFormat.AUTO
    quality: int = 50
    turned: bool = False
    alpha: bool = False
    progressive: bool = False
    mode: str = "RGB"
    max_share: float = 1.0

    def file(self, megapixels: float) -> bytes:
        """Return the file, encoded fast."""
        source = _photograph(megapixels)
        picture = (_cut_out(source) if self.alpha else source).convert("RGBA" if self.alpha else self.mode)
        settings: dict[str, object] = {"JPEG": {"quality": 90, "subsampling": 0 if self.progressive else 2}}.get(
            self.kind,
            {"WEBP": {"quality": 80, "method": 0}, "AVIF": {"speed": 10}}.get(self.kind, {"compress_level": 1}),
        )
        if self.progressive:
            settings["progressive"] = True
        return encode(picture, self.kind, **settings, **({"exif": exif(6)} if self.turned else {}))

    def options(self, megapixels: float) -> OutputOptions:
        """Return what is asked for."""
        width = round(_photograph(megapixels).width * self.max_share) if self.max_share < 1 else None
        return OutputOptions(quality=self.quality, format=self.output, max_width=width)


CASES = (
    Case("JPEG → JPEG", "JPEG"),
    Case("JPEG turned by EXIF → JPEG", "JPEG", turned=True),
    Case("JPEG, progressive 4:4:4, turned → JPEG", "JPEG", turned=True, progressive=True),
    Case("JPEG, CMYK, turned → JPEG", "JPEG", turned=True, mode="CMYK"),
    Case("JPEG turned → WebP", "JPEG", OutputFormat.WEBP, turned=True),
    Case("JPEG turned → WebP, quality 100", "JPEG", OutputFormat.WEBP, 100, turned=True),
    Case("JPEG turned → AVIF", "JPEG", OutputFormat.AVIF, turned=True),
    Case("JPEG turned → AVIF, quality 90", "JPEG", OutputFormat.AVIF, 90, turned=True),
    Case("PNG → PNG", "PNG"),
    Case("PNG → PNG, nine tenths as wide", "PNG", max_share=0.9),
    Case("PNG → PNG, quality 100", "PNG", quality=100),
    Case("PNG with alpha → PNG", "PNG", alpha=True),
    Case("PNG with alpha → PNG, nine tenths as wide", "PNG", alpha=True, max_share=0.9),
    Case("PNG with alpha → JPEG", "PNG", OutputFormat.JPEG, alpha=True),
    Case("PNG with alpha → WebP", "PNG", OutputFormat.WEBP, alpha=True),
    Case("PNG with alpha → AVIF", "PNG", OutputFormat.AVIF, alpha=True),
    Case("PNG with alpha → AVIF, quality 90", "PNG", OutputFormat.AVIF, 90, alpha=True),
    Case("WebP → WebP", "WEBP"),
    Case("AVIF → AVIF", "AVIF"),
)


@cache
def _photograph(megapixels: float) -> Image.Image:
    return photograph(large_names()[0], megapixels)


def _cut_out(picture: Image.Image) -> Image.Image:
    shape = Image.new("L", (600, 400))
    ImageDraw.Draw(shape).ellipse((20, 20, 580, 380), fill=255)
    cut = picture.copy()
    cut.putalpha(shape.filter(ImageFilter.GaussianBlur(8)).resize(picture.size))
    return cut


def asked_mib(data: bytes, options: OutputOptions) -> float:
    """Return the memory that the policy asks for."""
    with reading.open_picture(data, LIMITS) as image:
        return plan(reading.describe(image, data, LIMITS), options, LIMITS).memory_bytes / MEBIBYTE


def taken_mib(data: bytes, options: OutputOptions) -> float:
    """Return the peak resident memory of the child that did the work, without the file that it was sent."""
    with CodecPool(WORKERS, LIMITS, memory_bytes=MEMORY_BYTES) as pool:
        pool.compress(data, options)
        return max(map(peak_mib, pool.pids())) - len(data) / MEBIBYTE


def table(sizes: tuple[float, ...] = MEGAPIXELS) -> tuple[str, bool]:
    """Return the table, and whether no picture took more than was asked for."""
    lines, enough = [], True
    for case in CASES:
        taken, asked = [], []
        for size in sizes:
            data, options = case.file(size), case.options(size)
            taken.append(taken_mib(data, options))
            asked.append(asked_mib(data, options))
        print(case.name, taken, asked, file=sys.stderr, flush=True)
        enough = enough and all(took <= asked_for for took, asked_for in zip(taken, asked, strict=True))
        lines.append((case.name, *(f"{mib:.0f}" for mib in taken + asked)))
    return text_table(HEADINGS if sizes == MEGAPIXELS else ("picture", *map(str, sizes * 2)), lines), enough


def main() -> int:
    """Print the table; 1 if a picture took more than was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=float, nargs="*", help="megapixels (1, 12 and 50)")
    text, enough = table(tuple(parser.parse_args().sizes) or MEGAPIXELS)
    print(text)
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main())
