"""AVIF files with a property more or another one: the boxes around it are put right (ISO/IEC 14496-12)."""

from __future__ import annotations

import re
import struct


def clap(width: int, height: int, right: int = 0, down: int = 0, *, parts: int = 2) -> bytes:
    """Return a clean aperture box: a size, and how far its centre is from the picture's in `parts` of a pixel."""
    return b"\0\0\0\x28clap" + struct.pack(">8i", width, 1, height, 1, right, parts, down, parts)


def nclx(primaries: int, curve: int, matrix: int = 6) -> bytes:
    """Return a colour box of code points (ITU-T H.273), of the whole range."""
    return b"\0\0\0\x13colrnclx" + struct.pack(">3HB", primaries, curve, matrix, 0x80)


def with_code_points(data: bytes, primaries: int, curve: int) -> bytes:
    """Return the file with these numbers in every colour box of code points; the pixels stay as they are."""
    numbers = struct.pack(">HH", primaries, curve)
    return re.sub(rb"(?<=colrnclx).{4}", lambda _: numbers, data, flags=re.DOTALL)


def with_property(data: bytes, box: bytes) -> bytes:
    """Return the file with a property of its first picture put before any turn: as Pillow writes files, one meta box.

    What follows moves, so the places in `iloc` do.
    """
    containers = [data.index(kind) - 4 for kind in (b"meta", b"iprp", b"ipco")]
    grown = bytearray(data)
    ipma = data.index(b"ipma") - 4
    count = data[ipma + 18]  # of the first picture's properties
    added = count + 1
    index = _properties(data[containers[-1] :]) + 1
    grown[ipma + 18] = added
    grown[ipma + 19 : ipma + 19] = bytes([0x80 | index])  # essential, and the first to be applied
    _grow(grown, ipma, 1)
    end = containers[-1] + int.from_bytes(data[containers[-1] :][:4], "big")
    grown[end:end] = box
    for at in containers[:2]:
        _grow(grown, at, len(box) + 1)
    _grow(grown, containers[-1], len(box))
    return _with_places_moved(bytes(grown), len(box) + 1)


def _properties(ipco: bytes) -> int:
    at, count, end = 8, 0, int.from_bytes(ipco[:4], "big")
    while at < end:
        at += int.from_bytes(ipco[at : at + 4], "big")
        count += 1
    return count


def _grow(data: bytearray, at: int, by: int) -> None:
    data[at : at + 4] = (int.from_bytes(data[at : at + 4], "big") + by).to_bytes(4, "big")


def _with_places_moved(data: bytes, by: int) -> bytes:
    """Add to the offsets of an `iloc` of version 0 with lengths and offsets of 4 bytes, no base, one extent each."""
    moved = bytearray(data)
    at = data.index(b"iloc") + 4
    assert data[at : at + 6] == b"\0\0\0\0\x44\0", "another layout of iloc than libavif's"
    for item in range(int.from_bytes(data[at + 6 : at + 8], "big")):
        _grow(moved, at + 8 + item * 14 + 6, by)
    return bytes(moved)
