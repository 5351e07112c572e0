"""Kinds of PNG, GIF, WebP, BMP and AVIF that are about: shown as browsers show them, or refused by the kind's name."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
import pyvips
from PIL import Image
from support.bitmaps import BITMAPS, BITMAPS_WITH_ALPHA, UNREAD_BITMAPS
from support.codec_calls import compressed, refusal
from support.kept_pictures import kept_picture
from support.pictures import encode
from support.png_chunks import chunk
from support.quadrants import CORNERS, are_close, corner_colours, opened, quadrants

from imagebatch.model.batch import OutputFormat, OutputOptions
from imagebatch_processor.policy import ImageFormat

PNG, GIF, AVIF = (encode(quadrants(), kind) for kind in ("PNG", "GIF", "AVIF"))
WEBP = encode(quadrants(), "WEBP", lossless=True)
AFTER_HEADER = 33


def _with_chunk(kind: bytes, body: bytes, *, wrong: int = 0) -> bytes:
    return PNG[:AFTER_HEADER] + chunk(kind, body, wrong=wrong) + PNG[AFTER_HEADER:]


def _extended_webp() -> bytes:
    """Return a WebP with the extended header and none of the features that it is for."""
    header = b"VP8X" + struct.pack("<I", 10) + bytes(4) + (95).to_bytes(3, "little") + (63).to_bytes(3, "little")
    body = b"WEBP" + header + WEBP[12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


SHOWN = {
    "png, interlaced": pyvips.Image.new_from_buffer(PNG, "").pngsave_buffer(interlace=True),
    "png with a damaged comment": _with_chunk(b"tEXt", b"a\0b", wrong=1),
    "png with a damaged profile": _with_chunk(b"iCCP", b"x\0\0" + zlib.compress(b"no profile"), wrong=1),
    "png with a chunk of nobody's": _with_chunk(b"abCd", b"x"),
    "png without its end": PNG[:-12],
    "png and more": PNG + b"more" * 100,
    "png with its data in pieces": PNG.replace(PNG[AFTER_HEADER:-12], b"".join(
        chunk(b"IDAT", PNG[AFTER_HEADER + 8 : -16][n : n + 40]) for n in range(0, len(PNG) - AFTER_HEADER - 24, 40)
    )),
    "gif without its end": GIF[:-1],
    "gif and more": GIF + b"more" * 100,
    "gif, interlaced": encode(quadrants(), "GIF", interlace=1),
    "gif of version 87a": b"GIF87a" + GIF[6:],
    "webp, extended": _extended_webp(),
    "webp and more": WEBP + b"more" * 100,
    **{f"avif as {brand.decode()}": AVIF[:8] + brand + AVIF[12:] for brand in (b"mif1", b"msf1", b"miaf", b"MA1B")},
    **BITMAPS,
}  # fmt: skip


@pytest.mark.parametrize("kind", SHOWN)
def test_compress_when_any_kind_that_is_read_then_the_same_colours(kind: str) -> None:
    result = compressed(SHOWN[kind], OutputOptions(format=OutputFormat.PNG))
    assert (result.input_width, result.input_height) == (96, 64)
    assert are_close(corner_colours(opened(result.data)), list(CORNERS))


@pytest.mark.parametrize("kind", [kind for kind in SHOWN if "more" in kind or "damaged" in kind or "end" in kind])
def test_compress_when_the_file_is_not_quite_right_then_the_output_is(kind: str) -> None:
    data = compressed(SHOWN[kind], OutputOptions(quality=100)).data
    assert b"moremore" not in data
    assert data.endswith((b"IEND\xaeB`\x82", b";")) or len(data) == int.from_bytes(data[4:8], "little") + 8


@pytest.mark.parametrize("kind", BITMAPS_WITH_ALPHA)
def test_compress_when_a_bitmap_has_alpha_then_a_png_that_keeps_it(kind: str) -> None:
    result = compressed(BITMAPS_WITH_ALPHA[kind])
    assert result.format is ImageFormat.PNG
    found = corner_colours(opened(result.data), "RGBA")
    assert are_close(found[:3], [(*colour, 255) for colour in CORNERS[:3]])
    assert found[3][3] == 0


@pytest.mark.parametrize("kind", UNREAD_BITMAPS)
def test_compress_when_a_bitmap_that_is_not_read_then_unsupported_format(kind: str) -> None:
    code, message = refusal(UNREAD_BITMAPS[kind])
    assert (code, "BMP" in message) == ("unsupported_format", True)


def test_compress_when_a_png_is_packed_for_ios_then_its_name() -> None:
    packed = PNG[:8] + chunk(b"CgBI", b"\x50\0\x20\6") + PNG[8:]
    assert refusal(packed) == ("unsupported_format", "PNGs packed for iOS (CgBI) are not read")


def test_compress_when_an_animated_pngs_frames_are_out_of_order_then_corrupt() -> None:
    data = encode(quadrants(), "PNG", save_all=True, append_images=[quadrants().rotate(90)], duration=50)
    at = data.rindex(b"fcTL")
    body = data[at + 4 : at + 30]
    wrong = chunk(b"fcTL", b"\0\0\0\x09" + body[4:])
    assert refusal(data[: at - 4] + wrong + data[at + 34 :])[0] == "corrupt"


def test_compress_when_an_avif_of_tiles_then_one_picture() -> None:
    picture = opened(compressed(kept_picture("tiles.avif"), OutputOptions(format=OutputFormat.PNG)).data)
    assert picture.size == (700, 600)
    assert are_close(corner_colours(picture), list(CORNERS))


def test_compress_when_an_avif_is_turned_by_its_container_then_upright() -> None:
    picture = opened(compressed(kept_picture("turned.avif")).data)
    assert picture.size == (64, 96)
    assert are_close(corner_colours(picture), [CORNERS[n] for n in (2, 0, 3, 1)])


def test_compress_when_an_avifs_alpha_is_premultiplied_then_the_same_colours() -> None:
    picture = opened(compressed(kept_picture("premultiplied.avif"), OutputOptions(format=OutputFormat.PNG)).data)
    assert are_close(corner_colours(picture, "RGBA"), [(*colour, 128) for colour in CORNERS])


@pytest.mark.parametrize("at", [16, len(PNG) // 2])
def test_compress_when_a_pngs_picture_is_damaged_then_corrupt(at: int) -> None:
    assert refusal(PNG[:at] + bytes([PNG[at] ^ 255]) + PNG[at + 1 :])[0] == "corrupt"


@pytest.mark.parametrize("kept", [-20, -40])
def test_compress_when_a_gifs_last_frame_is_cut_then_truncated(kept: int) -> None:
    turned = [quadrants().transpose(turn) for turn in range(3)]
    data = encode(quadrants(), "GIF", save_all=True, append_images=turned, duration=0)
    assert refusal(data[:kept])[0] == "truncated"


@pytest.mark.parametrize("target", ["Auto", "WebP", "PNG"])
def test_compress_when_an_animation_without_delays_has_no_end_then_all_its_frames(target: str) -> None:
    turned = [quadrants().transpose(turn) for turn in range(3)]
    data = encode(quadrants(), "GIF", save_all=True, append_images=turned, duration=0)[:-1]
    result = compressed(data, OutputOptions(format=OutputFormat(target)))
    with Image.open(io.BytesIO(result.data)) as picture:
        assert getattr(picture, "n_frames", 1) == 4
