"""What callers hand to the guarded HTTP client and get back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Sink(Protocol):
    """Where a body goes: an open binary file, a BytesIO."""

    def write(self, data: bytes, /) -> object:
        """Take the next bytes, all of them."""


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Bounds of one fetch. `deadline_seconds` spans redirects, attempts and the pauses between them.

    `max_bytes` bounds the decoded body. A body slower than `min_bytes_per_second` on average is cut
    once `slow_grace_seconds` have passed. A `Retry-After` over `max_retry_after_seconds` ends the fetch.
    """

    deadline_seconds: float = 30.0
    connect_seconds: float = 10.0
    max_bytes: int = 25 * 1024 * 1024
    min_bytes_per_second: int = 1024
    slow_grace_seconds: float = 5.0
    max_redirects: int = 5
    attempts: int = 3
    backoff_seconds: float = 0.5
    max_retry_after_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """A body that arrived whole. `body_bytes` counts what was written; `content_type` may be empty."""

    status: int
    body_bytes: int
    content_type: str
    final_url: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said. `headers` by lower-case name; `body_start` is the first KiB at most.

    `retry_after_seconds` is the `retry-after` header read, None if there is none or it makes no sense.
    """

    status: int
    headers: Mapping[str, str]
    retry_after_seconds: float | None
    body_start: bytes
