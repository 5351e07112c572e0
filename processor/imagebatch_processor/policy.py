"""What to do with a picture, decided from its header and the batch's output options: pure, no pixels, no Pillow.

The codec asks it before it decodes anything; the pool asks it how much memory a picture may take.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from imagebatch.model.batch import OutputFormat
from imagebatch.model.errors import ImageRejected

if TYPE_CHECKING:
    from imagebatch.model.batch import OutputOptions

MEBIBYTE = 1024 * 1024
WEBP_MAX_SIDE_PIXELS = 16_383  # 14 bits: VP8 and VP8L bitstreams


class ImageFormat(StrEnum):
    """The formats that are read; all but BMP, TIFF and HEIC are written too. The values are Pillow's names."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WEBP"
    GIF = "GIF"
    BMP = "BMP"
    TIFF = "TIFF"
    AVIF = "AVIF"
    HEIC = "HEIC"

    @property
    def extension(self) -> str:
        """The file name's extension, without the dot."""
        return "jpg" if self is ImageFormat.JPEG else self.value.lower()

    @property
    def content_type(self) -> str:
        """The IANA media type."""
        return f"image/{self.value.lower()}"


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What a picture may cost. `max_pixels` counts all frames together; sides are pixels."""

    max_bytes: int = 25 * MEBIBYTE
    max_pixels: int = 50_000_000
    max_side: int = 16_384
    max_frames: int = 200
    decode_seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class Picture:
    """What a file's header says: stored width and height (orientation not applied), frames shown one by one.

    `bits` a channel are told for HEIC only and `coded_pixels`, those before the file itself crops them, for HEIC and
    AVIF, where they decide on the memory. `more_bytes_per_pixel` is what the kind of file takes beyond its format's
    others: the coefficients of a progressive JPEG, the inks of CMYK.
    """

    format: ImageFormat
    width: int
    height: int
    frames: int = 1
    has_alpha: bool = False
    bits: int = 8
    more_bytes_per_pixel: float = 0.0
    coded_pixels: int = 0

    @property
    def pixels(self) -> int:
        """All pixels of all frames."""
        return self.width * self.height * self.frames


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be written: the format, whether all frames are, and the memory that may take (peak, bytes)."""

    format: ImageFormat
    animated: bool
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Compressed:
    """One finished picture. Widths and heights are as displayed, orientation applied.

    `kept_original`: the bytes are the input's, unchanged or without its metadata, since encoding anew gave more.
    """

    data: bytes
    format: ImageFormat
    width: int
    height: int
    input_format: ImageFormat
    input_width: int
    input_height: int
    quality: int
    kept_original: bool

    @property
    def extension(self) -> str:
        """The output's file name extension, without the dot."""
        return self.format.extension

    @property
    def content_type(self) -> str:
        """The output's media type."""
        return self.format.content_type


_ASKED = {
    OutputFormat.JPEG: ImageFormat.JPEG,
    OutputFormat.PNG: ImageFormat.PNG,
    OutputFormat.WEBP: ImageFormat.WEBP,
    OutputFormat.AVIF: ImageFormat.AVIF,
}


def target_format(picture: Picture, wanted: OutputFormat) -> ImageFormat:
    """Return the format to write: the one asked for, else the input's; what is never written becomes JPEG or PNG."""
    if wanted is not OutputFormat.AUTO:
        return _ASKED[wanted]
    if picture.format in (ImageFormat.BMP, ImageFormat.TIFF, ImageFormat.HEIC):
        return ImageFormat.PNG if picture.has_alpha else ImageFormat.JPEG
    return picture.format


