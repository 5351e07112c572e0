"""A file without its metadata and with the same pixels: whole segments are left out, nothing is decoded.

The codec uses it where encoding anew would give more bytes than the original had.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

from imagebatch_processor.jpeg_markers import BROWSERS_SHOW, END, FRAMES, START_OF_SCAN
from imagebatch_processor.policy import ImageFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_JPEG_MARKER = re.compile(rb"\xff+([^\x00\xff])")
# Stuffed zeros and restarts are scan data. One literal byte in front lets the search skip fast.
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_JFIF_BYTES = 18  # marker, length and JFIF header without a thumbnail
_PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD hIST pHYs sPLT acTL fcTL fdAT".split()
)
_PNG_PIXELS = (b"IDAT", b"fdAT")
_ANCILLARY = 0x20  # of a chunk's first letter: small means that the picture can be shown without it
_WEBP_KEPT = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
_AVIF_BOXES = frozenset((b"ftyp", b"meta", b"moov", b"mdat"))
_WEBP_EXIF_AND_XMP_FLAGS = 0x0C


class _MalformedError(ValueError):
    """The file does not follow its format closely enough to be cut safely."""


def stripped(file_format: ImageFormat, data: bytes, *, keep_exif_and_xmp: bool = False) -> bytes | None:
    """Return the file without comments, EXIF, XMP, other metadata and trailing bytes.

    Colour profile, resolution and animation stay; with `keep_exif_and_xmp` those two do as well.
    Returns `data` itself where there is nothing to leave out, None where that cannot be told.
    """
    cut = _CUTTERS.get(file_format)
    if cut is None:
        return None
    try:
        result = cut(data, keep_exif_and_xmp)
    except (_MalformedError, IndexError):
        return None
    return data if result == data else result


def _jpeg(data: bytes, keep_exif_and_xmp: bool) -> bytes:
    """Walk the markers of ITU-T T.81; what follows the end of the first picture goes too.

    A file that browsers do not show, such as one by arithmetic coding, is not worth keeping.
    """
    parts, position = [data[:2]], 2
    while found := _JPEG_MARKER.match(data, position):
        marker, start = found[1][0], found.end() - 2
        if marker == END:
            return b"".join((*parts, data[start : found.end()]))
        if marker in FRAMES and marker not in BROWSERS_SHOW:
            raise _MalformedError
        end = start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")
        if marker == START_OF_SCAN:
            end = _end_of_scan(data, end)
        if _is_kept_in_jpeg(marker, data[start:end], keep_exif_and_xmp):
            parts.append(data[start:end])
        position = end
    raise _MalformedError


def _end_of_scan(data: bytes, position: int) -> int:
    found = _END_OF_SCAN.search(data, position)
    if found is None:
        raise _MalformedError
    return found.start()


def _is_kept_in_jpeg(marker: int, segment: bytes, keep_exif_and_xmp: bool) -> bool:
    body = segment[4:18]
    match marker:
        case 0xE0:
            return body.startswith(b"JFIF\0") and len(segment) == _JFIF_BYTES
        case 0xE1:
            return keep_exif_and_xmp and segment[4:].startswith((b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"))
        case 0xE2:
            return body.startswith(b"ICC_PROFILE\0")
        case 0xEE:
            return body.startswith(b"Adobe")  # names the colour transform
        case _:
            return not (0xE0 <= marker <= 0xEF or marker == 0xFE)


def without_damaged_extras(data: bytes) -> bytes:
    """Return a PNG without the ancillary chunks whose checksum is wrong: decoders for the web leave them out."""
    chunks = ((kind, data[start:end]) for kind, start, end in _png_chunks(data))
    return data[:8] + b"".join(chunk for kind, chunk in chunks if not (kind[0] & _ANCILLARY and _is_damaged(chunk)))


def has_damaged_pixels(data: bytes) -> bool:
    """Return whether a whole chunk of a PNG's pixels has a wrong checksum, which Pillow does not look at."""
    return any(
        kind in _PNG_PIXELS and end <= len(data) and _is_damaged(data[start:end])
        for kind, start, end in _png_chunks(data)
    )


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, start and end of each chunk of the PNG specification (third edition)."""
    position = 8
    while position + 12 <= len(data):
        end = position + 12 + int.from_bytes(data[position : position + 4], "big")
        yield data[position + 4 : position + 8], position, end
        position = end


def _is_damaged(chunk: bytes) -> bool:
    return zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big")


def _png(data: bytes, keep_exif_and_xmp: bool) -> bytes:
    """Leave out the chunks that only describe; what decoders may trip over is not worth keeping."""
    parts = [data[:8]]
    for kind, start, end in _png_chunks(data):
        is_xmp = kind == b"iTXt" and data.startswith(b"XML:com.adobe.xmp\0", start + 8)
        if kind in _PNG_KEPT or (keep_exif_and_xmp and (kind == b"eXIf" or is_xmp)):
            parts.append(data[start:end])
            if _is_damaged(parts[-1]):
                raise _MalformedError
        if kind == b"IEND":
            return b"".join(parts)
    raise _MalformedError


def _webp(data: bytes, keep_exif_and_xmp: bool) -> bytes:
    """Walk the RIFF chunks of RFC 9649 and clear the flags of those that go."""
    parts, position = [], 12
    end_of_file = min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    while position + 8 <= end_of_file:
        kind = data[position : position + 4]
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        chunk = data[position : position + 8 + size + (size & 1)]
        if kind == b"VP8X" and not keep_exif_and_xmp:
            chunk = chunk[:8] + bytes([chunk[8] & ~_WEBP_EXIF_AND_XMP_FLAGS]) + chunk[9:]
        if kind in _WEBP_KEPT or (keep_exif_and_xmp and kind in (b"EXIF", b"XMP ")):
            parts.append(chunk)
        position += len(chunk)
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _gif(data: bytes, _keep_exif_and_xmp: bool) -> bytes:
    """Walk the blocks of GIF89a: comments, plain text and applications other than the loop count go."""
    position = 13 + _colour_table_bytes(data[10])
    parts = [data[:position]]
    while data[position] != 0x3B:
        start, introducer = position, data[position]
        if introducer == 0x2C:
            position = _end_of_sub_blocks(data, start + 11 + _colour_table_bytes(data[start + 9]))
            parts.append(data[start:position])
        elif introducer == 0x21:
            position = _end_of_sub_blocks(data, start + 2)
            loops = data[start + 1] == 0xFF and data[start + 3 : start + 14] in (b"NETSCAPE2.0", b"ANIMEXTS1.0")
            if data[start + 1] == 0xF9 or loops:
                parts.append(data[start:position])
        else:
            raise _MalformedError
    return b"".join((*parts, b";"))


def _colour_table_bytes(packed: int) -> int:
    return 3 << (packed & 7) + 1 if packed & 0x80 else 0


def _end_of_sub_blocks(data: bytes, position: int) -> int:
    while data[position]:
        position += data[position] + 1
    return position + 1


def _avif(data: bytes, keep_exif_and_xmp: bool) -> bytes:
    """Look through the boxes of ISO/IEC 14496-12: items there are found by offsets, so nothing is cut out."""
    position = 0
    while position < len(data):
        size, kind = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8]
        box = data[position : position + size]
        if kind not in _AVIF_BOXES or not 8 <= size <= len(data) - position:
            raise _MalformedError
        has_more = b"thmb" in box or (not keep_exif_and_xmp and (b"Exif" in box or b"mime" in box))
        if kind in (b"meta", b"moov") and (has_more or b"udta" in box):
            raise _MalformedError
        position += size
    return data


_CUTTERS: dict[ImageFormat, Callable[[bytes, bool], bytes]] = {
    ImageFormat.JPEG: _jpeg,
    ImageFormat.PNG: _png,
    ImageFormat.WEBP: _webp,
    ImageFormat.GIF: _gif,
    ImageFormat.AVIF: _avif,
}
