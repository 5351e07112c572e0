"""PNG, WebP and AVIF re-encoded by this engine and by libvips, on one core: for orientation, one row a format."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from bench.codec_programs import CodecProgram, one_core
from bench.real_photographs import large_names, photograph
from bench.report import text_table
from bench.similarity import luma_ssim
from support.pictures import encode

if TYPE_CHECKING:
    from PIL import Image

MEGAPIXELS = 2
SOURCES: dict[str, dict[str, int]] = {
    "PNG": {"compress_level": 6},
    "WEBP": {"quality": 85},
    "AVIF": {"quality": 75, "speed": 8},
}
HEADINGS = ("2 MP", "this engine", "pyvips", "kB", "pyvips' kB", "SSIM", "pyvips' SSIM")


def other_formats(rounds: int) -> str:
    """Return the table: MP/s, bytes and similarity of each format to itself."""
    original = photograph(large_names()[0], MEGAPIXELS)
    with one_core():
        programs = CodecProgram.python("own"), CodecProgram.python("pyvips")
    with programs[0] as own, programs[1] as vips:
        lines = [_line(kind, original, own, vips, rounds) for kind in SOURCES]
    return text_table(HEADINGS, lines)


def _line(kind: str, original: Image.Image, own: CodecProgram, vips: CodecProgram, rounds: int) -> tuple[str, ...]:
    data = encode(original, kind, **SOURCES[kind])
    answers = [(own.work(data, kind), vips.work(data, kind)) for _ in range(rounds)]
    speeds = [
        f"{MEGAPIXELS / statistics.median(a.seconds for a in column):.1f} MP/s" for column in zip(*answers, strict=True)
    ]
    sizes = [f"{len(answer.data) / 1000:.0f}" for answer in answers[0]]
    alike = [f"{luma_ssim(original, answer.data):.3f}" for answer in answers[0]]
    return kind, *speeds, *sizes, *alike
