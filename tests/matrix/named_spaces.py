"""Inputs that name their colour space without a profile: PNG's gAMA, cHRM, sRGB and cICP, and AVIF's nclx.

libvips, like most libraries, ignores all of them; browsers do not. The numbers were computed for what the file says.
"""

from __future__ import annotations

import struct
from functools import partial

import numpy as np
from support.avif_boxes import with_code_points
from support.png_chunks import chunk, with_chunks

from imagebatch_processor.policy import ImageFormat
from matrix.inputs import Input
from matrix.profiles import ADOBE_RGB, D65, DISPLAY_P3, columns_at_d65
from matrix.scene import Numbers, colours, cover, pillow, saved, shades, vips, with_alpha

_COARSE = "; and 8 bits of a wider or of another space are coarser"
_ON_WHITE = "; and the product lays it on white in the file's own numbers"
_WHY = "libvips takes the numbers for sRGB whatever these chunks and boxes say"
_SRGB_PRIMARIES = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
_P3_CODE, _BT2020_CODE, _SRGB_CODE = 12, 9, 13
_BT2020 = ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))


def inputs() -> list[Input]:
    """Return the inputs; those of which nothing but sRGB is said must come out without a profile."""
    png = partial(Input, auto=ImageFormat.PNG, why=_WHY, truth=colours)
    made, shine = partial(png, makes_profile=True), with_alpha(colours(), cover())
    coarse = partial(made, allowance=0.5, why=_WHY + _COARSE)
    usual = (_gama(1 / 2.2), _chrm(_SRGB_PRIMARIES))
    return [
        png("png-says-srgb", lambda: _png(colours(), chunk(b"sRGB", b"\0"), *usual)),
        png("png-says-srgb-over-gamma", lambda: _png(colours(), chunk(b"sRGB", b"\0"), _gama(1 / 1.6))),
        png("png-srgb-by-numbers", lambda: _png(colours(), *usual)),
        png("png-nonsense-gamma", lambda: _png(colours(), chunk(b"gAMA", bytes(4)), _chrm(((0, 0), (0, 0), (0, 0))))),
        png("png-one-primary-thrice", lambda: _png(colours(), _gama(1 / 2.2), _chrm(((0.3, 0.3),) * 3))),
        made("png-gamma", lambda: _png(_decoded(colours()) ** (1 / 1.6), _gama(1 / 1.6))),
        made("png-gamma-16", lambda: _png(_decoded(colours()) ** (1 / 1.6), _gama(1 / 1.6), bits=16)),
        made("png-gamma-gray", lambda: _png(_decoded(shades()) ** (1 / 1.6), _gama(1 / 1.6)),
             truth=lambda: np.repeat(shades(), 3, axis=-1), gray=True),
        made("png-gamma-alpha", lambda: _png(with_alpha(_decoded(colours()) ** (1 / 1.6), cover()), _gama(1 / 1.6)),
             truth=lambda: shine, alpha=True, allowance=3.5, why=_WHY + _ON_WHITE),
        coarse("png-primaries", lambda: _png(_within(ADOBE_RGB) ** (1 / 2.2), _gama(1 / 2.2), _chrm(ADOBE_RGB))),
        coarse("png-cicp-p3", lambda: _png(_encoded(_within(DISPLAY_P3)), _cicp(_P3_CODE))),
        coarse("png-cicp-bt2020", lambda: _png(_encoded(_within(_BT2020)), _cicp(_BT2020_CODE))),
        png("png-cicp-srgb-over-gamma", lambda: _png(colours(), _cicp(1), _gama(1.0))),
        coarse("avif-nclx-p3", lambda: _nclx(_P3_CODE, _SRGB_CODE), auto=ImageFormat.AVIF, allowance=1.0),
    ]  # fmt: skip


def _png(numbers: Numbers, *chunks: bytes, bits: int = 8) -> bytes:
    return with_chunks(bytes(vips(numbers, bits).pngsave_buffer(keep="none")), *chunks)


def _gama(exponent: float) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", round(exponent * 100_000)))


def _chrm(primaries: tuple[tuple[float, float], ...]) -> bytes:
    places = [number for pair in (D65, *primaries) for number in pair]
    return chunk(b"cHRM", struct.pack(">8I", *(round(place * 100_000) for place in places)))


def _cicp(primaries: int) -> bytes:
    return chunk(b"cICP", bytes((primaries, _SRGB_CODE, 0, 1)))


def _nclx(primaries: int, transfer: int) -> bytes:
    """Return an AVIF whose colour box says other primaries (ISO/IEC 23091-2) than the encoder wrote."""
    data = saved(pillow(_encoded(_within(DISPLAY_P3))), "AVIF", quality=98, subsampling="4:4:4")
    return with_code_points(data, primaries, transfer)


def _within(primaries: tuple[tuple[float, float], ...]) -> Numbers:
    """Return the picture's light in other primaries; what they cannot say is cut off."""
    change = np.linalg.inv(columns_at_d65(primaries)) @ columns_at_d65(_SRGB_PRIMARIES)
    light: Numbers = (_decoded(colours()) @ change.T).clip(0, 1)
    return light


def _decoded(numbers: Numbers) -> Numbers:
    """Return sRGB numbers as light (IEC 61966-2-1)."""
    return np.where(numbers <= 0.04045, numbers / 12.92, ((numbers + 0.055) / 1.055) ** 2.4)


def _encoded(light: Numbers) -> Numbers:
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
