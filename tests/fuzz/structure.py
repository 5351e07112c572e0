"""Where the parts of a file begin and end, and where it says sizes, lengths and offsets: what mutations aim at."""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from itertools import pairwise

SOF = frozenset((0xC0, 0xC1, 0xC2, 0xC9))
PNG_HEAD = 8
SHORTEST_BYTES = 64
INNER_BOXES = re.compile(rb"i(?:spe|loc|inf|prp|pco|pma|ref|rot|mir)|av1C|hvcC|grid|st[a-z]{2}|pixi")


@dataclass(frozen=True)
class Field:
    """A number in a file: where it is, how many bytes, in which order."""

    offset: int
    size: int
    order: str = "big"  # or "little"


@dataclass(frozen=True)
class Structure:
    """`cuts` are the offsets between parts, from 0 to the end; `sides` are width and height, `fields` all numbers."""

    cuts: list[int]
    sides: list[Field]
    fields: list[Field]


def structure_of(data: bytes) -> Structure:
    """Return what is known of a file; of one that follows no format, equal parts."""
    walk = _WALKERS.get(_kind(data), _unknown) if len(data) > SHORTEST_BYTES else _unknown
    cuts, sides, fields = walk(data)
    cuts = sorted({0, *(cut for cut in cuts if 0 < cut < len(data)), len(data)})
    inside = [field for field in (*sides, *fields) if field.offset + field.size <= len(data)]
    return Structure(cuts, [side for side in sides if side in inside], inside)


def with_checksums(data: bytes) -> bytes:
    """Return a PNG with its chunks' checksums put right, so that what was changed is looked at; else the same."""
    if _kind(data) != "PNG":
        return data
    file = bytearray(data)
    for start, end in pairwise(_png_cuts(data)):
        if end - start >= 12:
            file[end - 4 : end] = struct.pack(">I", zlib.crc32(file[start + 4 : end - 4]))
    return bytes(file)


Walk = tuple[list[int], list[Field], list[Field]]


def _kind(data: bytes) -> str:
    heads = {b"\xff\xd8": "JPEG", b"\x89P": "PNG", b"RI": "WEBP", b"GI": "GIF", b"BM": "BMP", b"II": "TIFF"}
    return "AVIF" if data[4:8] == b"ftyp" else heads.get(data[:2], "")


def _unknown(data: bytes) -> Walk:
    return [len(data) * n // 8 for n in range(8)], [], [Field(n, 1) for n in range(min(64, len(data)))]


def _jpeg(data: bytes) -> Walk:
    cuts, sides, fields, position = [2], [], [], 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker, length = data[position + 1], int.from_bytes(data[position + 2 : position + 4], "big")
        fields.append(Field(position + 2, 2))
        if marker in SOF:
            sides += [Field(position + 5, 2), Field(position + 7, 2)]
        fields += [Field(position + n, 1) for n in range(4, min(length + 2, 24))]
        position += 2 + length
        if marker == 0xDA:
            found = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]").search(data, position)
            position = found.start() if found else len(data)
        cuts.append(position)
    return cuts, sides, fields


def _png_cuts(data: bytes) -> list[int]:
    cuts = [PNG_HEAD]
    while cuts[-1] + 12 <= len(data):
        cuts.append(cuts[-1] + 12 + int.from_bytes(data[cuts[-1] : cuts[-1] + 4], "big"))
    return cuts if cuts[-1] <= len(data) else cuts[:-1]


def _png(data: bytes) -> Walk:
    cuts = _png_cuts(data)
    fields = []
    for start, end in pairwise(cuts):
        fields += [Field(start, 4), *(Field(start + n, 1) for n in range(8, min(end - start, 36)))]
    return cuts, [Field(16, 4), Field(20, 4)], fields


