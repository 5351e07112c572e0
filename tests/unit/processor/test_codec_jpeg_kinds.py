"""Every kind of JPEG that is about: shown as browsers show it, or refused by the kind's name."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from support.codec_calls import compressed, refusal
from support.kept_pictures import kept_picture
from support.pictures import encode, exif, photo
from support.quadrants import CORNERS, are_close, corner_colours, opened, quadrants, stored_turned

from imagebatch.model.batch import Metadata, OutputOptions
from imagebatch_processor.policy import ImageFormat

MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0isommp42" + b"\0\1\0\0mdat" + bytes(65_528)


def _without(marker: bytes, data: bytes) -> bytes:
    start = data.index(marker)
    return data[:start] + data[start + 2 + int.from_bytes(data[start + 2 : start + 4], "big") :]


KINDS = {
    "ycbcr": encode(quadrants(), "JPEG", quality=95),
    "progressive": encode(quadrants(), "JPEG", quality=95, progressive=True),
    "rgb with adobe's marker": encode(quadrants(), "JPEG", quality=95, keep_rgb=True),
    "rgb by the channels' names": kept_picture("rgb.jpg"),
    "cmyk with adobe's marker": encode(quadrants(mode="CMYK"), "JPEG", quality=95),
    "cmyk without": _without(b"\xff\xee", encode(quadrants(mode="CMYK"), "JPEG", quality=95)),
    "restarts": kept_picture("restarts.jpg"),
    "odd sampling": kept_picture("odd-sampling.jpg"),
    "arithmetic": kept_picture("arithmetic.jpg"),
    "arithmetic, progressive": kept_picture("arithmetic-progressive.jpg"),
    "lossless": kept_picture("lossless.jpg"),
}
KINDS["junk between segments"] = KINDS["ycbcr"][:20] + b"\0\0\0\xff\0\0" + KINDS["ycbcr"][20:]
KINDS["fill bytes between segments"] = KINDS["ycbcr"][:2] + b"\xff\xff\xff" + KINDS["ycbcr"][2:]


@pytest.mark.parametrize("kind", KINDS)
def test_compress_when_any_kind_that_is_read_then_the_same_colours(kind: str) -> None:
    result = compressed(KINDS[kind])
    assert (result.input_format, result.format) == (ImageFormat.JPEG, ImageFormat.JPEG)
    assert are_close(corner_colours(opened(result.data)), list(CORNERS))


def test_compress_when_gray_then_gray() -> None:
    assert opened(compressed(encode(quadrants(mode="L"), "JPEG", quality=95)).data).mode == "L"


@pytest.mark.parametrize("kind", ["arithmetic", "arithmetic, progressive", "lossless"])
def test_compress_when_browsers_do_not_show_the_kind_then_the_original_is_not_kept(kind: str) -> None:
    result = compressed(KINDS[kind], OutputOptions(quality=100))
    assert not result.kept_original
    assert b"\xff\xc0" in result.data


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("12-bit.jpg", "JPEGs of 12 bits a channel are not read"),
        ("16-bit-lossless.jpg", "JPEGs of 16 bits a channel are not read"),
        ("jpeg-ls.jls", "JPEG-LS files are not read"),
    ],
)
def test_compress_when_a_kind_that_is_not_read_then_its_name(name: str, words: str) -> None:
    assert refusal(kept_picture(name)) == ("unsupported_format", words)


def test_compress_when_hierarchical_or_of_two_channels_then_its_name() -> None:
    data = KINDS["ycbcr"]
    frame = data.index(b"\xff\xc0")
    hierarchical = data[: frame + 1] + b"\xc5" + data[frame + 2 :]
    assert refusal(hierarchical) == ("unsupported_format", "hierarchical JPEGs are not read")
    two = data[: frame + 9] + b"\2" + data[frame + 10 :]
    assert refusal(two) == ("unsupported_format", "JPEGs of 2 channels are not read")


@pytest.mark.parametrize("tail", [MP4, KINDS["ycbcr"], bytes(1000), b"<html>"], ids=["video", "jpeg", "zeros", "html"])
def test_compress_when_something_follows_the_end_then_dropped(tail: bytes) -> None:
    alone = encode(photo(), "JPEG", quality=30, optimize=True)
    result = compressed(alone + tail)
    assert result.kept_original
    assert len(result.data) <= len(alone)
    assert len(compressed(alone + tail, OutputOptions(quality=20)).data) < len(alone)


@pytest.mark.parametrize("tail", [b"", bytes(1000), MP4], ids=["nothing", "zeros", "video"])
@pytest.mark.parametrize("share", [0.6, 0.9, 1.0])
def test_compress_when_the_end_marker_is_missing_then_truncated(share: float, tail: bytes) -> None:
    whole = encode(photo(), "JPEG", quality=90, progressive=True)[:-2]
    assert refusal(whole[: int(len(whole) * share)] + tail)[0] == "truncated"


@pytest.mark.parametrize("metadata", list(Metadata))
def test_compress_when_ultra_hdr_then_the_standard_picture_without_the_gain_map(metadata: Metadata) -> None:
    data = kept_picture("ultra-hdr.jpg")
    result = compressed(data, OutputOptions(metadata=metadata))
    assert result.data.count(b"\xff\xd8\xff") == 1
    assert b"21496" not in result.data
    assert are_close(corner_colours(opened(result.data)), corner_colours(opened(data)))


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_compress_when_the_first_picture_of_an_mpo_is_turned_then_upright(orientation: int) -> None:
    file = io.BytesIO()
    others = [Image.new("RGB", (32, 32))]
    stored_turned(orientation).save(
        file, "MPO", save_all=True, append_images=others, quality=95, exif=exif(orientation)
    )
    picture = opened(compressed(file.getvalue()).data)
    assert (picture.format, picture.size, picture.getexif().get(0x0112, 1)) == ("JPEG", (96, 64), 1)
    assert are_close(corner_colours(picture), list(CORNERS))
