"""Milliseconds that a shard's imports take over those of a Python that does nothing."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median


def run(runs: int) -> float:
    """Return the median difference of `runs` pairs, one program after the other; bytecode is cached before."""
    _seconds("import imagebatch_processor.__main__")
    pairs = [(_seconds("import imagebatch_processor.__main__"), _seconds("pass")) for _ in range(runs)]
    return 1000 * median(shard - bare for shard, bare in pairs)


def _seconds(statement: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    print(f"imports: {run(15):.0f} ms")
