"""The quadrants as Windows and OS/2 bitmaps of every kind, written byte by byte: Pillow writes one of them."""

from __future__ import annotations

import struct

from support.pictures import encode
from support.quadrants import quadrants

_WIDTH, _HEIGHT = quadrants().size
_565 = struct.pack("<III", 0xF800, 0x7E0, 0x1F)
_ALPHA_MASKS = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
_INDEXED = quadrants().quantize(4)
_COLOURS = [bytes(_INDEXED.getpalette()[n : n + 3][::-1]) for n in range(0, 12, 3)]
_LINES = [_INDEXED.crop((0, y, _WIDTH, y + 1)).tobytes() for y in reversed(range(_HEIGHT))]
_PALETTE = b"".join(colour + b"\0" for colour in _COLOURS)


def _bitmap(
    bits: int, pixels: bytes, *, method: int = 0, palette: bytes = b"", size: int = 40, more: bytes = b"", up: int = 1
) -> bytes:
    if size == 12:
        header = struct.pack("<IHHHH", size, _WIDTH, _HEIGHT, 1, bits)
    else:
        fields = (size, _WIDTH, up * _HEIGHT, 1, bits, method, len(pixels), 2835, 2835, 0, 0)
        header = struct.pack("<IiiHHIIiiII", *fields) + more.ljust(size - 40, b"\0")
    start = 14 + len(header) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + header + palette + pixels


def _sixteen_bits(green: int) -> bytes:
    """Return the pixels with 5 bits of red and blue and as many of green."""
    picture, pixels = quadrants(), []
    for y in reversed(range(_HEIGHT)):
        for x in range(_WIDTH):
            r, g, b = picture.getpixel((x, y))
            pixels.append((r >> 3) << (5 + green) | (g >> (8 - green)) << 5 | b >> 3)
    return struct.pack(f"<{len(pixels)}H", *pixels)


def _runs(bits: int) -> bytes:
    """Return the lines packed by run lengths, each as its two runs."""
    both = 17 if bits == 4 else 1
    half = _WIDTH // 2
    lines = (bytes([half, line[0] * both, half, line[-1] * both, 0, 0]) for line in _LINES)
    return b"".join(lines) + b"\0\1"


_24 = quadrants().tobytes("raw", "BGR", 0, -1)
_32 = quadrants(mode="RGBA").tobytes("raw", "BGRA", 0, -1)
_4 = b"".join(bytes(a << 4 | b for a, b in zip(line[::2], line[1::2], strict=True)) for line in _LINES)

BITMAPS = {
    "bmp of 24 bits": _bitmap(24, _24),
    "bmp from the top": _bitmap(24, quadrants().tobytes("raw", "BGR"), up=-1),
    "bmp of os/2": _bitmap(24, _24, size=12),
    "bmp of os/2 with a palette": _bitmap(8, b"".join(_LINES), size=12, palette=b"".join(_COLOURS) + bytes(756)),
    "bmp of os/2, version 2": _bitmap(24, _24, size=64),
    "bmp of 8 bits": _bitmap(8, b"".join(_LINES), palette=_PALETTE + bytes(1008)),
    "bmp of 8 bits in runs": _bitmap(8, _runs(8), method=1, palette=_PALETTE + bytes(1008)),
    "bmp of 4 bits": _bitmap(4, _4, palette=_PALETTE + bytes(48)),
    "bmp of 4 bits in runs": _bitmap(4, _runs(4), method=2, palette=_PALETTE + bytes(48)),
    "bmp of 15 bits": _bitmap(16, _sixteen_bits(5)),
    "bmp of 16 bits by masks": _bitmap(16, _sixteen_bits(6), method=3, size=52, more=_565),
    "bmp of 32 bits without alpha": _bitmap(32, _32),
}
BITMAPS_WITH_ALPHA = {
    "bmp of version 4 with alpha": _bitmap(32, _32, method=3, size=108, more=_ALPHA_MASKS),
    "bmp of version 5 with alpha": _bitmap(32, _32, method=3, size=124, more=_ALPHA_MASKS),
}
UNREAD_BITMAPS = {
    "a JPEG in it": _bitmap(0, encode(quadrants(), "JPEG"), method=4),
    "a PNG in it": _bitmap(0, encode(quadrants(), "PNG"), method=5),
    "30 bits by masks": _bitmap(32, _32, method=3, size=52, more=struct.pack("<III", 0x3FF00000, 0xFFC00, 0x3FF)),
}
