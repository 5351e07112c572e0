"""The program of a pool's child: `python -m imagebatch_processor.codec_child PARENT BLOCKS MAX_BYTES`.

It reads pictures from the socket that is its standard input and answers there, until the other end is closed.
Everything that it may ever need is imported before it is confined: afterwards no file can be opened.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagebatch.model.batch import OutputOptions
from imagebatch.model.errors import ImageRejected
from imagebatch_processor import confinement, freed_memory
from imagebatch_processor.codec import compress, keep_pixel_memory
from imagebatch_processor.codec_channel import Channel, ChannelBrokenError
from imagebatch_processor.policy import ImageLimits

if TYPE_CHECKING:
    from types import TracebackType

    from imagebatch_processor.policy import Compressed

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_STANDARD_ERROR = 2
_FAULT_FRAMES = 8
_LONGEST_WORDS = 400  # some of them are the picture's


def main(arguments: list[str]) -> int:
    """Serve until the parent closes the socket; the exit status is 0 then, 1 after a fault of this program."""
    parent, blocks, max_bytes = (int(argument) for argument in arguments)
    _die_with(parent)
    freed_memory.return_large()
    keep_pixel_memory(blocks)
    channel = Channel(socket.socket(fileno=0))
    _fall_silent()
    channel.send({"confined": confinement.enter()})
    try:
        while True:
            request, data = channel.receive(max_bytes)
            if not _answer(channel, request, data):
                return 1
    except ChannelBrokenError:
        return 0


def _die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent dies, however that happens."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(0)


def _fall_silent() -> None:
    """Let nothing more be said to standard error: libraries name there, without end, what a file has them name."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STANDARD_ERROR)
    os.close(nowhere)


def _answer(channel: Channel, request: dict[str, Any], data: bytes) -> bool:
    """Answer one picture: first what memory it needs, then, once that is granted, the result or the refusal.

    Return False after a fault of this program; what is said of it is one line, whatever the picture holds.
    """

    def ask(memory_bytes: int) -> None:
        channel.send({"memory_bytes": memory_bytes})
        channel.receive(0)

    try:
        limits = ImageLimits(**request["limits"])
        done = compress(data, OutputOptions.from_json(request["options"]), limits, before_decoding=ask)
    except ImageRejected as rejection:
        channel.send({"code": rejection.code, "message": rejection.message[:_LONGEST_WORDS]})
    except ChannelBrokenError:
        raise
    except Exception as error:  # noqa: BLE001 - its picture is lost, and the parent's log says why
        words = f"{type(error).__name__}({str(error)[:_LONGEST_WORDS]!r})"
        channel.send({"fault": f"{words} at {_places(error.__traceback__)}"})
        return False
    else:
        _send(channel, done, data)
    return True


def _places(trace: TracebackType | None) -> str:
    """Return files and lines, the innermost first. Their text cannot be read any more."""
    frames = [(Path(frame.f_code.co_filename).name, line) for frame, line in traceback.walk_tb(trace)]
    return ", ".join(f"{name}:{line}" for name, line in reversed(frames[-_FAULT_FRAMES:]))


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
