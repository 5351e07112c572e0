"""What shards do in tests of Jobs: end with a code of their own, or work until they are asked to stop."""

from __future__ import annotations

from collections.abc import Sequence

HOLD = -1
PROGRAM = """
import os, signal, sys, time
code = {codes}[int(os.environ["JOB_COMPLETION_INDEX"])]
if code >= 0:
    sys.exit(code)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(43))
time.sleep(600)
"""


def program(codes: Sequence[int]) -> str:
    """The Python text of shards that end with these codes by index; HOLD works on until SIGTERM."""
    return PROGRAM.format(codes=list(codes))
