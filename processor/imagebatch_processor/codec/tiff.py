"""TIFFs that are no pictures for a screen told by their tags, and the page that is shown. Called by the codec.

Raw files of cameras start like a TIFF and often hold a small preview first: that must not come out as the picture.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

from PIL import TiffImagePlugin

from imagebatch.model.errors import ImageRejected

if TYPE_CHECKING:
    from PIL import ImageFile

# TIFF 6.0, DNG 1.7 and ISO 12234-2
_SUBFILE_TYPE, _OLD_SUBFILE_TYPE, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLE_FORMAT = 254, 255, 258, 259, 262, 339
_DNG_VERSION = 50706
_REDUCED_OR_MASK, _OLD_REDUCED = 0b101, 2
_RAW_PHOTOMETRICS = (32803, 34892)
_UNSIGNED, _UNTYPED = 1, 4
_NUMBERS = {2: "signed numbers", 3: "floating-point numbers", 5: "complex numbers", 6: "complex numbers"}
# None, CCITT, LZW, JPEG old and new, Deflate old and new, PackBits, LZMA, Zstandard: what the bundled libtiff reads.
_COMPRESSIONS = frozenset((1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946, 34925, 50000))
_RAW_MAGIC = {b"CR": "CR2", b"IIII": "IIQ", b"MMMM": "IIQ"}  # where others begin with their pixels or directory
_RAW = "raw files of cameras"
_MOST_PAGES = 100
_BROKEN = (SyntaxError, ValueError, LookupError, TypeError, EOFError, OSError, ArithmeticError, struct.error)


def unread_kind(data: bytes) -> str | None:
    """Return what kind of TIFF this is by its first page, if it is one that is not read."""
    if data.startswith(b"MM\0+"):
        return "BigTIFFs in big-endian order"
    if name := next((name for magic, name in _RAW_MAGIC.items() if data.startswith(magic, 8)), None):
        return f"{_RAW} ({name})"
    try:
        tags = _first_tags(data)
    except _BROKEN:
        return None  # whoever opens it says what is wrong
    if _DNG_VERSION in tags:
        return f"{_RAW} (DNG)"
    if tags.get(_PHOTOMETRIC) in _RAW_PHOTOMETRICS:
        return _RAW
    return _unread_pixels(tags)


def _first_tags(data: bytes) -> dict[int, Any]:
    head = data[: 16 if data.startswith(b"II+\0") else 8]
    directory = TiffImagePlugin.ImageFileDirectory_v2(head)
    file = io.BytesIO(data)
    file.seek(directory.next)
    directory.load(file)
    wanted = (_BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLE_FORMAT, _DNG_VERSION)
    return {tag: directory[tag] for tag in wanted if tag in directory}


def _unread_pixels(tags: dict[int, Any]) -> str | None:
    formats = tags.get(_SAMPLE_FORMAT, (_UNSIGNED,))
    for number in formats if isinstance(formats, tuple) else (formats,):
        if number in _NUMBERS:
            return f"TIFFs of {_NUMBERS[number]}"
    bits = tags.get(_BITS, (1,))
    if (most := max(bits if isinstance(bits, tuple) else (bits,))) > 16:
        return f"TIFFs of {most} bits a channel"
    method = tags.get(_COMPRESSION, 1)
    if method in _COMPRESSIONS:
        return None
    return f"TIFFs compressed by method {method if isinstance(method, int) else 'unknown'}"


def turn_to_shown_page(image: ImageFile.ImageFile) -> None:
    """Go to the first page that is no reduced copy and no mask. A file of nothing else is a camera's, with its preview.

    Raises `unsupported_format` for that.
    """
    for page in range(_MOST_PAGES):
        try:
            image.seek(page)
        except EOFError:
            break
        tags = getattr(image, "tag_v2", {})
        kind = tags.get(_SUBFILE_TYPE, 0)
        is_reduced = isinstance(kind, int) and kind & _REDUCED_OR_MASK
        if not is_reduced and tags.get(_OLD_SUBFILE_TYPE) != _OLD_REDUCED:
            return
    raise ImageRejected("unsupported_format", f"{_RAW}, and other TIFFs that hold only a preview, are not read")
