"""Moving pictures: frames that cover a part, show through, or are taken away again, and how libvips sees them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyvips
from PIL import Image
from support.pictures import exif

from matrix.judge import Seen, shown
from matrix.pngs import quantized
from matrix.scene import HEIGHT, WIDTH, Numbers, hole, pillow, saved, vips, with_alpha

if TYPE_CHECKING:
    from collections.abc import Callable

TIMES = [100, 250, 70, 400]
# What becomes of a frame when its time is over: 0 is not said, 1 it stays, 2 it goes, 3 what was before comes back.
# The first does not go back: there is nothing before it, and decoders differ in what they do then.
_DISPOSALS = ([0, 0, 0, 0], [1, 1, 1, 1], [1, 2, 2, 2], [1, 3, 3, 3], [1, 2, 0, 0], [2, 0, 1, 3])
MARGIN = 8
_PATCH = (14, 10)


def frames(alpha: bool) -> list[Numbers]:
    """Return four frames: a patch moves over a picture, which has a hole if there is alpha."""
    still = np.asarray(quantized(200).convert("RGB")) / 255
    ground = with_alpha(still, hole()) if alpha else still
    result = []
    for index in range(len(TIMES)):
        frame, (width, height) = ground.copy(), _PATCH
        left, top = 3 + index * 13, 5 + index * 7
        frame[top : top + height, left : left + width, :3] = still[0, -1 - index * 9, :3]
        if alpha:
            frame[top : top + height, left : left + width, 3] = index % 2
        result.append(frame)
    return result


def inputs() -> dict[str, Callable[[], bytes]]:
    """Return files by name; the frames of each are what `seen_frames` sees or, of a PNG, `frames` themselves."""
    made: dict[str, Callable[[], bytes]] = {
        f"gif-disposal-{'-'.join(map(str, how))}{'-clear' if alpha else ''}": partial(_gif, alpha, how)
        for how in _DISPOSALS
        for alpha in (False, True)
    }
    return made | {
        "gif-opaque-then-clear": _opaque_then_clear,
        "gif-off-centre-first": _off_centre,
        "gif-by-libvips": partial(_by_libvips, False, "gifsave_buffer"),
        "gif-by-libvips-clear": partial(_by_libvips, True, "gifsave_buffer"),
        "webp-by-libvips": partial(_by_libvips, False, "webpsave_buffer", lossless=True),
        "webp-by-libvips-clear": partial(_by_libvips, True, "webpsave_buffer", lossless=True),
        "png": partial(_apng, False),
        "png-clear": partial(_apng, True),
        "png-hidden-first": partial(_apng, False, hidden=True),
        "webp-turned": _turned_webp,
    }


def seen_frames(data: bytes) -> list[Seen]:
    """Return every frame as libvips shows it."""
    pages = pyvips.Image.new_from_buffer(data, "", n=-1)
    height = pages.get("page-height")
    return [shown(pages.crop(0, top, pages.width, height)) for top in range(0, pages.height, height)]


def times(data: bytes) -> list[int]:
    """Return how long libvips would show each frame (milliseconds)."""
    return list(pyvips.Image.new_from_buffer(data, "", n=-1).get("delay"))


def _gif(alpha: bool, disposals: list[int]) -> bytes:
    return _saved([pillow(frame) for frame in frames(alpha)], "GIF", disposal=disposals)


def _opaque_then_clear() -> bytes:
    """Return frames that go and leave nothing behind, after a first one that has nothing clear in it."""
    opaque, *clear = [pillow(frame) for frame in frames(True)]
    opaque.putalpha(255)
    return _saved([opaque, *clear], "GIF", disposal=[0, 2, 2, 2])


def _off_centre() -> bytes:
    """Return frames on a screen that is wider and higher than all of them."""
    data = bytearray(_gif(False, [1, 1, 1, 1]))
    data[6:10] = (WIDTH + MARGIN).to_bytes(2, "little") + (HEIGHT + MARGIN).to_bytes(2, "little")
    return bytes(data)


def _saved(pictures: list[Image.Image], kind: str, **options: object) -> bytes:
    return saved(pictures[0], kind, save_all=True, append_images=pictures[1:], duration=TIMES, loop=0, **options)


def _apng(alpha: bool, *, hidden: bool = False) -> bytes:
    """Return an animated PNG; its hidden first picture is for programs that know no animations."""
    pictures = [pillow(frame) for frame in frames(alpha)]
    if hidden:
        other = Image.new("RGB", (WIDTH, HEIGHT), "red")
        return _saved([other, *pictures], "PNG", default_image=True)
    return _saved(pictures, "PNG")


def _by_libvips(alpha: bool, save: str, **options: object) -> bytes:
    roll = vips(np.concatenate(frames(alpha), axis=0)).copy()
    roll.set_type(pyvips.GValue.gint_type, "page-height", HEIGHT)
    roll.set_type(pyvips.GValue.array_int_type, "delay", TIMES)
    return bytes(getattr(roll, save)(**options))


def _turned_webp() -> bytes:
    """Return frames that are to be turned by a quarter, as EXIF says."""
    turned = [pillow(frame).transpose(Image.Transpose.ROTATE_90) for frame in frames(False)]
    return _saved(turned, "WEBP", lossless=True, exif=exif(6))
