"""HEIC pictures, read with libheif where the extra `heic` is installed; nothing is written. Called by the codec.

It is imported along with the codec, by the children only (12 ms and 2 MiB each), as they can open no file later on.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from imagebatch.model.errors import ImageRejected

try:
    import pi_heif
except ModuleNotFoundError:
    pi_heif = None

if TYPE_CHECKING:
    from PIL import ImageFile

_MISSING = "HEIC files are read only where the extra is installed: pip install 'imagebatch[heic]', or an image with it"
_SIZE_BOX = b"ispe" + bytes(4)  # ISO/IEC 23008-12, 6.5.3, with its version and flags

if pi_heif is not None:
    pi_heif.options.DECODE_THREADS = 0  # tiles one by one: the pool has a process per processor already
    pi_heif.options.THUMBNAILS = pi_heif.options.DEPTH_IMAGES = pi_heif.options.AUX_IMAGES = False

    class _PrimaryPicture(pi_heif.HeifImageFile):  # type: ignore[misc]
        n_frames = 1  # a collection is no animation; with one frame the decoder's pixels are let go once copied


def coded_sizes(data: bytes) -> list[tuple[int, int]]:
    """Return width and height of all pictures in the file, tiles too, as they are decoded: before any is cropped."""
    sizes = []
    at = data.find(_SIZE_BOX)
    while at >= 0:
        sizes.append((int.from_bytes(data[at + 8 : at + 12], "big"), int.from_bytes(data[at + 12 : at + 16], "big")))
        at = data.find(_SIZE_BOX, at + 16)
    return sizes


def open_heic(data: bytes) -> ImageFile.ImageFile:
    """Return the primary picture, turned and cropped as the file says, with its header read and nothing decoded.

    Raises `unsupported_format` without the extra and for another codec than HEVC; otherwise Pillow's errors.
    """
    if pi_heif is None:
        raise ImageRejected("unsupported_format", _MISSING)
    try:
        # Not by Image.open: it drops libheif's words, and looks only at the first of the file's brands.
        return _PrimaryPicture(io.BytesIO(data))
    except SyntaxError as error:
        if "unsupported" in str(error) or "not identified" in str(error):
            raise ImageRejected("unsupported_format", "HEIF files of another codec than HEVC are not read") from error
        raise
