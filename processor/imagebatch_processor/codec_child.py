"""The program of a pool's child: `python -m imagebatch_processor.codec_child PARENT BLOCKS MAX_BYTES`.

It reads pictures from the socket that is its standard input and answers there, until the other end is closed.
"""

from __future__ import annotations

import ctypes
import math
import os
import resource
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagebatch.model.batch import OutputOptions
from imagebatch.model.errors import ImageRejected
from imagebatch_processor.codec import compress, keep_pixel_memory
from imagebatch_processor.codec_channel import Channel, ChannelBrokenError
from imagebatch_processor.policy import ImageLimits

if TYPE_CHECKING:
    from imagebatch_processor.policy import Compressed

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h of glibc
_LARGE_BYTES = 4 * 1024 * 1024
_DATA_FIELD = 5  # of /proc/self/statm, in pages: data and stack
# Before a picture's own need is known: receiving it and reading its header. WebP reserves two canvases by then.
_GROUND_BYTES = 512 * 1024 * 1024
_GROUND_SECONDS = 60.0


def main(arguments: list[str]) -> int:
    """Serve until the parent closes the socket; the exit status is 0 then."""
    parent, blocks, max_bytes = (int(argument) for argument in arguments)
    _die_with(parent)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _return_large_memory()
    keep_pixel_memory(blocks)
    channel = Channel(socket.socket(fileno=0))
    channel.send({"ready": True})
    try:
        while True:
            _limit(_GROUND_BYTES, _GROUND_SECONDS)
            request, data = channel.receive(max_bytes)
            _answer(channel, request, data)
    except ChannelBrokenError:
        return 0


def _die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent dies, however that happens."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(0)


def _return_large_memory() -> None:
    """Have freed memory go back to the system at once, where glibc would keep hundreds of megabytes.

    What is worth keeping between pictures, Pillow keeps, within bounds. Elsewhere than in glibc nothing is done.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        mallopt(_M_TRIM_THRESHOLD, 2 * _LARGE_BYTES)


def _answer(channel: Channel, request: dict[str, Any], data: bytes) -> None:
    """Answer one picture: first what memory it needs, then, once that is granted, the result or the refusal."""
    limits = ImageLimits(**request["limits"])

    def ask(memory_bytes: int) -> None:
        channel.send({"memory_bytes": memory_bytes})
        grant, _ = channel.receive(0)
        _limit(grant["memory_bytes"], limits.decode_seconds)

    try:
        done = compress(data, OutputOptions.from_json(request["options"]), limits, before_decoding=ask)
    except ImageRejected as rejection:
        channel.send({"code": rejection.code, "message": rejection.message})
    else:
        _send(channel, done, data)


def _send(channel: Channel, done: Compressed, data: bytes) -> None:
    """Send the result, without its bytes where they are those that came."""
    fields = {
        "same_bytes": done.data is data,
        "format": done.format,
        "width": done.width,
        "height": done.height,
        "input_format": done.input_format,
        "input_width": done.input_width,
        "input_height": done.input_height,
        "quality": done.quality,
        "kept_original": done.kept_original,
    }
    channel.send(fields, b"" if done.data is data else done.data)


def _limit(more_bytes: int, more_seconds: float) -> None:
    """Set the soft limits: memory (bytes) and processor time (seconds) on top of what is in use now.

    RLIMIT_DATA counts private writable memory (Linux 4.7 and later), and not what threads only reserve.
    """
    pages = int(Path("/proc/self/statm").read_text().split()[_DATA_FIELD])
    used_bytes = pages * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (used_bytes + more_bytes, hard))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used_seconds = usage.ru_utime + usage.ru_stime
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used_seconds + more_seconds) + 1, hard))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
