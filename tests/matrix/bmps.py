"""BMP inputs, put together here by the headers' definition, and therefore known pixel by pixel: libvips reads none."""

from __future__ import annotations

import struct
from functools import partial

import numpy as np

from imagebatch_processor.policy import ImageFormat
from matrix.inputs import Input
from matrix.scene import HEIGHT, WIDTH, Numbers, colours, cover, integers, stepped, with_alpha

_WHY = "libvips reads no BMP; the numbers are those that were put into the file"
_RGB, _BITFIELDS = 0, 3
_INFO_BYTES, _V4_BYTES, _V5_BYTES = 40, 108, 124


def inputs() -> list[Input]:
    """Return the BMP inputs."""
    bmp = partial(Input, auto=ImageFormat.JPEG, why=_WHY)
    shine = with_alpha(colours(), cover())
    masked = partial(Input, auto=ImageFormat.PNG, alpha=True, truth=lambda: shine, why=_WHY)
    return [
        *(bmp(f"bmp-{bits}", partial(_indexed, bits), truth=partial(_indexed_truth, bits)) for bits in (1, 4, 8)),
        bmp("bmp-16-555", _fifteen_bits, truth=lambda: stepped(colours(), 32)),
        bmp("bmp-24", partial(_plain, 24), truth=colours),
        bmp("bmp-24-top-down", partial(_plain, 24, top_down=True), truth=colours),
        bmp("bmp-32-unused-byte", partial(_plain, 32), truth=colours),
        bmp("bmp-32-v5-opaque", partial(_masked, _V5_BYTES, alpha=cover() * 0 + 1), truth=colours),
        masked("bmp-32-v4-alpha", partial(_masked, _V4_BYTES)),
        masked("bmp-32-v5-alpha", partial(_masked, _V5_BYTES)),
        masked("bmp-32-v5-alpha-top-down", partial(_masked, _V5_BYTES, top_down=True)),
    ]


def _file(bits: int, rows: Numbers, *, palette: bytes = b"", compression: int = _RGB, masks: bytes = b"",
          header_bytes: int = _INFO_BYTES, top_down: bool = False) -> bytes:  # fmt: skip
    """Return a file of rows of bytes, given from the top."""
    padded = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))
    pixels = (padded if top_down else padded[::-1]).astype(np.uint8).tobytes()
    info = struct.pack("<IiiHHIIiiII", header_bytes, WIDTH, -HEIGHT if top_down else HEIGHT, 1, bits, compression,
                       len(pixels), 2835, 2835, len(palette) // 4, 0)  # fmt: skip
    header = (info + masks).ljust(header_bytes, b"\0") + palette
    return b"BM" + struct.pack("<IHHI", 14 + len(header) + len(pixels), 0, 0, 14 + len(header)) + header + pixels


def _indexed_truth(bits: int) -> Numbers:
    """Return as many grays, tinted, as the bits can number."""
    table = _table(bits)
    return table[_indices(bits)] / 255


def _table(bits: int) -> Numbers:
    grays = np.linspace(0, 255, 2**bits)
    return np.stack([grays, grays * 0.5, 255 - grays], axis=-1).round()


def _indices(bits: int) -> Numbers:
    return np.round(colours()[..., 0] * (2**bits - 1)).astype(int)


def _indexed(bits: int) -> bytes:
    unpacked = (_indices(bits)[..., None] >> np.arange(bits)[::-1] & 1).astype(np.uint8)
    rows = np.packbits(unpacked.reshape(HEIGHT, WIDTH * bits), axis=1)
    palette = np.concatenate([_table(bits)[:, ::-1], np.zeros((2**bits, 1))], axis=-1).astype(np.uint8)
    return _file(bits, rows, palette=palette.tobytes())


def _fifteen_bits() -> bytes:
    red, green, blue = np.moveaxis(np.round(colours() * 31).astype("<u2"), -1, 0)
    return _file(16, (red << 10 | green << 5 | blue).view(np.uint8).reshape(HEIGHT, -1))


def _plain(bits: int, *, top_down: bool = False) -> bytes:
    pixels = integers(colours(), 8)[..., ::-1]
    if bits == 32:
        pixels = np.concatenate([pixels, np.zeros_like(pixels[..., :1])], axis=-1)
    return _file(bits, pixels.reshape(HEIGHT, -1), top_down=top_down)


def _masked(header_bytes: int, *, alpha: Numbers | None = None, top_down: bool = False) -> bytes:
    """Return blue, green, red, alpha, as the masks of a version 4 or 5 header say."""
    pixels = integers(with_alpha(colours(), cover() if alpha is None else alpha), 8)[..., [2, 1, 0, 3]]
    masks = struct.pack("<IIIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000, 0x73524742)
    return _file(32, pixels.reshape(HEIGHT, -1), compression=_BITFIELDS, masks=masks, header_bytes=header_bytes,
                 top_down=top_down)  # fmt: skip
