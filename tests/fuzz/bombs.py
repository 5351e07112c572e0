"""Files that cost little to make and would cost much to decode, with the end that each must come to."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

from fuzz.structure import structure_of, with_checksums
from PIL import Image
from support.pictures import encode, exif, photo
from support.png_chunks import chunk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIDE = 14_143  # squared: 200 megapixels
FRAMES = 5_000
CAME_OUT = "came out"


@dataclass(frozen=True)
class Bomb:
    """How the file is made, the code (or none) it must end with, and whether that must be before a pixel is decoded."""

    make: Callable[[], bytes]
    end: str
    by_header: bool = True


@cache
def bombs() -> dict[str, Bomb]:
    """Return the files by name."""
    return dict([*_of_pixels(), *_of_frames(), *_of_headers()])


def _of_pixels() -> Iterator[tuple[str, Bomb]]:
    for kind in ("JPEG", "PNG", "GIF", "BMP", "TIFF", "AVIF", "WEBP"):
        yield f"{kind} of 200 megapixels", Bomb(partial(_enlarged, kind), "too_many_pixels")
    yield "JPEG, progressive, of 200 megapixels", Bomb(partial(_enlarged, "JPEG", progressive=True), "too_many_pixels")
    yield "WEBP, extended, of 200 megapixels", Bomb(partial(_enlarged, "WEBP", exif=exif(6)), "too_many_pixels")
    yield "WEBP, lossless, of 200 megapixels", Bomb(_lossless_webp, "too_many_pixels")
    yield "HEIC of 200 megapixels", Bomb(partial(_enlarged, "HEIC"), "too_many_pixels")


def _enlarged(kind: str, **options: object) -> bytes:
    return _announced(encode(photo(40, 30), kind, **options), SIDE)


def _announced(data: bytes, side: int) -> bytes:
    """Return a file whose headers, all of them, announce so many pixels a side."""
    file = bytearray(data)
    for field in structure_of(data).sides:
        number = side - 1 if data[:4] == b"RIFF" and field.size == 3 else side  # VP8X counts from 0
        file[field.offset : field.offset + field.size] = number.to_bytes(field.size, field.order)  # type: ignore[arg-type]
    return with_checksums(bytes(file))


def _lossless_webp() -> bytes:
    bits = (SIDE - 1) | (SIDE - 1) << 14
    body = b"WEBPVP8L" + struct.pack("<IBI", 100, 0x2F, bits) + bytes(95)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _of_frames() -> Iterator[tuple[str, Bomb]]:
    for kind in ("GIF", "WEBP", "PNG"):
        yield f"{kind} of {FRAMES:,} frames", Bomb(partial(_many_frames, kind), "too_many_frames")
    yield "GIF of 200,000 frames", Bomb(_short_frames, "too_many_frames")
    yield "TIFF of 60,000 pages", Bomb(partial(_pages, 60_000), CAME_OUT, by_header=False)
    yield "TIFF whose pages go round", Bomb(partial(_pages, 2, round_and_round=True), CAME_OUT, by_header=False)


def _many_frames(kind: str) -> bytes:
    dots = [Image.new("L", (2, 2), shade) for shade in range(8)]
    frames = [dots[number % 8] for number in range(1, FRAMES)]
    return encode(dots[0], kind, save_all=True, append_images=frames, duration=10)


def _short_frames() -> bytes:
    gif = encode(Image.new("L", (2, 2)), "GIF")
    start = gif.index(b"\x2c\0\0\0\0")
    return gif[:start] + gif[start:-1] * 200_000 + b";"


def _pages(count: int, *, round_and_round: bool = False) -> bytes:
    """Return a TIFF of many directories over one strip of 8 × 8 gray pixels."""
    tags = [(256, 8), (257, 8), (258, 8), (259, 1), (262, 1), (273, 8), (278, 8), (279, 64)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    size, first = 2 + len(entries) + 4, 8 + 64
    nexts = [first + size * (number + 1) for number in range(count)]
    nexts[-1] = first if round_and_round else 0
    pages = b"".join(struct.pack("<H", len(tags)) + entries + struct.pack("<I", each) for each in nexts)
    return b"II*\0" + struct.pack("<I", first) + bytes(range(64)) + pages


def _of_headers() -> Iterator[tuple[str, Bomb]]:
    yield "PNG of 100,000 chunks", Bomb(lambda: _png_with(chunk(b"prIv", b"") * 100_000), CAME_OUT, by_header=False)
    yield "PNG whose text unpacks to 100 MB", Bomb(partial(_zeros, b"zTXt", 100, 1), "corrupt")
    yield "PNG whose profile unpacks to 100 MB", Bomb(partial(_zeros, b"iCCP", 100, 1), "corrupt")
    yield "PNG whose texts unpack to 1 GB", Bomb(partial(_zeros, b"zTXt", 1, 1_000), "corrupt")
    yield "JPEG of 100,000 segments", Bomb(lambda: _jpeg_with(b"\xff\xfe\0\2" * 100_000), CAME_OUT, by_header=False)
    for name, kind, times in (
        ("20 MB of profile", b"\xff\xe2\xff\xffICC_PROFILE\0\1\xff", 320),
        ("8 MB of EXIF", b"\xff\xe1\xff\xffExif\0\0", 128),
    ):
        segments = (kind + bytes(65_537 - len(kind))) * times
        yield f"JPEG of {name}", Bomb(partial(_jpeg_with, segments), CAME_OUT, by_header=False)
    yield "JPEG of 10,000 scans", Bomb(partial(_scans, 10_000), "decode_timeout", by_header=False)


def _zeros(kind: bytes, megabytes: int, times: int) -> bytes:
    return _png_with(chunk(kind, b"bomb\0\0" + zlib.compress(bytes(megabytes * 1_000_000), 9)) * times)


def _png_with(chunks: bytes) -> bytes:
    png = encode(photo(40, 30), "PNG")
    return png[:33] + chunks + png[33:]


def _jpeg_with(segments: bytes) -> bytes:
    jpeg = encode(photo(40, 30), "JPEG")
    return jpeg[:2] + segments + jpeg[2:]


def _scans(count: int) -> bytes:
    """Return a progressive JPEG of 45 megapixels whose last scan, a refinement of one band, comes again and again."""
    data = encode(photo(40, 30), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return _announced(data[:last] + data[last:-2] * count + data[-2:], 6_700)
