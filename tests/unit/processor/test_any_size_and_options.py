"""Pictures of any size under any options: what comes out decodes, has the promised size and kind, and never grows."""

from __future__ import annotations

import io

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matrix import judge
from PIL import Image
from support.pictures import encode, exif

from imagebatch.model.batch import MAX_SIDE_PIXELS, Metadata, OutputFormat, OutputOptions
from imagebatch_processor.codec import compress
from imagebatch_processor.policy import Compressed, ImageFormat, ImageLimits, fitted

LIMITS = ImageLimits()
LOADERS = {"JPEG": "jpegload", "PNG": "pngload", "WEBP": "webpload", "AVIF": "heifload", "GIF": "gifload"}
MODES = {
    "JPEG": ("L", "RGB", "CMYK"),
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "WEBP": ("RGB", "RGBA"),
    "GIF": ("L", "P", "RGBA"),
    "BMP": ("1", "L", "P", "RGB"),
    "TIFF": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK"),
    "AVIF": ("RGB", "RGBA"),
}
TURNED = ("JPEG", "PNG", "WEBP", "AVIF")
KINDS = st.sampled_from([(kind, mode) for kind, modes in MODES.items() for mode in modes])
SIDES = st.one_of(st.integers(1, 9), st.integers(1, 90))
SIZES = st.one_of(st.tuples(SIDES, SIDES), st.tuples(st.just(1), st.integers(1, 3_000)),
                  st.tuples(st.integers(1, 3_000), st.just(1)))  # fmt: skip
BOUNDS = st.one_of(st.none(), st.integers(1, 100), st.integers(1, MAX_SIDE_PIXELS))
OPTIONS = st.builds(
    OutputOptions,
    format=st.sampled_from(OutputFormat),
    quality=st.integers(1, 100),
    max_width=BOUNDS,
    max_height=BOUNDS,
    metadata=st.sampled_from(Metadata),
    never_larger=st.booleans(),
)


def _file(kind: str, mode: str, size: tuple[int, int], orientation: int) -> bytes:
    """Return noise as a file of the kind; noise finds what smooth pictures hide."""
    noise = np.random.default_rng(7).integers(0, 256, (size[1], size[0], 4), dtype=np.uint8)
    if mode == "I;16":
        picture = Image.fromarray(noise[..., :2].copy().view("<u2")[..., 0])
    else:
        picture = Image.fromarray(noise).convert("RGB" if mode in ("P", "CMYK") else "RGBA").convert(mode)
    return encode(picture, kind, **({"exif": exif(orientation)} if kind in TURNED else {}))


def _promised_size(data: bytes, orientation: int, options: OutputOptions) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as picture:
        size = picture.size[::-1] if orientation >= 5 and picture.format in TURNED else picture.size
    return fitted(*size, options)


def _assert_kept_rightly(result: Compressed, data: bytes, options: OutputOptions) -> None:
    """The original is kept only if that is wanted, of its format and size, and no larger than it was."""
    if result.kept_original:
        assert options.never_larger
        assert result.format is result.input_format
        assert (result.width, result.height) == (result.input_width, result.input_height)
        assert len(result.data) <= len(data)


@settings(max_examples=300)
@given(kind=KINDS, size=SIZES, orientation=st.integers(1, 8), options=OPTIONS)
@example(("PNG", "I;16"), (9, 7), 6, OutputOptions(quality=100, max_width=3))
@example(("PNG", "1"), (1, 1), 1, OutputOptions(format=OutputFormat.AVIF, quality=1))
@example(("GIF", "RGBA"), (1, 1), 1, OutputOptions(never_larger=False))
@example(("JPEG", "CMYK"), (1, 3_000), 8, OutputOptions(format=OutputFormat.WEBP, max_width=7))
def test_compress_when_of_any_size_then_what_was_promised(
    kind: tuple[str, str], size: tuple[int, int], orientation: int, options: OutputOptions
) -> None:
    data = _file(*kind, size, orientation)
    result = compress(data, options, LIMITS)
    assert result == compress(data, options, LIMITS)
    found = judge.seen(result.data)
    assert found.size == (result.width, result.height) == _promised_size(data, orientation, options)
    assert found.loader == f"{LOADERS[result.format]}_buffer"
    assert result.input_format is ImageFormat(kind[0])
    assert found.orientation == 1
    _assert_kept_rightly(result, data, options)


@given(size=SIZES, width=BOUNDS, height=BOUNDS)
def test_fitted_when_bounded_then_within_the_bounds_and_in_proportion(
    size: tuple[int, int], width: int | None, height: int | None
) -> None:
    fit = fitted(*size, OutputOptions(max_width=width, max_height=height))
    for side, got, most in zip(size, fit, (width, height), strict=True):
        assert 1 <= got <= min(side, most or side)
    # One scale explains both sides, each rounded; nothing gets thinner than a pixel.
    least = max((got - 0.5 if got > 1 else 0) / side for side, got in zip(size, fit, strict=True))
    assert least <= min((got + 0.5) / side for side, got in zip(size, fit, strict=True))
