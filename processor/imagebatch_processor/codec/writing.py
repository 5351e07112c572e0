"""Pictures encoded in the target format, with nothing in the file that was not asked for. Called by the codec."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from PIL import Image, PngImagePlugin

from imagebatch_processor.codec.appearance import hides_nothing
from imagebatch_processor.policy import ImageFormat, encoder_settings, reduces_to_palette

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imagebatch_processor.codec.metadata import Carried

_PALETTE_COLOURS = 256
_GRAY_MODES = ("1", "L")
_NEARLY_OPAQUE, _NEARLY_CLEAR = 224, 15  # of 255; the octree tells an eighth of that range apart
_LONGEST_FRAME_MILLISECONDS = 3_600_000  # WebP holds 24 bits of them for a frame, and 31 for all
_MOST_ROUNDS = 65_535  # of 16 bits in WebP and GIF
_LONGEST_PNG_MILLISECONDS = 65_535  # to the millisecond; longer times to the second
# libwebp numbers its reasons (webp/encode.h), libavif and Pillow's median cut give none: but pixels that were decoded
# can be encoded.
_WORDS_WITHOUT_MEMORY = ("encoding error 1", "encoding error 2", "Failed to encode image", "quantization error")
_RESTORE_BACKGROUND = 2  # GIF89a, 23.c.iv: a frame that shows through must not show the one before it


def encode(image: Image.Image, target: ImageFormat, quality: int, extras: dict[str, Any]) -> bytes:
    """Return one picture encoded; `extras` are the format's further `save` arguments."""
    if reduces_to_palette(target, quality):
        image = in_palette(image)
    if target is ImageFormat.GIF:
        image = _with_one_clear_colour(image)
    return _saved(image, target, _settings([image], target, quality) | extras)


def encode_animation(
    frames: list[Image.Image], durations: list[int], target: ImageFormat, quality: int, extras: dict[str, Any]
) -> bytes:
    """Return all frames encoded, shown for `durations` (milliseconds each, an hour at most).

    PNG frames keep all their colours.
    """
    durations = [_sayable(each, target) for each in durations]
    settings = _settings(frames, target, quality) | extras
    if "loop" in settings:
        settings["loop"] = min(settings["loop"], _MOST_ROUNDS)
    if target is ImageFormat.GIF and any(frame.has_transparency_data for frame in frames):
        settings["disposal"] = _RESTORE_BACKGROUND
        # A frame without anything clear must name a clear colour too: some decoders leave the background's otherwise.
        settings["optimize"] = not any(hides_nothing(frame) for frame in frames)
        frames = [_with_one_clear_colour(frame) for frame in frames]
    rest = [_bare(frame) for frame in frames[1:]]
    return _saved(frames[0], target, {**settings, "save_all": True, "append_images": rest, "duration": durations})


def _settings(frames: list[Image.Image], target: ImageFormat, quality: int) -> dict[str, Any]:
    gray = all(frame.mode in _GRAY_MODES for frame in frames)
    return encoder_settings(target, quality, frames[0].width * frames[0].height, gray=gray)


def _sayable(milliseconds: int, target: ImageFormat) -> int:
    """Return a frame's time as the target can say it; PNG has fractions of 16-bit numbers."""
    if target is ImageFormat.PNG and milliseconds > _LONGEST_PNG_MILLISECONDS:
        milliseconds = round(milliseconds / 1000) * 1000
    return min(milliseconds, _LONGEST_FRAME_MILLISECONDS)


def in_palette(image: Image.Image) -> Image.Image:
    """Return the picture in at most 256 colours; grayscale, palette and one-bit pictures as they are.

    Without alpha by median cut, few colours exactly. Dithering to that palette would make white a little gray: Pillow
    then looks colours up in a coarse table. With alpha by an octree over four channels.
    """
    if image.mode == "RGB":
        return _by_median_cut(image, _PALETTE_COLOURS)
    return _in_palette_with_alpha(image) if image.mode == "RGBA" else image


def _in_palette_with_alpha(image: Image.Image) -> Image.Image:
    """Quantize by an octree, whose means make opaque and clear pixels of nearly so: such colours become so again."""
    picture = image.quantize(_PALETTE_COLOURS, Image.Quantize.FASTOCTREE)
    palette = bytearray(picture.getpalette("RGBA") or [])
    for at in range(3, len(palette), 4):
        palette[at] = 255 if palette[at] >= _NEARLY_OPAQUE else 0 if palette[at] <= _NEARLY_CLEAR else palette[at]
    picture.putpalette(palette, "RGBA")
    return picture


def _by_median_cut(image: Image.Image, colours: int) -> Image.Image:
    with _lack_of_memory_told():
        return image.quantize(colours, Image.Quantize.MEDIANCUT)


def _with_one_clear_colour(image: Image.Image) -> Image.Image:
    """Return a picture with alpha as a GIF can hold it: less than half covered is clear, all else is opaque.

    Pillow would write one of several clear colours as clear and the others as opaque ones.
    """
    if image.mode not in ("RGBA", "LA"):
        return image
    covered = image.getchannel("A").point([0] * 128 + [255] * 128)
    visible = covered.tobytes().find(255)
    if visible < 0:
        return image
    colours = image.convert("RGB")
    y, x = divmod(visible, image.width)
    # What is hidden must not take a colour away from what is seen.
    hidden = covered.point([255] + [0] * 255)
    colours.paste(colours.crop((x, y, x + 1, y + 1)).resize(image.size), mask=hidden)
    palette = _by_median_cut(colours, _PALETTE_COLOURS - 1)
    palette.paste(_PALETTE_COLOURS - 1, mask=hidden)
    palette.info["transparency"] = _PALETTE_COLOURS - 1
    return palette


def extra_arguments(
    target: ImageFormat, profile: bytes | None, dpi: dict[str, Any], carried: Carried
) -> dict[str, Any]:
    """Return the `save` arguments for what goes along with the pixels, in the target's own way."""
    extras: dict[str, Any] = {}
    if target is ImageFormat.GIF:
        return extras
    if profile:
        extras["icc_profile"] = profile
    if target in (ImageFormat.JPEG, ImageFormat.PNG):
        extras |= dpi
    if carried.exif:
        extras["exif"] = carried.exif
    if carried.xmp and target is ImageFormat.PNG:
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", carried.xmp.decode("utf-8", "replace"))
        extras["pnginfo"] = text
    elif carried.xmp:
        extras["xmp"] = carried.xmp
    return extras


def _bare(image: Image.Image) -> Image.Image:
    """Return the same pixels without `info`: encoders write comments and profiles they find there."""
    if image.mode in ("P", "L", "1", "RGB", "I;16") and "transparency" in image.info:
        image.info = {"transparency": image.info["transparency"]}
    else:
        image.info = {}
    return image


def _saved(image: Image.Image, target: ImageFormat, arguments: dict[str, Any]) -> bytes:
    output = io.BytesIO()
    with _lack_of_memory_told():
        _bare(image).save(output, target.value, **arguments)
    return output.getvalue()


@contextmanager
def _lack_of_memory_told() -> Iterator[None]:
    """Raise MemoryError for what the libraries say instead."""
    try:
        yield
    except (RuntimeError, ValueError) as error:
        if str(error).startswith(_WORDS_WITHOUT_MEMORY):
            raise MemoryError from error
        raise
