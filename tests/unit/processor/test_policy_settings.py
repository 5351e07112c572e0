"""What a quality means for each encoder, what memory a picture may take, and how files are named."""

from __future__ import annotations

import pytest

from imagebatch.model.batch import OutputFormat, OutputOptions
from imagebatch_processor.policy import (
    MEBIBYTE,
    ImageFormat,
    ImageLimits,
    Picture,
    comparable_quality,
    encoder_settings,
    kept_pixel_blocks,
    plan,
    reduces_to_palette,
)

GIBIBYTE = 1024 * MEBIBYTE


def test_encoder_settings_when_jpeg_then_quality_is_the_encoders_own() -> None:
    settings = encoder_settings(ImageFormat.JPEG, 50, 2_000_000)
    assert settings == {"quality": 50, "subsampling": 2, "optimize": False}


@pytest.mark.parametrize(("pixels", "optimized"), [(64 * 48, True), (300 * 300, True), (400 * 300, False)])
def test_encoder_settings_when_jpeg_is_small_then_its_tables_are_optimized(pixels: int, optimized: bool) -> None:
    assert encoder_settings(ImageFormat.JPEG, 50, pixels)["optimize"] is optimized


@pytest.mark.parametrize(("quality", "subsampling"), [(1, 2), (89, 2), (90, 0), (100, 0)])
def test_encoder_settings_when_jpeg_quality_is_high_then_colour_is_not_subsampled(
    quality: int, subsampling: int
) -> None:
    assert encoder_settings(ImageFormat.JPEG, quality, 1)["subsampling"] == subsampling


@pytest.mark.parametrize(
    ("quality", "gray", "subsampling"),
    [(1, False, "4:2:0"), (89, False, "4:2:0"), (90, False, "4:4:4"), (100, False, "4:4:4"), (100, True, "4:0:0")],
)
def test_encoder_settings_when_avif_quality_is_high_then_colour_is_not_subsampled(
    quality: int, gray: bool, subsampling: str
) -> None:
    assert encoder_settings(ImageFormat.AVIF, quality, 1, gray=gray)["subsampling"] == subsampling


def test_encoder_settings_when_avif_is_large_then_colour_is_subsampled_at_any_quality() -> None:
    fine, large = (encoder_settings(ImageFormat.AVIF, 100, pixels) for pixels in (8_000_000, 8_000_001))
    assert (fine["subsampling"], large["subsampling"]) == ("4:4:4", "4:2:0")


def test_memory_when_avif_keeps_all_colour_then_more_but_not_more_than_a_phones_photograph_takes() -> None:
    options = [OutputOptions(format=OutputFormat.AVIF, quality=quality) for quality in (89, 90)]
    (lower, higher), (_, phone) = (
        [plan(Picture(ImageFormat.JPEG, *size), each, ImageLimits()).memory_bytes for each in options]
        for size in ((4000, 2000), (4032, 3024))
    )
    assert lower < higher < phone


@pytest.mark.parametrize("target", [ImageFormat.JPEG, ImageFormat.WEBP, ImageFormat.AVIF])
def test_comparable_quality_when_quality_rises_then_it_never_falls(target: ImageFormat) -> None:
    settings = [comparable_quality(target, quality) for quality in range(1, 101)]
    assert settings == sorted(settings)
    assert settings[-1] == 100
    assert settings[0] >= 1


@pytest.mark.parametrize(
    ("target", "quality", "reduced"), [("PNG", 99, True), ("PNG", 100, False), ("JPEG", 50, False)]
)
def test_reduces_to_palette_when_png_below_100_then_true(target: str, quality: int, reduced: bool) -> None:
    assert reduces_to_palette(ImageFormat(target), quality) is reduced


@pytest.mark.parametrize("turn", [(5_000, 2_400), (2_400, 5_000)])
def test_memory_when_twelve_megapixels_then_near_the_measured_peak_with_rotation(turn: tuple[int, int]) -> None:
    needed = plan(Picture(ImageFormat.JPEG, *turn), OutputOptions(), ImageLimits()).memory_bytes
    assert 115 * MEBIBYTE < needed < 160 * MEBIBYTE


def test_memory_when_fifty_megapixels_then_one_fits_a_gibibytes_budget_and_two_do_not() -> None:
    needed = plan(Picture(ImageFormat.JPEG, 8_000, 6_250), OutputOptions(), ImageLimits()).memory_bytes
    budget = int(GIBIBYTE * 0.6)
    assert needed <= budget < 2 * needed


def test_memory_when_webp_with_alpha_then_more_than_without() -> None:
    plain = Picture(ImageFormat.PNG, 1_000, 1_000)
    clear = Picture(ImageFormat.PNG, 1_000, 1_000, has_alpha=True)
    options = OutputOptions(format=OutputFormat.WEBP)
    assert plan(clear, options, ImageLimits()).memory_bytes > plan(plain, options, ImageLimits()).memory_bytes


@pytest.mark.parametrize(
    ("budget_bytes", "workers", "blocks"),
    [(int(GIBIBYTE * 0.6), 2, 4), (64 * GIBIBYTE, 2, 4), (MEBIBYTE, 8, 1)],
)
def test_kept_pixel_blocks_when_memory_is_given_then_bounded_by_it(
    budget_bytes: int, workers: int, blocks: int
) -> None:
    assert kept_pixel_blocks(budget_bytes, workers) == blocks


@pytest.mark.parametrize(
    ("file_format", "extension", "content_type"),
    [
        ("JPEG", "jpg", "image/jpeg"),
        ("WEBP", "webp", "image/webp"),
        ("PNG", "png", "image/png"),
        ("AVIF", "avif", "image/avif"),
        ("GIF", "gif", "image/gif"),
    ],
)
def test_image_format_when_named_then_extension_and_media_type(
    file_format: str, extension: str, content_type: str
) -> None:
    assert ImageFormat(file_format).extension == extension
    assert ImageFormat(file_format).content_type == content_type
