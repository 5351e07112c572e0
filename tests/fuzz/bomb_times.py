"""`python -m fuzz.bomb_times`: how long a codec child is busy with each bomb, and what it says in the end."""

from __future__ import annotations

import sys
import time

from fuzz.bombs import CAME_OUT, bombs
from fuzz.campaign import MEMORY_BYTES
from support.pictures import jpeg

from imagebatch.model.batch import OutputOptions
from imagebatch.model.errors import ImageRejected
from imagebatch_processor.codec_pool import CodecPool


def main() -> int:
    """Print a line for each bomb; 1 if one ends otherwise than it must."""
    wrong = 0
    with CodecPool(1, memory_bytes=MEMORY_BYTES) as pool:
        pool.compress(jpeg(), OutputOptions())
        for name, bomb in bombs().items():
            data = bomb.make()
            began = time.perf_counter()
            end = _end(pool, data)
            milliseconds = (time.perf_counter() - began) * 1000
            wrong += end != bomb.end
            print(f"{name:45} | {len(data):12,} bytes | {milliseconds:10,.1f} ms | {end}", flush=True)
    return 1 if wrong else 0


def _end(pool: CodecPool, data: bytes) -> str:
    try:
        pool.compress(data, OutputOptions())
    except ImageRejected as rejected:
        return rejected.code
    return CAME_OUT


if __name__ == "__main__":
    sys.exit(main())
