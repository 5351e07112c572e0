"""TIFF inputs: compressions, layouts, depths and meanings of the numbers, by libtiff and by tifffile."""

from __future__ import annotations

import io
import struct
from functools import partial
from typing import Any

import numpy as np
import tifffile
from PIL import Image
from support.ink_profile import swapped_inks_profile

from imagebatch_processor.policy import ImageFormat
from matrix.inputs import Input
from matrix.jpegs import INKS, inks, inks_truth
from matrix.pngs import quantized
from matrix.profiles import gray_gamma, wide_gamut
from matrix.scene import (
    HEIGHT,
    WIDTH,
    Numbers,
    colours,
    cover,
    integers,
    pillow,
    saved,
    shades,
    stepped,
    vips,
    with_alpha,
)

P3 = wide_gamut()
_SHINE = with_alpha(colours(), cover())


def inputs() -> list[Input]:
    """Return the TIFF inputs."""
    tiff, clear = partial(Input, auto=ImageFormat.JPEG), partial(Input, auto=ImageFormat.PNG, alpha=True)
    return [
        *(tiff(f"tiff-{how}", partial(_libtiff, colours(), compression=how))
          for how in ("none", "lzw", "deflate", "packbits", "jpeg")),
        tiff("tiff-lzw-predicted", partial(_libtiff, colours(), compression="lzw", predictor="horizontal")),
        tiff("tiff-tiled", partial(_libtiff, colours(), tile=True, tile_width=32, tile_height=16)),
        tiff("tiff-tiled-jpeg", partial(_libtiff, colours(), tile=True, tile_width=32, tile_height=32,
                                        compression="jpeg", Q=95)),
        tiff("tiff-big", partial(_libtiff, colours(), bigtiff=True)),
        tiff("tiff-pages", _pages),
        tiff("tiff-16", partial(_libtiff, colours(), 16)),
        tiff("tiff-16-lzw", partial(_libtiff, colours(), 16, compression="lzw", predictor="horizontal")),
        tiff("tiff-alpha-opaque", partial(_libtiff, with_alpha(colours(), cover() * 0 + 1))),
        clear("tiff-alpha", partial(_libtiff, _SHINE)),
        clear("tiff-alpha-16", partial(_libtiff, _SHINE, 16)),
        clear("tiff-alpha-premultiplied", partial(_premultiplied, 8)),
        clear("tiff-alpha-premultiplied-16", partial(_premultiplied, 16)),
        tiff("tiff-fourth-channel", _fourth_channel, truth=colours,
             why="libvips takes what is not said to be alpha (ExtraSamples 0) for alpha"),
        tiff("tiff-planar", partial(_tifffile, planarconfig="separate")),
        *(tiff(f"tiff-planar-16-{name}-endian", partial(_tifffile, planarconfig="separate", bits=16, byteorder=order))
          for name, order in (("little", "<"), ("big", ">"))),
        clear("tiff-planar-alpha-16", partial(_tifffile, _SHINE, bits=16, planarconfig="separate", photometric="rgb",
                                              extrasamples=["unassalpha"])),
        tiff("tiff-planar-16-deflate", partial(_tifffile, planarconfig="separate", bits=16, compression="zlib")),
        tiff("tiff-planar-deflate", partial(_tifffile, planarconfig="separate", compression="zlib")),
        tiff("tiff-big-endian", partial(_tifffile, byteorder=">")),
        tiff("tiff-big-endian-16", partial(_tifffile, byteorder=">", bits=16)),
        tiff("tiff-p3", lambda: saved(pillow(colours()), "TIFF", icc_profile=P3), profile=P3),
        *_gray(), *_of_inks_and_palettes(),
    ]  # fmt: skip


def _gray() -> list[Input]:
    gray = partial(Input, auto=ImageFormat.JPEG, gray=True)
    black_on_white = pillow(shades()).convert("1", dither=Image.Dither.NONE)
    return [
        gray("tiff-gray", partial(_libtiff, shades())),
        gray("tiff-gray-16", partial(_libtiff, shades(), 16)),
        gray("tiff-gray-16-big-endian", partial(_tifffile, shades(), bits=16, byteorder=">")),
        gray("tiff-gray-12", _twelve_bits, truth=lambda: np.repeat(shades(), 3, axis=-1),
             why="libvips reads no 12 bits"),
        gray("tiff-gray-min-is-white", partial(_tifffile, shades(), photometric="miniswhite")),
        *(gray(f"tiff-gray-min-is-white-16-{name}-endian",
               partial(_tifffile, shades(), bits=16, photometric="miniswhite", byteorder=order))
          for name, order in (("little", "<"), ("big", ">"))),
        *(gray(f"tiff-gray-{bits}", partial(_libtiff, stepped(shades(), 2**bits), bitdepth=bits))
          for bits in (1, 2, 4)),
        gray("tiff-bits-min-is-white", partial(_libtiff, stepped(shades(), 2), bitdepth=1, miniswhite=True)),
        *(gray(f"tiff-{how}", partial(saved, black_on_white, "TIFF", compression=how))
          for how in ("group3", "group4", "tiff_ccitt")),
        gray("tiff-fax-min-is-white", partial(_libtiff, stepped(shades(), 2), bitdepth=1, miniswhite=True,
                                              compression="ccittfax4")),
        gray("tiff-gray-profile", lambda: saved(pillow(shades()), "TIFF", icc_profile=gray_gamma()),
             profile=gray_gamma()),
        Input("tiff-gray-alpha-premultiplied", _premultiplied_gray, ImageFormat.PNG, alpha=True, gray=True),
        Input("tiff-gray-alpha", partial(_libtiff, with_alpha(shades(), cover())), ImageFormat.PNG, alpha=True,
              gray=True),
    ]  # fmt: skip


