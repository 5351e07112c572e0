"""What becomes of freed memory, in the shard and in its codec children alike."""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h of glibc
_LARGE_BYTES = 4 * 1024 * 1024


def return_large() -> None:
    """Have large freed memory go back to the system at once, where glibc would keep hundreds of megabytes.

    What is worth keeping between pictures, Pillow keeps, within bounds. Elsewhere than in glibc nothing is done.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        mallopt(_M_TRIM_THRESHOLD, 2 * _LARGE_BYTES)
