"""Kinds of files told apart by their first bytes."""

from __future__ import annotations

import pytest
from support.pictures import encode
from support.quadrants import quadrants

from imagebatch.model.errors import ImageRejected
from imagebatch_processor.policy import ImageFormat
from imagebatch_processor.sniff import image_format, is_cut, webp_size


@pytest.mark.parametrize("file_format", list(ImageFormat))
def test_image_format_when_allowed_then_named(file_format: ImageFormat) -> None:
    assert image_format(encode(quadrants(), file_format.value)) is file_format


@pytest.mark.parametrize(
    "head",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- drawn by hand -->\n<svg>',
        b"%PDF-1.7\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"\0\0\0\x18ftypmp42\0\0\0\0isommp42",
        b"8BPS\0\x01",
        b"\0\0\x01\0\x01\0",
        b"\0\0\0\x0cjP  \r\n\x87\n",
        b"\xff\x0a\xfa\x7f",
        b"P6\n2 2\n255\n",
        b"P1 2 2",
        b"\x1f\x8b\x08\0",
    ],
)
def test_image_format_when_recognisable_but_not_read_then_unsupported_format(head: bytes) -> None:
    with pytest.raises(ImageRejected) as caught:
        image_format(head + bytes(64))
    assert caught.value.code == "unsupported_format"


@pytest.mark.parametrize(
    ("brands", "file_format"),
    [
        ("avif mif1 miaf", ImageFormat.AVIF),
        ("avis msf1 miaf", ImageFormat.AVIF),
        ("mif1 miaf avif", ImageFormat.AVIF),
        ("mif1 heic miaf", ImageFormat.HEIC),
        ("heic mif1 avif", ImageFormat.HEIC),
        ("msf1 hevc", ImageFormat.HEIC),
        ("heix mif1 heic tmap", ImageFormat.HEIC),
        ("mif1 miaf", ImageFormat.HEIC),
    ],
)
def test_image_format_when_iso_media_then_by_the_first_brand_that_names_a_codec(
    brands: str, file_format: ImageFormat
) -> None:
    major, *others = brands.encode().split()
    body = b"ftyp" + major + bytes(4) + b"".join(others)
    assert image_format((len(body) + 4).to_bytes(4, "big") + body + bytes(64)) is file_format


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"<!DOCTYPE html><html><body><svg></svg></body></html>",
        b"plain words",
        bytes(100),
        b"RIFF1234WAVE",
    ],
)
def test_image_format_when_no_picture_then_not_an_image(data: bytes) -> None:
    with pytest.raises(ImageRejected) as caught:
        image_format(data)
    assert caught.value.code == "not_an_image"


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0"}])
def test_webp_size_when_any_bitstream_then_the_canvas(options: dict[str, object]) -> None:
    assert webp_size(encode(quadrants(90, 50), "WEBP", **options)) == (90, 50)


@pytest.mark.parametrize("file_format", [f for f in ImageFormat if f is not ImageFormat.TIFF])
def test_is_cut_when_the_second_half_is_missing_then_true(file_format: ImageFormat) -> None:
    whole = encode(quadrants(), file_format.value)
    assert is_cut(whole[: len(whole) // 2], file_format)
    assert not is_cut(whole, file_format)
