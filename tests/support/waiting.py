"""Wait for something observable with a deadline; the only place where tests sleep."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
POLL_SECONDS = 0.02


def eventually(check: Callable[[], T], timeout_seconds: float = 10.0, what: str = "") -> T:
    """Return the first truthy answer of `check`, which may also assert. Fails with the last answer or assertion."""
    deadline = time.monotonic() + timeout_seconds
    while True:
        last: object
        try:
            answer = check()
            if answer:
                return answer
            last = answer
        except AssertionError as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"{what or 'it'} did not happen in {timeout_seconds:g} s; last: {last!r}")
        time.sleep(POLL_SECONDS)
