"""Waiting out an outage of the store inside a call, with exponential back-off and full jitter."""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING, TypeVar

from imagebatch.model.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from imagebatch.ports import Clock

FIRST_WAIT_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 15.0

log = logging.getLogger(__name__)
T = TypeVar("T")


class Patience:
    """Runs a call again while the other side is unavailable, for `seconds` at most; 0 means once."""

    def __init__(self, seconds: float, clock: Clock) -> None:
        self._seconds = seconds
        self._clock = clock

    def run(self, call: Callable[[], T]) -> T:
        """Return what `call` returns. Raises the last Unavailable when patience is at its end."""
        give_up_at = self._clock.monotonic() + self._seconds
        longest = FIRST_WAIT_SECONDS
        while True:
            try:
                return call()
            except Unavailable as error:
                wait = random.uniform(longest / 2, longest)  # noqa: S311 - jitter, not a secret
                if self._clock.monotonic() + wait >= give_up_at:
                    raise
                log.warning("%s; trying again in %.1f s", error, wait)
                self._clock.sleep(wait)
                longest = min(2 * longest, LONGEST_WAIT_SECONDS)
