"""GIF inputs of one picture; moving ones have tests of their own."""

from __future__ import annotations

from functools import partial

import numpy as np

from imagebatch_processor.policy import ImageFormat
from matrix.inputs import Input
from matrix.pngs import quantized
from matrix.scene import HEIGHT, WIDTH, Numbers, colours, hole, pillow, saved, shades, stepped, with_alpha


def inputs() -> list[Input]:
    """Return the GIF inputs."""
    gif = partial(Input, auto=ImageFormat.GIF)
    return [
        gif("gif-palette", partial(_palette, 256)),
        gif("gif-two-colours", partial(_palette, 2)),
        gif("gif-interlaced", partial(_palette, 64, interlace=1)),
        gif("gif-gray", lambda: saved(pillow(stepped(shades(), 64)), "GIF")),
        gif("gif-transparent", lambda: saved(pillow(with_alpha(stepped(colours(), 4), hole())), "GIF"), alpha=True),
        gif("gif-off-centre", _off_centre, alpha=True, truth=_off_centre_truth,
            why="libvips shows black around a picture that does not fill its screen, browsers show what is behind"),
    ]  # fmt: skip


def _palette(count: int, **options: object) -> bytes:
    return saved(quantized(count), "GIF", **{"interlace": 0, **options})


def _off_centre() -> bytes:
    """Return a picture that covers a part of its screen: the rest shows what is behind, as browsers have it."""
    data = bytearray(saved(quantized(256), "GIF", interlace=0))
    data[6:10] = (WIDTH + 10).to_bytes(2, "little") + (HEIGHT + 6).to_bytes(2, "little")
    at = data.index(b"\x2c", 13 + 3 * 256)
    data[at + 1 : at + 5] = (4).to_bytes(2, "little") + (3).to_bytes(2, "little")
    return bytes(data)


def _off_centre_truth() -> Numbers:
    screen = np.zeros((HEIGHT + 6, WIDTH + 10, 4))
    screen[3 : 3 + HEIGHT, 4 : 4 + WIDTH, :3] = np.asarray(quantized(256).convert("RGB")) / 255
    screen[3 : 3 + HEIGHT, 4 : 4 + WIDTH, 3] = 1
    return screen
