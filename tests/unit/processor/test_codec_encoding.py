"""Formats, sizes and bytes of what is written: fewer, decodable, the same every time."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from support.pictures import encode, photo, photo_with_alpha
from support.quadrants import opened

from imagebatch.model.batch import OutputFormat, OutputOptions
from imagebatch_processor.codec import compress
from imagebatch_processor.policy import ImageFormat, ImageLimits

SOURCES = list(ImageFormat)
TARGETS = list(OutputFormat)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("source", SOURCES)
def test_compress_when_done_twice_then_the_same_bytes_of_the_named_format(
    source: ImageFormat, target: OutputFormat
) -> None:
    data = encode(photo(), source.value)
    first, second = (compress(data, OutputOptions(format=target), ImageLimits()) for _ in range(2))
    assert first == second
    picture = opened(first.data)
    assert (picture.format, picture.size) == (first.format.value, (320, 240))
    assert first.input_format is source


@pytest.mark.parametrize(
    ("kind", "options"), [("JPEG", {"quality": 92}), ("PNG", {}), ("WEBP", {"quality": 92}), ("AVIF", {"quality": 92})]
)
def test_compress_when_a_photograph_then_at_most_half_the_bytes(kind: str, options: dict[str, object]) -> None:
    data = encode(photo(), kind, **options)
    assert len(compress(data, OutputOptions(), ImageLimits()).data) <= len(data) / 2


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_compress_when_quality_rises_then_bytes_do(kind: str) -> None:
    data = encode(photo(), "PNG")
    sizes = [
        len(compress(data, OutputOptions(format=OutputFormat[kind], quality=quality), ImageLimits()).data)
        for quality in (10, 50, 80, 100)
    ]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("kind", ["JPEG", "AVIF"])
def test_compress_when_quality_is_90_then_colour_stays_as_fine_as_brightness(kind: str) -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255, 0, 0
    stripes[:, 1::2] = 0, 130, 0  # as bright as the red ones, nearly
    data = encode(Image.fromarray(stripes), "PNG")
    losses = []
    for quality in (89, 90):
        result = compress(data, OutputOptions(format=OutputFormat[kind], quality=quality), ImageLimits())
        losses.append(np.abs(np.subtract(opened(result.data).convert("RGB"), stripes, dtype=int)).mean())
    assert losses[0] > 40
    assert losses[1] < 10


def test_compress_when_a_gray_avif_is_asked_for_then_it_has_no_colour() -> None:
    gray = encode(photo().convert("L"), "PNG")
    for quality in (50, 100):
        result = compress(gray, OutputOptions(format=OutputFormat.AVIF, quality=quality), ImageLimits())
        assert opened(result.data).mode == "L"


@pytest.mark.parametrize("alpha", [False, True])
def test_compress_when_png_below_100_then_a_palette(alpha: bool) -> None:
    source = photo_with_alpha() if alpha else photo()
    picture = opened(compress(encode(source, "PNG"), OutputOptions(), ImageLimits()).data)
    assert picture.mode == "P"
    assert picture.has_transparency_data is alpha


@pytest.mark.parametrize("alpha", [False, True])
def test_compress_when_png_at_100_then_not_one_pixel_changes(alpha: bool) -> None:
    source = photo_with_alpha() if alpha else photo()
    result = compress(encode(source, "PNG", compress_level=1), OutputOptions(quality=100), ImageLimits())
    assert opened(result.data).tobytes() == source.tobytes()


@pytest.mark.parametrize("colours", [2, 16, 255])
def test_compress_when_a_png_has_few_colours_then_they_are_exact(colours: int) -> None:
    source = photo().quantize(colours).convert("RGB")
    result = compress(encode(source, "PNG"), OutputOptions(), ImageLimits())
    assert opened(result.data).convert("RGB").tobytes() == source.tobytes()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("bounds", "size"), [((100, None), (100, 75)), ((None, 60), (80, 60)), ((9_000, 9_000), (320, 240))]
)
def test_compress_when_bounded_then_it_fits_and_never_grows(
    kind: str, bounds: tuple[int | None, int | None], size: tuple[int, int]
) -> None:
    options = OutputOptions(max_width=bounds[0], max_height=bounds[1])
    result = compress(encode(photo(), kind), options, ImageLimits())
    assert (result.width, result.height) == opened(result.data).size == size
    assert (result.input_width, result.input_height) == (320, 240)


def test_compress_when_asked_then_memory_is_told_once_before_decoding() -> None:
    asked: list[int] = []
    compress(encode(photo(), "JPEG"), OutputOptions(), ImageLimits(), before_decoding=asked.append)
    assert len(asked) == 1
    assert asked[0] > 320 * 240 * 4


def test_compress_when_a_jpeg_is_made_much_smaller_then_stripes_too_fine_for_it_turn_even() -> None:
    # Decoded no larger than asked for, they would come out as a coarse pattern: a deviation of 52, 25 at half of that.
    row = np.resize(np.repeat([0, 255], 3).astype(np.uint8), 512)
    data = encode(Image.fromarray(np.tile(row, (512, 1))), "JPEG", quality=95)
    small = opened(compress(data, OutputOptions(quality=95, max_width=128), ImageLimits()).data)
    assert np.asarray(small.convert("L")).std() < 15