def _webp(data: bytes) -> Walk:
    cuts, sides, position = [12], [], 12
    fields = [Field(4, 4, "little")]
    while position + 8 <= len(data):
        kind, size = data[position : position + 4], int.from_bytes(data[position + 4 : position + 8], "little")
        fields.append(Field(position + 4, 4, "little"))
        fields += [Field(position + n, 1) for n in range(8, min(size + 8, 32))]
        at = {b"VP8X": (12, 15, 3), b"VP8 ": (14, 16, 2), b"ANMF": (14, 17, 3), b"VP8L": (9, 11, 2)}.get(kind)
        if at:
            sides += [Field(position + at[0], at[2], "little"), Field(position + at[1], at[2], "little")]
        position += 8 + size + (size & 1)
        cuts.append(position)
    return cuts, sides, fields


def _gif(data: bytes) -> Walk:
    sides = [Field(6, 2, "little"), Field(8, 2, "little")]
    position = 13 + _colours_bytes(data[10])
    cuts, fields = [13, position], [Field(10, 1), Field(11, 1)]
    while position + 2 < len(data) and data[position] in (0x21, 0x2C):
        start = position
        position += 2
        if data[start] == 0x2C and start + 10 < len(data):
            sides += [Field(start + 5, 2, "little"), Field(start + 7, 2, "little")]
            fields += [Field(start + 1, 2, "little"), Field(start + 9, 1), Field(start + 10, 1)]
            position = start + 11 + _colours_bytes(data[start + 9])
        while position < len(data) and data[position]:
            fields.append(Field(position, 1))
            position += data[position] + 1
        position += 1
        cuts.append(position)
    return cuts, sides, fields


def _colours_bytes(packed: int) -> int:
    return 3 << (packed & 7) + 1 if packed & 0x80 else 0


def _bmp(data: bytes) -> Walk:
    sides = [Field(18, 4, "little"), Field(22, 4, "little")]
    fields = [Field(n, 4, "little") for n in (2, 10, 14, 30, 34, 46, 50)] + [Field(26, 2), Field(28, 1)]
    return [14, 54, int.from_bytes(data[10:14], "little")], sides, fields


def _tiff(data: bytes) -> Walk:
    """Walk the first directory of a little-endian TIFF, classic or big: entries of 12 or 20 bytes."""
    is_big = data[2] == 43
    first, count_bytes, entry_bytes, value_at, value_bytes = (8, 8, 20, 12, 8) if is_big else (4, 2, 12, 8, 4)
    start = int.from_bytes(data[first : first + value_bytes], "little")
    count = int.from_bytes(data[start : start + count_bytes], "little")
    cuts, sides = [8, start], []
    fields = [Field(first, value_bytes, "little"), Field(start, 2, "little")]
    for number in range(min(count, 64)):
        entry = start + count_bytes + number * entry_bytes
        cuts.append(entry)
        tag = int.from_bytes(data[entry : entry + 2], "little")
        value = Field(entry + value_at, value_bytes, "little")
        fields += [Field(entry, 2, "little"), Field(entry + 2, 2, "little"), Field(entry + 4, 4, "little"), value]
        if tag in (256, 257):
            sides.append(value)
    return cuts, sides, fields


def _avif(data: bytes) -> Walk:
    cuts, fields, position = [], [], 0
    while position + 8 <= len(data):
        fields.append(Field(position, 4))
        size = int.from_bytes(data[position : position + 4], "big")
        position += max(8, size)
        cuts.append(position)
    inner = [found.start() - 4 for found in INNER_BOXES.finditer(data)]
    sides = [Field(at + 12 + n, 4) for at in inner if data[at + 4 : at + 8] == b"ispe" for n in (0, 4)]
    fields += [Field(at, 4) for at in inner] + [Field(at + n, 2) for at in inner for n in range(8, 32, 2)]
    return [*cuts, *inner], sides, fields


_WALKERS = {"JPEG": _jpeg, "PNG": _png, "WEBP": _webp, "GIF": _gif, "BMP": _bmp, "TIFF": _tiff, "AVIF": _avif}
