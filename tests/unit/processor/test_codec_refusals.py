"""What cannot be compressed is refused with its code, before it costs anything."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image
from support.pictures import encode
from support.png_chunks import chunk
from support.quadrants import quadrants

from imagebatch.model.batch import OutputOptions
from imagebatch.model.errors import ImageRejected
from imagebatch_processor.codec import compress
from imagebatch_processor.policy import ImageFormat, ImageLimits

ALL_FORMATS = list(ImageFormat)


def _code(data: bytes, limits: ImageLimits | None = None) -> str:
    asked: list[int] = []
    with pytest.raises(ImageRejected) as caught:
        compress(data, OutputOptions(), limits or ImageLimits(), before_decoding=asked.append)
    assert caught.value.message
    return caught.value.code + ("" if asked else " by header")


def _png_of(width: int, height: int, *, extra: bytes = b"") -> bytes:
    """Return a PNG of a few bytes whose header announces any size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = chunk(b"IDAT", zlib.compress(bytes(100)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + rows + chunk(b"IEND", b"")


def _webp_of(width: int, height: int) -> bytes:
    body = b"VP8X" + struct.pack("<I", 10) + bytes(4) + (width - 1).to_bytes(3, "little")
    body += (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not_an_image"),
        (b"<html>hello</html>", "not_an_image"),
        (b"<svg></svg>", "unsupported_format"),
        (b"%!PS-Adobe EPSF", "unsupported_format"),
    ],
)
def test_compress_when_no_picture_that_is_read_then_its_code(data: bytes, code: str) -> None:
    assert _code(data) == f"{code} by header"


def test_compress_when_too_many_bytes_then_too_large() -> None:
    assert _code(encode(quadrants(), "BMP"), ImageLimits(max_bytes=1000)) == "too_large by header"


@pytest.mark.parametrize("size", [(60_000, 60_000), (16_385, 1), (10_000, 5_001)])
@pytest.mark.parametrize("make", [_png_of, _webp_of])
def test_compress_when_the_header_announces_too_much_then_too_many_pixels(make: object, size: tuple[int, int]) -> None:
    assert callable(make)
    if make is _webp_of and size[0] == 60_000:
        size = (16_384, 16_384)
    assert _code(make(*size)) == "too_many_pixels by header"


@pytest.mark.parametrize("file_format", ALL_FORMATS)
def test_compress_when_over_the_pixels_allowed_then_too_many_pixels_for_every_format(file_format: ImageFormat) -> None:
    data = encode(quadrants(), file_format.value)
    assert _code(data, ImageLimits(max_pixels=96 * 64 - 1)) == "too_many_pixels by header"
    assert _code(data, ImageLimits(max_side=95)) == "too_many_pixels by header"


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_compress_when_an_animation_is_too_long_then_its_code(kind: str) -> None:
    frames = [quadrants(mode="L").rotate(angle) for angle in range(0, 100, 20)]
    data = encode(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)
    assert _code(data, ImageLimits(max_frames=4)) == "too_many_frames by header"
    assert _code(data, ImageLimits(max_pixels=96 * 64 * 5 - 1)) == "too_many_pixels by header"


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("file_format", ALL_FORMATS)
def test_compress_when_the_end_is_missing_then_truncated(file_format: ImageFormat, share: float) -> None:
    noise = Image.effect_noise((96, 64), 80).convert("RGB")
    whole = encode(noise, file_format.value)
    assert _code(whole[: int(len(whole) * share)]).startswith("truncated")


@pytest.mark.parametrize("file_format", [f for f in ALL_FORMATS if f is not ImageFormat.BMP])
def test_compress_when_only_the_magic_number_is_right_then_truncated_or_corrupt(file_format: ImageFormat) -> None:
    head = encode(quadrants(), file_format.value)[:12]
    assert _code(head + bytes(500)).split()[0] in ("corrupt", "truncated")


def test_compress_when_pixel_data_is_damaged_then_corrupt() -> None:
    whole = encode(Image.effect_noise((96, 64), 80), "PNG")
    middle = len(whole) // 2
    assert _code(whole[:middle] + bytes(64) + whole[middle + 64 :]) == "corrupt by header"


def test_compress_when_a_profile_unpacks_to_a_bomb_then_corrupt() -> None:
    body = b"bomb\0\0" + zlib.compress(bytes(80_000_000), 9)
    profile = struct.pack(">I", len(body)) + b"iCCP" + body + struct.pack(">I", zlib.crc32(b"iCCP" + body))
    assert _code(_png_of(8, 8, extra=profile)) == "corrupt by header"


def test_compress_when_refused_twice_then_the_same_words() -> None:
    words = set()
    for _ in range(2):
        with pytest.raises(ImageRejected) as caught:
            compress(b"\x89PNG\r\n\x1a\n" + bytes(60) + b"IEND", OutputOptions(), ImageLimits())
        words.add(caught.value.message)
    assert len(words) == 1


def test_compress_when_a_jpeg_carries_more_pictures_then_the_first_is_taken() -> None:
    file = io.BytesIO()
    quadrants().save(file, "MPO", save_all=True, append_images=[quadrants(32, 32)], quality=95)
    result = compress(file.getvalue(), OutputOptions(), ImageLimits())
    assert (result.input_format, result.format, result.width) == (ImageFormat.JPEG, ImageFormat.JPEG, 96)
