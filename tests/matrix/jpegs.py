"""JPEG inputs: every colour space that its markers can name, as libjpeg-turbo writes them."""

from __future__ import annotations

from functools import partial

import numpy as np
from PIL import Image
from support.ink_profile import swapped_inks_profile

from imagebatch_processor.policy import ImageFormat
from matrix.inputs import Input
from matrix.profiles import ADOBE_RGB, gray_gamma, wide_gamut
from matrix.scene import Numbers, colours, integers, pillow, saved, shades

INKS = "libvips brings a press profile for inks that come without one; browsers multiply, and so does the product"
_ADOBE = b"\xff\xee\x00\x0eAdobe"
_TRANSFORM_AT = 15  # bytes from the marker to the number of the colour transform (Adobe technical note 5116)


def inputs() -> list[Input]:
    """Return the JPEG inputs."""
    jpeg = partial(Input, auto=ImageFormat.JPEG)
    naive = partial(jpeg, truth=inks_truth, why=INKS)
    p3, adobe = wide_gamut(), wide_gamut(ADOBE_RGB)
    return [
        jpeg("jpeg-gray", partial(_gray), gray=True),
        jpeg("jpeg-gray-profile", partial(_gray, icc_profile=gray_gamma()), gray=True, profile=gray_gamma()),
        jpeg("jpeg-gray-rgb-profile", partial(_gray, icc_profile=p3), gray=True),
        jpeg("jpeg-420", partial(_colour, subsampling=2)),
        jpeg("jpeg-422", partial(_colour, subsampling=1)),
        jpeg("jpeg-444", partial(_colour, subsampling=0)),
        jpeg("jpeg-rgb-stored", partial(_colour, keep_rgb=True)),
        jpeg("jpeg-progressive", partial(_colour, progressive=True)),
        jpeg("jpeg-restarts", partial(_colour, restart_marker_blocks=3)),
        jpeg("jpeg-p3", partial(_colour, icc_profile=p3), profile=p3),
        jpeg("jpeg-adobe-rgb", partial(_colour, icc_profile=adobe), profile=adobe),
        naive("jpeg-cmyk", _inks),
        jpeg("jpeg-cmyk-profile", partial(_inks, icc_profile=swapped_inks_profile())),
        naive("jpeg-cmyk-rgb-profile", partial(_inks, icc_profile=p3)),
        naive("jpeg-cmyk-no-adobe", _inks_without_marker),
        naive("jpeg-ycck", ycck, allowance=0.6, why=f"{INKS}; and a JPEG is not exact"),
        jpeg("jpeg-ycck-profile", partial(ycck, icc_profile=swapped_inks_profile())),
    ]


def _colour(**options: object) -> bytes:
    return saved(pillow(colours()), "JPEG", **{"quality": 95, "subsampling": 0, **options})


def _gray(**options: object) -> bytes:
    return saved(pillow(shades()), "JPEG", quality=95, **options)


def inks() -> Image.Image:
    """Return the picture in four inks, with some black taken out of the three."""
    rgb = integers(colours(), 8).astype(int)
    black = (255 - rgb.max(axis=-1, keepdims=True)) // 2
    parts = np.concatenate([255 - rgb - black, black], axis=-1)
    return Image.frombytes("CMYK", (rgb.shape[1], rgb.shape[0]), parts.clip(0, 255).astype(np.uint8).tobytes())


def inks_truth() -> Numbers:
    """Return the inks as a screen without a profile shows them: what each lets through, times what black does."""
    parts = np.asarray(inks()) / 255
    return (1 - parts[..., :3]) * (1 - parts[..., 3:])


def _inks(**options: object) -> bytes:
    return saved(inks(), "JPEG", quality=95, **options)


def _inks_without_marker() -> bytes:
    data = _inks()
    start = data.index(_ADOBE)
    return data[:start] + data[start + 16 :]


def ycck(**options: object) -> bytes:
    """Return inks stored as YCCK (transform 2): the three colours as YCbCr, black as it is."""
    cyan, magenta, yellow, black = inks().split()
    luma = Image.merge("RGB", (cyan, magenta, yellow)).convert("YCbCr")
    # Pillow stores inks inverted: luma and chroma are to be stored as they are, black inverted.
    parts = [band.point(lambda value: 255 - value) for band in luma.split()]
    data = saved(Image.merge("CMYK", (*parts, black)), "JPEG", quality=95, **options)
    at = data.index(_ADOBE) + _TRANSFORM_AT
    return data[:at] + b"\x02" + data[at + 1 :]
