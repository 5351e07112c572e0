"""Which format, which size, which refusals: decided from the header alone."""

from __future__ import annotations

import pytest

from imagebatch.model.batch import OutputFormat, OutputOptions
from imagebatch.model.errors import ImageRejected
from imagebatch_processor.policy import (
    MEBIBYTE,
    ImageFormat,
    ImageLimits,
    Picture,
    check_bytes,
    check_size,
    fitted,
    plan,
    target_format,
)

LIMITS = ImageLimits()


@pytest.mark.parametrize(
    "kept", [ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.GIF, ImageFormat.AVIF]
)
def test_target_format_when_auto_then_the_input_format_is_kept(kept: ImageFormat) -> None:
    assert target_format(Picture(kept, 10, 10), OutputFormat.AUTO) is kept


@pytest.mark.parametrize("source", [ImageFormat.BMP, ImageFormat.TIFF])
@pytest.mark.parametrize(("alpha", "target"), [(False, ImageFormat.JPEG), (True, ImageFormat.PNG)])
def test_target_format_when_never_written_then_jpeg_or_png(
    source: ImageFormat, alpha: bool, target: ImageFormat
) -> None:
    assert target_format(Picture(source, 10, 10, has_alpha=alpha), OutputFormat.AUTO) is target


@pytest.mark.parametrize("wanted", [w for w in OutputFormat if w is not OutputFormat.AUTO])
def test_target_format_when_asked_for_then_it_is_that(wanted: OutputFormat) -> None:
    assert target_format(Picture(ImageFormat.GIF, 10, 10), wanted).value == wanted.value.upper()


@pytest.mark.parametrize(
    ("size", "bounds", "expected"),
    [
        ((4000, 3000), (None, None), (4000, 3000)),
        ((4000, 3000), (2000, None), (2000, 1500)),
        ((4000, 3000), (None, 300), (400, 300)),
        ((4000, 3000), (1000, 300), (400, 300)),
        ((100, 50), (2000, 2000), (100, 50)),
        ((16000, 1), (100, None), (100, 1)),
    ],
)
def test_fitted_when_bounded_then_proportions_stay_and_nothing_grows(
    size: tuple[int, int], bounds: tuple[int | None, int | None], expected: tuple[int, int]
) -> None:
    assert fitted(*size, OutputOptions(max_width=bounds[0], max_height=bounds[1])) == expected


@pytest.mark.parametrize(
    ("width", "height", "frames", "code"),
    [
        (16_385, 10, 1, "too_many_pixels"),
        (10, 16_385, 1, "too_many_pixels"),
        (10_000, 5_001, 1, "too_many_pixels"),
        (1_000, 1_000, 51, "too_many_pixels"),
        (10, 10, 201, "too_many_frames"),
        (0, 10, 1, "corrupt"),
    ],
)
def test_check_size_when_over_a_limit_then_its_code(width: int, height: int, frames: int, code: str) -> None:
    with pytest.raises(ImageRejected) as caught:
        check_size(width, height, LIMITS, frames)
    assert caught.value.code == code


@pytest.mark.parametrize(("width", "height", "frames"), [(16_384, 3_000, 1), (10_000, 5_000, 1), (500, 500, 200)])
def test_check_size_when_at_a_limit_then_accepted(width: int, height: int, frames: int) -> None:
    check_size(width, height, LIMITS, frames)


def test_check_bytes_when_one_byte_over_then_too_large() -> None:
    check_bytes(25 * MEBIBYTE, LIMITS)
    with pytest.raises(ImageRejected) as caught:
        check_bytes(25 * MEBIBYTE + 1, LIMITS)
    assert caught.value.code == "too_large"


def test_plan_when_webp_cannot_hold_the_side_then_refused_unless_made_smaller() -> None:
    wide = Picture(ImageFormat.PNG, 16_384, 100)
    with pytest.raises(ImageRejected) as caught:
        plan(wide, OutputOptions(format=OutputFormat.WEBP), LIMITS)
    assert caught.value.code == "too_many_pixels"
    assert plan(wide, OutputOptions(format=OutputFormat.WEBP, max_width=8000, max_height=8000), LIMITS)


@pytest.mark.parametrize(
    ("wanted", "animated"), [("Auto", True), ("WebP", True), ("PNG", True), ("AVIF", True), ("JPEG", False)]
)
def test_plan_when_frames_then_animated_where_the_target_can(wanted: str, animated: bool) -> None:
    picture = Picture(ImageFormat.GIF, 100, 100, frames=3)
    assert plan(picture, OutputOptions(format=OutputFormat(wanted)), LIMITS).animated is animated
