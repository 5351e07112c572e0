"""TIFFs of kinds that Pillow does not write, put together from their tags."""

from __future__ import annotations

import io
import struct

import numpy as np
import tifffile

from support.pictures import encode
from support.quadrants import quadrants

SUBFILE_TYPE, COMPRESSION, DNG_VERSION = 254, 259, 50706


def written(pages: list[dict[str, object]] | None = None, *, byteorder: str = "<", big: bool = False) -> bytes:
    """Return a TIFF of tifffile's; each page is the quadrants in RGB unless it says otherwise."""
    with io.BytesIO() as file:
        with tifffile.TiffWriter(file, byteorder=byteorder, bigtiff=big) as tiff:
            for page in pages or [{}]:
                options = {"data": np.asarray(quadrants()), "photometric": "rgb", **page}
                tiff.write(options.pop("data"), **options)
        return file.getvalue()


def with_tag(data: bytes, tag: int, value: int, *, count: int = 1, kind: int = 3) -> bytes:
    """Return a little-endian TIFF with a tag set in its first directory, which moves to the end of the file."""
    start = int.from_bytes(data[4:8], "little")
    number = int.from_bytes(data[start : start + 2], "little")
    entries = [data[at : at + 12] for at in range(start + 2, start + 2 + 12 * number, 12)]
    following = data[start + 2 + 12 * number :][:4]
    entries = [entry for entry in entries if int.from_bytes(entry[:2], "little") != tag]
    entries.append(struct.pack("<HHII", tag, kind, count, value))
    entries.sort(key=lambda entry: int.from_bytes(entry[:2], "little"))
    moved = len(data) + len(data) % 2
    body = data[:4] + moved.to_bytes(4, "little") + data[8:].ljust(moved - 8, b"\0")
    return body + struct.pack("<H", len(entries)) + b"".join(entries) + following


def with_old_jpeg() -> bytes:
    """Return the quadrants compressed as TIFF 6.0 first had it: a whole JPEG that two tags point to."""
    jpeg = encode(quadrants(), "JPEG", quality=95, subsampling=0)
    body = jpeg + bytes(len(jpeg) % 2)
    bits_at = 8 + len(body)
    entries = [
        (256, 3, 1, 96), (257, 3, 1, 64), (258, 3, 3, bits_at), (259, 3, 1, 6), (262, 3, 1, 6), (273, 4, 1, 8),
        (277, 3, 1, 3), (278, 3, 1, 64), (279, 4, 1, len(jpeg)), (513, 4, 1, 8), (514, 4, 1, len(jpeg)),
    ]  # fmt: skip
    body += struct.pack("<HHH", 8, 8, 8)
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + (8 + len(body)).to_bytes(4, "little") + body + directory + bytes(4)
