"""Files opened under an allow-list and limits, and frames decoded whole or refused. Called by the codec."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from imagebatch.model.errors import ImageRejected
from imagebatch_processor.codec.heic import open_heic
from imagebatch_processor.jpeg_markers import has_end, unread_kind
from imagebatch_processor.policy import ImageFormat, ImageLimits, Picture, check_bytes, check_size, fitted
from imagebatch_processor.sniff import image_format, is_cut, webp_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import ImageFile

    from imagebatch.model.batch import OutputOptions

# Importing a plug-in registers it. Those that are named here are all there are: Pillow searches for more
# only when a format is asked for that is not registered.
PLUGINS = (
    AvifImagePlugin, BmpImagePlugin, GifImagePlugin, JpegImagePlugin, MpoImagePlugin, PngImagePlugin,
    TiffImagePlugin, WebPImagePlugin,
)  # fmt: skip

_ALPHA_MODES = frozenset(("RGBA", "LA", "PA", "RGBa", "La"))
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
_BROKEN_FILE = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, EOFError, AttributeError,
    RuntimeError, struct.error, zlib.error,
)  # fmt: skip


def open_picture(data: bytes, limits: ImageLimits) -> ImageFile.ImageFile:
    """Return the file opened, its header read and nothing decoded.

    Raises `ImageRejected`: too_large, not_an_image, unsupported_format, too_many_pixels, truncated, corrupt.
    """
    check_bytes(len(data), limits)
    file_format = image_format(data)
    if file_format is ImageFormat.WEBP and (size := webp_size(data)):
        check_size(*size, limits)
    with refusals(data, file_format):
        if file_format is ImageFormat.HEIC:
            image = open_heic(data)
        else:
            image = Image.open(io.BytesIO(data), formats=[file_format.value])
    check_size(*image.size, limits)
    if file_format is ImageFormat.JPEG and not has_end(data):
        # Whatever follows instead, libjpeg makes pixels of it.
        raise ImageRejected("truncated", "the JPEG file ends before its picture does")
    return image


def describe(image: ImageFile.ImageFile, data: bytes, limits: ImageLimits) -> Picture:
    """Return what the header says. Frames are pictures in time: pages of a TIFF and views of an MPO are not."""
    file_format = image_format(data)
    frames = 1
    if file_format in (ImageFormat.GIF, ImageFormat.WEBP, ImageFormat.AVIF, ImageFormat.PNG):
        with refusals(data, file_format):
            frames = getattr(image, "n_frames", 1)
    check_size(*image.size, limits, frames)
    has_alpha = image.mode in _ALPHA_MODES or "transparency" in image.info
    bits = image.info.get("bit_depth", 8) if file_format is ImageFormat.HEIC else 8
    return Picture(file_format, *image.size, frames, has_alpha, bits)


def decode_smaller(image: ImageFile.ImageFile, options: OutputOptions) -> None:
    """Let the JPEG decoder skip detail that a much smaller output would lose anyway (scaling within the DCT)."""
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        longest = max(fitted(*image.size, options) + fitted(*image.size[::-1], options))
        scale = longest / max(image.size)
        if scale < 0.5:
            image.draft(None, (int(image.size[0] * scale * 2), int(image.size[1] * scale * 2)))


def decode(image: ImageFile.ImageFile, canvas: tuple[int, int] | None = None) -> None:
    """Decode the frame at hand. Raises `corrupt` for one outside of the `canvas`, or of colours that are nowhere.

    Pillow enlarges a GIF for a frame that reaches beyond it: pixels that no limit and no memory was asked for.
    """
    if canvas is not None and image.size != canvas:
        raise ImageRejected("corrupt", "a frame lies outside of its picture")
    image.load()
    if image.mode == "P" and image.palette is None:
        raise ImageRejected("corrupt", "the picture's palette is missing")


@contextmanager
def refusals(data: bytes, file_format: ImageFormat) -> Iterator[None]:
    """Translate every way in which Pillow says that a file is bad. Warnings about bombs are refusals."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except ImageRejected:
        raise
    except MemoryError as error:
        raise out_of_memory() from error
    except _BOMBS as error:
        raise ImageRejected("too_many_pixels", str(error)) from error
    except _BROKEN_FILE as error:
        raise _rejection(error, data, file_format) from error


def out_of_memory() -> ImageRejected:
    """Return the refusal of a picture that took more memory than it may."""
    return ImageRejected("out_of_memory", "decoding or encoding took more memory than the picture may have")


def _rejection(error: Exception, data: bytes, file_format: ImageFormat) -> ImageRejected:
    if file_format is ImageFormat.JPEG and (kind := unread_kind(data)):
        return ImageRejected("unsupported_format", f"{kind} are not read")
    words = str(error).lower()
    if "out of memory" in words:
        return out_of_memory()
    if "truncated" in words or is_cut(data, file_format):
        return ImageRejected("truncated", f"the {file_format.value} file ends before its picture does")
    # Pillow's message for an unidentified file holds the address of the stream: not for people, not repeatable.
    reason = "its header is unreadable" if isinstance(error, UnidentifiedImageError) else str(error)
    return ImageRejected("corrupt", f"the {file_format.value} file is damaged: {reason or type(error).__name__}")
