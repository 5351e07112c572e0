"""Profiles, CMYK, alpha and odd pixel kinds: the output looks as the input did."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from support.ink_profile import swapped_inks_profile
from support.pictures import encode, srgb_profile
from support.quadrants import CORNERS, are_close, corner_colours, opened, quadrants

from imagebatch.model.batch import OutputFormat, OutputOptions
from imagebatch.model.errors import ImageRejected
from imagebatch_processor.codec import compress
from imagebatch_processor.policy import ImageFormat, ImageLimits

LIMITS = ImageLimits()
WHITE = (255, 255, 255)


def _compressed(data: bytes, wanted: str = "Auto", quality: int = 50) -> Image.Image:
    return opened(compress(data, OutputOptions(format=OutputFormat(wanted), quality=quality), LIMITS).data)


def _gray_profile() -> bytes:
    """Return an sRGB profile that says it is for grayscale: enough to be told apart, unusable for conversion."""
    profile = srgb_profile()
    return profile[:16] + b"GRAY" + profile[20:]


@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("target", ["JPEG", "PNG", "WebP", "AVIF"])
def test_compress_when_the_source_has_an_rgb_profile_then_the_output_has_it(source: str, target: str) -> None:
    data = encode(quadrants(), source, icc_profile=srgb_profile())
    assert _compressed(data, target).info["icc_profile"] == srgb_profile()


@pytest.mark.parametrize("source", ["PNG", "WEBP", "AVIF", "TIFF"])
@pytest.mark.parametrize("target", ["PNG", "WebP", "AVIF"])
def test_compress_when_transparent_and_the_target_can_then_alpha_is_kept(source: str, target: str) -> None:
    picture = _compressed(encode(quadrants(mode="RGBA"), source), target)
    colours = corner_colours(picture, "RGBA")
    assert [colour[3] > 127 for colour in colours] == [True, True, True, False]
    assert are_close([c[:3] for c in colours[:3]], list(CORNERS[:3]), tolerance=40)


@pytest.mark.parametrize("source", ["PNG", "WEBP", "AVIF", "TIFF"])
def test_compress_when_transparent_and_the_target_cannot_then_laid_on_white(source: str) -> None:
    picture = _compressed(encode(quadrants(mode="RGBA"), source), "JPEG")
    assert picture.mode == "RGB"
    assert are_close(corner_colours(picture), [*CORNERS[:3], WHITE], tolerance=30)


@pytest.mark.parametrize("target", ["PNG", "WebP"])
def test_compress_when_alpha_hides_nothing_then_it_is_dropped(target: str) -> None:
    assert not _compressed(encode(quadrants().convert("RGBA"), "PNG"), target).has_transparency_data


@pytest.mark.parametrize("profile", [None, srgb_profile(), b"no profile" * 20], ids=["none", "rgb", "broken"])
@pytest.mark.parametrize("source", ["JPEG", "TIFF"])
def test_compress_when_cmyk_then_rgb_without_that_profile(source: str, profile: bytes | None) -> None:
    data = encode(quadrants(mode="CMYK"), source, icc_profile=profile)
    picture = _compressed(data, "JPEG")
    assert picture.mode == "RGB"
    assert "icc_profile" not in picture.info
    assert are_close(corner_colours(picture), list(CORNERS), tolerance=40)


@pytest.mark.parametrize("target", ["JPEG", "PNG", "WebP", "AVIF"])
@pytest.mark.parametrize("source", ["JPEG", "TIFF"])
def test_compress_when_cmyk_has_a_cmyk_profile_then_converted_by_it(source: str, target: str) -> None:
    inks = [(255, 0, 0, 0), (0, 0, 255, 0), (0, 0, 0, 255), (0, 0, 0, 0)]
    picture = Image.new("CMYK", (64, 64))
    for ink, place in zip(inks, [(0, 0), (32, 0), (0, 32), (32, 32)], strict=True):
        picture.paste(ink, (*place, place[0] + 32, place[1] + 32))
    found = corner_colours(_compressed(encode(picture, source, icc_profile=swapped_inks_profile()), target))
    assert are_close(found, [(255, 255, 0), (0, 255, 255), (0, 0, 0), WHITE], tolerance=50)


@pytest.mark.parametrize(
    ("source", "target"),
    [("JPEG", "Auto"), ("PNG", "Auto"), ("PNG", "JPEG"), ("TIFF", "JPEG"), ("BMP", "Auto"), ("PNG", "AVIF")],
)
def test_compress_when_grayscale_then_it_stays_grayscale(source: str, target: str) -> None:
    assert _compressed(encode(quadrants(mode="L"), source), target).mode == "L"


@pytest.mark.parametrize(("target", "kept"), [("JPEG", True), ("PNG", True), ("WebP", False)])
def test_compress_when_grayscale_has_a_profile_then_it_stays_with_grayscale_only(target: str, kept: bool) -> None:
    data = encode(quadrants(mode="L"), "PNG", icc_profile=_gray_profile())
    assert ("icc_profile" in _compressed(data, target).info) is kept


@pytest.mark.parametrize("target", ["JPEG", "PNG", "WebP", "AVIF"])
def test_compress_when_sixteen_bits_then_scaled_and_not_clipped(target: str) -> None:
    ramp = np.linspace(0, 65_535, 256).astype(np.uint16)
    data = encode(Image.fromarray(np.tile(ramp, (64, 1))), "PNG")
    shades = np.asarray(_compressed(data, target, quality=95).convert("L"))[32].astype(int)
    assert np.abs(shades - np.arange(256)).max() <= 8


@pytest.mark.parametrize("order", ["<u2", ">u2"])
@pytest.mark.parametrize("source", ["PNG", "TIFF"])
def test_compress_when_sixteen_bits_to_png_at_100_then_not_one_value_is_lost(source: str, order: str) -> None:
    pixels = np.tile(np.linspace(0, 65_535, 256).astype(order), (64, 1))
    data = encode(Image.fromarray(pixels), source)
    assert np.array_equal(np.asarray(_compressed(data, "PNG", quality=100)), pixels)


@pytest.mark.parametrize("target", ["Auto", "JPEG", "WebP", "AVIF"])
@pytest.mark.parametrize("source", ["PNG", "GIF", "BMP", "TIFF"])
def test_compress_when_a_palette_then_the_same_colours(source: str, target: str) -> None:
    data = encode(quadrants().quantize(16), source)
    assert are_close(corner_colours(_compressed(data, target)), list(CORNERS), tolerance=40)


@pytest.mark.parametrize("target", ["Auto", "JPEG", "WebP"])
@pytest.mark.parametrize("source", ["PNG", "BMP", "TIFF"])
def test_compress_when_one_bit_then_black_and_white_stay(source: str, target: str) -> None:
    picture = Image.new("1", (64, 64))
    picture.paste(1, (0, 0, 32, 64))
    found = corner_colours(_compressed(encode(picture, source), target), "L")
    assert are_close(found, [(255,), (0,), (255,), (0,)], tolerance=8)


def test_compress_when_a_png_names_a_transparent_colour_then_it_stays_transparent() -> None:
    data = encode(quadrants(), "PNG", transparency=CORNERS[3])
    alphas = [colour[3] for colour in corner_colours(_compressed(data, "WebP"), "RGBA")]
    assert [alpha > 127 for alpha in alphas] == [True, True, True, False]


@pytest.mark.parametrize("mode", ["F", "I"])
def test_compress_when_numbers_of_32_bits_then_unsupported_format(mode: str) -> None:
    with pytest.raises(ImageRejected) as caught:
        compress(encode(Image.new(mode, (8, 8)), "TIFF"), OutputOptions(), LIMITS)
    assert caught.value.code == "unsupported_format"


@pytest.mark.parametrize(("alpha", "target"), [(False, ImageFormat.JPEG), (True, ImageFormat.PNG)])
def test_compress_when_a_tiff_then_jpeg_or_with_alpha_png(alpha: bool, target: ImageFormat) -> None:
    data = encode(quadrants(mode="RGBA" if alpha else "RGB"), "TIFF")
    result = compress(data, OutputOptions(), LIMITS)
    assert (result.format, opened(result.data).format) == (target, target.value)


def test_png_with_a_profile_as_large_as_printers_have_keeps_it() -> None:
    profile = srgb_profile()
    profile = (3 << 20).to_bytes(4, "big") + profile[4:] + bytes((3 << 20) - len(profile))
    data = encode(quadrants(), "PNG", icc_profile=profile)
    again = compress(data, OutputOptions(), ImageLimits()).data
    assert opened(again).info["icc_profile"] == profile