def _of_inks_and_palettes() -> list[Input]:
    tiff = partial(Input, auto=ImageFormat.JPEG)
    return [
        *(tiff(f"tiff-palette-{bits}", partial(_palette, bits)) for bits in (4, 8)),
        tiff("tiff-cmyk", lambda: saved(inks(), "TIFF"), truth=inks_truth, why=INKS),
        tiff("tiff-cmyk-16", _inks_16, truth=inks_truth, why=INKS),
        tiff("tiff-cmyk-profile", lambda: saved(inks(), "TIFF", icc_profile=swapped_inks_profile())),
        tiff("tiff-ycbcr-jpeg", lambda: saved(pillow(colours()), "TIFF", compression="jpeg", quality=95)),
        tiff("tiff-lab", _lab, truth=colours, allowance=0.6,
             why="libvips reads no Lab of three bytes; it made the numbers in it, and 8 bits of Lab are coarse"),
    ]  # fmt: skip


def _libtiff(numbers: Numbers, bits: int = 8, **options: object) -> bytes:
    return bytes(vips(numbers, bits).tiffsave_buffer(**options))


def _tifffile(numbers: Numbers | None = None, *, bits: int = 8, planarconfig: str = "contig", byteorder: str = "<",
              **options: Any) -> bytes:  # fmt: skip
    pixels = integers(colours() if numbers is None else numbers, bits)
    if options.get("photometric") == "miniswhite":
        pixels = ~pixels
    options = {"photometric": "rgb" if numbers is None else "minisblack", **options}
    if planarconfig == "separate":
        pixels = np.moveaxis(pixels, -1, 0)
    with io.BytesIO() as file:
        is_gray = numbers is not None and numbers.shape[-1] == 1
        planar = {} if is_gray else {"planarconfig": planarconfig}
        pixels = pixels[..., 0] if is_gray else pixels
        tifffile.imwrite(file, pixels, byteorder=byteorder, metadata=None, **planar, **options)
        return file.getvalue()


def _fourth_channel() -> bytes:
    """Return colours and something else beside them, as layout programs store it."""
    with io.BytesIO() as file:
        tifffile.imwrite(file, integers(_SHINE, 8), photometric="rgb", extrasamples=["unspecified"], metadata=None)
        return file.getvalue()


def _premultiplied_gray() -> bytes:
    with io.BytesIO() as file:
        pixels = integers(with_alpha(shades() * cover(), cover()), 8)
        tifffile.imwrite(file, pixels, photometric="minisblack", planarconfig="contig",
                         extrasamples=["assocalpha"], metadata=None)  # fmt: skip
        return file.getvalue()


def _twelve_bits() -> bytes:
    """Return two shades in three bytes, as scanners and microscopes pack them; tifffile does not."""
    pairs = np.round(shades() * 4_095).astype(int).reshape(-1, 2)
    packed = np.stack([pairs[:, 0] >> 4, (pairs[:, 0] & 15) << 4 | pairs[:, 1] >> 8, pairs[:, 1] & 255], axis=-1)
    data = packed.astype(np.uint8).tobytes()
    tags = {256: WIDTH, 257: HEIGHT, 258: 12, 259: 1, 262: 1, 273: 8 + 2 + 9 * 12 + 4, 277: 1, 278: HEIGHT,
            279: len(data)}  # fmt: skip
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + directory + bytes(4) + data


def _premultiplied(bits: int) -> bytes:
    """Return colours that were multiplied by their alpha, and a tag that says so (ExtraSamples 1)."""
    with io.BytesIO() as file:
        pixels = integers(with_alpha(colours() * cover(), cover()), bits)
        tifffile.imwrite(file, pixels, photometric="rgb", extrasamples=["assocalpha"], metadata=None)
        return file.getvalue()


def _pages() -> bytes:
    other = Image.new("RGB", (30, 20), "red")
    return saved(pillow(colours()), "TIFF", save_all=True, append_images=[other])


def _palette(bits: int) -> bytes:
    picture = quantized(2**bits)
    if bits == 8:
        return saved(picture, "TIFF")
    table = np.array(picture.getpalette()).reshape(-1, 3).T.astype(np.uint16) * 257
    with io.BytesIO() as file:
        pixels = np.asarray(picture)
        colormap = np.zeros((3, 256), np.uint16)
        colormap[:, : table.shape[1]] = table
        tifffile.imwrite(file, pixels, photometric="palette", colormap=colormap, metadata=None)
        return file.getvalue()


def _inks_16() -> bytes:
    with io.BytesIO() as file:
        pixels = np.asarray(inks()).astype(np.uint16) * 257
        tifffile.imwrite(file, pixels, photometric="separated", metadata=None)
        return file.getvalue()


def _lab() -> bytes:
    """Return CIE L*a*b* of 8 bits: lightness from 0 to 255, the other two with a sign (TIFF 6.0, section 23)."""
    lab = vips(colours()).icc_import(input_profile="srgb").numpy() * (255 / 100, 1, 1)
    with io.BytesIO() as file:
        tifffile.imwrite(file, np.round(lab).astype(np.int16).astype(np.uint8), photometric="cielab", metadata=None)
        return file.getvalue()
