"""Colour profiles made by hand (ICC.1:2001-04), so that the files under test hold nothing of another's."""

from __future__ import annotations

import struct

import numpy as np

from matrix.scene import Numbers

_D50 = (0.9642, 1.0, 0.8249)
# Primaries of Display P3 (SMPTE EG 432-1) and of Adobe RGB (1998), both white at D65.
DISPLAY_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
ADOBE_RGB = ((0.640, 0.330), (0.210, 0.710), (0.150, 0.060))
D65 = (0.3127, 0.3290)
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def wide_gamut(primaries: tuple[tuple[float, float], ...] = DISPLAY_P3, gamma: float = 2.2) -> bytes:
    """Return a matrix profile for RGB with these primaries and one gamma."""
    columns = _columns(primaries)
    tags = [(b"desc", _text(b"wide")), (b"wtpt", _xyz(*_D50))]
    tags += [(name, _xyz(*columns[:, i])) for i, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))]
    tags += [(name, _gamma(gamma)) for name in (b"rTRC", b"gTRC", b"bTRC")]
    return _profile(b"RGB ", tags)


def gray_gamma(gamma: float = 1.6) -> bytes:
    """Return a profile for grayscale whose middle is clearly not sRGB's."""
    return _profile(b"GRAY", [(b"desc", _text(b"gray")), (b"wtpt", _xyz(*_D50)), (b"kTRC", _gamma(gamma))])


def columns_at_d65(primaries: tuple[tuple[float, float], ...]) -> Numbers:
    """Return the XYZ of the primaries as columns, scaled so that together they are white (D65)."""
    corners = np.stack([_light(*primary) for primary in primaries], axis=1)
    scaled: Numbers = corners * np.linalg.solve(corners, _light(*D65))
    return scaled


def _columns(primaries: tuple[tuple[float, float], ...]) -> Numbers:
    """Return the same brought from D65 to D50 by Bradford's method."""
    cones = (_BRADFORD @ np.array(_D50)) / (_BRADFORD @ _light(*D65))
    adapted: Numbers = np.linalg.inv(_BRADFORD) @ np.diag(cones) @ _BRADFORD @ columns_at_d65(primaries)
    return adapted


def _light(x: float, y: float) -> Numbers:
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _text(words: bytes) -> bytes:
    return b"desc" + bytes(4) + struct.pack(">I", len(words) + 1) + words + b"\0" + bytes(78)


def _xyz(*numbers: float) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(*numbers)


def _gamma(gamma: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))


def _fixed(*numbers: float) -> bytes:
    return b"".join(struct.pack(">i", round(float(number) * 65_536)) for number in numbers)


def _profile(space: bytes, tags: list[tuple[bytes, bytes]]) -> bytes:
    position = 128 + 4 + 12 * len(tags)
    index, bodies = struct.pack(">I", len(tags)), b""
    for name, body in tags:
        index += name + struct.pack(">II", position + len(bodies), len(body))
        bodies += body + bytes(-len(body) % 4)
    size = position + len(bodies)
    header = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02400000, b"mntr", space, b"XYZ ") + bytes(12)
    header += b"acsp" + bytes(28) + _fixed(*_D50) + bytes(48)
    return header[:128] + index + bodies
