"""Reading the body of an answer within bounds. Used by the guarded HTTP client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagebatch.model.errors import ImageRejected
from imagebatch.net import failures

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

    from imagebatch.net.deadline import Deadline
    from imagebatch.net.messages import FetchLimits, Sink

_CHUNK_BYTES = 256 * 1024  # with 64 KiB, threads that wake each other take a third more processor time
_DISCARD_BYTES = 16 * 1024
_UNREADABLE_ENCODINGS = frozenset({"br", "zstd", "compress", "x-compress"})


def copy_body(response: BaseHTTPResponse, into: Sink, limits: FetchLimits, deadline: Deadline) -> int:
    """Write the decoded body to `into` and return its bytes; memory does not grow with the body.

    Raises `ImageRejected`: `too_large`, `timeout`, `truncated`, `tls_error`, `corrupt`,
    `unsupported_format` (a Content-Encoding nobody asked for).
    """
    _check_headers(response, limits)
    started = deadline.now()
    written = 0
    while chunk := _next_chunk(response):
        written += len(chunk)
        if written > limits.max_bytes:
            raise _too_large(limits)
        into.write(chunk)
        deadline.left_seconds()
        _check_speed(response.tell(), deadline.now() - started, limits)
    return written


def discard_body(response: BaseHTTPResponse) -> None:
    """Read a short body nobody needs, so that the connection can serve again; else drop the connection."""
    left = getattr(response, "length_remaining", None)
    try:
        while left is not None and left <= _DISCARD_BYTES and response.read1(_CHUNK_BYTES, decode_content=False):
            pass
    except failures.REQUEST_ERRORS:
        pass  # the answer's head has been read; how its body ends changes nothing
    finally:
        response.close()


def body_start(response: BaseHTTPResponse, max_bytes: int) -> bytes:
    """Return the first bytes, as many as came in time, and drop the connection."""
    start = b""
    try:
        while len(start) < max_bytes:
            chunk = response.read1(max_bytes - len(start), decode_content=False)
            if not chunk:
                break
            start += chunk
    except failures.REQUEST_ERRORS:
        pass  # the status is what counts, and it is known
    finally:
        response.close()
    return start


def _check_headers(response: BaseHTTPResponse, limits: FetchLimits) -> None:
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if "," in encoding or encoding in _UNREADABLE_ENCODINGS:
        raise ImageRejected("unsupported_format", "The server compressed the body in a way not asked for.")
    announced = getattr(response, "length_remaining", None)
    if announced is not None and announced > limits.max_bytes:
        raise _too_large(limits)


def _next_chunk(response: BaseHTTPResponse) -> bytes:
    try:
        return response.read1(_CHUNK_BYTES, decode_content=True)
    except failures.REQUEST_ERRORS as error:
        raise failures.in_body(error) from error


def _check_speed(received_bytes: int, elapsed_seconds: float, limits: FetchLimits) -> None:
    if elapsed_seconds < limits.slow_grace_seconds:
        return
    if received_bytes < limits.min_bytes_per_second * elapsed_seconds:
        message = f"The body came slower than {limits.min_bytes_per_second} bytes a second."
        raise ImageRejected("timeout", message)


def _too_large(limits: FetchLimits) -> ImageRejected:
    return ImageRejected("too_large", f"The body is larger than {limits.max_bytes} bytes.")
