"""Pictures compressed in child processes that are used again and may die: one dead child costs one picture.

The shard's threads call `CodecPool.compress`. Nothing here imports the image library; only the children do.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Self

from imagebatch.machine import available_cpus, available_memory_bytes
from imagebatch.model.errors import ImageRejected, Unavailable
from imagebatch_processor.codec_channel import ChannelBrokenError
from imagebatch_processor.codec_process import CodecProcess, DecoderKilled
from imagebatch_processor.memory_budget import MemoryBudget
from imagebatch_processor.policy import MEBIBYTE, Compressed, ImageFormat, ImageLimits, check_bytes, kept_pixel_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imagebatch.model.batch import OutputOptions

_BUDGET_SHARE = 0.6  # of the memory: the rest is the parent's, with its downloads, and the idle children's
# Before a picture's own need is known: receiving it and reading its header. WebP reserves two canvases by then.
_GROUND_BYTES = 512 * MEBIBYTE
_GROUND_SECONDS = 60.0
_COPIES = 2  # of the file, beside the one received: without its metadata, and what becomes of it
# What a child may say: it may have been taken over by a picture, and its words end up in reports.
_CODES = (
    "too_large", "not_an_image", "unsupported_format", "too_many_pixels", "too_many_frames", "truncated", "corrupt",
    "out_of_memory",
)  # fmt: skip
_LARGEST_NUMBER = 2**31 - 1  # of the database's columns
_LONGEST_MESSAGE = 300

log = logging.getLogger(__name__)


class CodecFault(ImageRejected):
    """The child's own program failed over the picture; `words` say where, for the log."""

    def __init__(self, words: str) -> None:
        super().__init__("decoder_crashed", "the codec failed at this picture, by a fault of its own")
        self.words = words


class CodecPool:
    """A fixed number of codec processes, shared by any number of threads.

    `workers` defaults to the processors held, `memory_bytes` (what this program and its children may use
    together) to the memory held; 60 % of it is the budget for pictures in decoding.
    """

    def __init__(
        self, workers: int | None = None, limits: ImageLimits | None = None, memory_bytes: int | None = None
    ) -> None:
        self.workers = workers or available_cpus()
        self._limits = limits or ImageLimits()
        self._budget = MemoryBudget(int((memory_bytes or available_memory_bytes()) * _BUDGET_SHARE))
        self._pixel_blocks = kept_pixel_blocks(self._budget.total_bytes, self.workers)
        self._closed = False
        self._guard = threading.Lock()
        self._children: set[CodecProcess] = set()
        self._free: queue.SimpleQueue[Future[CodecProcess]] = queue.SimpleQueue()
        # The kernel's parent-death signal follows the thread that started the child: this one stays to the end.
        self._nursery = ThreadPoolExecutor(1, thread_name_prefix="codec-nursery")
        for _ in range(self.workers):
            self._hire()

    def compress(self, data: bytes, options: OutputOptions) -> Compressed:
        """Return the picture re-encoded; blocks until a child is free and has done it. Callable from any thread.

        Raises `ImageRejected` with the codes of `codec.compress`, and decode_timeout, decoder_crashed and
        out_of_memory for what a child died of; `Unavailable` if children do not start or once closed.
        """
        check_bytes(len(data), self._limits)
        try:
            return self._in_a_child(data, options)
        except DecoderKilled:
            # Once is no proof: the kernel also ends a process for what others took, and people kill the wrong one.
            return self._in_a_child(data, options)

    def pids(self) -> list[int]:
        """Return the process ids of the children that were started and not given up."""
        with self._guard:
            return [child.pid for child in self._children]

    def close(self) -> None:
        """Kill the children, whatever they do; threads still in `compress` get `Unavailable`."""
        with self._guard:
            self._closed = True
        self._nursery.shutdown(wait=True, cancel_futures=True)
        with self._guard:
            children = list(self._children)
        for child in children:
            child.kill()
        self._free.put(_closed_place())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _in_a_child(self, data: bytes, options: OutputOptions) -> Compressed:
        child = self._take()
        reusable = False
        try:
            result = self._converse(child, data, options)
            reusable = True
        except ImageRejected as rejection:
            if self._closed:
                raise _closed_error() from rejection
            if isinstance(rejection, CodecFault):
                log.error("the codec failed at a picture: %s", rejection.words)
            # After a failed allocation, libraries are in states that nobody tests; and after a fault, we are.
            reusable = rejection.code not in ("out_of_memory", "decoder_crashed")
            raise
        except (ChannelBrokenError, OSError) as error:
            verdict = child.verdict(error)
            raise (_closed_error() if self._closed else verdict) from error
        finally:
            self._give_back(child, reusable=reusable)
        return result

    def _converse(self, child: CodecProcess, data: bytes, options: OutputOptions) -> Compressed:
        """Send the picture, grant it memory once its header is read, and wait for the result."""
        channel, seconds = child.channel, self._limits.decode_seconds
        child.limit(_GROUND_BYTES, _GROUND_SECONDS)
        deadline = time.monotonic() + seconds
        channel.send({"options": options.to_json(), "limits": asdict(self._limits)}, data, deadline)
        asked = _accepted(channel.receive(0, deadline)[0])
        asked_bytes = _memory_bytes(asked) + _COPIES * len(data)
        with self._budget.hold(asked_bytes) as held_bytes, _blamed_on_memory(held_bytes < asked_bytes):
            # What it took for the header counts too: of a WebP, that is two canvases.
            child.limit(held_bytes + len(data), seconds)
            deadline = time.monotonic() + seconds
            channel.send({}, deadline=deadline)
            # An answer is never larger than the memory it was made in.
            fields, body = channel.receive(held_bytes, deadline)
            return _compressed(_accepted(fields), body, data)

    def _take(self) -> CodecProcess:
        """Wait for a free child; one that is not fit for more is replaced without a word."""
        while True:
            place = self._free.get()
            if self._closed:
                self._free.put(_closed_place())  # for the next thread that waits
                raise _closed_error()
            try:
                child = place.result()
            except CancelledError as error:
                raise _closed_error() from error
            except Unavailable:
                self._hire()
                raise
            if child.is_fit():
                return child
            self._dismiss(child)

    def _give_back(self, child: CodecProcess, *, reusable: bool) -> None:
        if not reusable:
            self._dismiss(child)
            return
        place: Future[CodecProcess] = Future()
        place.set_result(child)
        self._free.put(place)

    def _dismiss(self, child: CodecProcess) -> None:
        """End a child and have another started in its place."""
        child.kill()
        with self._guard:
            self._children.discard(child)
        self._hire()

    def _hire(self) -> None:
        with self._guard:
            if self._closed:
                return
            self._free.put(self._nursery.submit(self._start))

    def _start(self) -> CodecProcess:
        child = CodecProcess(self._pixel_blocks, self._limits)
        with self._guard:
            self._children.add(child)
        return child


