"""A CMYK colour profile made by hand: its cyan ink is yellow and its yellow ink is cyan, so that its use shows."""

from __future__ import annotations

import itertools
import struct

from PIL import Image, ImageCms


def swapped_inks_profile() -> bytes:
    """Return an ICC version 2 output profile with one 8-bit table (ICC.1:2001-04, 6.5.7) from CMYK to Lab."""
    tags = [(b"desc", _description()), (b"wtpt", b"XYZ " + bytes(4) + _fixed(0.9642, 1.0, 0.8249)), (b"A2B0", _table())]
    position = 128 + 4 + 12 * len(tags)
    index, bodies = struct.pack(">I", len(tags)), b""
    for name, body in tags:
        padded = body + bytes(-len(body) % 4)
        index += name + struct.pack(">II", position + len(bodies), len(body))
        bodies += padded
    size = position + len(bodies)
    header = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02400000, b"prtr", b"CMYK", b"Lab ") + bytes(12)
    header += b"acsp" + bytes(28) + _fixed(0.9642, 1.0, 0.8249) + bytes(48)
    return header[:128] + index + bodies


def _fixed(*numbers: float) -> bytes:
    return b"".join(struct.pack(">i", round(number * 65_536)) for number in numbers)


def _description() -> bytes:
    return b"desc" + bytes(4) + struct.pack(">I", 5) + b"inks\0" + bytes(78)


def _table() -> bytes:
    """Return the table: straight curves, and a grid of the sixteen full inks."""
    curve = bytes(range(256))
    identity = _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    grid = b"".join(_lab(*inks) for inks in itertools.product((0, 1), repeat=4))
    return b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + identity + curve * 4 + grid + curve * 3


def _lab(cyan: int, magenta: int, yellow: int, black: int) -> bytes:
    rgb = tuple(255 * (1 - ink) * (1 - black) for ink in (yellow, magenta, cyan))
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    converted = ImageCms.profileToProfile(Image.new("RGB", (1, 1), rgb), srgb, lab, outputMode="LAB")
    assert converted is not None
    lightness, *rest = converted.tobytes()
    return bytes((lightness, *((value + 128) % 256 for value in rest)))
