"""The original stands where encoding anew gives more bytes, and only if nothing had to be applied."""

from __future__ import annotations

import pytest
from PIL import ExifTags, Image
from support.pictures import encode, exif, photo, srgb_profile
from support.quadrants import opened, quadrants

from imagebatch.model.batch import Metadata, OutputFormat, OutputOptions
from imagebatch_processor.codec import compress
from imagebatch_processor.policy import Compressed, ImageLimits

SMALL = {
    "JPEG": {"quality": 5, "optimize": True},
    "WEBP": {"quality": 1},
    "PNG": {"optimize": True},
    "GIF": {},
    "AVIF": {"quality": 5},
}


def _compress(data: bytes, **options: object) -> Compressed:
    return compress(data, OutputOptions(**options), ImageLimits())


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_compress_when_already_smaller_then_the_very_same_bytes(kind: str) -> None:
    data = encode(photo(), kind, **SMALL[kind])
    result = _compress(data)
    assert (result.data, result.kept_original) == (data, True)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_compress_when_never_larger_is_off_then_encoded_anew(kind: str) -> None:
    data = encode(photo(), kind, **SMALL[kind])
    result = _compress(data, never_larger=False)
    assert result.data != data
    assert not result.kept_original


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
@pytest.mark.parametrize("quality", [50, 100])
def test_compress_when_run_again_on_its_output_then_never_larger(kind: str, quality: int) -> None:
    first = _compress(encode(photo(), kind), quality=quality)
    second = _compress(first.data, quality=quality)
    assert len(second.data) <= len(first.data)


@pytest.mark.parametrize(
    ("kind", "carrier"), [("JPEG", "exif"), ("JPEG", "comment"), ("WEBP", "exif"), ("WEBP", "xmp")]
)
def test_compress_when_smaller_but_with_metadata_then_the_same_pixels_without_it(kind: str, carrier: str) -> None:
    words = {"exif": exif(1), "comment": b"secret", "xmp": b"<x:xmpmeta>secret</x:xmpmeta>"}[carrier]
    data = encode(photo(), kind, icc_profile=srgb_profile(), **{**SMALL[kind], carrier: words})
    result = _compress(data)
    assert result.kept_original
    assert words not in result.data
    assert len(result.data) < len(data)
    assert opened(result.data).tobytes() == opened(data).tobytes()
    assert opened(result.data).info.get("icc_profile") == srgb_profile()


def test_compress_when_turned_then_encoded_anew_though_larger() -> None:
    data = encode(photo(), "JPEG", quality=5, optimize=True, exif=exif(6))
    result = _compress(data)
    assert not result.kept_original
    assert (result.width, result.height) == (240, 320)


def test_compress_when_cmyk_then_encoded_anew_though_larger() -> None:
    result = _compress(encode(photo().convert("CMYK"), "JPEG", quality=5, optimize=True))
    assert not result.kept_original
    assert opened(result.data).mode == "RGB"


@pytest.mark.parametrize("options", [{"format": OutputFormat.WEBP}, {"max_width": 100}])
def test_compress_when_format_or_size_change_then_encoded_anew(options: dict[str, object]) -> None:
    assert not _compress(encode(photo(), "JPEG", quality=5, optimize=True), **options).kept_original


def test_compress_when_another_file_is_hidden_behind_the_picture_then_it_is_cut_off() -> None:
    data = encode(photo(), "JPEG", quality=5, optimize=True)
    result = _compress(data + b"PK\x03\x04 another file")
    assert (result.data, result.kept_original) == (data, True)


def test_compress_when_kept_metadata_is_harmless_then_the_original_with_it() -> None:
    data = encode(photo(), "JPEG", quality=5, optimize=True, exif=exif(1))
    result = _compress(data, metadata=Metadata.KEEP)
    assert (result.data, result.kept_original) == (data, True)


def test_compress_when_a_flat_png_is_packed_again_then_same_pixels_and_fewer_bytes() -> None:
    data = encode(quadrants(), "PNG", compress_level=0)
    result = _compress(data)
    assert len(result.data) < len(data)
    assert opened(result.data).convert("RGB").tobytes() == quadrants().tobytes()


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_compress_when_smaller_and_kept_with_a_position_then_encoded_anew_without_it(kind: str) -> None:
    tags = Image.Exif()
    tags[ExifTags.Base.Model] = "a camera"
    tags.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    result = _compress(encode(photo(), kind, exif=tags.tobytes(), **SMALL[kind]), metadata=Metadata.KEEP)
    found = opened(result.data).getexif()
    assert (result.kept_original, found[ExifTags.Base.Model]) == (False, "a camera")
    assert not found.get_ifd(ExifTags.IFD.GPSInfo)
