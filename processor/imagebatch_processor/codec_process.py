"""One child process of the codec pool: started with nothing of its parent's, spoken to over a socket pair."""

from __future__ import annotations

import logging
import math
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from imagebatch.model.errors import ImageRejected, Unavailable
from imagebatch_processor.codec_channel import Channel, ChannelBrokenError
from imagebatch_processor.policy import MEBIBYTE, PIXEL_BLOCK_BYTES

if TYPE_CHECKING:
    from imagebatch_processor.policy import ImageLimits

_START_SECONDS = 60.0
_DYING_SECONDS = 5.0
_RESERVED_BYTES = 8 * 1024 * MEBIBYTE  # of addresses, for threads and libraries; their page tables take a 512th
_DATA_FIELD = 5  # of /proc/PID/statm, in pages: data and stack
_CPU_CLOCK = 2  # of a process, by include/linux/posix-timers.h: what clock_getcpuclockid(3) makes of its number
_KEPT_BYTES = 128 * MEBIBYTE  # between pictures, beside Pillow's blocks: the heaps of allocator and interpreter

log = logging.getLogger(__name__)


class DecoderKilled(ImageRejected):
    """The child got SIGKILL, which it never sends itself."""

    def __init__(self) -> None:
        super().__init__("out_of_memory", "the decoder was killed, as the kernel does when memory is out")


class CodecProcess:
    """A running codec child. Start it in a thread that lives as long as it should: it dies with that thread."""

    def __init__(self, pixel_blocks: int, limits: ImageLimits) -> None:
        """Start the child and wait until it can work. Raises Unavailable if it cannot: a shortage may pass.

        Its environment is empty, so that no credential of the parent's is in it, and Python looks for
        nothing in the working directory (-I). What it may do is in `confinement`.
        """
        program = [sys.executable, "-I", "-W", "ignore", "-m", "imagebatch_processor.codec_child"]
        settings = [str(number) for number in (os.getpid(), pixel_blocks, limits.max_bytes)]
        try:
            ours, theirs = socket.socketpair()
        except OSError as error:
            raise _not_started(error) from error
        self.channel = Channel(ours)
        try:
            with theirs:
                self._process = subprocess.Popen(
                    [*program, *settings], stdin=theirs.fileno(), stdout=subprocess.DEVNULL, env={}, close_fds=True
                )
        except OSError as error:
            self.channel.close()
            raise _not_started(error) from error
        self.pid = self._process.pid
        self._await_ready()
        self._idle_bytes = self._data_bytes()
        self._most_idle_bytes = self._idle_bytes + pixel_blocks * PIXEL_BLOCK_BYTES + _KEPT_BYTES

    def _await_ready(self) -> None:
        try:
            ready, _ = self.channel.receive(0, time.monotonic() + _START_SECONDS)
        except (ChannelBrokenError, TimeoutError, OSError) as error:
            status = self.kill()
            message = f"the image codec's process does not come up (exit status {status})"
            raise Unavailable(message, dependency="codec") from error
        if not ready.get("confined"):
            log.warning("the kernel does not filter what a decoder may call: limits alone confine it")

    def is_fit(self) -> bool:
        """Return whether it can take a picture: it runs, or is stopped, and gave back what the last one took.

        What it has then is remembered: its limits come on top of that, so that it must not grow with each picture.
        """
        if self._process.poll() is not None:
            return False
        self._idle_bytes = self._data_bytes()
        return self._idle_bytes <= self._most_idle_bytes

    def _data_bytes(self) -> int:
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[_DATA_FIELD])
        return pages * resource.getpagesize()

    def limit(self, more_bytes: int, more_seconds: float) -> None:
        """Set memory (bytes, on top of an idle child's) and processor time (seconds from now); it cannot itself.

        RLIMIT_DATA counts private writable memory (Linux 4.7 and later), and not what threads only reserve. Nor does
        it count page tables: RLIMIT_AS bounds those.
        """
        try:
            used_seconds = time.clock_gettime(~self.pid << 3 | _CPU_CLOCK)
            self._set(resource.RLIMIT_DATA, self._idle_bytes + more_bytes)
            self._set(resource.RLIMIT_AS, self._idle_bytes + more_bytes + _RESERVED_BYTES)
            self._set(resource.RLIMIT_CPU, math.ceil(used_seconds + more_seconds) + 1)
        except OSError as error:
            raise ChannelBrokenError from error  # it has died

    def _set(self, limit: int, soft: int) -> None:
        """Set a soft limit, within the hard one: a machine may have its own, which only root may raise."""
        _, hard = resource.prlimit(self.pid, limit)
        resource.prlimit(self.pid, limit, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))

    def kill(self) -> int:
        """Kill the process if it still runs; return its exit status, negative for a signal."""
        self._process.kill()  # nothing is sent to a process that was waited for already
        status = self._process.wait()
        self.channel.close()
        return status

    def verdict(self, error: Exception) -> ImageRejected:
        """Return what becomes of the picture that this child failed at with `error`; the child is gone afterwards."""
        if isinstance(error, TimeoutError):
            self.kill()
            return ImageRejected("decode_timeout", "decoding and encoding took too long")
        status = self._last_status()
        if status == -signal.SIGXCPU:
            return ImageRejected("decode_timeout", "decoding and encoding took too much processor time")
        if status == -signal.SIGKILL:
            return DecoderKilled()
        return ImageRejected("decoder_crashed", f"the decoder {_how_it_ended(status)}")

    def _last_status(self) -> int:
        """Give a process that closed its socket a moment to finish dying, so that its own status is seen."""
        try:
            status = self._process.wait(_DYING_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return 0
        self.channel.close()
        return status


def _not_started(error: OSError) -> Unavailable:
    return Unavailable(f"the image codec's process cannot be started: {error}", dependency="codec")


def _how_it_ended(status: int) -> str:
    if status >= 0:
        return f"ended with exit status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"
