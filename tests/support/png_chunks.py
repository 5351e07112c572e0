"""PNG files taken apart and put together, for chunks that no encoder at hand writes."""

from __future__ import annotations

import struct
import zlib


def chunk(kind: bytes, body: bytes, *, wrong: int = 0) -> bytes:
    """Return one chunk with its length and checksum, in which the bits of `wrong` are turned round."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body) ^ wrong)


def with_chunks(data: bytes, *chunks: bytes, before: bytes = b"IDAT") -> bytes:
    """Return the file with chunks put in before the first of another kind."""
    at = data.index(before) - 4
    return data[:at] + b"".join(chunks) + data[at:]
