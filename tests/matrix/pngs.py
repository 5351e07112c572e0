"""PNG inputs: every bit depth and colour type, transparency in its three ways, and each way to say a colour space."""

from __future__ import annotations

import struct
import zlib
from functools import partial

from PIL import Image
from support.png_chunks import chunk, with_chunks

from imagebatch_processor.policy import ImageFormat
from matrix.inputs import Input
from matrix.profiles import gray_gamma, wide_gamut
from matrix.scene import Numbers, colours, cover, hole, integers, pillow, saved, shades, stepped, vips, with_alpha

P3 = wide_gamut()


def inputs() -> list[Input]:
    """Return the PNG inputs."""
    png = partial(Input, auto=ImageFormat.PNG)
    opaque = with_alpha(colours(), cover() * 0 + 1)
    return [
        *(png(f"png-gray-{bits}", partial(_gray, bits), gray=True) for bits in (1, 2, 4, 8, 16)),
        png("png-gray-alpha-8", partial(_png, with_alpha(shades(), cover())), gray=True, alpha=True),
        png("png-gray-alpha-16", partial(_png, with_alpha(shades(), cover()), 16), gray=True, alpha=True),
        png("png-rgb-8", partial(_png, colours())),
        png("png-rgb-16", partial(_png, colours(), 16)),
        png("png-rgba-8", partial(_png, with_alpha(colours(), cover())), alpha=True),
        png("png-rgba-16", partial(_png, with_alpha(colours(), cover()), 16), alpha=True),
        png("png-rgba-opaque", partial(_png, opaque)),
        png("png-interlaced", partial(_png, with_alpha(colours(), cover()), interlace=True), alpha=True),
        png("png-interlaced-16", partial(_png, colours(), 16, interlace=True)),
        *(png(f"png-palette-{bits}", partial(_palette, bits)) for bits in (1, 2, 4, 8)),
        png("png-palette-trns", partial(_palette_with_alpha), alpha=True),
        png("png-key-gray", partial(_keyed_gray, 8), alpha=True, gray=True),
        png("png-key-gray-16", partial(_keyed_gray, 16), alpha=True, gray=True),
        *(png(f"png-key-gray-{bits}", partial(_keyed_bits, bits), alpha=True, gray=True) for bits in (1, 2, 4)),
        png("png-key-rgb", partial(_keyed_colour, 8), alpha=True),
        png("png-key-rgb-16", partial(_keyed_colour, 16), alpha=True),
        *_with_profiles(),
    ]


def _with_profiles() -> list[Input]:
    png, shine = partial(Input, auto=ImageFormat.PNG), with_alpha(colours(), cover())
    gray = gray_gamma()
    return [
        png("png-p3", partial(_png, colours(), profile=P3), profile=P3),
        png("png-p3-16", partial(_png, colours(), 16, profile=P3), profile=P3),
        png("png-p3-alpha", partial(_png, shine, profile=P3), alpha=True, profile=P3),
        png("png-p3-palette", partial(_palette, 8, profile=P3), profile=P3),
        png("png-gray-profile", partial(_png, shades(), profile=gray), gray=True, profile=gray),
        png("png-gray-profile-16", partial(_png, shades(), 16, profile=gray), gray=True, profile=gray),
        png(
            "png-gray-alpha-profile",
            partial(_png, with_alpha(shades(), cover()), profile=gray),
            gray=True,
            alpha=True,
            profile=gray,
        ),
    ]


def _png(numbers: Numbers, bits: int = 8, *, interlace: bool = False, profile: bytes | None = None) -> bytes:
    data = bytes(vips(numbers, bits).pngsave_buffer(interlace=interlace, keep="none"))
    return data if profile is None else with_chunks(data, _iccp(profile))


def _iccp(profile: bytes) -> bytes:
    return chunk(b"iCCP", b"profile\0\0" + zlib.compress(profile))


def _gray(bits: int) -> bytes:
    if bits >= 8:
        return _png(shades(), bits)
    return bytes(vips(stepped(shades(), 2**bits)).pngsave_buffer(bitdepth=bits))


def quantized(colours_wanted: int) -> Image.Image:
    """Return the picture in a palette of at most that many colours."""
    return pillow(colours()).quantize(colours_wanted, dither=Image.Dither.NONE)


def _palette(bits: int, profile: bytes | None = None) -> bytes:
    data = saved(quantized(2**bits), "PNG", bits=bits)
    return data if profile is None else with_chunks(data, _iccp(profile), before=b"PLTE")


def _palette_with_alpha() -> bytes:
    return saved(pillow(with_alpha(colours(), cover())).quantize(200, Image.Quantize.FASTOCTREE), "PNG")


def _keyed_gray(bits: int) -> bytes:
    """Return gray whose one shade is to be seen through; 16 bits differ from it in the low byte only."""
    pixels = integers(shades(), bits)
    pixels[hole() == 0] = 77 * (257 if bits == 16 else 1)
    pixels[-8:, -8:] = 77 * 257 + 9 if bits == 16 else 78
    picture = Image.fromarray(pixels[..., 0])
    return with_chunks(saved(picture, "PNG"), chunk(b"tRNS", struct.pack(">H", 77 * (257 if bits == 16 else 1))))


def _keyed_bits(bits: int) -> bytes:
    return with_chunks(_gray(bits), chunk(b"tRNS", struct.pack(">H", 1)))


def _keyed_colour(bits: int) -> bytes:
    """Return a picture of which one colour is to be seen through; in 16 bits its bytes all differ."""
    key = (10, 200, 30) if bits == 8 else (0x0A31, 0xC852, 0x1E73)
    pixels = integers(colours(), bits)
    pixels[(hole() == 0)[..., 0]] = key
    data = bytes(vips(pixels / (2**bits - 1), bits).pngsave_buffer(keep="none"))
    return with_chunks(data, chunk(b"tRNS", struct.pack(">HHH", *key)))
