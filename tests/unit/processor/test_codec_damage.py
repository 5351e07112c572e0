"""Damage that a mutated file showed first: what Pillow bears or trips over is refused with the code that is so."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image
from support.codec_calls import refusal
from support.pictures import encode
from support.quadrants import quadrants

from imagebatch.model.batch import OutputFormat, OutputOptions
from imagebatch_processor.codec import compress
from imagebatch_processor.policy import ImageLimits

FIRST_CHUNK = 33  # of a PNG, behind its header


@pytest.mark.parametrize("wanted", [OutputFormat.PNG, OutputFormat.JPEG])
@pytest.mark.parametrize("quality", [50, 100])
def test_compress_when_a_png_of_a_palette_has_none_then_corrupt(wanted: OutputFormat, quality: int) -> None:
    whole = encode(quadrants().convert("P"), "PNG")
    assert whole[FIRST_CHUNK + 4 : FIRST_CHUNK + 8] == b"PLTE"
    end = FIRST_CHUNK + 12 + int.from_bytes(whole[FIRST_CHUNK : FIRST_CHUNK + 4], "big")
    found = refusal(whole[:FIRST_CHUNK] + whole[end:], OutputOptions(format=wanted, quality=quality))
    assert found == ("corrupt", "the picture's palette is missing")


@pytest.mark.parametrize("side", [97, 7_000, 16_384])
def test_compress_when_a_later_frame_of_a_gif_reaches_beyond_it_then_corrupt_and_nothing_is_enlarged(side: int) -> None:
    frames = [Image.new("L", (96, 64), shade) for shade in (0, 90, 180)]
    whole = encode(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50)
    second = whole.index(b"\x2c\0\0\0\0" + struct.pack("<HH", 96, 64), whole.index(b"\x2c\0\0\0\0") + 1)
    grown = whole[: second + 5] + struct.pack("<H", side) + whole[second + 7 :]
    assert refusal(grown, OutputOptions()) == ("corrupt", "a frame lies outside of its picture")


@pytest.mark.parametrize("wanted", [OutputFormat.WEBP, OutputFormat.PNG, OutputFormat.AVIF])
@pytest.mark.parametrize(("shown", "least"), [(2**31, 3_600_000), (1_048_616, 1_048_616), (65_535, 65_535)])
def test_compress_when_frames_are_shown_long_then_as_long_as_the_format_can_say(
    wanted: OutputFormat, shown: int, least: int
) -> None:
    frames = [Image.new("RGB", (96, 64), shade) for shade in ("red", "green", "blue")]
    slow = encode(frames[0], "AVIF", save_all=True, append_images=frames[1:], duration=shown)
    result = compress(slow, OutputOptions(format=wanted, never_larger=False), ImageLimits())
    with Image.open(io.BytesIO(result.data)) as picture:
        picture.load()
        assert picture.n_frames == 3  # type: ignore[attr-defined]
        assert abs(picture.info["duration"] - least) < 500


@pytest.mark.parametrize("cut", range(2, 40))
def test_compress_when_a_jpeg_breaks_off_in_its_first_segments_then_refused(cut: int) -> None:
    whole = encode(quadrants(), "JPEG")
    head = whole[: whole.index(b"\xff\xc0")]
    frame = whole[len(head) :]
    assert refusal(head + frame[:cut], OutputOptions())[0] in ("truncated", "corrupt", "not_an_image")


def test_compress_when_an_animation_goes_round_more_often_than_a_format_can_say_then_as_often_as_it_can() -> None:
    frames = [Image.new("RGB", (96, 64), shade) for shade in ("red", "green")]
    often = encode(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=50, loop=1_048_576)
    result = compress(often, OutputOptions(format=OutputFormat.WEBP), ImageLimits())
    with Image.open(io.BytesIO(result.data)) as picture:
        assert picture.info["loop"] == 65_535


@pytest.mark.parametrize(("place", "value"), [(3, 8), (9, 0), (11, 0)])
def test_compress_when_a_progressive_jpeg_has_no_components_or_no_samples_then_refused(place: int, value: int) -> None:
    whole = encode(quadrants(), "JPEG", progressive=True)
    at = whole.index(b"\xff\xc2") + place
    broken = whole[:at] + bytes([value]) + whole[at + 1 :]
    assert refusal(broken, OutputOptions())[0] in ("corrupt", "unsupported_format", "truncated")


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("data", "codes"),
    [
        (b"<!---->" * 140 + b"<html>", ("not_an_image",)),
        (b"<!---->" * 100 + b"<svg>", ("unsupported_format",)),
        (b"\xff\xd8" + b"\xff" * 2_000_000 + b"\0", ("corrupt", "truncated")),
        (encode(quadrants(), "JPEG")[:20] + b"\xff" * 2_000_000 + b"\0", ("corrupt", "truncated")),
    ],
    ids=["comments", "comments before an SVG", "fill bytes", "fill bytes behind a segment"],
)
def test_compress_when_a_file_begins_with_the_same_over_and_over_then_it_is_told_at_once(
    data: bytes, codes: tuple[str, ...]
) -> None:
    assert refusal(data, OutputOptions())[0] in codes


def test_compress_when_the_name_of_a_tiff_compression_is_data_then_it_is_not_repeated() -> None:
    whole = encode(quadrants(), "TIFF")
    entry = whole.index(struct.pack("<HHI", 259, 3, 1))
    text = struct.pack("<HHII", 259, 2, 40_000, 8)
    code, message = refusal(whole[:entry] + text + whole[entry + 12 :] + bytes(50_000), OutputOptions())
    assert code in ("unsupported_format", "corrupt")
    assert len(message) < 200
