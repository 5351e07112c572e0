"""What the markers of a JPEG say (ITU-T T.81) without decoding: which process it was coded by, and whether it ends.

Called by the codec, by what tells cut files, and by what leaves segments out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

START_OF_SCAN, END = 0xDA, 0xD9
BROWSERS_SHOW = frozenset((0xC0, 0xC1, 0xC2))  # baseline, extended, progressive, all by Huffman's code
_END, _USUAL_TAIL_BYTES = b"\xff\xd9", 64
_MARKER = re.compile(rb"\xff([^\x00\xff])")  # fill bytes before it are passed over: matching them takes for ever
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))  # markers without a length
_HIERARCHICAL = frozenset((0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF, 0xDE))
_JPEG_LS = 0xF7
_CHANNELS = (1, 3, 4)


def segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of each segment up to the first scan's header, or to where the file breaks off.

    What lies between segments is passed over, as libjpeg and browsers do.
    """
    position = 2
    while found := _MARKER.search(data, position):
        marker, start = found[1][0], found.end() - 2
        if marker in _ALONE:
            position = found.end()
            continue
        position = start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")
        if position > len(data):
            return
        yield marker, start, position
        if marker in (START_OF_SCAN, END):
            return


def unread_kind(data: bytes) -> str | None:
    """Return what kind of JPEG this is if it is one that libjpeg does not decode to 8 bits a channel."""
    for marker, start, end in segments(data):
        if marker == _JPEG_LS:
            return "JPEG-LS files"
        if marker in _HIERARCHICAL:
            return "hierarchical JPEGs"
        if marker in FRAMES and end - start >= 10:
            bits, channels = data[start + 4], data[start + 9]
            if bits != 8:
                return f"JPEGs of {bits} bits a channel"
            if channels not in _CHANNELS:
                return f"JPEGs of {channels} channels"
    return None


def has_end(data: bytes) -> bool:
    """Return whether an end marker follows the first scan: within scans no two bytes look like one."""
    scan = next((end for marker, _, end in segments(data) if marker == START_OF_SCAN), None)
    if scan is None:
        return False
    # Where it nearly always is, first: a search through half a megabyte costs a third of a millisecond.
    return data.find(_END, max(scan, len(data) - _USUAL_TAIL_BYTES)) >= 0 or data.find(_END, scan) >= 0
