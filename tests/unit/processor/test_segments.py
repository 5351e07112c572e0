"""Metadata cut out of files without touching their pixels."""

from __future__ import annotations

import io

import pytest
from PIL import Image, PngImagePlugin
from support.pictures import encode, exif, photo, srgb_profile
from support.quadrants import opened, quadrants

from imagebatch_processor.policy import ImageFormat
from imagebatch_processor.segments import stripped

CUTTABLE = [ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.GIF]


@pytest.mark.parametrize("file_format", [*CUTTABLE, ImageFormat.AVIF])
def test_stripped_when_there_is_nothing_to_leave_out_then_the_same_object(file_format: ImageFormat) -> None:
    data = encode(photo(), file_format.value)
    assert stripped(file_format, data) is data


@pytest.mark.parametrize("file_format", CUTTABLE)
def test_stripped_when_bytes_follow_the_picture_then_they_go(file_format: ImageFormat) -> None:
    data = encode(photo(), file_format.value)
    assert stripped(file_format, data + b"trailing words") == data


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 1}, {"subsampling": 0}])
def test_stripped_when_a_jpeg_has_scans_of_any_kind_then_its_pixels_stay(options: dict[str, object]) -> None:
    data = encode(photo(), "JPEG", icc_profile=srgb_profile(), exif=exif(1), comment=b"words", **options)
    short = stripped(ImageFormat.JPEG, data)
    assert short is not None
    assert len(short) < len(data)
    assert b"words" not in short
    assert opened(short).tobytes() == opened(data).tobytes()
    assert opened(short).info["icc_profile"] == srgb_profile()


def test_stripped_when_a_png_has_texts_then_they_go_and_the_resolution_stays() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "words")
    text.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta/>")
    data = encode(quadrants(), "PNG", pnginfo=text, exif=exif(1), dpi=(300, 300))
    assert stripped(ImageFormat.PNG, data) == encode(quadrants(), "PNG", dpi=(300, 300))
    kept = stripped(ImageFormat.PNG, data, keep_exif_and_xmp=True)
    assert kept is not None
    assert b"xmpmeta" in kept
    assert b"eXIf" in kept
    assert b"words" not in kept


@pytest.mark.parametrize("lossless", [False, True])
def test_stripped_when_a_webp_has_exif_and_xmp_then_they_and_their_flags_go(lossless: bool) -> None:
    data = encode(photo(), "WEBP", icc_profile=srgb_profile(), exif=exif(1), xmp=b"<x:xmpmeta/>", lossless=lossless)
    assert stripped(ImageFormat.WEBP, data) == encode(photo(), "WEBP", icc_profile=srgb_profile(), lossless=lossless)
    assert stripped(ImageFormat.WEBP, data, keep_exif_and_xmp=True) is data


def test_stripped_when_a_gif_has_a_comment_then_it_goes_and_the_loop_stays() -> None:
    frames = {"save_all": True, "append_images": [quadrants().rotate(90)], "duration": 70, "loop": 3}
    data = encode(quadrants(), "GIF", comment=b"words", **frames)
    short = stripped(ImageFormat.GIF, data)
    assert short is not None
    assert b"words" not in short
    with Image.open(io.BytesIO(short)) as picture:
        assert (getattr(picture, "n_frames", 1), picture.info["loop"]) == (2, 3)


@pytest.mark.parametrize("file_format", CUTTABLE)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_stripped_when_the_file_is_cut_then_nothing_is_promised(file_format: ImageFormat, share: float) -> None:
    data = encode(photo(), file_format.value)
    result = stripped(file_format, data[: int(len(data) * share)])
    assert result is None or file_format is ImageFormat.WEBP  # whose length is told, and whose reader refuses it


def test_stripped_when_an_avif_has_xmp_then_it_cannot_be_told() -> None:
    assert stripped(ImageFormat.AVIF, encode(photo(), "AVIF", xmp=b"<x:xmpmeta/>")) is None
    assert stripped(ImageFormat.BMP, encode(photo(), "BMP")) is None
