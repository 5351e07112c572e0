"""AVIF pictures cropped and coloured as their files say, which libavif leaves to its callers and Pillow to nobody.

Called by the codec. The boxes are those of ISO/IEC 14496-12 (files) and 23008-12 (pictures in them).
"""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from PIL import AvifImagePlugin, ImageFile

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

_MOST_BOXES = 4_096  # of one level; a picture has a few dozen
_TO_THE_END, _LARGE = 0, 1  # sizes that mean something else
_CLAP, _NCLX = struct.Struct(">8i"), struct.Struct(">4x2H")
_COLR_NCLX = b"colrnclx"
_HEAD_BYTES = 65_536


class AvifPicture(AvifImagePlugin.AvifImageFile):
    """An AVIF with the width and height of its clean aperture; of the decoded pixels, no others are read.

    `coded_size` is that of the whole picture, equal to `size` where nothing is cropped. `info["nclx_profile"]` names
    the colour space in numbers, as HEIC's reader does it; it is empty where the file names none.
    """

    fp: io.BytesIO
    coded_size: tuple[int, int]
    _corner = (0, 0)

    def _open(self) -> None:
        super()._open()
        self.coded_size = self.size
        data = self.fp.getvalue()
        self.info["nclx_profile"] = code_points(data, animated=self.is_animated)
        # A moving picture's is in its track.
        crop = None if self.is_animated else clean_aperture(data, self.size)
        if crop:
            self._corner, self._size = crop[:2], crop[2:]

    def load(self) -> Any:  # a type that Pillow does not name
        """Decode the frame at hand and keep what is seen of it."""
        if self.tile and self.size != self.coded_size:
            row = self.coded_size[0] * len(self.getbands())
            offset = self._corner[1] * row + self._corner[0] * len(self.getbands())
            self.tile = [ImageFile._Tile("raw", (0, 0, *self.size), offset, (self.mode, row, 1))]
        return super().load()

    def load_seek(self, pos: int) -> None:
        """Go to the first pixel that is seen."""
        self.fp.seek(pos)


def clean_aperture(data: bytes, size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Return left, top, width and height of what a still picture's file crops to; None if it does not, or wrongly.

    A crop that is not of whole pixels within the picture is ignored, as browsers do. It comes before turns and mirrors.
    """
    payload = next((payload for kind, payload in _primary_properties(data) if kind == b"clap"), None)
    return None if payload is None or len(payload) < _CLAP.size else _rectangle(payload, size)


def code_points(data: bytes, *, animated: bool) -> dict[str, int]:
    """Return `color_primaries` and `transfer_characteristics` (ITU-T H.273) of the picture shown; empty without.

    Others' are not its own: a gain map brings those of the HDR picture that it would make.
    """
    if animated:  # there they are in the track, whose boxes are deep, and no picture has others
        at = data.find(_COLR_NCLX, 0, _HEAD_BYTES)
        named = data[at + 4 : at + 12] if at >= 0 else b""
    else:
        colours = (bytes(box[:8]) for kind, box in _primary_properties(data) if kind == b"colr")
        named = next((box for box in colours if box.startswith(b"nclx")), b"")
    if len(named) < _NCLX.size:
        return {}
    return dict(zip(("color_primaries", "transfer_characteristics"), _NCLX.unpack(named), strict=True))


def _rectangle(clap: memoryview, size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Return the crop of a clap box: its size and its centre's distance from the picture's, as fractions."""
    numbers = _CLAP.unpack_from(clap)
    if min(numbers[1::2]) <= 0:
        return None
    width, height, right, down = (Fraction(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True))
    left, top = (size[0] - width) / 2 + right, (size[1] - height) / 2 + down
    crop = (left, top, width, height)
    if any(edge.denominator != 1 for edge in crop) or min(left, top) < 0 or min(width, height) <= 0:
        return None
    if left + width > size[0] or top + height > size[1]:
        return None
    return int(left), int(top), int(width), int(height)


def _primary_properties(data: bytes) -> list[tuple[bytes, memoryview]]:
    """Return kind and content of the boxes that describe the picture to be shown; none where they cannot be found."""
    try:
        return _described(data)
    except (struct.error, StopIteration, IndexError):
        return []  # whether a file with such boxes is a picture says the decoder


def _described(data: bytes) -> list[tuple[bytes, memoryview]]:
    """Return what `_primary_properties` does. Raises struct.error, StopIteration or IndexError for damaged boxes."""
    meta = _child(memoryview(data), b"meta")[4:]
    primary = _child(meta, b"pitm")
    properties = _child(meta, b"iprp")
    item = int.from_bytes(primary[4 : 6 if primary[0] == 0 else 8], "big")
    described = list(_boxes(_child(properties, b"ipco")))
    indices = _associated(_child(properties, b"ipma"), item)
    return [described[index - 1] for index in indices if 0 < index <= len(described)]


def _associated(ipma: memoryview, item: int) -> list[int]:
    """Return which properties an item has, counted from 1. Raises struct.error or StopIteration where none."""
    entry = ">HB" if ipma[0] < 1 else ">IB"
    index, index_bits = (">H", 0x7FFF) if ipma[3] & 1 else (">B", 0x7F)
    at = 8
    for _ in range(min(struct.unpack_from(">I", ipma, 4)[0], len(ipma))):
        described, count = struct.unpack_from(entry, ipma, at)
        at += struct.calcsize(entry)
        if described == item:
            return [
                struct.unpack_from(index, ipma, at + number * struct.calcsize(index))[0] & index_bits
                for number in range(count)
            ]
        at += count * struct.calcsize(index)
    raise StopIteration


def _child(data: memoryview, kind: bytes) -> memoryview:
    return next(content for found, content in _boxes(data) if found == kind)


def _boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield kind and content of the boxes that follow each other in `data`, up to the first that is not whole."""
    at = 0
    for _ in range(_MOST_BOXES):
        if at + 8 > len(data):
            return
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == _LARGE and at + 16 <= len(data):
            size, head = struct.unpack_from(">Q", data, at + 8)[0], 16
        end = len(data) if size == _TO_THE_END else at + size
        if end < at + head or end > len(data):
            return
        yield kind, data[at + head : end]
        at = end
