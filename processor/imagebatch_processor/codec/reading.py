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
    WebPImagePlugin,
)

from imagebatch.model.errors import ImageRejected
from imagebatch_processor.codec import colour_space, tiff
from imagebatch_processor.codec.avif import AvifPicture
from imagebatch_processor.codec.heic import coded_sizes, open_heic
from imagebatch_processor.jpeg_markers import has_end, unread_kind
from imagebatch_processor.policy import MEBIBYTE, ImageFormat, ImageLimits, Picture, check_bytes, check_size, fitted
from imagebatch_processor.segments import has_damaged_pixels, without_damaged_extras
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

# A chunk unpacked, such as a profile: those of printers take up to 4 MiB. Pillow's own limit is one.
PngImagePlugin.MAX_TEXT_CHUNK = 4 * MEBIBYTE

_ALPHA_MODES = frozenset(("RGBA", "LA", "PA", "RGBa", "La"))
# Pillow hands over 64 KiB at a time else, and libjpeg begins the row anew that it was stopped in: 3-5 % of the time.
_WHOLE_FILE_BYTES = 2**30
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
_UNREAD_KIND = ("unsupported", "not been built in", "unknown pixel mode", "unknown raw mode")
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
    if file_format is ImageFormat.HEIC:
        for coded in coded_sizes(data):
            check_size(*coded, limits)
    with refusals(data, file_format):
        image = open_heic(data) if file_format is ImageFormat.HEIC else _opened(data, file_format)
        if file_format is ImageFormat.TIFF:
            tiff.turn_to_shown_page(image)
    check_size(*(image.coded_size if isinstance(image, AvifPicture) else image.size), limits)
    colour_space.refuse_hdr(image, data, file_format)
    _check_what_decoders_overlook(data, file_format)
    return image


def _check_what_decoders_overlook(data: bytes, file_format: ImageFormat) -> None:
    """Refuse what would be made into pixels that nobody drew: whatever is there instead of a JPEG's end, for one."""
    if file_format is ImageFormat.JPEG and not has_end(data):
        raise ImageRejected("truncated", "the JPEG file ends before its picture does")
    if file_format is ImageFormat.PNG and has_damaged_pixels(data):
        raise ImageRejected("corrupt", "the PNG file is damaged: its checksums do not match")


def _opened(data: bytes, file_format: ImageFormat) -> ImageFile.ImageFile:
    """Return the file opened by its format's plug-in, whose own words `Image.open` would drop."""
    if file_format is ImageFormat.TIFF and (kind := tiff.unread_kind(data)):
        raise ImageRejected("unsupported_format", f"{kind} are not read")
    plug_in = AvifPicture if file_format is ImageFormat.AVIF else Image.OPEN[file_format.value][0]
    try:
        return plug_in(io.BytesIO(data), "")
    except SyntaxError:
        mended = without_damaged_extras(data) if file_format is ImageFormat.PNG else data
        if mended == data:
            raise
        return plug_in(io.BytesIO(mended), "")


def describe(image: ImageFile.ImageFile, data: bytes, limits: ImageLimits) -> Picture:
    """Return what the header says. Frames are pictures in time: pages of a TIFF and views of an MPO are not."""
    file_format = image_format(data)
    frames = 1
    if file_format in (ImageFormat.GIF, ImageFormat.WEBP, ImageFormat.AVIF, ImageFormat.PNG):
        with refusals(data, file_format):
            frames = getattr(image, "n_frames", 1)
    check_size(*image.size, limits, frames)
    has_alpha = image.mode in _ALPHA_MODES or "transparency" in image.info
    return Picture(
        file_format,
        *image.size,
        frames,
        has_alpha,
        bits=image.info.get("bit_depth", 8) if file_format is ImageFormat.HEIC else 8,
        more_bytes_per_pixel=_more_bytes_per_pixel(image),
        coded_pixels=_coded_pixels(image, data, file_format),
    )


def _coded_pixels(image: ImageFile.ImageFile, data: bytes, file_format: ImageFormat) -> int:
    """Return the pixels of the largest picture that is decoded, where the file may crop it; 0 of other formats."""
    if isinstance(image, AvifPicture):
        return image.coded_size[0] * image.coded_size[1]
    sizes = coded_sizes(data) if file_format is ImageFormat.HEIC else []
    return max((width * height for width, height in sizes), default=0)


def _more_bytes_per_pixel(image: ImageFile.ImageFile) -> float:
    """Return what decoding holds besides the pixels and their copy: inks of CMYK, a progressive JPEG's coefficients."""
    inks = 2.5 if image.mode == "CMYK" else 0.0
    if not isinstance(image, JpegImagePlugin.JpegImageFile) or not image.info.get("progressive"):
        return inks
    samples = [across * down for _, across, down, _ in image.layer]
    coefficients = 2 * sum(samples) / max([1, *samples])
    return inks + max(0.0, coefficients - 4)  # they are gone before there is a copy (4)


def decode_smaller(image: ImageFile.ImageFile, options: OutputOptions) -> None:
    """Let the JPEG decoder skip detail that a much smaller output would lose anyway (scaling within the DCT)."""
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        longest = max(fitted(*image.size, options) + fitted(*image.size[::-1], options))
        scale = longest / max(image.size)
        if scale < 0.5:
            image.draft(None, (max(1, int(image.size[0] * scale * 2)), max(1, int(image.size[1] * scale * 2))))


def decode(image: ImageFile.ImageFile, canvas: tuple[int, int] | None = None) -> None:
    """Decode the frame at hand. Raises `corrupt` for one outside of the `canvas`, or of colours that are nowhere.

    Pillow enlarges a GIF for a frame that reaches beyond it: pixels that no limit and no memory was asked for.
    """
    if canvas is not None and image.size != canvas:
        raise ImageRejected("corrupt", "a frame lies outside of its picture")
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        image.decodermaxblock = _WHOLE_FILE_BYTES
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
    reason = " ".join(str(error).split()) or type(error).__name__
    words = reason.lower()
    if any(said in words for said in _UNREAD_KIND):
        return ImageRejected("unsupported_format", f"a kind of {file_format.value} that is not read: {reason}")
    if "out of memory" in words:
        return out_of_memory()
    if "truncated" in words or "end of file" in words or is_cut(data, file_format):
        return ImageRejected("truncated", f"the {file_format.value} file ends before its picture does")
    return ImageRejected("corrupt", f"the {file_format.value} file is damaged: {reason}")
