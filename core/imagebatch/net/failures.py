"""What goes wrong with a request, in the contract's image error codes. Raised and caught inside `net`."""

from __future__ import annotations

from http.client import HTTPException

from urllib3.exceptions import ConnectTimeoutError, DecodeError, HTTPError, InvalidHeader, ReadTimeoutError, SSLError

from imagebatch.model.errors import ImageRejected


class Transient(ImageRejected):
    """A failure that may be over at the next attempt. `retry_after_seconds` is the server's wish."""

    def __init__(self, code: str, message: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(code, message)
        self.retry_after_seconds = retry_after_seconds


class FetchRejected(ImageRejected):
    """A fetch that was given up after `attempts` attempts (1 or more)."""

    def __init__(self, code: str, message: str, *, attempts: int) -> None:
        super().__init__(code, message)
        self.attempts = attempts


# What urllib3 lets out of a request: its own tree, and what its connection classes do not wrap.
REQUEST_ERRORS = (HTTPError, HTTPException, OSError, ValueError)
_TIMEOUTS = (ReadTimeoutError, ConnectTimeoutError, TimeoutError)


def before_headers(error: Exception) -> ImageRejected:
    """Translate what urllib3 raised between connecting and the last header."""
    if isinstance(error, SSLError):
        return ImageRejected("tls_error", f"No trusted TLS connection: {_words(error)}")
    if isinstance(error, _TIMEOUTS):
        return ImageRejected("timeout", "The server did not answer in time.")
    if isinstance(error, InvalidHeader):
        return ImageRejected("truncated", "The server announced two different lengths of the body.")
    return Transient("connect_failed", f"The connection broke before an answer came: {_words(error)}")


def in_body(error: Exception) -> ImageRejected:
    """Translate what urllib3 raised while the body was read."""
    if isinstance(error, DecodeError):
        return ImageRejected("corrupt", "The body is not in the encoding that its header names.")
    if isinstance(error, SSLError):
        return ImageRejected("tls_error", f"The TLS connection broke: {_words(error)}")
    if isinstance(error, _TIMEOUTS):
        return ImageRejected("timeout", "The body did not arrive in time.")
    return ImageRejected("truncated", "The connection ended before the body was complete.")


def _words(error: Exception) -> str:
    """The innermost reason, without the object addresses that urllib3 puts around it.

    It may quote what the server sent. No control character of that gets through: Postgres refuses a NUL.
    """
    inner = error.args[-1] if error.args else error
    return "".join(each if each.isprintable() else "\ufffd" for each in str(inner)[:200].strip())
