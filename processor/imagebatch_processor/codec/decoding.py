"""Pictures decoded, and put right where Pillow leaves out or misreads what their files say. Called by the codec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import ExifTags, GifImagePlugin, Image, PngImagePlugin, TiffImagePlugin

from imagebatch.model.errors import ImageRejected
from imagebatch_processor.codec import reading

if TYPE_CHECKING:
    from PIL import ImageFile

_PLANAR_CONFIGURATION, _SEPARATE = 284, 2  # TIFF 6.0
_CLEAR = (0, 0, 0, 0)
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0
_FINE_MODES = ("I;16", "I;16B")
_SHADE_STEPS = {"L;2": 85, "L;4": 17}  # between two neighbours of a PNG's 4 or 16 shades
_EVERY_FINE_VALUE = range(65_536)
# 16 bits with white as zero, which Pillow knows in little-endian order only.
TiffImagePlugin.OPEN_INFO[b"MM", _WHITE_IS_ZERO, (1,), 1, (16,), ()] = ("I;16B", "I;16B")


def decoded(image: ImageFile.ImageFile, canvas: tuple[int, int] | None = None) -> Image.Image:
    """Return the frame at hand, refused where `reading.decode` does; 16-bit grayscale is `I;16` if without alpha."""
    if isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(_PLANAR_CONFIGURATION) == _SEPARATE:
        _read_planes_rightly(image)
    raw_mode, box = _tile(image)
    # Pillow would turn a TIFF by its XMP, which browsers do not, after it told the size; and XMP may be no bytes.
    xmp = image.info.pop("xmp", b"") if isinstance(image, TiffImagePlugin.TiffImageFile) else b""
    reading.decode(image, canvas)
    if xmp and isinstance(xmp, bytes):
        image.info["xmp"] = xmp
    if image.mode in _FINE_MODES:
        return _fine(image, raw_mode)
    if isinstance(image, PngImagePlugin.PngImageFile):
        return _png(image, raw_mode)
    if isinstance(image, GifImagePlugin.GifImageFile) and box != (0, 0, *image.size):
        return _with_clear_margin(image, box)
    return image


def turn_to(image: ImageFile.ImageFile, frame: int) -> None:
    """Go to the frame after the one at hand, with two of Pillow's ways with GIFs put right.

    A frame that does not say what becomes of it stays, where it went as the last one did that said so. The canvas has
    alpha from the start: frames that go leave nothing behind, where they left a colour if the first one was opaque.
    """
    if isinstance(image, GifImagePlugin.GifImageFile):
        image.disposal_method = 0
        if image.mode == "P" and image.tell() == 0 and frame == 1:
            _give_canvas_alpha(image)
    image.seek(frame)


def _give_canvas_alpha(image: GifImagePlugin.GifImageFile) -> None:
    """Turn the canvas with the first frame on it into RGBA, and so what the frame leaves behind if it goes."""
    if image.dispose is not None:
        first = 3 * int(image.info.get("background", 0))
        background = (*(image.getpalette("RGB") or [])[first : first + 3], 255)
        left = _CLEAR if "transparency" in image.info or len(background) != len(_CLEAR) else background
        image.dispose = Image.new("RGBA", image.dispose.size, left).im
    image.im = _with_clear_margin(image, image.dispose_extent).convert("RGBA").im
    image._mode = "RGBA"
    image.info.pop("transparency", None)


def _read_planes_rightly(image: TiffImagePlugin.TiffImageFile) -> None:
    """Have planes of 16 bits read as such: Pillow takes them for planes of 8. Raises `unsupported_format`.

    It mixes up the two planes of packed grayscale with alpha.
    """
    if image.mode in ("LA", "La"):
        raise ImageRejected("unsupported_format", "TIFFs of grayscale and alpha in separate planes are not read")
    if max(image.tag_v2.get(ExifTags.Base.BitsPerSample, (8,))) == 16:
        order = ";16L" if image.tag_v2.prefix == b"II" else ";16B"
        image.tile = [
            tile._replace(args=(tile.args[0] + order, *tile.args[1:]))
            if tile.codec_name == "raw" and isinstance(tile.args, tuple)
            else tile
            for tile in image.tile
        ]


def _tile(image: ImageFile.ImageFile) -> tuple[str, tuple[int, int, int, int] | None]:
    """Return how the pixels are stored and where on the picture; decoding forgets both."""
    if not image.tile:
        return "", None
    tile = image.tile[0]
    arguments = tile.args if isinstance(tile.args, tuple) else (tile.args,)
    return str(arguments[0]) if arguments else "", tile.extents


def _fine(image: ImageFile.ImageFile, raw_mode: str) -> Image.Image:
    """Put 16-bit grayscale right: 12 bits are not scaled, white as zero not turned round, a clear shade not applied."""
    scale = 65_535 / 4_095 if raw_mode == "I;12" else 1.0
    meaning = image.tag_v2.get(_PHOTOMETRIC) if isinstance(image, TiffImagePlugin.TiffImageFile) else None
    if meaning == _WHITE_IS_ZERO:
        return _with_info(image.convert("I").point(lambda value: value * -scale + 65_535).convert("I;16"), image)
    if scale != 1 or image.mode == "I;16B":
        return _with_info(image.convert("I").point(lambda value: value * scale + 0).convert("I;16"), image)
    clear = image.info.get("transparency")
    if not isinstance(clear, int):
        return image
    alpha = image.convert("I").point([0 if value == clear else 255 for value in _EVERY_FINE_VALUE], "L")
    return _with_info(Image.merge("LA", (in_eight_bits(image), alpha)), image)


def in_eight_bits(image: Image.Image) -> Image.Image:
    """Return 16-bit grayscale scaled to 8 bits. Pillow's own conversion clips at 255; this rounds 0..65535."""
    return image.convert("I").point([(value * 255 + 32_767) // 65_535 for value in _EVERY_FINE_VALUE], "L")


def _png(image: ImageFile.ImageFile, raw_mode: str) -> Image.Image:
    """Undo that 16-bit gray with alpha becomes colour, and bring a transparent shade or colour to the pixels' 8 bits.

    Of a 16-bit colour only the upper halves are left to compare with.
    """
    if raw_mode == "LA;16B":
        return image.convert("LA")
    clear = image.info.get("transparency")
    if raw_mode == "RGB;16B" and isinstance(clear, tuple):
        return _with_transparency(image, tuple(value >> 8 for value in clear))
    if raw_mode in _SHADE_STEPS and isinstance(clear, int):
        return _with_transparency(image, clear * _SHADE_STEPS[raw_mode])
    return image


def _with_transparency(image: ImageFile.ImageFile, clear: int | tuple[int, ...]) -> Image.Image:
    picture = image.copy()  # the file's own is looked at again for its next frame
    picture.info["transparency"] = clear
    return picture


def _with_clear_margin(image: ImageFile.ImageFile, box: tuple[int, int, int, int] | None) -> Image.Image:
    """Return a GIF that does not fill its screen with nothing around it, as browsers show it, not colour 0."""
    if box is None or image.mode != "P" or "transparency" in image.info:
        return image
    clear = Image.new("RGBA", image.size)
    clear.paste(image.convert("RGB").crop(box), box)
    return _with_info(clear, image)


def _with_info(image: Image.Image, source: Image.Image) -> Image.Image:
    image.info = {key: value for key, value in source.info.items() if key != "transparency"}
    return image