def fitted(width: int, height: int, options: OutputOptions) -> tuple[int, int]:
    """Return the size (pixels) within `max_width` and `max_height`, proportions kept, never enlarged."""
    scale = min(1.0, (options.max_width or width) / width, (options.max_height or height) / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def check_bytes(size_bytes: int, limits: ImageLimits) -> None:
    """Refuse a file of too many bytes with `too_large`."""
    if size_bytes > limits.max_bytes:
        raise ImageRejected("too_large", f"the file has {size_bytes} bytes, at most {limits.max_bytes} are allowed")


def check_size(width: int, height: int, limits: ImageLimits, frames: int = 1) -> None:
    """Refuse what a header announces with `too_many_pixels` or `too_many_frames`, before anything is decoded."""
    if width < 1 or height < 1:
        raise ImageRejected("corrupt", f"the picture's size is {width} × {height}")
    if frames > limits.max_frames:
        raise ImageRejected("too_many_frames", f"{frames} frames, at most {limits.max_frames} are allowed")
    if max(width, height) > limits.max_side:
        raise ImageRejected("too_many_pixels", f"{width} × {height} pixels, a side may have at most {limits.max_side}")
    if width * height * frames > limits.max_pixels:
        count = f"{width} × {height}" + (f" × {frames} frames" if frames > 1 else "")
        raise ImageRejected("too_many_pixels", f"{count} pixels, at most {limits.max_pixels} are allowed")


def plan(picture: Picture, options: OutputOptions, limits: ImageLimits) -> Plan:
    """Decide on format, animation and memory. Raises `ImageRejected` for what the limits or the target refuse."""
    check_size(picture.width, picture.height, limits, picture.frames)
    target = target_format(picture, options.format)
    # A turn by 90 degrees exchanges the sides after the header was read: take the larger of the two results.
    upright = fitted(picture.width, picture.height, options)
    turned = fitted(picture.height, picture.width, options)
    if target is ImageFormat.WEBP and max(*upright, *turned) > WEBP_MAX_SIDE_PIXELS:
        raise ImageRejected("too_many_pixels", f"a side of a WebP picture has at most {WEBP_MAX_SIDE_PIXELS} pixels")
    animated = picture.frames > 1 and target is not ImageFormat.JPEG
    areas = (upright[0] * upright[1], turned[0] * turned[1])
    bytes_per_pixel = _encode_bytes_per_pixel(picture, target, options.quality, min(areas))
    pixels = max(areas) * (picture.frames if animated else 1)
    resized = min(areas) < picture.width * picture.height
    return Plan(target, animated, _memory_bytes(picture, pixels, bytes_per_pixel, resized=resized))


# Peak bytes per pixel, measured with Pillow 13.0.0 at 1 to 50 megapixels and rounded up (tests/bench/bench_memory.py).
# Reading holds the pixels (4) and what they are turned or converted to (4); WebP two canvases besides.
_DECODE_BYTES_PER_PIXEL = {
    ImageFormat.JPEG: 8.5, ImageFormat.WEBP: 20.0, ImageFormat.AVIF: 13.0, ImageFormat.GIF: 9.0, ImageFormat.HEIC: 11.0,
}  # fmt: skip
_DEEP_HEIC_BYTES_PER_PIXEL = 17.0  # more than 8 bits a channel
_DEEP_HEIC_ALPHA_BYTES_PER_PIXEL = 22.0
_OTHER_BYTES_PER_PIXEL = 9.5
# Writing holds the pixels (4) and the encoder's own, on top of what is kept of those that they were made of.
_ENCODE_BYTES_PER_PIXEL = {ImageFormat.JPEG: 5.5, ImageFormat.PNG: 16.0, ImageFormat.AVIF: 33.0}
_FULL_COLOUR_AVIF_BYTES_PER_PIXEL = 51.0
_LOSSLESS_PNG_BYTES_PER_PIXEL = 12.0
_WEBP_ALPHA_BYTES_PER_PIXEL = 34.0
_WEBP_BYTES_PER_PIXEL = (8.5, 0.125)  # and so much more for each point of its quality: symbols before they are packed
_FLATTENED_BYTES_PER_PIXEL = 12.0  # alpha laid on white
_BASE_BYTES = 40 * MEBIBYTE  # the child itself, and what encoders take for a picture of any size

# What a child keeps of Pillow's pixel memory between pictures: a quarter of its share, in Pillow's own blocks, and
# no more than 16 megapixels take, since a larger picture costs little for having its memory made anew.
PIXEL_BLOCK_BYTES = 16 * MEBIBYTE
_MOST_BLOCKS = 4


def _memory_bytes(picture: Picture, output_pixels: int, encoding: float, *, resized: bool) -> int:
    """Return the peak memory (bytes) that re-encoding the picture may take, rotation included, the file itself not.

    `encoding` takes so many bytes for each of the output's pixels.
    """
    decode = _DECODE_BYTES_PER_PIXEL.get(picture.format, _OTHER_BYTES_PER_PIXEL)
    if picture.format is ImageFormat.HEIC and picture.bits > 8:
        decode = _DEEP_HEIC_ALPHA_BYTES_PER_PIXEL if picture.has_alpha else _DEEP_HEIC_BYTES_PER_PIXEL
    kept = min(picture.pixels * 4, _MOST_BLOCKS * PIXEL_BLOCK_BYTES)
    peak = max(
        max(picture.pixels, picture.coded_pixels) * decode,
        kept + output_pixels * encoding,
    )
    if resized:
        # Resizing goes by way of a picture as high as the source and as wide as the result; with alpha, by one more.
        between = math.sqrt(picture.pixels * output_pixels)
        peak += between * (8 if picture.has_alpha else 6)
    return _BASE_BYTES + int(peak + picture.pixels * picture.more_bytes_per_pixel)


def _encode_bytes_per_pixel(picture: Picture, target: ImageFormat, quality: int, pixels: int) -> float:
    match target:
        case ImageFormat.JPEG if picture.has_alpha:
            return _FLATTENED_BYTES_PER_PIXEL
        case ImageFormat.PNG if not reduces_to_palette(target, quality):
            return _LOSSLESS_PNG_BYTES_PER_PIXEL
        case ImageFormat.AVIF if keeps_all_colour(target, quality, pixels):
            return _FULL_COLOUR_AVIF_BYTES_PER_PIXEL
        case ImageFormat.WEBP if picture.has_alpha:
            return _WEBP_ALPHA_BYTES_PER_PIXEL
        case ImageFormat.WEBP:
            least, each_point = _WEBP_BYTES_PER_PIXEL
            return least + each_point * comparable_quality(target, quality)
        case _:
            return _ENCODE_BYTES_PER_PIXEL.get(target, _OTHER_BYTES_PER_PIXEL)


# JPEG quality → the setting of the other encoder that loses as much, by mean SSIM over thirteen photographs
# (`make bench-quality`; JPEG and AVIF 4:2:0 below 90, 4:4:4 from there; libwebp 1.6.0, libavif 1.4.2 with aom).
_COMPARABLE: dict[ImageFormat, tuple[tuple[int, int], ...]] = {
    ImageFormat.JPEG: ((1, 1), (100, 100)),
    ImageFormat.WEBP: (
        (1, 1), (10, 3), (25, 25), (35, 36), (50, 49), (60, 58), (75, 76), (85, 84), (90, 89), (95, 94), (100, 100),
    ),
    ImageFormat.AVIF: (
        (1, 1), (10, 16), (25, 37), (35, 43), (50, 49), (60, 52), (75, 60), (85, 69), (90, 80), (95, 89), (100, 100),
    ),
}  # fmt: skip


def comparable_quality(target: ImageFormat, jpeg_quality: int) -> int:
    """Return the encoder's quality that loses about as much as JPEG at `jpeg_quality` (1-100)."""
    points = _COMPARABLE[target]
    low, high = next((a, b) for a, b in pairwise(points) if a[0] <= jpeg_quality <= b[0])
    share = (jpeg_quality - low[0]) / (high[0] - low[0])
    return round(low[1] + share * (high[1] - low[1]))


def reduces_to_palette(target: ImageFormat, quality: int) -> bool:
    """Return whether colours are reduced to a palette of 256: what a quality below 100 means for PNG."""
    return target is ImageFormat.PNG and quality < 100


_FULL_COLOUR_QUALITY = 90
_FULL_COLOUR_AVIF_PIXELS = 8_000_000  # then it takes no more memory than 12 megapixels of lower quality


def keeps_all_colour(target: ImageFormat, quality: int, pixels: int) -> bool:
    """Return whether colour is as fine as brightness, and not subsampled 4:2:0: what small coloured text needs."""
    if target is ImageFormat.AVIF and pixels > _FULL_COLOUR_AVIF_PIXELS:
        return False
    return target in (ImageFormat.JPEG, ImageFormat.AVIF) and quality >= _FULL_COLOUR_QUALITY


# Their Huffman tables are optimized: at a side of 64 to 300 pixels that saves 28 to 7 % of the bytes for 0.2 ms.
_SMALL_JPEG_PIXELS = 100_000


def encoder_settings(target: ImageFormat, quality: int, pixels: int, *, gray: bool = False) -> dict[str, Any]:
    """Return Pillow's `save` arguments for a quality of 1-100 on the JPEG scale and a size of so many pixels.

    JPEG: of larger pictures, Huffman tables are not optimized: that costs a third of the speed for 2-6 % of the bytes.
    A `gray` AVIF has no colour. PNG and GIF are packed without loss at the default level.
    """
    all_colour = keeps_all_colour(target, quality, pixels)
    match target:
        case ImageFormat.JPEG:
            return {
                "quality": quality,
                "subsampling": 0 if all_colour else 2,
                "optimize": pixels <= _SMALL_JPEG_PIXELS,
            }
        case ImageFormat.WEBP:
            return {"quality": comparable_quality(target, quality), "method": 4}
        case ImageFormat.AVIF:
            return {
                "quality": comparable_quality(target, quality),
                "subsampling": "4:0:0" if gray else "4:4:4" if all_colour else "4:2:0",
                "speed": 8,
                "max_threads": 1,
            }
        case ImageFormat.GIF:
            return {"optimize": True}
        case _:
            return {"compress_level": 6}


def kept_pixel_blocks(budget_bytes: int, workers: int) -> int:
    """Return how many blocks of 16 MiB each of `workers` children may keep, out of the decoding budget."""
    return max(1, min(_MOST_BLOCKS, budget_bytes // workers // 4 // PIXEL_BLOCK_BYTES))
