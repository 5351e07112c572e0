"""Colour profiles (ICC.1:2022) made from the numbers with which a file names its colour space. Pure.

The codec makes one where a PNG or an AVIF says what its colours are without a profile of its own.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]

SRGB_CURVE = None
_D50 = (0.9642, 1.0, 0.8249)
_BRADFORD: Matrix = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
_SRGB_PARAMETERS = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)  # IEC 61966-2-1
_GAMMA_FUNCTION, _SRGB_FUNCTION = 0, 3  # ICC.1:2022, 10.18


class Primaries(NamedTuple):
    """The chromaticities x and y of white and of full red, green and blue."""

    white: tuple[float, float]
    red: tuple[float, float]
    green: tuple[float, float]
    blue: tuple[float, float]


def rgb_profile(primaries: Primaries, gamma: float | None) -> bytes:
    """Return a profile for RGB. A gamma of `SRGB_CURVE` is sRGB's own curve. Raises ValueError for no real colours."""
    try:
        adaptation = _adaptation(_light(*primaries.white))
        columns = _transposed(_product(adaptation, _colorants(primaries)))
    except ZeroDivisionError as error:
        raise ValueError("these primaries span no colours") from error
    tags = [(b"chad", b"sf32" + bytes(4) + _fixed(*(number for row in adaptation for number in row)))]
    tags += [(name, _xyz(column)) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)]
    tags += [(name, _curve(gamma)) for name in (b"rTRC", b"gTRC", b"bTRC")]
    return _profile(b"RGB ", tags)


def gray_profile(gamma: float) -> bytes:
    """Return a profile for grayscale."""
    return _profile(b"GRAY", [(b"kTRC", _curve(gamma))])


def _colorants(primaries: Primaries) -> Matrix:
    """Return the XYZ of the three primaries in columns, scaled so that together they are the white."""
    corners = _transposed((_light(*primaries.red), _light(*primaries.green), _light(*primaries.blue)))
    shares = _times(_inverse(corners), _light(*primaries.white))
    return _product(corners, _diagonal(shares))


def _adaptation(white: Vector) -> Matrix:
    """Return Bradford's matrix from this white to the profile's D50 (ICC.1:2022, annex E)."""
    source, target = _times(_BRADFORD, white), _times(_BRADFORD, _D50)
    scale = _diagonal((target[0] / source[0], target[1] / source[1], target[2] / source[2]))
    return _product(_inverse(_BRADFORD), _product(scale, _BRADFORD))


def _light(x: float, y: float) -> Vector:
    return x / y, 1.0, (1 - x - y) / y


def _diagonal(v: Vector) -> Matrix:
    return (v[0], 0.0, 0.0), (0.0, v[1], 0.0), (0.0, 0.0, v[2])


def _transposed(m: Matrix) -> Matrix:
    a, b, c = zip(*m, strict=True)
    return a, b, c


def _times(m: Matrix, v: Vector) -> Vector:
    a, b, c = (sum(left * right for left, right in zip(row, v, strict=True)) for row in m)
    return a, b, c


def _product(m: Matrix, n: Matrix) -> Matrix:
    a, b, c = (_times(m, column) for column in _transposed(n))
    return _transposed((a, b, c))


def _inverse(m: Matrix) -> Matrix:
    """Return the inverse by cross products of the rows."""
    a, b, c = m
    volume = sum(x * y for x, y in zip(a, _cross(b, c), strict=True))
    rows = _transposed((_cross(b, c), _cross(c, a), _cross(a, b)))
    one, two, three = ((x / volume, y / volume, z / volume) for x, y, z in rows)
    return one, two, three


def _cross(v: Vector, w: Vector) -> Vector:
    return v[1] * w[2] - v[2] * w[1], v[2] * w[0] - v[0] * w[2], v[0] * w[1] - v[1] * w[0]


def _fixed(*numbers: float) -> bytes:
    try:
        return b"".join(struct.pack(">i", round(number * 65_536)) for number in numbers)
    except struct.error as error:
        raise ValueError("a number is too large for a profile") from error


def _xyz(v: Vector) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(*v)


def _curve(gamma: float | None) -> bytes:
    kind, parameters = (_SRGB_FUNCTION, _SRGB_PARAMETERS) if gamma is None else (_GAMMA_FUNCTION, (gamma,))
    return b"para" + bytes(4) + struct.pack(">HH", kind, 0) + _fixed(*parameters)


def _text(words: str) -> bytes:
    encoded = words.encode("utf-16-be")
    return b"mluc" + bytes(4) + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(encoded), 28) + encoded


def _profile(space: bytes, tags: list[tuple[bytes, bytes]]) -> bytes:
    """Return a display profile; tags with the same content share it."""
    said = [(b"desc", _text("As the file says")), (b"cprt", _text("No copyright")), (b"wtpt", _xyz(_D50)), *tags]
    position = 128 + 4 + 12 * len(said)
    index, body, places = struct.pack(">I", len(said)), b"", dict[bytes, int]()
    for name, content in said:
        if content not in places:
            places[content] = position + len(body)
            body += content + bytes(-len(content) % 4)
        index += name + struct.pack(">II", places[content], len(content))
    header = struct.pack(
        ">I4sI4s4s4s12x4s", position + len(body), bytes(4), 0x04400000, b"mntr", space, b"XYZ ", b"acsp"
    )
    return header.ljust(68, b"\0") + _fixed(*_D50) + bytes(48) + index + body
