"""Pixels that are not read are refused with the exact code and never shown wrongly."""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from matrix.jpegs import inks
from matrix.scene import Numbers, cover, integers, shades, with_alpha

from imagebatch.model.batch import OutputFormat, OutputOptions
from imagebatch.model.errors import ImageRejected
from imagebatch_processor.codec import compress
from imagebatch_processor.policy import ImageLimits

if TYPE_CHECKING:
    from collections.abc import Callable


def _tiff(pixels: Numbers, **options: Any) -> bytes:
    with io.BytesIO() as file:
        tifffile.imwrite(file, pixels, metadata=None, **options)
        return file.getvalue()


def _numbers(kind: str) -> bytes:
    return _tiff((shades()[..., 0] * 100).astype(kind))


def _gray_with_alpha() -> bytes:
    pixels = integers(with_alpha(shades(), cover()), 16)
    return _tiff(pixels, photometric="minisblack", planarconfig="contig", extrasamples=["unassalpha"])


def _inks_with_alpha() -> bytes:
    pixels = np.dstack([np.asarray(inks()), integers(cover(), 8)])
    return _tiff(pixels, photometric="separated", extrasamples=["unassalpha"])


def _gray_with_alpha_in_planes(compression: str | None, alpha: str = "unassalpha") -> bytes:
    pixels = np.moveaxis(integers(with_alpha(shades(), cover()), 8), -1, 0)
    return _tiff(pixels, photometric="minisblack", planarconfig="separate", extrasamples=[alpha],
                 compression=compression)  # fmt: skip


def _inks_of_16_bits_in_planes() -> bytes:
    pixels = np.moveaxis(np.asarray(inks()).astype(np.uint16) * 257, -1, 0)
    return _tiff(pixels, photometric="separated", planarconfig="separate")


REFUSED: dict[str, tuple[str, Callable[[], bytes]]] = {
    **{f"tiff-{kind}": ("unsupported_format", partial(_numbers, kind)) for kind in
       ("float16", "float32", "float64", "int8", "int16", "int32", "uint32", "complex64")},
    "tiff-gray-alpha-16": ("unsupported_format", _gray_with_alpha),
    "tiff-planar-gray-alpha": ("unsupported_format", partial(_gray_with_alpha_in_planes, None)),
    "tiff-planar-gray-alpha-deflate": ("unsupported_format", partial(_gray_with_alpha_in_planes, "zlib")),
    "tiff-planar-gray-premultiplied": (
        "unsupported_format", partial(_gray_with_alpha_in_planes, "zlib", "assocalpha")),
    "tiff-planar-cmyk-16": ("unsupported_format", _inks_of_16_bits_in_planes),
    "tiff-cmyk-alpha": ("unsupported_format", _inks_with_alpha),
}  # fmt: skip


@pytest.mark.parametrize("target", OutputFormat)
@pytest.mark.parametrize("name", REFUSED)
def test_pixels_when_not_read_then_their_code(name: str, target: OutputFormat) -> None:
    code, make = REFUSED[name]
    with pytest.raises(ImageRejected) as caught:
        compress(make(), OutputOptions(format=target), ImageLimits())
    assert caught.value.code == code
