"""HEIC, as iPhones take it: right way up, in its colours, written as JPEG or, with alpha, as PNG."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import suppress

import numpy as np
import pillow_heif
import pytest
from PIL import Image
from support.codec_calls import compressed
from support.kept_pictures import kept_picture
from support.pictures import encode, exif, photo, photo_with_alpha, srgb_profile
from support.quadrants import CORNERS, are_close, corner_colours, opened, quadrants, stored_turned

from imagebatch.model.batch import Metadata, OutputFormat, OutputOptions
from imagebatch.model.errors import ImageRejected
from imagebatch_processor.codec import compress, heic
from imagebatch_processor.policy import ImageFormat, ImageLimits

LOSSLESS = OutputOptions(format=OutputFormat.PNG, quality=100)


def _difference(data: bytes, wanted: Image.Image) -> float:
    """Return by how much (of 255) the pixels differ in the mean, after decoding without further loss."""
    found = np.asarray(opened(compressed(data, LOSSLESS).data).convert(wanted.mode), np.int16)
    return float(np.abs(found - np.asarray(wanted, np.int16)).mean())


def _refusal(data: bytes) -> ImageRejected:
    with pytest.raises(ImageRejected) as caught:
        compressed(data)
    return caught.value


@pytest.mark.parametrize("chroma", [420, 422, 444])
def test_compress_when_heic_then_a_jpeg_that_looks_the_same(chroma: int) -> None:
    data = encode(photo(), "HEIC", chroma=chroma)
    result = compressed(data)
    assert (result.input_format, result.format, result.extension) == (ImageFormat.HEIC, ImageFormat.JPEG, "jpg")
    assert opened(result.data).format == "JPEG"
    assert _difference(data, photo()) < 5


@pytest.mark.parametrize("bits", [10, 12])
def test_compress_when_more_than_eight_bits_then_scaled_to_eight(bits: int) -> None:
    deep = np.asarray(photo(), np.uint16) * 257
    data = encode(photo(), "HEIC", raw=("RGB;16", deep.tobytes()), bit_depth=bits, chroma=444)
    assert _difference(data, photo()) < 3
    assert opened(compressed(data).data).mode == "RGB"


def test_compress_when_gray_then_gray() -> None:
    data = encode(photo().convert("L"), "HEIC")
    assert opened(compressed(data).data).mode == "L"
    assert _difference(data, photo().convert("L")) < 3


def test_compress_when_alpha_then_a_png_that_keeps_it() -> None:
    data = encode(photo_with_alpha(), "HEIC")
    assert compressed(data).format is ImageFormat.PNG
    alpha = opened(compressed(data, LOSSLESS).data).getchannel("A")
    assert np.abs(np.asarray(alpha, np.int16) - np.asarray(photo_with_alpha().getchannel("A"), np.int16)).mean() < 2


def test_compress_when_alpha_and_jpeg_is_asked_for_then_on_white() -> None:
    result = compressed(encode(quadrants(mode="RGBA"), "HEIC"), OutputOptions(format=OutputFormat.JPEG))
    assert are_close(corner_colours(opened(result.data)), [*CORNERS[:3], (255, 255, 255)])


def test_compress_when_alpha_is_premultiplied_then_the_same_colours() -> None:
    half = quadrants().convert("RGBA")
    half.putalpha(128)
    data = encode(half, "HEIC", raw=("RGBa", half.convert("RGBa").tobytes()))
    found = corner_colours(opened(compressed(data, LOSSLESS).data), "RGBA")
    assert are_close(found, [(*corner, 128) for corner in CORNERS])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("metadata", list(Metadata))
def test_compress_when_turned_by_the_container_and_by_exif_then_turned_once(
    orientation: int, metadata: Metadata
) -> None:
    data = encode(stored_turned(orientation), "HEIC", exif=exif(orientation))
    assert exif(orientation)[6:] in data  # besides the container's irot and imir
    result = compressed(data, OutputOptions(metadata=metadata))
    picture = opened(result.data)
    assert (result.width, result.height) == (result.input_width, result.input_height) == picture.size == (96, 64)
    assert are_close(corner_colours(picture), list(CORNERS))
    assert picture.getexif().get(0x0112, 1) == 1


def test_compress_when_a_profile_then_kept() -> None:
    profile = srgb_profile()
    assert opened(compressed(encode(photo(), "HEIC", icc_profile=profile)).data).info["icc_profile"] == profile


def test_compress_when_display_p3_is_named_by_numbers_then_a_profile_says_so() -> None:
    data = encode(photo(), "HEIC", color_primaries=12, transfer_characteristics=13, matrix_coefficients=6)
    made = opened(compressed(data).data).info["icc_profile"]
    assert made[16:20] == b"RGB "
    assert "icc_profile" not in opened(compressed(encode(photo(), "HEIC")).data).info  # sRGB needs none


def test_compress_when_the_tiles_of_an_iphone_then_one_picture() -> None:
    result = compressed(kept_picture("tiles.heic"))
    picture = opened(result.data)
    assert picture.size == (700, 600)
    assert are_close(corner_colours(picture), list(CORNERS))


@pytest.mark.parametrize("primary", [0, 1])
def test_compress_when_a_collection_then_the_primary_picture(primary: int) -> None:
    pictures = pillow_heif.from_pillow(quadrants())
    pictures.add_from_pillow(quadrants(64, 64).transpose(Image.Transpose.ROTATE_180))
    with io.BytesIO() as file:
        pictures.save(file, primary_index=primary)
        result = compressed(file.getvalue())
    assert result.width == (96, 64)[primary]
    assert are_close(corner_colours(opened(result.data)), list(CORNERS)[:: -1 if primary else 1])


@pytest.mark.parametrize("brand", [b"mif1", b"msf1", b"miaf", b"hevc", b"heix"])
def test_compress_when_the_major_brand_is_another_then_read_by_the_compatible_ones(brand: bytes) -> None:
    data = encode(quadrants(), "HEIC")
    assert compressed(data[:8] + brand + data[12:]).input_format is ImageFormat.HEIC


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_compress_when_hdr_then_refused_by_name(transfer: int, name: str) -> None:
    data = encode(photo(), "HEIC", color_primaries=9, transfer_characteristics=transfer, matrix_coefficients=9)
    assert _refusal(data).code == "unsupported_format"
    assert name in _refusal(data).message


@pytest.mark.parametrize("codec", [b"vvc1", b"av01", b"j2k1", b"jpeg", b"avc1", b"unci"])
def test_compress_when_of_another_codec_then_unsupported_format(codec: bytes) -> None:
    data = encode(quadrants(), "HEIC").replace(b"hvc1", codec)
    assert _refusal(data).code == "unsupported_format"


def test_compress_when_cropped_out_of_more_than_is_allowed_then_too_many_pixels() -> None:
    data = bytearray(encode(photo(40, 30), "HEIC"))  # coded as 64 × 64
    size_at = data.index(b"ispe") + 8
    data[size_at : size_at + 8] = (15_000).to_bytes(4, "big") * 2
    asked: list[int] = []
    with pytest.raises(ImageRejected) as caught:
        compress(bytes(data), OutputOptions(), ImageLimits(), before_decoding=asked.append)
    assert (caught.value.code, asked) == ("too_many_pixels", [])


def test_compress_when_cropped_then_memory_for_what_is_decoded_is_asked_for() -> None:
    asked: list[int] = []
    for coded in (64, 6_400):
        data = bytearray(encode(photo(40, 30), "HEIC"))
        size_at = data.index(b"ispe") + 8
        data[size_at : size_at + 8] = coded.to_bytes(4, "big") * 2
        with suppress(ImageRejected):  # libheif finds out that the second one lies, once it has decoded
            compress(bytes(data), OutputOptions(), ImageLimits(), before_decoding=asked.append)
    assert asked[1] - asked[0] > 6_000 * 6_000 * 10


def test_compress_when_the_header_lies_about_the_size_then_corrupt() -> None:
    data = bytearray(encode(quadrants(), "HEIC"))
    size_at = data.index(b"ispe") + 8
    data[size_at : size_at + 8] = (8).to_bytes(4, "big") * 2
    assert _refusal(bytes(data)).code == "corrupt"


def test_compress_when_the_extra_is_missing_then_the_refusal_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode(quadrants(), "HEIC")
    monkeypatch.setattr(heic, "pi_heif", None)
    refusal = _refusal(data)
    assert (refusal.code, "imagebatch[heic]" in refusal.message) == ("unsupported_format", True)


@pytest.mark.parametrize("installed", [True, False])
def test_codec_when_imported_has_libheif_where_it_is_installed(installed: bool) -> None:
    hidden = "" if installed else "import sys; sys.modules['pi_heif'] = None; "
    told = f"{hidden}from imagebatch_processor.codec import heic; print(heic.pi_heif is not None)"
    assert subprocess.check_output([sys.executable, "-c", told], text=True).strip() == str(installed)


def test_shard_when_imported_has_no_decoder_at_all() -> None:
    told = "import sys, imagebatch_processor.run; print({'PIL', 'pi_heif'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", told], text=True).strip() == "set()"
