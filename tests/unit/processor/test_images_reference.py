"""The table of qualities in docs/reference/images.md is the policy's."""

from __future__ import annotations

import re
from pathlib import Path

from matrix.outputs import MEAN_DIFFERENCE

from imagebatch_processor.policy import ImageFormat, comparable_quality, reduces_to_palette

BOUNDS = re.compile(r"^\| (JPEG|PNG|WebP|AVIF) \| ([\d.]+) \| [\d., ]+ \| ([\d.]+) \| [\d., ]+ \|$", re.MULTILINE)
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "images.md"
LINE = re.compile(r"^\| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (palette|lossless) \|$", re.MULTILINE)


def test_quality_table_in_the_docs_is_the_policys():
    rows = LINE.findall(PAGE.read_text())
    assert len(rows) == 6
    for quality, jpeg, webp, avif, png in rows:
        asked = int(quality)
        told = (int(jpeg), int(webp), int(avif), png == "palette")
        assert told == (
            comparable_quality(ImageFormat.JPEG, asked),
            comparable_quality(ImageFormat.WEBP, asked),
            comparable_quality(ImageFormat.AVIF, asked),
            reduces_to_palette(ImageFormat.PNG, asked),
        )


def test_bounds_in_the_docs_are_those_of_the_matrix() -> None:
    told = {name.upper(): {50: float(half), 100: float(full)} for name, half, full in BOUNDS.findall(PAGE.read_text())}
    assert told == {target.value: bounds for target, bounds in MEAN_DIFFERENCE.items() if target is not ImageFormat.GIF}