@contextmanager
def _blamed_on_memory(is_short: bool) -> Iterator[None]:
    """Call it `out_of_memory` when a picture that got less than it asked for fails.

    Few decoders and encoders tell a failed allocation from damaged data; some crash over it.
    """
    try:
        yield
    except (ImageRejected, ChannelBrokenError) as error:
        if not is_short:
            raise
        raise ImageRejected("out_of_memory", "the picture needs more memory than there is for one") from error


def _closed_error() -> Unavailable:
    return Unavailable("the codec pool was closed", dependency="codec")


def _closed_place() -> Future[CodecProcess]:
    place: Future[CodecProcess] = Future()
    place.cancel()
    return place


def _accepted(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the child's answer, or raise the refusal that it is."""
    if "fault" in fields:
        raise CodecFault(_plain(fields["fault"]))
    if "code" not in fields:
        return fields
    if fields["code"] not in _CODES:
        raise ChannelBrokenError
    raise ImageRejected(fields["code"], _plain(fields.get("message")))


def _plain(words: object) -> str:
    """Return one printable line, not longer than people read."""
    said = words if isinstance(words, str) else ""
    text = "".join(each if each.isprintable() else "?" for each in said[:_LONGEST_MESSAGE])
    return text if len(text) < _LONGEST_MESSAGE else f"{text[:-1]}…"


def _memory_bytes(fields: dict[str, Any]) -> int:
    asked = fields.get("memory_bytes")
    if not isinstance(asked, int) or asked < 0:
        raise ChannelBrokenError
    return asked


def _number(said: object) -> int:
    if not isinstance(said, int) or not 1 <= said <= _LARGEST_NUMBER:
        raise ChannelBrokenError
    return int(said)


def _compressed(fields: dict[str, Any], body: bytes, data: bytes) -> Compressed:
    """Build the result; what a child says is not trusted to have the right shape."""
    try:
        numbers = {
            name: _number(fields[name]) for name in ("width", "height", "input_width", "input_height", "quality")
        }
        return Compressed(
            data=data if fields["same_bytes"] else body,
            format=ImageFormat(fields["format"]),
            input_format=ImageFormat(fields["input_format"]),
            kept_original=bool(fields["kept_original"]),
            **numbers,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ChannelBrokenError from error


__all__ = ["CodecPool", "available_cpus"]
