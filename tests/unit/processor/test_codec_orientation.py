"""All eight EXIF orientations applied once and then gone, for every format that carries one."""

from __future__ import annotations

import pytest
from PIL import TiffImagePlugin
from support.pictures import encode, exif, srgb_profile
from support.quadrants import CORNERS, are_close, corner_colours, opened, stored_turned

from imagebatch.model.batch import Metadata, OutputFormat, OutputOptions
from imagebatch_processor.codec import compress
from imagebatch_processor.policy import ImageLimits

ALL_TURNS = range(1, 9)
LIMITS = ImageLimits()


@pytest.mark.parametrize("orientation", ALL_TURNS)
@pytest.mark.parametrize("profile", [None, srgb_profile()], ids=["plain", "icc"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_compress_when_tagged_then_upright_untagged_and_with_its_profile(
    kind: str, profile: bytes | None, orientation: int
) -> None:
    options = {"quality": 95} if kind != "PNG" else {}
    data = encode(stored_turned(orientation), kind, icc_profile=profile, exif=exif(orientation), **options)
    result = compress(data, OutputOptions(), LIMITS)
    picture = opened(result.data)
    assert (result.width, result.height) == (result.input_width, result.input_height) == picture.size == (96, 64)
    assert are_close(corner_colours(picture), list(CORNERS))
    assert picture.getexif().get(0x0112, 1) == 1
    assert picture.info.get("icc_profile") == profile


@pytest.mark.parametrize("orientation", ALL_TURNS)
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF"])
def test_compress_when_tagged_and_transparent_then_alpha_turns_along(kind: str, orientation: int) -> None:
    data = encode(stored_turned(orientation, "RGBA"), kind, exif=exif(orientation))
    picture = opened(compress(data, OutputOptions(), LIMITS).data).convert("RGBA")
    assert picture.size == (96, 64)
    alphas = [colour[3] for colour in corner_colours(picture, "RGBA")]
    assert [alpha > 127 for alpha in alphas] == [True, True, True, False]
    assert are_close(corner_colours(picture)[:3], list(CORNERS[:3]), tolerance=40)


@pytest.mark.parametrize("orientation", ALL_TURNS)
@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
def test_compress_when_a_tiff_is_tagged_then_upright(orientation: int, compression: str | None) -> None:
    options = {"compression": compression} if compression else {}
    data = encode(stored_turned(orientation), "TIFF", tiffinfo={0x0112: orientation}, **options)
    picture = opened(compress(data, OutputOptions(), LIMITS).data)
    assert picture.size == (96, 64)
    assert are_close(corner_colours(picture), list(CORNERS))


@pytest.mark.parametrize("orientation", ALL_TURNS)
def test_compress_when_metadata_is_kept_then_the_orientation_is_not(orientation: int) -> None:
    data = encode(stored_turned(orientation), "JPEG", quality=95, exif=exif(orientation))
    picture = opened(compress(data, OutputOptions(metadata=Metadata.KEEP), LIMITS).data)
    assert picture.getexif().get(0x0112, 1) == 1
    assert are_close(corner_colours(picture), list(CORNERS))


@pytest.mark.parametrize("orientation", ALL_TURNS)
@pytest.mark.parametrize("wanted", [OutputFormat.AUTO, OutputFormat.WEBP])
def test_compress_when_resized_then_the_bounds_are_those_of_the_picture_as_shown(
    orientation: int, wanted: OutputFormat
) -> None:
    data = encode(stored_turned(orientation), "JPEG", quality=95, exif=exif(orientation))
    result = compress(data, OutputOptions(max_width=24, format=wanted), LIMITS)
    picture = opened(result.data)
    assert (result.width, result.height) == picture.size == (24, 16)
    assert are_close(corner_colours(picture), list(CORNERS), tolerance=40)


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
def test_compress_when_the_orientation_is_none_of_eight_then_as_stored(orientation: int) -> None:
    data = encode(stored_turned(1), "JPEG", quality=95, exif=exif(orientation))
    assert are_close(corner_colours(opened(compress(data, OutputOptions(), LIMITS).data)), list(CORNERS))


def test_compress_when_exif_is_broken_then_as_stored() -> None:
    data = encode(stored_turned(1), "JPEG", quality=95, exif=b"Exif\0\0MM\0*\xff\xff\xff\xff\xff")
    assert are_close(corner_colours(opened(compress(data, OutputOptions(), LIMITS).data)), list(CORNERS))


@pytest.mark.parametrize("xmp", [b'<x tiff:Orientation="6"/>', "words", 500_000_000])
@pytest.mark.parametrize("metadata", list(Metadata))
def test_compress_when_a_tiff_is_turned_by_its_xmp_alone_or_has_no_real_one_then_as_stored(
    metadata: Metadata, xmp: bytes | str | int
) -> None:
    kind = {bytes: 1, str: 2, int: 4}[type(xmp)]
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[700], tags.tagtype[700] = xmp, kind
    data = encode(stored_turned(1), "TIFF", tiffinfo=tags)
    result = compress(data, OutputOptions(metadata=metadata), LIMITS)
    assert (result.width, result.height) == opened(result.data).size == (96, 64)
    assert are_close(corner_colours(opened(result.data)), list(CORNERS))


@pytest.mark.parametrize(("orientation", "shown"), [(3, (300, 150)), (6, (150, 300))])
def test_compress_when_turned_then_its_resolution_turns_along(orientation: int, shown: tuple[int, int]) -> None:
    data = encode(stored_turned(orientation), "JPEG", exif=exif(orientation), dpi=(300, 150))
    assert opened(compress(data, OutputOptions(), LIMITS).data).info["dpi"] == shown
