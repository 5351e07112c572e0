"""HEIC pictures, read with libheif where the extra `heic` is installed; nothing is written. Called by the codec.

The first such picture pays for the import: 12 ms and 2 MiB, which no other should.
"""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING

from imagebatch.model.errors import ImageRejected

if TYPE_CHECKING:
    from PIL import ImageFile

_MISSING = "HEIC files are read only where the extra is installed: pip install 'imagebatch[heic]', or an image with it"
_HDR_TRANSFERS = {16: "PQ", 18: "HLG"}  # ITU-T H.273, table 3


def open_heic(data: bytes) -> ImageFile.ImageFile:
    """Return the primary picture, turned and cropped as the file says, with its header read and nothing decoded.

    Raises `unsupported_format` without the extra, for another codec than HEVC, and for HDR, whose white is not a
    screen's; otherwise Pillow's errors.
    """
    try:
        # Not by Image.open: it drops libheif's words, and looks only at the first of the file's brands.
        image = _reader()(io.BytesIO(data))
    except ModuleNotFoundError as error:
        raise ImageRejected("unsupported_format", _MISSING) from error
    except SyntaxError as error:
        if "unsupported" in str(error) or "not identified" in str(error):
            raise ImageRejected("unsupported_format", "HEIF files of another codec than HEVC are not read") from error
        raise
    transfer = image.info.get("nclx_profile", {}).get("transfer_characteristics")
    if transfer in _HDR_TRANSFERS:
        raise ImageRejected("unsupported_format", f"HDR pictures ({_HDR_TRANSFERS[transfer]}) are not read")
    return image


@cache
def _reader() -> type[ImageFile.ImageFile]:
    """Return Pillow's plug-in for HEIC, made to read nothing but the primary picture, in this thread."""
    import pi_heif

    pi_heif.options.DECODE_THREADS = 1  # the pool has a process per processor already
    pi_heif.options.THUMBNAILS = pi_heif.options.DEPTH_IMAGES = pi_heif.options.AUX_IMAGES = False

    class PrimaryPicture(pi_heif.HeifImageFile):  # type: ignore[misc]
        n_frames = 1  # a collection is no animation; with one frame the decoder's pixels are let go once copied

    return PrimaryPicture
