"""When a failed fetch is tried again. Pure; used by the guarded HTTP client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

    from imagebatch.net.failures import Transient
    from imagebatch.net.messages import FetchLimits


def is_transient(status: int) -> bool:
    """Say whether the same request may be answered otherwise soon: 408, 429 and 5xx."""
    return status in {408, 429} or 500 <= status <= 599


def retry_after_seconds(response: BaseHTTPResponse) -> float | None:
    """Read `Retry-After` (RFC 9110 10.2.3: seconds or a date); None if absent or senseless."""
    written = response.headers.get("Retry-After")
    if written is None:
        return None
    try:
        return float(Retry().parse_retry_after(written))
    except (InvalidHeader, ValueError, OverflowError):
        return None


def pause_seconds(failure: Transient, attempt: int, limits: FetchLimits, jitter: float) -> float | None:
    """Return how long to wait after failed attempt number `attempt` (from 1); None to give up.

    `jitter` is random in [0, 1): the back-off doubles and is spread over its upper half. A server's
    `Retry-After` is never undercut: if it is too long, there is no further attempt.
    """
    if attempt >= limits.attempts:
        return None
    backoff = limits.backoff_seconds * 2.0 ** (attempt - 1) * (0.5 + jitter / 2)
    wish = failure.retry_after_seconds or 0.0
    if wish > limits.max_retry_after_seconds:
        return None
    return max(backoff, wish)
